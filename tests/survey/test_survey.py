#!/usr/bin/env python3
"""Surveys of small packages: what each needs, done once, in shards, from every kind of source.

usage: test_survey.py SYSGAP
"""
import json, os, pathlib, re, shutil, subprocess, sys, tarfile, tempfile, unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "robustness"))
import packages, tap

program = str(pathlib.Path(sys.argv.pop(1)).resolve())
made = tempfile.TemporaryDirectory()
debs = pathlib.Path(made.name) / "debs"
debs.mkdir()
roots = packages.make_set(pathlib.Path(made.name) / "work", debs)


class Survey(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.scratch.name)

    def tearDown(self):
        self.scratch.cleanup()

    def run_sysgap(self, *words, code=0):
        done = subprocess.run([program, *map(str, words)], capture_output=True, text=True,
                              env={**os.environ, "XDG_DATA_HOME": str(self.folder)}, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def scan(self, *words, db="one.db"):
        """{package: (state, programs, scripts, problem)}, packages read, programs analysed"""
        done = self.run_sysgap("scan", *words, "--db", self.folder / db, "--format", "json")
        rows = {row["package"]: row for row in json.loads(done.stdout)["packages"]}
        counts = re.search(r"now read: (\d+), programs analysed: (\d+) of", done.stderr)
        return rows, int(counts[1]), int(counts[2])

    def uses(self, db="one.db", kind="syscall"):
        """{package: {call: certainty}}"""
        text = self.run_sysgap("export", "packages", "--db", self.folder / db).stdout
        found = {}
        for line in text.splitlines():
            fields = line.split("\t")
            if fields[0] == "use" and fields[4] == kind:
                found.setdefault(fields[1], {})[fields[6]] = fields[5]
        return found

    def export(self, db):
        return self.run_sysgap("export", "packages", "--db", self.folder / db).stdout

    def test_unites_what_programs_reach_through_their_dependencies(self):
        rows, _, _ = self.scan(debs)
        states = {name: row["state"] for name, row in rows.items()}
        self.assertEqual(states, {"ldso": "library", "lib": "library", "app": "programs", "tool": "scripts",
                                  "plain": "no code", "odd": "partly"})
        self.assertIn("/usr/bin/none", rows["odd"]["problem"])
        expected = {"getpid": "exact", "sync": "exact", "exit": "exact"}
        self.assertEqual(self.uses(), {"app": expected, "tool": expected})
        users = json.loads(self.run_sysgap("users", "sync", "--db", self.folder / "one.db", "--format", "json").stdout)
        chains = {user["package"]: user["chain"] for user in users["packages"]["users"]}
        self.assertEqual(set(chains), {"app", "tool"})
        for chain in chains.values():  # by way of the PLT
            self.assertRegex(chain, "^app:_start > (app:0x[0-9a-f]+ > )?libdeep.so.1.0:deep$")

    def test_reports_libraries_that_no_dependency_has(self):
        rows, _, _ = self.scan(debs / "app.deb", debs / "ldso.deb")
        self.assertEqual(rows["app"]["state"], "partly")
        self.assertIn("libdeep.so.1", rows["app"]["problem"])

    def test_does_nothing_twice(self):
        _, read, analysed = self.scan(debs)
        self.assertEqual((read, analysed), (6, 1))
        before = self.export("one.db")
        _, read, analysed = self.scan(debs)
        self.assertEqual((read, analysed), (0, 0))
        self.assertEqual(self.export("one.db"), before)

    def test_a_changed_library_changes_its_users_only(self):
        copy = self.folder / "copy"
        shutil.copytree(debs, copy)
        self.scan(copy)
        root = self.folder / "root"
        root.mkdir()
        packages.library(root, "deep", ["gettid"])
        packages.build(root, copy, packages.control("lib", "2", provides="virtual (= 2)"))
        _, read, analysed = self.scan(copy)
        self.assertEqual(analysed, 1)  # app; what it is made of is read again, as packages keep it packed
        self.assertEqual(set(self.uses()["app"]), {"getpid", "gettid", "exit"})

    def test_shards_merge_into_one_run(self):
        self.scan(debs)
        for shard in range(4):
            self.scan(debs, "--shard", f"{shard}/4", db=f"shard{shard}.db")
        shards = [self.folder / f"shard{shard}.db" for shard in range(4)]
        self.run_sysgap("merge", "--db", self.folder / "merged.db", *shards)
        self.assertEqual(self.export("merged.db"), self.export("one.db"))
        counts = [self.export(f"shard{shard}.db").count("\npackage\t") for shard in range(4)]
        self.assertEqual(sum(counts), 6)

    def test_workers_make_no_difference(self):
        self.scan(debs, "--jobs", "1")
        self.scan(debs, "--jobs", "7", db="other.db")
        self.assertEqual(self.export("one.db"), self.export("other.db"))

    def test_broken_packages_are_counted(self):
        copy = self.folder / "copy"
        shutil.copytree(debs, copy)
        content = (copy / "app.deb").read_bytes()
        (copy / "app.deb").write_bytes(content[:len(content) // 2])
        (copy / "zero.deb").write_bytes(b"!<arch>\n")
        rows, _, _ = self.scan(copy)
        self.assertEqual(len(rows), 7)
        self.assertEqual({name for name, row in rows.items() if row["state"] == "partly"},
                         {"app.deb", "zero.deb", "odd", "tool"})

    # ---- the same files from other sources ----

    def root(self):
        """All packages installed in one folder, with dpkg's database."""
        root = self.folder / "root"
        status = ""
        for name, source in roots.items():
            shutil.copytree(source, root, symlinks=True, dirs_exist_ok=True)
            info = root / "var/lib/dpkg/info"
            info.mkdir(parents=True, exist_ok=True)
            files = sorted("/" + str(path.relative_to(source)) for path in source.rglob("*"))
            (info / f"{name}.list").write_text("/.\n" + "\n".join(files) + "\n")
            status += packages.control(name).replace("Version", "Status: install ok installed\nVersion") + "\n"
        (root / "lib64").symlink_to("usr/lib64")
        (root / "var/lib/dpkg/status").write_text(status)
        return root

    def check_source(self, *words):
        rows, _, _ = self.scan(*words)
        self.assertEqual(rows["app"]["state"], "programs", rows["app"]["problem"])
        self.assertEqual(set(self.uses()["app"]), {"getpid", "sync", "exit"})
        return rows

    def test_reads_a_root_file_system_with_dpkg(self):
        rows = self.check_source("--installed", "--sysroot", self.root())
        self.assertEqual(len(rows), 6)

    def test_reads_a_tar_of_a_root_file_system(self):
        with tarfile.open(self.folder / "root.tar.gz", "w:gz") as tar:
            tar.add(self.root(), ".")
        text = (self.folder / "root/var/lib/dpkg/status").read_text()
        self.assertIn("Package: app", text)
        rows, _, _ = self.scan(self.folder / "root.tar.gz")
        self.assertEqual(set(rows), set(roots) | {"root.tar.gz"})

    def test_reads_an_image_of_layers(self):
        root = self.root()
        shutil.rmtree(root / "var")
        for layer, names in (("1", ("lib64", "usr")), ("2", ())):
            with tarfile.open(self.folder / f"{layer}.tar", "w") as tar:
                for name in names:
                    tar.add(root / name, name)
                if not names:  # the upper layer takes a program away
                    mark = self.folder / "mark"
                    mark.touch()
                    tar.add(mark, "usr/bin/.wh.odd")
        (self.folder / "manifest.json").write_text('[{"Layers": ["1.tar", "2.tar"]}]')
        with tarfile.open(self.folder / "image.tar", "w") as tar:
            for name in ("manifest.json", "1.tar", "2.tar"):
                tar.add(self.folder / name, name)
        rows, _, _ = self.scan(self.folder / "image.tar")
        self.assertEqual(rows["image.tar"]["state"], "programs")
        self.assertEqual((rows["image.tar"]["programs"], rows["image.tar"]["scripts"]), (1, 1))
        self.assertEqual(set(self.uses()["image.tar"]), {"getpid", "sync", "exit"})

    def test_reads_a_plain_folder(self):
        folder = self.folder / "plain"
        packages.script(folder, "s", "/bin/sh")
        rows, _, _ = self.scan(folder)
        self.assertEqual(rows["plain"]["scripts"], 1)


if __name__ == "__main__":
    try:
        tap.main()
    finally:
        made.cleanup()
