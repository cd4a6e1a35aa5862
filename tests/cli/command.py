"""The `idp` command in a process of its own."""

import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.parts.ports import free_port

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Said:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def faults(self) -> list[str]:
        """The lines on standard error, each of which must be ours."""
        lines = self.err.splitlines()
        assert all(line.startswith("idp: ") for line in lines), self.err
        return [line.removeprefix("idp: ") for line in lines]


def environment(**variables: str) -> dict[str, str]:
    """The environment of a command: nothing of the caller's own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IDP")}
    return {**kept, "PYTHONPATH": str(ROOT), **variables}


def idp(folder: Path, *arguments: str, **variables: str) -> Said:
    """Run `idp` in a folder to its end; raises subprocess.TimeoutExpired when it stays."""
    done = subprocess.run(
        [sys.executable, "-m", "idp.cli.main", *arguments],
        cwd=folder,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def start(folder: Path, log: Path, *arguments: str, **variables: str) -> "subprocess.Popen[bytes]":
    """Start `idp` in a folder and leave it running; the caller ends it."""
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "idp.cli.main", *arguments],
            cwd=folder,
            env=environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def four_in_a_row() -> int:
    """The first of four TCP ports in a row that nobody answers on."""
    for _ in range(50):
        first = free_port()
        if first < 65000 and not any(_answered(first + number) for number in range(4)):
            return first
    raise AssertionError("no four free ports in a row")


def _answered(port: int) -> bool:
    with socket.socket() as four, socket.socket(socket.AF_INET6) as six:
        return four.connect_ex(("127.0.0.1", port)) == 0 or six.connect_ex(("::1", port)) == 0
