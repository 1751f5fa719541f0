#!/usr/bin/env python3
"""The cache of scans changes nothing but time: with it, without it, damaged, unwritable, raced."""
import os, pathlib, random, subprocess, sys, tempfile, unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import tap

sysgap = str(pathlib.Path(sys.argv.pop(1)).resolve())
PROGRAM = "/bin/ls"


def command(folder, *options):
    return [sysgap, "scan", "--format", "json", *options, PROGRAM], {**os.environ, "XDG_CACHE_HOME": str(folder)}


def scan(folder, *options):
    words, environment = command(folder, *options)
    return subprocess.run(words, env=environment, capture_output=True, timeout=120)


class Cache(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.scratch.name)
        cls.expected = scan(cls.folder, "--no-cache").stdout
        assert b'"syscalls"' in cls.expected

    def check(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, self.expected)

    def files(self):
        return sorted((self.folder / "sysgap").iterdir())

    def test_the_second_run_finds_what_the_first_did(self):
        self.check(scan(self.folder))
        self.assertGreater(len(self.files()), 2)
        self.check(scan(self.folder))

    def test_damaged_files_count_as_absent(self):
        self.check(scan(self.folder))
        chance = random.Random(1)
        for path in self.files():
            path.write_bytes(path.read_bytes()[: chance.randrange(200)])
        self.check(scan(self.folder))
        for path in self.files():
            path.write_bytes(b"sysgap\0\0" + bytes(4096))
        self.check(scan(self.folder))

    def test_damaged_facts_never_crash(self):
        self.check(scan(self.folder))
        for seed in range(8):
            chance = random.Random(seed)
            for path in self.files():
                content = bytearray(path.read_bytes())
                for _ in range(50):
                    content[chance.randrange(96, len(content))] = chance.randrange(256)
                path.write_bytes(content)
            self.assertIn(scan(self.folder).returncode, (0, 1))
        for path in self.files():
            path.unlink()

    def test_a_damaged_header_changes_nothing(self):
        self.check(scan(self.folder))
        whole = {path: path.read_bytes() for path in self.files()}
        for off in range(240):
            for path, content in whole.items():
                path.write_bytes(content[:off] + bytes([content[off] ^ 1 << off % 8]) + content[off + 1:])
            self.check(scan(self.folder))

    def test_a_folder_that_cannot_be_made(self):
        self.check(scan("/proc/nowhere"))

    def test_many_at_once(self):
        with tempfile.TemporaryDirectory() as folder:
            words, environment = command(folder)
            running = [subprocess.Popen(words, env=environment, stdout=subprocess.PIPE) for _ in range(4)]
            for process in running:
                self.assertEqual(process.communicate(timeout=120)[0], self.expected)
            self.assertEqual([p.name for p in pathlib.Path(folder, "sysgap").iterdir() if "." in p.name], [])


tap.main()
