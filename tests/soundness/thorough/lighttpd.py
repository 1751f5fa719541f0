"""lighttpd: CGI and its kin, proxying, TLS, authentication, logs by pipe, all event handlers, graceful restarts."""
import os, resource, signal, socket, time

from .nginx import get, prepare as nginx_files, upstream
from .room import ADDRESS, certificate, converse, limits, listens, wait_for

PROGRAM = "/usr/sbin/lighttpd"
MODULES = "/usr/lib/lighttpd"
EXECUTES = [PROGRAM, "/bin/sh", "/bin/cat", "/bin/sleep"]

CONFIG = """
server.modules += ( {modules} )
server.document-root = "{dir}/www"
server.bind = "127.0.0.1"
server.port = 8080
server.pid-file = "{dir}/pid"
server.errorlog = "{dir}/error"
server.upload-dirs = ( "{dir}/upload" )
server.username = "www-data"
server.groupname = "www-data"
server.max-fds = 500
server.max-connections = 200
server.max-worker = {workers}
server.event-handler = "{events}"
server.network-backend = "{network}"
server.stat-cache-engine = "{cache}"
server.max-keep-alive-idle = 1
server.max-read-idle = 2
server.max-write-idle = 2
server.http-parseopts = ( "header-strict" => "disable" )
server.follow-symlink = "enable"
server.range-requests = "enable"
server.listen-backlog = 100
server.defer-accept = 1
server.core-files = "enable"
server.breakagelog = "{dir}/breakage"
server.feature-flags += ( "server.h2proto" => "enable", "server.graceful-shutdown-timeout" => 2, "server.graceful-restart-bg" => "enable" )
index-file.names = ( "index.html" )
mimetype.assign = ( ".html" => "text/html", "" => "text/plain" )
mimetype.use-xattr = "enable"
etag.use-inode = "enable"
include_shell "{dir}/settings"
include "{dir}/more*.conf"
{more}
$SERVER["socket"] == "[::1]:8080" {{ }}
$SERVER["socket"] == "{dir}/front" {{ server.socket-perms = "0777" }}
$HTTP["url"] =~ "^/list" {{ dir-listing.activate = "enable" dir-listing.show-header = "enable" server.document-root = "{dir}" }}
$HTTP["url"] =~ "^/slow" {{ server.kbytes-per-second = 50 connection.kbytes-per-second = 50 server.document-root = "{dir}" }}
$HTTP["url"] =~ "^/streamed" {{ server.stream-request-body = 2 server.stream-response-body = 2 }}
$HTTP["remoteip"] == "10.0.0.0/8" {{ url.access-deny = ( "" ) }}
"""

PARTS = {
    "mod_accesslog": 'accesslog.filename = "|/bin/cat >/dev/null"\n$HTTP["host"] == "other" { accesslog.filename = "{dir}/access" accesslog.use-syslog = "enable" }\n',
    "mod_auth": 'auth.backend = "plain"\nauth.backend.plain.userfile = "{dir}/plain"\nauth.require = ( "/auth" => ( "method" => "basic", "realm" => "x", "require" => "valid-user" ), "/digest" => ( "method" => "digest", "realm" => "x", "require" => "valid-user" ) )\n',
    "mod_authn_file": "",
    "mod_cgi": 'cgi.assign = ( ".sh" => "/bin/sh", ".cgi" => "" )\ncgi.execute-x-only = "enable"\ncgi.upgrade = "enable"\ncgi.limits = ( "read-timeout" => 5, "tcp-fin-propagate" => "SIGTERM" )\n',
    "mod_fastcgi": 'fastcgi.server = ( "/fastcgi" => (( "host" => "127.0.0.1", "port" => 9000, "check-local" => "disable" )), "/spawned" => (( "socket" => "{dir}/spawn", "bin-path" => "/bin/sleep 1000", "max-procs" => 1, "check-local" => "disable", "bin-environment" => ( "A" => "b" ) )), "/dead" => (( "socket" => "{dir}/none", "check-local" => "disable" )) )\n',
    "mod_scgi": 'scgi.server = ( "/scgi" => (( "host" => "scgi.test", "port" => 9000, "check-local" => "disable" )) )\n',
    "mod_proxy": '$HTTP["url"] =~ "^/proxy" { proxy.balance = "least-connection" proxy.server = ( "" => (( "host" => "127.0.0.1", "port" => 8081 ), ( "host" => "127.0.0.1", "port" => 1 )) ) proxy.header = ( "upgrade" => "enable" ) }\n',
    "mod_sockproxy": '$SERVER["socket"] == "127.0.0.1:8090" { sockproxy.server = ( "" => (( "host" => "127.0.0.1", "port" => 8081 )) ) }\n',
    "mod_wstunnel": '$HTTP["url"] =~ "^/ws" { wstunnel.server = ( "" => (( "host" => "127.0.0.1", "port" => 8081 )) ) }\n',
    "mod_ajp13": '$HTTP["url"] =~ "^/ajp" { ajp13.server = ( "" => (( "host" => "127.0.0.1", "port" => 9000 )) ) }\n',
    "mod_ssi": 'ssi.extension = ( ".shtml" )\nssi.exec = "enable"\n',
    "mod_deflate": 'deflate.mimetypes = ( "text/" )\ndeflate.allowed-encodings = ( "gzip", "deflate", "br", "zstd" )\ndeflate.cache-dir = "{dir}/deflate"\n',
    "mod_openssl": '$SERVER["socket"] == "127.0.0.1:8443" { ssl.engine = "enable" ssl.pemfile = "{dir}/cert.pem" ssl.openssl.ssl-conf-cmd = ( "MinProtocol" => "TLSv1.2" ) }\n',
    "mod_webdav": '$HTTP["url"] =~ "^/dav" { webdav.activate = "enable" webdav.is-readonly = "disable" }\n',
    "mod_userdir": 'userdir.path = "public_html"\nuserdir.include-user = ( "root", "www-data" )\n',
    "mod_status": 'status.status-url = "/status"\nstatus.statistics-url = "/statistics"\nstatus.config-url = "/config"\n',
    "mod_extforward": 'extforward.forwarder = ( "127.0.0.1" => "trust" )\nextforward.hap-PROXY = "disable"\n',
    "mod_rewrite": 'url.rewrite-once = ( "^/re/(.*)" => "/$1" )\nurl.rewrite-if-not-file = ( "^/maybe/(.*)" => "/small" )\n', "mod_redirect": 'url.redirect = ( "^/moved" => "/" )\n',
    "mod_alias": 'alias.url = ( "/alias/" => "{dir}/www/" )\n', "mod_expire": 'expire.url = ( "" => "access plus 1 hours" )\n', "mod_setenv": 'setenv.add-response-header = ( "A" => "b" )\n',
    "mod_evhost": '$HTTP["host"] == "ev" { evhost.path-pattern = "{dir}/%0/" }\n', "mod_simple_vhost": '$HTTP["host"] =~ "vhost" { simple-vhost.server-root = "{dir}" simple-vhost.document-root = "/www" }\n', "mod_access": 'url.access-deny = ( "~", ".inc" )\n',
    "mod_rrdtool": 'rrdtool.binary = "/bin/cat"\nrrdtool.db-name = "{dir}/rrd"\n', "mod_vhostdb": "", "mod_dirlisting": "", "mod_staticfile": "", "mod_indexfile": "",
}


def prepare(run, events="linux-sysepoll", workers=0, network="sendfile", cache="simple", more="", without=("mod_rrdtool",)):
    nginx_files(run)  # the same pages
    for folder in ("upload", "deflate", "dav"):
        (run.folder / folder).mkdir(exist_ok=True)
        (run.folder / folder).chmod(0o777)
    built_in = {"mod_rewrite", "mod_redirect", "mod_alias", "mod_expire", "mod_setenv", "mod_evhost", "mod_simple_vhost", "mod_access", "mod_fastcgi", "mod_scgi", "mod_staticfile", "mod_indexfile"}
    modules = [name for name in PARTS if (name in built_in or os.path.exists(f"{MODULES}/{name}.so")) and name not in without]
    run.write("settings", "#!/bin/sh\necho 'debug.log-request-handling = \"enable\"'\n", 0o755)
    run.write("plain", "a:b\n"), run.write("more1.conf", "var.x = 1\n")
    for name, text in {"a.sh": "echo 'Content-Type: text/plain'\necho\necho hello; cat; seq 20000\n", "x.cgi": "#!/bin/sh\necho 'Status: 200'\necho\necho x\n", "late.sh": "sleep 1; echo; echo late", "send.sh": f"echo 'X-Sendfile: {run.folder}/www/big'; echo", "broken.sh": "exit 3", "up.sh": "echo 'Status: 101'; echo 'Upgrade: x'; echo; cat",
                       "x.shtml": '<!--#include virtual="/small"--><!--#exec cmd="echo x"--><!--#echo var="DATE_LOCAL"--><!--#fsize file="small"--><!--#flastmod file="small"--><!--#printenv-->'}.items():
        run.write(f"www/{name}", text, 0o755)
    parts = "".join(PARTS[name].replace("{dir}", str(run.folder)) for name in modules)
    return run.write("lighttpd.conf", CONFIG.format(dir=run.folder, modules=", ".join(f'"{name}"' for name in modules), events=events, workers=workers, network=network, cache=cache, more=parts + more))


def visit(run):
    for path in ("/", "/small", "/big", "/none", "/list/", "/list/www/", "/slow/www/big", "/streamed/x", "/auth/x", "/digest/x", "/a.sh", "/x.cgi", "/late.sh", "/send.sh", "/broken.sh", "/up.sh", "/fastcgi", "/spawned", "/dead", "/scgi", "/proxy/big", "/proxy/small", "/ws", "/ajp", "/x.shtml", "/dav/", "/~root/", "/status", "/statistics", "/config", "/re/small",
                 "/maybe/x", "/moved", "/alias/big", "/x.inc", "/link", "/www", "/" + "x" * 300):
        for headers in (), ("Accept-Encoding: gzip, br", "Range: bytes=1000-2000000", "Connection: close"), ("Authorization: Basic YTpi", "X-Forwarded-For: 1.2.3.4", "If-Modified-Since: Mon, 01 Jan 2035 00:00:00 GMT", "Connection: close"):
            converse(8080, get(path, *headers))
    for host in ("other", "ev", "vhost.test"):
        converse(8080, get("/small").replace(b"localhost", host.encode()))
    for request in (get("/a.sh", method="POST", body=b"x" * 200000), get("/a.sh", "Transfer-Encoding: chunked", method="POST") + b"5\r\nhello\r\n0\r\n\r\n", get("/proxy/x", method="POST", body=b"y" * 100000), get("/fastcgi", method="POST", body=b"y" * 100000), b"nonsense\r\n\r\n", get("/") * 4, get("/small", "Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABk"),
                    get("/up.sh", "Upgrade: x", "Connection: upgrade"), get("/dav/file", method="PUT", body=b"x" * 300000), get("/dav/f/", method="MKCOL"), get("/dav/file", method="DELETE"), get("/", method="OPTIONS"), get("/", method="PROPFIND"), get("/", version="1.0")):
        converse(8080, request)
    converse(run.path("front"), get("/small"))
    for options in ("--http2",), ("--http1.1",):
        run.client("curl", "-sk", *options, "https://127.0.0.1:8443/big", "-o", "/dev/null", "https://127.0.0.1:8443/small", "-o", "/dev/null")
    run.client("curl", "-s", "-g", "http://[::1]:8080/small"), run.client("curl", "-s", "http://127.0.0.1:8090/small"), run.client("curl", "-s", "--http2-prior-knowledge", "http://127.0.0.1:8080/big", "-o", "/dev/null")
    run.client("curl", "-s", "--digest", "-u", "a:b", "http://127.0.0.1:8080/digest/x"), run.client("wrk", "-t1", "-c20", "-d1s", "http://127.0.0.1:8080/small"), run.client("wrk", "-t1", "-c5", "-d1s", "http://127.0.0.1:8080/big")
    with socket.create_connection((ADDRESS, 8080)) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sendall(get("/big"))
        time.sleep(0.5)


def everything(run):
    upstream(9000)
    from .haproxy import web
    configuration = prepare(run)
    web_configuration = (run.folder / "lighttpd.conf").read_bytes()
    web(run)
    (run.folder / "lighttpd.conf").write_bytes(web_configuration)
    for words in (["-t", "-f"], ["-tt", "-f"], ["-p", "-f"]):
        run.command(PROGRAM, *words, configuration)
    run.command(PROGRAM, "-f", configuration)  # makes itself a daemon
    wait_for(lambda: listens(8080), "lighttpd")
    visit(run)
    main = run.pid("pid")
    run.send(signal.SIGHUP, main, pause=1.2), run.send(signal.SIGINT, main, pause=1), run.send(signal.SIGTERM, main)
    wait_for(lambda: not listens(8080), "end of lighttpd")
    # as root, so that it may read its files again
    text = (run.folder / "lighttpd.conf").read_text().replace("server.username", "# server.username").replace("server.groupname", "# server.groupname")
    server = run.serve(PROGRAM, "-D", "-f", run.write("root.conf", text), ready=8080)
    for number, pause in (signal.SIGHUP, 1.2), (signal.SIGUSR1, 2.5), (signal.SIGCHLD, 0.1), (signal.SIGALRM, 0.1):
        run.send(number, server.pid, pause=pause)
    wait_for(lambda: listens(8080), "lighttpd after its restart")
    visit(run)
    run.end(server)


def variants(run):
    upstream(9000)
    for events, workers, network, cache, more in (("poll", 0, "writev", "disable", 'server.errorlog-use-syslog = "enable"\n'), ("linux-sysepoll", 2, "sendfile", "inotify", f'server.chroot = "/"\n'), ("poll", 0, "write", "simple", 'server.force-lowercase-filenames = "enable"\n'), ("linux-sysepoll", 0, "sendfile", "fam", "")):
        configuration = prepare(run, events=events, workers=workers, network=network, cache=cache, more=more, without=("mod_rrdtool",) if cache != "fam" else ())
        try:
            server = run.serve(PROGRAM, "-D", "-f", configuration, ready=8080)
        except RuntimeError:
            if cache != "fam":
                raise
            continue
        for path in ("big", "small", "a.sh", "list/", "x.shtml"):
            run.client("curl", "-s", "-o", "/dev/null", f"http://127.0.0.1:8080/{path}")
        run.write("www/small", "changed"), os.utime(run.path("www/small"), (1, 1))
        time.sleep(5 if cache == "inotify" else 1.2)  # it forgets folders that nobody asks for
        run.client("wrk", "-t1", "-c20", "-d1s", "http://127.0.0.1:8080/big"), run.client("curl", "-s", "http://127.0.0.1:8080/small")
        run.send(signal.SIGHUP, server.pid, pause=1.2)
        run.end(server, signal.SIGINT if workers else signal.SIGTERM)


def single(run):
    """One request from standard input, a time limit without requests, and what is refused."""
    configuration = prepare(run)
    text = (run.folder / "lighttpd.conf").read_text()
    run.command(PROGRAM, "-1", "-f", configuration, stdin="GET / HTTP/1.0\r\nHost: localhost\r\n\r\n", seconds=20)
    run.command(PROGRAM, "-D", "-i", 2, "-f", configuration, seconds=20)
    with socket.create_server((ADDRESS, 8099)) as given:  # as systemd starts it
        activated = run.write("activated.conf", text.replace("server.port = 8080", 'server.port = 8099\nserver.systemd-socket-activation = "enable"'))
        server = run.serve("/bin/sh", "-c", f"export LISTEN_PID=$$ LISTEN_FDS=1; exec {PROGRAM} -D -f {activated} 3<&{given.fileno()}", pass_fds=(given.fileno(),), ready=lambda: b"200 OK" in converse(8099, get("/small", "Connection: close")))
        run.end(server)
    for words in (["-v"], ["-V"], ["-h"], ["-f", "/nowhere"], ["-m", "/nowhere", "-D", "-f", configuration], ["-x"], []):
        run.command(PROGRAM, *words, seconds=10)
    for bad in ('server.bind = "192.0.2.1"', 'server.bind = "absent.invalid"', 'server.username = "nobody-here"', 'server.errorlog = "/nowhere/log"', 'server.modules += ( "mod_none" )', "nonsense", 'server.document-root = "/nowhere"', 'server.bind = "/nowhere/socket"', 'server.bind = "name.test"\nserver.port = 1', 'server.systemd-socket-activation = "enable"'):
        run.command(PROGRAM, "-D", "-i", 1, "-f", run.write("bad.conf", text.replace('server.bind = "127.0.0.1"\n', "") + bad + "\n"), seconds=10, env={"LISTEN_FDS": "1", "LISTEN_PID": "1"} if "systemd" in bad else None)
    server = run.serve(PROGRAM, "-D", "-f", configuration, ready=8080, preexec_fn=limits(resource.RLIMIT_NOFILE, 30))
    run.client("wrk", "-t1", "-c60", "-d1s", "http://127.0.0.1:8080/small")
    run.end(server, signal.SIGABRT)
    disk = run.small_disk("disk", 100)
    run.write("full.conf", text.replace(f'"{run.folder}/upload"', f'"{disk}"').replace(f'"{run.folder}/error"', f'"{disk}/error"'))
    server = run.serve(PROGRAM, "-D", "-f", run.path("full.conf"), ready=8080)
    converse(8080, get("/a.sh", method="POST", body=b"x" * 900000)), converse(8080, get("/a.sh", method="POST", body=b"x" * 900000))
    run.end(server, signal.SIGSEGV)


SCENARIOS = [everything, variants, single]
