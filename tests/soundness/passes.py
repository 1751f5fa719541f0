#!/usr/bin/env python3
"""Functions whose address ld.so only passes to a direct call are called, if at all, before that call returns, and not
kept (src/scan/phases.c): follows each such argument through objdump's listing of the callee, and of those that it is
handed on to, in ld.so and, for what ld.so calls by its PLT, in libc. Kept is what is stored anywhere but on the stack;
a variable counts as restored when its old content is put back. TAP output; 77 with another glibc.

usage: passes.py
"""
import bisect, os, re, subprocess, sys

LOADER, LIBC = "/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/libc.so.6"
ARGUMENTS = ["rdi", "rsi", "rdx", "rcx", "r8", "r9"]
CLOBBERED = {*ARGUMENTS, "rax", "r10", "r11"}
WIDE = {**{f"e{name}": f"r{name}" for name in ("ax", "bx", "cx", "dx", "si", "di", "bp", "sp")},
        **{f"r{number}d": f"r{number}" for number in range(8, 16)}}
MAX_BETWEEN = 16  # as in phases.c
ENTRY_BYTES = 64
KEEPERS = [("__cxa_atexit", "rdi"), ("pthread_create", "rdx"), ("__register_atfork", "rdi")]  # of libc: they must be seen to keep
# these change no place
READS = re.compile(r"(cmp|test|push|j\w+|bt)\w*$")


def output(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout  # readelf complains of split debug information


class File:
    def __init__(self, path):
        self.path, self.code = path, []
        for line in output("objdump", "-d", "--no-show-raw-insn", path).splitlines():
            if found := re.match(r"\s*([0-9a-f]+):\s+(\S.*)", line):
                comment = re.search(r"# ([0-9a-f]+)", found[2])
                text = re.sub(r"\s*(<.*|#.*)$", "", found[2])
                self.code.append((int(found[1], 16), text, int(comment[1], 16) if comment else None))
        self.at = {va: i for i, (va, _, _) in enumerate(self.code)}
        self.ranges = sorted((int(a, 16), int(b, 16)) for a, b in re.findall(
            r"pc=([0-9a-f]+)\.\.([0-9a-f]+)", output("readelf", "--debug-dump=frames-interp", path)))
        self.exports = {}
        for line in output("nm", "-D", "--defined-only", path).splitlines():
            self.exports[line.split()[-1].split("@")[0]] = int(line.split()[0], 16)
        self.slots = {int(where, 16): name for where, name in re.findall(
            r"^([0-9a-f]+)\s.*JUMP_SLO\S*\s+\S+\s+([^\s@]+)", output("readelf", "-rW", path), re.M)}

    def end_of(self, va):
        i = bisect.bisect_right(self.ranges, (va, float("inf"))) - 1
        return self.ranges[i][1] if i >= 0 and self.ranges[i][0] <= va < self.ranges[i][1] else None

    def targets(self, va, others):
        """[(file, address)] of a call: a PLT's entry leads to every definition of its name"""
        text, slot = self.code[self.at[va]][1:]
        if re.match(r"(bnd )?jmp\s+\*.*\(%rip\)", text) and slot in self.slots:
            return [(file, file.exports[self.slots[slot]]) for file in others if self.slots[slot] in file.exports]
        return [(self, va)]


def split(operands):
    return re.findall(r"[^,(]*\([^)]*\)|[^,]+", operands)


def place_of(operand, depth):
    """A register, a word of the stack by its distance from the entry's stack pointer, or None: other memory"""
    operand = operand.strip()
    if operand.startswith("%"):
        return WIDE.get(operand[1:], operand[1:])
    if found := re.fullmatch(r"(-?0x[0-9a-f]+)?\(%(rsp|rbp)\)", operand):
        offset = int(found[1] or "0", 16)
        return ("entry", offset - depth) if found[2] == "rsp" else ("frame", offset)
    return "stack" if re.search(r"\(%(rsp|rbp)[,)]", operand) else None


class Walk:
    """One argument through one function: states of places that hold it, joined where control meets."""

    def __init__(self, file, va, register):
        self.file, self.start, self.end = file, va, file.end_of(va)
        self.kept, self.handed, self.called, self.restored = [], set(), False, set()
        self.loads, self.stores = {}, {}
        states, todo = {va: (0, frozenset([register]))}, [va]
        while todo:
            here = todo.pop()
            for target, state in self.step(here, *states[here]):
                if target is None or target not in file.at or not va <= target < self.end:
                    continue
                old = states.get(target)
                new = state if old is None else (old[0], old[1] | state[1])
                if new != old:
                    states[target] = new
                    todo.append(target)

    def step(self, va, depth, holders):
        index = self.file.at[va]
        _, text, comment = self.file.code[index]
        following = self.file.code[index + 1][0] if index + 1 < len(self.file.code) else None
        words = re.sub(r"^(bnd|lock|rep\w*|notrack)\s+", "", text).split(None, 1)
        name, operands = words[0], split(words[1]) if len(words) > 1 else []
        if name in ("ret", "hlt", "ud2"):
            return []
        if name.startswith("call") or name.startswith("jmp"):
            return self.go(name, operands, holders, depth, following)
        if name.startswith("j"):
            return [(following, (depth, holders)), (int(operands[0], 16), (depth, holders))]
        if name.startswith("push"):
            depth += 8
            held = place_of(operands[0], depth) in holders
            return [(following, (depth, holders | {("entry", -depth)} if held else holders))]
        if name.startswith("pop"):
            held = ("entry", -depth) in holders
            place = place_of(operands[0], depth)
            return [(following, (depth - 8, (holders | {place}) if held else holders - {place}))]
        if name.startswith(("sub", "add")) and operands[-1].strip() == "%rsp" and operands[0].startswith("$"):
            change = int(operands[0][1:], 16)
            return [(following, (depth + (change if name.startswith("sub") else -change), holders))]
        return [(following, (depth, self.move(name, operands, holders, depth, comment)))]

    def go(self, name, operands, holders, depth, following):
        target = operands[0].strip()
        handed = holders & set(ARGUMENTS)
        self.called |= target.startswith("*") and place_of(target[1:], depth) in holders
        after = frozenset(place for place in holders - CLOBBERED if place[0] != "set")
        if target.startswith("*"):
            # to a pointer (ld.so's locks, libc's string functions): up to the last argument that is set here
            count = max((ARGUMENTS.index(place[1]) + 1 for place in holders if place[0] == "set"), default=0)
            handed &= set(ARGUMENTS[:count])
            if place_of(target[1:], depth) not in holders:
                self.kept += [f"handed to a pointer in {place}, at {target}" for place in sorted(handed)]
        elif name.startswith("call") or not self.start <= int(target, 16) < self.end:
            self.handed |= {(int(target, 16), place) for place in handed}  # whether it is an argument there or only left over
        elif name.startswith("jmp"):
            return [(int(target, 16), (depth, holders))]
        return [(following, (depth, after))] if name.startswith("call") else []

    def move(self, name, operands, holders, depth, comment):
        if READS.match(name) or not operands:
            return holders
        source, target = operands[0].strip(), place_of(operands[-1], depth)
        # half of an address is none, and neither is its difference to itself
        whole = source.lstrip("%") not in WIDE and operands[0] != operands[-1]
        held = len(operands) == 2 and whole and place_of(source, depth) in holders
        if comment is not None and "(%rip)" in source:
            self.loads[comment] = True
        if target is None and held:
            if comment is not None and "(%rip)" in operands[-1]:
                self.stores.setdefault(comment, []).append(True)
            else:
                self.kept.append(f"stored by {name} {', '.join(operands)}")
        elif target is None and comment is not None and "(%rip)" in operands[-1]:
            self.stores.setdefault(comment, []).append(False)
        if target in ARGUMENTS:
            holders |= {("set", target)}
        # what computes with it holds it, too, as far as one can tell
        if held:
            return holders | {target} if target is not None else holders
        overwritten = name.startswith(("mov", "lea", "set")) or operands[0] == operands[-1]
        return holders - {target} if target is not None and overwritten else holders

    def problems(self):
        """A variable that is set to it must have been read, and be set again to something else."""
        lost = [f"kept in a variable at {where:#x}" for where, values in self.stores.items()
                if any(values) and not (where in self.loads and not all(values))]
        return self.kept + lost


def passes(file):
    """[(where, callee, register, function)] as phases.c takes them"""
    low, high = file.code[0][0], file.code[-1][0]
    for i, (va, text, target) in enumerate(file.code):
        found = re.match(r"lea\s+\S+\(%rip\),%(\w+)$", text)
        if not found or target is None or not low <= target <= high or found[1] not in ARGUMENTS:
            continue
        names = {name for name, wide in WIDE.items() if wide == found[1]} | {found[1]}
        for _, following, _ in file.code[i + 1:i + 1 + MAX_BETWEEN]:
            if call := re.match(r"call\s+([0-9a-f]+)$", following):
                yield va, int(call[1], 16), found[1], target
            if re.match(r"call|j|ret|hlt|ud2", following) or names & set(re.findall(r"%(\w+)", following)):
                break


def loader_main(file):
    """({functions passed by what the entry calls}, [(callee, register) of passing them from elsewhere])"""
    entry = int(re.search(r"Entry point address:\s+0x([0-9a-f]+)", output("readelf", "-h", file.path))[1], 16)
    calls = [int(text.split()[1], 16) for va, text, _ in file.code
             if entry <= va < entry + ENTRY_BYTES and re.match(r"call\s+[0-9a-f]+$", text)]
    mine = [(where, target) for where, _, _, target in passes(file) if any(va <= where < (file.end_of(va) or va) for va in calls)]
    mains = {target for _, target in mine}
    places = {where for where, _ in mine}
    return mains, [(callee, register) for where, callee, register, target in passes(file) if target in mains and where not in places]


def follow(files, file, va, register):
    """(functions, whether one calls it, problems) of an argument of a function and of those that it is handed on to"""
    seen, todo, problems, called = set(), [(file, va, register)], [], False
    while todo:
        file, va, place = todo.pop()
        for target, start in file.targets(va, files):
            if (target.path, start, place) not in seen:
                seen.add((target.path, start, place))
                walk = Walk(target, start, place)
                problems += walk.problems()
                called |= walk.called
                todo += [(target, to, where) for to, where in walk.handed]
    return len(seen), called, problems


def main():
    versions = output("readelf", "-V", LIBC) if os.path.exists(LIBC) and os.path.exists(LOADER) else ""
    if "GLIBC_2.36" not in versions or "GLIBC_2.37" in versions:
        print("1..0 # SKIP no glibc 2.36")
        sys.exit(77)
    files = [File(LOADER), File(LIBC)]
    found = sorted(set((callee, register) for _, callee, register, _ in passes(files[0])))
    print(f"1..{len(found) + 2 + len(KEEPERS)}")
    failed = called = 0
    for number, (callee, register) in enumerate(found, 1):
        count, calls, problems = follow(files, files[0], callee, register)
        called += calls
        failed += bool(problems)
        print(f"{'not ok' if problems else 'ok'} {number} - {callee:#x} by %{register}: {count} functions, {'called' if calls else 'not called'}")
        for problem in problems:
            print(f"# {problem}")
    for number, (name, register) in enumerate(KEEPERS, len(found) + 1):
        keeps = bool(follow(files[1:], files[1], files[1].exports[name], register)[2])
        failed += not keeps
        print(f"{'ok' if keeps else 'not ok'} {number} - {name} keeps what it is given")
    mains, others = loader_main(files[0])
    right = len(mains) == 1 and len(others) > 0 and not any(follow(files, files[0], *other)[1] for other in others)
    failed += not right
    print(f"{'ok' if right else 'not ok'} {len(found) + 1 + len(KEEPERS)} - dl_main is called by whom the start passes it to alone")
    print(f"{'ok' if called > 3 else 'not ok'} {len(found) + 2 + len(KEEPERS)} - {called} of them call it")
    sys.exit(1 if failed or called <= 3 else 0)


if __name__ == "__main__":
    main()
