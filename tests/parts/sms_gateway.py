"""An SMS provider reached by webhook: records posts, and fails, stalls or loses answers on demand."""

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal


@dataclass(frozen=True)
class Post:
    """One request as it came over the wire; the body as bytes, so that its signature can be checked."""

    path: str
    headers: Message
    body: bytes
    accepted: bool

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Trouble:
    kind: Literal["fail", "delay", "lose"]
    status: int
    seconds: float
    times: int | None


class SmsGateway:
    """The running gateway's face for tests."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/messages"
        self._arrived = threading.Condition()
        self._posts: list[Post] = []
        self._troubles: list[Trouble] = []
        # Ends a delay at once when the gateway is stopped, so that no test waits for it.
        self.stopping = threading.Event()

    @property
    def posts(self) -> list[Post]:
        """Every request so far, oldest first, refused ones too."""
        with self._arrived:
            return list(self._posts)

    @property
    def accepted(self) -> list[Post]:
        """The requests that were not refused, repetitions included."""
        return [post for post in self.posts if post.accepted]

    def wait_for_posts(self, count: int = 1, seconds: float = 5.0) -> list[Post]:
        """Return all requests as soon as there are `count`; raise TimeoutError when time is up."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self._posts) >= count, timeout=seconds):
                raise TimeoutError(f"{len(self._posts)} of {count} posts arrived in {seconds:g} s")
            return list(self._posts)

    def fail(self, status: int = 503, times: int | None = None) -> None:
        """Refuse with an HTTP status, `times` times or until `forget()`."""
        self._add(Trouble("fail", status, 0.0, times))

    def delay(self, seconds: float, times: int | None = None) -> None:
        """Accept, but answer only after `seconds`."""
        self._add(Trouble("delay", HTTPStatus.ACCEPTED, seconds, times))

    def lose_answer(self, times: int | None = 1) -> None:
        """Accept, then hang up without an answer: the sender cannot know, and a retry makes a duplicate."""
        self._add(Trouble("lose", HTTPStatus.ACCEPTED, 0.0, times))

    def forget(self) -> None:
        """Drop all records and all troubles."""
        with self._arrived:
            self._posts.clear()
            self._troubles.clear()

    def _add(self, trouble: Trouble) -> None:
        with self._arrived:
            self._troubles.append(trouble)

    def take_in(self, path: str, headers: Message, body: bytes) -> Trouble | None:
        """Record one request; return the trouble due now, counting it down, or None to accept at once."""
        with self._arrived:
            due = next((trouble for trouble in self._troubles if trouble.times != 0), None)
            if due is not None and due.times is not None:
                due.times -= 1
            self._posts.append(Post(path, headers, body, accepted=due is None or due.kind != "fail"))
            self._arrived.notify_all()
            return due


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    gateway: SmsGateway

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        trouble = self.gateway.take_in(self.path, self.headers, body)
        if trouble is not None and trouble.kind == "lose":
            self.close_connection = True
            return
        if trouble is not None and trouble.kind == "delay":
            self.gateway.stopping.wait(trouble.seconds)
        answer = b"{}"
        self.send_response(HTTPStatus.ACCEPTED if trouble is None else trouble.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        # A sender that gave up waiting has closed its end.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output clean; the posts are on record."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A thread stuck on a keep-alive connection would hold up the end of the tests.
    block_on_close = False


@contextlib.contextmanager
def sms_gateway() -> Iterator[SmsGateway]:
    """Yield a gateway listening on 127.0.0.1, and stop it afterwards."""

    class BoundHandler(_Handler):
        pass

    with _Server(("127.0.0.1", 0), BoundHandler) as server:
        gateway = BoundHandler.gateway = SmsGateway(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield gateway
        finally:
            gateway.stopping.set()
            server.shutdown()
            thread.join()
