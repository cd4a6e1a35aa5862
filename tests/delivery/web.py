"""Raw TCP and HTTP servers on this machine that answer just as a test says."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Talk = Callable[[socket.socket, bytes], None]


@dataclass
class RawServer:
    """Hands each connection's request to `talk`; keeps every request."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def form(self) -> bytes:
        """The body of the last request."""
        return self.requests[-1].partition(b"\r\n\r\n")[2]

    @property
    def head(self) -> str:
        """The head of the last request."""
        return self.requests[-1].partition(b"\r\n\r\n")[0].decode()


def answering(status: str, body: bytes = b"", *headers: str) -> Talk:
    """A talk that answers once and hangs up."""

    def talk(peer: socket.socket, _request: bytes) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
        peer.sendall("\r\n".join(lines).encode() + body)

    return talk


@contextlib.contextmanager
def raw_server(
    talk: Talk, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> Iterator[RawServer]:
    """Yield a server on a free port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listening:
        listening.settimeout(0.05)
        server = RawServer(listening.getsockname()[1])
        threads: list[threading.Thread] = []

        def serve() -> None:
            while not server.stopping.is_set():
                try:
                    peer, _ = listening.accept()
                except TimeoutError:
                    continue
                thread = threading.Thread(target=converse, args=(peer,), daemon=True)
                threads.append(thread)
                thread.start()

        def converse(peer: socket.socket) -> None:
            server.connections += 1
            with contextlib.suppress(OSError), peer:
                peer.settimeout(5)
                wrapped = tls.wrap_socket(peer, server_side=True) if tls else peer
                with wrapped:
                    request = _request(wrapped)
                    if request:
                        server.requests.append(request)
                        talk(wrapped, request)

        accepting = threading.Thread(target=serve, daemon=True)
        accepting.start()
        try:
            yield server
        finally:
            server.stopping.set()
            accepting.join()
            for thread in threads:
                thread.join(6)


def _request(peer: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        part = peer.recv(65536)
        if not part:
            return received
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        ),
        0,
    )
    while len(body) < length:
        body += peer.recv(65536)
    return head + b"\r\n\r\n" + body
