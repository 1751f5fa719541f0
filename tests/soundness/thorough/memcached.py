"""memcached: protocols, storage, TLS, SASL, signals, users."""
import os, resource, signal, socket, ssl, time

from .room import ADDRESS, certificate, converse, limits, listens, wait_for

PROGRAM = "/usr/bin/memcached"
EXECUTES = [PROGRAM]
TALK = [b"set a 0 0 1\r\nb\r\n", b"get a\r\n", b"gets a\r\n", b"add a 0 0 1\r\nx\r\n", b"append a 0 0 1\r\nx\r\n", b"incr n 1\r\n", b"touch a 9\r\n", b"gat 9 a\r\n", b"cas a 0 0 1 1\r\nx\r\n",
        b"mg a v t f\r\n", b"ms m 2\r\nhi\r\n", b"md m\r\n", b"mn\r\n", b"me a\r\n", b"stats\r\n", b"stats settings\r\n", b"stats items\r\n", b"stats slabs\r\n", b"stats sizes\r\n",
        b"stats conns\r\n", b"stats reset\r\n", b"stats detail on\r\n", b"stats cachedump 1 1\r\n", b"lru_crawler metadump all\r\n", b"lru_crawler crawl all\r\n", b"lru_crawler enable\r\n", b"lru tune 10 25 0.1 2\r\n",
        b"slabs reassign 1 2\r\n", b"slabs automove 1\r\n", b"verbosity 2\r\n", b"cache_memlimit 100\r\n", b"version\r\n", b"delete a\r\n", b"flush_all\r\n", b"refresh_certs\r\n", b"shutdown\r\n", b"nonsense\r\n",
        b"watch fetchers mutations\r\n", b"get a\r\n", b"quit\r\n"]


def large(size):
    return b"set big 0 0 %d\r\n" % size + bytes(size) + b"\r\n"


def fill(port, count=40, size=100000):
    with socket.create_connection((ADDRESS, port), timeout=20) as client:
        for i in range(count):
            client.sendall(b"set key%d 0 0 %d\r\n" % (i, size) + bytes([i]) * size + b"\r\n")
            client.recv(100)
        for i in range(count):
            client.sendall(b"get key%d\r\n" % i)
            left = size
            while left > 0 and (got := client.recv(1 << 16)):
                left -= len(got)


def plain(run):
    server = run.serve(PROGRAM, "-u", "memcache", "-l", "127.0.0.1,::1", "-p", 11211, "-U", 11211, "-m", 64, "-t", 2, "-k", "-vv", "-c", 2000, "-R", 5, "-P", run.path("pid"), "-o", "modern,slab_automove=2,lru_crawler,hashpower=12,idle_timeout=2",
                       ready=11211)
    converse(11211, *TALK)
    converse(11211, large(1000000), b"get big\r\n", b"get big big big big\r\n", large(3000000))
    converse(11211, b"\x80\x00\x00\x01" + bytes(4), b"\x80\x0b" + bytes(22), b"\x80\x07" + bytes(22))  # binary protocol
    fill(11211)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(2)
        for request in (b"stats\r\n", b"get a\r\n", b"set u 0 0 1\r\nx\r\n", b"stats settings\r\n"):
            client.sendto(b"\0\1\0\0\0\1\0\0" + request, (ADDRESS, 11211))
            try:
                client.recv(2000)
            except TimeoutError:
                pass
    for tool in ("memccapable", "memcstat", "memcping"):
        run.client(tool, "-h" if tool == "memccapable" else "--servers=127.0.0.1", *(["127.0.0.1"] if tool == "memccapable" else []), seconds=20)
    run.client("memcaslap", "--servers=127.0.0.1:11211", "--execute_number=500", "--concurrency=4", "-T", 1, seconds=20)
    for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGPIPE):
        run.send(number, server.pid, pause=0.2)
    run.end(server)


def unix(run):
    large_pages = ["-L"] if os.path.exists("/sys/kernel/mm/transparent_hugepage") else []
    run.serve(PROGRAM, "-u", "root", "-s", run.path("socket"), "-a", "0777", "-d", "-P", run.path("pid"), *large_pages, "-r", "-A", "-M", "-I", "2m", ready=run.path("socket"))
    converse(run.path("socket"), *TALK[:-10])
    fillers = [large(500000)] * 3
    converse(run.path("socket"), *fillers, b"get big\r\n")
    run.send(signal.SIGINT, run.pid("pid"))
    run.write("pid", f"{os.getpid()}\n")  # of a process that lives
    for setting in "EVENT_PRECISE_TIMER", "EVENT_NOEPOLL", "EVENT_EPOLL_USE_CHANGELIST", "EVENT_SHOW_METHOD":  # of libevent
        methods = {"EVENT_NOEPOLL": {"EVENT_NOPOLL": "1"}}.get(setting, {})
        for more in {}, methods:
            server = run.serve(PROGRAM, "-u", "root", "-s", run.path("socket"), "-P", run.path("pid"), "-vvv", env={setting: "1", **more}, ready=lambda: True)  # over an old socket
            time.sleep(0.7)
            converse(run.path("socket"), *TALK[:6])
            run.end(server)


def storage(run):
    server = run.serve(PROGRAM, "-u", "root", "-l", "localhost:11211", "-m", 64, "-o", f"ext_page_size=4,ext_wbuf_size=2,ext_path={run.path('ext')}:64m,ext_threads=2,ext_item_age=1,ext_recache_rate=1,ext_low_ttl=1,slab_automove=1", "-I", "1m", ready=11211)
    for _ in range(4):
        fill(11211, 60, 60000), fill(11211, 20, 800000)  # in chunks
        time.sleep(0.5)
    converse(11211, b"extstore free_memchunks 1 1\r\n", b"extstore recache_rate 1\r\n", b"stats extstore\r\n", b"extstore item_age 1\r\n", b"extstore compact_under 60\r\n", b"extstore drop_under 0\r\n")
    time.sleep(1.5)
    run.end(server)


def restartable(run):
    for _ in range(2):
        server = run.serve(PROGRAM, "-u", "root", "-p", 11211, "-e", run.path("memory"), "-m", 64, "-A", ready=11211)
        fill(11211, 10)
        run.end(server, signal.SIGUSR1)
    server = run.serve(PROGRAM, "-u", "root", "-p", 11211, "-A", "-D", ":", "-B", "ascii", "-n", 100, "-f", 1.5, "-C", "-F", "-b", 10, ready=11211)
    converse(11211, b"set a 0 0 1\r\nx\r\n", b"flush_all\r\n", b"shutdown graceful\r\n")
    run.end(server)


def tls(run):
    both = certificate(run)
    server = run.serve(PROGRAM, "-u", "memcache", "-p", 11211, "-l", "127.0.0.1", "-Z", "-o", f"ssl_chain_cert={run.path('only.pem')},ssl_key={run.path('key.pem')},ssl_ca_cert={both},ssl_session_cache", ready=11211)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for _ in range(3):
        with context.wrap_socket(socket.create_connection((ADDRESS, 11211), timeout=20)) as client:
            for request in [*TALK[:8], large(300000), b"get big\r\n", b"refresh_certs\r\n", b"stats\r\n"]:
                client.sendall(request)
                client.recv(1 << 16)
    run.end(server)


def sasl(run):
    run.write("memcached.conf", "mech_list: plain\nlog_level: 5\nsasldb_path: /nowhere\n")
    server = run.serve(PROGRAM, "-u", "root", "-p", 11211, "-l", "127.0.0.1", "-S", env={"SASL_CONF_PATH": str(run.folder)}, ready=11211)
    header = lambda op, key, body: bytes([0x80, op]) + len(key).to_bytes(2, "big") + bytes(4) + (len(key) + len(body)).to_bytes(4, "big") + bytes(12) + key + body
    converse(11211, header(0x20, b"", b""), header(0x21, b"PLAIN", b"\0user\0word"), header(0x21, b"CRAM-MD5", b""), header(0x00, b"a", b""))
    run.end(server)
    users = run.write("users", "user:word\n")
    server = run.serve(PROGRAM, "-u", "root", "-p", 11211, "-Y", users, ready=11211)
    converse(11211, b"set x 0 0 9\r\nuser word\r\n", b"get a\r\n", b"refresh_certs\r\n")
    run.end(server)


def proxies(run):
    """Sockets handed in by environment, limits, and what is refused."""
    for words in (["-h"], ["-V"], ["-i"], ["-u", "nobody-here"], ["-p", 99999], ["-l", "192.0.2.1"], ["-s", "/nowhere/socket"], ["-o", "nonsense"], ["-l", "name.test:11555", "-c", 1], ["-S", "-s", "x", "-U", 1], ["-e", "/nowhere/x"]):
        run.command(PROGRAM, *words, "-u", "root", seconds=3)
    server = run.serve(PROGRAM, "-u", "root", "-l", "name.test", "-p", 11211, "-c", 100, "-o", "maxconns_fast", ready=11211)
    clients = [socket.create_connection((ADDRESS, 11211)) for _ in range(140)]
    time.sleep(0.3)
    for client in clients:
        client.close()
    run.end(server)
    server = run.serve(PROGRAM, "-u", "root", "-p", 0, "-U", 0, "-l", "127.0.0.1", env={"MEMCACHED_PORT_FILENAME": run.path("ports")}, ready=run.path("ports"))
    run.end(server, signal.SIGINT)
    for number in (signal.SIGABRT, signal.SIGSEGV):
        server = run.serve(PROGRAM, "-u", "root", "-p", 11211, ready=11211, preexec_fn=limits(resource.RLIMIT_CORE, 0))
        run.end(server, number)
    for limit in (resource.RLIMIT_MEMLOCK, resource.RLIMIT_NOFILE):
        server = run.start(PROGRAM, "-u", "memcache", "-k", "-p", 11211, "-c", 100000, preexec_fn=limits(limit, 60))
        time.sleep(0.5)
        run.end(server)


SCENARIOS = [plain, unix, storage, restartable, tls, sasl, proxies]
