"""Asking for a payout: the form, the customer's confirmation at the provider, the result.

    form ──POST──► policies API, with the session's own token
                     ├─ 401 what is missing ──► request pushed ──► provider ──► /callback
                     │                                                            │ code for one token,
                     │                                                            ▼ used once, kept nowhere
                     ├─ 400 ──► form again                                   policies API
                     └────────────────────── accepted ◄───────────────────────────┘
                                                │
                                                ▼
                                             result page, which may be loaded again

The one-time token never joins the session's tokens: it is good for this payout and nothing else.
"""

import hmac
import json
from dataclasses import replace

from authlib.integrations.flask_client import OAuthError
from flask import Blueprint, abort, current_app, redirect, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from clients.portal.access import with_access_token
from clients.portal.authorization_response import SignInFailed, check_response
from clients.portal.challenges import StepUp
from clients.portal.holdings import Reading, answer_what_cannot_be_shown, signed_in
from clients.portal.oidc_client import bearer_token
from clients.portal.pages import Page
from clients.portal.parts import Parts
from clients.portal.payout_form import FIELDS, Order, Typed
from clients.portal.policies_reader import (
    Accepted,
    PoliciesUnavailable,
    Policy,
    Rejected,
    TokenNotAccepted,
)
from clients.portal.sessions import Draft, PortalSession, Waiting
from clients.provider import ProviderUnavailable
from clients.tokens import TokenRefused

NOTICES = {
    "access_denied": "cancelled",
    "unmet_authentication_requirements": "cannot_confirm",
    "temporarily_unavailable": "unavailable",
    "server_error": "unavailable",
}
"""What the customer is told, in the form, for an error the provider answers with."""


def payout_doors(parts: Parts, page: Page) -> Blueprint:
    """`/policies/<number>/payout` and the pages of single payouts."""
    doors = Blueprint("payouts", __name__)
    reading = Reading(parts, page)

    def form(
        policy: Policy,
        typed: Typed,
        *,
        faults: tuple[str, ...] = (),
        notice: str | None = None,
        status: int = 200,
    ) -> Response:
        return page.render(
            "payout.html",
            status=status,
            address=url_for("payouts.fill_in", number=policy.number),
            policy=policy,
            typed=typed,
            faults=faults,
            notice=notice,
        )

    def again(session: PortalSession, policy: Policy, draft: Draft, *, status: int = 200) -> Response:
        """The form as it was typed; kept, so that it can be read in another language."""
        session.draft = replace(draft, shown=True)
        return form(policy, draft.typed, faults=draft.faults, notice=draft.notice, status=status)

    @doors.get("/policies/<number>/payout")
    def fill_in(number: str) -> Response:
        session = signed_in()
        policy = reading.policy_of(session, number)
        draft, session.draft = session.draft, None
        if (
            draft is not None
            and draft.policy_number == number
            and (not draft.shown or "lang" in request.args)
        ):
            return again(session, policy, draft)
        who = session.signed_in
        return form(policy, Typed(beneficiary=(who and who.name) or ""))

    @doors.post("/policies/<number>/payout")
    def ask(number: str) -> Response:
        session = signed_in()
        if not hmac.compare_digest(request.form.get("form_token", "").encode(), session.form_token.encode()):
            raise BadRequest("form_token")
        policy = reading.policy_of(session, number)
        typed = Typed.from_form(request.form)
        order = typed.order(number, page.language().code)
        if not isinstance(order, Order):
            return again(session, policy, Draft(number, typed, None, order), status=400)
        try:
            outcome = with_access_token(parts, session, lambda token: parts.policies.pay(token, order))
            if isinstance(outcome, StepUp):
                return to_provider(session, outcome, Waiting(order, typed))
        except (OAuthError, PoliciesUnavailable, ProviderUnavailable, OSError, ValueError) as fault:
            current_app.logger.warning("a payout could not be asked for: %s", type(fault).__name__)
            return again(session, policy, Draft(number, typed, "unavailable"), status=503)
        match outcome:
            case Accepted(reference):
                return _to_result(number, reference)
            case Rejected("policy_ended"):
                return again(session, policy, Draft(number, typed, "ended"), status=409)
            case Rejected(_, fields):
                faults = tuple(field for field in FIELDS if field in fields)
                notice = None if faults else "failed"
                return again(session, policy, Draft(number, typed, notice, faults), status=400)

    def to_provider(session: PortalSession, step_up: StepUp, waiting: Waiting) -> Response:
        """Push what the customer shall confirm, and send the browser after it (RFC 9126, RFC 9396 §3)."""
        who = session.signed_in
        wishes = {
            "scope": f"openid {step_up.scope}" if step_up.scope else "openid",
            "authorization_details": json.dumps([waiting.order.details], ensure_ascii=False),
            "ui_locales": page.languages_elsewhere(),
            "acr_values": step_up.acr_values,
            "max_age": None if step_up.max_age is None else str(step_up.max_age),
            "id_token_hint": None if who is None else who.tokens.id_token,
        }
        given = {name: value for name, value in wishes.items() if value is not None}
        pushed = parts.client.push(parts.settings.redirect_uri, given)
        session.send_away(pushed.state, waiting)
        return redirect(pushed.address, 303)

    @doors.get("/policies/<number>/payouts/<reference>")
    def result(number: str, reference: str) -> Response:
        policy = reading.policy_of(signed_in(), number)
        found = next((payout for payout in policy.payouts if payout.reference == reference), None)
        if found is None:
            abort(404)
        return page.render("payout_done.html", policy=policy, payout=found)

    answer_what_cannot_be_shown(doors, page)
    return doors


def finish_payout(
    parts: Parts, session: PortalSession, waiting: Waiting, response: MultiDict[str, str]
) -> Response:
    """Where the browser goes on after the customer's answer: the result, or the form with the reason why."""
    number = waiting.order.policy_number
    outcome = _pay(parts, session, waiting.order, response)
    if isinstance(outcome, Accepted):
        return _to_result(number, outcome.reference)
    current_app.logger.warning("a payout was not made: %s", outcome)
    session.draft = Draft(number, waiting.typed, outcome)
    return redirect(url_for("payouts.fill_in", number=number), 303)


def _pay(parts: Parts, session: PortalSession, order: Order, response: MultiDict[str, str]) -> Accepted | str:
    """Pay with the one token of this answer: accepted, or the notice that says why not."""
    try:
        token = _one_time_token(parts, session, response)
    except SignInFailed as failure:
        return NOTICES.get(failure.code, "not_confirmed")
    except (OAuthError, TokenRefused):
        return "not_confirmed"
    except (OSError, ValueError, ProviderUnavailable):
        return "unavailable"
    try:
        outcome = parts.policies.pay(token, order)
    except TokenNotAccepted:
        return "not_confirmed"
    except PoliciesUnavailable:
        # It may have arrived: the customer is told to look before asking again.
        return "unknown"
    match outcome:
        case Accepted():
            return outcome
        case Rejected("policy_ended"):
            return "ended"
        case Rejected() | StepUp():
            # Asked twice for the same, the customer would go round in circles.
            return "not_confirmed"


def _one_time_token(parts: Parts, session: PortalSession, response: MultiDict[str, str]) -> str:
    """The token of one approval. The state is used up either way.

    Raises SignInFailed, OAuthError, TokenRefused, and OSError, ValueError or ProviderUnavailable when the
    provider does not answer.
    """
    try:
        check_response(parts, response)
        answer = parts.client.authorize_access_token()
    finally:
        parts.client.framework.clear_state_data(session, response.get("state"))
    who, claims = session.signed_in, answer.get("userinfo")
    if who is None or (claims is not None and claims["sub"] != who.subject):
        raise TokenRefused("another person confirmed")
    return bearer_token(answer)


def _to_result(number: str, reference: str) -> Response:
    return redirect(url_for("payouts.result", number=number, reference=reference), 303)
