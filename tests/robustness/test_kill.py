#!/usr/bin/env python3
"""An import that is killed, and imports at once: the store holds nothing or everything of each.

usage: test_kill.py SYSGAP [SEED]
"""
import pathlib, random, signal, sqlite3, subprocess, sys, tempfile, time, unittest

import tap

program = str(pathlib.Path(sys.argv.pop(1)).resolve())
seed = int(sys.argv.pop(1)) if len(sys.argv) > 1 else 20261123
KILLS = 20
WORKLOADS = 250  # 75,000 rows: an import takes long enough to be hit anywhere


def write_facts(path, verdict, workloads):
    with open(path, "w") as out:
        out.write("# sysgap workloads 1\nsource: Big\n")
        for number in range(workloads):
            calls = " ".join(str(n) for n in range(300))
            out.write(f"\nsuite app{number} suite\n\t{verdict} {calls}\n")


class Kill(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.scratch.name)
        self.store = self.folder / "store.db"

    def tearDown(self):
        self.scratch.cleanup()

    def start(self, name):
        return subprocess.Popen([program, "import", "workloads", str(self.folder / name), "--db", str(self.store)],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def contents(self):
        """What the store holds: {(verdict, workloads with it)}, after it was checked to be whole."""
        done = subprocess.run([program, "export", "workloads", "--source", "Big", "--db", str(self.store)],
                              capture_output=True, text=True)
        with sqlite3.connect(self.store) as database:
            self.assertEqual(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            self.assertEqual(database.execute("PRAGMA foreign_key_check").fetchall(), [])
            rows = []
            if database.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
                rows = database.execute("SELECT verdict, count(DISTINCT workload), count(*) FROM workload_api"
                                        " GROUP BY verdict").fetchall()
        database.close()
        exported = done.stdout.count("\nsuite ") if done.returncode == 0 else 0
        self.assertEqual(exported, sum(row[1] for row in rows), done.stderr)
        return rows

    def kill_imports(self, prepare, *outcomes):
        """Kills imports of "new" at moments spread over their whole run, each into what prepare() makes."""
        prepare()
        began = time.monotonic()
        first = self.start("new")
        self.assertEqual((first.communicate()[1], first.returncode), ("", 0))
        whole = time.monotonic() - began
        chance, killed = random.Random(seed), 0
        for _ in range(3 * KILLS):  # some end before they are killed
            prepare()
            process = self.start("new")
            time.sleep(chance.uniform(0, whole))
            process.send_signal(signal.SIGKILL)
            process.communicate()
            self.assertIn(self.contents(), outcomes)
            killed += process.returncode == -signal.SIGKILL
            if killed == KILLS:
                return
        self.fail(f"only {killed} imports were killed before their end")

    def test_killed_first_import(self):
        """Into a store that is not there yet."""
        def prepare():
            for path in self.folder.glob("store.db*"):
                path.unlink()

        write_facts(self.folder / "new", "required", WORKLOADS)
        self.kill_imports(prepare, [], [("required", WORKLOADS, WORKLOADS * 300)])

    def test_killed_import_over_another(self):
        """The facts of the same source that were there stay, or are replaced as a whole."""
        old = [("either", 50, 50 * 300)]

        def prepare():
            self.assertEqual(self.start("old").wait(), 0)
            self.assertEqual(self.contents(), old)

        write_facts(self.folder / "old", "either", 50)
        write_facts(self.folder / "new", "required", WORKLOADS)
        self.kill_imports(prepare, old, [("required", WORKLOADS, WORKLOADS * 300)])

    def test_imports_at_once(self):
        """Five of two sources' facts, into a new store: all succeed, the last one's facts are whole."""
        write_facts(self.folder / "a", "required", 200)
        write_facts(self.folder / "b", "either", 150)
        processes = [self.start(name) for name in "ababa"]
        for process in processes:
            self.assertEqual((process.communicate()[1], process.returncode), ("", 0))
        self.assertIn(self.contents(), ([("required", 200, 60000)], [("either", 150, 45000)]))

    def test_reading_during_an_import(self):
        """A reader sees what was there before, or everything."""
        write_facts(self.folder / "old", "either", 50)
        write_facts(self.folder / "new", "required", 400)
        self.assertEqual(self.start("old").wait(), 0)
        process, seen = self.start("new"), []
        while process.poll() is None:
            done = subprocess.run([program, "export", "workloads", "--source", "Big", "--db", str(self.store)],
                                  capture_output=True, text=True)
            self.assertEqual((done.stderr, done.returncode), ("", 0))
            seen.append(done.stdout.count("\nsuite "))
        process.communicate()
        self.assertEqual(process.returncode, 0)
        self.assertTrue(set(seen) <= {50, 400}, seen)
        self.assertEqual(self.contents(), [("required", 400, 120000)])


if __name__ == "__main__":
    tap.main()
