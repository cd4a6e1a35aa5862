"""The one entry: refuses what no room should see, and gives each request to the face it is for.

Endpoints for machines are answered here, without a framework; every other path goes to the people's face.
What holds for all of them is decided once: the Host, the body's length, the security headers, the request's
number, and that no fault ever tells a stranger more than that there was one.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import structlog

from idp.accounts.registry import RegistryDown
from idp.flows.hashing import Overloaded
from idp.flows.idp import Idp
from idp.flows.signing import NoSigningKey
from idp.oidc.errors import OAuthError
from idp.ports import EphemeraDown
from idp.store.database import DatabaseDown
from idp.web.machines import health, silent
from idp.web.machines.answer import (
    NO_STORE,
    STATUS_LINES,
    Answer,
    Header,
    error_answer,
    json_answer,
    unavailable,
)
from idp.web.machines.call import Call
from idp.web.machines.documents import Discovery, RelatedOrigins, jwks_endpoint
from idp.web.machines.metrics import Meters
from idp.web.machines.par import par_endpoint
from idp.web.machines.token import introspection_endpoint, revocation_endpoint, token_endpoint
from idp.web.machines.userinfo import userinfo_endpoint

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Any], Iterable[bytes]]
Endpoint = Callable[[Idp, Call], Answer]

RETRY_AFTER = 2
"""Seconds after which a caller may come back when something we stand on did not answer."""

_HEADERS: tuple[Header, ...] = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    (
        "Content-Security-Policy",
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
_HSTS: Header = ("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
_PEOPLE = "people"
# No words but these: this page stands where not even the brand can be relied on.
_PAGE = (
    '<!doctype html><html lang="it"><head><meta charset="utf-8"><title>{status}</title></head><body>'
    '<main data-page="error"><h1>{italian}</h1><p lang="en">{english}</p><p>{status} · {request_id}</p>'
    "</main></body></html>"
)
_WORDS: Mapping[int, tuple[str, str]] = {
    400: ("La richiesta non è valida.", "The request is not valid."),
    411: ("La richiesta non è valida.", "The request is not valid."),
    413: ("I dati inviati sono troppi.", "There is too much data."),
    500: ("Qualcosa non ha funzionato. Riprova tra poco.", "Something did not work. Try again in a moment."),
    503: ("Il servizio è in pausa. Riprova tra poco.", "The service is paused. Try again in a moment."),
}


class _Door:
    """An endpoint with the methods it takes and whether scripts of other origins may read its answers."""

    __slots__ = ("allow", "answer", "cross_origin", "methods", "name")

    def __init__(self, name: str, answer: Endpoint, *methods: str, cross_origin: bool = False) -> None:
        self.name = name
        self.answer = answer
        self.methods = frozenset(methods)
        self.allow = ", ".join((*methods, "OPTIONS") if cross_origin else methods)
        self.cross_origin = cross_origin


class Entry:
    """The WSGI application of the whole service."""

    def __init__(self, idp: Idp, people: Wsgi) -> None:
        self._idp = idp
        self._people = people
        self._silent = silent.Silent(idp)
        self._meters = Meters()
        self._log = structlog.get_logger("idp.web.entry")
        issuer = urlsplit(idp.issuer)
        default_port = {"https": ":443", "http": ":80"}[issuer.scheme]
        # With the scheme's own port spelt out it is the same host (RFC 9110 §7.2).
        self._hosts = frozenset(
            {issuer.netloc, issuer.netloc if issuer.port else issuer.netloc + default_port}
        )
        self._headers = (*_HEADERS, _HSTS) if idp.settings.service.secure else _HEADERS
        self._largest = idp.settings.limits.body_bytes
        self._longest = idp.settings.limits.parameter_bytes
        discovery = _Door("discovery", Discovery(idp), "GET", "HEAD", cross_origin=True)
        self._doors = {
            "/.well-known/openid-configuration": discovery,
            "/.well-known/oauth-authorization-server": discovery,
            "/jwks": _Door("jwks", jwks_endpoint, "GET", "HEAD", cross_origin=True),
            "/par": _Door("par", par_endpoint, "POST", cross_origin=True),
            "/token": _Door("token", token_endpoint, "POST", cross_origin=True),
            "/userinfo": _Door("userinfo", userinfo_endpoint, "GET", "POST", cross_origin=True),
            "/introspect": _Door("introspect", introspection_endpoint, "POST"),
            "/revoke": _Door("revoke", revocation_endpoint, "POST", cross_origin=True),
            "/health/live": _Door("live", health.live, "GET", "HEAD"),
            "/health/ready": _Door("ready", health.ready, "GET", "HEAD"),
            "/metrics": _Door("metrics", self._meters, "GET"),
        }
        if related := idp.settings.passkeys.related_origins:
            self._doors["/.well-known/webauthn"] = _Door("webauthn", RelatedOrigins(related), "GET", "HEAD")

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        began = self._idp.clock.monotonic()
        request_id = self._idp.entropy.identifier()
        environ["idp.request_id"] = request_id
        door = self._doors.get(environ.get("PATH_INFO", ""))
        refused = self._refused(environ)
        if door is None:
            if refused is None:
                return self._to_people(environ, start_response, request_id, began)
            answer, name = self._page(refused, request_id), _PEOPLE
        else:
            name = door.name
            answer = self._machine(door, environ, request_id) if refused is None else _refusal(refused)
            if door.cross_origin:
                answer = self._shared(door, environ, answer)
        self._meters.answered(name, answer.status, self._idp.clock.monotonic() - began)
        return self._send(answer, environ, start_response, request_id)

    # --- what nobody should see ---------------------------------------------------------------------------

    def _refused(self, environ: Environ) -> int | None:
        """The status with which a request is refused unread, None when it may go on."""
        path = environ.get("PATH_INFO", "")
        # Probes and scrapers ask node by node; nothing of their Host is answered.
        by_address = path == "/metrics" or path.startswith("/health/")
        if environ.get("HTTP_HOST", "").lower() not in self._hosts and not by_address:
            return 400
        length = environ.get("CONTENT_LENGTH")
        if length:
            if not (length.isascii() and length.isdigit()):
                return 400
            if len(length) > 18 or int(length) > self._largest:
                return 413
        elif environ.get("HTTP_TRANSFER_ENCODING"):
            # Without a length we could only read until we have had enough; forms and clients all tell it.
            return 411
        return None

    # --- machines -----------------------------------------------------------------------------------------

    def _machine(self, door: _Door, environ: Environ, request_id: str) -> Answer:
        method = environ["REQUEST_METHOD"]
        if method not in door.methods:
            if method == "OPTIONS" and door.cross_origin:
                return Answer(204, (("Allow", door.allow), *NO_STORE))
            return json_answer(
                {"error": "invalid_request", "error_description": "the method is not allowed"},
                405,
                headers=(("Allow", door.allow),),
            )
        call = Call(environ, now=self._idp.clock.now(), limit=self._longest, request_id=request_id)
        try:
            return door.answer(self._idp, call)
        except OAuthError as fault:
            return error_answer(fault, self._idp.issuer)
        except (DatabaseDown, EphemeraDown, NoSigningKey, RegistryDown) as fault:
            self._log.error(
                "unavailable", what=type(fault).__name__, endpoint=door.name, request_id=request_id
            )
            return unavailable(RETRY_AFTER)
        except Overloaded as fault:
            return unavailable(fault.retry_after)
        except Exception as fault:  # noqa: BLE001 - the last resort: a fault tells the caller nothing
            self._fault(fault, door.name, request_id)
            return json_answer({"error": "server_error", "error_description": "something did not work"}, 500)

    def _shared(self, door: _Door, environ: Environ, answer: Answer) -> Answer:
        """The answer with what a script of another origin needs to read it (Fetch standard, CORS protocol).

        Allowed are the origins of registered redirect URIs, once the client is known only its own.
        Credentials are never allowed: no cookie means anything here.
        """
        headers: list[Header] = [*answer.headers, ("Vary", "Origin")]
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None and self._may_read(origin, answer.client_id):
            headers.append(("Access-Control-Allow-Origin", origin))
            if environ["REQUEST_METHOD"] == "OPTIONS":
                headers += [
                    ("Access-Control-Allow-Methods", door.allow),
                    ("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP"),
                    ("Access-Control-Max-Age", "600"),
                ]
            else:
                exposed = "WWW-Authenticate, X-Request-Id, Retry-After"
                headers.append(("Access-Control-Expose-Headers", exposed))
        return Answer(answer.status, tuple(headers), answer.body, answer.client_id)

    def _may_read(self, origin: str, client_id: str | None) -> bool:
        try:
            clients = self._idp.clients.origins().get(origin, frozenset())
        except DatabaseDown:
            return False
        return bool(clients) if client_id is None else client_id in clients

    # --- people -------------------------------------------------------------------------------------------

    def _to_people(
        self, environ: Environ, start_response: Any, request_id: str, began: float
    ) -> Iterable[bytes]:
        def dressed(status: str, headers: list[Header], exc_info: Any = None) -> Any:
            given = {name.lower() for name, _ in headers}
            headers = [*headers, *(header for header in self._headers if header[0].lower() not in given)]
            headers.append(("X-Request-Id", request_id))
            self._meters.answered(_PEOPLE, int(status[:3]), self._idp.clock.monotonic() - began)
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        try:
            if environ.get("PATH_INFO") == silent.PATH:
                answer = self._silent(environ)
                if answer is not None:
                    self._meters.answered(_PEOPLE, answer.status, self._idp.clock.monotonic() - began)
                    return self._send(answer, environ, start_response, request_id)
            return self._people(environ, dressed)
        except (DatabaseDown, EphemeraDown, RegistryDown) as fault:
            self._log.error("unavailable", what=type(fault).__name__, endpoint=_PEOPLE, request_id=request_id)
            page = self._page(503, request_id, ("Retry-After", str(RETRY_AFTER)))
        except Overloaded as fault:
            page = self._page(503, request_id, ("Retry-After", str(fault.retry_after)))
        except Exception as fault:  # noqa: BLE001 - the last resort: a fault tells the customer nothing
            self._fault(fault, _PEOPLE, request_id)
            page = self._page(500, request_id)
        self._meters.answered(_PEOPLE, page.status, self._idp.clock.monotonic() - began)
        return self._send(page, environ, start_response, request_id)

    def _page(self, status: int, request_id: str, *headers: Header) -> Answer:
        italian, english = _WORDS[status]
        html = _PAGE.format(status=status, italian=italian, english=english, request_id=request_id)
        content_type = ("Content-Type", "text/html; charset=utf-8")
        return Answer(status, (content_type, *NO_STORE, *headers), html.encode())

    # --- both ---------------------------------------------------------------------------------------------

    def _send(
        self, answer: Answer, environ: Environ, start_response: Any, request_id: str
    ) -> Iterable[bytes]:
        headers = [*answer.headers, *self._headers, ("X-Request-Id", request_id)]
        if answer.status not in (204, 304):
            headers.append(("Content-Length", str(len(answer.body))))
        start_response(STATUS_LINES[answer.status], headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]

    def _fault(self, fault: Exception, endpoint: str, request_id: str) -> None:
        """Log a fault by its type and place, never by its text: that may hold what a customer typed."""
        trace = fault.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        where = "unknown" if trace is None else f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}"
        self._log.error(
            "fault", kind=type(fault).__name__, where=where, endpoint=endpoint, request_id=request_id
        )


def entry(idp: Idp, people: Wsgi) -> Entry:
    """The service as one WSGI application, ``people`` answering every path that is not for machines."""
    return Entry(idp, people)


def _refusal(status: int) -> Answer:
    words = {
        400: "the Host or the Content-Length is not right",
        411: "the body's length is wanted",
        413: "the body is too large",
    }
    return json_answer({"error": "invalid_request", "error_description": words[status]}, status)
