"""The three relying parties as programs: they start alone, answer on both loopbacks and stop when told."""

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.parts.ports import free_port

ROOT = Path(__file__).parents[2]
NO_PROVIDER = "http://localhost:1"
START = 10
"""Seconds a program may take to answer on a busy machine."""

Start = Callable[..., tuple[subprocess.Popen[str], int]]


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("hidden\n")
    return path


@pytest.fixture
def start() -> Iterator[Start]:
    running: list[subprocess.Popen[str]] = []

    def run(name: str, *arguments: str) -> tuple[subprocess.Popen[str], int]:
        port = free_port()
        command = [sys.executable, "-m", f"clients.{name}", "--port", str(port), *arguments]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        running.append(process)
        return process, port

    yield run
    for process in running:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def answer(url: str) -> httpx.Response:
    until = time.monotonic() + START
    while True:
        try:
            return httpx.get(url, trust_env=False)
        except httpx.TransportError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


@pytest.mark.parametrize("name", ["portal", "app", "policies"])
def test_a_relying_party_starts_without_its_provider_and_stops_on_sigterm(
    name: str, start: Start, secret_file: Path
) -> None:
    arguments = ["--issuer", NO_PROVIDER]
    if name == "portal":
        arguments += ["--client-secret-file", str(secret_file)]
    if name == "policies":
        arguments += ["--payouts-file", str(secret_file.with_name("payouts.sqlite3"))]
    process, port = start(name, *arguments)
    assert answer(f"http://127.0.0.1:{port}/health").json() == {"status": "ok"}
    if socket.has_ipv6:
        assert answer(f"http://[::1]:{port}/health").status_code == 200
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0
    assert process.stdout is not None
    said = process.stdout.read()
    assert said.startswith(f"{name}: http://localhost:{port}\n")
    assert "hidden" not in said
    assert "Traceback" not in said


def test_a_taken_port_is_one_clear_line(start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = subprocess.run(
            [sys.executable, "-m", "clients.app", "--port", str(port)],
            cwd=ROOT, capture_output=True, text=True, timeout=20, check=False,
        )  # fmt: skip
    assert process.returncode == 1
    assert process.stderr == f"app: port {port} is taken by another program\n"


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["clients.portal"], "--client-secret-file"),
        (["clients.policies", "--introspect"], "--introspect needs"),
        (["clients.app", "--issuer", "localhost:8000"], "is no http or https address"),
        (["clients.app", "--policies-url", "http://localhost:8003/"], "is no origin"),
    ],
)
def test_a_setting_that_cannot_be_is_a_usage_error(arguments: list[str], fault: str) -> None:
    process = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=20, check=False
    )
    assert process.returncode == 2
    assert fault in re.sub(r"\s+", " ", process.stderr)


def test_nothing_of_the_service_is_imported() -> None:
    program = (
        "import sys, clients.portal.application, clients.app.site, clients.policies.api;"
        "print([name for name in sys.modules if name.split('.')[0] == 'idp'])"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    )
    assert found.stdout == "[]\n"
