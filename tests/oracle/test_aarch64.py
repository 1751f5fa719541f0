#!/usr/bin/env python3
"""Our A64 decoder and sweep against objdump: test_aarch64.py AARCH64_DUMP [FILE…]

Checked for every instruction: that it is one, its class, targets, registers written, flags, memory
operand, change of the base, immediates. Files default to the C library, its loader and the others
of libc6-arm64-cross; without that package or objdump the test is skipped (77).
"""
import glob
import re
import shutil
import subprocess
import sys

OBJDUMP = "aarch64-linux-gnu-objdump"
DEFAULT_FILES = "/usr/aarch64-linux-gnu/lib/*.so*"
SHOWN_LIMIT = 40

(OTHER, MOVE, SIGN_EXTEND, ADDRESS, ADD, SUBTRACT, AND, OR, XOR, SHIFT_LEFT, SHIFT_RIGHT, INSERT, COMPARE, TEST,
 SELECT, SELECT_NEXT, PUSH, POP, LEAVE, CALL, JUMP, BRANCH, RETURN, SYSCALL, SYSCALL_I386, TRAP, NOTHING) = range(27)
CONDITIONS = {"eq": 1, "ne": 2, "cc": 3, "ls": 4, "hi": 5, "cs": 6, "lt": 7, "le": 8, "gt": 9, "ge": 10, "mi": 11,
              "pl": 12, "cbz": 13, "cbnz": 14}
# Those of which several forms are not followed may be OTHER.
OPERATIONS = {
    "add": {ADD, OTHER}, "sub": {SUBTRACT, OTHER}, "adds": {ADD, COMPARE, OTHER}, "subs": {SUBTRACT, COMPARE, OTHER},
    "and": {AND, OTHER}, "ands": {AND, TEST, OTHER}, "orr": {OR, MOVE, OTHER}, "eor": {XOR, OTHER},
    "movz": {MOVE}, "movn": {MOVE}, "movk": {INSERT}, "adr": {ADDRESS}, "adrp": {ADDRESS}, "csel": {SELECT}, "csinc": {SELECT_NEXT}, "csinv": {SELECT, OTHER},
    "csneg": {SELECT, OTHER},
    "ubfm": {MOVE, SHIFT_LEFT, SHIFT_RIGHT, OTHER}, "sbfm": {SIGN_EXTEND, OTHER}, "lslv": {SHIFT_LEFT},
    "lsrv": {SHIFT_RIGHT}, "b": {JUMP}, "bl": {CALL}, "br": {JUMP}, "blr": {CALL}, "ret": {RETURN}, "svc": {SYSCALL},
    "brk": {TRAP}, "hlt": {TRAP}, "udf": {TRAP}, "dcps1": {TRAP}, "dcps2": {TRAP}, "dcps3": {TRAP}, "cbz": {BRANCH}, "cbnz": {BRANCH}, "tbz": {BRANCH}, "tbnz": {BRANCH},
    "ldr": {MOVE, OTHER}, "ldrb": {MOVE}, "ldrh": {MOVE}, "ldur": {MOVE, OTHER}, "ldurb": {MOVE}, "ldurh": {MOVE},
    "str": {MOVE, OTHER}, "strb": {MOVE}, "strh": {MOVE}, "stur": {MOVE, OTHER}, "sturb": {MOVE}, "sturh": {MOVE},
    "ldrsb": {SIGN_EXTEND}, "ldrsh": {SIGN_EXTEND}, "ldrsw": {SIGN_EXTEND}, "ldursb": {SIGN_EXTEND},
    "ldursh": {SIGN_EXTEND}, "ldursw": {SIGN_EXTEND}, "ldar": {MOVE}, "ldarb": {MOVE}, "ldarh": {MOVE},
    "ldraa": {MOVE}, "ldrab": {MOVE}, "stlr": {MOVE}, "stlrb": {MOVE}, "stlrh": {MOVE}, "nop": {NOTHING}, "prfm": {NOTHING}, "prfum": {NOTHING},
    "dmb": {NOTHING}, "dsb": {NOTHING}, "isb": {NOTHING}, "bti": {NOTHING}, "hint": {NOTHING, OTHER},
}
for ordered in ("ldapr", "ldapur", "ldlar", "ldtr", "sttr", "stlur", "stllr"):
    OPERATIONS |= {ordered + width: {MOVE} for width in ("", "b", "h")}
    OPERATIONS |= {ordered + width: {SIGN_EXTEND} for width in ("sb", "sh", "sw")}
FLAG_SETTERS = {"adds", "subs", "ands", "bics", "adcs", "sbcs", "ccmp", "ccmn", "fcmp", "fcmpe", "fccmp", "fccmpe",
                "msr", "fjcvtzs", "subps", "rmif", "setf8", "setf16"}
NO_DESTINATION = re.compile(r"b$|b\.|br|ret|cb|tb|svc|brk|hlt|udf|dcps|rmif|setf|ccm|fcc|fcm|pr|msr|sys$|d[ms]b|isb|clrex|st|ptest")
ATOMIC = re.compile(r"(ldadd|ldclr|ldeor|ldset|ldsmax|ldsmin|ldumax|ldumin|swp)")
# Those of which no detail is known: ours may say that they do more.
SCALABLE = re.compile(r"^(cpy|set[gpme]|hvc|smc|adds[vp]l|rdsvl)|[zp]\d|vl\d|\b(cnt|inc|dec|sqinc|sqdec|uqinc|uqdec)[bhwdp]\b|\b(rdvl|addvl|addpl|setffr|wrffr)")

failures = []


def register(text):
    """The number of a general register, 31 for the stack pointer, None for others and for zero."""
    match = re.fullmatch(r"[xw](\d+)|(w?sp)", text)
    if match is None:
        return None
    return 31 if match[2] else int(match[1])


def bits(*numbers):
    return sum(1 << n for n in set(numbers) if n is not None)


class Line:
    """One line of objdump -M no-aliases."""

    def __init__(self, va, mnemonic, operands):
        self.va, self.mnemonic, self.text = va, mnemonic, f"{mnemonic} {operands}"
        operands = re.sub(r"\s*(<[^>]*>|//.*)", "", operands)
        self.memory = re.search(r"\[((?:x\d|sp)[^\]]*)\](!?)(, #(-?\d+|0x[0-9a-f]+)|, (x\d+))?", operands)
        self.operands = [part.strip() for part in re.sub(r"\[(x\d|sp).*", "", operands).split(",") if part.strip()]
        self.scalable = SCALABLE.search(f"{mnemonic} {operands}") is not None

    def written(self):
        numbers = [register(part) for part in self.operands]
        first = numbers[0] if numbers else None
        found = set()
        if self.mnemonic in ("bl", "blr"):
            found = {30}
        elif self.mnemonic == "svc":
            found = {0}
        elif self.mnemonic == "hint":  # pointer authentication
            hint = number(self.operands[0])
            found = {30} if hint == 7 or hint >= 24 and hint < 32 else {17} if hint >= 8 and hint < 16 else set()
        elif re.match("st[l]?x", self.mnemonic) and not self.mnemonic.startswith("stz"):
            found = {first}
        elif ATOMIC.match(self.mnemonic):
            found = {numbers[1]}
        elif self.mnemonic.startswith("casp"):
            found = {first, numbers[1]}
        elif re.match("ldn?p|ldpsw|lda?xp", self.mnemonic):
            found = {first, numbers[1]}
        elif not NO_DESTINATION.match(self.mnemonic):
            found = {first}
        if self.memory and (self.memory[2] or self.memory[3]):
            found.add(register(self.memory[1].split(",")[0]))
        return bits(*found)

    def stores(self):
        return (re.match("st", self.mnemonic) is not None or ATOMIC.match(self.mnemonic) is not None
                or self.mnemonic.startswith("cas") or self.mnemonic == "sys" and re.search("C7, C4, #[134]", self.text) is not None)


def number(text):
    return int(text.lstrip("#"), 0)


def fail(line, ours, why):
    failures.append(why)
    if len(failures) <= SHOWN_LIMIT:
        print(f"# {line.va:x} {line.text}: {why}: {ours}")


def check_memory(line, ours):
    parts = [part.strip() for part in line.memory[1].split(",")]
    operand = next((text for text in ours["operands"] if text.startswith("m")), None)
    if operand is None:
        return ours["operation"] == NOTHING
    base, index, value = operand[1:].split(".")[0].split(",")
    value = int(value, 16) - (1 << 64 if int(value, 16) >> 63 else 0)
    if int(base) != register(parts[0]):
        return False
    if len(parts) > 1 and not parts[1].startswith("#"):
        return int(index) == (255 if register(parts[1]) is None else register(parts[1]))
    displacement = number(parts[1]) if len(parts) > 1 else 0
    after = number(line.memory[4]) if line.memory[4] else 0
    tags_or_structure = re.match(r"st2?z?2?g$|ldg$|(ld|st)[1-4]r?$", line.mnemonic)
    change = displacement if line.memory[2] else after
    return tags_or_structure is not None or (value == displacement and ours["change"] == change)


def check_values(line, ours):
    """Targets, and constants with shifts."""
    name, operands = line.mnemonic, line.operands
    mask = 0xffffffff if operands and operands[0].startswith("w") else (1 << 64) - 1
    if name in ("b", "bl") or re.match(r"bc?\.", name):
        return ours["operands"][1] == f"i{int(operands[0], 16):x}"
    if name in ("cbz", "cbnz", "tbz", "tbnz"):
        return ours["operands"][1] == f"i{int(operands[-1], 16):x}"
    if name in ("br", "blr", "ret"):
        return ours["operands"][1] == f"r{register(operands[0]) if operands else 30}.8"
    if name in ("adr", "adrp"):
        return ours["operands"][1] == f"m255,255,{int(operands[1], 16):x}.0"
    if name in ("movz", "movn"):
        shift = number(operands[2].split()[-1]) if len(operands) > 2 else 0
        value = number(operands[1]) << shift
        return ours["operands"][1] == f"i{(~value if name == 'movn' else value) & mask:x}"
    if name == "movk":
        return ours["operands"][2] == f"i{number(operands[1]):x}"
    if name in ("add", "sub", "adds", "subs") and operands[2].startswith("#"):
        value = number(operands[2]) << (number(operands[3].split()[-1]) if len(operands) > 3 else 0)
        if name == "adds" and ours["operation"] == COMPARE:
            value = -value & ((1 << 64) - 1)
        return ours["operands"][2] == f"i{value:x}" and ours["operands"][1][1:].split(".")[0] == str(register(operands[1]))
    if name in ("and", "orr", "eor", "ands") and operands[-1].startswith("#"):
        return f"i{number(operands[2]):x}" in ours["operands"][1:]
    if name in ("ldr", "ldrsw") and line.memory is None:
        return any(text.startswith(f"m255,255,{int(operands[1], 16):x}.") for text in ours["operands"])
    if name == "csel":
        return ours["condition"] == CONDITIONS.get(operands[3], 0)
    return True


def check(line, ours):
    if line.mnemonic.startswith(".inst") or line.mnemonic == ".word":
        return
    if ours is None:
        return fail(line, ours, "refused")
    name = line.mnemonic
    expected = {BRANCH} if re.match(r"bc?\.", name) else OPERATIONS.get(name, {OTHER, NOTHING, RETURN})
    if line.scalable:
        expected = {OTHER}
    if ours["operation"] not in expected:
        fail(line, ours, "operation")
    condition = name.split(".")[-1]
    if ours["operation"] == BRANCH and ours["condition"] != CONDITIONS.get(condition, 0):
        fail(line, ours, "condition")
    if line.scalable:  # these may only say more
        if line.written() & ~ours["written"]:
            fail(line, ours, "registers")
        return None
    if ours["written"] != line.written():
        fail(line, ours, f"registers, not {line.written():x}")
    if ours["flags"] != (name in FLAG_SETTERS):
        fail(line, ours, "flags")
    if ours["stores"] != line.stores():
        fail(line, ours, "stores")
    if line.memory and not check_memory(line, ours):
        fail(line, ours, "memory")
    if not check_values(line, ours):
        fail(line, ours, "value")
    return None


def objdump_lines(path):
    text = subprocess.run([OBJDUMP, "-d", "-z", "-M", "no-aliases", path], check=True, capture_output=True, text=True)
    for line in text.stdout.splitlines():
        match = re.match(r"\s*([0-9a-f]+):\t[0-9a-f]{8} \t(\S+)\s*(.*)", line)
        if match:
            yield Line(int(match[1], 16), match[2], match[3])


def our_lines(dump, path):
    text = subprocess.run([dump, path], check=True, capture_output=True, text=True).stdout
    instructions, events = {}, {}
    for line in text.splitlines():
        kind, *rest = line.split()
        if kind == "I":
            instructions[int(rest[0], 16)] = {
                "operation": int(rest[1]), "condition": int(rest[2]), "flags": rest[3] == "1", "stores": rest[4] == "1",
                "written": int(rest[5], 16), "change": int(rest[6]), "operands": rest[7:]}
        elif kind == "E":
            events[int(rest[0], 16)] = rest[1:]
    return instructions, events


SWEEP_KINDS = {"svc": "1", "bl": "4", "b": "5", "blr": "7", "br": "8", "ret": "13", "brk": "14", "hlt": "14",
               "udf": "14", "adr": "15", "cbz": "6", "cbnz": "6", "tbz": "6", "tbnz": "6", "movz": "19", "movn": "19",
               "nop": "20", "adrp": "16"}


def check_event(line, event):
    if line.scalable:
        return
    kind = "6" if re.match(r"bc?\.", line.mnemonic) else SWEEP_KINDS.get(line.mnemonic)
    if line.mnemonic in ("movz", "movn") and register(line.operands[0]) is None:
        kind = None  # into the zero register
    if kind is not None and (event is None or event[0] != kind):
        fail(line, event, f"event, not {kind}")


def main():
    files = sys.argv[2:] or sorted(glob.glob(DEFAULT_FILES))
    if not files or shutil.which(OBJDUMP) is None:
        print("needs binutils-aarch64-linux-gnu and libc6-arm64-cross")
        return 77
    count = 0
    for path in files:
        instructions, events = our_lines(sys.argv[1], path)
        for line in objdump_lines(path):
            check(line, instructions.get(line.va))
            check_event(line, events.get(line.va))
            count += 1
    print(f"oracle-aarch64-files {len(files)} count")
    print(f"oracle-aarch64-instructions {count} count")
    print(f"oracle-aarch64-differences {len(failures)} count")
    return 0 if count > 0 and not failures else 1


sys.exit(main())
