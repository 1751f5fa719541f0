#!/usr/bin/env python3
"""Real output of every command against its JSON schema (docs/schema)."""
import json, os, pathlib, re, subprocess, sys, tempfile, unittest

import jsonschema

program = str(pathlib.Path(sys.argv.pop(1)).resolve())
top = pathlib.Path(__file__).resolve().parent.parent.parent
scratch = tempfile.TemporaryDirectory()
environment = {**os.environ, "XDG_DATA_HOME": scratch.name + "/data"}


def schema(name):
    return json.loads((top / "docs" / "schema" / f"{name}.schema.json").read_text())


def run(*words):
    return subprocess.run([program, *words, "--quiet"], capture_output=True, env=environment)


class Schemas(unittest.TestCase):
    def check(self, name, *words):
        done = run(*words, "--format", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        document = json.loads(done.stdout)
        self.assertEqual(document["schema"], name)
        jsonschema.Draft202012Validator(schema(name)).validate(document)
        return document

    def test_each_name_has_a_valid_schema(self):
        named = set()
        for source in (top / "src" / "cli").glob("*.c"):
            named |= set(re.findall(r'"(sysgap-[a-z-]+)"', source.read_text()))
        self.assertGreater(len(named), 5)
        for name in named:
            jsonschema.Draft202012Validator.check_schema(schema(name))
            self.assertEqual(schema(name)["properties"]["schema"]["const"], name)

    def test_status(self):
        self.check("sysgap-status", "status", "gramine-1.8")
        self.check("sysgap-status", "status", "zephyr-2023", "--top", "0", "--published-exclusions", "--figures",
                   scratch.name, "--workloads", "suite", "--levels", "full", "--fake-ok")

    def test_own_explorations(self):
        own = self.check("sysgap-status", "status", "gramine-1.8", "--workloads", "own")
        self.assertGreaterEqual(own["completeness"][0]["completeness"]["of"], 16)
        loupe = self.check("sysgap-status", "status", "gramine-1.8", "--workloads", "loupe")
        self.assertGreater(loupe["completeness"][0]["completeness"]["of"], 100)

    def test_comparison(self):
        self.check("sysgap-comparison", "status", "gramine-1.8", "gvisor", "qemu-user", "--exclude", "prctl,rseq")

    def test_nothing_known_of_an_architecture(self):
        names = pathlib.Path(scratch.name) / "riscv.txt"
        names.write_text("read\n")
        document = self.check("sysgap-status", "status", str(names), "--arch", "riscv64")
        self.assertEqual(document["completeness"][0]["completeness"], {"supported": 0, "of": 0, "percent": None})

    def test_plan(self):
        self.check("sysgap-plan", "plan", "gramine-1.8")
        self.check("sysgap-plan", "plan", "kerla-2023", "--workloads", "all", "--published-labels")
        self.check("sysgap-plan", "plan", "gramine-1.8", "--published-table", "--missing-need-nothing")

    def test_users(self):
        self.check("sysgap-users", "users", "prctl")
        self.check("sysgap-users", "users", "4242")

    def test_syscalls(self):
        self.check("sysgap-syscalls", "syscalls")

    def test_scan(self):
        self.check("sysgap-scan", "scan", "/bin/ls", "/bin/true")
        self.check("sysgap-why", "why", "/bin/ls", "execve", "-n", "3")
        self.check("sysgap-why", "why", "/bin/true", "reboot")

    def test_survey(self):
        folder = pathlib.Path(scratch.name) / "tree"
        folder.mkdir()
        (folder / "script").write_text("#!/bin/none\n")
        (folder / "script").chmod(0o755)
        document = self.check("sysgap-survey", "scan", str(folder))
        self.assertEqual(document["packages"][0]["state"], "partly")

    def test_layer(self):
        self.check("sysgap-layers", "layer", "list")
        self.check("sysgap-layer", "layer", "show", "gvisor")
        self.check("sysgap-layer-diff", "layer", "diff", "gramine-1.0", "gramine-1.8")

    def test_import(self):
        names = pathlib.Path(scratch.name) / "own.txt"
        names.write_text("read\nwrite\n")
        self.check("sysgap-import", "import", "layer", str(names))
        database = scratch.name + "/loupe"
        self.assertEqual(run("export", "loupe", database).returncode, 0)
        self.check("sysgap-import", "import", "loupe", database)
        counts = pathlib.Path(scratch.name) / "by_inst"
        counts.write_text("1 dpkg 200 150 40 9 1 (A B)\n")
        self.check("sysgap-import", "import", "popcon", str(counts))

    def test_trace(self):
        if run("trace", "true").returncode != 0:
            self.skipTest("runs cannot be observed here")
        self.check("sysgap-trace", "trace", "true")

    def test_explore(self):
        shipped = self.check("sysgap-explore-list", "explore", "--list")
        self.assertGreaterEqual(len(shipped["workloads"]), 16)
        options = ("--forget", "--replicas", "1", "--modes", "EPERM", "--operations", "--files", "--effects")
        if run("explore", "ls", "--forget", "--replicas", "1").returncode != 0:
            self.skipTest("no sandbox can be made here")
        self.check("sysgap-explore-try", "explore", "ls", "--try")
        document = self.check("sysgap-explore", "explore", "ls", *options)
        verdicts = {row["syscall"]: row["verdict"] for row in document["syscalls"]}
        self.assertEqual(verdicts["getdents64"], "required")
        self.assertNotEqual(verdicts["getrandom"], "required")

    def test_a_hostile_name_stays_a_name(self):
        name = pathlib.Path(scratch.name) / "<b>'\"|\x1b[31m\u202e.txt"
        name.write_text("read\n")
        document = self.check("sysgap-layer", "layer", "show", str(name))
        self.assertEqual(document["layer"]["name"], name.stem)
        for form in ("text", "md", "html", "tsv"):
            output = run("status", str(name), "--format", form).stdout.decode()
            self.assertNotIn("\x1b", output)
            self.assertNotIn("\u202e", output)
            self.assertTrue(form != "html" or "<b>" not in output)


if __name__ == "__main__":
    unittest.main(verbosity=2)
