"""A small site that shows every state of every page with the real templates, files and headers.

`python -m tests.pages.gallery` serves it on port 8099 for people to look at; the tests walk it by browser.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import parse_qs, parse_qsl
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from idp.web.people.languages import SUPPORTED
from idp.web.people.pages import Pages
from idp.web.people.static import StaticFile
from tests.pages.states import BRAND, FORM_POST, STATES, State

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


class Gallery:
    """A WSGI application; `sunk` is what forms posted, newest last."""

    def __init__(self) -> None:
        self._states: dict[str, State] = {state.name: state for state in (*STATES, FORM_POST)}
        brands = {state.brand for state in self._states.values()}
        self._pages = {brand: Pages(brand) for brand in brands}
        self.sunk: list[list[tuple[str, str]]] = []

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if environ["REQUEST_METHOD"] == "POST":
            posted = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            self.sunk.append(parse_qsl(posted.decode("ascii"), keep_blank_values=True))
            path = "/" + SINK
        if path == "/" + SINK:
            return _answer(start, "200 OK", [("Content-Type", "text/html; charset=utf-8")], SUNK)
        if path.startswith("/static/"):
            found = self.file(path)
            return _answer(start, "200 OK", found.headers(), found.content)
        state = self._states.get(path.strip("/"))
        if state is None:
            listing = "".join(f'<li><a href="/{name}">{name}</a></li>' for name in self._states)
            return _answer(start, "200 OK", [("Content-Type", "text/html")], f"<ul>{listing}</ul>".encode())
        query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        lang = query.get("lang", ["it"])[0]
        page = self.html(state, lang if lang in SUPPORTED else "it").encode()
        whole = _answer(start, "200 OK", [("Content-Type", "text/html; charset=utf-8")], page)
        return _in_pieces(page) if "slowly" in query else whole

    def file(self, path: str) -> StaticFile:
        """A static file of any of the brands; raises LookupError when none has it."""
        for pages in self._pages.values():
            found = pages.static_files.find(path)
            if found is not None:
                return found
        raise LookupError(path)

    def html(self, state: State, lang: str) -> str:
        """One state as it is sent."""
        here = f"/{state.name}?a=1&b=%C3%A8" if state.here else ""
        return self._pages[state.brand].render(state.page, lang, here=here, **state.context)


SINK = "sink"
ARRIVED, BETWEEN = (0.0, 0.5, 0.7, 0.85, 1.0), 0.12
"""Of a page that is asked for with `slowly`: its parts, by shares of the whole, and seconds between two."""
SUNK = b"<!doctype html><html lang=en><title>sunk</title><main data-page=sunk><h1>Arrived</h1></main></html>"


def _answer(
    start: Callable[..., Any], status: str, headers: list[tuple[str, str]], body: bytes
) -> Iterable[bytes]:
    own = {name.lower() for name, _ in headers}
    extra = [("Content-Security-Policy", CSP), ("Cache-Control", "no-store")]
    start(status, headers + [(name, value) for name, value in extra if name.lower() not in own])
    return [body]


def _in_pieces(body: bytes) -> Iterator[bytes]:
    """A page as a poor connection brings it: a browser that may paints what it has."""
    for first, after in pairwise(int(len(body) * share) for share in ARRIVED):
        yield body[first:after]
        time.sleep(BETWEEN)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's own name
        """Say nothing: the test's output is the browser's findings."""


@contextmanager
def serving(port: int = 0) -> Iterator[tuple[str, Gallery]]:
    """The gallery's address while it is open."""
    gallery = Gallery()
    server = make_server("127.0.0.1", port, gallery, _Server, _Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}", gallery
    finally:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    with serving(8099) as (address, _gallery):
        print(address, BRAND.name)
        threading.Event().wait()
