#!/usr/bin/env python3
"""Runs the console blocks of documents and compares their output; TAP output.

usage: run.py SYSGAP DOCUMENT... [--rebase]

A block is ```console; its commands begin with "$ ", what follows is the expected output, stdout and
stderr as a terminal shows them. A document's commands run in one fresh folder in their order.
--rebase writes the output into the document; the diff is reviewed.
"""
import os, pathlib, re, subprocess, sys, tempfile

rebase = "--rebase" in sys.argv
program, *documents = [pathlib.Path(word).resolve() for word in sys.argv[1:] if word != "--rebase"]
BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
number = failed = 0


def run(command, folder):
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=folder, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}", "LC_ALL": "C.UTF-8",
                               "XDG_DATA_HOME": f"{folder}/data"})
    return f"$ {command}\n{done.stdout}"


def check(block, folder):
    global number, failed
    commands = [line[2:] for line in block[0].splitlines() if line.startswith("$ ")]
    got = "".join(run(command, folder) for command in commands)
    number += 1
    passed = got == block[0] and commands != []
    failed += not passed
    print(f"{'ok' if passed else 'not ok'} {number} - {commands[0] if commands else 'a block without a command'}")
    if not passed:
        print("\n".join(f"# {line}" for line in ("expected:\n" + block[0] + "got:\n" + got).splitlines()))
    return got


for document in documents:
    text = document.read_text()
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/bin")
        os.symlink(program, f"{folder}/bin/sysgap")
        new = BLOCK.sub(lambda block: check(block, folder), text)
    if rebase and new != text:
        document.write_text(new)
print(f"1..{number}")
sys.exit(1 if failed or number == 0 else 0)
