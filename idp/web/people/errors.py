"""Faults become pages: human words first, the technical code and the request's number small below.

One table for the whole face. Nothing of the fault but its code reaches the page or the log.
"""

from collections.abc import Callable

import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from idp.accounts.registry import RegistryDown
from idp.flows.hashing import Overloaded
from idp.oidc.errors import OAuthError
from idp.oidc.parameters import BadParameters
from idp.ports import EphemeraDown
from idp.store.database import DatabaseDown
from idp.web.people.forms import RepeatedField
from idp.web.people.visit import Face, Forged, NoCookies, Visit

RETRY_AFTER = 5
"""Seconds after which a browser may come back when something we stand on did not answer."""

_NAMED = frozenset(
    {
        "client_id",
        "redirect_uri",
        "state",
        "post_logout_redirect_uri",
        "id_token_hint",
        "response_type",
        "scope",
    }
)


def error_page(
    visit: Visit,
    status: int,
    *,
    code: str | None = None,
    parameter: str | None = None,
    retry_after: int | None = None,
) -> Response:
    """The error page."""
    response = visit.page(
        "error",
        status=status,
        code=code,
        parameter=parameter,
        request_id=request_id(),
        back_url=None,
        retry_after=retry_after,
    )
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def oauth_error_page(visit: Visit, fault: OAuthError) -> Response:
    """A protocol error that is displayed, not redirected (RFC 6749 §4.1.2.1); descriptions begin with the
    parameter."""
    first = fault.description.partition(" ")[0]
    return error_page(visit, fault.status, code=fault.error, parameter=first if first in _NAMED else None)


def request_id() -> str:
    """The number by which this request is found in the log."""
    return str(request.environ.get("idp.request_id", "-"))


def install(app: Flask, face: Face) -> None:
    """Answer every fault of every view with a page; the last resort is a 500 that tells nothing."""
    log = structlog.get_logger("idp.web.people")

    def visit() -> Visit:
        return Visit(face, request)

    def down(name: str) -> Callable[[Exception], Response]:
        def answer(_fault: Exception) -> Response:
            log.error("unavailable", what=name, request_id=request_id())
            return error_page(visit(), 503, code="temporarily_unavailable", retry_after=RETRY_AFTER)

        return answer

    @app.errorhandler(HTTPException)
    def refused(fault: HTTPException) -> Response:
        response = error_page(_plain(visit()), fault.code or 500)
        for name, value in fault.get_headers():
            if name == "Allow":
                response.headers[name] = value
        return response

    @app.errorhandler(BadParameters)
    def unreadable(fault: BadParameters) -> Response:
        return error_page(_plain(visit()), 400, code=fault.error, parameter=fault.name)

    @app.errorhandler(RepeatedField)
    def repeated(_fault: RepeatedField) -> Response:
        return error_page(visit(), 400)

    @app.errorhandler(Forged)
    def forged(_fault: Forged) -> Response:
        return error_page(visit(), 403, code="form_expired")

    @app.errorhandler(NoCookies)
    def no_cookies(_fault: NoCookies) -> Response:
        return error_page(visit(), 403, code="cookies_needed")

    @app.errorhandler(Overloaded)
    def overloaded(fault: Overloaded) -> Response:
        return error_page(visit(), 503, code="temporarily_unavailable", retry_after=fault.retry_after)

    app.errorhandler(DatabaseDown)(down("database"))
    app.errorhandler(EphemeraDown)(down("ephemera"))
    app.errorhandler(RegistryDown)(down("registry"))

    @app.errorhandler(Exception)
    def broken(fault: Exception) -> Response:
        # The type and place of a fault, never its text: that may hold what a customer typed.
        log.error("fault", kind=type(fault).__name__, where=_place(fault), request_id=request_id())
        return error_page(_plain(visit()), 500, code="server_error")


def _plain(visit: Visit) -> Visit:
    """The visit, to be answered without looking at a query that may be what is wrong."""
    visit.without_switch()
    return visit


def _place(fault: Exception) -> str:
    trace = fault.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "unknown" if trace is None else f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}"
