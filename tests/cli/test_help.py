#!/usr/bin/env python3
"""Help, manual page and completion, which are all made from the command tables."""
import pathlib, shutil, subprocess, sys, tempfile, unittest

program = str(pathlib.Path(sys.argv.pop(1)).resolve())


def sysgap(*words):
    return subprocess.run([program, *words], capture_output=True, text=True)


def command_names():
    overview = sysgap("--help").stdout
    return [line.split()[0] for line in overview.splitlines() if line.startswith("  ")]


class Help(unittest.TestCase):
    def test_every_command_explains_itself(self):
        self.assertIn("help", command_names())
        for name in command_names():
            done = sysgap(name, "--help")
            self.assertEqual((done.returncode, done.stderr), (0, ""), name)
            self.assertIn("\nexamples:\n  sysgap " + name, done.stdout)
            too_wide = [line for line in done.stdout.splitlines() if len(line) > 80]
            self.assertEqual(too_wide, [])

    def test_the_overview_fits_a_terminal(self):
        self.assertEqual([line for line in sysgap("--help").stdout.splitlines() if len(line) > 80], [])

    def test_a_full_disk_is_no_success(self):
        for words in (["--help"], ["--version"], ["help"], ["status", "--help"], ["help", "man"]):
            with open("/dev/full", "w") as full:
                done = subprocess.run([program, *words], stdout=full, stderr=subprocess.PIPE, text=True)
            self.assertEqual((done.returncode, done.stderr),
                             (1, "sysgap: standard output: No space left on device\n"), words)

    def test_a_mistyped_word_is_recognised(self):
        for words, meant in ((["stats"], "status"), (["help", "scna"], "scan"), (["users", "prtcl"], "prctl"),
                             (["syscalls", "raed"], "read"), (["status", "gvisro"], "gvisor"),
                             (["users", "read", "-X", "redsi"], "redis")):
            done = sysgap(*words)
            self.assertEqual(done.returncode, 1 if words == ["status", "gvisro"] else 2)
            self.assertIn(f"; did you mean {meant}?\n", done.stderr)
        self.assertEqual(sysgap("entirely-different").stderr,
                         "sysgap: no command 'entirely-different'\nTry 'sysgap --help'.\n")

    def test_examples_are_of_their_own_command(self):
        for name in command_names():
            for line in sysgap(name, "--help").stdout.splitlines():
                self.assertFalse(line.startswith("  sysgap") and "sysgap " + name not in line, line)

    @unittest.skipUnless(shutil.which("mandoc"), "no mandoc")
    def test_the_manual_page_is_clean(self):
        with tempfile.NamedTemporaryFile("w", suffix=".1") as page:
            page.write(sysgap("help", "man").stdout)
            page.flush()
            lint = subprocess.run(["mandoc", "-Tlint", page.name], capture_output=True, text=True)
            shown = subprocess.run(["mandoc", "-Tascii", page.name], capture_output=True, text=True)
        self.assertEqual(lint.stdout + lint.stderr, "")
        for name in command_names():
            self.assertIn("--" if name == "help" else name, shown.stdout)


class Completion(unittest.TestCase):
    def complete(self, *words):
        script = ('source <("$0" help completion)\n'
                  'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sysgap; printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "--norc", "-c", script, program, program, *words], capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        return done.stdout.split("\n")[:-1]

    def test_commands(self):
        self.assertEqual(self.complete("hel"), ["help"])
        self.assertEqual(self.complete(""), command_names())

    def test_options_and_their_values(self):
        self.assertIn("--format", self.complete("help", "--fo"))
        self.assertEqual(self.complete("help", "--format", "j"), ["json"])
        self.assertEqual(self.complete("help", "-f", "j"), ["json"])
        self.assertEqual(self.complete("help", "--format", "=", "j"), ["json"])
        self.assertIn("tsv", self.complete("help", "--format", "="))

    def test_operands(self):
        self.assertEqual(self.complete("help", "st"), ["status"])
        self.assertEqual(self.complete("help", "ma"), ["man"])
        self.assertEqual(self.complete("layer", "s"), ["show"])
        self.assertEqual(self.complete("users", "prlim"), ["prlimit64"])
        self.assertEqual(self.complete("status", "gramine-1.8"), ["gramine-1.8"])
        self.assertIn("redis-benchmark", self.complete("explore", "redis"))

    def test_file_names_with_blanks(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "a name.db").touch()
            self.assertEqual(self.complete("help", "--db", folder + "/a"), [folder + "/a name.db"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
