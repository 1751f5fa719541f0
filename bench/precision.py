#!/usr/bin/env python3
"""How many syscalls `sysgap scan` finds in 100 random programs of /usr/bin and /usr/sbin.

usage: precision.py SYSGAP [--list]

Prints "name value unit" lines: programs analysed, mean number of calls without and with plug-ins,
programs with a number that is not known, CPU seconds each. The choice is random but the same on the
same machine. --list names the programs with an unknown number on standard error."""
import json, os, pathlib, random, resource, subprocess, sys

sysgap = sys.argv[1]
programs = [str(path) for folder in ("/usr/bin", "/usr/sbin") for path in sorted(pathlib.Path(folder).iterdir())
            if not path.is_symlink() and path.is_file() and path.open("rb").read(4) == b"\x7fELF"]
random.Random(42).shuffle(programs)
programs = programs[:100]
exact, everything, unknown, failed = [], [], [], []
for path in programs:
    done = subprocess.run([sysgap, "scan", "--no-cache", "--format", "json", path], capture_output=True, text=True)
    if done.returncode != 0:
        failed.append(path)
        continue
    found = json.loads(done.stdout)
    exact.append(sum(call["tier"] == "exact" for call in found["syscalls"]))
    everything.append(sum(call["tier"] != "environment" for call in found["syscalls"]))
    if found["unresolved"]:
        unknown.append(path)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"precision_programs {len(exact)} of {len(programs)}")
print(f"precision_mean_exact {sum(exact) / len(exact):.2f} calls")
print(f"precision_mean_with_plugins {sum(everything) / len(everything):.2f} calls")
print(f"precision_unresolved {len(unknown)} programs")
print(f"precision_cpu {(usage.ru_utime + usage.ru_stime) / len(programs):.3f} s")
if "--list" in sys.argv:
    print("unknown numbers:", *unknown, "failed:", *failed, file=sys.stderr)
