#!/usr/bin/env python3
"""Compares the names of operations with those that strace prints of the same calls.

usage: test_operations.py OPERATIONS

Two programs that know the headers differ in few ways. Where one has a number for what the other names, only one of them
knows the header: strace those of drivers outside the kernel and of newer kernels, sysgap those of other architectures.
Where both have names, one must be common to both; strace writes the requests of the OSS mixer as a macro's use.
"""
import os, pathlib, re, subprocess, sys, tempfile

# call: the arguments that select
SELECTORS = {"prctl": [0], "socket": [0], "bpf": [0], "clock_gettime": [0], "rt_sigprocmask": [0], "seccomp": [0], "membarrier": [0],
             "madvise": [2], "semctl": [2], "lseek": [2], "fadvise64": [3], "setsockopt": [1, 2], "mmap": [2, 3]}
MIXER = re.compile(r"MIXER_READ\(\d+\)")


def arguments(text):
    """The arguments of "call(a, f(b, c), {d, e}) = 0"."""
    depth, start, found = 0, 0, []
    for at, letter in enumerate(text):
        if letter in "([{":
            depth += 1
            start = at + 1 if depth == 1 else start
        elif letter in ")]}" or (letter == "," and depth == 1):
            depth -= letter != ","
            if depth <= 1 and (letter == "," or depth == 0):
                found.append(text[start:at].strip())
                start = at + 1
            if depth == 0:
                return found
    return found


def is_number(name):
    return re.match(r"0x|\d+$|_IOC\(", name) is not None


def main():
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder, "log")
        calls = ["getppid", "ioctl", "fcntl", "futex", "shmctl", "msgctl", "prlimit64", "epoll_ctl", *SELECTORS]
        lines = subprocess.run(["strace", "-o", log, "-e", "trace=" + ",".join(calls), "-e", "signal=none", sys.argv[1]],
                               env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"},  # which needs ptrace itself
                               capture_output=True, text=True, check=True).stdout.splitlines()
        theirs = log.read_text().splitlines()
    start = next(i for i, line in enumerate(theirs) if line.startswith("getppid"))
    same, only_ours, only_theirs, wrong, calls = 0, [], [], [], set()
    for ours, line in zip(lines, theirs[start + 1:]):
        call, name = ours.split(" ", 1)
        if not line.startswith(call + "("):
            sys.exit(f"'{line}' is not of '{ours}'")
        found = arguments(re.sub(r" /\*.*?\*/", "", line))
        shown = [found[i] for i in SELECTORS.get(call, [1])]
        calls.add(call)
        mine = name.split(":") if len(shown) > 1 else [name]
        for one, other in zip(mine, shown):
            if is_number(one) and is_number(other):
                same += one == other or int(one, 0) == int(other, 0)
            elif one == other or sorted(one.split("|")) == sorted(other.split("|")):
                same += 1
            elif is_number(other):
                only_ours.append(one)
            elif is_number(one):
                only_theirs.append(other)
            elif not set(one.split(" or ")) & set(other.split(" or ")) and not (
                    MIXER.match(other) and one.startswith("SOUND_MIXER_READ_")):
                wrong.append(f"{call}: {one}, strace: {other}")
    count = len(lines)
    print(f"operations {count} calls {len(calls)} same {same} only here {len(only_ours)} only in strace {len(only_theirs)}")
    if "-v" in sys.argv:
        print(only_ours, only_theirs, sep="\n")
    print(*wrong, sep="\n", end="\n" if wrong else "")
    sys.exit(1 if wrong or same < 3500 or len(calls) < 20 else 0)


if __name__ == "__main__":
    main()
