#!/usr/bin/env python3
"""web/page.html, style.css, script.js -> C strings: the page in the parts between its blanks."""
import pathlib, re, sys

page, style, script = (pathlib.Path(p).read_text() for p in sys.argv[1:4])
page = page.replace("{{style}}", style.rstrip()).replace("{{script}}", script.rstrip())
parts = re.split(r"{{(?:title|content)}}", page)
print('#include "report/page.h"')
for name, part in zip(["before_title", "before_content", "after_content"], parts, strict=True):
    print(f"\nconst char page_{name}[] =")
    for line in part.splitlines(keepends=True):
        escaped = line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        assert escaped.isascii(), "the page's own text is plain ASCII"
        print(f'\t"{escaped}"')
    print('\t"";')
