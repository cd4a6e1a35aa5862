"""The end-session endpoint and its pages (OpenID Connect RP-Initiated Logout 1.0)."""

from flask import Blueprint, Response, request

from idp.flows import logout
from idp.flows.logout import AskFirst, Ended, Refused
from idp.oidc import parameters
from idp.web.people.errors import oauth_error_page
from idp.web.people.visit import Face, Visit

SENT = ("id_token_hint", "logout_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales")
"""What a relying party may send (§2)."""


def blueprint(face: Face) -> Blueprint:
    """``/logout`` by GET and POST, and ``/logout/done``."""
    door = Blueprint("logout", __name__)

    @door.get("/logout")
    def ask() -> Response:
        visit = Visit(face, request)
        return _judged(visit, visit.query, confirmed=False)

    @door.post("/logout")
    def press() -> Response:
        visit = Visit(face, request)
        posted = parameters.parse(visit.body, limit=face.idp.settings.limits.parameter_bytes)
        if "csrf" not in posted:
            # A relying party's own form (§2): a cross-site POST brings no cookies, the GET it becomes does.
            return visit.go("/logout", **{name: posted.get(name) for name in SENT})
        if "cancel" in visit.form:
            return visit.page("no-interaction")
        return _judged(visit, visit.query, confirmed="confirm" in visit.form)

    @door.get("/logout/done")
    def done() -> Response:
        return Visit(face, request).page("signed-out")

    def _judged(visit: Visit, sent: parameters.Parameters, *, confirmed: bool) -> Response:
        visit.hears(sent.get("ui_locales"))
        match logout.sign_out(face.idp, sent, visit.browser, confirmed=confirmed, now=visit.now):
            case Ended(landing):
                response = visit.leave(landing) if landing is not None else visit.go("/logout/done")
                return visit.forget(response, "session")
            case AskFirst(landing, client_name):
                if landing is not None:
                    visit.leads_to(landing)
                return visit.page("logout", client_name=client_name, username=None)
            case Refused(fault):
                return oauth_error_page(visit, fault)

    return door
