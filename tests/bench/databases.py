"""Databases of a run: a throw-away Valkey for the peer and a throw-away PostgreSQL for us.

The binaries are those of the test suite's parts. The PostgreSQL of the suite switches durability off, this
one keeps its defaults: what is compared is a service that does not lose codes.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import sleep

from tests.bench.measured import CannotRunError, Process
from tests.parts import postgres, valkey


def valkey_binary() -> Path:
    """A Valkey or Redis (7 or later) server binary; raises CannotRunError when there is none."""
    if found := valkey.find_binary():
        return found
    raise CannotRunError(f"no Valkey for the peer: {valkey.HOW_TO_GET}")


def postgresql_folder() -> Path:
    """The folder of initdb and postgres; raises CannotRunError when there is none."""
    if found := postgres.find_binaries():
        return found
    raise CannotRunError(f"no PostgreSQL: {postgres.HOW_TO_GET} (--no-postgresql leaves it out)")


class Valkey:
    """An in-memory Valkey on a Unix socket, without persistence; `stop()` drops it."""

    def __init__(self, folder: Path, cores: frozenset[int]) -> None:
        self.socket = folder / "valkey.socket"
        settings = ["--port", "0", "--unixsocket", str(self.socket), "--save", "", "--appendonly", "no"]
        self.process = Process([str(valkey_binary()), *settings], cores=cores, log=folder / "valkey.log")
        for _ in range(400):
            if self.socket.exists():
                return
            sleep(0.01)
        raise CannotRunError(f"Valkey does not start:\n{self.process.tail()}")

    def stop(self) -> None:
        self.process.stop()


@dataclass(frozen=True)
class Owner:
    """The unprivileged user PostgreSQL insists on when we are root."""

    uid: int
    gid: int

    @classmethod
    def needed(cls) -> Owner | None:
        """None when we are not root ourselves."""
        if os.geteuid() != 0:
            return None
        for name in ("postgres", "nobody"):
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(entry.pw_uid, entry.pw_gid)
        raise CannotRunError("root cannot run PostgreSQL, and neither postgres nor nobody exists here")


class PostgreSQL:
    """A PostgreSQL of its own on a Unix socket, with the defaults for durability; `stop()` drops it."""

    def __init__(self, log: Path, cores: frozenset[int]) -> None:
        binaries = postgresql_folder()
        owner = Owner.needed()
        # A short path: Unix socket paths end at 107 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="pgb"))
        if owner:
            os.chown(self._folder, owner.uid, owner.gid)
        created = subprocess.run(
            [str(binaries / "initdb"), "-D", str(self._folder / "data"), "-U", "postgres", "-A", "trust",
             "-E", "UTF8", "--locale=C", "--no-sync"],
            cwd="/", capture_output=True, text=True, check=False,
            user=owner.uid if owner else None, group=owner.gid if owner else None,
            extra_groups=[] if owner else None,
        )  # fmt: skip
        if created.returncode != 0:
            raise CannotRunError(f"initdb failed: {created.stderr}")
        self._process = Process(
            [str(binaries / "postgres"), "-D", str(self._folder / "data"), "-k", str(self._folder), "-h", "",
             "-c", "shared_buffers=256MB", "-c", "autovacuum_naptime=10min"],
            cores=cores, log=log, cwd=Path("/"), as_user=owner.uid if owner else None,
        )  # fmt: skip
        for _ in range(1000):
            if (self._folder / ".s.PGSQL.5432").exists():
                sleep(0.2)
                return
            sleep(0.01)
        raise CannotRunError(f"PostgreSQL does not start:\n{self._process.tail()}")

    def url(self, database: str = "postgres") -> str:
        """The SQLAlchemy URL of a database on this server."""
        return f"postgresql+psycopg://postgres@/{database}?host={self._folder}"

    def create(self, database: str) -> str:
        """Create a database and give its URL."""
        import psycopg

        with psycopg.connect(
            f"host={self._folder} user=postgres dbname=postgres", autocommit=True
        ) as connection:
            connection.execute(f'CREATE DATABASE "{database}"'.encode())
        return self.url(database)

    def stop(self) -> None:
        self._process.stop(signal.SIGINT)
        shutil.rmtree(self._folder, ignore_errors=True)
