#!/usr/bin/env python3
"""Runs programs of an arm64 root under qemu-aarch64-static -strace and compares with sysgap's scan.

usage: arm64.py SYSGAP ROOT

ROOT holds Debian's arm64 packages, unpacked (`dpkg-deb -x`): libc6, busybox-static, bash, dash, coreutils, diffutils,
findutils, grep, gzip, perl-base, sed, sqlite3, tar and the libraries that they name. One line per run: program, calls
observed, calls listed, sites whose number is not known. A run fails when it makes a call that is not listed.
"""
import os, pathlib, re, subprocess, sys, tempfile

sysgap, root = sys.argv[1], sys.argv[2].rstrip("/")
RUNS = [
    "/bin/busybox ls -l /", "/bin/busybox sh -c 'ls / | sort | head -3; echo hi > q; cat q; sleep 0.1'", "/bin/ls -lR {root}/bin",
    "/bin/bash -c 'for i in 1 2 3; do echo $i | cat; done; (exit 3); x=$(date)'", "/bin/dash -c 'echo $((1+2)); ls | wc'",
    "/bin/grep -r main {root}/usr/share/doc/sed", "/bin/sed -n 1p /etc/passwd", "/bin/tar cf q.tar -C {root} etc",
    "/bin/gzip -kf q.tar", "/usr/bin/find {root}/etc", "/usr/bin/sqlite3 q.db 'create table a(x); insert into a values(1);'",
    "/usr/bin/perl -e 'print sort(3,2,1); system(\"true\"); open F,\">q\"; print F 1'", "/usr/bin/sort /etc/passwd", "/bin/date",
    "/bin/cp /etc/passwd copy", "/bin/true", "/usr/bin/diff /etc/passwd /etc/group", "/bin/mv copy moved", "/bin/df", "/usr/bin/id",
]

def observed(command, folder):
    words = ["sh", "-c", f"exec qemu-aarch64-static -L {root} -strace {root}{command.format(root=root)}"]
    done = subprocess.run(words, cwd=folder, capture_output=True, timeout=120, stdin=subprocess.DEVNULL)
    return set(re.findall(r"^\d+ ([a-z_]\w*)\(", done.stderr.decode(errors="replace"), re.M))

failed = 0
with tempfile.TemporaryDirectory() as folder:
    for command in RUNS:
        path = root + command.split()[0]
        seen = observed(command, folder)
        scan = [sysgap, "scan", "--sysroot", root, path, "--format"]
        listed = set(subprocess.run([*scan, "names"], capture_output=True, text=True, check=True).stdout.split())
        missed = sorted(seen - listed)
        failed += bool(missed) or not seen
        print(f"{os.path.basename(path):10} {len(seen):3} observed {len(listed):4} listed" + "".join(f" missed:{m}" for m in missed))
sys.exit(failed > 0)
