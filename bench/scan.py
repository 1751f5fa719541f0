#!/usr/bin/env python3
"""CPU time of `sysgap scan` on programs with all their libraries, and objdump -d's on the same files.

Prints "name value unit" lines: seconds without and with what is known of the files from an earlier
run, MB of code per second, peak memory, and how many times objdump's CPU time is the scan's. Programs
that are not installed are left out."""
import json, os, shutil, subprocess, sys, tempfile

sysgap = sys.argv[1]
programs = sys.argv[2:] or ["true", "ls", "sqlite3", "redis-server", "nginx", "memcached", "lighttpd", "haproxy"]

def cpu(command):
    """CPU seconds and peak memory (KiB) of the best of three runs."""
    best = None
    for _ in range(3):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
        seconds = usage.ru_utime + usage.ru_stime
        if best is None or seconds < best[0]:
            best = (seconds, usage.ru_maxrss)
    return best

cache = tempfile.TemporaryDirectory()
os.environ["XDG_CACHE_HOME"] = cache.name
for name in programs:
    path = shutil.which(name, path="/usr/bin:/usr/sbin:/bin:/sbin")
    if path is None:
        continue
    scan = [sysgap, "scan", "--tier", "exact", "--format"]
    files = json.loads(subprocess.run([*scan, "json", path], capture_output=True, check=True, text=True).stdout)["loaded"]
    cold, memory = cpu([*scan, "names", "--no-cache", path])
    warm, _ = cpu([*scan, "names", path])
    megabytes = sum(f["code_bytes"] for f in files) / 1e6
    print(f"scan_{name}_cold {cold:.3f} s")
    print(f"scan_{name}_warm {warm:.3f} s")
    print(f"scan_{name}_rate {megabytes / cold:.0f} MB/s")
    print(f"scan_{name}_memory {memory / 1024:.0f} MiB")
    if shutil.which("objdump"):
        objdump, _ = cpu(["objdump", "-d", *[f["path"] for f in files]])
        print(f"scan_{name}_objdump_to_cold {objdump / cold:.1f} times")
        print(f"scan_{name}_objdump_to_warm {objdump / max(warm, 1e-3):.0f} times", flush=True)
