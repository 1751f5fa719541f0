#!/usr/bin/env python3
"""usage: embed.py INPUT NAME >OUTPUT.h: the bytes of a file as a C array."""
import pathlib, sys

content = pathlib.Path(sys.argv[1]).read_bytes()
print(f"#pragma once\n\n_Alignas(8) static const unsigned char {sys.argv[2]}[{len(content)}] = {{")
for at in range(0, len(content), 16):
    print("\t" + " ".join(f"0x{byte:02x}," for byte in content[at : at + 16]))
print("};")
