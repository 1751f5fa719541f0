#!/usr/bin/env python3
"""Six servers and tools through everything that deployments do with them, under strace, against `sysgap scan`.

usage: thorough.py SYSGAP [--table] [--why] [--calls] [--confine CONFINE] [NAME…]

Passes when every observed syscall is in the static set and every scenario came to its end. --table prints
Markdown with precision and F1 against the exact tier instead of TAP; --why adds, per program, the calls that are
listed but were not observed, with the end of the chain that makes them; --calls which scenario made which call
that no other did. With --confine each scenario also runs under the exported seccomp profile. Needs root: each
application has namespaces of its own."""
import importlib, os, pathlib, subprocess, sys, tempfile, traceback

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from strace_log import parse
from thorough import room

NAMES = ["redis", "nginx", "memcached", "sqlite", "haproxy", "lighttpd"]
# The kernel's own, to go on with a call that strace interrupted; export allows it.
NOT_THE_PROGRAMS = {"restart_syscall"}


def scan(sysgap, path, *options):
    done = subprocess.run([sysgap, "scan", "--quiet", "--format", "names", *options, path], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def strace(logs, number):
    return ["strace", "-DDD", "-f", "-qq", "-s", "200", "-o", f"{logs}/{number}.strace"]


def run_scenario(scenario, launcher, problems, note):
    """The logs' folder; twice when the first time fails, because a loaded machine may be late once."""
    for attempt in 1, 2:
        logs = tempfile.mkdtemp(prefix="logs-")
        run = room.Run(launcher, logs)
        try:
            scenario(run)
            return logs
        except Exception as error:
            where = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(f"{scenario.__module__.split('.')[1]}.py")]
            said = f"{note}{scenario.__name__} did not end (line {where[-1] if where else 0}): {str(error)[:600]}"
            if attempt == 2:
                problems.append(said)
            elif "--calls" in sys.argv:
                print(f"# again: {said}", file=sys.stderr, flush=True)
        finally:
            run.close()
    return logs


def observe(application, problems):
    real = os.path.realpath(application.PROGRAM)
    seen = {}
    for scenario in application.SCENARIOS:
        if "--calls" in sys.argv:
            print(f"# {scenario.__name__}", file=sys.stderr, flush=True)
        calls = set()
        for log in pathlib.Path(run_scenario(scenario, strace, problems, "")).iterdir():
            calls |= parse(log).get(real, set())
        seen[scenario.__name__] = calls - NOT_THE_PROGRAMS
    return seen


def confined(sysgap, application, confine, problems):
    profile = pathlib.Path(tempfile.mkdtemp()) / "profile.json"
    others = [path for path in application.EXECUTES if os.path.exists(path)]
    with open(profile, "w") as out:
        subprocess.run([sysgap, "export", "seccomp", "--force", "--quiet", application.PROGRAM, *others], stdout=out, check=True)
    for scenario in application.SCENARIOS:
        (pathlib.Path(profile).parent).mkdir(exist_ok=True)
        run_scenario(scenario, lambda logs, number: [confine, str(profile)], problems, "under its profile ")


def chain_end(sysgap, path, call):
    done = subprocess.run([sysgap, "why", "--tier", "exact", "--quiet", path, call], capture_output=True, text=True)
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    return lines


def judge(number, name, options, sysgap, confine):
    application = importlib.import_module(f"thorough.{name}")
    title = os.path.basename(application.PROGRAM)
    if not os.path.exists(application.PROGRAM):
        print(f"ok {number} - {title} # SKIP not installed", flush=True)
        return True
    problems = []
    seen = observe(application, problems)
    observed = set().union(*seen.values())
    exact, everything = scan(sysgap, application.PROGRAM, "--tier", "exact"), scan(sysgap, application.PROGRAM)
    if observed - everything:
        problems.insert(0, f"missed: {' '.join(sorted(observed - everything))}")
    if confine:
        confined(sysgap, application, confine, problems)
    shared = len(observed & exact)
    precision, recall = shared / len(exact), shared / len(observed) if observed else 0
    f1 = 2 * precision * recall / (precision + recall) if shared else 0
    if "--table" in options:
        print(f"| {title} | {len(observed)} | {len(exact)} | {recall:.2f} | {precision:.2f} | {f1:.2f} |", flush=True)
    else:
        print(f"{'not ok' if problems else 'ok'} {number} - {title}: observed {len(observed)}, exact {len(exact)}, found {len(everything)}, F1 {f1:.3f}", flush=True)
    stream = sys.stderr if "--table" in options else sys.stdout
    for problem in problems:
        print("# " + problem.replace("\n", "\n# "), file=stream, flush=True)
    if "--calls" in options:
        for scenario, calls in seen.items():
            alone = calls - set().union(*(other for key, other in seen.items() if key != scenario))
            print(f"# {title} {scenario}: {len(calls)}, alone: {' '.join(sorted(alone))}", file=stream)
        print(f"# {title} only by plug-ins: {' '.join(sorted(observed - exact))}\n# {title} not observed: {' '.join(sorted(exact - observed))}", file=stream, flush=True)
    if "--why" in options:
        for call in sorted(exact - observed):
            print(f"# {title} {call}:", *chain_end(sysgap, application.PROGRAM, call)[-6:], sep="\n#   ", file=stream, flush=True)
    return not problems


def main():
    words = sys.argv[1:]
    sysgap = str(pathlib.Path(words.pop(0)).resolve())
    confine = None
    if "--confine" in words:
        at = words.index("--confine")
        confine = str(pathlib.Path(words[at + 1]).resolve())
        del words[at:at + 2]
    options = [word for word in words if word.startswith("--")]
    names = [word for word in words if not word.startswith("--")] or NAMES
    if not room.available():
        print("1..0 # SKIP needs root and namespaces")
        return 0
    sys.argv[1] = sysgap
    if confine:
        sys.argv[sys.argv.index("--confine") + 1] = confine
    sys.argv[0] = str(pathlib.Path(__file__).resolve())
    room.enter()
    if "--table" in options:
        print("| program | observed | exact | recall | precision | F1 |\n|---|---|---|---|---|---|", flush=True)
    else:
        print(f"1..{len(names)}", flush=True)
    return 0 if all([judge(number, name, options, sysgap, confine) for number, name in enumerate(names, 1)]) else 1


if __name__ == "__main__":
    sys.exit(main())
