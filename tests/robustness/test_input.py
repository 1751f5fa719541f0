#!/usr/bin/env python3
"""Bad input and bad places: one clear error, exit 1, and nothing lost or half imported.

usage: test_input.py SYSGAP

Full and read-only disks are small tmpfs mounts in a mount namespace of their own; without the
right to make one these tests are skipped.
"""
import json, os, pathlib, shutil, sqlite3, subprocess, sys, tempfile, unittest

import tap

program = str(pathlib.Path(sys.argv.pop(1)).resolve())
published = pathlib.Path(__file__).resolve().parents[1] / "inputs/loupe/loupedb-a076cf9.tar.xz"
HEADING = "# syscall, used, works faked, works stubbed, works both\n"
ROWS = "".join(f"{n},{'Y' if n % 3 == 0 else 'N'},N,N,N\n" for n in range(335))
CAN_MOUNT = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"],
                           capture_output=True).returncode == 0


class Case(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.scratch.name)
        self.store = self.folder / "store.db"

    def tearDown(self):
        self.scratch.cleanup()

    def run_sysgap(self, *words, store=None):
        return subprocess.run([program, *map(str, words), "--db", str(store or self.store)], timeout=60,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)

    def add_run(self, name, rows=ROWS):
        path = self.folder / "db" / name / "data" / "dyn.csv"
        path.parent.mkdir(parents=True)
        if rows is not None:
            path.write_bytes(rows if isinstance(rows, bytes) else (HEADING + rows).encode())
        return path

    def import_good(self):
        """A store with one workload, which every failure must leave as it is."""
        good = self.folder / "good/kept/suite/00/data/dyn.csv"
        good.parent.mkdir(parents=True)
        good.write_text(HEADING + ROWS)
        done = self.run_sysgap("import", "loupe", self.folder / "good")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.kept = self.run_sysgap("export", "workloads").stdout
        self.assertIn("suite kept suite 00", self.kept)

    def assert_refused(self, done, *lines, lost=False):
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.splitlines(), list(lines))
        if not lost:
            after = self.run_sysgap("export", "workloads")
            self.assertEqual((after.returncode, after.stdout, after.stderr), (0, self.kept, ""))
            self.assert_whole(self.store)

    def assert_whole(self, store):
        with sqlite3.connect(store) as database:
            self.assertEqual(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            self.assertEqual(database.execute("PRAGMA foreign_key_check").fetchall(), [])
        database.close()

    def import_db(self):
        return self.run_sysgap("import", "loupe", self.folder / "db")


class Input(Case):
    def setUp(self):
        super().setUp()
        self.import_good()

    def refuses(self, path, text, line=None):
        where = f"{path}:{line}" if line else f"{path}"
        self.assert_refused(self.import_db(), f"sysgap: {where}: {text}",
                            f"sysgap: {self.folder}/db: nothing imported: 1 problem; --keep-going imports the rest")

    def test_truncated_csv(self):
        """A row cut anywhere is seen."""
        self.add_run("a/suite/00")
        whole = (HEADING + "0,Y,N,N,N\n1,Y,N,N,N\n").encode()
        for cut in range(len(whole) - 9, len(whole)):
            path = self.add_run(f"b{cut}/suite/00", whole[:cut])
            text = {len(whole) - 1: "no line end, so the file is cut short here",
                    len(whole) - 2: "an answer is neither Y nor N"}
            self.refuses(path, text.get(cut, "cut short: fewer fields than columns"), 3)
            shutil.rmtree(self.folder / f"db/b{cut}")

    def test_csv_truncated_at_the_end_of_a_row(self):
        path = self.add_run("a/suite/00", "".join(ROWS.splitlines(True)[:200]))
        self.refuses(path, "ends at number 199 of 334, so the file is cut short here", 201)

    def test_binary_garbage(self):
        path = self.add_run("a/suite/00", bytes(range(256)) * 64)
        self.refuses(path, "binary bytes, so this is not a CSV file", 1)

    def test_text_that_is_no_table(self):
        path = self.add_run("a/suite/00", b"Lorem ipsum\ndolor, sit\namet\n")
        self.refuses(path, "not Loupe's CSV: 3 of 3 rows are malformed", 1)

    def test_line_of_two_gigabytes(self):
        path = self.add_run("a/suite/00", b"")
        os.truncate(path, 2 << 30)
        self.refuses(path, "2147483648 bytes, more than the limit of 4194304")

    def test_long_line_within_the_limit(self):
        path = self.add_run("a/suite/00", (HEADING + ROWS).encode() + b"7," * (1 << 20))
        self.refuses(path, "more fields than columns", 337)

    def test_directory_in_place_of_a_file(self):
        path = self.add_run("a/suite/00", None)
        path.mkdir()
        self.refuses(path, "is a directory")

    def test_fifo(self):
        path = self.add_run("a/suite/00", None)
        os.mkfifo(path)
        self.refuses(path, "not a regular file")

    def test_no_database(self):
        (self.folder / "db").mkdir()
        self.assert_refused(self.import_db(), f"sysgap: {self.folder}/db: not a Loupe database: "
                            "no APPLICATION/WORKLOAD/RUN/data/dyn.csv")

    def test_missing_file_and_file_in_place_of_a_directory(self):
        self.assert_refused(self.import_db(), f"sysgap: {self.folder}/db: No such file or directory")
        (self.folder / "db").touch()
        self.assert_refused(self.import_db(), f"sysgap: {self.folder}/db: Not a directory")

    def test_workload_text(self):
        for content, text in ((b"", "malformed at byte 0: does not start with '# sysgap workloads 1'"),
                              (b"# sysgap workloads 9\n", "unsupported at byte 0: another version of the format than 1"),
                              (bytes(range(256)), "malformed at byte 0: does not start with '# sysgap workloads 1'")):
            path = self.folder / "facts"
            path.write_bytes(content)
            self.assert_refused(self.run_sysgap("import", "workloads", path), f"sysgap: {path}: {text}")


class LayerFiles(Case):
    """A bad layer file: status gives no figures, import stores nothing, also of the good file before it."""

    def setUp(self):
        super().setUp()
        self.import_good()
        self.good = self.folder / "good.txt"
        self.good.write_text("read\n")

    def refuses(self, path, text):
        message = f"sysgap: {path}: {text}"
        for words in (["import", "layer", self.good, path], ["status", path], ["layer", "show", path]):
            self.assert_refused(self.run_sysgap(*words), message)
        shown = json.loads(self.run_sysgap("layer", "list", "--format", "json").stdout)
        self.assertEqual([row for row in shown["layers"] if row["origin"] == "own"], [])

    def bad(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        return path

    def test_truncated(self):
        self.refuses(self.bad("cut.csv", b"syscall,level\nread,full\nwrite,par"),
                     "malformed at byte 24: line 3: the file is cut short here")
        self.refuses(self.bad("cut.json", b'{"read": "full",\n"wri'),
                     "malformed at byte 21: line 2: premature end of input near '\"wri'")

    def test_binary(self):
        self.refuses(self.bad("binary", bytes(range(256)) * 100), "malformed at byte 0: a NUL byte, so no text and no layer")

    def test_empty(self):
        self.refuses(self.bad("empty", b""), "malformed at byte 0: empty, so no layer")

    def test_line_of_two_gigabytes(self):
        path = self.bad("long", b"")
        os.truncate(path, 2 << 30)
        self.refuses(path, "2147483648 bytes, more than the limit of 16777216")

    def test_no_file(self):
        path = self.folder / "missing"
        self.refuses(path, "No such file or directory")
        path.mkdir()
        self.refuses(path, "is a directory")

    def test_other_files_of_a_status(self):
        for option in ("--order", "--exclude"):
            path = self.folder / "of.option"
            path.mkdir()
            done = self.run_sysgap("status", "gramine", option, path)
            self.assert_refused(done, f"sysgap: {path}: is a directory")
            path.rmdir()
            with open(path, "w") as big:
                os.truncate(big.fileno(), 2 << 30)
            done = self.run_sysgap("status", "gramine", option, path)
            self.assert_refused(done, f"sysgap: {path}: 2147483648 bytes, more than the limit of 1048576")
            path.unlink()


class Homeless(unittest.TestCase):
    """The shipped facts need no home; own ones need a place."""

    def run_sysgap(self, *words):
        return subprocess.run([program, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              env={"PATH": os.environ["PATH"]})

    def test_reading(self):
        done = self.run_sysgap("status", "gramine-1.8", "--format", "names", "--top", "1")
        self.assertEqual((done.stdout, done.stderr, done.returncode), ("rseq\n", "", 0))

    def test_importing(self):
        with tempfile.NamedTemporaryFile("w") as names:
            names.write("read\n")
            names.flush()
            done = self.run_sysgap("import", "layer", names.name)
        self.assertEqual((done.stdout, done.returncode), ("", 1))
        self.assertEqual(done.stderr, "sysgap: neither XDG_DATA_HOME nor HOME is set: name the store with --db\n")


class Stores(Case):
    """What lies at --db is not a store of ours, or a damaged one: it stays as it is, byte for byte."""

    def setUp(self):
        super().setUp()
        self.add_run("a/suite/00")

    def refuses(self, text):
        before = self.store.read_bytes()
        for done in (self.import_db(), self.run_sysgap("export", "workloads")):
            self.assert_refused(done, f"sysgap: {self.store}: {text}", lost=True)
        self.assertEqual(self.store.read_bytes(), before)
        self.assertEqual([p.name for p in self.folder.glob("store.db*")], ["store.db"])

    def test_not_a_database(self):
        self.store.write_bytes(b"not a database\n" * 1000)
        self.refuses("file is not a database")

    def test_database_of_another_program(self):
        with sqlite3.connect(self.store) as database:
            database.execute("CREATE TABLE mine (a)")
        database.close()
        self.refuses("a database of another program, not a sysgap store")

    def test_newer_schema(self):
        self.assertEqual(self.import_db().returncode, 0)
        with sqlite3.connect(self.store) as database:
            known = database.execute("PRAGMA user_version").fetchone()[0]
            database.execute("PRAGMA user_version = 1000")
        database.close()
        self.refuses(f"written by a newer sysgap: schema 1000, this program knows {known}")

    def test_damaged_database(self):
        """Each page after the first is overwritten once: an error, or facts as they were; no crash."""
        self.assertEqual(self.import_db().returncode, 0)
        whole, good = self.store.read_bytes(), self.run_sysgap("export", "workloads").stdout
        seen = set()
        for page in range(1, len(whole) // 4096):
            self.store.write_bytes(whole[:page * 4096] + b"\xa5" * 4096 + whole[(page + 1) * 4096:])
            done = self.run_sysgap("export", "workloads")
            seen.add(done.returncode)
            if done.returncode == 0:
                self.assertEqual((done.stdout, done.stderr), (good, ""))
            else:
                self.assert_refused(done, f"sysgap: {self.store}: the store is damaged: "
                                    "database disk image is malformed", lost=True)
        self.assertIn(1, seen)

    def test_truncated_database(self):
        self.assertEqual(self.import_db().returncode, 0)
        os.truncate(self.store, self.store.stat().st_size // 2)
        self.assert_refused(self.import_db(), f"sysgap: {self.store}: the store is damaged: "
                            "database disk image is malformed", lost=True)

    def test_directory_and_fifo_in_place_of_the_store(self):
        self.store.mkdir()
        self.assert_refused(self.import_db(), f"sysgap: {self.store}: is a directory", lost=True)
        self.store.rmdir()
        os.mkfifo(self.store)
        self.assert_refused(self.import_db(), f"sysgap: {self.store}: not a regular file", lost=True)

    def test_missing_folder_and_missing_store(self):
        store = self.folder / "missing/store.db"
        done = self.run_sysgap("import", "loupe", self.folder / "db", store=store)
        self.assert_refused(done, f"sysgap: {store}: cannot be made: No such file or directory", lost=True)
        done = self.run_sysgap("export", "workloads")
        self.assert_refused(done, f"sysgap: {self.store}: no such file", lost=True)
        self.assertFalse(self.store.exists())


@unittest.skipUnless(CAN_MOUNT, "no right to mount")
class Disks(Case):
    def mounted(self, script, **values):
        """Runs a shell script in a mount namespace; $m is an empty folder to mount on."""
        mount = self.folder / "m"
        mount.mkdir(exist_ok=True)
        values = {"m": mount, "sysgap": program, "db": self.folder / "db", "folder": self.folder, **values}
        return subprocess.run(["unshare", "-m", "sh", "-eu", "-c", script], timeout=60, capture_output=True,
                              text=True, env={**os.environ, **{k: str(v) for k, v in values.items()}})

    def unpack(self):
        (self.folder / "db").mkdir()
        subprocess.run([sys.executable, "-m", "tarfile", "-e", published, self.folder / "db"], check=True)

    def test_read_only_disk(self):
        self.import_good()
        self.add_run("a/suite/00")
        mount = "mount --bind $folder $m; mount -o remount,ro,bind $m; "
        done = self.mounted(mount + "exec $sysgap import loupe $db --db $m/store.db")
        self.assert_refused(done, f"sysgap: {self.folder}/m/store.db: may not be written")
        done = self.mounted(mount + "exec $sysgap export workloads --db $m/store.db")
        self.assertEqual((done.returncode, done.stderr, done.stdout), (0, "", self.kept))
        done = self.mounted(mount + "exec $sysgap import loupe $db --db $m/new.db")
        self.assert_refused(done, f"sysgap: {self.folder}/m/new.db: cannot be made: Read-only file system")

    def test_read_only_disk_with_the_log_of_a_killed_writer(self):
        self.import_good()
        shutil.copy(self.store, self.folder / "copy.db")
        (self.folder / "copy.db-wal").write_bytes(b"x" * 64)
        done = self.mounted("mount --bind $folder $m; mount -o remount,ro,bind $m;"
                            "exec $sysgap export workloads --db $m/copy.db")
        self.assertEqual(done.returncode, 1)
        self.assertIn("a writer was interrupted, and the folder is read-only", done.stderr)

    def test_full_disk(self):
        """The disk fills at every stage from the first file on; at last it does not."""
        self.unpack()
        outcomes = []
        for kib in range(4, 1024, 92):
            done = self.mounted(f"mount -t tmpfs -o size={kib}k none $m; code=0;"
                                "$sysgap import loupe $db --db $m/store.db || code=$?;"
                                "cp $m/store.db* $folder; exit $code")
            outcomes.append(done.returncode)
            if done.returncode != 0:
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertEqual(done.stdout, "")
                self.assertRegex(done.stderr, r"^sysgap: \S+/store.db: .*(full|No space left on device)\n$")
            self.assert_none_or_all(done.returncode == 0)
        self.assertEqual(outcomes[0], 1)
        self.assertEqual(outcomes[-1], 0)
        self.assertEqual(outcomes, sorted(outcomes, reverse=True))

    def assert_none_or_all(self, all_expected):
        """Of what was copied from the small disk."""
        counts = 0
        if self.store.stat().st_size > 0:
            self.assert_whole(self.store)
            with sqlite3.connect(self.store) as database:
                if database.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
                    counts = database.execute("SELECT count(*) FROM workload").fetchone()[0]
            database.close()
        self.assertEqual(counts, 123 if all_expected else 0)
        for path in self.folder.glob("store.db*"):
            path.unlink()

    def test_full_disk_keeps_what_was_there(self):
        self.import_good()
        self.unpack()
        done = self.mounted("mount -t tmpfs -o size=160k none $m; cp $folder/store.db $m; code=0;"
                            "$sysgap import loupe $db --db $m/store.db || code=$?;"
                            "$sysgap export workloads --db $m/store.db > $folder/after; exit $code")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual((self.folder / "after").read_text(), self.kept)

    def test_full_output(self):
        self.import_good()
        done = self.mounted("exec $sysgap export workloads --db $folder/store.db > /dev/full")
        self.assertEqual((done.returncode, done.stderr),
                         (1, "sysgap: standard output: cannot write: No space left on device\n"))


if __name__ == "__main__":
    tap.main()
