"""A29, A23, A19: requests that no honest client sends, over bare sockets: one refusal each, and no harm."""

import contextlib
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from idp.cli.gunicorn_server import PATIENCE
from tests.service.running import RunningService

pytestmark = pytest.mark.slow

FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
SMUGGLED = "GET /jwks HTTP/1.1\r\nHost: {host}\r\n\r\n"


class Wire:
    """A bare connection to the service."""

    def __init__(self, service: RunningService) -> None:
        self.host = service.issuer.removeprefix("http://")
        self._socket = socket.create_connection(("127.0.0.1", int(self.host.rpartition(":")[2])), timeout=20)

    def send(self, text: str | bytes) -> None:
        """Send as it is, ``{host}`` apart."""
        if isinstance(text, str):
            text = text.replace("{host}", self.host).encode("latin-1")
        self._socket.sendall(text)

    def hear(self, seconds: float = 3.0) -> bytes:
        """Everything that comes until the other side closes, or is silent for a while."""
        heard = b""
        self._socket.settimeout(seconds)
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while more := self._socket.recv(65536):
                heard += more
                self._socket.settimeout(0.5)
        return heard

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


def statuses(heard: bytes) -> list[int]:
    """The status of every answer in what was heard."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", heard)]


@pytest.fixture
def wire(running_service: RunningService) -> Iterator[Wire]:
    """A fresh connection."""
    opened = Wire(running_service)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("name", "headers", "body"),
    [
        ("CL.TE", "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n" + SMUGGLED),
        (
            "TE.CL",
            "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
            "5c\r\n" + SMUGGLED + "\r\n0\r\n\r\n",
        ),
        ("two lengths", "Content-Length: 0\r\nContent-Length: 50\r\n", SMUGGLED),
        ("two lengths in one", "Content-Length: 0, 50\r\n", SMUGGLED),
        ("signed length", "Content-Length: +0\r\n", SMUGGLED),
        ("negative length", "Content-Length: -1\r\n", SMUGGLED),
        ("hexadecimal length", "Content-Length: 0x10\r\n", SMUGGLED),
        ("underscored length", "Content-Length: 1_0\r\n", SMUGGLED),
        ("blank before the colon", "Content-Length : 0\r\n", SMUGGLED),
        ("blank before the coding's colon", "Transfer-Encoding : chunked\r\n", "0\r\n\r\n" + SMUGGLED),
        ("another coding", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n" + SMUGGLED),
        (
            "coding twice",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
            "0\r\n\r\n" + SMUGGLED,
        ),
        ("coding not last", "Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n" + SMUGGLED),
        ("coding with a tab", "Transfer-Encoding:\tchunked\x0b\r\n", "0\r\n\r\n" + SMUGGLED),
        ("folded coding", "Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n" + SMUGGLED),
        ("bare carriage return", "X: a\rTransfer-Encoding: chunked\r\n", "0\r\n\r\n" + SMUGGLED),
        ("nul in a value", "X: a\x00b\r\n", ""),
        ("bad chunk size", "Transfer-Encoding: chunked\r\n", "zz\r\n\r\n0\r\n\r\n" + SMUGGLED),
    ],
)
def test_a29_a_request_of_two_minds_about_its_length_smuggles_nothing(
    wire: Wire, name: str, headers: str, body: str
) -> None:
    wire.send(f"POST /token HTTP/1.1\r\nHost: {{host}}\r\n{FORM}{headers}\r\n{body}")
    heard = wire.hear()
    told = statuses(heard)
    assert told, "an answer, not silence"
    assert told[0] in (400, 411, 501), heard[:300]
    assert b'"keys"' not in heard, "the request inside was answered"


@pytest.mark.parametrize("name", ["Transfer_Encoding", "Content_Length", "X_Forwarded_For", "Authorization_"])
def test_a29_a_name_with_an_underscore_is_never_taken_for_the_real_header(wire: Wire, name: str) -> None:
    value = {"Transfer_Encoding": "chunked", "Content_Length": "50"}.get(name, "198.51.100.9")
    wire.send(f"GET /jwks HTTP/1.1\r\nHost: {{host}}\r\nConnection: close\r\n{name}: {value}\r\n\r\n")
    assert statuses(wire.hear()) in ([200], [400])


@pytest.mark.parametrize(
    ("request_line", "headers"),
    [
        ("GET /jwks?" + "a" * 9000 + " HTTP/1.1", ""),
        ("GET /jwks HTTP/1.1", "X: " + "a" * 9000 + "\r\n"),
        ("GET /jwks HTTP/1.1", "".join(f"X-{n}: a\r\n" for n in range(100))),
        ("GET /jwks HTTP/1.1", "Cookie: " + "; ".join(f"c{n}={'a' * 50}" for n in range(200)) + "\r\n"),
        ("GET  /jwks HTTP/1.1", ""),
        ("GET /jwks HTTP/9.9", ""),
        ("G\x01T /jwks HTTP/1.1", ""),
        ("GET /jwks", ""),
    ],
    ids=[
        "long line",
        "long header",
        "many headers",
        "many cookies",
        "two blanks",
        "version",
        "method",
        "0.9",
    ],
)
def test_a23_an_oversized_or_malformed_head_is_refused(wire: Wire, request_line: str, headers: str) -> None:
    wire.send(f"{request_line}\r\nHost: {{host}}\r\nConnection: close\r\n{headers}\r\n")
    (status,) = statuses(wire.hear())
    assert 400 <= status < 500 or status == 505


@pytest.mark.parametrize("host", ["", "evil.example", "{host}@evil.example", "{host}, evil.example"])
def test_a19_a_host_that_is_not_ours_is_refused(wire: Wire, host: str) -> None:
    wire.send(f"GET /.well-known/openid-configuration HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
    assert statuses(wire.hear()) == [400]


def test_a19_two_hosts_or_none_are_refused_and_an_absolute_address_changes_nothing(
    running_service: RunningService,
) -> None:
    for head, expected in (
        ("GET /jwks HTTP/1.1\r\n", [400]),
        ("GET /jwks HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\n", [400]),
        ("GET http://evil.example/.well-known/openid-configuration HTTP/1.1\r\nHost: {host}\r\n", [200, 400]),
    ):
        wire = Wire(running_service)
        wire.send(head + "Connection: close\r\n\r\n")
        heard = wire.hear()
        wire.close()
        (status,) = statuses(heard)
        assert status in expected, head
        assert b"evil" not in heard


@pytest.mark.parametrize(
    "path", ["/token", "/par", "/introspect", "/revoke", "/userinfo", "/authorize", "/login", "/logout"]
)
def test_a23_a_form_of_a_megabyte_is_refused_unread(running_service: RunningService, path: str) -> None:
    with httpx.Client() as http:
        answer = http.post(f"{running_service.issuer}{path}", data={"a": "x" * 1_000_000})
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/token", "/par", "/introspect", "/revoke", "/authorize", "/logout"])
def test_a23_ten_thousand_parameters_are_refused(running_service: RunningService, path: str) -> None:
    body = "&".join(f"p{n}=" for n in range(10_000))
    answer = httpx.post(
        f"{running_service.issuer}{path}",
        content=body,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code in (400, 413)
    few = "&".join(f"p{n}=" for n in range(200))
    answer = httpx.post(
        f"{running_service.issuer}{path}",
        content=few,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 400


def test_a23_a_chunked_body_without_a_length_is_refused(running_service: RunningService) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(20):
            yield b"a" * 1000

    answer = httpx.post(f"{running_service.issuer}/token", content=endless())
    assert answer.status_code == 411


def test_a23_many_slow_senders_are_cut_off_and_the_others_are_served(
    running_service: RunningService,
) -> None:
    """As many slow ones as threads: half of them never finish their head, half never their body."""
    head = f"POST /token HTTP/1.1\r\nHost: {{host}}\r\n{FORM}"
    slow = [Wire(running_service) for _ in range(running_service.idp.settings.service.threads)]
    try:
        for number, wire in enumerate(slow):
            wire.send(head if number % 2 else head + "Content-Length: 100\r\n\r\ngrant_type=")
        began = time.monotonic()
        answer = httpx.get(f"{running_service.issuer}/jwks", timeout=PATIENCE * 2)
        assert answer.status_code == 200
        assert time.monotonic() - began < PATIENCE + 4
        ends = [wire.hear(PATIENCE) for wire in slow]
        bodies = [heard for number, heard in enumerate(ends) if number % 2 == 0]
        assert {tuple(statuses(heard)) for heard in bodies} == {(400,)}
        began = time.monotonic()
        assert httpx.get(f"{running_service.issuer}/jwks").status_code == 200
        assert time.monotonic() - began < 1
    finally:
        for wire in slow:
            wire.close()


def test_a23_abuse_costs_no_memory(running_service: RunningService, tmp_path: Path) -> None:
    port = int(running_service.issuer.rpartition(":")[2])
    serving = next(
        process
        for process in psutil.process_iter(["cmdline"])
        if str(port) in (process.info["cmdline"] or []) and not process.children()
    )
    before = serving.memory_info().rss
    with httpx.Client() as http:
        for _ in range(100):
            http.post(f"{running_service.issuer}/token", data={"a": "x" * 60_000})
            http.get(f"{running_service.issuer}/authorize", params={"scope": "a " * 3000})
    assert serving.memory_info().rss - before < 50 * 1024 * 1024
