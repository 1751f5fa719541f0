#!/usr/bin/env python3
"""The files of data/ -> one assembler file with their bytes and one C table of them.

usage: embed-data.py DATA OUTPUT.S OUTPUT.c DEPFILE

What is generated into other tables is left out (SKIP). The dependency file names every file and
folder that was read, so that a change, also a new file, is built in at once.
"""
import pathlib, sys

SKIP = {"syscalls"}

data, assembler, table, depfile = map(pathlib.Path, sys.argv[1:])
files, read = [], [data]
for path in sorted(data.rglob("*")):
    if path.relative_to(data).parts[0] in SKIP:
        continue
    read.append(path)
    if path.is_file():
        files.append(path)
files.sort(key=lambda path: str(path.relative_to(data)).encode())

code = ["/* Generated from data/; do not edit. */", '\t.section .rodata', '\t.section .note.GNU-stack,"",%progbits',
        "\t.section .rodata"]
rows, externs = [], []
for number, path in enumerate(files):
    name = f"shipped_bytes_{number}"
    code += [f"\t.globl {name}, {name}_end", "\t.balign 8", f"{name}:", f'\t.incbin "{path}"', f"{name}_end:", "\t.byte 0"]
    externs.append(f"extern const unsigned char {name}[] __attribute__((visibility(\"hidden\")));")
    rows.append(f'\t{{ "{path.relative_to(data)}", {{ {name}, {path.stat().st_size} }} }},')
assembler.write_text("\n".join(code) + "\n")
table.write_text("\n".join([
    "/* Generated from data/; do not edit. */", '#include "shipped/shipped.h"', "",
    "extern const struct shipped_file shipped_files[];", "extern const size_t shipped_file_count;",
    *externs, "const struct shipped_file shipped_files[] = {", *rows, "\t{ 0 },", "};",
    f"const size_t shipped_file_count = {len(files)};"]) + "\n")
depfile.write_text(f"{assembler} {table}: " + " ".join(str(p).replace(" ", "\\ ") for p in read) + "\n")
