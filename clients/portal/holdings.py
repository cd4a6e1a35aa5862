"""What the signed-in customer holds, for every page that shows some of it, and what is shown when it cannot
be."""

from dataclasses import dataclass

from flask import Blueprint, abort, redirect, request
from werkzeug.wrappers import Response

from clients.portal.access import SignInNeeded, with_access_token
from clients.portal.pages import Page
from clients.portal.parts import Parts, current_session
from clients.portal.policies_reader import Holdings, PoliciesUnavailable, Policy
from clients.portal.sessions import PortalSession


class NotSignedIn(Exception):
    """The page is for somebody who has signed in."""


def signed_in() -> PortalSession:
    """The session of the request being answered, somebody's; raises NotSignedIn."""
    session = current_session()
    if session.signed_in is None:
        raise NotSignedIn
    return session


@dataclass(frozen=True)
class Reading:
    """Reads the customer's policies in the language of the request being answered."""

    parts: Parts
    page: Page

    def holdings(self, session: PortalSession) -> Holdings:
        """All of them; raises SignInNeeded, PoliciesUnavailable."""
        language = self.page.language().code
        return with_access_token(
            self.parts, session, lambda token: self.parts.policies.holdings(token, language)
        )

    def policy_of(self, session: PortalSession, number: str) -> Policy:
        """The customer's policy of this number; a 404 page when it is not the customer's."""
        found = next((one for one in self.holdings(session).policies if one.number == number), None)
        if found is None:
            abort(404)
        return found


def answer_what_cannot_be_shown(doors: Blueprint, page: Page) -> None:
    """Gives `doors` the pages for somebody who is signed in no more, or not yet, and for an API that is
    down."""

    @doors.errorhandler(SignInNeeded)
    def sign_in_again(_: SignInNeeded) -> Response:
        """The session ended elsewhere: say so instead of throwing the customer at a sign-in page."""
        return page.render("home.html", notice="ended")

    @doors.errorhandler(PoliciesUnavailable)
    def come_back_later(_: PoliciesUnavailable) -> Response:
        return page.render("policies.html", status=503, holdings=None, shelves=[], next_due=None)

    @doors.errorhandler(NotSignedIn)
    def sign_in_first(_: NotSignedIn) -> Response:
        if request.method == "GET":
            current_session().wanted_page = request.path
        return redirect("/login", 303)
