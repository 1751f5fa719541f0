#!/usr/bin/env python3
"""Damaged copies of the machine's programs and libraries: `sysgap scan` ends in bounded time and memory, with a
result or with one clear error, never by a signal; TAP output. Libraries are scanned alone, and once more as what
an undamaged program loads.

usage: test_mutated.py SYSGAP [COUNT]
"""
import os, pathlib, random, resource, shutil, signal, struct, subprocess, sys, tempfile

sysgap = str(pathlib.Path(sys.argv[1]).resolve())
count = int(sys.argv[2]) if len(sys.argv) > 2 else 12
LIMIT_SECONDS = 60  # of CPU time: other work on the machine does not count
LIMIT_BYTES = 1 << 30  # a scan of libc takes less than a tenth
sanitized = b"__asan_init" in pathlib.Path(sysgap).read_bytes()
PROGRAM, LIBC, LOADER = "/bin/ls", "/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"
victims = [path for path in (PROGRAM, LIBC, LOADER, "/lib/x86_64-linux-gnu/libstdc++.so.6", "/usr/bin/busybox")
           if os.path.exists(path)]
LIES = [0, 1, 7, 0xffff, 0xffffffff, 1 << 32, 1 << 63, (1 << 64) - 1]


def limit():
    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT_SECONDS, LIMIT_SECONDS))
    if not sanitized:  # its shadow memory alone is more
        resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))


def tables(content):
    """Offset and size of the program headers, the dynamic table, and what that and the sections point to."""
    headers_at, sections_at = struct.unpack_from("<QQ", content, 32)
    size, number, section_size, section_number = struct.unpack_from("<HHHH", content, 54)
    found = [(headers_at, size * number)]
    for i in range(number):
        kind, _, offset, _, _, in_file = struct.unpack_from("<IIQQQQ", content, headers_at + i * size)
        if kind in (2, 4, 7, 0x6474e550):  # dynamic, notes, TLS, .eh_frame_hdr
            found.append((offset, in_file))
    found.append((sections_at, section_size * section_number))
    for i in range(section_number):
        kind, = struct.unpack_from("<I", content, sections_at + i * section_size + 4)
        offset, in_file = struct.unpack_from("<QQ", content, sections_at + i * section_size + 24)
        if kind in (2, 3, 4, 5, 9, 11, 14, 15, 16, 19, 0x6ffffff6, 0x6ffffffd, 0x6ffffffe, 0x6fffffff):
            found.append((offset, in_file))  # symbols, strings, relocations, hashes, arrays, RELR, versions
    return [(at, size) for at, size in found if size >= 8 and at + size <= len(content)]


def mutate(content, chance):
    """One kind of damage: bits in headers, bits anywhere, a cut, lying words anywhere or in tables, zeroed or doubled parts."""
    known = tables(content)
    content = bytearray(content)
    kind = chance.randrange(9)
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
            content[at:at + 8] = chance.choice(LIES).to_bytes(8, "little")
    elif kind == 4:
        at, size = chance.randrange(0x40, len(content)), chance.randrange(1, 1 << 16)
        content[at:at + size] = bytes(min(size, len(content) - at))
    elif kind == 5:
        at, to, size = chance.randrange(len(content)), chance.randrange(0x40, len(content)), chance.randrange(1, 1 << 14)
        content[to:to + size] = content[at:at + size]
    else:  # in the tables that readers trust most
        for _ in range(chance.randrange(1, 4) if kind == 6 else 60):
            start, size = chance.choice(known)
            at = start + (chance.randrange(size - 7) & ~7)
            content[at:at + 8] = chance.choice(LIES).to_bytes(8, "little")
    return bytes(content)


def scan(*arguments):
    """What is wrong with how the scan ended."""
    try:
        done = subprocess.run([sysgap, "scan", "--no-cache", "--tier", "exact", "--format", "names", *arguments],
                              capture_output=True, text=True, errors="replace", timeout=20 * LIMIT_SECONDS, preexec_fn=limit)
    except subprocess.TimeoutExpired:
        return "it hangs"
    if done.returncode in (-signal.SIGKILL, -signal.SIGXCPU):
        return f"more than {LIMIT_SECONDS} s"
    if done.returncode not in (0, 1):
        return f"exit {done.returncode}: {done.stderr[-300:]}"
    if done.returncode == 1 and not done.stderr.startswith("sysgap: "):
        return f"no clear error: {done.stderr[-300:]}"
    return None


def in_root(folder, victim, damaged):
    """An undamaged program below a root whose library is damaged."""
    for path in PROGRAM, LIBC, LOADER, "/lib/x86_64-linux-gnu/libselinux.so.1", "/lib/x86_64-linux-gnu/libpcre2-8.so.0":
        target = folder / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if os.path.exists(path):
            shutil.copyfile(os.path.realpath(path), target)
    (folder / victim.lstrip("/")).write_bytes(damaged)
    return scan("--sysroot", str(folder), str(folder / PROGRAM.lstrip("/")))


print(f"1..{len(victims)}")
failed = 0
for number, victim in enumerate(victims, 1):
    content = pathlib.Path(victim).read_bytes()
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "damaged"
        for seed in range(count):
            damaged = mutate(content, random.Random(f"{number} {seed}"))
            copy.write_bytes(damaged)
            found = [scan(str(copy))]
            if victim in (LIBC, LOADER):
                found.append(in_root(pathlib.Path(folder), victim, damaged))
            problems += [f"seed {seed}: {problem}" for problem in found if problem]
    failed += bool(problems)
    print(f"{'not ok' if problems else 'ok'} {number} - {count} damaged copies of {victim}", flush=True)
    for problem in problems:
        print("# " + problem.replace("\n", "\n# "))
sys.exit(1 if failed else 0)
