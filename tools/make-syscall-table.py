#!/usr/bin/env python3
"""data/syscalls/*.in -> the C arrays of src/syscalls/table.c.

usage: make-syscall-table.py linux.in aliases.in OUTPUT
"""
import sys

def rows(path, width):
    for number, line in enumerate(open(path, encoding="ascii"), 1):
        fields = line.split("#")[0].split()
        if fields and len(fields) != width:
            sys.exit(f"{path}:{number}: {len(fields)} fields, not {width}")
        if fields:
            yield fields

calls = {}
for name, since, *numbers in rows(sys.argv[1], 7):
    if name in calls:
        sys.exit(f"{sys.argv[1]}: {name} stands twice")
    calls[name] = (since, [-1 if n == "-" else int(n) for n in numbers])
order = sorted(calls)
index = {name: i for i, name in enumerate(order)}

out = ["/* Generated from data/syscalls; do not edit. */", "static const struct syscall records[] = {"]
for name in order:
    since, numbers = calls[name]
    *archs, x32 = numbers
    version = "NULL" if since == "-" else f'"{since}"'
    out.append(f'\t{{ "{name}", {version}, {{ {", ".join(map(str, archs))} }}, {x32} }},')
out.append("};")

limit = 0
for column, arch in enumerate(["ARCH_X86_64", "ARCH_AARCH64", "ARCH_RISCV64", "ARCH_I386", "x32"]):
    taken = {}
    for name in order:
        number = calls[name][1][column]
        if number < 0:
            continue
        if number in taken:
            sys.exit(f"{arch}: {name} and {taken[number]} have number {number}")
        taken[number] = name
    limit = max(limit, max(taken) + 1)
    out.append(f"static const short by_number_{arch.removeprefix('ARCH_').lower()}[SYSCALL_NUMBER_LIMIT] = {{")
    out += [f"\t[{number}] = {index[name] + 1}, /* {name} */" for number, name in sorted(taken.items())]
    out.append("};")
out.append(f'_Static_assert({limit} <= SYSCALL_NUMBER_LIMIT, "raise SYSCALL_NUMBER_LIMIT");')

out.append("static const struct alias { const char *alias; short record; } aliases[] = {")
for alias, name in sorted(rows(sys.argv[2], 2)):
    out.append(f'\t{{ "{alias}", {index[name]} }},')
out.append("};")
open(sys.argv[3], "w").write("\n".join(out) + "\n")
