#!/usr/bin/env python3
"""Our explorations against the published Loupe database, per syscall -> a Markdown document on standard output.

usage: agreement.py SYSGAP RESULTS

RESULTS is a folder of JSON results, `sysgap explore NAME --format json -o RESULTS/NAME.json`. Each difference gets a
reason: by rule where a rule explains it, else from the table REASONS below, which was written by hand from what the
trials said. A difference without a reason is shown as such.
"""
import collections, json, pathlib, re, subprocess, sys

sysgap, results = sys.argv[1], pathlib.Path(sys.argv[2])
PAIRS = [  # our result, Loupe's application and workload
    ("redis-benchmark", "redis", "benchmark-redis-benchmark"),
    ("nginx-wrk", "nginx", "benchmark-wrk"),
    ("lighttpd-wrk", "lighttpd", "benchmark-wrk"),
    ("haproxy-wrk", "haproxy", "benchmark-haproxy-test"),
    ("sqlite", "sqlite", "benchmark-sqlite"),
    ("memcached", "memcached", "suite"),
    ("iperf3", "iperf3", "benchmark-iperf-test"),
]
# A newer call that does the work of an older one: glibc or the application has changed over.
SUCCESSORS = {
    "open": "openat", "openat": "open", "access": "faccessat2", "pipe": "pipe2", "accept": "accept4", "clone": "clone3",
    "stat": "newfstatat", "fstat": "newfstatat", "lstat": "newfstatat", "newfstatat": "fstat",
    "epoll_create": "epoll_create1", "epoll_create1": "epoll_create", "time": "clock_gettime", "getrlimit": "prlimit64",
    "setrlimit": "prlimit64", "dup2": "dup3", "select": "pselect6", "poll": "ppoll", "eventfd": "eventfd2",
    "clone3": "clone", "pipe2": "pipe", "accept4": "accept", "getdents": "getdents64", "prlimit64": "getrlimit",
}
LAST = 334  # Loupe's table ends here
REASONS = json.loads((pathlib.Path(__file__).parent / "agreement.json").read_text())


def loupe():
    text = subprocess.run([sysgap, "export", "workloads", "--source", "Loupe database"], capture_output=True, text=True,
                          check=True).stdout
    found, uses = {}, None
    for line in text.splitlines():
        if re.match(r"(benchmark|suite) ", line):
            _, application, name, *_ = line.split()
            uses = found[application, name] = {}
        elif line.startswith("\t"):
            verdict, *calls = line.split()
            for call in calls:
                uses[call] = verdict
    return found


def rule(call, number, ours, theirs, all_ours, all_theirs):
    """Why a call has another verdict here; None when no rule says."""
    other = SUCCESSORS.get(call)
    if theirs is None and number is not None and number > LAST:
        return f"number {number}: Loupe's table ends at {LAST}"
    if theirs is None and other in all_theirs and other not in all_ours:
        return f"newer glibc or application: was `{other}` there"
    if ours is None and other in all_ours and other not in all_theirs:
        return f"newer glibc or application: is `{other}` here"
    if call == "execve":
        return "Loupe's filter blocks its own execve: always required there; ours lets it through, and the workload makes none"
    if call == "restart_syscall":
        return "an artefact of Loupe's merge: made by the kernel, never by a program"
    return None


def reason(key, call, row, theirs, all_ours, all_theirs, how):
    ours = row["verdict"] if row else None
    said = rule(call, row["number"] if row else None, ours, theirs, all_ours, all_theirs)
    written = REASONS.get(key, {}).get(call) or REASONS["*"].get(call)
    if said or written:
        return said or written
    if key == "memcached" and how == "laxer here":
        return "Loupe's suite asks for more than our benchmark: the only workload that it has here"
    if ours is None:
        if key == "memcached":
            return "of Loupe's suite, which also tests files, signals and restarts: the only workload that it has here"
        return "not made by this version under this workload"
    if theirs is None:
        return "made by this version only"
    if how == "stricter here":
        return "**here it fails:** " + clean(row["reason"])
    if how == "laxer here":
        return "works in all replicas here; Loupe makes replicas that disagree required"
    return "**unexplained**"


def clean(text):
    text = re.sub(r"\d+:\w \d+ \w+ \d+ [\d:.]+ [#*] ", "", text or "")
    text = re.sub(r"\d{4}/\d\d/\d\d [\d:]+ ", "", text)
    return " ".join(text.replace("|", "\\|").split())[:110]


RANK = {"required": 0, "flaky": 0, "stubbable": 1, "fakeable": 1, "either": 2}


def compare(document, theirs, key):
    rows = {row["syscall"]: row for row in document["syscalls"]}
    numbers = collections.Counter()
    lines = []
    for call in sorted(rows.keys() | theirs.keys()):
        row, their = rows.get(call), theirs.get(call)
        ours = row["verdict"] if row else None
        if ours == their:
            how = "the same"
        elif ours is None or their is None:
            how = "used there only" if ours is None else "used here only"
        elif RANK[ours] < RANK[their]:
            how = "stricter here"
        elif RANK[ours] > RANK[their]:
            how = "laxer here"
        else:
            how = "another way"
        numbers[how] += 1
        if ours != their:
            why = reason(key, call, row, their, rows, theirs, how)
            lines.append(f"| `{call}` | {ours or '–'} | {their or '–'} | {why} |")
    return numbers, lines


def main():
    known = loupe()
    done = []
    for name, application, workload in PAIRS:
        path = results / f"{name}.json"
        if path.exists():
            document = json.loads(path.read_text())
            done.append((name, application, workload, document, *compare(document, known[application, workload], name)))
    hows = ["the same", "laxer here", "stricter here", "another way", "used here only", "used there only"]
    print(pathlib.Path(__file__).with_name("agreement.head.md").read_text())
    print("| ours | Loupe's | " + " | ".join(hows) + " | the same, of calls used by both |")
    print("|---|---|" + "---:|" * (len(hows) + 1))
    for name, application, workload, document, numbers, _ in done:
        both = sum(numbers[how] for how in hows[:4])
        print(f"| `{name}` | {application} {workload} | " + " | ".join(str(numbers[how]) for how in hows) +
              f" | {100 * numbers['the same'] / both:.0f} % |")
    for name, application, workload, document, _, lines in done:
        print(f"\n## {name}\n\n{document['machine'].replace('-fc-v657', '')}; {document['packages']}. {document['replicas']} replicas.\n")
        print("| syscall | ours | Loupe's | why |\n|---|---|---|---|")
        print("\n".join(lines))


main()
