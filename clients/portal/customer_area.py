"""The portal's pages: the public entrance and, once signed in, the customer's own."""

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response

from clients.portal.access import with_access_token
from clients.portal.holdings import Reading, answer_what_cannot_be_shown, signed_in
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
    reading = Reading(parts, page)

    def documents(session: PortalSession, policy: Policy) -> tuple[Document, ...] | None:
        language = page.language().code
        try:
            return with_access_token(
                parts, session, lambda token: parts.policies.documents(token, policy.number, language)
            )
        except PoliciesUnavailable:
            return None

    @doors.get("/")
    def home() -> Response:
        session = current_session()
        if session.signed_in is None:
            came_back = session.logout_state is not None and request.args.get("state") == session.logout_state
            session.logout_state = None
            return page.render("home.html", notice="signed-out" if came_back else None)
        try:
            found = reading.holdings(session)
            shelves = [Shelf(policy, documents(session, policy)) for policy in found.policies]
        except PoliciesUnavailable:
            return page.render("policies.html", status=503, holdings=None, shelves=[], next_due=None)
        return page.render("policies.html", holdings=found, shelves=shelves, next_due=next_due(found))

    @doors.get("/policies/<number>/documents/<document>")
    def document(number: str, document: str) -> Response:
        session = signed_in()
        policy = reading.policy_of(session, number)
        available = documents(session, policy)
        if available is None:
            raise PoliciesUnavailable("the documents cannot be had")
        found = next((one for one in available if one.id == document), None)
        if found is None:
            abort(404)
        return page.render("document.html", policy=policy, document=found)

    answer_what_cannot_be_shown(doors, page)
    return doors


def next_due(holdings: Holdings) -> Policy | None:
    """The policy whose premium falls due first."""
    due = [policy for policy in holdings.policies if policy.due_on is not None and policy.premium is not None]
    return min(due, key=lambda policy: policy.due_on or date.max, default=None)
