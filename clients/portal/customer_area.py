"""The portal's pages: the public entrance and, once signed in, the customer's own."""

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, abort, redirect, request
from werkzeug.wrappers import Response

from clients.portal.access import SignInNeeded, with_access_token
from clients.portal.pages import Page
from clients.portal.parts import Parts, current_session
from clients.portal.policies_reader import Document, Holdings, PoliciesUnavailable, Policy
from clients.portal.sessions import PortalSession


@dataclass(frozen=True)
class Shelf:
    """A policy and its documents; None when they cannot be had now."""

    policy: Policy
    documents: tuple[Document, ...] | None


def customer_area(parts: Parts, page: Page) -> Blueprint:
    """`/` and the pages of single policies."""
    doors = Blueprint("customer_area", __name__)

    def holdings(session: PortalSession) -> Holdings:
        language = page.language().code
        return with_access_token(parts, session, lambda token: parts.policies.holdings(token, language))

    def documents(session: PortalSession, policy: Policy) -> tuple[Document, ...] | None:
        language = page.language().code
        try:
            return with_access_token(
                parts, session, lambda token: parts.policies.documents(token, policy.number, language)
            )
        except PoliciesUnavailable:
            return None

    def policy_of(session: PortalSession, number: str) -> Policy:
        """The customer's policy of this number; a 404 page when it is not the customer's."""
        found = next((one for one in holdings(session).policies if one.number == number), None)
        if found is None:
            abort(404)
        return found

    @doors.get("/")
    def home() -> Response:
        session = current_session()
        if session.signed_in is None:
            came_back = session.logout_state is not None and request.args.get("state") == session.logout_state
            session.logout_state = None
            return page.render("home.html", notice="signed-out" if came_back else None)
        try:
            found = holdings(session)
            shelves = [Shelf(policy, documents(session, policy)) for policy in found.policies]
        except PoliciesUnavailable:
            return page.render("policies.html", status=503, holdings=None, shelves=[], next_due=None)
        return page.render("policies.html", holdings=found, shelves=shelves, next_due=next_due(found))

    @doors.get("/policies/<number>/payout")
    def payout(number: str) -> Response:
        return page.render("payout.html", policy=policy_of(_signed_in(), number))

    @doors.get("/policies/<number>/documents/<document>")
    def document(number: str, document: str) -> Response:
        session = _signed_in()
        policy = policy_of(session, number)
        available = documents(session, policy)
        if available is None:
            raise PoliciesUnavailable("the documents cannot be had")
        found = next((one for one in available if one.id == document), None)
        if found is None:
            abort(404)
        return page.render("document.html", policy=policy, document=found)

    @doors.errorhandler(SignInNeeded)
    def sign_in_again(_: SignInNeeded) -> Response:
        """The session ended elsewhere: say so instead of throwing the customer at a sign-in page."""
        return page.render("home.html", notice="ended")

    @doors.errorhandler(PoliciesUnavailable)
    def come_back_later(_: PoliciesUnavailable) -> Response:
        return page.render("policies.html", status=503, holdings=None, shelves=[], next_due=None)

    @doors.errorhandler(_NotSignedIn)
    def sign_in_first(_: _NotSignedIn) -> Response:
        current_session().wanted_page = request.path
        return redirect("/login", 303)

    return doors


def next_due(holdings: Holdings) -> Policy | None:
    """The policy whose premium falls due first."""
    due = [policy for policy in holdings.policies if policy.due_on is not None and policy.premium is not None]
    return min(due, key=lambda policy: policy.due_on or date.max, default=None)


class _NotSignedIn(Exception):
    pass


def _signed_in() -> PortalSession:
    session = current_session()
    if session.signed_in is None:
        raise _NotSignedIn
    return session
