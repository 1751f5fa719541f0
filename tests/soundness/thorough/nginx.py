"""nginx: a master with workers, every module that Debian's build has, signals, an upgrade, faults."""
import os, resource, signal, socket, socketserver, ssl, threading, time

from .room import ADDRESS, certificate, converse, limits, listens, wait_for

PROGRAM = "/usr/sbin/nginx"
MODULES = "/usr/lib/nginx/modules"
EXECUTES = ["/usr/sbin/nginx"]


def get(path, *headers, method="GET", body=b"", version="1.1"):
    lines = [f"{method} {path} HTTP/{version}", "Host: localhost", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


class Answer(socketserver.BaseRequestHandler):
    """What FastCGI, SCGI and uwsgi programs answer: enough of each protocol for one page."""

    def handle(self):
        request = self.request.recv(65536)
        page = b"Content-Type: text/plain\r\n\r\n" + b"page" * 20000
        if request[:1] == b"\1":  # FastCGI
            chunks = [page[at:at + 60000] for at in range(0, len(page), 60000)]
            records = b"".join(b"\1\6\0\1" + len(c).to_bytes(2, "big") + b"\0\0" + c for c in chunks)
            self.request.sendall(records + b"\1\3\0\1\0\x08\0\0" + bytes(8))
        elif b"SCGI" in request:
            self.request.sendall(b"Status: 200 OK\r\n" + page)
        else:
            self.request.sendall(b"HTTP/1.1 200 OK\r\n" + page)


class Answers(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads = True, True


def upstream(port):
    """Once, for all scenarios."""
    if not listens(port):
        threading.Thread(target=Answers((ADDRESS, port), Answer).serve_forever, daemon=True).start()


HTTP = """
user www-data; worker_processes {workers}; worker_rlimit_nofile 4000; worker_rlimit_core 1m; worker_priority -5; worker_cpu_affinity auto; daemon {daemon}; pid {dir}/pid;
error_log {dir}/error info; error_log syslog:server=unix:/dev/log; error_log stderr; thread_pool pool threads=2; timer_resolution 100ms; working_directory {dir}; worker_shutdown_timeout 2s; pcre_jit on;
events {{ use {events}; worker_connections 200; multi_accept on; accept_mutex {mutex}; accept_mutex_delay 10ms; debug_connection 127.0.0.9; }}
http {{
  include /etc/nginx/mime.types; log_format f '$remote_addr $request $realip_remote_addr $msec $pipe $connection_requests $tcpinfo_rtt $time_local';
  access_log {dir}/access f buffer=4k flush=1s; access_log {dir}/access.gz f gzip; access_log syslog:server=127.0.0.1:5514 f; access_log {dir}/host-$host f;
  open_log_file_cache max=10 inactive=1s; open_file_cache max=100 inactive=1s; open_file_cache_valid 1s; open_file_cache_errors on; open_file_cache_events on;
  client_body_temp_path {dir}/body 1 2; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi; uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
  proxy_cache_path {dir}/cache levels=1:2 keys_zone=cache:1m max_size=1m inactive=1s manager_files=10 manager_sleep=50ms loader_files=10 use_temp_path=on; proxy_cache_path {dir}/cache2 keys_zone=cache2:1m use_temp_path=off;
  limit_req_zone $binary_remote_addr zone=req:1m rate=50r/s; limit_conn_zone $server_name zone=conn:1m; limit_conn_zone $remote_user zone=user:1m;
  resolver 127.0.0.1 valid=1s; resolver_timeout 2s; keepalive_timeout 2s; send_timeout 2s; client_header_timeout 2s; tcp_nodelay on; tcp_nopush on; reset_timedout_connection on; lingering_close always; lingering_timeout 1s;
  upstream back {{ zone back 64k; least_conn; server 127.0.0.1:8081 weight=2 max_fails=1 fail_timeout=1s; server unix:{dir}/socket; server 127.0.0.1:1 backup; keepalive 4; }}
  upstream hashed {{ hash $request_uri consistent; server name.test:8081; server [::1]:8081; }}  upstream sticky {{ ip_hash; server 127.0.0.1:8081; server 127.0.0.1:1; }}
  ssl_certificate {dir}/cert.pem; ssl_certificate_key {dir}/cert.pem; ssl_session_cache shared:ssl:1m; ssl_session_tickets on; ssl_stapling on; ssl_protocols TLSv1.2 TLSv1.3; ssl_password_file {dir}/password;
  map $arg_x $y {{ default 0; ~^1 1; }} geo $g {{ default 0; 127.0.0.1 1; }} geo $r {{ ranges; include {dir}/geo; }} split_clients $remote_addr $v {{ 50% a; * b; }}
  server {{
    listen 127.0.0.1:8080 backlog=64 rcvbuf=64k sndbuf=64k so_keepalive=on deferred fastopen=16; listen [::1]:8080 ipv6only=on; listen unix:{dir}/front; listen 127.0.0.1:8443 ssl http2 reuseport; listen 127.0.0.1:8082 proxy_protocol;
    server_name localhost *.test ~^re; root {dir}/www; set_real_ip_from 127.0.0.1; real_ip_header proxy_protocol; ssi on; charset utf-8; gzip on; gzip_min_length 1; gzip_static on; gunzip on; gzip_types *;
    location / {{ sendfile on; sendfile_max_chunk 100k; index index.html; addition_types *; try_files $uri $uri/ =404; etag on; if_modified_since before; expires 1h; error_page 404 /index.html; }}
    location /copied {{ sendfile off; read_ahead 1k; aio off; output_buffers 2 8k; alias {dir}/www/; }}   location /threads {{ aio threads=pool; sendfile on; aio_write on; alias {dir}/www/; }}
    location /aio {{ aio threads; sendfile off; alias {dir}/www/; }}   location /direct {{ directio 4k; directio_alignment 4k; sendfile off; alias {dir}/www/; read_ahead 1k; }}
    location /list/ {{ autoindex on; autoindex_exact_size off; alias {dir}/www/; }}  location /random/ {{ random_index on; alias {dir}/www/; }}  location /links/ {{ disable_symlinks on; alias {dir}/www/; }} location /owner/ {{ disable_symlinks if_not_owner from={dir}; alias {dir}/www/; }}
    location /dav/ {{ dav_methods PUT DELETE MKCOL COPY MOVE; create_full_put_path on; dav_access user:rw group:rw all:r; client_body_in_file_only clean; client_max_body_size 20m; alias {dir}/dav/; }}
    location /limited {{ limit_req zone=req burst=2; limit_conn conn 1; limit_rate 20k; limit_rate_after 1k; alias {dir}/www/; }}
    location /back {{ proxy_pass http://back/; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_cache cache; proxy_cache_valid any 1s; proxy_cache_lock on; proxy_cache_use_stale updating error; proxy_cache_background_update on; proxy_cache_revalidate on; slice 100k; proxy_cache_key $uri$slice_range; proxy_set_header Range $slice_range; }}
    location /plain {{ proxy_pass http://127.0.0.1:8081/; proxy_buffering on; proxy_buffers 2 4k; proxy_buffer_size 4k; proxy_busy_buffers_size 4k; proxy_max_temp_file_size 10m; proxy_cache cache2; proxy_cache_valid any 5s; proxy_request_buffering off; proxy_socket_keepalive on; proxy_bind 127.0.0.2; }}
    location /store {{ proxy_pass http://127.0.0.1:8081/; proxy_store {dir}/stored/$uri; proxy_store_access user:rw all:r; }} location /threaded {{ aio threads; aio_write on; proxy_pass http://127.0.0.1:8081/; proxy_buffers 2 4k; proxy_busy_buffers_size 4k; }}
    location /transparent {{ proxy_pass http://127.0.0.1:8081/; proxy_bind $remote_addr transparent; }} location /unbuffered {{ proxy_pass http://127.0.0.1:8081/; proxy_buffering off; proxy_limit_rate 100k; }}
    location /named {{ proxy_pass http://$arg_host:8081/; }} location /hashed {{ proxy_pass http://hashed/; }} location /sticky {{ proxy_pass http://sticky/; }} location /tls {{ proxy_pass https://127.0.0.1:8443/; proxy_ssl_verify off; proxy_ssl_session_reuse on; }}
    location /websocket {{ proxy_pass http://127.0.0.1:8081; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }}
    location /fastcgi {{ fastcgi_pass 127.0.0.1:9000; include /etc/nginx/fastcgi_params; fastcgi_buffers 2 4k; fastcgi_busy_buffers_size 4k; }} location /scgi {{ scgi_pass 127.0.0.1:9000; include /etc/nginx/scgi_params; scgi_param SCGI 1; }} location /uwsgi {{ uwsgi_pass 127.0.0.1:9000; include /etc/nginx/uwsgi_params; }}
    location /memcached {{ set $memcached_key $uri; memcached_pass 127.0.0.1:9; }} location /auth {{ auth_basic x; auth_basic_user_file {dir}/users; satisfy any; deny all; alias {dir}/www/; }} location /asked {{ auth_request /plain; alias {dir}/www/; }}
    location /mirror {{ mirror /plain; proxy_pass http://127.0.0.1:8081/; }} location /status {{ stub_status; }} location /flv {{ flv; alias {dir}/www/; }} location /mp4 {{ mp4; alias {dir}/www/; }} location /secure {{ secure_link $arg_md5; secure_link_md5 x; return 200 ok; }}
    location /sub {{ sub_filter hello bye; alias {dir}/www/; }} location /add {{ add_before_body /index.html; add_after_body /index.html; alias {dir}/www/; }} location /gif {{ empty_gif; }} location /ref {{ valid_referers server_names; if ($invalid_referer) {{ return 403; }} }} location /user {{ userid on; return 200 u; }}
  }}
  server {{ listen 127.0.0.1:8081; listen unix:{dir}/socket; root {dir}/www; location /x {{ return 301 /; }} add_header Cache-Control "max-age=1"; add_header Set-Cookie a=b; }}
}}
"""


def prepare(run, events="epoll", workers=2, daemon="off", mutex="on", text=HTTP, extra=""):
    for folder in ("www", "dav", "stored"):
        (run.folder / folder).mkdir(exist_ok=True)
        (run.folder / folder).chmod(0o777)
    for name, content in ("index.html", "hello <!--#include virtual=\"/small\" --> <!--#echo var=\"DATE_LOCAL\" --><!--#config timefmt=\"%A\" -->\n" * 20), ("small", "x"), ("big", "0123456789abcdef" * 200000), ("x.flv", "FLV" * 100), ("x.mp4", "\0\0\0\x18ftypmp42" + "x" * 100):
        run.write(f"www/{name}", content)
    run.write("www/page.gz", __import__("gzip").compress(b"page" * 1000))
    run.write("users", "a:{PLAIN}b\nc:$1$abcdefgh$BnZpTAHQjLOAgaRxLHnI70\nd:{SHA}x\n"), run.write("password", "\n")
    if not (run.folder / "www/link").exists():
        os.symlink("small", run.path("www/link"))
    run.write("geo", "127.0.0.0-127.0.0.255 a;\n10.0.0.0-10.0.0.255 b;\n")
    certificate(run)
    return run.write("nginx.conf", extra + text.format(dir=run.folder, events=events, workers=workers, daemon=daemon, mutex=mutex))


def ask_all(run):
    paths = ["/", "/index.html", "/big", "/none", "/list/", "/random/", "/links/small", "/links/link", "/owner/link", "/copied/big", "/threads/big", "/aio/big", "/direct/big", "/back/big", "/back/big", "/back/index.html", "/plain/big", "/plain/big", "/store/big", "/threaded/big",
             "/transparent/small", "/unbuffered/big", "/named?host=name.test", "/named?host=none.invalid", "/hashed/small", "/sticky/small", "/tls/small", "/tls/small", "/fastcgi", "/scgi", "/uwsgi", "/memcached", "/auth/small", "/asked/small", "/mirror/small", "/status", "/flv/x.flv?start=3",
             "/mp4/x.mp4?start=1", "/secure", "/sub/index.html", "/add/small", "/gif", "/ref", "/user", "/page", "/limited/big", "/../etc", "/\x01", "/www/"]
    for path in paths:
        for headers in (), ("Accept-Encoding: gzip", "Range: bytes=10-20,30-40", "Authorization: Basic YTpi", "Connection: close"):
            converse(8080, get(path, *headers), *([get("/small")] if not headers else []))
    for request in (get("/dav/new/file", method="PUT", body=b"x" * 300000), get("/dav/folder/", method="MKCOL"), get("/dav/new/file", "Destination: /dav/folder/copy", method="COPY"), get("/dav/folder/", "Destination: /dav/again/", method="COPY"), get("/dav/new/file", "Destination: /dav/moved", method="MOVE"), get("/dav/moved", method="DELETE"),
                    get("/dav/again/", "Depth: infinity", method="DELETE"), get("/dav/folder/", method="DELETE"), get("/dav/dated", "Date: Mon, 01 Jan 2020 00:00:00 GMT", method="PUT", body=b"y"), get("/plain/", method="POST", body=b"z" * 200000), get("/plain/", "Expect: 100-continue", "Transfer-Encoding: chunked", method="POST") + b"5\r\nhello\r\n0\r\n\r\n",
                    b"nonsense\r\n\r\n", b"GET /\r\n", get("/", version="1.0"), get("/", method="TRACE"), get("/" + "x" * 40000), get("/websocket", "Upgrade: websocket", "Connection: upgrade"), b"PUT /dav/cut HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc", get("/", "Connection: keep-alive") * 5):
        converse(8080, request)
    converse(8080, get("/", "If-Modified-Since: Mon, 01 Jan 2035 00:00:00 GMT", "Connection: close"))
    converse(run.path("front"), get("/"))
    converse(8082, b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" + get("/"))
    for _ in range(3):
        run.client("curl", "-sk", "--http2", "https://127.0.0.1:8443/big", "-o", "/dev/null", "https://127.0.0.1:8443/index.html", "-o", "/dev/null")
        run.client("curl", "-sk", "--http1.1", "--tls-max", "1.2", "https://127.0.0.1:8443/back/small", "https://127.0.0.1:8443/big", "-o", "/dev/null")
    run.client("curl", "-s", "-g", "http://[::1]:8080/")
    run.client("wrk", "-t1", "-c20", "-d1s", "http://127.0.0.1:8080/back/small")
    run.client("ab", "-q", "-n", 200, "-c", 10, "http://127.0.0.1:8080/threads/big", seconds=30)
    with socket.create_connection((ADDRESS, 8080)) as slow:  # a reader that waits
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sendall(get("/big"))
        time.sleep(0.5)
    with socket.create_connection((ADDRESS, 8080)) as late:
        late.sendall(b"GET / HT")
        time.sleep(2.5)


def everything(run):
    upstream(9000)
    configuration = prepare(run, daemon="on")
    run.command(PROGRAM, "-t", "-c", configuration), run.command(PROGRAM, "-T", "-q", "-c", configuration)
    run.command(PROGRAM, "-c", configuration, "-e", run.path("early"))
    wait_for(lambda: listens(8080), "nginx")
    ask_all(run)
    time.sleep(1.2)  # the cache manager's round
    master = run.pid("pid")
    run.send(signal.SIGUSR1, master)
    os.rename(run.path("error"), run.path("error.1"))
    for command in ("reopen", "reload"):
        run.command(PROGRAM, "-c", configuration, "-s", command)
        time.sleep(0.7)
        run.client("curl", "-s", "http://127.0.0.1:8080/")
    run.write("nginx.conf", (run.folder / "nginx.conf").read_text().replace("worker_processes 2", "worker_processes 1"))
    run.send(signal.SIGHUP, master, pause=1)
    workers = [int(pid) for pid in open(f"/proc/{master}/task/{master}/children").read().split()]
    run.send(signal.SIGKILL, *workers[:1], pause=0.5)  # is started again
    run.send(signal.SIGUSR2, master, pause=0.5)  # the upgrade: executes itself with its sockets
    wait_for(lambda: (run.folder / "pid.oldbin").exists(), "the new master")
    new = run.pid("pid")
    run.send(signal.SIGWINCH, master, pause=1)
    run.client("curl", "-s", "http://127.0.0.1:8080/")
    run.send(signal.SIGHUP, master, pause=0.7), run.send(signal.SIGTERM, new, pause=0.7)
    run.client("curl", "-s", "http://127.0.0.1:8080/")
    run.command(PROGRAM, "-c", configuration, "-s", "quit")
    time.sleep(1)
    run.send(signal.SIGTERM, master)


def without_mutex(run):
    upstream(9000)
    for number, events in enumerate(("epoll", "epoll")):
        configuration = prepare(run, events=events, workers=1 + number, mutex="off" if number else "on")
        server = run.serve(PROGRAM, "-c", configuration, ready=8080)
        run.client("wrk", "-t1", "-c20", "-d1s", "http://127.0.0.1:8080/back/small")
        for path in ("/big", "/threads/big", "/plain/big", "/tls/small", "/named?host=name.test"):
            run.client("curl", "-s", f"http://127.0.0.1:8080{path}")
        run.end(server, signal.SIGQUIT if number else signal.SIGINT)


def single(run):
    """One process; a master without workers' users; standard modules alone."""
    small = "daemon off; master_process {master}; user root; pid {dir}/pid; env A=b; lock_file {dir}/lock; debug_points {points};\nevents {{ worker_aio_requests 4; }}\nhttp {{ access_log {dir}/log; client_body_temp_path {dir}/a; proxy_temp_path {dir}/b; fastcgi_temp_path {dir}/c; uwsgi_temp_path {dir}/d; scgi_temp_path {dir}/e;\n" \
            "server {{ listen 8080; root {dir}/www; directio 512; location /s {{ sendfile on; }} }} }}\n"
    prepare(run)
    for master, points in ("off", "stop"), ("on", "abort"):
        configuration = run.write("one.conf", small.format(dir=run.folder, master=master, points=points))
        server = run.serve(PROGRAM, "-c", configuration, "-g", "worker_processes 1;", "-p", run.folder, env={"NGINX": ""}, ready=8080)
        for path in ("/big", "/small", "/none"):
            run.client("curl", "-s", f"http://127.0.0.1:8080{path}")
        run.send(signal.SIGUSR1, server.pid), run.send(signal.SIGHUP, server.pid), run.send(signal.SIGWINCH, server.pid), run.send(signal.SIGCHLD, server.pid), run.send(signal.SIGALRM, server.pid)
        run.client("curl", "-s", "http://127.0.0.1:8080/small")
        run.end(server, signal.SIGTERM)


def modules(run):
    """What libnginx-mod-* packages bring: stream, mail, echo, Lua, Perl, as far as they are installed."""
    there = sorted(name for name in (os.listdir(MODULES) if os.path.isdir(MODULES) else []) if name.endswith(".so"))
    load = "".join(f"load_module {MODULES}/{name};\n" for name in there)
    configuration = prepare(run, extra=load)
    text = (run.folder / "nginx.conf").read_text().replace("root {dir}/www;".format(dir=run.folder), f"root {run.folder}/www/../www/;", 1).replace("location /ref {", "location /real { return 200 $realpath_root; }\n location /ref {")
    run.write("geo", "".join(f"11.{i >> 16}.{i >> 8 & 255}.{i & 255}-11.{i >> 16}.{i >> 8 & 255}.{i & 255} {'ab'[i & 1]};\n" for i in range(100001)))  # so many that a binary file is made of them
    if "ngx_http_echo_module.so" in there:
        text = text.replace("location /gif {", "location /echo { echo hello; echo_sleep 0.1; echo_flush; echo_location /small; echo_read_request_body; }\n location /gif {")
    if "ngx_stream_module.so" in there:
        text += f"stream {{ resolver 127.0.0.1; server {{ listen 127.0.0.1:8090; proxy_pass 127.0.0.1:8081; }} server {{ listen 127.0.0.1:8091 udp reuseport; proxy_pass 127.0.0.1:53; }} }}\n"
    run.write("nginx.conf", text)
    server = run.serve(PROGRAM, "-c", configuration, ready=8080)
    run.client("curl", "-s", "http://127.0.0.1:8080/echo", "-d", "x"), run.client("curl", "-s", "http://127.0.0.1:8080/real"), run.client("curl", "-s", "http://127.0.0.1:8090/small")
    run.end(server)


def faults(run):
    for words in (["-v"], ["-V"], ["-h"], ["-?"], ["-c", "/nowhere"], ["-t", "-c", "/nowhere"], ["-s", "stop", "-c", run.write("no.conf", f"pid {run.path('no')}; events {{}}")], ["-x"], ["-g", "nonsense;", "-c", prepare(run)], ["-p", run.path("www"), "-t"]):
        run.command(PROGRAM, *words, seconds=10)
    for text in ("user nobody-here;", "error_log /nowhere/log;", "include none.conf; include *.none;", "http { server { listen 192.0.2.1:80; } }", "http { server { listen absent.invalid:80; } }", "http { upstream u { server name.test; } server { listen 8080; ssl_certificate none; } }", "load_module none.so;", "pid /nowhere/pid;"):
        run.command(PROGRAM, "-t", "-c", run.write("bad.conf", text + (" events {}" if "events" not in text else "")), seconds=10)
    run.command(PROGRAM, "-c", run.write("bad.conf", f"daemon off; pid {run.path('p')}; events {{}} http {{ access_log off; server {{ listen 192.0.2.1:80; }} }}"), seconds=10)
    disk = run.small_disk("disk", 200)
    configuration = prepare(run, workers=1)
    run.write("nginx.conf", (run.folder / "nginx.conf").read_text().replace(f"{run.folder}/access", f"{disk}/access").replace(f"{run.folder}/dav/", f"{disk}/").replace(f"{run.folder}/proxy", f"{disk}/proxy"))
    server = run.serve(PROGRAM, "-c", configuration, ready=8080, preexec_fn=limits(resource.RLIMIT_NOFILE, 64))
    converse(8080, get("/dav/file", method="PUT", body=b"x" * 900000))
    run.client("curl", "-s", "http://127.0.0.1:8080/plain/big"), run.client("wrk", "-t1", "-c100", "-d1s", "http://127.0.0.1:8080/back/small")
    children = [int(pid) for pid in open(f"/proc/{server.pid}/task/{server.pid}/children").read().split()]
    run.send(signal.SIGSEGV, *children[:1]), run.send(signal.SIGABRT, *children[1:2]), run.send(signal.SIGIO, server.pid)
    run.end(server)


SCENARIOS = [everything, without_mutex, single, modules, faults]
