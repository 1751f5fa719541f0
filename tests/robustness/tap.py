"""unittest with TAP output: one line per test, as meson counts them."""
import sys, unittest


class Tap(unittest.TextTestResult):
    """One line per test, as meson reads it."""

    def line(self, word, test, note=""):
        print(f"{word} {self.testsRun} - {test.id().split('.', 1)[1]}{note}", flush=True)

    def addSuccess(self, test):
        self.line("ok", test)

    def addSkip(self, test, reason):
        self.line("ok", test, f" # SKIP {reason}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.line("not ok", test)

    def addError(self, test, err):
        super().addError(test, err)
        self.line("not ok", test)


def main():
    result = unittest.main(exit=False, testRunner=unittest.TextTestRunner(resultclass=Tap, verbosity=0)).result
    print(f"1..{result.testsRun}")
    sys.exit(not result.wasSuccessful())
