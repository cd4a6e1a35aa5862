"""The demo as a user starts it: ``idp demo`` in a folder of its own, on free ports."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.parts.ports import free_ports

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Demo:
    """Where the running demo answers."""

    first_port: int

    @property
    def issuer(self) -> str:
        """The identity provider."""
        return f"http://localhost:{self.first_port}"

    @property
    def portal(self) -> str:
        """The portal."""
        return f"http://localhost:{self.first_port + 1}"

    @property
    def app(self) -> str:
        """The app."""
        return f"http://localhost:{self.first_port + 2}"

    @property
    def policies(self) -> str:
        """The policies API."""
        return f"http://localhost:{self.first_port + 3}"

    def inbox(self) -> list[dict[str, Any]]:
        """Every message so far, newest first."""
        with urllib.request.urlopen(f"{self.issuer}/dev/inbox?format=json", timeout=5) as answer:
            return list(json.load(answer))

    def code_for(self, contact: str, within: float = 5.0, *, purpose: str | None = None) -> str:
        """The newest code sent to a contact, for this purpose where one is named."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            for message in self.inbox():
                if message["to"] == contact and message["code"] and purpose in (None, message["purpose"]):
                    return str(message["code"])
            time.sleep(0.05)
        raise AssertionError(f"no code arrived within {within} seconds")


@contextlib.contextmanager
def running_demo(folder: Path) -> Iterator[Demo]:
    """Start the demo in ``folder`` and stop it again as Ctrl-C does."""
    first = free_ports(4)[0]
    log = (folder / "demo.log").open("w+")
    process = subprocess.Popen(
        [sys.executable, "-m", "idp.cli.main", "demo"],
        cwd=folder,
        env={**os.environ, "IDP_DEMO_PORT": str(first), "PYTHONPATH": str(ROOT)},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        deadline = time.monotonic() + 60
        while "Ctrl-C" not in Path(log.name).read_text("utf-8"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("the demo did not start:\n" + Path(log.name).read_text("utf-8"))
            time.sleep(0.1)
        yield Demo(first)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
        log.close()
