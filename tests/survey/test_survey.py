#!/usr/bin/env python3
"""Surveys of small packages: what each needs, done once, in shards, from every kind of source.

usage: test_survey.py SYSGAP
"""
import contextlib, functools, gzip, http.server, json, os, pathlib, pty, re, shutil, signal, sqlite3, subprocess, sys, tarfile
import tempfile, threading, time, unittest

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

    def test_writes_only_what_is_not_there(self):
        store = self.folder / "one.db"
        self.scan(debs)
        bytes_before, before = store.read_bytes(), self.export("one.db")
        self.scan(debs)
        self.assertEqual(store.read_bytes(), bytes_before)
        # others may have put other packages of the same source, which were as well known
        self.scan(debs / "app.deb", debs / "ldso.deb")
        self.assertNotEqual(self.export("one.db"), before)
        self.scan(debs)
        self.assertEqual(self.export("one.db"), before)
        self.scan(debs / "app.deb", debs / "ldso.deb", db="other.db")
        self.run_sysgap("merge", "--db", store, self.folder / "other.db")
        self.assertNotEqual(self.export("one.db"), before)
        self.scan(debs)
        self.assertEqual(self.export("one.db"), before)
        # and may have said something else of what is as well known here
        self.scan(debs, db="same.db")
        with contextlib.closing(sqlite3.connect(self.folder / "same.db")) as database, database:
            database.execute("UPDATE package SET section = 'other'")
        self.run_sysgap("merge", "--db", store, self.folder / "same.db")
        self.assertNotEqual(self.export("one.db"), before)
        self.scan(debs)
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

    def test_alternatives_diversions_and_architectures_of_a_root(self):
        root = self.root()
        info = root / "var/lib/dpkg/info"
        status = (root / "var/lib/dpkg/status").read_text()
        # "pager" is an alternative, a link that no package has, to app
        (root / "etc/alternatives").mkdir(parents=True)
        (root / "etc/alternatives/pager").symlink_to("/usr/bin/app")
        (root / "usr/bin/pager").symlink_to("/etc/alternatives/pager")
        packages.script(root, "paged", "/usr/bin/pager")
        (info / "paged.list").write_text("/usr/bin/paged\n")
        # "thief" diverts app's program and has its own in that place
        shutil.move(root / "usr/bin/app", root / "usr/bin/app.real")
        packages.program(root, "app", ["getppid"])
        (info / "thief.list").write_text("/usr/bin/app\n")
        (root / "var/lib/dpkg/diversions").write_text("/usr/bin/app\n/usr/bin/app.real\nthief\n")
        # "both" is installed for two architectures, each with a list of its own
        packages.program(root, "one", ["gettid"])
        packages.program(root, "two", ["pause"])
        (info / "both:amd64.list").write_text("/usr/bin/one\n")
        (info / "both:i386.list").write_text("/usr/bin/two\n")
        for name, arch in (("paged", "all"), ("thief", "amd64"), ("both", "amd64"), ("both", "i386")):
            status += packages.control(name).replace("Version", "Status: install ok installed\nVersion") \
                .replace("amd64", arch) + "\n"
        (root / "var/lib/dpkg/status").write_text(status)
        rows, _, _ = self.scan("--installed", "--sysroot", root)
        self.assertEqual(len(rows), 9)  # both counts as one here
        uses = self.uses()
        self.assertEqual(set(uses["app"]), {"getpid", "sync", "exit"})
        self.assertEqual(set(uses["thief"]), {"getppid", "exit"})
        self.assertEqual(set(uses["paged"]), {"getppid", "exit"})  # of the file that is in app's place
        self.assertEqual(self.export("one.db").count("\npackage\tboth\t"), 2)
        self.assertEqual(set(uses["both"]), {"gettid", "pause", "exit"})

    def test_what_was_not_there_is_looked_for_again(self):
        root = self.root()
        folder = root / "usr/lib/x86_64-linux-gnu"
        library = (folder / "libdeep.so.1.0").read_bytes()
        (folder / "libdeep.so.1.0").unlink()
        rows, _, _ = self.scan("--installed", "--sysroot", root)
        self.assertEqual((rows["app"]["state"], rows["tool"]["state"]), ("partly", "partly"))
        (folder / "libdeep.so.1.0").write_bytes(library)
        rows, read, analysed = self.scan("--installed", "--sysroot", root)
        self.assertEqual((rows["app"]["state"], read, analysed), ("programs", 1, 1))  # read: lib
        # one that is found earlier takes its place, though none of what was loaded changed
        (root / "etc").mkdir()
        (root / "etc/ld.so.conf").write_text("/usr/first\n")
        _, _, analysed = self.scan("--installed", "--sysroot", root)
        self.assertEqual(analysed, 1)
        packages.library(self.folder / "other", "deep", ["gettid"])
        shutil.copytree(self.folder / "other/usr/lib/x86_64-linux-gnu", root / "usr/first", symlinks=True)
        _, read, analysed = self.scan("--installed", "--sysroot", root)
        self.assertEqual((read, analysed), (0, 1))
        self.assertEqual(set(self.uses()["app"]), {"getpid", "gettid", "exit"})

    def test_one_content_is_analysed_once(self):
        root = self.root()
        (root / "usr/games").mkdir()
        os.link(root / "usr/bin/app", root / "usr/games/app")
        with open(root / "var/lib/dpkg/info/plain.list", "a") as file:
            file.write("/usr/games/app\n")
        rows, _, analysed = self.scan("--installed", "--sysroot", root)
        self.assertEqual((rows["plain"]["programs"], rows["app"]["programs"], analysed), (1, 1, 1))
        self.assertEqual(self.uses()["plain"], self.uses()["app"])

    def test_maintainer_scripts_are_apart(self):
        root = self.folder / "more"
        packages.program(root, "idle", ["pause"])
        (root / "DEBIAN").mkdir()
        (root / "DEBIAN/postinst").write_text("#!/usr/bin/app\n")
        (root / "DEBIAN/postinst").chmod(0o755)
        copy = self.folder / "copy"
        shutil.copytree(debs, copy)
        packages.build(root, copy, packages.control("idle", depends="app"))
        self.scan(copy)
        self.assertEqual(self.uses()["idle"], {"pause": "exact", "exit": "exact"})
        rows, _, _ = self.scan(copy, "--maintainer-scripts")
        apart = {"pause": "exact", "exit": "exact", "getpid": "maintainer", "sync": "maintainer"}
        self.assertEqual(self.uses()["idle"], apart)
        self.assertEqual((rows["idle"]["scripts"], rows["idle"]["syscalls"]), (0, 2))
        system = self.root()
        (system / "var/lib/dpkg/info/plain.prerm").write_text("#!/usr/bin/app\n")
        self.scan("--installed", "--sysroot", system, "--maintainer-scripts", db="two.db")
        self.assertEqual(self.uses("two.db")["plain"], {name: "maintainer" for name in ("getpid", "sync", "exit")})
        counts = [json.loads(self.run_sysgap("importance", "--db", self.folder / "two.db", "--format", "json", *more)
                             .stdout)["apis"][0]["packages"] for more in ((), ("--tier", "maintainer"))]
        self.assertEqual(counts, [2, 2])  # plain has no needs of its own, so it does not count

    def test_a_packed_alternative_leads_to_its_program(self):
        root = self.folder / "more"
        packages.program(root, "choice", ["pause"])
        (root / "DEBIAN").mkdir()
        (root / "DEBIAN/postinst").write_text("#!/bin/sh\nupdate-alternatives \\\n --install /usr/bin/any any /usr/bin/choice 5\n")
        (root / "DEBIAN/postinst").chmod(0o755)
        copy = self.folder / "copy"
        shutil.copytree(debs, copy)
        packages.build(root, copy, packages.control("choice"))
        packages.script(self.folder / "user", "user", "/usr/bin/env any")
        packages.build(self.folder / "user", copy, packages.control("user", depends="choice"))
        rows, _, _ = self.scan(copy)
        self.assertEqual((rows["user"]["state"], set(self.uses()["user"])), ("scripts", {"pause", "exit"}))

    def test_what_does_not_fit_is_taken_in_parts(self):
        copy = self.folder / "copy"
        shutil.copytree(debs, copy)
        for number in range(3):
            root = self.folder / f"large{number}"
            (root / "usr/share").mkdir(parents=True)
            (root / "usr/share/random").write_bytes(os.urandom(1 << 20))
            packages.program(root, f"large{number}", ["pause"])
            packages.build(root, copy, packages.control(f"large{number}"))
        self.scan(copy)
        self.scan(copy, "--memory", "1", db="parts.db")
        self.assertEqual(self.export("parts.db"), self.export("one.db"))
        self.assertEqual(self.uses("parts.db")["large1"], {"pause": "exact", "exit": "exact"})
        self.assertIn("getpid", self.uses("parts.db")["tool"])

    # ---- metrics ----

    def importance(self, *words):
        return json.loads(self.run_sysgap("importance", "--db", self.folder / "one.db", "--format", "json", *words,
                                          "--quiet").stdout)

    def test_how_much_each_kind_of_api_matters(self):
        copy = self.folder / "copy"
        shutil.copytree(debs, copy)
        packages.asking(self.folder / "asking", "asking")
        packages.build(self.folder / "asking", copy, packages.control("asking"))
        self.scan(copy)
        calls = {row["api"]: row["packages"] for row in self.importance()["apis"]}
        self.assertEqual(calls, {"exit": 3, "getpid": 2, "sync": 2, "ioctl": 1})
        self.assertEqual([row["api"] for row in self.importance("--kind", "operation")["apis"]], ["ioctl:TCGETS"])
        self.assertEqual([row["api"] for row in self.importance("--kind", "pseudo-file")["apis"]], ["/proc/self/maps"])
        self.assertEqual(self.importance("--kind", "function")["apis"], [])
        self.assertEqual([row["value"] for row in self.importance("--kind", "operation")["apis"]], ["0x5401"])
        self.assertIn("\tioctl:TCGETS\t", self.run_sysgap("export", "packages", "--db", self.folder / "one.db").stdout)
        for word in ("ioctl:0x5401", "ioctl:21505", "ioctl:TCGETS"):
            users = json.loads(self.run_sysgap("users", word, "--db", self.folder / "one.db", "--format", "json").stdout)
            self.assertEqual((users["api"], users["value"]), ("ioctl:TCGETS", "0x5401"))
            self.assertEqual([user["package"] for user in users["packages"]["users"]], ["asking"])
        wanted = self.folder / "list"
        wanted.write_text("# what is there\nexit\nioctl\n")
        document = self.importance("--supported", wanted, "--by", "section")
        share = document["completeness"][0]["packages"]
        self.assertEqual((share["supported"], share["of"]), (1, 4))  # of asking, app, tool, and odd, which is not known
        self.assertEqual({row["api"] for row in document["apis"]}, {"getpid", "sync"})
        self.assertEqual(document["by"][0]["packages"]["supported"], 1)
        done = self.run_sysgap("importance", "--supported", wanted, "--kind", "function", "--db", self.folder / "one.db")
        self.assertIn("list:2: 'exit' is no function", done.stderr)
        self.run_sysgap("importance", "--by", "section", "--db", self.folder / "one.db", code=2)

    def test_popularity_from_a_url(self):
        if not shutil.which("curl"):
            self.skipTest("no curl")
        lines = "#rank name inst vote old recent no-files (maintainer)\n1 app 80 1 1 1 1 (A B)\n2 tool 20 1 1 1 1 (C)\n"
        (self.folder / "by_inst.gz").write_bytes(gzip.compress(lines.encode()))
        class Quiet(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *_):
                pass
        handler = functools.partial(Quiet, directory=str(self.folder))
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            url = f"http://127.0.0.1:{server.server_port}/by_inst.gz"
            self.run_sysgap("import", "popcon", url, "--db", self.folder / "one.db")
            done = self.run_sysgap("import", "popcon", url + ".none", "--db", self.folder / "one.db", code=1)
            server.shutdown()
        self.assertIn("404", done.stderr)
        self.scan(debs)
        users = json.loads(self.run_sysgap("users", "getpid", "--db", self.folder / "one.db", "--format", "json").stdout)
        installed = {user["package"]: user["installed"] for user in users["packages"]["users"]}
        self.assertEqual(installed, {"app": 100.0, "tool": 25.0})

    # ---- while it runs ----

    def test_shows_progress_on_a_terminal_only(self):
        command = [program, "scan", str(debs), "--db", str(self.folder / "one.db"), "--format", "names"]
        leader, follower = pty.openpty()
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=follower, text=True)
        os.close(follower)
        shown = b""
        with contextlib.suppress(OSError):
            while block := os.read(leader, 4096):
                shown += block
        os.close(leader)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(shown.decode(), r"reading packages: \d of 6, \d+ of \d+ MB, [0-9.]+ MB/s")
        self.assertNotIn("\r", subprocess.run(command, capture_output=True, text=True).stderr)

    def test_an_interrupt_leaves_a_valid_store(self):
        copy = self.folder / "copy"
        shutil.copytree(debs, copy)
        for number in range(200):
            shutil.copy(debs / "app.deb", copy / f"app{number}.deb")
        command = [program, "scan", str(copy), "--db", str(self.folder / "one.db"), "--jobs", "1"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while not (self.folder / "one.db").exists() and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
        self.assertIn(process.returncode, (0, 1), errors)  # 0: it was faster
        if process.returncode == 1:
            self.assertIn("the same command goes on from here", errors)
        subprocess.run([*command, "--quiet"], check=True, capture_output=True)
        self.scan(copy, db="other.db")
        self.assertEqual(self.export("one.db"), self.export("other.db"))

    # ---- other sources ----

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
