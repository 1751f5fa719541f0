#!/usr/bin/env python3
"""Every exported function of libc that reaches a gated call by direct calls is among those that open the gate
(src/scan/models.c): goes back from each call's instructions along objdump's calls and jumps. TAP output; 77 with
another glibc than the table is of.

usage: gates.py
"""
import bisect, collections, os, pathlib, re, subprocess, sys

LIBC = "/lib/x86_64-linux-gnu/libc.so.6"
# They make the call for attributes only, which the openers set.
FOR_ATTRIBUTES = re.compile(r"(__)?pthread_mutex_(?!setprioceiling)|pthread_cond|mtx_|pthread_create$|thrd_create$")
# What works on that which an opener has made.
IMPLIED = {"fts_children": "fts_open", "fts_read": "fts_open", "fts_close": "fts_open"}


def output(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout  # readelf complains of split debug information


def gates():
    """[(calls, openers)] of the table in the source"""
    source = (pathlib.Path(__file__).resolve().parents[2] / "src" / "scan" / "models.c").read_text()
    table = source.split("gates[] = {")[1].split("\n};")[0]
    table = re.sub(r"/\*.*?\*/", "", table, flags=re.S)
    return [(re.findall(r'"(\w+)"', a), re.findall(r'"(\w+)"', b))
            for a, b in re.findall(r"\{ (\{[^{}]*\}),?\s*(\{[^{}]*\}) \}", table)]


def numbers():
    text = pathlib.Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h").read_text()
    return {name: int(number) for name, number in re.findall(r"#define __NR_(\w+) (\d+)", text)}


def read_libc():
    """({address: exported names}, {callee: callers}, {number: functions with the call}), functions by their start"""
    names = collections.defaultdict(set)
    for line in output("nm", "-D", "--defined-only", LIBC).splitlines():
        address, kind, name = line.split()[:3]
        if kind in "TtWwi":
            names[int(address, 16)].add(name.split("@")[0])
    ranges = sorted((int(a, 16), int(b, 16)) for a, b in
                    re.findall(r"pc=([0-9a-f]+)\.\.([0-9a-f]+)", output("readelf", "--debug-dump=frames-interp", LIBC)))
    starts = [start for start, _ in ranges]

    def function(address):
        i = bisect.bisect_right(starts, address) - 1
        return starts[i] if i >= 0 and address < ranges[i][1] else address

    callers, sites, number = collections.defaultdict(set), collections.defaultdict(set), None
    for line in output("objdump", "-d", "--no-show-raw-insn", LIBC).splitlines():
        found = re.match(r"\s*([0-9a-f]+):\s+(.*)", line)
        if not found:
            continue
        here, text = function(int(found[1], 16)), found[2]
        if constant := re.match(r"mov\s+\$0x([0-9a-f]+),%[er]ax", text):
            number = int(constant[1], 16)
        elif text.startswith("syscall"):
            sites[number].add(here)
        elif target := re.match(r"(?:call|j\w+)\s+([0-9a-f]+)", text):
            if function(int(target[1], 16)) != here:
                callers[function(int(target[1], 16))].add(here)
    return names, callers, sites


def for_attributes(names):
    return any(FOR_ATTRIBUTES.match(name) for name in names)


def plain(name):
    """Without what marks libc's own name for it, or that for large files."""
    return re.sub("^__|64", "", name)


def main():
    if not os.path.exists(LIBC) or "GLIBC_2.37" in (versions := output("readelf", "-V", LIBC)) or "GLIBC_2.36" not in versions:
        print("1..0 # SKIP no glibc 2.36")
        sys.exit(77)
    names, callers, sites = read_libc()
    table, number_of, failed = gates(), numbers(), 0
    wanted = [(call, openers) for calls, openers in table for call in calls]
    print(f"1..{len(wanted) + 1}")
    print("ok 1 - the table is read" if len(wanted) > 10 else "not ok 1 - the table is read")
    for i, (call, openers) in enumerate(wanted):
        reached = {function for function in sites[number_of[call]] if not for_attributes(names[function])}
        todo = list(reached)
        while todo:
            for caller in callers[todo.pop()] - reached:
                if not for_attributes(names[caller]):
                    reached.add(caller)
                    todo.append(caller)
        exported = {plain(name) for function in reached for name in names[function]}
        known = {plain(name) for name in openers}
        missing = sorted(name for name in exported - known if IMPLIED.get(name) not in known)
        right = bool(reached) and not missing
        failed += not right
        print(f"{'ok' if right else 'not ok'} {i + 2} - {call}" + (f": {missing} reach it, too" if missing else ""))
    sys.exit(1 if failed or len(wanted) <= 10 else 0)


if __name__ == "__main__":
    main()
