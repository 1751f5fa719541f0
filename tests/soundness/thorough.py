#!/usr/bin/env python3
"""Six applications through everything that deployments do with them, under strace, against `sysgap scan`.

usage: thorough.py SYSGAP [--elsewhere ELSEWHERE] [--confine CONFINE] [--table] [--calls] [--why] [NAME…]

Passes when every observed syscall is in the static set and every scenario came to its end. With --elsewhere each
scenario also runs as on a kernel without vDSO and without the calls that are newer than Linux 3.2, and with nscd if
that is installed: what the program and its libc do then. With --confine each also runs under the exported seccomp
profile, which kills. --table prints Markdown with precision and F1 against the exact tier instead of TAP; --calls
the calls of each scenario that no other makes, and those never observed; --why the chain to each of the latter.
Needs root: each run is in namespaces of its own."""
import importlib, os, pathlib, shutil, subprocess, sys, tempfile, traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from strace_log import parse
from thorough import room

NAMES = ["redis", "nginx", "memcached", "sqlite", "haproxy", "lighttpd"]
STRACE = shutil.which("strace")
# The kernel's own, to go on with a call that strace interrupted; export allows it.
NOT_THE_PROGRAMS = {"restart_syscall"}


def scan(sysgap, path, *options):
    done = subprocess.run([sysgap, "scan", "--quiet", "--format", "names", *options, path], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def strace(logs, number):
    return [STRACE, "-DDD", "-f", "-qq", "-s", "200", "-o", f"{logs}/{number}.strace"]


def describe(error, module):
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(module.replace(".", "/") + ".py")]
    return f"line {lines[-1] if lines else 0}: {str(error)[:600]}"


def run_scenario(scenario, launcher, problems, note):
    """The logs' folder; twice when the first time fails, because a loaded machine may be late once."""
    attempts = 1 if note.startswith("elsewhere") else 2  # not every program must work there
    for attempt in range(1, attempts + 1):
        logs = tempfile.mkdtemp(prefix="logs-")
        run = room.Run(launcher, logs)
        try:
            scenario(run)
            break
        except Exception as error:
            said = f"{note}{scenario.__name__} did not end, {describe(error, scenario.__module__)}"
            problems.extend([said] if attempt == 2 else [])
            print(f"# attempt {attempt}: {said}", file=sys.stderr, flush=True)
        finally:
            run.close()
    return pathlib.Path(logs)


def observe(application, launcher, problems, note):
    """The calls of each scenario."""
    real = os.path.realpath(application.PROGRAM)
    seen = {}
    for scenario in application.SCENARIOS:
        logs = run_scenario(scenario, launcher, problems, note)
        calls = set().union(*(parse(log).get(real, set()) for log in logs.iterdir()))
        seen[note + scenario.__name__] = calls - NOT_THE_PROGRAMS
        shutil.rmtree(logs)
    return seen


def observe_elsewhere(application, elsewhere, problems):
    launcher = lambda logs, number: [elsewhere, f"{logs}/{number}.strace"]
    with room.older_system():
        return observe(application, launcher, problems, "elsewhere ")


def confined(application, sysgap, confine, problems):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as profile:
        others = [path for path in application.EXECUTES if os.path.exists(path)]
        subprocess.run([sysgap, "export", "seccomp", "--force", "--quiet", application.PROGRAM, *others], stdout=profile, check=True)
        for scenario in application.SCENARIOS:
            shutil.rmtree(run_scenario(scenario, lambda logs, number: [confine, profile.name], problems, "under its profile "))


def f1(observed, exact):
    shared = len(observed & exact)
    precision, recall = shared / len(exact), shared / len(observed)
    return precision, recall, 2 * precision * recall / (precision + recall)


class Judge:
    def __init__(self, words):
        self.tools = {}
        for name in "--elsewhere", "--confine":
            if name in words:
                at = words.index(name)
                self.tools[name] = words[at + 1]
                del words[at:at + 2]
        self.sysgap, *rest = words
        self.options = [word for word in rest if word.startswith("--")]
        self.names = [word for word in rest if not word.startswith("--")] or NAMES
        self.is_table, self.scores = "--table" in self.options, []

    def remark(self, text):
        print("# " + text.replace("\n", "\n# "), file=sys.stderr if self.is_table else sys.stdout, flush=True)

    def judge(self, number, name):
        application = importlib.import_module(f"thorough.{name}")
        title, problems = os.path.basename(application.PROGRAM), []
        if not os.path.exists(application.PROGRAM):
            print(f"ok {number} - {title} # SKIP not installed", flush=True)
            return True
        exact, listed = scan(self.sysgap, application.PROGRAM, "--tier", "exact"), scan(self.sysgap, application.PROGRAM)
        seen = observe(application, strace, problems, "")
        here = set().union(*seen.values())
        if "--elsewhere" in self.tools:
            seen |= observe_elsewhere(application, self.tools["--elsewhere"], problems)
        observed = set().union(*seen.values())
        if "--confine" in self.tools:
            confined(application, self.sysgap, self.tools["--confine"], problems)
        if observed - listed:
            problems.insert(0, f"missed: {' '.join(sorted(observed - listed))}")
        self.show(number, title, problems, here, observed, exact, listed)
        self.explain(application.PROGRAM, title, seen, observed, exact)
        return not problems

    def show(self, number, title, problems, here, observed, exact, listed):
        self.scores.append((f1(here, exact)[2], f1(observed, exact)[2]))
        if self.is_table:
            cells = [f"{len(calls)} | {f1(calls, exact)[0]:.2f} | {f1(calls, exact)[2]:.2f}" for calls in (here, observed)]
            print(f"| {title} | {len(exact)} | {cells[0]} | {cells[1]} | {len(listed)} | {len(observed - listed)} |", flush=True)
        else:
            print(f"{'not ok' if problems else 'ok'} {number} - {title}: observed {len(here)}, elsewhere {len(observed)}, exact {len(exact)}, "
                  f"F1 {f1(here, exact)[2]:.3f} and {f1(observed, exact)[2]:.3f}", flush=True)
        for problem in problems:
            self.remark(problem)

    def explain(self, program, title, seen, observed, exact):
        if "--calls" in self.options:
            for scenario, calls in seen.items():
                others = set().union(*(other for key, other in seen.items() if key != scenario))
                self.remark(f"{title} {scenario}: {len(calls)}, alone: {' '.join(sorted(calls - others))}")
            self.remark(f"{title} by plug-ins: {' '.join(sorted(observed - exact))}\n{title} not observed: {' '.join(sorted(exact - observed))}")
        for call in sorted(exact - observed) if "--why" in self.options else []:
            done = subprocess.run([self.sysgap, "why", "--tier", "exact", "--quiet", "--format", "tsv", program, call], capture_output=True, text=True)
            steps = [line.split("\t") for line in done.stdout.splitlines()[1:]]
            self.remark(f"{title} {call}: " + " > ".join(step[0] for step in steps if len(step) > 2))


def main():
    paths = [str(pathlib.Path(word).resolve()) if "/" in word else word for word in sys.argv[1:]]
    sys.argv[:] = [str(pathlib.Path(__file__).resolve()), *paths]  # the room has another current folder
    judge = Judge(paths)
    if not room.available():
        print("1..0 # SKIP needs root and namespaces")
        return 0
    room.enter()
    if judge.is_table:
        print("| program | exact | observed | precision | F1 | with elsewhere | precision | F1 | all tiers | missed |\n" + "|---" * 10 + "|", flush=True)
    else:
        print(f"1..{len(judge.names)}", flush=True)
    passed = all([judge.judge(number, name) for number, name in enumerate(judge.names, 1)])
    if judge.is_table and judge.scores:
        first, second = (sum(scores) / len(judge.scores) for scores in zip(*judge.scores))
        print(f"| mean | | | | {first:.3f} | | | {second:.3f} | | |")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
