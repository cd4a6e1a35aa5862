"""Where a relying party would be: a page that says nothing, at an address that redirects lead to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class _Landing(BaseHTTPRequestHandler):
    """Answers whatever comes."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>back</title><p>back</p>")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's own name
        """Say nothing."""


@contextmanager
def landing() -> Iterator[str]:
    """The relying party's address; redirects lead there, which no interception in the browser would see."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Landing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/callback"
        server.shutdown()
