"""redis-server as deployments run it: persistence, replication, sentinel, cluster, TLS, scripts, faults."""
import resource, signal, time

from .room import certificate, converse, limits, listens, wait_for

PROGRAM, CLIENT = "/usr/bin/redis-server", "/usr/bin/redis-cli"
EXECUTES = [PROGRAM, "/bin/sh"]


def ask(run, port, *lines):
    return run.client(CLIENT, "-p", port, stdin="\n".join(lines) + "\n")


def until_saved(run, port):
    wait_for(lambda: "bgsave_in_progress:0" in (info := ask(run, port, "INFO persistence"))
             and "aof_rewrite_in_progress:0" in info and "aof_rewrite_scheduled:0" in info, "end of the save")


DATA = ["SET a 1", "INCR a", "APPEND a x", "SETRANGE big 9000000 x", "LPUSH l 1 2 3", "SADD s 1 2 x", "ZADD z 1 a 2 b",
        "HSET h f v g w", "XADD x * f v", "XGROUP CREATE x g 0", "PFADD p a b c", "GEOADD geo 1 1 here", "SETBIT bits 99 1",
        "EXPIRE a 100", "PEXPIRE l 1", "SORT s ALPHA", "LCS a big LEN", "BLPOP nothing 0.1", "OBJECT ENCODING a", "OBJECT FREQ a",
        "MULTI", "SET b 2", "EXEC", "WATCH a", "EVAL 'return redis.call(\"time\")' 0", "EVAL 'return redis.pcall(\"srandmember\", \"s\")' 0",
        "FUNCTION LOAD \"#!lua name=lib\\nredis.register_function('f', function() return 1 end)\"", "FCALL f 0", "SCRIPT FLUSH",
        "DUMP a", "SCAN 0", "RANDOMKEY", "DBSIZE", "TIME", "LASTSAVE", "ROLE", "COMMAND COUNT", "INFO ALL", "CLUSTER INFO", "MODULE LIST"]


def persistence(run):
    run.serve(PROGRAM, "--port", 6379, "--dir", run.folder, "--appendonly", "yes", "--appendfsync", "everysec", "--save", "1 1",
              "--auto-aof-rewrite-min-size", "1kb", "--auto-aof-rewrite-percentage", 1, "--rdb-save-incremental-fsync", "yes",
              "--io-threads", 3, "--io-threads-do-reads", "yes", "--unixsocket", run.path("socket"), "--unixsocketperm", 777,
              "--daemonize", "yes", "--pidfile", run.path("pid"), "--logfile", run.path("log"), "--syslog-enabled", "yes",
              "--enable-debug-command", "yes", "--enable-module-command", "yes", "--aclfile", run.write("acl", "user default on nopass ~* &* +@all\n"),
              "--server_cpulist", "0", "--bio_cpulist", "0", "--bgsave_cpulist", "0", "--aof_rewrite_cpulist", "0", "--oom-score-adj", "yes",
              "--disable-thp", "yes", "--maxclients", 5000, "--latency-tracking", "yes", "--latency-monitor-threshold", 1, "--activerehashing", "yes",
              "--lazyfree-lazy-eviction", "yes", "--bind", "127.0.0.1 ::1", "--slowlog-log-slower-than", 0, ready=6379)
    ask(run, 6379, *DATA)
    run.client("redis-benchmark", "-n", 500, "-c", 40, "-P", 4, "-q", "-d", 5000, "-r", 1000)
    run.client("redis-benchmark", "-s", run.path("socket"), "-n", 200, "-q", "-t", "set,get")
    run.client("redis-benchmark", "-h", "::1", "-n", 200, "-q", "-t", "set,get")
    ask(run, 6379, "BGREWRITEAOF")
    until_saved(run, 6379)
    ask(run, 6379, "DEBUG POPULATE 30000 key 2000", "BGSAVE", "SET during save")
    until_saved(run, 6379)
    ask(run, 6379, "CONFIG SET appendfsync always", "SET c 1", "SAVE", "BGREWRITEAOF")
    until_saved(run, 6379)
    ask(run, 6379, "CONFIG SET appendonly no", "SET d 1", "CONFIG SET appendonly yes")
    until_saved(run, 6379)
    ask(run, 6379, "DEBUG RELOAD", "DEBUG LOADAOF", "DEBUG SLEEP 0.1", "DEBUG JMAP", "DEBUG OBJECT a", "DEBUG SDSLEN a", "DEBUG HTSTATS 0",
        "DEBUG DIGEST", "DEBUG STRUCTSIZE", "DEBUG MALLCTL background_thread 1", "DEBUG STRINGMATCH-LEN 100 a", "DEBUG QUICKLIST-PACKED-THRESHOLD 10",
        "MEMORY DOCTOR", "MEMORY STATS", "MEMORY MALLOC-STATS", "MEMORY PURGE", "MEMORY USAGE a", "LATENCY DOCTOR", "LATENCY HISTORY command", "SLOWLOG GET",
        "CLIENT LIST", "CLIENT NO-EVICT on", "CLIENT PAUSE 10", "CLIENT SETNAME x", "CLIENT TRACKING on", "CLIENT KILL TYPE pubsub", "CLIENT INFO",
        "UNLINK big", "FLUSHDB ASYNC", "SWAPDB 0 1", "ACL SAVE", "ACL LOAD", "ACL LOG", "ACL GENPASS", "CONFIG RESETSTAT", "LOLWUT")
    for option in ("port 6380", "bind 127.0.0.1", "dir .", "maxmemory 20mb", "maxmemory-policy allkeys-lfu", "maxclients 100", "watchdog-period 200", "hz 100",
                   "activedefrag yes", "oom-score-adj relative", "save '1 1'", "io-threads 2", "tcp-keepalive 1", "timeout 1", "dynamic-hz no", "loglevel debug",
                   "proc-title-template x", "notify-keyspace-events KEA", "client-output-buffer-limit 'normal 1000 10 1'", "crash-memcheck-enabled yes", "disable-thp yes",
                   "repl-diskless-sync no", "appendfilename x", "unixsocketperm 700", "jemalloc-bg-thread no", "jemalloc-bg-thread yes", "list-compress-depth 1"):
        for port in (6379, 6380):
            ask(run, port, f"CONFIG SET {option}")
    port = 6380
    ask(run, port, "DEBUG POPULATE 20000 other 2000", "DEBUG SLEEP 0.5", "OBJECT HELP", "CONFIG REWRITE")
    run.client("timeout", 1, CLIENT, "-p", port, "SUBSCRIBE", "__keyevent@0__:set")
    run.client("timeout", 1, CLIENT, "-p", port, "MONITOR")
    run.send(signal.SIGUSR1, run.pid("pid"))  # nothing listens: the default action must not be it
    if listens(port):
        ask(run, port, "SHUTDOWN SAVE")


def restarts(run):
    configuration = run.write("redis.conf", f"port 6379\ndir {run.folder}\nenable-debug-command yes\nsave 1 1\nlogfile {run.path('log')}\n"
                              f"supervised systemd\nappendonly yes\naof-use-rdb-preamble no\n")
    environment = {"NOTIFY_SOCKET": run.path("notify"), "MALLOC_CONF": "percpu_arena:percpu,background_thread:true,confirm_conf:true,stats_print:true"}
    server = run.serve(PROGRAM, configuration, env=environment, ready=6379)
    ask(run, 6379, *DATA, "CONFIG REWRITE", "BGREWRITEAOF")
    until_saved(run, 6379)
    ask(run, 6379, "DEBUG RESTART 100")  # executes itself
    time.sleep(0.5)
    wait_for(lambda: listens(6379), "server after its restart")
    ask(run, 6379, "DEBUG CRASH-AND-RECOVER 100")
    time.sleep(0.5)
    wait_for(lambda: listens(6379), "server after its recovery")
    ask(run, 6379, "DEBUG CHANGE-REPL-ID", "SHUTDOWN NOSAVE FORCE NOW")
    run.end(server)
    server = run.serve(PROGRAM, configuration, "--supervised", "upstart", env={"UPSTART_JOB": "redis"}, ready=lambda: True)
    time.sleep(1)
    run.end(server, signal.SIGKILL)
    server = run.serve(PROGRAM, "-", stdin=open(configuration), ready=6379)
    run.end(server, signal.SIGINT)


def tls(run):
    both = certificate(run)
    server = run.serve(PROGRAM, "--port", 6379, "--tls-port", 6390, "--tls-cert-file", both, "--tls-key-file", both, "--tls-ca-cert-file", both,
                       "--tls-auth-clients", "no", "--dir", run.folder, "--save", "", "--requirepass", "secret", "--tls-replication", "no", ready=6390)
    for _ in range(3):
        run.client(CLIENT, "-p", 6390, "--tls", "--insecure", "-a", "secret", stdin="SET a b\nGET a\nSETRANGE b 500000 x\nGET b\n")
    run.client("redis-benchmark", "-p", 6390, "--tls", "--insecure", "-a", "secret", "-n", 200, "-q", "-t", "set,get")
    ask(run, 6379, "AUTH secret", "CONFIG SET tls-port 0", "CONFIG SET tls-port 6390", f"CONFIG SET tls-ca-cert-dir {run.folder}", f"CONFIG SET tls-session-caching no")
    run.end(server)


def replication(run):
    for number, diskless in ((1, "no"), (2, "yes")):
        run.write(f"{number}/x", "")
        run.serve(PROGRAM, "--port", 6370 + number, "--dir", run.path(str(number)), "--repl-diskless-sync", diskless, "--repl-diskless-load", "swapdb" if number == 2 else "disabled",
                  "--repl-diskless-sync-delay", 0, "--appendonly", "yes" if number == 2 else "no", "--repl-ping-replica-period", 1, "--repl-timeout", 5, "--enable-debug-command", "yes", ready=6370 + number)
    first, second = 6371, 6372
    ask(run, first, "DEBUG POPULATE 20000 k 100", *DATA)
    for master, replica in ((first, second), (second, first)):  # with and without a file
        ask(run, master, "REPLICAOF NO ONE")
        ask(run, replica, f"REPLICAOF redis.test {master}")
        wait_for(lambda: "master_link_status:up" in ask(run, replica, "INFO replication"), "replication")
        ask(run, master, "SET a b", "WAIT 1 1000", "DEBUG SLEEP 0.1", "CLIENT KILL TYPE replica", "INFO replication")
        ask(run, replica, "SET denied x", "DEBUG SLEEP 0.2", "CLIENT KILL TYPE master")
        wait_for(lambda: "master_link_status:up" in ask(run, replica, "INFO replication"), "replication again")
        ask(run, master, "FAILOVER TIMEOUT 2000")
        wait_for(lambda: "failover" not in ask(run, master, "INFO replication").replace("master_failover_state:no-failover", ""), "fail-over")
        ask(run, replica, "REPLICAOF NO ONE"), ask(run, master, "REPLICAOF NO ONE")
    ask(run, first, f"SET m 1", f"MIGRATE localhost {second} m 0 1000", f"MIGRATE 127.0.0.1 {second} '' 0 1000 COPY REPLACE KEYS a l")
    ask(run, first, "REPLICAOF absent.invalid 1", "DEBUG SLEEP 1", "REPLICAOF ::1 1", "DEBUG SLEEP 1")
    time.sleep(1.5)


def sentinel(run):
    run.serve(PROGRAM, "--port", 6379, "--dir", run.folder, ready=6379)
    run.serve(PROGRAM, "--port", 6378, "--dir", run.folder, "--replicaof", "127.0.0.1 6379", ready=6378)
    configuration = run.write("sentinel.conf", f"port 26379\ndir {run.folder}\nsentinel resolve-hostnames yes\nsentinel monitor main redis.test 6379 1\n"
                              f"sentinel down-after-milliseconds main 300\nsentinel failover-timeout main 1000\nsentinel deny-scripts-reconfig no\n"
                              f"sentinel notification-script main {run.write('notify', '#!/bin/sh' + chr(10), 0o755)}\nsentinel client-reconfig-script main {run.path('notify')}\n", 0o666)
    run.serve(PROGRAM, configuration, "--sentinel", ready=26379)
    wait_for(lambda: "6378" in ask(run, 26379, "SENTINEL REPLICAS main"), "sentinel's view")
    ask(run, 26379, "SENTINEL MASTERS", "SENTINEL CKQUORUM main", "SENTINEL FLUSHCONFIG", "SENTINEL MYID", "SENTINEL INFO-CACHE main", "INFO", "SENTINEL SET main quorum 1",
        "SENTINEL PENDING-SCRIPTS", "SENTINEL FAILOVER main")
    time.sleep(2)
    ask(run, 6379, "SHUTDOWN NOSAVE")
    time.sleep(2.5)
    ask(run, 26379, "SENTINEL RESET main", "SENTINEL REMOVE main", "SHUTDOWN")


def cluster(run):
    ports = (7001, 7002, 7003)
    for port in ports:
        run.write(f"{port}/x", "")
        run.serve(PROGRAM, "--port", port, "--cluster-enabled", "yes", "--dir", run.path(str(port)), "--cluster-node-timeout", 1000, "--appendonly", "yes",
                  "--cluster-announce-hostname", "redis.test", ready=port)
    run.client(CLIENT, "--cluster", "create", *(f"127.0.0.1:{port}" for port in ports), "--cluster-yes")
    wait_for(lambda: "cluster_state:ok" in ask(run, 7001, "CLUSTER INFO"), "cluster")
    run.client(CLIENT, "-c", "-p", 7001, stdin="SET a 1\nSET b 2\nSET c 3\nGET a\nSPUBLISH x y\n")
    run.client(CLIENT, "--cluster", "reshard", "127.0.0.1:7001", "--cluster-from", "all", "--cluster-to", ask(run, 7002, "CLUSTER MYID").strip(), "--cluster-slots", 20, "--cluster-yes")
    ask(run, 7001, "CLUSTER NODES", "CLUSTER SLOTS", "CLUSTER SAVECONFIG", "CLUSTER COUNTKEYSINSLOT 1", "CLUSTER BUMPEPOCH", "CLUSTER LINKS", "CLUSTER RESET HARD")
    ask(run, 7003, "SHUTDOWN")
    time.sleep(2)


def commands(run):
    for words in (["--version"], ["--help"], ["--check-system"], ["--test-memory", "1"], ["--port", "x"], [run.path("missing.conf")],
                  ["--port", 1, "--bind", "192.0.2.1", "--unixsocket", "/nowhere/socket"], ["--port", 6379, "--user", "x"], ["--logfile", "/nowhere/log"], ["--dir", "/nowhere"],
                  ["--port", 0, "--unixsocket", run.path("s"), "--check-system"], ["--test-memory", "0"]):
        run.command(PROGRAM, *words, seconds=20)
    server = run.serve(PROGRAM, "--port", 6379, "--dir", run.folder, "--appendonly", "yes", ready=6379)
    ask(run, 6379, *DATA, "SAVE")
    run.end(server)
    run.command("/usr/bin/redis-check-rdb", "dump.rdb")
    for file in run.folder.glob("appendonlydir/*.aof"):
        run.command("/usr/bin/redis-check-aof", file)
        if file.name.endswith("incr.aof"):
            file.write_bytes(file.read_bytes()[:-3])
            run.command("/usr/bin/redis-check-aof", "--fix", file, stdin="y\n")
            file.write_bytes(file.read_bytes()[:-2])
    manifest = next(run.folder.glob("appendonlydir/*.manifest"), None)
    run.command("/usr/bin/redis-check-aof", "--truncate-to-timestamp", "1", manifest)
    server = run.serve(PROGRAM, "--port", 6379, "--dir", run.folder, "--appendonly", "yes", ready=lambda: listens(6379) or True)  # with a cut file
    time.sleep(1)
    run.end(server)
    (run.folder / "dump.rdb").write_bytes(b"REDIS0010broken")
    run.command(PROGRAM, "--port", 6379, "--dir", run.folder, seconds=5)


def faults(run):
    disk = run.small_disk("disk", 800)
    server = run.serve(PROGRAM, "--port", 6379, "--dir", disk, "--appendonly", "yes", "--maxclients", 20, "--tcp-backlog", 5000, "--timeout", 1, "--lua-time-limit", 100, "--enable-debug-command", "yes", ready=6379)
    ask(run, 6379, "DEBUG POPULATE 5000 k 500", "BGSAVE", "SAVE", "BGREWRITEAOF", "SETRANGE a 900000 x", "SETRANGE b 900000 x")
    time.sleep(1)
    connections = [converse for _ in range(2)]
    for connect in connections:
        connect(6379, b"*1\r\n$-5\r\n"), connect(6379, b"QUIT\r\n"), connect(6379, b"GET / HTTP/1.0\r\nHost: x\r\n\r\n")
    ask(run, 6379, "CONFIG SET maxclients 100000", "CLIENT KILL TYPE normal", "DEBUG SLEEP 0")
    run.client("timeout", 2, CLIENT, "-p", 6379, "EVAL", "while true do end", 0)
    ask(run, 6379, "SCRIPT KILL")
    run.end(server, seconds=10)
    server = run.serve(PROGRAM, "--port", 6379, "--save", "", "--maxclients", 9000, ready=6379, preexec_fn=limits(resource.RLIMIT_NOFILE, 100))
    run.end(server)


def crash(run):
    for question in ("DEBUG SEGFAULT", "DEBUG PANIC", "DEBUG ASSERT", "DEBUG OOM", "DEBUG LOG x", "DEBUG CLOSE-CLIENT-ON-WRITE"):
        server = run.serve(PROGRAM, "--port", 6379, "--save", "", "--enable-debug-command", "yes", "--logfile", run.path("log"), "--io-threads", 2, ready=6379)
        ask(run, 6379, "SET a 1", question)
        run.end(server, seconds=10)
    for number in (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT, signal.SIGALRM):
        server = run.serve(PROGRAM, "--port", 6379, "--save", "", "--use-exit-on-panic", "yes" if number == signal.SIGBUS else "no", ready=6379)
        run.send(number, server.pid, pause=0.5)
        run.end(server, seconds=10)


SCENARIOS = [persistence, restarts, tls, replication, sentinel, cluster, commands, faults, crash]
