#!/usr/bin/env python3
"""Runs fuzz targets with libFuzzer for a number of CPU seconds each, and goes on where it stopped.

usage: run.py BUILD SCRATCH CPU_SECONDS TARGET…

BUILD is a build with -Dfuzz=true. Targets take turns, so that a run that is ended early has treated
all alike. SCRATCH keeps the corpus and what was spent on each target; one line per turn is printed:
target, inputs run, CPU seconds, edges covered. CPU time counts, because other work on the
machine makes wall-clock time say little. Ends with 1 when a target crashed; its input is in SCRATCH."""
import json, os, pathlib, re, resource, subprocess, sys

TURN_SECONDS = 240
MAX_LEN = {"x86_64": 96, "aarch64": 256, "eh_frame": 1024, "pclntab": 1024, "elf": 8192, "flow": 1024, "scan": 16384}

build, scratch, wanted = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), float(sys.argv[3])
targets = sys.argv[4:]
corpora = pathlib.Path(__file__).parent / "corpus"


def spent(target):
    path = scratch / f"{target}.json"
    return json.loads(path.read_text()) if path.exists() else {"cpu_s": 0.0, "inputs": 0, "found": 0}


def turn(target):
    corpus = scratch / target
    corpus.mkdir(parents=True, exist_ok=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([build / "fuzz" / f"fuzz_{target}", f"-max_total_time={TURN_SECONDS}",
                           f"-max_len={MAX_LEN.get(target, 4096)}", "-print_final_stats=1", "-timeout=60",
                           f"-artifact_prefix={scratch}/{target}-", corpus, corpora / target],
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = spent(target)
    ran = re.search(r"stat::number_of_executed_units:\s*(\d+)", done.stderr)
    covered = re.findall(r"cov: (\d+)", done.stderr)
    total["cpu_s"] += after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    total["inputs"] += int(ran[1]) if ran else 0
    total["found"] += done.returncode != 0
    (scratch / f"{target}.json").write_text(json.dumps(total))
    print(f"fuzz_{target} {total['inputs']} inputs {total['cpu_s']:.0f} s {covered[-1] if covered else 0} edges", flush=True)
    if done.returncode != 0:
        print(done.stderr[-3000:], file=sys.stderr, flush=True)


while True:
    left = [target for target in targets if spent(target)["cpu_s"] < wanted]
    if not left:
        break
    for target in left:
        turn(target)
sys.exit(any(spent(target)["found"] for target in targets))
