#!/usr/bin/env python3
"""Damaged copies of the machine's programs and libraries: `sysgap scan` ends in bounded time and
memory, with a result or with one clear error, never by a signal; TAP output.

usage: test_mutated.py SYSGAP [COUNT]
"""
import os, pathlib, random, resource, subprocess, sys, tempfile

sysgap = str(pathlib.Path(sys.argv[1]).resolve())
count = int(sys.argv[2]) if len(sys.argv) > 2 else 12
LIMIT_SECONDS = 60
LIMIT_BYTES = 4 << 30
sanitized = b"__asan_init" in pathlib.Path(sysgap).read_bytes()
victims = [path for path in ("/bin/ls", "/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2",
                             "/lib/x86_64-linux-gnu/libstdc++.so.6", "/usr/bin/busybox") if os.path.exists(path)]


def limit():
    if not sanitized:  # its shadow memory alone is more
        resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))


def mutate(content, chance):
    """One kind of damage: bits in headers, bits anywhere, a cut, a lying word, zeroed or doubled parts."""
    content = bytearray(content)
    kind = chance.randrange(6)
    if kind == 0:
        for _ in range(chance.randrange(1, 8)):
            content[chance.randrange(4, 0x400)] = chance.randrange(256)
    elif kind == 1:
        for _ in range(chance.randrange(1, 2000)):
            content[chance.randrange(0x40, len(content))] ^= 1 << chance.randrange(8)
    elif kind == 2:
        del content[chance.randrange(0x40, len(content)):]
    elif kind == 3:
        for _ in range(20):
            at = chance.randrange(0x40, len(content) - 8) & ~7
            content[at:at + 8] = chance.choice([0, 1, 0xffffffff, 1 << 63, (1 << 64) - 1]).to_bytes(8, "little")
    elif kind == 4:
        at, size = chance.randrange(0x40, len(content)), chance.randrange(1, 1 << 16)
        content[at:at + size] = bytes(min(size, len(content) - at))
    else:
        at, to, size = chance.randrange(len(content)), chance.randrange(0x40, len(content)), chance.randrange(1, 1 << 14)
        content[to:to + size] = content[at:at + size]
    return bytes(content)


print(f"1..{len(victims)}")
failed = 0
for number, victim in enumerate(victims, 1):
    content = pathlib.Path(victim).read_bytes()
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "damaged"
        for seed in range(count):
            copy.write_bytes(mutate(content, random.Random(f"{number} {seed}")))
            try:
                done = subprocess.run([sysgap, "scan", "--no-cache", "--tier", "exact", "--format", "names", str(copy)],
                                      capture_output=True, text=True, errors="replace", timeout=LIMIT_SECONDS,
                                      preexec_fn=limit)
            except subprocess.TimeoutExpired:
                problems.append(f"seed {seed}: more than {LIMIT_SECONDS} s")
                continue
            if done.returncode not in (0, 1):
                problems.append(f"seed {seed}: exit {done.returncode}: {done.stderr[-300:]}")
            elif done.returncode == 1 and not done.stderr.startswith("sysgap: "):
                problems.append(f"seed {seed}: no clear error: {done.stderr[-300:]}")
    failed += bool(problems)
    print(f"{'not ok' if problems else 'ok'} {number} - {count} damaged copies of {victim}", flush=True)
    for problem in problems:
        print("# " + problem.replace("\n", "\n# "))
sys.exit(1 if failed else 0)
