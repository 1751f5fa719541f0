#!/usr/bin/env python3
"""Explorations and traces against their peers, on this machine; one line per figure: name value unit.

usage: explore.py SYSGAP [ls] [trace] [cpu] [redis] [nginx]       (root; without names: ls, cpu and trace)

ls      a whole exploration of `ls /`, against a baseline with the protocol of Loupe: each syscall that ls uses is
        stubbed and then faked in a run of its own, one after the other, with its fixed sleep of 0.4 s
trace   `find /usr -type f` and redis-benchmark: native, sysgap trace, strace -f -c, perf trace -s
cpu     the same two, native and under sysgap trace, in CPU time: also on a busy machine
redis, nginx   trials, and time in the workload, of an exploration with one replica
"""
import ctypes, json, os, resource, shutil, signal, statistics, subprocess, sys, tempfile, time

sysgap = os.path.abspath(sys.argv[1])
wanted = sys.argv[2:] or ["ls", "cpu", "trace"]
scratch = tempfile.mkdtemp(prefix="sysgap-bench-")
environment = {**os.environ, "XDG_DATA_HOME": scratch}


def figure(name, value, unit):
    print(name, f"{value:.4g}", unit, flush=True)


def seconds(run, times=3):
    taken = []
    for _ in range(times):
        start = time.monotonic()
        run()
        taken.append(time.monotonic() - start)
    return statistics.median(taken)


def cpu_seconds(words, times=5):
    """User and system time of a command and all that it waits for."""
    def used():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime
    taken = []
    for _ in range(times):
        start = used()
        quiet(words)
        taken.append(used() - start)
    return statistics.median(taken)


def quiet(words, **options):
    return subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, **options)


def explored(name, *options):
    done = subprocess.run([sysgap, "explore", name, "--forget", "--quiet", "--replicas", "1", "--format", "json", *options],
                          stdout=subprocess.PIPE, env=environment, check=True)
    return json.loads(done.stdout)


def loupe_protocol(numbers):
    """One run per call and mode, in sequence; the filter is libseccomp's."""
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    allow, answer = 0x7FFF0000, 0x00050000

    def install(number, code):
        filter = ctypes.c_void_p(seccomp.seccomp_init(allow))
        seccomp.seccomp_rule_add(filter, ctypes.c_uint32(answer | code), ctypes.c_int(number), 0)
        seccomp.seccomp_load(filter)

    quiet(["ls", "/"])
    for number in numbers:
        for code in (38, 0):
            child = os.fork()
            if child == 0:
                os.setsid()
                nothing = os.open("/dev/null", os.O_RDWR)
                for fd in range(3):
                    os.dup2(nothing, fd)
                install(number, code)
                try:
                    os.execv("/bin/ls", ["ls", "/"])
                finally:
                    os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(0.4)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def bench_ls():
    unknown = os.path.join(scratch, "unknown.yaml")  # of an application of which nothing is known: no guesses help
    with open(unknown, "w") as file:
        file.write("application: unknown\nname: benchmark-ls\ncommand: [ls, /]\nsuccess: {same-output: true}\nlimit: 10\n")
    document = explored(unknown)
    numbers = [row["number"] for row in document["syscalls"]]
    ours = seconds(lambda: explored(unknown))
    theirs = seconds(lambda: loupe_protocol(numbers), 1)
    figure("explore_ls_syscalls", len(numbers), "calls")
    figure("explore_ls_trials", document["cost"]["trials"], "trials")
    figure("explore_ls", ours, "s")
    figure("explore_ls_loupe_protocol", theirs, "s")
    figure("explore_ls_speedup", theirs / ours, "times")


def bench_traced(name, words):
    native = seconds(lambda: quiet(words))
    figure(f"trace_{name}_native", native, "s")
    tools = {
        "sysgap": [sysgap, "trace", "--format", "names", "--", *words],
        "strace": ["strace", "-f", "-c", "-o", "/dev/null", *words],
        "perf": ["perf", "trace", "-s", "-o", "/dev/null", *words],
    }
    for tool, line in tools.items():
        if shutil.which(line[0]) is None:
            continue
        figure(f"trace_{name}_{tool}_ratio", seconds(lambda: quiet(line), 3 if tool == "sysgap" else 1) / native, "times")


FIND = ["find", "/usr", "-type", "f"]
REDIS = ["sh", "-c", "redis-server --port 7654 --save '' >/dev/null & until redis-cli -p 7654 ping >/dev/null 2>&1; do "
         "sleep 0.01; done; redis-benchmark -p 7654 -q -n 20000 -t set,get; redis-cli -p 7654 shutdown nosave; wait"]


def bench_trace():
    bench_traced("find", FIND)
    bench_traced("redis", REDIS)


def bench_cpu():
    for name, words in ("find", FIND), ("redis", REDIS):
        native = cpu_seconds(words)
        traced = cpu_seconds([sysgap, "trace", "--format", "names", "--", *words])
        figure(f"trace_{name}_native_cpu", native, "s")
        figure(f"trace_{name}_sysgap_cpu_ratio", traced / native, "times")


def bench_trials(name, workload):
    document = explored(workload)
    cost, calls = document["cost"], len(document["syscalls"])
    failing = sum(row[mode] == "fails" for row in document["syscalls"] for mode in ("stub", "fake"))
    figure(f"explore_{name}_syscalls", calls, "calls")
    figure(f"explore_{name}_first_trials", cost["first_trials"], "trials")
    figure(f"explore_{name}_of_2n", 100 * cost["first_trials"] / (2 * calls), "%")
    figure(f"explore_{name}_failing_of_2n", 100 * failing / (2 * calls), "%")
    figure(f"explore_{name}_per_trial", cost["seconds"] / cost["trials"], "s")
    figure(f"explore_{name}_in_workload", 100 * cost["workload_share"], "%")


runs = {"ls": bench_ls, "trace": bench_trace, "cpu": bench_cpu, "redis": lambda: bench_trials("redis", "redis-benchmark"),
        "nginx": lambda: bench_trials("nginx", "nginx-wrk")}
try:
    for name in wanted:
        runs[name]()
finally:
    shutil.rmtree(scratch)
