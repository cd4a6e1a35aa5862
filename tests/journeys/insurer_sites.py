"""The insurer's sites around the service of this process: portal, app and policies API, all by one clock.

Every request that reaches the service or the API is kept, with its answer, as it was on the wire.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from clients.app.settings import AppSettings
from clients.app.site import create_site
from clients.policies.api import create_api
from clients.policies.settings import Introspection, PoliciesSettings
from clients.portal.application import create_portal
from clients.portal.settings import PortalSettings
from tests.journeys.served import served
from tests.parts.ports import free_port
from tests.service.in_process import InProcess

SCOPE = "openid profile email phone offline_access policies payout"
Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


@dataclass(frozen=True)
class Exchange:
    """One request and its answer; ``to`` is the site that answered."""

    to: str
    method: str
    path: str
    query: str
    request: dict[str, str]
    body: str
    status: str
    answer: dict[str, str]
    content: str


@dataclass
class Recorder:
    """Keeps what passes, in the order in which it was answered."""

    kept: list[Exchange] = field(default_factory=list)

    def around(self, to: str, app: Wsgi) -> Wsgi:
        """``app``, overheard."""

        def overheard(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = BytesIO(body)
            told: list[Any] = []

            def begin(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
                told[:] = [status, headers]
                return start(status, headers, *rest)

            answered = app(environ, begin)
            try:
                content = b"".join(answered)
            finally:
                if hasattr(answered, "close"):
                    answered.close()
            status, headers = told
            self.kept.append(
                Exchange(
                    to,
                    environ["REQUEST_METHOD"],
                    environ["PATH_INFO"],
                    environ.get("QUERY_STRING", ""),
                    _fields(environ),
                    body.decode("utf-8", "replace"),
                    status,
                    dict(headers),
                    content.decode("utf-8", "replace"),
                )
            )
            return [content]

        return overheard

    def of(self, to: str, method: str, path: str) -> list[Exchange]:
        """The exchanges with one address, oldest first."""
        return [one for one in self.kept if (one.to, one.method, one.path) == (to, method, path)]


@dataclass(frozen=True)
class Sites:
    """Where everything answers, and what passed between."""

    service: InProcess
    portal: str
    app: str
    policies: str
    recorder: Recorder
    secrets: dict[str, str] = field(repr=False)


@contextmanager
def insurer_sites(prepared: Path, folder: Path, **sections: Any) -> Iterator[Sites]:
    """The service and the insurer's sites on free ports; ``sections`` overlay the service's settings."""
    ports = {name: free_port() for name in ("portal", "app", "policies")}
    at = {name: f"http://localhost:{port}" for name, port in ports.items()}
    recorder = Recorder()
    resources = {"policies": {"audience": at["policies"], "scopes": ("policies", "payout")}}
    settings: dict[str, Any] = {"resources": resources, **sections}
    with ExitStack() as stack:
        service = stack.enter_context(
            served(prepared, folder, wrap=lambda app: recorder.around("idp", app), **settings)
        )
        secrets = _register(service, at)
        issuer, clock = service.idp.issuer, service.clock.now
        introspection = Introspection("policies", secrets["policies"])
        api = create_api(
            PoliciesSettings(
                issuer, at["policies"], folder / "payouts.sqlite3", frozenset({at["app"]}), introspection
            ),
            clock,
        )
        portal = create_portal(
            PortalSettings(at["portal"], issuer, "portal", secrets["portal"], at["policies"]), clock
        )
        app = create_site(AppSettings(at["app"], issuer, "app", at["policies"]))
        for name, site in (("policies", api), ("portal", portal), ("app", app)):
            stack.enter_context(_answering(recorder.around(name, site.wsgi_app), ports[name]))
        yield Sites(service, at["portal"], at["app"], at["policies"], recorder, secrets)


def _register(service: InProcess, at: dict[str, str]) -> dict[str, str]:
    may_pay: dict[str, Any] = {"scope": SCOPE, "authorization_details_types": ["payout"]}
    made = {
        "portal": service.client(
            client_id="portal",
            redirect_uris=[f"{at['portal']}/callback"],
            post_logout_redirect_uris=[f"{at['portal']}/"],
            **may_pay,
        ),
        "app": service.client(
            "spa",
            "app",
            redirect_uris=[f"{at['app']}/callback"],
            post_logout_redirect_uris=[f"{at['app']}/"],
            **may_pay,
        ),
        "policies": service.client("api", "policies", audience=at["policies"]),
    }
    return {name: one.secret for name, one in made.items() if one.secret is not None}


@contextmanager
def _answering(app: Wsgi, port: int) -> Iterator[None]:
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_: object) -> None:
        """Say nothing."""


def _fields(environ: dict[str, Any]) -> dict[str, str]:
    found = {
        name[5:].replace("_", "-").title(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    if environ.get("CONTENT_TYPE"):
        found["Content-Type"] = environ["CONTENT_TYPE"]
    return found
