#!/usr/bin/env python3
"""The scripts for clusters, run as those would run them: without one, which has Slurm's commands as stand-ins.

usage: test_clusters.py SYSGAP SHARE
"""
import os, pathlib, re, stat, subprocess, sys, tempfile, unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "robustness"))
import packages, tap

program = str(pathlib.Path(sys.argv.pop(1)).resolve())
share = pathlib.Path(sys.argv.pop(1)).resolve()
SHARDS = 3


class Clusters(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.scratch.name)
        (self.folder / "packages").mkdir()
        (self.folder / "results").mkdir()
        packages.make_set(self.folder / "work", self.folder / "packages")
        self.called = self.folder / "called"
        for name in ("sbatch", "scontrol", "sleep"):
            self.command(name, f'echo {name} "$@" >>{self.called}; echo 77')
        self.command("sysgap", f'exec {program} "$@"')
        subprocess.run([program, "scan", self.folder / "packages", "--db", self.folder / "one.db", "--quiet"], check=True,
                       stdout=subprocess.DEVNULL)

    def tearDown(self):
        self.scratch.cleanup()

    def command(self, name, script):
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def run_with(self, *command, code=0, **variables):
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              env={**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}", **variables})
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout

    def check_merged(self):
        exports = [self.run_with(program, "export", "packages", "--db", db)
                   for db in (self.folder / "one.db", self.folder / "results/survey.db")]
        self.assertEqual(*exports)
        self.assertIn("package\tapp\t", exports[0])

    def task(self, shard, restarts=0, code=0):
        self.run_with("sh", share / "slurm/survey.sbatch", self.folder / "packages", self.folder / "results", code=code,
                      SLURM_ARRAY_TASK_ID=str(shard), SLURM_ARRAY_TASK_COUNT=str(SHARDS), SLURM_ARRAY_JOB_ID="77",
                      SLURM_RESTART_COUNT=str(restarts))

    def test_slurm_submits_an_array_and_a_merge_that_depends_on_it(self):
        self.run_with("sh", share / "slurm/submit", "packages", self.folder / "new", str(SHARDS), "--partition=x")
        array, merge = self.called.read_text().splitlines()
        self.assertIn("--array=0-2", array)
        self.assertRegex(array, "--partition=x .*/survey.sbatch packages")
        self.assertIn("--dependency=afterok:77", merge)
        self.assertTrue((self.folder / "new").is_dir())

    def test_slurm_tasks_and_their_merge_give_one_run(self):
        for shard in range(SHARDS):
            self.task(shard)
        self.run_with("sh", share / "slurm/merge.sbatch", self.folder / "results")
        self.check_merged()
        self.assertFalse(self.called.exists())  # nothing was requeued

    def test_a_slurm_task_that_fails_is_requeued_a_few_times(self):
        self.command("sysgap", "exit 9")
        self.task(1, code=9)
        self.assertIn("scontrol requeue 77_1", self.called.read_text())
        self.called.unlink()
        self.task(1, restarts=3, code=9)
        self.assertFalse(self.called.exists())

    def test_kubernetes_pods_and_their_merge_give_one_run(self):
        text = (share / "kubernetes/survey.yaml").read_text()
        completions = int(re.search(r"completions: (\d+)", text)[1])
        self.assertIn(f'"$JOB_COMPLETION_INDEX/{completions}"', text)
        scan = re.search(r">-\n(( {14}.*\n)+)", text)[1]
        merge = re.search(r'-ec, "(.*merge.*)"\]', text)[1]
        for index in range(completions):
            self.run_with("sh", "-ec", " ".join(scan.split()).replace("/data/", f"{self.folder}/"), JOB_COMPLETION_INDEX=str(index))
        self.run_with("sh", "-ec", merge.replace("/data/", f"{self.folder}/"))
        self.check_merged()


if __name__ == "__main__":
    tap.main()
