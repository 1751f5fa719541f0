"""Real programs and what they are made to do: command lines, and servers with their clients."""
import os, pathlib, shutil, signal, socket, subprocess, time

PATIENCE_SECONDS = 120  # of a loaded machine


class Unavailable(Exception):
    """What builds the program is not installed."""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def end_session(session):
    """TERM to every process of a session of ours."""
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and int((entry / "stat").read_text().rpartition(")")[2].split()[3]) == session:
                os.kill(int(entry.name), signal.SIGTERM)
        except (OSError, IndexError):
            continue  # it ended by itself


def wait_for(condition, seconds=PATIENCE_SECONDS):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    raise TimeoutError("server is not ready")


def listens(port):
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


def talk(port, *requests):
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as client:
        for request in requests:
            client.sendall(request)
            client.recv(65536)


class Server:
    """A server on a free port that is used by `use` when it listens, and ended by a signal."""

    def __init__(self, name, path, arguments, use, prepare=None):
        self.name, self.path, self.arguments, self.use, self.prepare = name, path, arguments, use, prepare

    def run(self, launcher, folder):
        port = free_port()
        if self.prepare:
            self.prepare(folder, port)
        fill = lambda text: text.replace("{dir}", str(folder)).replace("{port}", str(port))
        process = subprocess.Popen([*launcher, *map(fill, [self.path, *self.arguments])], cwd=folder,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   start_new_session=True)
        try:
            wait_for(lambda: listens(port) or process.poll() is not None)
            if process.poll() is not None:
                return False
            self.use(port, folder)
            return process.poll() is None
        finally:
            end_session(process.pid)
            try:
                process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


class Command:
    def __init__(self, name, path, arguments, prepare=None):
        self.name, self.path, self.arguments, self.prepare = name, path, arguments, prepare

    def run(self, launcher, folder):
        if self.prepare:
            self.prepare(folder)
        fill = lambda text: text.replace("{dir}", str(folder))
        try:
            done = subprocess.run([*launcher, *map(fill, [self.path, *self.arguments])], cwd=folder, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0


def fetch(path):
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()


def http_client(port, folder):
    for _ in range(20):
        talk(port, fetch("/index.html"))
    if shutil.which("wrk"):
        subprocess.run(["wrk", "-t1", "-c4", "-d1s", f"http://127.0.0.1:{port}/index.html"], stdout=subprocess.DEVNULL)


def redis_client(port, folder):
    talk(port, b"SET a 1\r\n", b"GET a\r\n", b"INCR a\r\n", b"CONFIG SET save 60\r\n", b"BGSAVE\r\n")
    if shutil.which("redis-benchmark"):
        subprocess.run(["redis-benchmark", "-p", str(port), "-n", "2000", "-q"], stdout=subprocess.DEVNULL)
    time.sleep(0.3)  # lets the background save end; nothing depends on it


def memcached_client(port, folder):
    talk(port, b"set a 0 0 1\r\nb\r\n", b"get a\r\n", b"stats\r\n", b"flush_all\r\n", b"version\r\n")


def iperf3_client(port, folder):
    """The server takes the look whether it listens for a client that left, and may refuse the next one."""
    measure = ["iperf3", "-c", "127.0.0.1", "-p", str(port), "-n", "4M"]
    wait_for(lambda: subprocess.run(measure, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0)


def web_root(folder):
    (folder / "www").mkdir(exist_ok=True)
    (folder / "www" / "index.html").write_text("hello\n" * 100)


def nginx_files(folder, port):
    web_root(folder)
    os.chmod(folder, 0o755)
    (folder / "nginx.conf").write_text(f"""
daemon off; master_process on; worker_processes 1; pid {folder}/pid; error_log {folder}/error; user root;
events {{ }}
http {{ access_log {folder}/access; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;
  fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e; sendfile on;
  server {{ listen 127.0.0.1:{port}; root {folder}/www; }} }}
""")


def lighttpd_files(folder, port):
    web_root(folder)
    (folder / "lighttpd.conf").write_text(f"""
server.document-root = "{folder}/www"
server.bind = "127.0.0.1"
server.port = {port}
""")


def haproxy_files(folder, port):
    (folder / "haproxy.cfg").write_text(f"""
global
  maxconn 64
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 5s
frontend f
  bind 127.0.0.1:{port}
  http-request return status 200 content-type text/plain string "hello"
""")


def text_files(folder):
    for i in range(20):
        (folder / f"file{i}").write_text("line of text\n" * (i + 1))


def sqlite_script(folder):
    (folder / "script.sql").write_text(
        "create table t(a integer primary key, b text);\nbegin;\n"
        + "".join(f"insert into t values({i}, 'text {i}');\n" for i in range(200))
        + "commit;\nselect count(*), max(b) from t;\ncreate index i on t(b);\ndelete from t where a % 2;\nvacuum;\n"
        + "pragma journal_mode=wal;\ninsert into t values(1000, 'x');\n.tables\n.schema\n")


def compiled(source, command):
    def prepare(folder):
        if not shutil.which(command[0]):
            raise Unavailable(command[0])
        path = folder / source[0]
        path.write_text(source[1])
        env = {**os.environ, "GOCACHE": str(folder / "cache"), "GO111MODULE": "off"}
        subprocess.run([w.replace("{dir}", str(folder)) for w in command], check=True, capture_output=True, cwd=folder, env=env)
    return prepare


HELLO = '#include <stdio.h>\nint main(void) { FILE *f = fopen("/etc/passwd", "r"); char b[99]; fgets(b, 99, f); puts(b); return 0; }\n'
CXX = '#include <iostream>\n#include <thread>\n#include <map>\nint main() { std::map<int,int> m; std::thread t([&]{ m[1]=2; }); t.join(); std::cout << m.size() << std::endl; try { throw 1; } catch (int) { } return 0; }\n'
GO = 'package main\nimport ("fmt"; "net"; "os"; "os/exec"; "time")\nfunc main() { l, _ := net.Listen("tcp", "127.0.0.1:0"); go func() { c, _ := l.Accept(); c.Write([]byte("x")); c.Close() }(); c, _ := net.Dial("tcp", l.Addr().String()); b := make([]byte, 9); c.Read(b); time.Sleep(time.Millisecond); os.ReadDir("/"); exec.Command("/bin/true").Run(); fmt.Println("ok") }\n'
RUST = 'use std::{fs, thread, process::Command, net::TcpListener};\nfn main() { let l = TcpListener::bind("127.0.0.1:0").unwrap(); let _ = l.local_addr(); thread::spawn(|| { let _ = fs::read_dir("/").map(|d| d.count()); }).join().unwrap(); let _ = Command::new("/bin/true").status(); println!("ok"); }\n'

# one program each, of features.c
FEATURES = ["asynchronous_reads", "changing_tree_walk", "tilde_glob", "word_expansion", "spawn_attributes", "spawn_actions", "terminals",
            "timers", "scheduled_threads", "affine_threads", "protected_mutexes", "inheriting_mutexes", "daemons", "tree_streams",
            "effective_users", "asynchronous_names", "message_notes", "plain_spawns", "asynchronous_priorities", "brace_globs",
            "temporary_folders", "signal_stacks", "remote_calls"]
FEATURES_SOURCE = (pathlib.Path(__file__).parent / "features.c").read_text()

PROGRAMS = [
    Command("true", "/bin/true", []),
    Command("ls", "/bin/ls", ["-lR", "/usr/share/doc/bash", "/"[:1] + "dev"]),
    Command("cat", "/bin/cat", ["/etc/passwd"]),
    Command("grep", "/bin/grep", ["-r", "text", "{dir}"], text_files),
    Command("sed", "/bin/sed", ["-i", "s/line/row/", "{dir}/file3"], text_files),
    Command("find", "/usr/bin/find", ["{dir}", "-name", "file*", "-size", "+0"], text_files),
    Command("tar", "/bin/tar", ["-cf", "{dir}/a.tar", "-C", "{dir}", "file1", "file2"], text_files),
    Command("gzip", "/bin/gzip", ["-k", "{dir}/file7"], text_files),
    Command("xz", "/usr/bin/xz", ["-k", "-T2", "{dir}/file7"], text_files),
    Command("sort", "/usr/bin/sort", ["-o", "{dir}/sorted", "{dir}/file9"], text_files),
    Command("cp", "/bin/cp", ["-a", "{dir}/file9", "{dir}/copy"], text_files),
    Command("id", "/usr/bin/id", []),
    Command("date", "/bin/date", ["-u"]),
    Command("stat", "/usr/bin/stat", ["/etc/passwd"]),
    Command("df", "/bin/df", ["/"]),
    Command("bash", "/bin/bash", ["-c", "for i in 1 2; do echo $i | cat; done; read x < /etc/passwd; (exit 0); trap : TERM; echo ${x:0:3}"]),
    Command("dash", "/bin/dash", ["-c", "for i in 1 2; do echo $i | cat; done; umask; test -r /etc/passwd"]),
    Command("perl", "/usr/bin/perl", ["-e", 'use POSIX; use Socket; opendir(my $d, "/"); readdir $d; my $p = fork; if (!$p) { exit 0 } waitpid $p, 0; print sort(1,2), getpwuid(0), strftime("%Y", gmtime)']),
    Command("python3", "/usr/bin/python3", ["-c", "import os, json, socket, threading, subprocess, tempfile, hashlib; subprocess.run(['/bin/true']); t = threading.Thread(target=lambda: 1); t.start(); t.join(); s = socket.socketpair(); s[0].send(b'x'); tempfile.TemporaryFile(); print(json.dumps(os.listdir('/')), hashlib.sha256(b'').hexdigest())"]),
    Command("git", "/usr/bin/git", ["-c", "user.name=a", "-c", "user.email=a@b", "clone", "-q", "{dir}/source", "{dir}/clone"],
            lambda folder: subprocess.run(["sh", "-c", "git init -q source && cd source && touch a && git add a && git -c user.name=a -c user.email=a@b commit -qm x"], cwd=folder, check=True)),
    Command("openssl", "/usr/bin/openssl", ["dgst", "-sha256", "/etc/passwd"]),
    Command("curl", "/usr/bin/curl", ["-s", "-o", "{dir}/out", "file:///etc/passwd"]),
    Command("sqlite3", "/usr/bin/sqlite3", ["{dir}/t.db", ".read {dir}/script.sql"], sqlite_script),
    Command("make", "/usr/bin/make", ["-C", "{dir}", "-j2"], lambda folder: (folder / "Makefile").write_text("all: a b\na b:\n\ttrue\n")),
    Command("gdb", "/usr/bin/gdb", ["-batch", "-ex", "info functions main", "/bin/true"]),
    Command("busybox (static)", "/bin/busybox", ["sh", "-c", "busybox ls -l / | busybox wc -l; busybox date"]),
    Command("rg (Rust)", "/usr/bin/rg", ["text", "{dir}"], text_files),
    Command("fdfind (Rust)", "/usr/bin/fdfind", ["file", "{dir}"], text_files),
    Command("java (launcher)", "/usr/bin/java", ["-version"]),
    Command("hello (static glibc)", "{dir}/hello", [], compiled(("hello.c", HELLO), ["gcc", "-O1", "-static", "-o", "{dir}/hello", "{dir}/hello.c"])),
    Command("hello (static-pie, stripped)", "{dir}/hello", [], compiled(("hello.c", HELLO), ["gcc", "-O1", "-static-pie", "-s", "-o", "{dir}/hello", "{dir}/hello.c"])),
    Command("hello (static musl)", "{dir}/hello", [], compiled(("hello.c", HELLO), ["musl-gcc", "-O1", "-static", "-o", "{dir}/hello", "{dir}/hello.c"])),
    Command("hello (no PIE)", "{dir}/hello", [], compiled(("hello.c", HELLO), ["gcc", "-O1", "-no-pie", "-o", "{dir}/hello", "{dir}/hello.c"])),
    Command("threads (C++)", "{dir}/cxx", [], compiled(("a.cc", CXX), ["g++", "-O1", "-pthread", "-o", "{dir}/cxx", "{dir}/a.cc"])),
    Command("sockets (Go)", "{dir}/go", [], compiled(("a.go", GO), ["go", "build", "-o", "{dir}/go", "{dir}/a.go"])),
    Command("sockets (Go, stripped)", "{dir}/go", [], compiled(("a.go", GO), ["go", "build", "-ldflags=-s -w", "-o", "{dir}/go", "{dir}/a.go"])),
    Command("threads (Rust)", "{dir}/rust", [], compiled(("a.rs", RUST), ["rustc", "-O", "-o", "{dir}/rust", "{dir}/a.rs"])),
    Server("redis-server", "/usr/bin/redis-server", ["--port", "{port}", "--dir", "{dir}", "--appendonly", "yes"], redis_client),
    Server("nginx", "/usr/sbin/nginx", ["-c", "{dir}/nginx.conf", "-e", "{dir}/error"], http_client, nginx_files),
    Server("memcached", "/usr/bin/memcached", ["-u", "root", "-l", "127.0.0.1", "-p", "{port}"], memcached_client),
    Server("lighttpd", "/usr/sbin/lighttpd", ["-D", "-f", "{dir}/lighttpd.conf"], http_client, lighttpd_files),
    Server("haproxy", "/usr/sbin/haproxy", ["-f", "{dir}/haproxy.cfg"], http_client, haproxy_files),
    Server("iperf3", "/usr/bin/iperf3", ["-s", "-p", "{port}"], iperf3_client),
    *(Command(f"glibc: {name.replace('_', ' ')}", "{dir}/feature", [],
              compiled(("f.c", FEATURES_SOURCE), ["gcc", "-O1", f"-DFEATURE={name}", "-o", "{dir}/feature", "{dir}/f.c"])) for name in FEATURES),
]
