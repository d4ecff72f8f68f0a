"""A PostgreSQL of the benches' own, and a proxy before it that can go silent. On loopback; stopped by its own process."""

import asyncio
import glob
import os
import pwd
import shutil
import subprocess
import tempfile
import threading

import loopback

PROGRAMS = sorted(glob.glob("/usr/lib/postgresql/*/bin"))


class Cluster:
    """One server with fsync on, as one would run it. `url` leads to a database of the given name."""

    def __init__(self):
        if not PROGRAMS:
            raise SystemExit("error: PostgreSQL's server is not here. Install it: apt-get install postgresql")
        self.folder = tempfile.mkdtemp(prefix="courtesy-pg-", dir="/tmp")
        self.port, self.log = loopback.free_port(), open(os.path.join(self.folder, "log"), "ab")
        # The server refuses to run as root.
        self.as_user = {}
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            shutil.chown(self.folder, user.pw_uid, user.pw_gid)
            self.as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        data = os.path.join(self.folder, "data")
        self._run("initdb", "-D", data, "-U", "courtesy", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        self.process = subprocess.Popen(
            [self._program("postgres"), "-D", data, "-p", str(self.port), "-k", self.folder, "-h", loopback.LOCALHOST,
             "-c", "max_connections=200", "-c", "shared_buffers=256MB", "-c", "max_wal_size=4GB"],
            stdout=self.log, stderr=self.log, cwd="/", **self.as_user)
        loopback.wait_until_listening(self.port, self.process)
        while self._run("pg_isready", "-h", self.folder, "-p", str(self.port), check=False).returncode:
            pass

    def _program(self, name):
        return os.path.join(PROGRAMS[-1], name)

    def _run(self, name, *words, check=True):
        return subprocess.run([self._program(name), *words], check=check, cwd="/", stdout=self.log, stderr=self.log,
                              **self.as_user)

    def url(self, database, port=None):
        return f"postgres://courtesy@{loopback.LOCALHOST}:{port or self.port}/{database}"

    def make(self, database):
        """A new, empty database; its URL."""
        self.ask("postgres", f"create database {database}")
        return self.url(database)

    def ask(self, database, sql):
        """What a statement finds: rows of text."""
        said = subprocess.run(
            [self._program("psql"), "-qAtX", "-F", "\t", "-h", self.folder, "-p", str(self.port), "-U", "courtesy",
             "-v", "ON_ERROR_STOP=1", "-c", sql, database], check=True, stdout=subprocess.PIPE, text=True).stdout
        return [line.split("\t") for line in said.splitlines()]

    def cpu_seconds(self):
        """What the server and its processes have used so far."""
        ticks = 0
        for status in glob.glob("/proc/[0-9]*/stat"):
            try:
                number, fields = int(status.split("/")[2]), open(status, encoding="ascii").read().rpartition(")")[2].split()
            except (OSError, UnicodeDecodeError):
                continue  # it has ended meanwhile
            if number == self.process.pid:
                ticks += sum(map(int, fields[11:15]))  # with its children that have ended
            elif int(fields[1]) == self.process.pid:
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def close(self):
        self._run("pg_ctl", "-D", os.path.join(self.folder, "data"), "-m", "immediate", "stop", check=False)
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Proxy:
    """Passes connections on to `port` until it is told to drop: then nothing goes through, and nobody is told."""

    def __init__(self, port):
        self.to, self.dropping = port, threading.Event()
        self._loop, ready = asyncio.new_event_loop(), threading.Event()
        threading.Thread(target=self._run, args=(ready,), daemon=True).start()
        ready.wait()

    def _run(self, ready):
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._pass, loopback.LOCALHOST, 0))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()

    async def _pass(self, reader, writer):
        while self.dropping.is_set():
            await asyncio.sleep(0.1)
        there, back = await asyncio.open_connection(loopback.LOCALHOST, self.to)
        await asyncio.gather(self._copy(reader, back), self._copy(there, writer), return_exceptions=True)

    async def _copy(self, reader, writer):
        try:
            while octets := await reader.read(1 << 16):
                while self.dropping.is_set():
                    await asyncio.sleep(0.1)
                writer.write(octets)
                await writer.drain()
        finally:
            writer.close()


class Bouncer:
    """A PgBouncer in transaction mode before `cluster`, with fewer connections to it than it is asked for."""

    def __init__(self, cluster):
        self.port = loopback.free_port()
        settings = os.path.join(cluster.folder, "pgbouncer.ini")
        with open(settings, "w", encoding="ascii") as file:
            # With `auth_type = any` everybody is the user of the database's entry.
            file.write(f"[databases]\n* = host={loopback.LOCALHOST} port={cluster.port} user=courtesy\n[pgbouncer]\n"
                       f"listen_addr = {loopback.LOCALHOST}\nlisten_port = {self.port}\nunix_socket_dir =\n"
                       "auth_type = any\npool_mode = transaction\ndefault_pool_size = 5\nmax_client_conn = 200\n")
        program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
        if not os.path.exists(program):
            raise SystemExit("error: pgbouncer is not here. Install it: apt-get install pgbouncer")
        self.process = subprocess.Popen([program, "-q", settings], stdout=cluster.log, stderr=cluster.log, cwd="/",
                                        **cluster.as_user)
        loopback.wait_until_listening(self.port, self.process)

    def close(self):
        self.process.terminate()
        self.process.wait()
