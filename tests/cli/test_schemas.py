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


# Keys that a document of a schema may lack, for what is there only when it was asked for or is known.
OPTIONAL = {
    "sysgap-status": {"by", "figure", "stub", "missing_without_excluded_workloads", "missing_with_exclusions"},
    "sysgap-comparison": {"figure"},
    "sysgap-plan": {"stub"},
    "sysgap-importance": {"by", "value"},
    "sysgap-explore": {"effects", "operations", "pseudo_files", "number", "reason", "steady", "verdict",
                       "EPERM", "value"},
    "sysgap-api-users": {"value"},
    "sysgap-why": {"value"},
    "sysgap-trace": {"exit", "operations", "programs", "pseudo_files", "signal"},
}


def shortened(value):
    """A document with the first elements of each array, which is enough to look at its keys."""
    if isinstance(value, dict):
        return {key: shortened(part) for key, part in value.items()}
    return [shortened(part) for part in value[:3]] if isinstance(value, list) else value


def objects_of(value, shapes):
    """The objects in a document, one of each set of keys."""
    if isinstance(value, dict) and frozenset(value) not in shapes:
        shapes.add(frozenset(value))
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects_of(part, shapes)


class Schemas(unittest.TestCase):
    def check(self, name, *words):
        done = run(*words, "--format", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        document = json.loads(done.stdout)
        self.assertEqual(document["schema"], name)
        validator = jsonschema.Draft202012Validator(schema(name))
        validator.validate(document)
        self.check_strict(name, validator, shortened(document))
        return document

    def check_strict(self, name, validator, document):
        """A key that is missing, new, or of another type is noticed wherever it is."""
        for part in list(objects_of(document, set())):
            for key in set(part) - OPTIONAL.get(name, set()):
                value = part.pop(key)
                self.assertFalse(validator.is_valid(document), f"{name} without {key}")
                part[key] = [[value]]
                self.assertFalse(validator.is_valid(document), f"{name} with another {key}")
                part[key] = value
            part["a new key"] = 1
            self.assertFalse(validator.is_valid(document), f"{name}: {list(part)}")
            del part["a new key"]
        validator.validate(document)

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
        self.check("sysgap-why", "why", "/bin/ls", "ioctl:TCGETS")

    def test_survey(self):
        folder = pathlib.Path(scratch.name) / "tree"
        folder.mkdir()
        (folder / "script").write_text("#!/bin/none\n")
        (folder / "script").chmod(0o755)
        document = self.check("sysgap-survey", "scan", str(folder))
        self.assertEqual(document["packages"][0]["state"], "partly")

    def test_packages(self):
        folder = pathlib.Path(scratch.name) / "programs"
        folder.mkdir()
        (folder / "true").write_bytes(pathlib.Path("/bin/true").read_bytes())
        (folder / "true").chmod(0o755)
        store = ("--db", scratch.name + "/packages.db")
        self.check("sysgap-survey", "scan", str(folder), *store)
        status = self.check("sysgap-status", "status", "zephyr", *store, "--by", "section")
        both = self.check("sysgap-comparison", "status", "zephyr", "gvisor", *store)
        self.assertTrue(status["packages"]["known"])
        self.assertEqual(both["packages"]["layers"][0]["packages"], status["packages"]["completeness"][0]["packages"])
        self.assertEqual(both["packages"]["layers"][0]["packages"]["of"], 1)
        self.assertEqual(self.check("sysgap-users", "users", "exit_group", *store)["packages"]["used"], 1)
        self.assertFalse(self.check("sysgap-importance", "importance")["known"])
        names = pathlib.Path(scratch.name) / "supported.txt"
        names.write_text("libc:exit\n")
        document = self.check("sysgap-importance", "importance", "--kind", "function", "--supported", str(names), "--by", "section",
                              *store)
        self.assertNotIn("libc:exit", [row["api"] for row in document["apis"]])
        self.assertEqual(self.check("sysgap-api-users", "users", "libc:exit", *store)["packages"]["used"], 1)

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
