#!/usr/bin/env python3
"""data/syscalls/operations.in -> the C arrays of src/syscalls/operations.c.

usage: make-operation-table.py operations.in OUTPUT
"""
import sys

ARCHS = ["ARCH_X86_64", "ARCH_AARCH64", "ARCH_RISCV64", "ARCH_I386"]
sets, current = {}, None
for number, line in enumerate(open(sys.argv[1], encoding="ascii"), 1):
    def stop(problem):
        sys.exit(f"{sys.argv[1]}:{number}: {problem}")
    fields = line.split("#")[0].split()
    if not fields:
        continue
    if fields[0] == "set" and len(fields) == 2:
        if fields[1] in sets:
            stop(f"set {fields[1]} stands twice")
        current = sets.setdefault(fields[1], [])
        continue
    if current is None or not 2 <= len(fields) <= 3 or fields[2:] not in ([], ["="]):
        stop("neither a set nor a name with a value")
    values = fields[1].split(",")
    values = values * len(ARCHS) if len(values) == 1 else values
    if len(values) != len(ARCHS):
        stop(f"{len(values)} values, not {len(ARCHS)}")
    by_value = {}
    for arch, value in enumerate(values):
        if value != "-":
            by_value[int(value, 16)] = by_value.get(int(value, 16), 0) | 1 << arch
    for value, archs in by_value.items():
        if any(name == fields[0] and other & archs for _, other, name, _ in current):
            stop(f"{fields[0]} stands twice")
        current.append((value, archs, fields[0], "true" if fields[2:] else "false"))

out = ["/* Generated from data/syscalls; do not edit. */",
       "enum set_name {", "\tSET_NONE,", *(f"\tSET_{name.upper()}," for name in sets), "\tSET_COUNT", "};"]
rows = []
for name, operations in sets.items():
    # The order in the file is that in which names for one number are shown.
    operations.sort(key=lambda operation: operation[0])
    lower = name.lower()
    out.append(f"static const struct operation operations_{lower}[] = {{")
    out += [f'\t{{ "{one}", {value:#x}, {archs:#x}, {hidden} }},' for value, archs, one, hidden in operations]
    order = sorted(range(len(operations)), key=lambda i: operations[i][2])
    out += ["};", f"static const short by_name_{lower}[] = {{", *(f"\t{i}," for i in order), "};"]
    rows.append(f'\t[SET_{name.upper()}] = {{ "{name}", operations_{lower}, by_name_{lower}, {len(operations)} }},')
out += ["static const struct set sets[SET_COUNT] = {", *rows, "};"]
out += [f'_Static_assert({name} == {bit}, "the order of the columns");' for bit, name in enumerate(ARCHS)]
open(sys.argv[2], "w", encoding="ascii").write("\n".join(out) + "\n")
