"""strace -f logs -> the syscalls of each program in a run."""
import collections, os, re

LINE = re.compile(r"^(\d+)\s+(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)$")
FORKS = {"clone", "clone3", "fork", "vfork"}


def parse(path):
    """name of the syscalls by resolved program path; the launching execve is not counted."""
    events = []  # (pid, syscall, rest, is_end)
    for line in open(path, errors="replace"):
        match = LINE.match(line)
        if not match:
            continue
        pid, resumed, started, rest = int(match[1]), match[2], match[3], match[4]
        unfinished = rest.endswith("<unfinished ...>")
        events.append((pid, resumed or started, rest, resumed is None, not unfinished))
    program, pending, result = {}, {}, collections.defaultdict(set)
    orphans = collections.defaultdict(list)  # events of a pid before its parent's fork returned
    first = True

    def count(pid, name):
        result[program[pid]].add(name)

    for pid, name, rest, starts, ends in events:
        if first:
            program[pid], first = None, False
        if starts and name == "execve":
            target = re.match(r'"((?:[^"\\]|\\.)*)"', rest)
            pending[pid] = target[1] if target else "?"
        if starts and not (name == "execve" and program.get(pid, "") is None):
            if pid in program:
                count(pid, name)
            else:
                orphans[pid].append(name)
        if not ends:
            continue
        value = re.search(r"= (-?\d+)(?:\s|$)", rest[rest.rfind(")"):] if ")" in rest else rest)
        if name == "execve" and value and value[1] == "0":
            if pid not in program:
                program[pid] = next(iter(program.values()))
            program[pid] = os.path.realpath(pending.get(pid, "?"))
        elif name in FORKS and value and int(value[1]) > 0 and pid in program:
            child = int(value[1])
            if child not in program:
                program[child] = program[pid]
                for early in orphans.pop(child, []):
                    count(child, early)
    for pid, names in orphans.items():  # a fork whose return was not seen: the main program's
        for name in names:
            result[next(iter(result), None)].add(name)
    result.pop(None, None)
    return dict(result)
