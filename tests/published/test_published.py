#!/usr/bin/env python3
"""The program's figures against those published with the Loupe database (tests/golden/expected)."""
import json, os, pathlib, re, subprocess, sys, tempfile, unittest

program = str(pathlib.Path(sys.argv.pop(1)).resolve())
expected = pathlib.Path(__file__).resolve().parent.parent / "golden" / "expected"
scratch = tempfile.TemporaryDirectory()


def golden(name):
    return json.loads((expected / name).read_text())


def sysgap(*words):
    done = subprocess.run([program, *words, "--format", "json"], capture_output=True, text=True,
                          env={**os.environ, "XDG_DATA_HOME": scratch.name})
    if done.returncode != 0 or done.stderr:
        raise AssertionError(f"{words}: {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout)


def order_file(applications):
    path = pathlib.Path(scratch.name) / "order.txt"
    path.write_text("".join(f"{name}\n" for name in applications))
    return str(path)


def numbers():
    """Names of x86_64 to numbers, from the table that the program is made with."""
    table = expected.parent.parent.parent / "data" / "syscalls" / "linux.in"
    rows = [line.split() for line in table.read_text().splitlines() if line and line[0] != "#"]
    return {row[0]: int(row[2]) for row in rows if row[2] != "-"}


def by_count(calls, count):
    """The calls of each count, largest count first: within one the published order means nothing."""
    groups = {}
    for call in calls:
        groups.setdefault(call[count], set()).add(call["syscall"])
    counts = [call[count] for call in calls]
    assert counts == sorted(counts, reverse=True), counts
    return list(groups.items())


class GramineStatus(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.golden = golden("gramine-dynamic.json")
        cls.status = sysgap("status", "gramine-1.8", "--top", "0")
        cls.rows = {row["counted"]: row for row in cls.status["completeness"]}

    def share(self, counted, key):
        share = self.rows[counted][key]
        return share["supported"], share["of"]

    def test_implemented(self):
        self.assertEqual(self.status["layer"]["implemented"], self.golden["implemented"])

    def test_completeness(self):
        for counted, key in (("without excluded workloads", "unweighted_completeness_published"),
                             ("all workloads", "unweighted_completeness_all")):
            want = self.golden[key]
            self.assertEqual(self.share(counted, "completeness"), (want["supported"], want["workloads"]))
        self.assertEqual(round(self.rows["without excluded workloads"]["completeness"]["percent"], 3), 74.380)
        self.assertEqual(round(self.rows["all workloads"]["completeness"]["percent"], 3), 73.171)

    def test_fake_ok(self):
        want = self.golden["fake_ok_published_exclusions"]
        self.assertEqual(self.share("without excluded workloads", "completeness_fake_ok"),
                         (want["supported"], want["workloads"]))

    def test_text_and_default_say_the_same(self):
        done = subprocess.run([program, "status", "gramine-1.8"], capture_output=True, text=True,
                              env={**os.environ, "XDG_DATA_HOME": scratch.name})
        for figure in ("177", "73.171 % (90 of 123)", "74.380 % (90 of 121)", "78.512 % (95 of 121)"):
            self.assertIn(figure, done.stdout)

    def test_excluded_workloads(self):
        self.assertEqual(self.status["exclusions"]["workloads"], sorted(self.golden["rule"]["excluded_workloads"]))

    def test_missing_list(self):
        ours = self.status["missing_without_excluded_workloads"]["calls"]
        theirs = self.golden["all_missing"]
        self.assertEqual(by_count(ours, "needed"), by_count(theirs, "used"))
        for want in theirs:
            got = next(call for call in ours if call["syscall"] == want["syscall"])
            self.assertEqual(got["required_by"], sorted(want["required_by"]), want["syscall"])
            self.assertEqual(got["faking_works_in"], sorted(want["faking_works_in"]), want["syscall"])

    def test_published_list(self):
        hidden = self.golden["rule"]["hidden_from_list_but_counted_in_completeness"]
        ours = [call for call in self.status["missing_without_excluded_workloads"]["calls"] if call["syscall"] not in hidden]
        theirs = self.golden["published_list"]
        # all that was published, in that order; the publication cuts its list
        shown = [call for call in ours if call["syscall"] in {want["syscall"] for want in theirs}]
        self.assertEqual(by_count(shown, "needed"), by_count(theirs, "used"))
        fakes = {call["syscall"]: len(call["faking_works_in"]) for call in ours}
        for want in theirs:
            self.assertEqual(fakes[want["syscall"]], want["faking_works"], want["syscall"])

    def test_equals_are_in_the_order_of_names(self):
        for calls in (self.status["missing"]["calls"], self.status["missing_without_excluded_workloads"]["calls"]):
            keys = [(-call["needed"], call["syscall"]) for call in calls]
            self.assertEqual(keys, sorted(keys))


class GraminePlan(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.golden = golden("gramine-plan.json")
        cls.order = order_file(cls.golden["app_order"])

    def compare(self, ours, theirs, cells):
        self.assertEqual(len(ours), len(theirs))
        for number, (got, want) in enumerate(zip(ours, theirs), 1):
            self.assertEqual(got["step"], number)
            for cell in cells:
                self.assertEqual(set(got[cell]), set(want[cell]), f"step {number}, {cell}")
            self.assertEqual(got["unlocks"], want["unlocks"], f"step {number}")

    def test_raw(self):
        plan = sysgap("plan", "gramine-1.8", "--order", self.order, "--published-labels")
        self.compare(plan["steps"], self.golden["raw_steps"], ("implement", "stub", "fake"))
        self.assertEqual(plan["supported_now"]["supported"], self.golden["step0_supported"])

    def test_published(self):
        plan = sysgap("plan", "gramine-1.8", "--order", self.order, "--published-table")
        self.compare(plan["steps"], self.golden["published_steps"], ("implement", "fake"))

    def test_own_labels_are_the_others_exchanged(self):
        ours = sysgap("plan", "gramine-1.8", "--order", self.order)["steps"]
        theirs = sysgap("plan", "gramine-1.8", "--order", self.order, "--published-labels")["steps"]
        self.assertEqual([s["implement"] for s in ours], [s["implement"] for s in theirs])
        self.assertIn("statx", ours[4]["stub"])
        self.assertIn("statx", theirs[4]["fake"])


class OtherPlans(unittest.TestCase):
    def compare(self, name):
        want = golden(f"plan-{name}.json")
        number = numbers()
        plan = sysgap("plan", f"{name}-2023", "--order", order_file(want["app_order"]), "--published-labels",
                      "--missing-need-nothing", "--quiet")
        step0 = int(re.search(r"\d+", want["step0"])[0])
        self.assertEqual(plan["supported_now"], {"supported": step0, "of": len(want["app_order"]),
                                                 "percent": plan["supported_now"]["percent"]})
        self.assertEqual(len(plan["steps"]), len(want["steps"]))
        for step, (ours, theirs) in enumerate(zip(plan["steps"], want["steps"]), 1):
            for cell in ("implement", "stub", "fake"):
                self.assertEqual({number[call] for call in ours[cell]}, set(theirs[cell]), f"step {step}, {cell}")
            self.assertEqual(ours["unlocks"], theirs["unlocks"], f"step {step}")

    def test_fuchsia(self):
        self.compare("fuchsia")

    def test_kerla(self):
        self.compare("kerla")


if __name__ == "__main__":
    unittest.main(verbosity=2)
