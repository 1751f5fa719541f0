"""A machine of its own for servers under test: namespaces with a loopback net, a name server, a log device.

Nothing of it outlives the run: every process is in a PID namespace whose first process is this one, every mount
in a mount namespace, every port on a loopback of its own. So servers may take any port, change their user, fill
their disk and crash.
"""
import contextlib, ctypes, fcntl, os, pathlib, shutil, signal, socket, socketserver, struct, subprocess, sys, tempfile, threading, time

PATIENCE_SECONDS = 40  # how long a loaded machine may take for what takes a moment
ADDRESS, UNSHARE = "127.0.0.1", ["unshare", "--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "--mount-proc"]
INSIDE = "SYSGAP_THOROUGH_ROOM"


KEPT = set()  # processes that live longer than a scenario


def available():
    return os.geteuid() == 0 and subprocess.run([*UNSHARE, "true"], capture_output=True).returncode == 0


def enter():
    """Starts this program again as the first process of new namespaces, or returns there."""
    if INSIDE in os.environ and os.getpid() == 1:
        furnish(pathlib.Path(os.environ[INSIDE]))
        return
    with tempfile.TemporaryDirectory(prefix="thorough-") as room:
        done = subprocess.run([*UNSHARE, sys.executable, *sys.argv], env={**os.environ, INSIDE: room})
    sys.exit(done.returncode)


def mount(source, target, *options):
    subprocess.run(["mount", *options, str(source), str(target)], check=True)


def furnish(room):
    mount("room", room, "-t", "tmpfs", "-o", "mode=755")
    with socket.socket() as net:  # loopback up, as `ip link set lo up` does
        fcntl.ioctl(net, 0x8914, struct.pack("16sh22x", b"lo", 0x49))
    (room / "resolv.conf").write_text(f"nameserver {ADDRESS}\noptions timeout:2\n")
    (room / "nsswitch.conf").write_text("passwd: files systemd\ngroup: files systemd\nshadow: files\nhosts: files dns\n"
                                        "networks: files\nprotocols: files\nservices: files\n")
    for name in ("resolv.conf", "nsswitch.conf"):
        if os.path.exists(f"/etc/{name}"):
            mount(room / name, f"/etc/{name}", "--bind")
    mount("run", "/run", "-t", "tmpfs", "-o", "mode=755")
    furnish_devices(room / "dev")
    threading.Thread(target=NameServer((ADDRESS, 53), answer_name).serve_forever, daemon=True).start()
    threading.Thread(target=read_log, daemon=True).start()
    os.environ["TMPDIR"] = tempfile.tempdir = str(room)
    os.environ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
    os.chdir(room)


def furnish_devices(devices):
    devices.mkdir()
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        (devices / name).touch()
        mount(f"/dev/{name}", devices / name, "--bind")
    (devices / "pts").mkdir()
    mount("pts", devices / "pts", "-t", "devpts", "-o", "newinstance,ptmxmode=666,mode=620")
    (devices / "ptmx").symlink_to("pts/ptmx")
    (devices / "shm").mkdir(mode=0o1777)
    (devices / "shm").chmod(0o1777)
    for name, target in ("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2"):
        (devices / name).symlink_to("/proc/self/fd" + target)
    mount(devices, "/dev", "--rbind")


class NameServer(socketserver.ThreadingUDPServer):
    allow_reuse_address, daemon_threads = True, True


def answer_name(request, client, server):
    """A and AAAA of names in "test" are the loopback's; SRV of them port 8001; all others do not exist."""
    query, sender = request
    end = query.index(b"\0", 12) + 5
    name, kind = query[12:end - 4], struct.unpack(">H", query[end - 4:end - 2])[0]
    data = {1: socket.inet_aton(ADDRESS), 28: socket.inet_pton(socket.AF_INET6, "::1"),
            33: struct.pack(">HHH", 1, 1, 8001) + name}.get(kind, b"")
    known = name.endswith(b"\4test\0")
    record = b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 1, len(data)) + data
    header = query[:2] + struct.pack(">HHHHH", 0x8180 if known else 0x8183, 1, 1 if known and data else 0, 0, 0)
    sender.sendto(header + query[12:end] + (record if known and data else b""), client)


OPENSSL_SEEDED = 114  # its crypto/rand: a segment of shared memory with this key says that /dev/random was ready


@contextlib.contextmanager
def older_system():
    """What else is there, or is not, elsewhere: OpenSSL's mark, no /sys, nscd(8)."""
    ctypes.CDLL(None).shmget(OPENSSL_SEEDED, 1, 0o1444)
    mount("nothing", "/sys", "-t", "tmpfs")
    try:
        with name_service_cache():
            yield
    finally:
        subprocess.run(["umount", "/sys"], check=True)


@contextlib.contextmanager
def name_service_cache():
    """nscd(8), which libc asks first, if it is installed."""
    path = "/usr/sbin/nscd"
    if not os.path.exists(path):
        yield
        return
    os.makedirs("/run/nscd", exist_ok=True)
    with tempfile.NamedTemporaryFile("w") as settings:
        for name in ("passwd", "group", "hosts", "services", "netgroup"):
            values = {"enable-cache": "yes", "positive-time-to-live": 5, "persistent": "no", "shared": "no" if name == "hosts" else "yes"}
            settings.write("".join(f"{key} {name} {value}\n" for key, value in values.items()))
        settings.flush()
        daemon = subprocess.Popen([path, "-F", "-f", settings.name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        KEPT.add(daemon.pid)
        try:
            wait_for(lambda: os.path.exists("/run/nscd/socket") or daemon.poll() is not None, "nscd")
            yield
        finally:
            KEPT.discard(daemon.pid)
            daemon.terminate()
            daemon.wait(PATIENCE_SECONDS)


def read_log():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind("/dev/log")
        os.chmod("/dev/log", 0o666)
        while True:
            log.recv(65536)


def processes():
    """pid and command line of all others in this room."""
    result = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid() and int(entry) not in KEPT:
            try:
                result[int(entry)] = pathlib.Path(f"/proc/{entry}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
    return result


def wait_for(condition, what, seconds=PATIENCE_SECONDS):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise TimeoutError(f"no {what} within {seconds} s")


def listens(port, host=ADDRESS):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as client:
        client.settimeout(1)
        return client.connect_ex((host, port)) == 0


def converse(address, *requests):
    """Sends each request and reads what comes; a port or a path of a unix socket."""
    family = socket.AF_INET if isinstance(address, int) else socket.AF_UNIX
    replies = b""
    with socket.socket(family) as client:
        client.settimeout(3)
        try:
            client.connect((ADDRESS, address) if isinstance(address, int) else str(address))
            for request in requests:
                client.sendall(request)
                replies += client.recv(1 << 16)
        except OSError:  # a server may refuse; what it does then counts, too
            pass
    return replies


class Run:
    """One scenario: a folder of its own, and programs started in it under a launcher (strace, or a profile)."""

    def __init__(self, launcher, logs):
        self.launcher, self.logs, self.started = launcher, logs, []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="run-"))
        self.folder.chmod(0o777)

    def path(self, name):
        return str(self.folder / name)

    def write(self, name, text, mode=0o644):
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())
        target.chmod(mode)
        return str(target)

    def small_disk(self, name, kilobytes):
        target = self.folder / name
        target.mkdir()
        mount("small", target, "-t", "tmpfs", "-o", f"size={kilobytes}k,mode=777")
        return target

    def start(self, *command, env=None, **options):
        words = [str(word) for word in command]
        options = {"cwd": self.folder, "stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL,
                   "stderr": open(f"{self.logs}.{len(self.started)}", "wb"), "start_new_session": True, **options}
        process = subprocess.Popen([*self.launcher(self.logs, len(os.listdir(self.logs))), *words],
                                   env={**os.environ, **(env or {})}, **options)
        self.started.append(process)
        return process

    def command(self, *command, stdin=None, seconds=PATIENCE_SECONDS, **options):
        """Runs until the process ends, whatever it leaves running. Its output goes to a file: a daemon keeps it open."""
        with open(f"{self.logs}.input", "w+") as given:
            given.write(stdin or "")
            given.flush(), given.seek(0)
            process = self.start(*command, stdin=given, stdout=open(f"{self.logs}.output", "wb"), **options)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def serve(self, *command, ready, **options):
        """A server that `ready` (a port, a path, or a function) says to be up."""
        number = len(self.started)
        process = self.start(*command, **options)
        is_ready = ((lambda: listens(ready)) if isinstance(ready, int) else (lambda: os.path.exists(ready)) if isinstance(ready, str) else ready)
        wait_for(lambda: process.poll() or is_ready(), f"readiness of {command[0]}: {ready}")
        if process.returncode:  # one that makes itself a daemon ends with 0
            said = pathlib.Path(f"{self.logs}.{number}").read_text(errors="replace")[-300:]
            raise RuntimeError(f"{' '.join(map(str, command))[:200]} ended with {process.returncode}: {said}")
        return process

    def pid(self, name):
        """From a pid file, once it is written."""
        target = self.folder / name
        return int(wait_for(lambda: target.exists() and target.read_text().strip(), str(target)).split()[0])

    def send(self, number, *pids, pause=0.3):
        for pid in pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass
        time.sleep(pause)

    def end(self, process, number=signal.SIGTERM, seconds=PATIENCE_SECONDS):
        try:
            os.kill(process.pid, number)
            return process.wait(seconds)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            return None

    def client(self, *command, stdin=None, seconds=PATIENCE_SECONDS):
        """Not traced; what it writes."""
        words = [str(word) for word in command]
        with open(f"{self.logs}.client", "wb+") as output:
            try:
                subprocess.run(words, cwd=self.folder, input=(stdin or "").encode(), stdout=output, stderr=output, timeout=seconds)
            except (subprocess.TimeoutExpired, FileNotFoundError):
                return ""
            output.seek(0)
            return output.read().decode(errors="replace")

    def close(self):
        """Ends what is left of the scenario, politely first; its tracers end by themselves."""
        for number, seconds in (signal.SIGTERM, 5), (signal.SIGKILL, 20):
            tracer = lambda words: os.path.basename(words[0]) == b"strace"
            left = lambda: [pid for pid, words in processes().items() if words[0] and not tracer(words)]
            for pid in left():
                self.send(number, pid, pause=0)
            try:
                self.reap_until(lambda: not [pid for pid, words in processes().items() if words[0]], seconds)
                break
            except TimeoutError:
                continue
        subprocess.run(["sh", "-c", f"grep -o ' {self.folder}[^ ]*' /proc/mounts | xargs -r umount -l"])
        shutil.rmtree(self.folder, ignore_errors=True)

    def reap_until(self, condition, seconds):
        def reaped():
            for process in self.started:
                process.poll()
            try:  # as the room's first process: orphans, too
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                pass
            return condition()
        wait_for(reaped, "end of all processes", seconds)


def certificate(run, name="cert.pem"):
    """A key and a certificate signed by itself in one file."""
    run.client("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
               "-keyout", "key.pem", "-out", "only.pem")
    both = (run.folder / "key.pem").read_bytes() + (run.folder / "only.pem").read_bytes()
    for file in ("key.pem", "only.pem"):
        (run.folder / file).chmod(0o644)
    return run.write(name, both)


def limits(kind, soft):
    """For preexec_fn."""
    import resource
    return lambda: resource.setrlimit(kind, (soft, soft))
