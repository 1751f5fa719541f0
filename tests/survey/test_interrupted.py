#!/usr/bin/env python3
"""A survey that is killed at any moment and started again ends as one that was not; mutated packages
are all accounted for, and nothing is written beside the store.

usage: test_interrupted.py SYSGAP [KILLS [MUTANTS]]
"""
import os, pathlib, random, signal, subprocess, sys, tempfile, time, unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "robustness"))
import packages, tap

program = str(pathlib.Path(sys.argv.pop(1)).resolve())
kills = int(sys.argv.pop(1)) if len(sys.argv) > 1 else 20
mutants = int(sys.argv.pop(1)) if len(sys.argv) > 1 else 200
chance = random.Random(20261125)


def mutate(content):
    """One of: flipped bits, a cut, a lying size, a part twice, members exchanged, another file inside."""
    content = bytearray(content)
    way = chance.randrange(6)
    at = chance.randrange(len(content))
    if way == 0:
        for _ in range(chance.randrange(1, 20)):
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    elif way == 1:
        del content[at:]
    elif way == 2:  # the size field of some member's header
        field = content.find(b"`\n", chance.randrange(200)) - 10
        content[field:field + 10] = str(chance.randrange(10**10)).ljust(10).encode()
    elif way == 3:
        content[at:at] = content[:at]
    elif way == 4:
        content = content.replace(b"control.tar", b"data.tar.xx", 1)
    else:
        content[at:at + 64] = b"!<arch>\n" * 8
    return bytes(content)


class Interrupted(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.scratch.name)
        self.debs = self.folder / "debs"
        self.debs.mkdir()
        packages.make_set(self.folder / "work", self.debs)

    def tearDown(self):
        self.scratch.cleanup()

    def start(self, db):
        return subprocess.Popen([program, "scan", str(self.debs), "--db", str(self.folder / db), "--quiet",
                                 "--format", "names"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def export(self, db):
        return subprocess.run([program, "export", "packages", "--db", str(self.folder / db)], check=True,
                              capture_output=True, text=True).stdout

    def test_a_killed_survey_ends_as_another(self):
        began = time.monotonic()
        whole = self.start("whole.db")
        self.assertEqual(whole.communicate()[1], "")
        seconds = time.monotonic() - began
        for number in range(kills):
            store = f"killed{number % 4}.db"  # each is killed several times
            process = self.start(store)
            time.sleep(chance.uniform(0, seconds))
            process.send_signal(signal.SIGKILL)
            process.communicate()
        for number in range(4):
            done = self.start(f"killed{number}.db")
            self.assertEqual((done.communicate()[1], done.returncode), ("", 0))
            self.assertEqual(self.export(f"killed{number}.db"), self.export("whole.db"))

    def test_every_mutant_is_accounted_for(self):
        originals = [path.read_bytes() for path in sorted(self.debs.glob("*.deb"))]
        for number in range(mutants):
            (self.debs / f"mutant{number:05}.deb").write_bytes(mutate(chance.choice(originals)))
        before = sorted(str(path) for path in self.folder.rglob("*"))
        process = self.start("mutants.db")
        output, errors = process.communicate()
        self.assertEqual((process.returncode, errors), (0, ""))
        self.assertEqual(len(output.split()), len(originals) + mutants)
        after = [path for path in map(str, self.folder.rglob("*")) if "mutants.db" not in path]
        self.assertEqual(sorted(after), before)


if __name__ == "__main__":
    tap.main()
