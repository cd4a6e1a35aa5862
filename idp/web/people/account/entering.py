"""What every page of one's own account begins with: who is signed in, and whether that was proven lately."""

from dataclasses import dataclass
from typing import Any

from flask import Response

from idp.flows import fresh
from idp.flows.fresh import Owner
from idp.web.people.account.doors import Door
from idp.web.people.enrolling import Arrival, arrive
from idp.web.people.visit import Face, Visit


@dataclass(frozen=True, slots=True)
class Entered:
    """One request of somebody who is signed in."""

    arrival: Arrival
    owner: Owner

    @property
    def visit(self) -> Visit:
        """The request itself."""
        return self.arrival.visit

    def page(self, name: str, *, status: int = 200, **context: Any) -> Response:
        """A page of theirs, in their language."""
        return self.visit.page(name, status=status, **context)

    def done(self, what: str | None = None) -> Response:
        """Back to the account; or on to the request that waits, where one does."""
        if self.arrival.interaction is not None:
            return self.arrival.go("/authorize/resume")
        return self.visit.go("/account", done=what)

    @property
    def back(self) -> str:
        """Where the page's way back leads."""
        return "/account" if self.arrival.interaction is None else self.arrival.address("/authorize/resume")


def enter(face: Face, door: Door) -> Entered | Response:
    """The request, or where it leads instead: to the sign-in, or to a fresh authentication.

    A form that is not our own page's is refused here.
    """
    entered = signed_in(face, door)
    if isinstance(entered, Response) or door.needs is None:
        return entered
    visit, idp = entered.visit, face.idp
    until = entered.owner.limited_until(visit.now)
    if until is not None:
        return entered.page("limited", status=403, until_at=until, back_url=entered.back)
    if not fresh.is_fresh(idp, entered.owner, door.needs, now_ms=visit.now_ms):
        return entered.arrival.go("/account/confirm", to=door.name)
    return entered


def signed_in(face: Face, door: Door) -> Entered | Response:
    """The same, of whoever has a session, however old its proofs are."""
    arrival = arrive(face)
    visit = arrival.visit
    owner = fresh.owner(face.idp, visit.browser, now=visit.now)
    if owner is None:
        if arrival.interaction is not None:
            return arrival.go("/login")
        return visit.go("/login", to=door.name)
    visit.speaks(owner.account.language)
    return Entered(arrival, owner)
