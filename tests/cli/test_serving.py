"""`idp serve` and `idp worker` come up, finish what they began, and leave nothing behind."""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from gunicorn.config import Config

from idp.cli.gunicorn_server import _Worker
from tests.cli.command import start
from tests.parts.ports import free_port

pytestmark = pytest.mark.slow

SERVERS = ["gunicorn", "granian"]


@contextlib.contextmanager
def served(folder: Path, *options: str) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """`idp serve` on a free port; killed at the end if it still is there."""
    port = free_port()
    config = (folder / "idp.toml").read_text("utf-8")
    old = next(line for line in config.splitlines() if line.startswith("port = ")).removeprefix("port = ")
    (folder / "idp.toml").write_text(config.replace(old, str(port)), "utf-8")
    log = folder / "serve.log"
    process = start(folder, log, "serve", *options, "--config", "idp.toml")
    try:
        deadline = time.monotonic() + 30
        while not _ready(port):
            assert process.poll() is None, log.read_text("utf-8")
            assert time.monotonic() < deadline, log.read_text("utf-8")
            time.sleep(0.05)
        yield process, port
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _ready(port: int) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"http://localhost:{port}/health/ready").status_code == 200
    return False


@pytest.mark.parametrize("server", SERVERS)
def test_sigterm_lets_a_request_under_way_finish_and_ends_with_0(ready_folder: Path, server: str) -> None:
    if server == "granian":
        pytest.importorskip("granian")
    with served(ready_folder, "--server", server, "--processes", "2") as (process, port):
        children = psutil.Process(process.pid).children(recursive=True)
        body = b"grant_type=client_credentials&client_id=nobody"
        with socket.create_connection(("127.0.0.1", port)) as slow:
            slow.sendall(
                b"POST /token HTTP/1.1\r\nHost: localhost:%d\r\nConnection: close\r\n"
                b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n"
                % (port, len(body))
            )
            slow.sendall(body[:10])
            time.sleep(0.3)
            process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            slow.sendall(body[10:])
            slow.settimeout(10)
            answer = slow.recv(65536)
        assert answer.startswith((b"HTTP/1.1 401 ", b"HTTP/1.1 400 ")), answer
        assert process.wait(15) == 0
        assert not [child for child in children if child.is_running() and child.status() != "zombie"]
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=1)


def test_both_loopback_addresses_answer_without_telling_the_servers_name(ready_folder: Path) -> None:
    with served(ready_folder) as (process, port):
        for address in ("127.0.0.1", "[::1]"):
            answer = httpx.get(f"http://{address}:{port}/jwks", headers={"Host": f"localhost:{port}"})
            assert answer.status_code == 200
            assert "server" not in answer.headers
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 0


def test_a_malformed_request_leaves_neither_its_line_nor_its_address_in_the_log(ready_folder: Path) -> None:
    with served(ready_folder) as (_process, port):
        for line in (
            b"GET /register/link/GEHEIM",
            b"GET /register/link/GEHEIM HTTP/9.9",
            b"G\x00T /GEHEIM HTTP/1.1",
        ):
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(line + b"\r\n\r\n")
                connection.settimeout(10)
                assert connection.recv(100).startswith(b"HTTP/1.1 400")
        log = (ready_folder / "serve.log").read_text("utf-8")
    assert log.count("Invalid request") == 3
    assert "GEHEIM" not in log
    assert "from ip=" not in log


def test_ctrl_c_takes_no_lock_that_the_main_loop_may_hold() -> None:
    worker = _Worker(1, os.getpid(), [], None, 30, Config(), logging.getLogger("unused"))
    worker.tpool = worker.get_thread_pool()
    worker.method_queue.init()
    # A signal handler runs in the main thread wherever that is: also in the middle of handing over a request.
    with worker.tpool._shutdown_lock:
        handler = threading.Thread(target=worker.handle_quit, args=(signal.SIGQUIT, None), daemon=True)
        handler.start()
        handler.join(5)
        assert not handler.is_alive()
    assert worker.alive is False
    worker.method_queue.close()
    worker.tmp.close()


def test_a_second_service_on_the_port_is_refused_and_the_first_goes_on(ready_folder: Path) -> None:
    with served(ready_folder) as (_process, port):
        second = start(ready_folder, ready_folder / "second.log", "serve", "--config", "idp.toml")
        assert second.wait(30) == 1
        assert f"port {port}" in (ready_folder / "second.log").read_text("utf-8")
        assert _ready(port)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_the_worker_ends_at_a_signal_with_0(ready_folder: Path, name: str) -> None:
    log = ready_folder / "worker.log"
    process = start(ready_folder, log, "worker", "--config", "idp.toml")
    try:
        deadline = time.monotonic() + 30
        while "worker is running" not in log.read_text("utf-8"):
            assert process.poll() is None, log.read_text("utf-8")
            assert time.monotonic() < deadline
            time.sleep(0.05)
        began = time.monotonic()
        process.send_signal(getattr(signal, name))
        assert process.wait(15) == 0
        assert time.monotonic() - began < 5
        assert "Traceback" not in log.read_text("utf-8")
    finally:
        process.kill()
        process.wait()
