#!/usr/bin/env python3
"""What src/scan/models.c says of glibc 2.36, by the code of libc and ld.so itself. TAP output; 77 with another glibc.

usage: gates.py

Every exported function of libc that reaches a gated call is among those that open the gate: goes back from each call's
instructions along objdump's calls and jumps, from functions to those that take their addresses, and from tables with
their addresses to those that read the tables. Where state or an argument decides, that too is looked up in the code."""
import bisect, collections, os, pathlib, re, struct, subprocess, sys

LIBC, LOADER = "/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"
# They make the call for attributes and file actions only, which the openers set.
FOR_ATTRIBUTES = re.compile(r"(__)?pthread_mutex_(?!setprioceiling)|pthread_cond|mtx_|pthread_create$|thrd_create$|posix_spawnp?$")
# What works on that which an opener has made; to jump down the stack takes another stack, which sigaltstack sets.
IMPLIED = {"fts_children": "fts_open", "fts_read": "fts_open", "fts_close": "fts_open", "longjmp_chk": "sigaltstack"}
# Whoever makes temporary names is told by its fourth argument, a constant of each caller, to make a folder.
BY_ARGUMENT = {"mkdir": ("ecx", 1)}
TABLE_BYTES = 64  # a table's words are this near behind the address by which code finds it


def output(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout  # readelf complains of split debug information


def table(name):
    source = (pathlib.Path(__file__).resolve().parents[2] / "src" / "scan" / "models.c").read_text()
    return re.sub(r"/\*.*?\*/", "", source.split(name + "[] = {")[1].split("\n};")[0], flags=re.S)


def gates():
    """[(calls, openers)] of the table in the source"""
    return [(re.findall(r'"(\w+)"', a), re.findall(r'"(\w+)"', b))
            for a, b in re.findall(r"\{ (\{[^{}]*\}),?\s*(\{[^{}]*\}) \}", table("gates"))]


def inner_calls():
    """{callee: openers} of the other one"""
    return {name: re.findall(r'"(\w+)"', openers) for name, openers in re.findall(r'\{ "(\w+)",\s*\{([^{}]*)\} \}', table("inner_calls"))}


def numbers():
    text = pathlib.Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h").read_text()
    return {name: int(number) for name, number in re.findall(r"#define __NR_(\w+) (\d+)", text)}


class Code:
    """A library's functions, each by its start, and who leads to them."""

    def __init__(self, path):
        self.names, self.callers, self.sites = (collections.defaultdict(set) for _ in range(3))
        for line in output("nm", "-D", "--defined-only", path).splitlines():
            address, kind, name = line.split()[:3]
            if kind in "TtWwi":
                self.names[int(address, 16)].add(name.split("@")[0])
        frames = re.findall(r"pc=([0-9a-f]+)\.\.([0-9a-f]+)", output("readelf", "--debug-dump=frames-interp", path))
        self.ranges = sorted((int(a, 16), int(b, 16)) for a, b in frames)
        self.starts = [start for start, _ in self.ranges]
        self.lines = collections.defaultdict(list)  # (address, text) of each function's instructions
        for line in output("objdump", "-d", "--no-show-raw-insn", path).splitlines():
            if found := re.match(r"\s*([0-9a-f]+):\s+(.*)", line):
                self.lines[self.function(int(found[1], 16))].append((int(found[1], 16), found[2]))
        self.mentioned = collections.defaultdict(set)  # {address: functions that compute or read it}
        for start, lines in self.lines.items():
            self.read_function(start, lines)
        self.read_tables(path)

    def function(self, address):
        i = bisect.bisect_right(self.starts, address) - 1
        return self.starts[i] if i >= 0 and address < self.ranges[i][1] else address

    def read_function(self, here, lines):
        constants, number = collections.defaultdict(set), set()
        for _, text in lines:
            if constant := re.match(r"mov\s+\$0x([0-9a-f]+),%(\w+)", text):
                constants[constant[2]].add(int(constant[1], 16))
        for _, text in lines:
            if constant := re.match(r"mov\s+\$0x([0-9a-f]+),%[er]ax", text):
                number = {int(constant[1], 16)}
            elif held := re.match(r"mov\s+%(\w+),%[er]ax", text):
                number = constants[held[1]]
            elif text.startswith("syscall"):
                for one in number:
                    self.sites[one].add(here)
            elif target := re.match(r"(?:call|j\w+)\s+([0-9a-f]+)", text):
                if self.function(int(target[1], 16)) != here:
                    self.callers[self.function(int(target[1], 16))].add(here)
            if mentioned := re.search(r"\(%rip\).*# ([0-9a-f]+)", text):
                self.mentioned[int(mentioned[1], 16)].add(here)

    def read_tables(self, path):
        """Who takes a function's address, or finds it in a table, counts as a caller."""
        known = set(self.starts)
        for address in known & set(self.mentioned):
            self.callers[address] |= self.mentioned[address] - {address}
        addresses = sorted(self.mentioned)
        data = pathlib.Path(path).read_bytes()
        for offset, address, size in re.findall(r"LOAD\s+0x(\w+) 0x(\w+) 0x\w+ 0x(\w+) 0x\w+ RW", output("readelf", "-lW", path)):
            words = struct.unpack_from(f"<{int(size, 16) // 8}Q", data, int(offset, 16))
            for i, word in enumerate(words):
                place = int(address, 16) + 8 * i
                near = bisect.bisect_right(addresses, place) - 1
                if word in known and near >= 0 and place - addresses[near] < TABLE_BYTES:
                    self.callers[word] |= self.mentioned[addresses[near]]

    def reaching(self, functions, follow):
        """These and all that lead to them by steps that the function follow(caller, callee) allows."""
        reached, todo = set(functions), list(functions)
        while todo:
            callee = todo.pop()
            for caller in self.callers[callee] - reached:
                if follow(caller, callee):
                    reached.add(caller)
                    todo.append(caller)
        return reached

    def exported(self, functions):
        return {plain(name) for function in functions for name in self.names[function]}

    def by_name(self, name):
        return next(address for address, names in self.names.items() if name in names)

    def passes(self, caller, callee, register):
        """The constants that a function's calls of another one pass in a register; None among them: something else."""
        passed, held = set(), None
        for _, text in self.lines[caller]:
            if constant := re.match(rf"mov\s+\$0x([0-9a-f]+),%{register}", text):
                held = int(constant[1], 16)
            elif re.match(rf"xor\s+%{register},%{register}", text):
                held = 0
            elif target := re.match(r"(?:call|j\w+)\s+([0-9a-f]+)", text):
                passed |= {held} if int(target[1], 16) == callee else set()
                held = None if text.startswith("call") else held
            elif re.search(rf"[,\s]%[er]?{register[1:]}$", text):
                held = None
        return passed


def for_attributes(names):
    return any(FOR_ATTRIBUTES.match(name) for name in names)


def plain(name):
    """Without what marks libc's own name for it, or that for large files."""
    return re.sub("^__|64", "", name)


def not_opened(code, call, openers):
    """The exported functions that reach a call and do not open its gate; None when nothing makes it."""
    register, kind = BY_ARGUMENT.get(call, (None, None))

    def follow(caller, callee):
        if for_attributes(code.names[caller]):
            return False
        if register is None or code.names[callee]:
            return True
        passed = code.passes(caller, callee, register)
        return not passed or bool(passed & {kind, None})

    reached = code.reaching({site for site in code.sites[numbers()[call]] if not for_attributes(code.names[site])}, follow)
    known = {plain(name) for name in openers}
    return sorted(name for name in code.exported(reached) - known if IMPLIED.get(name) not in known) if reached else None


def remote_calls(code):
    """
    What is wrong with: a thread's end unregisters what svc_register, called by the openers, put into the thread's list
    at REGISTERED of the state that one function alone hands out.
    """
    registered = "0xe8(%r"
    openers, unregister, register = (inner_calls()["svc_unregister"], *map(code.by_name, ("svc_unregister", "svc_register")))
    inner = [caller for caller in code.callers[unregister] if not code.names[caller]]
    state = [function for function in code.lines if not code.names[function] and function in code.callers and
             set(inner) | {register, unregister} <= code.callers[function]]
    if len(inner) != 1 or len(state) != 1:
        return f"{len(inner)} inner callers, {len(state)} functions with the state"
    writers = {function for function in code.callers[state[0]]
               for _, text in code.lines[function] if text.startswith("mov") and re.search(r"," + re.escape(registered) + r"\w+\)$", text)}
    callers = code.exported(code.reaching({register}, lambda *_: True))
    others = [hex(function) for function in writers - {register, unregister}]
    return f"{others} write, {sorted(callers - set(openers))} register" if others or not callers <= set(openers) or register not in writers else ""


def diagnostics(code):
    """What is wrong with: ld.so asks for the system's name for --list-diagnostics alone, whose output has "dl_dst_lib"."""
    data = pathlib.Path(LOADER).read_bytes()
    text = data.find(b"dl_dst_lib")
    printers = code.mentioned[text]  # read-only data is at its offset
    sites = code.sites[numbers()["uname"]]
    reached = code.reaching(sites, lambda caller, callee: callee not in printers)
    last = [hex(function) for function in reached if not code.callers[function] and function not in printers]
    others = [hex(function) for function in reached if function not in printers and code.callers[function] - reached]
    return "" if sites and printers & reached and not last and not others else f"{len(printers)} print it, {last} {others} ask, too"


def folders(code):
    """What is wrong with: ld.so asks for a file's folder after it counted a name's "$", for the current one after it looked for "/"."""
    def has(function, character):
        return any(f"$0x{ord(character):x}," in text for _, text in code.lines[function])

    number = numbers()
    origin, current, listing = (code.sites[number[call]] for call in ("readlink", "getcwd", "getdents64"))
    counters = {function for function in code.lines if has(function, "$")}
    without = [hex(caller) for function in origin for caller in code.callers[function]
               if not any(caller in code.callers[counter] for counter in counters)]
    without += [hex(caller) for function in current for caller in code.callers[function] if not has(caller, "/")]
    above = code.reaching(listing, lambda _, callee: callee not in current)
    without += [hex(function) for function in above - current if not code.callers[function]]
    without += [] if current <= above else ["something else"]
    return "" if origin and current and listing and not without else f"{without} ask, too"


def main():
    if not os.path.exists(LIBC) or "GLIBC_2.37" in (versions := output("readelf", "-V", LIBC)) or "GLIBC_2.36" not in versions:
        print("1..0 # SKIP no glibc 2.36")
        sys.exit(77)
    code, failed = Code(LIBC), 0
    wanted = [(call, openers) for calls, openers in gates() for call in calls]
    print(f"1..{len(wanted) + 4}")

    def report(number, title, right, remark):
        nonlocal failed
        failed += not right
        print(f"{'ok' if right else 'not ok'} {number} - {title}{remark if not right else ''}")

    report(1, "the table is read", len(wanted) > 15 and len(inner_calls()) == 1, "")
    for i, (call, openers) in enumerate(wanted, 2):
        missing = not_opened(code, call, openers)
        report(i, call, missing == [], f": {missing} reach it, too")
    wrong = remote_calls(code)
    report(len(wanted) + 2, "a thread's end unregisters remote calls", not wrong, f": {wrong}")
    loader = Code(LOADER)
    wrong = diagnostics(loader)
    report(len(wanted) + 3, "ld.so's uname is for its diagnostics", not wrong, f": {wrong}")
    wrong = folders(loader)
    report(len(wanted) + 4, "ld.so's look for folders is for names that ask", not wrong, f": {wrong}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
