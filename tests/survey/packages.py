"""Small packages whose syscalls are known, made with cc and dpkg-deb."""
import pathlib, shutil, subprocess

SHARED = ["cc", "-O1", "-nostdlib", "-ffreestanding", "-fno-stack-protector", "-shared", "-fPIC", "-xc", "-"]
PROGRAM = ["cc", "-O1", "-nostdlib", "-ffreestanding", "-fno-stack-protector", "-fPIE", "-pie", "-xc", "-"]
CALL = """static long call(long number)
{
	long result;
	__asm__ volatile("syscall" : "=a"(result) : "a"(number) : "rcx", "r11", "memory");
	return result;
}
"""
NUMBERS = {"getpid": 39, "getppid": 110, "gettid": 186, "sync": 162, "exit": 60, "sched_yield": 24, "pause": 34}


def compile_to(path, command, source, *more):
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([*command, "-o", str(path), *more], input=CALL + source, text=True, check=True)


def library(root, name, calls):
    """A library whose function NAME makes the calls."""
    body = "".join(f"call({NUMBERS[c]});" for c in calls)
    path = root / "usr/lib/x86_64-linux-gnu" / f"lib{name}.so.1.0"
    compile_to(path, SHARED, f"void {name}(void) {{ {body} }}", f"-Wl,-soname,lib{name}.so.1")
    path.with_name(f"lib{name}.so.1").symlink_to(path.name)
    return path


def program(root, name, calls, library_path=None, function=None):
    """A program that makes the calls, and calls the function of a library."""
    declared = f"void {function}(void);" if function else ""
    body = "".join(f"call({NUMBERS[c]});" for c in [*calls, "exit"])
    used = f"{function}();" if function else ""
    compile_to(root / "usr/bin" / name, PROGRAM, f"{declared} void _start(void) {{ {used} {body} for (;;) ; }}",
               *(["-xnone", str(library_path)] if library_path else []), "-Wl,--dynamic-linker=/lib64/ld.so")


def asking(root, name):
    """A program that makes ioctl(0x5401) and names a pseudo-file."""
    compile_to(root / "usr/bin" / name, PROGRAM, """
static const char path[] = "/proc/self/maps";
void _start(void)
{
	long result = 16;
	register long operation __asm__("rsi") = 0x5401;
	__asm__ volatile("syscall" : "+a"(result) : "r"(operation), "D"(path) : "rcx", "r11", "memory");
	call(60);
	for (;;) ;
}""", "-Wl,--dynamic-linker=/lib64/ld.so")


def loader(root):
    """What stands in for ld.so: it makes no call at all."""
    compile_to(root / "usr/lib64/ld.so", SHARED, "void _start(void) { for (;;) ; }", "-Wl,-soname,ld.so", "-Wl,-e,_start")


def script(root, name, interpreter):
    path = root / "usr/bin" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{interpreter}\n")
    path.chmod(0o755)


def control(name, version="1", depends="", provides="", essential=False):
    lines = [f"Package: {name}", f"Version: {version}", "Architecture: amd64", "Maintainer: A B <a@example.org>",
             "Section: misc", "Description: a test"]
    lines += [f"Depends: {depends}"] if depends else []
    lines += [f"Provides: {provides}"] if provides else []
    lines += ["Essential: yes"] if essential else []
    return "\n".join(lines) + "\n"


def build(root, to, fields, compression="xz"):
    (root / "DEBIAN").mkdir(parents=True, exist_ok=True)
    (root / "DEBIAN/control").write_text(fields)
    name = fields.split()[1] + ".deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", f"-Z{compression}", "-b", str(root), str(to / name)],
                   check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(root / "DEBIAN")
    return to / name


def make_set(work, to):
    """ldso, lib, app (needs lib), tool (a script by app), plain (no code), odd (a script by nobody)."""
    roots = {name: work / name for name in ("ldso", "lib", "app", "tool", "plain", "odd")}
    for root in roots.values():
        root.mkdir(parents=True)
    loader(roots["ldso"])
    path = library(roots["lib"], "deep", ["sync"])
    program(roots["app"], "app", ["getpid"], path, "deep")
    script(roots["tool"], "tool", "/usr/bin/env -S app -x")
    script(roots["odd"], "odd", "/usr/bin/none")
    (roots["plain"] / "usr/share").mkdir(parents=True)
    (roots["plain"] / "usr/share/text").write_text("text\n")
    build(roots["ldso"], to, control("ldso", essential=True), "gzip")
    build(roots["lib"], to, control("lib", "2", provides="virtual (= 2)"), "zstd")
    build(roots["app"], to, control("app", depends="virtual (>= 2) | gone"))
    build(roots["tool"], to, control("tool", depends="app"), "none")
    build(roots["plain"], to, control("plain"))
    build(roots["odd"], to, control("odd"))
    return roots
