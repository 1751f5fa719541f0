"""haproxy: master and workers, reloads with sockets handed over, health checks of all kinds, DNS, Lua, TLS, chroot."""
import os, resource, signal, socket, threading, time

from .nginx import get, upstream
from .room import ADDRESS, certificate, converse, limits, listens, wait_for

PROGRAM = "/usr/sbin/haproxy"
EXECUTES = [PROGRAM, "/bin/sh", "/bin/true"]

CONFIG = """
global
  {daemon}
  {master}
  nbthread 2
  cpu-map auto:1/1-2 0
  pidfile {dir}/pid
  user haproxy
  group haproxy
  {chroot}
  maxconn 300
  ulimit-n 4000
  node n
  description d
  stats socket {dir}/admin mode 600 level admin expose-fd listeners user root
  stats socket ipv4@127.0.0.1:9999 level admin
  stats timeout 2s
  log /dev/log local0 debug
  log 127.0.0.1:5514 local1
  log stderr format raw local2
  log ring@buffer local3
  lua-load {dir}/x.lua
  external-check
  insecure-fork-wanted
  insecure-setuid-wanted
  hard-stop-after 3s
  spread-checks 5
  tune.ssl.default-dh-param 1024
  tune.bufsize 16384
  expose-experimental-directives
  tune.fd.edge-triggered on
  server-state-file {dir}/state
  ssl-default-bind-options ssl-min-ver TLSv1.2
  profiling.tasks on
  setenv A b
  presetenv C d
  set-dumpable
  {extra}
ring buffer
  format rfc3164
  maxlen 1200
  size 32764
  backing-file {dir}/ring
  server log 127.0.0.1:6514 log-proto octet-count check
defaults
  mode http
  log global
  option httplog
  option dontlognull
  option splice-auto
  option http-keep-alive
  option redispatch
  retries 2
  timeout client 2s
  timeout server 2s
  timeout connect 1s
  timeout check 500ms
  timeout queue 1s
  timeout tunnel 3s
  errorfile 503 {dir}/503.http
  load-server-state-from-file global
resolvers dns
  nameserver local 127.0.0.1:53
  nameserver tcp tcp@127.0.0.1:53
  parse-resolv-conf
  hold valid 1s
  resolve_retries 2
  timeout resolve 300ms
  timeout retry 300ms
peers p
  bind 127.0.0.1:10000
  server {host}
  server other 127.0.0.1:10001
mailers m
  mailer one 127.0.0.1:2525
cache c
  total-max-size 4
  max-age 5
userlist u
  user a insecure-password b
  user e password $5$abcdefgh$RTzNL1NmUZcQQyQxSTXvwOP1Ms9WLSD5PPvXHJXvKr8
frontend f
  bind 127.0.0.1:8000 tfo defer-accept backlog 100 maxconn 200
  bind 127.0.0.1:8003 interface lo
  bind ipv6@::1:8000 v6only
  bind {dir}/front mode 666 user root
  bind abns@sysgap-front
  bind 127.0.0.1:8443 ssl crt {dir}/cert.pem alpn h2,http/1.1
  bind 127.0.0.1:8002 accept-proxy
  bind 127.0.0.1:8006 transparent
  bind 127.0.0.1:8004 mss 1000 tcp-ut 1000 namespace none-such-is-fine
  bind fd@0 shards 1
  capture request header Host len 20
  filter cache c
  filter compression
  compression algo gzip deflate
  compression type text/html text/plain
  stick-table type ip size 1k expire 10s peers p store http_req_rate(10s),conn_cur,gpc0
  http-request track-sc0 src
  http-request set-log-level debug if {{ path_beg /debug }}
  http-request cache-use c if {{ path_beg /cached }}
  http-response cache-store c
  http-request auth if {{ path_beg /auth }} !{{ http_auth(u) }}
  http-request redirect location / if {{ path /r }}
  http-request deny if {{ path /deny }}
  http-request tarpit if {{ path /tarpit }}
  http-request return status 200 content-type text/plain string "hello" if {{ path /hello }}
  http-request return status 200 content-type text/plain file {dir}/503.http if {{ path /file }}
  http-request lua.act if {{ path_beg /lua }}
  http-request use-service lua.svc if {{ path /svc }}
  http-request use-service prometheus-exporter if {{ path /metrics }}
  http-request do-resolve(txn.ip,dns,ipv4) str(name.test) if {{ path_beg /resolve }}
  http-request set-dst var(txn.ip) if {{ path_beg /resolve }}
  http-request set-mark 1 if {{ path /mark }}
  http-request set-tos 4 if {{ path /mark }}
  http-request set-nice 5 if {{ path /mark }}
  http-request wait-for-body time 1s if {{ method POST }}
  http-request silent-drop if {{ path /drop }}
  tcp-request connection set-src src
  tcp-request inspect-delay 100ms
  acl ips src -f {dir}/list
  use_backend %[path,map_beg({dir}/map,b)]
frontend t
  mode tcp
  option tcplog
  bind 127.0.0.1:8005
  default_backend tcp
frontend stats
  bind 127.0.0.1:8404
  stats enable
  stats uri /
  stats admin if TRUE
  stats refresh 1s
log-forward l
  bind 127.0.0.1:1514
  dgram-bind 127.0.0.1:1514
  log ring@buffer local0
backend b
  balance leastconn
  cookie S insert
  option httpchk GET /small
  option prefer-last-server
  http-reuse always
  email-alert mailers m
  email-alert from a@b
  email-alert to c@d
  server one 127.0.0.1:8081 check inter 200 cookie one agent-check agent-port 9001 agent-inter 200 observe layer7
  server two unix@{dir}/socket check inter 200 send-proxy-v2 backup
  server three name.test:8081 check inter 200 resolvers dns init-addr last,libc,none
  server-template srv 2 _http._tcp.test resolvers dns check inter 300 init-addr none
  server dead 127.0.0.1:1 check inter 200 fall 1 rise 1
backend tcp
  mode tcp
  balance source
  option tcp-check
  option tcpka
  tcp-check connect
  tcp-check send GET\\ /small\\ HTTP/1.0\\r\\n\\r\\n
  tcp-check expect string x
  server one 127.0.0.1:8081 check inter 300 source 127.0.0.3
  server own 127.0.0.1:8081 source 127.0.0.1:2000-2100
backend tls
  server one 127.0.0.1:8443 ssl verify none check check-ssl inter 500 alpn h2
  server two 127.0.0.1:8443 ssl verify required ca-file {dir}/cert.pem sni str(x)
backend external
  option external-check
  external-check path /bin:/usr/bin
  external-check command /bin/true
  server one 127.0.0.1:8081 check inter 300
backend sticky
  stick-table type string len 20 size 1k expire 10s
  stick on path
  server one 127.0.0.1:8081 track b/one
  server trans 127.0.0.1:8081 source 0.0.0.0 usesrc clientip
backend checks
  option mysql-check user x
  server a 127.0.0.1:8081 check inter 300 port 8081
backend checks2
  option redis-check
  server a 127.0.0.1:8081 check inter 300
backend checks3
  option smtpchk
  server a 127.0.0.1:8081 check inter 300
program side
  command /bin/sleep 100
  user nobody
"""

LUA = """
core.register_action("act", {"http-req"}, function(txn) local s = core.tcp(); s:settimeout(1); if s:connect("127.0.0.1", 8081) then s:send("GET /small HTTP/1.0\\r\\n\\r\\n"); s:receive("*a"); s:close() end; core.msleep(10); txn:set_var("txn.x", 1); core.log(core.info, "x") end)
core.register_service("svc", "http", function(a) a:set_status(200); a:start_response(); a:send(os.date() .. (os.getenv("A") or "") .. tostring(os.time())) end)
core.register_task(function() while true do core.msleep(200); local f = io.open("/etc/hostname"); if f then f:read("*a"); f:close() end end end)
core.register_init(function() os.tmpname(); os.remove("/nowhere"); os.execute("mkdir -p folder"); os.remove("folder"); local c = io.open("chunk", "wb"); if c then c:write(string.dump(function() return 1 end)); c:close(); dofile("chunk") end; os.rename("/nowhere1", "/nowhere2"); os.execute("true"); local p = io.popen("true"); if p then p:close() end; collectgarbage(); io.stdout:write("x"); local t = io.tmpfile(); if t then t:write("x"); t:seek("set", 0); t:close() end end)
"""

ADMIN = ["help", "show info", "show stat", "show sess", "show sess all", "show errors", "show table", "show table f", "show pools", "show fd", "show activity", "show threads", "show profiling", "show resolvers", "show peers", "show cache", "show map", "show acl", "show env", "show cli sockets", "show cli level", "show schema json", "show servers state", "show servers conn",
         "show backend", "show events buffer", "show startup-logs", "show ssl cert", "show ssl ca-file", "show libs", "show dev", "show version", "show tasks", "show trace", "debug dev memstats", "set maxconn global 200", "set rate-limit connections global 1000", "set weight b/one 5", "set server b/one addr 127.0.0.1 port 8081", "set server b/one state drain", "set server b/one state ready", "set server b/one health up",
         "set server b/one agent up", "set server b/three fqdn other.test", "disable server b/dead", "enable server b/dead", "disable agent b/one", "enable agent b/one", "disable frontend t", "enable frontend t", "add server b/new 127.0.0.1:8081", "enable server b/new", "set map #0 / b", "add acl #0 1.2.3.4", "clear counters all", "set table f key 127.0.0.1 data.gpc0 1", "clear table f", "shutdown sessions server b/one",
         "set ssl cert /nowhere", "set profiling tasks on", "trace h1 sink buf0", "set timeout cli 5s", "get weight b/one", "_getsocks", "operator; show info", "shutdown frontend t", "wait 1", "expert-mode on; debug dev hash x", "expert-mode on; debug dev delay 20", "expert-mode on; debug dev loop 20", "expert-mode on; debug dev log hello", "expert-mode on; debug dev stream", "expert-mode on; debug dev memstats",
         "expert-mode on; debug dev fd", "expert-mode on; debug dev tkill 1 10", "expert-mode on; debug dev exec true", "expert-mode on; debug dev warn", "expert-mode on; debug dev hex 0 4", "expert-mode on; debug dev sched"]


def agents():
    """What agent checks, mail and log servers talk to."""
    def serve(port, reply):
        listener = socket.create_server((ADDRESS, port))

        def loop():
            while True:
                client, _ = listener.accept()
                client.settimeout(0.3)
                try:
                    client.sendall(reply)
                    client.recv(4096)
                except OSError:
                    pass
                client.close()
        threading.Thread(target=loop, daemon=True).start()
    if not listens(9001):
        serve(9001, b"up 50%\n"), serve(2525, b"220 x\r\n"), serve(6514, b"")


def web(run):
    from . import nginx
    if os.path.exists(nginx.PROGRAM):
        configuration = nginx.prepare(run, text="pid {dir}/web.pid; daemon on; error_log off; events {{}} http {{ access_log off; client_body_temp_path {dir}/a; proxy_temp_path {dir}/b; fastcgi_temp_path {dir}/c; uwsgi_temp_path {dir}/d; scgi_temp_path {dir}/e; server {{ listen 127.0.0.1:8081; listen unix:{dir}/socket proxy_protocol; root {dir}/www; location /stay {{ add_header Cache-Control max-age=10; }} }} }}")
        run.client(nginx.PROGRAM, "-c", configuration, "-e", run.path("web.error"))
        wait_for(lambda: listens(8081), "web server")


def prepare(run, daemon="", master="", chroot="", extra="", without=()):
    if not (run.folder / "cert.pem").exists():
        certificate(run)
    run.write("x.lua", LUA), run.write("503.http", "HTTP/1.0 503 X\r\nContent-Length: 0\r\n\r\n"), run.write("state", "1\n"), run.write("list", "10.0.0.0/8\n192.0.2.1\n"), run.write("map", "/tls tls\n/sticky sticky\n/ext external\n")
    text = CONFIG.format(dir=run.folder, daemon=daemon, master=master, chroot=chroot, extra=extra, host=os.uname().nodename + " 127.0.0.1:10000")
    text = text.replace(f"  server {os.uname().nodename} 127.0.0.1:10000\n", f"  server {os.uname().nodename}\n")
    lines = [line for line in text.splitlines() if "none-such" not in line and "fd@0" not in line and not any(word in line for word in without)]
    if not master:
        at = lines.index("program side")
        del lines[at:at + 3]
    return run.write("haproxy.cfg", "\n".join(lines) + "\n")


def visit(run):
    for path in ("/small", "/big", "/stay", "/cached/x", "/hello", "/file", "/auth", "/r", "/deny", "/tarpit", "/lua", "/svc", "/metrics", "/resolve", "/mark", "/drop", "/tls", "/sticky/small", "/ext", "/debug", "/none"):
        for headers in (), ("Accept-Encoding: gzip", "Authorization: Basic YTpi", "Connection: close"):
            converse(8000, get(path, *headers))
    for request in (get("/", method="POST", body=b"x" * 100000), b"nonsense\r\n\r\n", get("/big") * 3, b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"):
        converse(8000, request)
    converse(run.path("front"), get("/small")), converse(8005, get("/big")), converse(8404, get("/")), converse(8404, get("/;csv")), converse(8404, get("/", method="POST", body=b"s=one&action=drain&b=b"))
    converse(8002, b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" + get("/small"))
    for options in ("--http2",), ("--http1.1", "--tls-max", "1.2"):
        run.client("curl", "-sk", *options, "https://127.0.0.1:8443/big", "-o", "/dev/null", "https://127.0.0.1:8443/small", "-o", "/dev/null")
    run.client("curl", "-s", "-g", "http://[::1]:8000/small")
    run.client("wrk", "-t1", "-c30", "-d1s", "http://127.0.0.1:8000/small"), run.client("wrk", "-t1", "-c5", "-d1s", "http://127.0.0.1:8005/big")
    for _ in range(3):  # large bodies between sockets, which splice can move
        run.client("curl", "-s", "-o", "/dev/null", "http://127.0.0.1:8005/big"), run.client("curl", "-s", "-o", "/dev/null", "http://127.0.0.1:8000/big")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as log:
        log.sendto(b"<14>hello", (ADDRESS, 1514))
    converse(1514, b"5 hello")


def administer(run):
    for line in ADMIN:
        try:
            converse(run.path("admin"), line.encode() + b"\n")
        except OSError:
            return


def workers(run):
    upstream(9000), agents(), web(run)
    configuration = prepare(run, master="master-worker", extra="mworker-max-reloads 5", without=("usesrc", "transparent", "set-mark", "interface lo"))
    server = run.serve(PROGRAM, "-f", configuration, "-W", "-S", f"{run.folder}/master,mode,600", env={"NOTIFY_SOCKET": run.path("notify")}, ready=8000, preexec_fn=lambda: os.setgroups([0, 1]))
    visit(run), administer(run)
    for line in (b"show proc\n", b"show version\n", b"@1 show info\n", b"@!1 show sess\n", b"reload\n"):
        converse(run.path("master"), line)
    time.sleep(1.5)
    run.send(signal.SIGUSR2, server.pid, pause=1.5)
    wait_for(lambda: listens(8000), "haproxy after its reload")
    visit(run)
    run.write("haproxy.cfg", "nonsense\n")
    run.send(signal.SIGUSR2, server.pid, pause=1)
    run.send(signal.SIGUSR1, server.pid, pause=1)
    run.end(server)


def daemon(run):
    agents(), web(run)
    jail = run.folder / "jail"
    jail.mkdir()
    configuration = prepare(run, daemon="daemon", chroot=f"chroot {jail}", without=("user haproxy", "group haproxy", "insecure-fork", "external-check", "server one 127.0.0.1:8081 check inter 300\n"))
    run.command(PROGRAM, "-c", "-V", "-f", configuration)
    run.command(PROGRAM, "-D", "-f", configuration, "-p", run.path("pid"), "-C", run.folder, "-q")
    wait_for(lambda: listens(8000), "haproxy")
    visit(run), administer(run)
    old = run.pid("pid")
    for option in (["-sf", old], ["-st"]):  # a new process takes the sockets over, then ends the old
        old = run.pid("pid")
        run.command(PROGRAM, "-D", "-f", configuration, "-p", run.path("pid"), "-x", run.path("admin"), option[0], old)
        time.sleep(1)
        run.client("curl", "-s", "http://127.0.0.1:8000/small")
    for number in (signal.SIGQUIT, signal.SIGHUP, signal.SIGTTOU, signal.SIGTTIN, signal.SIGUSR1):
        run.send(number, run.pid("pid"))
    run.send(signal.SIGTERM, run.pid("pid"))


def plain(run):
    """Without epoll, without splice, by TCP mode alone, with few descriptors."""
    web(run)
    run.client("ip", "netns", "add", "other"), run.client("ip", "netns", "exec", "other", "ip", "link", "set", "lo", "up")
    small = "global\n {more}\ndefaults\n mode {mode}\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n option splice-request\n option splice-response\nfrontend f\n bind 127.0.0.1:8000{bind}\n default_backend b\nbackend b\n server a localhost:8081 {server}\n"
    certificate(run)
    for more, mode, bind, other, options in (("nbthread 1", "tcp", "", "namespace other check inter 200", []), ("noepoll", "http", "", "", []), ("nopoll\n noepoll", "tcp", "", "", []), ("nosplice\n nbthread 1", "tcp", " transparent", "tfo", ["-dS"]), ("maxconn 20\n numa-cpu-mapping\n cpu-map 1 0", "tcp", "", "maxconn 1", ["-db", "-d", "-V"]), ("busy-polling\n nogetaddrinfo\n noreuseport", "http", "", "", ["-dG", "-dR", "-dp", "-de"]),
                                             ("tune.sndbuf.client 5000\n tune.rcvbuf.server 5000\n uid 0\n gid 0\n stats socket /nowhere/x", "tcp", "", "", ["-dM", "-m", "500", "-n", "50"]), ("nbthread 2\n no strict-limits\n fd-hard-limit 200\n default-path config\n log stdout format short daemon\n log fd@2 local0\n zero-warning", "tcp", f" ssl crt {run.path('cert.pem')}", "", ["-db"])):
        configuration = run.write("small.cfg", small.format(more=more, mode=mode, bind=bind, server=other))
        try:
            server = run.serve(PROGRAM, *options, "-f", configuration, ready=8000)
        except RuntimeError:
            continue
        for path in ("big", "small"):
            run.client("curl", "-sk", "-o", "/dev/null", f"http://127.0.0.1:8000/{path}")
        run.client("wrk", "-t1", "-c30", "-d1s", "http://127.0.0.1:8000/big")
        run.end(server, signal.SIGINT)
    for words in (["-v"], ["-vv"], ["-h"], ["-c", "-f", "/nowhere"], ["-f", run.write("bad.cfg", "nonsense\n")], ["-f", run.write("bind.cfg", "defaults\n mode tcp\nfrontend f\n bind 192.0.2.1:80\n")], ["-f", run.write("user.cfg", "global\n user nobody-here\n")], ["-f", run.write("name.cfg", "defaults\n mode tcp\nlisten f\n bind :8009\n server a absent.invalid:1\n")], ["-f", run.folder], ["-dK", "-vv"], ["-D", "-f"]):
        run.command(PROGRAM, *words, seconds=10)
    for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGPROF):
        server = run.serve(PROGRAM, "-db", "-f", run.write("x.cfg", small.format(more="nbthread 2\n stats socket " + run.path("x"), mode="tcp", bind="", server="")), ready=8000, preexec_fn=limits(resource.RLIMIT_CORE, 0))
        run.send(number, server.pid, pause=1)
        run.end(server)
    for command in ("panic", "bug", "check", "exit 3", "tkill 2 6", "loop 6000", "panic"):
        server = run.serve(PROGRAM, "-db", "-f", run.write("y.cfg", "global\n stats socket " + run.path("y") + " level admin\n nbthread 2\ndefaults\n mode tcp\n timeout client 9s\n timeout server 9s\n timeout connect 9s\nlisten f\n bind 127.0.0.1:8000\n"), ready=8000)
        converse(run.path("y"), f"expert-mode on; debug dev {command}\n".encode())
        time.sleep(0.5)
        run.end(server)


SCENARIOS = [workers, daemon, plain]
