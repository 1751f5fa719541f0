#!/usr/bin/env python3
"""Runs real programs from main on under strace, and compares what they do with what `sysgap scan --from-main` says.

usage: phases.py SYSGAP FROM_MAIN [--table] [NAME…]

Passes when every syscall observed after main began is in the list, and when the program still does its work with the
filter of `sysgap export seccomp --from-main` installed when main begins, which kills it at the first call outside. A
program for which main is not known must have no call that is left out. --table prints Markdown instead of TAP.
"""
import json, os, pathlib, re, shutil, subprocess, sys, tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from programs import PROGRAMS, Unavailable, wait_for
from strace_log import parse

arguments = sys.argv[1:]
sysgap, from_main = (str(pathlib.Path(arguments.pop(0)).resolve()) for _ in range(2))
table = "--table" in arguments
names = [a for a in arguments if not a.startswith("--")]


def scan(path, *options):
    """{syscall: phase}"""
    command = [sysgap, "scan", "--format", "json", *options, path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {row["syscall"]: row["phase"] for row in json.loads(done.stdout)["syscalls"]}


def allowed(path, *options):
    command = [sysgap, "export", "seccomp", "--force", "--quiet", *options, path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout)["syscalls"][0]["names"])


def is_logging(log):
    """Whether its strace, which is nobody's child, still runs."""
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(log).encode() in (entry / "cmdline").read_bytes().split(b"\0"):
                return True
        except OSError:
            continue  # it ended
    return False


def check(program, folder):
    log = folder.parent / (folder.name + ".strace")  # not where programs look for files
    ok = program.run([from_main, "--log", str(log)], folder)
    wait_for(lambda: not is_logging(log))
    real = os.path.realpath(program.path.replace("{dir}", str(folder)))
    phases = scan(real)
    row = {"all": set(phases), "known": None not in phases.values(), "observed": set(), "problems": [],
           "start": {call for call, phase in phases.items() if phase == "start"},
           "exit": {call for call, phase in phases.items() if phase == "exit"},
           "from main": set(scan(real, "--from-main"))}
    if row["from main"] != row["all"] - row["start"]:
        row["problems"].append("--from-main is not what the phases say")
    if not row["known"]:
        log.unlink(missing_ok=True)
        return row
    seen = parse(log)
    # restart_syscall is the kernel's own; export allows it
    row["observed"] = seen.get(real, set()) - {"restart_syscall"}
    # a program that executes itself starts anew
    executed = re.findall(r'execve\("([^"]*)".*\) = 0$', log.read_text(errors="replace"), re.M)
    again = sum(os.path.realpath(path) == real for path in executed) > 1
    log.unlink()
    missed = row["observed"] - (row["all"] if again else row["from main"])
    if not ok:
        row["problems"].append("its workload fails under strace from main on")
    if not row["observed"]:
        row["problems"].append("nothing observed")
    if missed:
        row["problems"].append(f"missed: {' '.join(sorted(missed))}")
    if row["problems"]:
        return row
    others = [other for other in seen if other != real and os.path.exists(other)]
    calls = allowed(real, *([] if again else ["--from-main"])).union(*map(allowed, others))
    profile = log.with_suffix(".json")
    profile.write_text(json.dumps({"syscalls": [{"names": sorted(calls)}]}))
    with tempfile.TemporaryDirectory() as anew:
        if not program.run([from_main, "--profile", str(profile)], pathlib.Path(anew)):
            row["problems"].append("does not run under its profile from main on")
    profile.unlink()
    return row


def show(number, program, row):
    if table:
        size = lambda key: len(row[key]) if row["known"] else "–"
        missed = " ".join(sorted(row["observed"] - row["from main"])) or "0"
        start = ", ".join(sorted(row["start"])) if row["known"] else "main is not known"
        print(f"| {program.name} | {len(row['all'])} | {size('from main')} | {size('exit')} | {size('observed')} | {missed} | {start} |", flush=True)
        return
    what = f"{len(row['start'])} of {len(row['all'])} only before main, {len(row['observed'])} observed from main on"
    print(f"{'not ok' if row['problems'] else 'ok'} {number} - {program.name}: {what if row['known'] else 'main is not known'}", flush=True)
    for problem in row["problems"]:
        print(f"# {problem}")


if not shutil.which("strace") or os.uname().machine != "x86_64":
    print("1..0 # SKIP no strace, or not x86-64")
    sys.exit(0)
programs = [p for p in PROGRAMS if not names or any(n in p.name for n in names)]
if table:
    print("| program | calls | from main | only at exit | observed from main | missed | only before main |\n|---|---|---|---|---|---|---|")
else:
    print(f"1..{len(programs)}")
failed = 0
for number, program in enumerate(programs, 1):
    try:
        if not program.path.startswith("{dir}") and not os.path.exists(program.path):
            raise Unavailable(program.path)
        for attempt in range(2):
            # clients and servers on a busy machine may miss each other once; a missed call is no accident
            with tempfile.TemporaryDirectory() as folder:
                row = check(program, pathlib.Path(folder))
            if not row["problems"] or any(problem.startswith("missed") for problem in row["problems"]):
                break
    except Unavailable as missing:
        print(f"ok {number} - {program.name} # SKIP no {missing}", file=sys.stderr if table else sys.stdout)
        continue
    failed += bool(row["problems"])
    show(number, program, row)
sys.exit(1 if failed else 0)
