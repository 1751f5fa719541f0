#!/usr/bin/env python3
"""CPU time of surveys of packages against that of the decompressor alone, and of dpkg-deb; of a survey of the
installed system with one and two workers, and how it grows. One line per figure: name, value, unit; 77 without
packages.

usage: survey.py SYSGAP BENCH_PACKAGE [FOLDER]        packages of a folder, else of apt's cache
       survey.py SYSGAP BENCH_PACKAGE --installed     some minutes
"""
import glob, os, pathlib, resource, subprocess, sys, tempfile, time

sysgap, bench_package, *words = sys.argv[1:]
LARGE_BYTES = 1 << 20
ZSTD_PACKAGES = 6


def run(command):
    """CPU seconds of a command with all its children, seconds, megabytes of the largest of them"""
    reading, writing = os.pipe()
    if os.fork() == 0:  # a process of its own, so that its children are this command's alone
        began = time.monotonic()
        code = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, shell=isinstance(command, str)).returncode
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        os.write(writing, f"{used.ru_utime + used.ru_stime} {time.monotonic() - began} {used.ru_maxrss * 1024 / 1e6} {code}".encode())
        os._exit(0)
    os.wait()
    os.close(writing)
    *figures, code = os.read(reading, 200).decode().split()
    os.close(reading)
    if code != "0":
        sys.exit(f"{command}: exit {code}")
    return [float(figure) for figure in figures]


def scan(scratch, name, *what):
    return run([sysgap, "scan", *map(str, what), "--db", str(scratch / name), "--quiet", "--format", "names"])


def alone(paths):
    """{path: seconds of the decompressor}"""
    text = subprocess.run([bench_package, "--each", *paths], check=True, capture_output=True, text=True).stdout
    return {path: (float(seconds), int(size)) for seconds, size, path in (line.split(" ", 2) for line in text.splitlines())}


def packages(paths, scratch):
    decoded = alone(paths)
    paths = [path for path in paths if path in decoded]
    total = sum(seconds for seconds, _ in decoded.values())
    used, _, megabytes = scan(scratch, "all.db", *paths, "--jobs", "1")
    again, _, _ = scan(scratch, "all.db", *paths, "--jobs", "1")
    print(f"survey_packages {len(paths)} packages")
    print(f"survey_packed {sum(size for _, size in decoded.values()) / 1e6:.0f} MB")
    print(f"survey_decompressor {total:.2f} s")
    print(f"survey_over_decompressor {used / total:.3f} ratio")
    print(f"survey_peak {megabytes:.0f} MB")
    print(f"survey_second_over_first {again / used:.4f} ratio")
    worst = max((scan(scratch, f"one{number}.db", path, "--jobs", "1")[0] / decoded[path][0], os.path.basename(path))
                for number, path in enumerate(paths) if decoded[path][1] > LARGE_BYTES)
    print(f"survey_over_decompressor_worst_of_large {worst[0]:.3f} ratio # {worst[1]}")
    piped = sum(run(f"dpkg-deb --fsys-tarfile '{path}' | cat")[0] for path in paths)
    print(f"survey_over_dpkg_deb {used / piped:.3f} ratio")


def packed_again(paths, scratch):
    """Some packages, the middle ones by size, packed by zstd."""
    by_size = sorted(paths, key=os.path.getsize)
    middle = by_size[len(by_size) // 2:][:ZSTD_PACKAGES]
    folder = scratch / "zstd"
    folder.mkdir()
    for path in middle:
        subprocess.run(["dpkg-deb", "-R", path, scratch / "root"], check=True)
        subprocess.run(["dpkg-deb", "-Zzstd", "-b", scratch / "root", folder / os.path.basename(path)], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["rm", "-rf", scratch / "root"], check=True)
    total = sum(seconds for seconds, _ in alone([str(path) for path in folder.iterdir()]).values())
    print(f"survey_zstd_over_decompressor {scan(scratch, 'zstd.db', folder, '--jobs', '1')[0] / total:.3f} ratio")


def elf_bytes(names):
    """of installed packages, and the largest"""
    sizes = {}
    listed = subprocess.run(["dpkg-query", "-L", *names], capture_output=True, text=True).stdout
    for path in set(listed.splitlines()):
        try:
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as file:
                    if file.read(4) == b"\x7fELF":
                        sizes[path] = os.path.getsize(path)
        except OSError:
            pass
    return sum(sizes.values()), max(sizes.values(), default=0)


def installed(scratch):
    names = subprocess.run(["dpkg-query", "-W", "-f", "${binary:Package}\n"], check=True, capture_output=True, text=True).stdout.split()
    total, largest = elf_bytes(names)
    print(f"survey_installed {len(names)} packages")
    print(f"survey_installed_elf {total / 1e6:.0f} MB")
    one = scan(scratch, "one.db", "--installed", "--jobs", "1")
    two = scan(scratch, "two.db", "--installed", "--jobs", "2")
    again = scan(scratch, "two.db", "--installed", "--jobs", "2")
    print(f"survey_installed_one_worker_cpu {one[0]:.1f} s")
    print(f"survey_installed_one_worker {one[1]:.1f} s")
    print(f"survey_installed_two_workers_cpu {two[0]:.1f} s")
    print(f"survey_installed_two_workers {two[1]:.1f} s")
    print(f"survey_installed_speedup {one[1] / two[1]:.2f} ratio")
    print(f"survey_installed_work_of_two_over_one {two[0] / one[0]:.3f} ratio", flush=True)
    print(f"survey_installed_peak {one[2]:.0f} MB")
    print(f"survey_installed_peak_allowed {1.5 * largest / 1e6 + 64:.0f} MB")
    print(f"survey_installed_second_over_first {again[0] / two[0]:.4f} ratio")
    for shards in (16, 4, 1):
        done = subprocess.run([sysgap, "scan", "--installed", "--shard", f"0/{shards}", "--db", str(scratch / "two.db"), "--quiet", "--format", "names"],
                              check=True, capture_output=True, text=True).stdout.split()
        used = one[0] if shards == 1 else scan(scratch, f"shard{shards}.db", "--installed", "--jobs", "1", "--shard", f"0/{shards}")[0]
        print(f"survey_growth_{len(done)}_packages {used * 1e9 / elf_bytes(done)[0]:.1f} s/GB")


with tempfile.TemporaryDirectory() as folder:
    scratch = pathlib.Path(folder)
    if words == ["--installed"]:
        installed(scratch)
        sys.exit(0)
    found = sorted(glob.glob((words[0] if words else "/var/cache/apt/archives") + "/*.deb"))
    if not found:
        sys.exit(77)
    packages(found, scratch)
    packed_again(found, scratch)
