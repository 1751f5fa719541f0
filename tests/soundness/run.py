#!/usr/bin/env python3
"""Runs real programs under strace and compares what they do with what `sysgap scan` says they can.

usage: run.py SYSGAP [--confine CONFINE] [--table] [NAME…]

Passes when every observed syscall of the program is in the static set. With --confine each program
also runs under the seccomp profile that `sysgap export seccomp` makes of it; the first call outside
kills it. --table prints Markdown instead of TAP. A program that is not installed is skipped.
"""
import os, pathlib, shutil, subprocess, sys, tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from programs import PROGRAMS, Unavailable
from strace_log import parse

arguments = sys.argv[1:]
sysgap = str(pathlib.Path(arguments.pop(0)).resolve())
confine = None
if "--confine" in arguments:
    at = arguments.index("--confine")
    confine = str(pathlib.Path(arguments[at + 1]).resolve())
    del arguments[at:at + 2]
table = "--table" in arguments
names = [a for a in arguments if not a.startswith("--")]


def scan(path, *options):
    done = subprocess.run([sysgap, "scan", "--format", "names", *options, path], capture_output=True, text=True)
    return set(done.stdout.split()) if done.returncode == 0 else None


def check(program, folder):
    log = folder.parent / (folder.name + ".strace")  # not where programs look for files
    path = program.path.replace("{dir}", str(folder))
    ok = program.run(["strace", "-f", "-qq", "-s", "300", "-o", str(log)], folder)
    real = os.path.realpath(path)
    seen = parse(log)
    # restart_syscall is the kernel's own, to go on with a call that strace interrupted; export allows it
    observed = seen.get(real, set()) - {"restart_syscall"}
    log.unlink()
    found = scan(real)
    row = {"observed": observed, "found": found, "exact": scan(real, "--tier", "exact"), "problems": []}
    if not ok:
        row["problems"].append("its workload fails under strace")
    if not observed:
        row["problems"].append("nothing observed")
    if found is None:
        row["problems"].append("cannot be analysed")
    elif observed - found:
        row["problems"].append(f"missed: {' '.join(sorted(observed - found))}")
    if confine and found is not None and not row["problems"]:
        profile = folder / "profile.json"
        with open(profile, "w") as out:
            # what it executes runs under the same profile
            others = [other for other in seen if other != real and os.path.exists(other)]
            subprocess.run([sysgap, "export", "seccomp", "--force", "--quiet", real, *others], stdout=out, check=True)
        with tempfile.TemporaryDirectory() as again:
            if not program.run([confine, str(profile)], pathlib.Path(again)):
                row["problems"].append("does not run under its seccomp profile")
    return row


if not shutil.which("strace"):
    print("1..0 # SKIP strace is not installed")
    sys.exit(0)
programs = [p for p in PROGRAMS if not names or any(n in p.name for n in names)]
if table:
    print("| program | observed | exact | all tiers | missed |\n|---|---|---|---|---|")
else:
    print(f"1..{len(programs)}")
failed = 0
for number, program in enumerate(programs, 1):
    with tempfile.TemporaryDirectory() as folder:
        if not program.path.startswith("{dir}") and not os.path.exists(program.path):
            print(f"ok {number} - {program.name} # SKIP not installed", file=sys.stderr if table else sys.stdout)
            continue
        try:
            row = check(program, pathlib.Path(folder))
            # Clients and servers on a busy machine may miss each other once; a missed call is no accident.
            if row["problems"] and not any(p.startswith("missed") for p in row["problems"]):
                with tempfile.TemporaryDirectory() as again:
                    row = check(program, pathlib.Path(again))
        except Unavailable as missing:
            print(f"ok {number} - {program.name} # SKIP no {missing}", file=sys.stderr if table else sys.stdout)
            continue
    failed += bool(row["problems"])
    size = lambda s: "–" if s is None else len(s)
    if table:
        missed = "–" if row["found"] is None else " ".join(sorted(row["observed"] - row["found"])) or "0"
        print(f"| {program.name} | {size(row['observed'])} | {size(row['exact'])} | {size(row['found'])} | {missed} |", flush=True)
        continue
    print(f"{'not ok' if row['problems'] else 'ok'} {number} - {program.name}: observed {len(row['observed'])}, found {size(row['found'])}", flush=True)
    for problem in row["problems"]:
        print(f"# {problem}")
sys.exit(1 if failed else 0)
