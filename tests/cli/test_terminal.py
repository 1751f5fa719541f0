#!/usr/bin/env python3
"""Reports on terminals of several widths; elsewhere their width depends on nothing."""
import fcntl, os, pathlib, pty, struct, subprocess, sys, tempfile, termios, unittest

program = str(pathlib.Path(sys.argv.pop(1)).resolve())
scratch = tempfile.TemporaryDirectory()
environment = {**os.environ, "XDG_DATA_HOME": scratch.name, "COLUMNS": "40"}
COMMANDS = (["status", "gramine-1.8"], ["status", "zephyr", "--top", "0"], ["plan", "kerla"], ["status", "gramine-1.0", "gvisor"], 
            ["users", "prctl"], ["layer", "list"], ["layer", "show", "gvisor"], ["layer", "diff", "gramine", "gvisor"], ["syscalls"],
            ["scan", "/bin/ls"], ["scan", "/bin/ls", "/bin/cat"], ["scan", "--kind", "operation", "/bin/ls"],
            ["why", "/bin/ls", "ioctl:TCGETS"])


def on_terminal(columns, *words):
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen([program, *words], stdout=theirs, env=environment)
    os.close(theirs)
    written = b""
    try:
        while part := os.read(ours, 65536):
            written += part
    except OSError:  # the other side is closed
        pass
    os.close(ours)
    assert process.wait() == 0
    return written.decode().replace("\r\n", "\n")


def widest(text):
    return max(map(len, text.splitlines()))


class Terminal(unittest.TestCase):
    def test_reports_fit(self):
        for words in COMMANDS:
            for columns in (80, 100):
                self.assertLessEqual(widest(on_terminal(columns, *words)), columns, words)

    def test_no_line_is_wider_than_people_can_read(self):
        for words in COMMANDS:
            self.assertLessEqual(widest(on_terminal(300, *words)), 100, words)

    def test_a_report_in_a_pipe_is_that_of_eighty_columns(self):
        for words in COMMANDS:
            piped = subprocess.run([program, *words], capture_output=True, text=True, env=environment).stdout
            self.assertEqual(piped, on_terminal(80, *words))
            self.assertNotEqual(piped, "")

    def test_a_terminal_of_unknown_or_no_width(self):
        for columns in (0, 1, 20):
            self.assertIn("Status of gramine-1.8", on_terminal(columns, "status", "gramine-1.8"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
