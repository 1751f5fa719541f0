#!/usr/bin/env python3
"""sysgap explore as people use it: stopped and gone on with, as an ordinary user, its results in other commands."""
import json, os, pathlib, signal, subprocess, sys, tempfile, time, unittest

program = str(pathlib.Path(sys.argv.pop(1)).resolve())


def run(*words, data, **options):
    environment = {**os.environ, "XDG_DATA_HOME": str(data)}
    return subprocess.run([program, *words], capture_output=True, text=True, env=environment, **options)


def processes_of(command):
    found = 0
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += path.read_bytes() == command
        except OSError:
            pass
    return found


class Explore(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.data = pathlib.Path(self.scratch.name)
        if run("explore", "--try", "ls", data=self.data).returncode != 0:
            self.skipTest("no sandbox can be made here")

    def write(self, text):
        path = self.data / "workload.yaml"
        path.write_text(text)
        return str(path)

    def test_goes_on_where_it_was_killed(self):
        seconds = "86.4321"  # tells its processes from others
        path = self.write(f"application: sleeper\nname: benchmark-sleep\nlimit: 9\n"
                          f"command: [sh, -c, 'sleep 0.05; (sleep {seconds} &) ; echo done']\nsuccess: {{output: done}}\n")
        environment = {**os.environ, "XDG_DATA_HOME": str(self.data)}
        with subprocess.Popen([program, "explore", path, "--replicas", "2"], stdout=subprocess.DEVNULL,
                              env=environment) as child:
            time.sleep(1.5)
            child.send_signal(signal.SIGKILL)
        time.sleep(0.5)
        self.assertEqual(processes_of(f"sleep\0{seconds}\0".encode()), 0)
        done = run("explore", path, "--replicas", "2", "--format", "json", data=self.data)
        self.assertEqual(done.returncode, 0, done.stderr)
        cost = json.loads(done.stdout)["cost"]
        self.assertGreater(cost["reused"], 0)
        again = json.loads(run("explore", path, "--replicas", "2", "--format", "json", data=self.data).stdout)
        # what was found is now a guess for the groups, so a few of them are new
        self.assertGreater(again["cost"]["reused"], again["cost"]["trials"] * 0.7)
        verdicts = [[row["verdict"] for row in result["syscalls"]] for result in (again, json.loads(done.stdout))]
        self.assertEqual(*verdicts)
        self.assertEqual(processes_of(f"sleep\0{seconds}\0".encode()), 0)

    def test_other_commands_use_the_verdicts(self):
        self.assertEqual(run("explore", "ls", "--replicas", "1", "--quiet", data=self.data).returncode, 0)
        users = run("users", "getdents64", "--workloads", "own", "--format", "names", data=self.data)
        self.assertIn("ls-benchmark-ls", users.stdout)
        status = run("status", "gramine-1.8", "--workloads", "own", data=self.data)
        self.assertEqual(status.returncode, 0, status.stderr)
        folder = self.data / "loupedb"
        done = run("export", "loupe", str(folder), "--source", "sysgap explore", "--application", "ls", data=self.data)
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = next(folder.glob("ls/benchmark-ls/*/data/dyn.csv")).read_text()
        self.assertIn("\n217,Y,N,N,N\n", rows)  # getdents64: required

    def test_a_broken_workload_is_said(self):
        path = self.write("application: a\nname: benchmark-a\ncommand: [false]\n")
        done = run("explore", path, data=self.data)
        self.assertEqual(done.returncode, 1)
        self.assertIn("does not work as it is: test-failed: exit status 1", done.stderr)
        path = self.write("application: a\nname: benchmark-a\ncommands: [false]\n")
        self.assertIn("line 3: commands: unknown key", run("explore", path, data=self.data).stderr)
        path = self.write("application: a\nname: b\npackages: [no-such-package]\ncommand: [false]\n")
        if os.path.exists("/var/lib/dpkg/status"):
            self.assertIn("apt-get install no-such-package", run("explore", path, data=self.data).stderr)

    @unittest.skipIf(os.geteuid() != 0, "the other tests were as an ordinary user")
    def test_works_as_an_ordinary_user(self):
        with tempfile.TemporaryDirectory() as data:
            os.chmod(data, 0o777)
            try:
                done = run("explore", "ls", "--replicas", "1", "--format", "json", data=data, user=65534, group=65534,
                           extra_groups=[])
            except PermissionError:
                self.skipTest("the program cannot be reached by others")
            if "user namespaces cannot be made" in done.stderr:
                self.skipTest("no user namespaces")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("observed by ptrace", done.stderr)
            verdicts = {row["syscall"]: row["verdict"] for row in json.loads(done.stdout)["syscalls"]}
            self.assertEqual(verdicts["getdents64"], "required")
            self.assertNotEqual(verdicts["getrandom"], "required")


unittest.main()
