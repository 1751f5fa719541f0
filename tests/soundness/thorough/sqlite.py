"""The sqlite3 shell: journal modes, locks, backups, archives, a terminal, extensions, faults."""
import os, pty, resource, signal, subprocess, time

from .room import limits

PROGRAM = "/usr/bin/sqlite3"
EXECUTES = [PROGRAM, "/bin/sh", "/bin/cat", "/bin/ls", "/bin/true"]
ROWS = "with recursive n(i) as (select 1 union all select i+1 from n where i<%d) insert into t select i, hex(randomblob(%d)) from n;"


def journals(run):
    for mode in ("delete", "truncate", "persist", "memory", "wal", "off"):
        for sync in ("full", "extra", "off"):
            run.command(PROGRAM, f"{mode}{sync}.db", f"pragma page_size=1024; pragma journal_mode={mode}; pragma synchronous={sync}; pragma locking_mode={'exclusive' if sync == 'off' else 'normal'}; create table t(a, b);"
                        + ROWS % (2000, 100) + "begin; delete from t where a%2; rollback; savepoint s; update t set b='x'; release s; create index i on t(b); pragma wal_checkpoint(truncate); vacuum; "
                        "pragma integrity_check; pragma optimize; analyze; pragma journal_size_limit=1; select count(*) from t;")
    run.command(PROGRAM, "large.db", "pragma mmap_size=268435456; pragma cache_size=10; pragma temp_store=file; create table t(a, b);" + ROWS % (20000, 300)
                + "select count(*) from (select b from t order by b desc); create index i on t(b); vacuum; vacuum into 'other.db'; pragma auto_vacuum=incremental; pragma shrink_memory; pragma temp_store_directory='.'; delete from t; pragma incremental_vacuum;")
    run.command(PROGRAM, "large.db", "pragma mmap_size=0; pragma cache_spill=on; pragma threads=4; pragma temp_store=file; select count(*) from t a, t b where a.b<b.b;" + ROWS % (40000, 200) + "create index j on t(b, a); select b from t group by b order by 1 desc limit 1;",
                env={"SQLITE_TMPDIR": run.path(".")})


def shell(run):
    run.write("rows.csv", "a,b\n1,2\n3,4\n")
    run.write("script.sql", "select 1;\n")
    run.write(".sqliterc", ".headers on\n")
    run.command(PROGRAM, "x.db", env={"HOME": str(run.folder), "BROWSER": "true", "PATH": "/nowhere:/bin:/usr/bin"}, stdin=f""".help
.import --csv rows.csv t
.mode box
select * from t;
.output out.txt
select * from t;
.output
.output |cat
select 1;
.output
.read script.sql
.read '|echo select 1;'
.dump
.backup main copy.db
.save copy2.db
.clone clone.db
.restore copy.db
.open --new fresh.db
.open --readonly copy.db
.open --append appended.db
create table t(a);
.open --deserialize copy.db
.open --zip none.zip
.archive -c -f a.sqlar rows.csv script.sql
.archive -t -f a.sqlar
.shell mkdir out
.archive -x -f a.sqlar -C out
.archive -u -f a.sqlar rows.csv
.archive -c -f a.zip rows.csv
.open copy.db
.databases
.dbinfo
.tables
.schema --indent
.indexes
.fullschema
.lint fkey-indexes
.expert
select * from t where a=1;
.eqp full
.scanstats on
.stats on
.timer on
.timeout 10
.trace stdout
.log stderr
.log off
.vfsinfo
.vfslist
.vfsname
.filectrl data_version
.filectrl tempfilename
.filectrl size_limit 100000
.filectrl lock_timeout 1
.limit
.sha3sum
.selftest
.session open main s
.recover
.shell ls
.system true
.cd out
.cd ..
.load /nowhere/extension
.connection 1
.connection 0
.dbconfig
.progress 10
.width 10
.prompt a b
.auth on
.binary on
.bail off
.changes on
.testctrl
.print x
.parameter set :a 1
.parameter list
select writefile('written', 'x'), readfile('rows.csv'), edit('x', 'true');
select writefile('folder', null, 16877), writefile('link', 'rows.csv', 41471), writefile('dated', 'x', 33188, 1);
select name, mode, mtime from fsdir('.');
select lsmode(33188), sha3('x'), uuid(), random(), datetime('now', 'localtime'), strftime('%s'), load_extension('none');
attach 'attached.db' as a; create table a.x(y); detach a;
create virtual table f using fts5(a); insert into f values('hello'); create virtual table r using rtree(a,b,c);
select * from generate_series(1,3); select json('[1]'); select * from pragma_compile_options;
.exit 3
""")
    run.command(PROGRAM, "x.db", stdin=".excel\n.www\nselect 1;\n.once -e\nselect 1;\n", env={"PATH": "/nowhere"})
    run.command(PROGRAM, "x.db", "select 1", env={"SQLITE_DEBUG_BREAK": "1"}, preexec_fn=limits(resource.RLIMIT_CORE, 0))
    for words in (["-version"], ["-help"], ["-init", "script.sql", ":memory:", "select 1"], ["-cmd", ".mode csv", "x.db", "select 1"], ["-A", "cf", "b.sqlar", "rows.csv"], ["-A", "xf", "b.sqlar"], ["-readonly", "x.db", "create table no(a)"],
                  ["-batch", "-bail", "x.db", "error"], ["-lookaside", 512, 10, "x.db", "select 1"], ["-pagecache", 1024, 10, "x.db", "select 1"], ["-mmap", 100000, "x.db", "select 1"], ["-memtrace", "x.db", "select 1"],
                  ["-append", "x.bin", "create table t(a)"], ["-zip", "a.zip", "select name from zip"], ["-heap", 1000000, "x.db", "select 1"], ["/nowhere/x.db", "create table t(a)"], ["file:x.db?mode=ro&cache=shared&immutable=1", ".tables"],
                  ["-deserialize", "x.db", "select 1"], ["-nofollow", "x.db", "select 1"], ["-sorterref", 100, "x.db", "select 1"], ["-multiplex", "x.db", "select 1"], ["-stats", "-echo", "x.db", "select 1"], ["-vfs", "unix-none", "y.db", "create table t(a)"]):
        run.command(PROGRAM, *words)


def files(run):
    for vfs in ("unix", "unix-excl", "unix-dotfile", "unix-none", "unix-namedsem", "unix-flock", "memdb"):
        run.command(PROGRAM, "-vfs", vfs, f"{vfs}.db", "create table t(a,b); pragma journal_mode=wal;" + ROWS % (100, 10) + "pragma journal_mode=delete; drop table t;")
    run.command(PROGRAM, "umask.db", "create table t(a); insert into t values(1);")
    run.command(PROGRAM, "umask.db", "pragma journal_mode=wal; insert into t values(1); pragma journal_mode=persist; insert into t values(2);", preexec_fn=lambda: os.umask(0o077))
    os.symlink("unix.db", run.path("link.db"))
    os.link(run.path("unix.db"), run.path("hard.db"))
    run.write("owned.db", b"")
    os.chown(run.path("owned.db"), 33, 33)
    for name in ("link.db", "hard.db", "owned.db"):
        run.command(PROGRAM, name, "pragma journal_mode=wal; create table if not exists u(a); insert into u values(1); pragma journal_mode=persist; insert into u values(2);")
    # a journal that was left behind
    killed = run.start(PROGRAM, "hot.db", stdin=subprocess.PIPE)
    killed.stdin.write(b"pragma cache_size=5; create table t(a,b); begin;" + (ROWS % (5000, 200)).encode() + b"\nselect 1;\n")
    killed.stdin.flush()
    time.sleep(1)
    run.end(killed, signal.SIGKILL)
    run.command(PROGRAM, "hot.db", "select count(*) from sqlite_schema;")


def locks(run):
    run.command(PROGRAM, "l.db", "pragma journal_mode=wal; create table t(a,b);")
    for name in ("l.db", "r.db"):
        run.command(PROGRAM, name, "create table if not exists t(a,b);")
        holder = run.start(PROGRAM, name, stdin=subprocess.PIPE)
        holder.stdin.write(b"begin exclusive; insert into t values(1,2);\n")
        holder.stdin.flush()
        time.sleep(0.5)
        run.command(PROGRAM, name, ".timeout 300", "insert into t values(3,4);", "select * from t;")
        holder.stdin.write(b"commit;\n.backup other.db\n")
        holder.stdin.close()
        holder.wait(20)


def terminal(run):
    for environment in ({"TERM": "xterm", "HOME": str(run.folder)}, {"TERM": "dumb", "HOME": "/", "SQLITE_DEBUG_BREAK": "1"}, {"TERM": "linux", "HOME": str(run.folder), "SQLITE_HISTORY": run.path("history"), "LANG": "C.UTF-8", "INPUTRC": run.write("inputrc", "set editing-mode vi\n")}):
        control, end = pty.openpty()
        process = run.start(PROGRAM, "t.db", env=environment, stdin=end, stdout=end, stderr=end,
                            preexec_fn=lambda: __import__("fcntl").ioctl(0, 0x540e, 0))  # its controlling terminal
        os.close(end)
        try:
            for keys in (b"create ta\t\tble if not exists x(a);\n", b"sel\t * from x;\n", b"\x12crea\x1b[A\n", b".help\n", b"insert into x values(1);\n", b".shell true\n", b".mo\t\t", b"\x15\n", b"select\n1;\n", b"\x1b[A\x1b[A\x1b[D\x1bf\x17\x19\n"):
                time.sleep(0.15)
                os.write(control, keys)
            run.send(signal.SIGWINCH, process.pid, pause=0.1)
            os.write(control, b"select count(*) from x a, x b;\n\x03")
            time.sleep(0.2)
            os.write(control, b"with recursive n(i) as (select 1 union all select i+1 from n) select count(*) from n;\n")
            time.sleep(0.4)
            os.write(control, b"\x03")
            time.sleep(0.2)
            os.write(control, b"\x1a")
            time.sleep(0.2)
            run.send(signal.SIGCONT, process.pid, pause=0.2)
            os.write(control, b"\n.quit\n")
            os.set_blocking(control, False)
            for _ in range(20):
                try:
                    os.read(control, 1 << 16)
                except (BlockingIOError, OSError):
                    pass
                time.sleep(0.05)
        except OSError:
            pass
        run.end(process, signal.SIGTERM)
        os.close(control)


def faults(run):
    disk = run.small_disk("disk", 300)
    for mode in ("delete", "wal"):
        run.command(PROGRAM, disk / f"{mode}.db", f"pragma journal_mode={mode}; create table t(a,b);" + ROWS % (5000, 300))
    run.command(PROGRAM, "x.db", "create table t(a,b);" + ROWS % (50000, 20), preexec_fn=limits(resource.RLIMIT_FSIZE, 100000))
    run.command(PROGRAM, "y.db", "create table t(a,b);", preexec_fn=limits(resource.RLIMIT_NOFILE, 4))
    run.command(PROGRAM, "z.db", "select zeroblob(900000000), randomblob(900000000);", preexec_fn=limits(resource.RLIMIT_AS, 200 << 20))
    run.write("broken.db", b"SQLite format 3\0" + os.urandom(5000))
    run.command(PROGRAM, "broken.db", "pragma integrity_check; select * from sqlite_schema;", ".recover")
    run.write("readonly.db", b"", 0o444)
    run.command(PROGRAM, "readonly.db", "create table t(a);", user=65534)
    for number in (signal.SIGINT, signal.SIGABRT, signal.SIGHUP):
        process = run.start(PROGRAM, ":memory:", "with recursive n(i) as (select 1 union all select i+1 from n) select count(*) from n;")
        run.send(number, process.pid)
        run.end(process)


SCENARIOS = [journals, shell, files, locks, terminal, faults]
