"""A reverse proxy as in front of a deployment: ends TLS, adds the forwarding headers, balances over nodes."""

import contextlib
import http.client
import itertools
import ssl
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.parts.tls import Authority

# RFC 9110 §7.6.1: what concerns one connection is not passed on.
HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}


class Proxy:
    """The running proxy's face for tests."""

    def __init__(self, name: str, port: int, upstream_ports: Sequence[int]) -> None:
        self.port = port
        self.url = f"https://{name}:{port}"
        self.answered: Counter[int] = Counter()
        self._upstream_ports = tuple(upstream_ports)
        self._turns = itertools.count()
        self._lock = threading.Lock()

    def candidates(self) -> tuple[int, ...]:
        """Return all upstream ports, the one whose turn it is first."""
        with self._lock:
            turn = next(self._turns) % len(self._upstream_ports)
        return self._upstream_ports[turn:] + self._upstream_ports[:turn]

    def count(self, upstream_port: int) -> None:
        """Note that this node answered."""
        with self._lock:
            self.answered[upstream_port] += 1


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: Proxy

    def forward(self) -> None:
        """Pass the request to a node and its answer back; 502 when no node answers."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        for port in self.proxy.candidates():
            upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            try:
                upstream.connect()
            except OSError:
                # A node that is down has seen nothing of the request, so the next may have it.
                upstream.close()
                continue
            with contextlib.closing(upstream):
                try:
                    self._exchange(upstream, body)
                except (OSError, http.client.HTTPException):
                    # It may have been carried out: asking another node could do it twice.
                    break
                self.proxy.count(port)
                return
        self.send_error(502)

    def _exchange(self, upstream: http.client.HTTPConnection, body: bytes) -> None:
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in HOP_BY_HOP | {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"}:
                upstream.putheader(name, value)
        # As nginx's $proxy_add_x_forwarded_for: what the client claims comes first, what is known comes last.
        claimed = self.headers.get_all("X-Forwarded-For", [])
        upstream.putheader("X-Forwarded-For", ", ".join([*claimed, str(self.client_address[0])]))
        upstream.putheader("X-Forwarded-Proto", "https")
        upstream.putheader("X-Forwarded-Host", self.headers.get("Host", ""))
        upstream.putheader("Connection", "close")
        upstream.endheaders(body or None)
        answer = upstream.getresponse()
        content = answer.read()
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP | {"content-length"}:
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
        if length is not None and answer.status not in {204, 304}:
            self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = forward  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output clean."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, handler: type[BaseHTTPRequestHandler], context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        # The handshake is left to the connection's own thread, lest one slow client hold up the others.
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent about clients that hang up; the client notices by itself."""


@contextlib.contextmanager
def tls_proxy(
    authority: Authority, upstream_ports: Sequence[int], name: str = "localhost"
) -> Iterator[Proxy]:
    """Yield a proxy at `https://name:port` (a free port) in front of one or more nodes on this machine."""

    class BoundHandler(_Handler):
        pass

    with _Server(BoundHandler, authority.server_context(name, "localhost", "127.0.0.1")) as server:
        proxy = BoundHandler.proxy = Proxy(name, server.server_address[1], upstream_ports)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
