#!/usr/bin/env python3
"""Runs each golden case and compares stdout, stderr and exit code; TAP output.

A case is tests/golden/<command>/<case>/ with `args` (shell words; a file `args.sh` instead is a
script run with $SYSGAP), inputs, and the expected stdout, stderr, exit. Each case runs in a fresh
copy of its folder with an empty XDG_DATA_HOME, so it may write there. --rebase rewrites the
expectations; the diff is reviewed.
"""
import os, pathlib, shlex, shutil, subprocess, sys, tempfile

rebase = "--rebase" in sys.argv
program = str(pathlib.Path(sys.argv[1]).resolve())
only = [a for a in sys.argv[2:] if not a.startswith("--")]
root = pathlib.Path(__file__).resolve().parent
cases = sorted({p.parent for p in root.glob("*/*/args*")})
cases = [c for c in cases if not only or any(o in str(c) for o in only)]
print(f"1..{len(cases)}")
failed = 0
for number, case in enumerate(cases, 1):
    with tempfile.TemporaryDirectory() as scratch:
        work = pathlib.Path(scratch) / "case"
        shutil.copytree(case, work, symlinks=True)
        env = {**os.environ, "SYSGAP": program, "XDG_DATA_HOME": scratch + "/data", "LC_ALL": "C.UTF-8",
               "GOLDEN_ROOT": str(root)}
        script = case / "args.sh"
        command = ["sh", "-eu", str(script)] if script.exists() else [program, *shlex.split((case / "args").read_text())]
        done = subprocess.run(command, cwd=work, capture_output=True, env=env, stdin=subprocess.DEVNULL)
    got = {"stdout": done.stdout, "stderr": done.stderr, "exit": f"{done.returncode}\n".encode()}
    wrong = []
    for name, value in got.items():
        path = case / name
        if rebase:
            path.write_bytes(value)
        elif not path.exists() or path.read_bytes() != value:
            wrong.append(f"{name}: got {value[:2000]!r}")
    failed += bool(wrong)
    print(f"{'not ok' if wrong else 'ok'} {number} - {case.relative_to(root)}")
    for line in wrong:
        print(f"# {line}")
sys.exit(1 if failed or not cases else 0)
