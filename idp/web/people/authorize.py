"""The authorization endpoint's pages: requests come in, people are led to the step they are at, answers
leave."""

from flask import Blueprint, Response, request

from idp.flows.authorize import arriving, consent, refusing
from idp.flows.authorize.answering import Answered, Lost
from idp.flows.authorize.arriving import Unclaimed, Waiting
from idp.flows.authorize.validating import Shown
from idp.oidc import parameters
from idp.oidc.interaction import Step
from idp.web.people.errors import oauth_error_page
from idp.web.people.visit import Face, Visit
from idp.web.people.words import in_order

PAGE_OF = {
    Step.LOGIN: "/login",
    Step.REGISTER: "/register",
    Step.OPERATION: "/step-up",
    Step.SECOND_FACTOR: "/login/code",
    Step.STEP_UP: "/step-up",
    Step.CONSENT: "/consent",
}


def blueprint(face: Face) -> Blueprint:
    """``/authorize``, its continuation, and ``/consent``."""
    door = Blueprint("authorize", __name__)

    @door.get("/authorize")
    def begin() -> Response:
        visit = Visit(face, request)
        match arriving.begin(face.idp, visit.query, visit.browser, now=visit.now, now_ms=visit.now_ms):
            case Shown(fault):
                return oauth_error_page(visit, fault)
            case Answered() as answered:
                return visit.answer(answered)
            case Waiting(step, interaction_id):
                return visit.go(PAGE_OF[step], interaction=interaction_id)

    @door.post("/authorize")
    def begin_posted() -> Response:
        visit = Visit(face, request)
        # One name in the query and in the body is one name twice (RFC 6749 §3.1).
        query = visit.request.environ.get("QUERY_STRING", "").encode("latin-1", "replace")
        sent = parameters.parse(
            b"&".join(part for part in (query, visit.body) if part),
            limit=face.idp.settings.limits.parameter_bytes,
        )
        match arriving.begin_posted(face.idp, sent, now=visit.now, now_ms=visit.now_ms):
            case Shown(fault):
                return oauth_error_page(visit, fault)
            case Answered() as answered:
                return visit.answer(answered)
            case Unclaimed(interaction_id):
                return visit.go("/authorize/resume", interaction=interaction_id)

    @door.get("/authorize/resume")
    def resume() -> Response:
        visit = Visit(face, request)
        interaction_id = visit.query.get("interaction") or ""
        match arriving.resume(face.idp, interaction_id, visit.browser, now=visit.now, now_ms=visit.now_ms):
            case Answered() as answered:
                return visit.answer(answered)
            case Waiting(step, waiting_id):
                return visit.go(PAGE_OF[step], interaction=waiting_id)
            case Lost():
                return visit.page("no-interaction", status=400)

    @door.route("/consent", methods=["GET", "POST"])
    def ask_consent() -> Response:
        visit = Visit(face, request)
        visit.must_be_ours()
        named = visit.query.get("interaction")
        asked = consent.asked(face.idp, named, visit.browser, now=visit.now)
        if asked is None:
            return visit.page("no-interaction", status=400)
        interaction = asked.interaction
        if named is None:
            return visit.go("/consent", interaction=interaction.id)
        visit.belongs_to(interaction)
        visit.speaks(asked.language)
        if visit.pressed:
            if "cancel" in visit.form:
                declined = refusing.decline(face.idp, interaction.id, visit.browser, now=visit.now)
                if isinstance(declined, Lost):
                    return visit.page("no-interaction", status=400)
                return visit.answer(declined, client_name=asked.client_name)
            consent.allow(face.idp, interaction.id, visit.browser, now=visit.now, now_ms=visit.now_ms)
            return visit.go("/authorize/resume", interaction=interaction.id)
        return visit.page(
            "consent",
            client_name=asked.client_name,
            scopes=in_order(scope for scope in interaction.request.scope if scope != "openid"),
            days=asked.days,
            username=asked.username,
        )

    return door
