#!/usr/bin/env python3
"""Packages made to do harm: each is accounted for, costs little memory, and leaves the others as they are.

usage: test_hostile.py SYSGAP
"""
import gzip, io, lzma, os, pathlib, resource, subprocess, sys, tarfile, tempfile, unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "robustness"))
import packages, tap

program = str(pathlib.Path(sys.argv.pop(1)).resolve())
ELF = b"\x7fELF\x02\x01\x01" + bytes(57)
PIECE = 64 << 20


def member(name, content, size=None):
    size = len(content) if size is None else size
    return f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{size:<10}`\n".encode() + content + b"\n" * (len(content) % 2)


def tar(*entries):
    """entries: (name, content) or a TarInfo"""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for entry in entries:
            info = entry if isinstance(entry, tarfile.TarInfo) else tarfile.TarInfo(entry[0])
            content = b"" if isinstance(entry, tarfile.TarInfo) else entry[1]
            if not isinstance(entry, tarfile.TarInfo):
                info.size, info.mode = len(content), 0o755
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def control(name):
    return member("control.tar.gz", gzip.compress(tar(("control", packages.control(name).encode()))))


VERSION = member("debian-binary", b"2.0\n")


def deb(name, data, ending=""):
    return b"!<arch>\n" + VERSION + control(name) + member("data.tar" + ending, data)


def header(name, size):
    """A tar header that says so, whatever follows; sizes over 8 GB are in base 256."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o755
    return info.tobuf(tarfile.GNU_FORMAT)


def many_times(piece, times):
    """Concatenated xz streams unpack to the concatenation."""
    return lzma.compress(piece, preset=0) * times


def sparse(name, size, real):
    """An old GNU sparse entry: `real` bytes at the end of `size`."""
    block = bytearray(header(name, real))
    block[156:157] = b"S"
    block[386:410] = b"%011o\0" % (size - real) + b"%011o\0" % real
    block[483:495] = b"%011o\0" % size
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + ELF.ljust(512, b"\0") * (real // 512) + bytes(1024)


def hostile():
    """{name: content of a .deb}"""
    gigabytes = 10 << 30
    plain = tar(("./usr/share/doc/x", b"text\n"))
    found = {
        "bomb": deb("bomb", lzma.compress(header("./usr/share/zeros", gigabytes)) +
                    many_times(bytes(PIECE), gigabytes // PIECE), ".xz"),
        "elfbomb": deb("elfbomb", lzma.compress(header("./usr/bin/zeros", gigabytes) + ELF.ljust(512, b"\0")) +
                       many_times(bytes(PIECE), gigabytes // PIECE), ".xz"),
        "million": deb("million", many_times(b"".join(header(f"./usr/bin/{i}", 0) for i in range(10000)), 100), ".xz"),
        "upward": deb("upward", tar(("../../../tmp/escaped", ELF), ("/etc/absolute", ELF), ("./usr/../../up", b"#!/bin/sh\n"),
                                    ("", b""), ("./" + "d/" * 3000 + "deep", b"x"))),
        "links": deb("links", tar(special("./usr/bin/a", tarfile.SYMTYPE, "../../../../etc/passwd"),
                                  special("./usr/bin/b", tarfile.SYMTYPE, "b"), special("./usr/bin/c", tarfile.LNKTYPE, "../../x"),
                                  special("./usr/bin/d", tarfile.LNKTYPE, "./usr/bin/d"), ("./usr/bin/s", b"#!/usr/bin/b\n"))),
        "devices": deb("devices", tar(special("./dev/sda", tarfile.BLKTYPE), special("./dev/mem", tarfile.CHRTYPE),
                                      special("./run/pipe", tarfile.FIFOTYPE))),
        "sparse": deb("sparse", sparse("./usr/bin/sparse", 7 << 30, 1024)),
        "lyingtar": deb("lyingtar", header("./usr/bin/large", 1 << 40) + ELF),
        "lyingmember": b"!<arch>\n" + VERSION + control("lyingmember") + member("data.tar", plain, 9999999999),
        "negative": b"!<arch>\n" + VERSION + control("negative") + member("data.tar", plain, -5),
        "order": b"!<arch>\n" + VERSION + member("data.tar", plain) + control("order"),
        "noversion": b"!<arch>\n" + control("noversion") + member("data.tar", plain),
        "nodata": b"!<arch>\n" + VERSION + control("nodata"),
        "twice": b"!<arch>\n" + VERSION + control("twice") + control("twice") + member("data.tar", plain),
        "empty": b"",
        "nested": deb("nested", tar(("./usr/share/inner.deb", deb("inner", plain)), ("./usr/share/inner.tar.gz", gzip.compress(plain)))),
        "wrongending": deb("wrongending", gzip.compress(plain), ".xz"),
        "manystreams": deb("manystreams", gzip.compress(plain) * 10000, ".gz"),
        "longcontrol": b"!<arch>\n" + VERSION + member("control.tar.gz", gzip.compress(tar(
            ("control", packages.control("longcontrol").encode() + b"X: " + b"y" * (64 << 20))))) + member("data.tar", plain),
        "names": deb("names", tar(("./usr/bin/\xff\xfe\n\t|", b"#!/bin/sh\n"), ("./usr/bin/$(id)", b"#!/" + b"x" * 5000 + b"\n"))),
    }
    return found


class Hostile(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.scratch.name)
        self.debs = self.folder / "debs"
        self.debs.mkdir()
        packages.make_set(self.folder / "work", self.debs)

    def tearDown(self):
        self.scratch.cleanup()

    def run_sysgap(self, *words):
        return subprocess.run([program, *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def scan(self, db):
        done = self.run_sysgap("scan", self.debs, "--db", self.folder / db, "--quiet", "--format", "tsv", "--jobs", "2")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return {row.split("\t")[0]: row.split("\t")[3] for row in done.stdout.splitlines()[1:]}

    def uses(self, db):
        text = self.run_sysgap("export", "packages", "--db", self.folder / db).stdout
        return sorted(line for line in text.splitlines() if line.startswith("use\t"))

    def test_each_is_accounted_for(self):
        good = self.scan("good.db")
        made = hostile()
        for name, content in made.items():
            (self.debs / f"{name}.deb").write_bytes(content)
        before = sorted(str(path) for path in self.folder.rglob("*"))
        states = self.scan("all.db")
        self.assertEqual(len(states), len(good) + len(made))
        self.assertEqual({name: states[name] for name in good}, good)
        whole = {name for name in made if states.get(name, "partly") != "partly"}
        self.assertEqual(whole, {"bomb", "million", "devices", "sparse", "nested", "wrongending", "manystreams"})
        self.assertEqual(self.uses("all.db"), self.uses("good.db"))  # nobody gets or loses a call
        after = [path for path in map(str, self.folder.rglob("*")) if "all.db" not in path]
        self.assertEqual(sorted(after), before)
        self.assertFalse(os.path.exists("/tmp/escaped"))
        if "sanitize" not in program:  # which takes memory of its own
            self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, 400)


if __name__ == "__main__":
    tap.main()
