"""gunicorn as we want it: told everything by us, without a name of its own, and not to be held up."""

import contextlib
import socket
import time
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.http import wsgi
from gunicorn.workers.gthread import ThreadWorker

from idp.settings import Settings

GRACE = 30
"""Seconds that requests under way are given at the end."""
PATIENCE = 10.0
"""Seconds in which a request must have arrived whole; the largest is 64 KiB (limits.body_bytes)."""


def run(settings: Settings, addresses: tuple[str, ...]) -> None:
    """Serve until SIGTERM or SIGINT, then end the process."""
    wsgi.Response = _Unnamed
    _Server(settings, addresses).run()


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, settings: Settings, addresses: tuple[str, ...]) -> None:
        service = settings.service
        self._options = {
            "bind": [f"[{a}]:{service.port}" if ":" in a else f"{a}:{service.port}" for a in addresses],
            "workers": service.processes,
            "worker_class": _Worker,
            "threads": service.threads,
            "keepalive": 30,
            "timeout": 60,
            "graceful_timeout": GRACE,
            "limit_request_line": 8190,
            "limit_request_fields": 64,
            "limit_request_field_size": 8190,
            # What the proxies in front say is judged by service.trusted_proxies, not by the server.
            "forwarded_allow_ips": "",
            "secure_scheme_headers": {},
            "accesslog": None,
            "errorlog": "-",
            "loglevel": "warning",
            "logger_class": _Discreet,
            "control_socket_disable": True,
        }
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        from idp.app import process

        return process.create()


class _Discreet(Logger):  # type: ignore[misc]
    """A log without request lines and addresses: an address may hold the token of a link."""

    def warning(self, msg: str, *args: Any, **named: Any) -> None:
        """What gunicorn warns of; of a malformed request only that there was one."""
        if msg.startswith("Invalid request"):
            msg, args = "Invalid request", ()
        super().warning(msg, *args, **named)

    def exception(self, msg: str, *args: Any, **named: Any) -> None:
        """What went wrong, with its trace; of a request neither method nor address."""
        if msg.startswith("Error handling request"):
            msg, args = "Error handling request", ()
        super().exception(msg, *args, **named)


class _Unnamed(wsgi.Response):  # type: ignore[misc]
    """An answer that does not tell which server gave it; gunicorn has no setting for that."""

    def default_headers(self) -> list[str]:
        return [line for line in super().default_headers() if not line.startswith("Server:")]


class _Worker(ThreadWorker):  # type: ignore[misc]
    """Lets nobody hold a thread by sending slowly, and ends in one way only.

    gunicorn waits for the next byte of a request for ever. Here the reading end is closed when a request has
    not arrived in time: what was read of it is refused as too short, and the answer still goes out.
    """

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._since: dict[Any, float] = {}

    def handle_quit(self, sig: int, frame: Any) -> None:
        """Ctrl-C and SIGQUIT end a worker as SIGTERM does: what is under way is answered first.

        gunicorn's own handler takes the thread pool's lock. A signal that arrives while the main loop holds
        it, handing over a connection, would wait for itself until the process is killed.
        """
        self.handle_exit(sig, frame)

    def handle(self, conn: Any) -> Any:
        """In a thread: read one request and answer it."""
        self._since[conn] = time.monotonic()
        try:
            return super().handle(conn)
        finally:
            self._since.pop(conn, None)

    def murder_pending(self) -> None:
        """In the main loop, every second: close what has waited too long."""
        super().murder_pending()
        too_old = time.monotonic() - PATIENCE
        for conn, since in list(self._since.items()):
            if since < too_old:
                with contextlib.suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RD)
