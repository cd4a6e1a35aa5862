"""The load generator: one process, one thread, raw sockets, HTTP/1.1 keep-alive.

Run as `python -m tests.bench.load`; reads a plan (JSON) on standard input and prints the outcome (JSON).
It is a process of its own so that it can be pinned to a core the measured server does not use, and it
reports its own CPU share: a generator near 100 % would be measuring itself.
"""

from __future__ import annotations

import json
import select
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter, process_time
from typing import Any

from tests.bench.scripts import (
    Answer,
    PasswordLogin,
    PasswordPost,
    Refresh,
    Same,
    Script,
    SignedInCode,
    UnexpectedAnswerError,
)

GIVE_UP_AFTER_ERRORS = 50
DRAIN_SECONDS = 10.0


class ConnectionLostError(Exception):
    """The server closed a connection in the middle of an answer."""


def script_from(plan: Mapping[str, Any]) -> Script:
    """The script a plan names by `kind`, with the plan's other members as its fields."""
    given = {name: value for name, value in plan.items() if name != "kind"}
    match plan["kind"]:
        case "same":
            return Same(given["message"].encode("latin-1"), given.get("must_contain", "").encode("latin-1"))
        case "refresh":
            return Refresh(**given)
        case "code":
            return SignedInCode(**given)
        case "login":
            return PasswordLogin(**given)
        case "login_post":
            return PasswordPost(PasswordLogin(**given))
        case other:
            raise ValueError(f"no script is called {other!r}")


@dataclass
class Connection:
    """One keep-alive connection and the script that speaks on it."""

    port: int
    script: Script
    socket: socket.socket = field(init=False)
    received: bytes = b""
    sent_at: float = 0.0
    busy: bool = False

    def __post_init__(self) -> None:
        self.connect()

    def connect(self) -> None:
        """Open the connection; raises OSError when the server does not accept."""
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""

    def send(self) -> None:
        self.busy = True
        message = self.script.request()
        self.sent_at = perf_counter()
        self.socket.sendall(message)

    def read(self) -> Answer | None:
        """The answer, once whole; None while more must come. Raises ConnectionLostError on a close."""
        chunk = self.socket.recv(65536)
        if not chunk:
            raise ConnectionLostError("the server closed the connection")
        self.received = self.received + chunk if self.received else chunk
        return self._whole()

    def _whole(self) -> Answer | None:
        data = self.received
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = data[:end]
        lowered = head.lower()
        status = int(head[9:12])
        start = end + 4
        at = lowered.find(b"\r\ncontent-length:")
        if at >= 0:
            stop = lowered.find(b"\r\n", at + 2)
            length = int(lowered[at + 17 : stop if stop >= 0 else None])
            if len(data) < start + length:
                return None
            body = data[start : start + length]
        elif b"\r\ntransfer-encoding: chunked" in lowered:
            if not data.endswith(b"0\r\n\r\n"):
                return None
            body = unchunked(data[start:])
        else:
            body = b""
        self.received = b""
        return Answer(status, head, body)

    @staticmethod
    def must_close(answer: Answer) -> bool:
        return b"\r\nconnection: close" in answer.head.lower()


def unchunked(data: bytes) -> bytes:
    """The body of a chunked message (RFC 9112 §7.1), trailers dropped."""
    parts: list[bytes] = []
    at = 0
    while True:
        line = data.index(b"\r\n", at)
        size = int(data[at:line].split(b";")[0], 16)
        if size == 0:
            return b"".join(parts)
        parts.append(data[line + 2 : line + 2 + size])
        at = line + 2 + size + 2


@dataclass
class Outcome:
    """What a run counted: units and requests done, errors, seconds, latencies of single requests."""

    units: int = 0
    requests: int = 0
    errors: int = 0
    reconnects: int = 0
    first_error: str = ""
    latencies: list[float] = field(default_factory=list)

    def fault(self, reason: str) -> None:
        self.errors += 1
        self.first_error = self.first_error or reason


class Generator:
    """Keeps every connection busy until the time is over, then waits for the last answers."""

    def __init__(self, port: int, scripts: list[Script]) -> None:
        self.connections = [Connection(port, script) for script in scripts]
        self.outcome = Outcome()
        self._poll = select.epoll()
        self._by_descriptor: dict[int, Connection] = {}
        for connection in self.connections:
            self._watch(connection)

    def _watch(self, connection: Connection) -> None:
        descriptor = connection.socket.fileno()
        self._by_descriptor[descriptor] = connection
        self._poll.register(descriptor, select.EPOLLIN)

    def _reconnect(self, connection: Connection) -> None:
        self._poll.unregister(connection.socket.fileno())
        del self._by_descriptor[connection.socket.fileno()]
        connection.socket.close()
        connection.connect()
        self._watch(connection)
        self.outcome.reconnects += 1

    def run(self, seconds: float) -> float:
        """Drive the connections for `seconds`; the seconds it really took."""
        started = perf_counter()
        deadline = started + seconds
        for connection in self.connections:
            connection.send()
        outstanding = len(self.connections)
        last = started
        while outstanding:
            if self.outcome.errors > GIVE_UP_AFTER_ERRORS or perf_counter() > deadline + DRAIN_SECONDS:
                break
            for descriptor, _ in self._poll.poll(1.0):
                connection = self._by_descriptor[descriptor]
                if not self._step(connection):
                    continue
                last = perf_counter()
                if last < deadline:
                    connection.send()
                else:
                    connection.busy = False
                    outstanding -= 1
        return max(last - started, 1e-9)

    def close(self) -> None:
        """Give the connections back; nothing can be run afterwards."""
        for connection in self.connections:
            connection.socket.close()
        self._poll.close()

    def _step(self, connection: Connection) -> bool:
        """Take in what arrived; True when the connection's request is answered (or lost)."""
        try:
            answer = connection.read()
        except (ConnectionLostError, OSError) as lost:
            self.outcome.fault(str(lost))
            self._reconnect(connection)
            return True
        if answer is None:
            return False
        self.outcome.latencies.append(perf_counter() - connection.sent_at)
        self.outcome.requests += 1
        try:
            self.outcome.units += connection.script.answered(answer)
        except UnexpectedAnswerError as wrong:
            self.outcome.fault(str(wrong))
        if connection.must_close(answer):
            self._reconnect(connection)
        return True


def percentile(ordered: list[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the ordered values lie; 0 for none."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def main() -> int:
    plan = json.load(sys.stdin)
    generator = Generator(plan["port"], [script_from(each) for each in plan["scripts"]])
    cpu = process_time()
    seconds = generator.run(plan["seconds"])
    cpu = process_time() - cpu
    generator.close()
    outcome = generator.outcome
    latencies = sorted(outcome.latencies)
    json.dump(
        {
            "units": outcome.units,
            "requests": outcome.requests,
            "errors": outcome.errors,
            "reconnects": outcome.reconnects,
            "first_error": outcome.first_error,
            "seconds": seconds,
            "cpu_share": cpu / seconds,
            "p50_ms": percentile(latencies, 0.50) * 1000,
            "p99_ms": percentile(latencies, 0.99) * 1000,
            "states": [connection.script.state() for connection in generator.connections],
        },
        sys.stdout,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
