#!/usr/bin/env python3
"""web/page.html, style.css, script.js -> C strings, as bytes: the page in the parts between its blanks."""
import pathlib, re, sys

page, style, script = (pathlib.Path(p).read_text() for p in sys.argv[1:4])
page = page.replace("{{style}}", style.rstrip()).replace("{{script}}", script.rstrip())
parts = re.split(r"{{(?:title|content)}}", page)
print('#include "report/page.h"')
for name, part in zip(["before_title", "before_content", "after_content"], parts, strict=True):
    content = part.encode("ascii") + b"\0"  # bytes: C promises no string of more than 4,095
    print(f"\nconst char page_{name}[] = {{")
    for at in range(0, len(content), 20):
        print("\t" + " ".join(f"{byte}," for byte in content[at : at + 20]))
    print("};")
