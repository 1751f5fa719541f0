#!/usr/bin/env python3
"""Builds the programs of tests/inputs/scan and compares `sysgap scan` with what they say of
themselves; TAP output.

usage: run.py SYSGAP [--slow] [NAME…]

The comment on top of a source holds:
  build: CC FLAGS      how to build it; without {source} in it the file itself is added
  library: COMMAND     run before, for a shared object beside the program
  exact: NAMES         the whole set of syscalls       must: NAMES    these and perhaps more
  never: NAMES         none of these                   at-most: N     how many there may be
  unresolved: N        sites whose number is not known
  needs: TOOL          skipped without it              no-run: WHY    do not run it under strace
  why: CALL=FUNCTION …  the function that the chain to the call goes through, in which its number stands
  start, run, exit: NAMES   in which phase these are   phases: unknown   in which any is, is not known
  tier: NAME           the last tier that counts       (default: environment, which is all)
Every program that can run is also run under strace: what it does must be in the set.
"""
import json, os, pathlib, re, shutil, subprocess, sys, tempfile

program = str(pathlib.Path(sys.argv[1]).resolve())
slow = "--slow" in sys.argv
only = [a for a in sys.argv[2:] if not a.startswith("--")]
root = pathlib.Path(__file__).resolve().parent.parent / "inputs" / "scan"

def header(path):
    text = path.read_text().split("*/")[0]
    return {m[1]: m[2].strip() for m in re.finditer(r"^ \* ([a-z-]+): (.*)$", text, re.M)}

def build(path, facts, folder):
    out = folder / "program"
    fill = lambda text: text.replace("{dir}", str(folder)).replace("{source}", str(root))
    if "library" in facts:
        subprocess.run(fill(facts["library"]).split(), check=True, capture_output=True, text=True)
    if "build-go" in facts:
        flags = facts["build-go"].replace("\\ ", "\0").split()
        command = ["go", "build", *[f.replace("\0", " ") for f in flags], "-o", str(out), str(path)]
        env = {**os.environ, "GOCACHE": str(folder / "cache"), "GOFLAGS": "-mod=mod", "GO111MODULE": "off", "HOME": str(folder)}
        subprocess.run(command, check=True, capture_output=True, text=True, env=env)
        return out
    words = fill(facts["build"]).split()
    if "{source}" not in facts["build"]:
        words.insert(1, str(path))
    subprocess.run([*words, "-o", str(out)], check=True, capture_output=True, text=True)
    return out

def observed(out, folder):
    log = folder / "strace"
    subprocess.run(["strace", "-f", "-o", str(log), str(out)], capture_output=True, timeout=60)
    names = re.findall(r"^\d+\s+(\w+)\(", log.read_text(errors="replace"), re.M)
    # the first is the execve that started it; restart_syscall is the kernel's own
    return set(names[1:]) - {"restart_syscall"}

def check(path, facts, folder):
    out = build(path, facts, folder)
    done = subprocess.run([program, "scan", "--format", "names", "--tier", facts.get("tier", "environment"), str(out)], capture_output=True, text=True)
    if done.returncode != 0:
        return [f"scan exits with {done.returncode}: {done.stderr.strip()}"]
    got, wrong = set(done.stdout.split()), []
    words = lambda key: set(facts.get(key, "").split())
    if "exact" in facts and got != words("exact"):
        wrong.append(f"missing {sorted(words('exact') - got)}, too many {sorted(got - words('exact'))}")
    for call, function in (pair.split("=") for pair in words("why")):
        shown = subprocess.run([program, "why", str(out), call], capture_output=True, text=True).stdout
        if f"{out.name}:{function} " not in shown:
            wrong.append(f"why {call} does not go through {function}")
    if words("must") - got:
        wrong.append(f"missing {sorted(words('must') - got)}")
    if words("never") & got:
        wrong.append(f"never: {sorted(words('never') & got)}")
    if "at-most" in facts and len(got) > int(facts["at-most"]):
        wrong.append(f"{len(got)} syscalls, more than {facts['at-most']}")
    if facts.keys() & {"phases", "start", "run", "exit"}:
        done = subprocess.run([program, "scan", "--format", "json", str(out)], capture_output=True, text=True)
        phases = {row["syscall"]: row["phase"] for row in json.loads(done.stdout)["syscalls"]}
        wrong += [f"{call} is {phases.get(call)}, not {phase}" for phase in ("start", "run", "exit")
                  for call in sorted(words(phase)) if phases.get(call) != phase]
        if "phases" in facts and set(phases.values()) != {None}:
            wrong.append(f"its phases are known: {sorted(map(str, set(phases.values())))}")
    if "unresolved" in facts:
        done = subprocess.run([program, "scan", "--format", "json", str(out)], capture_output=True, text=True)
        count = len(json.loads(done.stdout)["unresolved"])
        if count != int(facts["unresolved"]):
            wrong.append(f"{count} sites with an unknown number")
    if "no-run" not in facts:
        unseen = observed(out, folder) - got
        if unseen:
            wrong.append(f"a run makes {sorted(unseen)}")
    return wrong

sources = [p for p in sorted(root.iterdir()) if p.suffix in (".c", ".S", ".cc", ".go")]
cases = [(p, header(p)) for p in sources]
cases = [(p, f) for p, f in cases if ("build" in f or "build-go" in f) and ("slow" in f) == slow]
cases = [(p, f) for p, f in cases if not only or p.stem in only]
print(f"1..{len(cases)}")
failed = 0
for number, (path, facts) in enumerate(cases, 1):
    missing = [tool for tool in facts.get("needs", "").split() if shutil.which(tool) is None]
    if missing:
        print(f"ok {number} - {path.stem} # SKIP no {missing[0]}")
        continue
    with tempfile.TemporaryDirectory() as folder:
        try:
            wrong = check(path, facts, pathlib.Path(folder))
        except subprocess.CalledProcessError as error:
            wrong = [f"does not build: {error.stderr}"]
    failed += bool(wrong)
    print(f"{'not ok' if wrong else 'ok'} {number} - {path.stem}")
    for line in wrong:
        print("# " + line.replace("\n", "\n# "))
sys.exit(1 if failed or not cases else 0)
