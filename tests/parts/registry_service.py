"""An insurer's registry service (docs/registry-http.md) over registry files, that breaks on demand.

It shares no code with the service's own reading of such files but the spelling of contacts and tax codes.
"""

import contextlib
import csv
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeAlias

from idp.values import Malformed, TaxCode, parse_contact

Record: TypeAlias = dict[str, Any]
Alter: TypeAlias = Callable[[Any], Any]


@dataclass(frozen=True)
class Call:
    """One request as it came, and what was answered."""

    path: str
    headers: Message
    body: bytes
    status: int
    answer: bytes
    # The address of the caller's end: calls on one connection have the same.
    connection: tuple[str, int]


@dataclass
class _Trouble:
    kind: str
    times: int | None
    status: int = 200
    seconds: float = 0.0
    body: bytes = b""
    content_type: str = "application/json"
    alter: Alter | None = None


class RegistryService:
    """The running service's face for tests."""

    def __init__(self, *files: Path, token: str | None = None) -> None:
        self.customers: list[Record] = [record for file in files for record in _records(file)]
        self.url = ""
        self.token = token
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._calls: list[Call] = []
        self._troubles: list[_Trouble] = []

    @property
    def calls(self) -> list[Call]:
        """Every request so far, oldest first, refused ones too."""
        with self._lock:
            return list(self._calls)

    # --- troubles ----------------------------------------------------------------------------------------

    def fail(self, status: int = 503, times: int | None = None) -> None:
        """Answer with an HTTP status, `times` times or until `forget()`."""
        self._add(_Trouble("fail", times, status=status))

    def delay(self, seconds: float, times: int | None = None) -> None:
        """Answer rightly, but only after `seconds`."""
        self._add(_Trouble("delay", times, seconds=seconds))

    def say(self, body: bytes, content_type: str = "application/json", times: int | None = None) -> None:
        """Answer 200 with this body, whatever was asked."""
        self._add(_Trouble("say", times, body=body, content_type=content_type))

    def alter(self, alter: Alter, times: int | None = None) -> None:
        """Answer rightly but for what this function makes of the JSON."""
        self._add(_Trouble("alter", times, alter=alter))

    def truncate(self, times: int | None = None) -> None:
        """Hang up in the middle of the body."""
        self._add(_Trouble("truncate", times))

    def flood(self, times: int | None = None) -> None:
        """Answer with a body that has no end."""
        self._add(_Trouble("flood", times))

    def drip(self, seconds: float, times: int | None = None) -> None:
        """Send the body octet by octet, with a wait after each."""
        self._add(_Trouble("drip", times, seconds=seconds))

    def hang_up(self, times: int | None = None) -> None:
        """Close the connection without a word."""
        self._add(_Trouble("hang_up", times))

    def redirect(self, times: int | None = None) -> None:
        """Send the caller to another address."""
        self._add(_Trouble("redirect", times, status=307))

    def forget(self) -> None:
        """Drop all records of calls and all troubles."""
        with self._lock:
            self._calls.clear()
            self._troubles.clear()

    def _add(self, trouble: _Trouble) -> None:
        with self._lock:
            self._troubles.append(trouble)

    def due(self) -> _Trouble | None:
        """The trouble due now, counting it down."""
        with self._lock:
            due = next((trouble for trouble in self._troubles if trouble.times != 0), None)
            if due is not None and due.times is not None:
                due.times -= 1
            return due

    def note(self, call: Call) -> None:
        """Keep a call on record."""
        with self._lock:
            self._calls.append(call)

    # --- answers -----------------------------------------------------------------------------------------

    def answer(self, path: str, asked: Any) -> Any | None:
        """What the registry says; None where there is nothing at this path."""
        if path.endswith("/customers/search"):
            return {"customers": self._search(asked)}
        if path.endswith("/contacts/standings"):
            return {"standings": [self._standing(contact) for contact in asked["contacts"]]}
        return None

    def _search(self, asked: dict[str, Any]) -> list[Record]:
        found = [record for record in self.customers if _is_asked_for(record, asked)]
        return sorted(found, key=lambda record: str(record["customer_number"]))[: asked["at_most"]]

    def _standing(self, contact: str) -> dict[str, Any]:
        on = [record for record in self.customers if contact in _contacts(record)]
        own = {
            spelt
            for record in self.customers
            for spelt in (_spelt(record["agency_email"]), _spelt(record["agency_phone"]))
        }
        return {"holders": len({_holder(record) for record in on}), "of_agency": contact in own}


def _records(file: Path) -> Iterator[Record]:
    """The customers of a registry file, in the fields of the protocol."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            yield {
                **row,
                "emails": [_dated(item) for item in _split(row["emails"], "|")],
                "mobiles": [_dated(item) for item in _split(row["mobiles"], "|")],
                "policies": [_policy(item) for item in _split(row["policies"], "/")],
            }


def _split(cell: str, separator: str) -> list[str]:
    return [item.strip() for item in cell.split(separator)] if cell.strip() else []


def _dated(item: str) -> dict[str, str | None]:
    contact, _, changed_on = item.partition(";")
    return {"contact": contact, "changed_on": changed_on or None}


def _policy(item: str) -> dict[str, Any]:
    number, product, state, *more = item.split(":")
    return {
        "number": number,
        "product": product,
        "active": state == "active",
        "collective": more == ["collective"],
    }


def _is_asked_for(record: Record, asked: dict[str, Any]) -> bool:
    if "contact" in asked:
        return asked["contact"] in _contacts(record)
    if "customer_number" in asked:
        return bool(record["customer_number"] == asked["customer_number"])
    by_tax_code = "tax_code" in asked and _plain(record["tax_code"]) == _plain(asked["tax_code"])
    return by_tax_code or ("vat_number" in asked and record["vat_number"] == asked["vat_number"])


def _contacts(record: Record) -> set[str]:
    spelt = (_spelt(item["contact"]) for item in (*record["emails"], *record["mobiles"]))
    return {contact for contact in spelt if contact is not None}


def _spelt(contact: str) -> str | None:
    """A contact as the protocol spells it; None for what is none, such as a landline."""
    try:
        return parse_contact(contact).text
    except Malformed:
        return None


def _plain(tax_code: str) -> str | None:
    return TaxCode.parse(tax_code).plain if tax_code else None


def _holder(record: Record) -> str:
    """Whose a record's contacts are: by tax code, else by VAT number, else by customer number."""
    if record["tax_code"]:
        return f"tax code {_plain(record['tax_code'])}"
    return f"VAT number {record['vat_number']}" if record["vat_number"] else str(record["customer_number"])


# --- the server ------------------------------------------------------------------------------------------


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry: RegistryService

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.registry.stopping.is_set():
            self.close_connection = True
            return
        trouble = self.registry.due()
        status, answer = self._right(body)
        if trouble is not None and trouble.alter is not None:
            answer = json.dumps(trouble.alter(json.loads(answer))).encode()
        if trouble is not None and trouble.kind == "say":
            answer = trouble.body
        if trouble is not None and trouble.status != 200:
            status, answer = trouble.status, b"{}"
        self.registry.note(Call(self.path, self.headers, body, status, answer, self.client_address))
        with contextlib.suppress(OSError):
            # Whoever gave up waiting has closed their end.
            self._send(status, answer, trouble)

    def _right(self, body: bytes) -> tuple[int, bytes]:
        token = self.registry.token
        if token is not None and self.headers.get("Authorization") != f"Bearer {token}":
            return 401, b"{}"
        said = self.registry.answer(self.path, json.loads(body))
        return (404, b"{}") if said is None else (200, json.dumps(said, ensure_ascii=False).encode())

    def _send(self, status: int, answer: bytes, trouble: _Trouble | None) -> None:
        kind = "" if trouble is None else trouble.kind
        seconds = 0.0 if trouble is None else trouble.seconds
        if kind == "hang_up":
            self.close_connection = True
            return
        if kind == "delay":
            self.registry.stopping.wait(seconds)
        self.send_response(status)
        content_type = "application/json" if trouble is None else trouble.content_type
        self.send_header("Content-Type", content_type)
        if status in (307, 308):
            self.send_header("Location", f"{self.registry.url}/elsewhere")
        self.send_header("Content-Length", str(1 << 40 if kind == "flood" else len(answer)))
        self.end_headers()
        if kind == "truncate":
            self.wfile.write(answer[: len(answer) // 2])
            self.close_connection = True
        elif kind == "flood":
            while not self.registry.stopping.is_set():
                self.wfile.write(b" " * 65536)
        elif kind == "drip":
            for octet in answer:
                self.wfile.write(bytes([octet]))
                self.registry.stopping.wait(seconds)
        else:
            self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output clean; the calls are on record."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A thread stuck on a keep-alive connection would hold up the end of the tests.
    block_on_close = False
    # Many callers at once: the usual five would make the sixth try again a second later.
    request_queue_size = 128

    def __init__(self, port: int, handler: type[_Handler], tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", port), handler)
        if tls is not None:
            # The handshake belongs to the thread of its connection: one that hangs must not stop the others.
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A handshake that was refused is what some tests want."""


@contextlib.contextmanager
def registry_service(
    files: Sequence[Path], *, token: str | None = None, tls: ssl.SSLContext | None = None, port: int = 0
) -> Iterator[RegistryService]:
    """Yield a registry service of these files on 127.0.0.1 (by TLS as ``localhost``), and stop it after."""
    registry = RegistryService(*files, token=token)
    with serving(registry, tls=tls, port=port):
        yield registry


@contextlib.contextmanager
def serving(registry: RegistryService, *, tls: ssl.SSLContext | None = None, port: int = 0) -> Iterator[None]:
    """Serve for the length of a block; the same registry may be served again at the same port."""

    class BoundHandler(_Handler):
        pass

    BoundHandler.registry = registry
    registry.stopping.clear()
    with _Server(port, BoundHandler, tls) as server:
        scheme = "http" if tls is None else "https"
        registry.url = f"{scheme}://{'127.0.0.1' if tls is None else 'localhost'}:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            registry.stopping.set()
            server.shutdown()
            thread.join()
