"""The `idp` command in a process of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

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
