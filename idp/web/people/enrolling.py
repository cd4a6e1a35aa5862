"""What every page of registration begins with: the visit, the request that waits, the enrolment."""

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Response, request

from idp.flows import register
from idp.flows.authorize import interactions
from idp.flows.birth import Registered
from idp.flows.register import AlreadyDone, UnderWay
from idp.web.people.visit import Face, Visit

STEPS = 4
ENROLMENT = "enrolment"
"""The cookie that holds the enrolment of this browser."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request to a page of registration; ``interaction`` is the authorization request that waits."""

    face: Face
    visit: Visit
    interaction: str | None

    def under_way(self) -> UnderWay | None:
        """The enrolment that this browser holds."""
        handle = self.face.cookies.handle(request, ENROLMENT)
        return None if handle is None else register.under_way(self.face.idp, handle, now=self.visit.now)

    def go(self, path: str, **query: str | None) -> Response:
        """On to another page, with the request that waits."""
        return self.visit.go(path, interaction=self.interaction, **query)

    def address(self, path: str, **query: str | None) -> str:
        """The address of another page, for a link."""
        given = {"interaction": self.interaction, **query}
        named = {name: value for name, value in given.items() if value is not None}
        return f"{path}?{urlencode(named)}" if named else path

    def finish(self, outcome: Registered | AlreadyDone) -> Response:
        """On to the last page, signed in; of a form sent twice the second finds everything done."""
        onward = self.go("/register/done")
        if isinstance(outcome, AlreadyDone):
            return onward
        return self.visit.forget(self.visit.signed_in(onward, outcome.begun), ENROLMENT)

    @property
    def sign_in(self) -> str:
        """Where whoever has an account already signs in: for the request that waits, else for themselves."""
        return self.address("/login", to="account" if self.interaction is None else None)

    def start(self) -> Response:
        """Where a step without its enrolment leads: whoever goes back after the end is not to begin again.

        Of a form sent twice the second finds its enrolment done, and its session only in the next request.
        """
        visit = self.visit
        ended = visit.pressed or register.who_is_signed_in(self.face.idp, visit.browser, now=visit.now)
        return self.go("/register/done" if ended else "/register")


def arrive(face: Face) -> Arrival:
    """Read the request; a form that is not our own page's is refused here."""
    visit = Visit(face, request)
    visit.must_be_ours()
    named = visit.query.get("interaction")
    waiting = interactions.waiting(face.idp, named, visit.browser, now=visit.now) if named else None
    visit.belongs_to(waiting)
    return Arrival(face, visit, None if waiting is None else waiting.id)
