"""The service of this process at an address of its own, for a real browser: its clock can be moved."""

import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from tests.parts.ports import free_port
from tests.service.in_process import InProcess, open_in_process, settings_for


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's own name
        """Say nothing."""


@contextmanager
def served(
    prepared: Path,
    folder: Path,
    *,
    wrap: Callable[[Any], Any] = lambda app: app,
    **sections: Mapping[str, Any],
) -> Iterator[InProcess]:
    """Serve a copy of the prepared keys and database from ``folder``; ``sections`` overlay the settings.

    ``wrap`` is put around the application that answers.
    """
    shutil.copytree(prepared / "keys", folder / "keys")
    shutil.copy(prepared / "idp.sqlite3", folder / "idp.sqlite3")
    port = free_port()
    issuer = {"service": {"issuer": f"http://localhost:{port}"}}
    opened = open_in_process(
        settings_for(folder, f"sqlite:///{folder / 'idp.sqlite3'}", **{**issuer, **sections})
    )
    with make_server("127.0.0.1", port, wrap(opened.app), _Server, _Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield opened
        server.shutdown()
    opened.idp.database.engine.dispose()
