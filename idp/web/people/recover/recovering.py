"""What every page of recovery begins with: what this browser holds, where it stands, and its way on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Response, request

from idp.accounts.recovery import Stage
from idp.flows.proving import Limited, NotYet, Refused, Sent
from idp.flows.recover import ending, progress
from idp.flows.recover.ending import Finished
from idp.flows.recover.progress import Proven, UnderWay, Unknown
from idp.values import Handle
from idp.web.people.enrolling import Arrival, arrive
from idp.web.people.forms import RecoverVerifyForm
from idp.web.people.visit import Face, later
from idp.web.people.words import again_in

STEPS = 4
RECOVERY = "recovery"
"""The cookie that holds the recovery of this browser."""

_PATHS = {
    Stage.CONTACTS: "/recover/contacts",
    Stage.VERIFY: "/recover/verify",
    Stage.SECOND: "/recover/second",
    Stage.FACTORS: "/recover/factors",
    Stage.PASSWORD: "/recover/password",
}


@dataclass(frozen=True, slots=True)
class Recovering:
    """One request to a page of recovery."""

    face: Face
    arrival: Arrival
    handle: Handle | None

    def under_way(self) -> UnderWay | None:
        """The recovery that this browser holds."""
        visit = self.arrival.visit
        if self.handle is None:
            return None
        return progress.under_way(self.face.idp, self.handle, visit.browser, now=visit.now)

    def finished(self) -> Finished | None:
        """The one it brought to its end."""
        visit = self.arrival.visit
        if self.handle is None:
            return None
        return ending.finished(self.face.idp, self.handle, visit.browser, now=visit.now)

    def lead(self, known: UnderWay | None = None) -> Response:
        """To what is asked next: of a form sent twice, the second finds the first one's work done."""
        path = None if known is None else _PATHS.get(known.stage)
        if path is not None:
            return self.arrival.go(path)
        return self.arrival.go("/recover/done" if self.finished() is not None else "/recover")

    def go_on(self) -> Response:
        """The same, after something was done."""
        return self.lead(self.under_way())

    def page(self, name: str, step: int, back: str | None, *, status: int = 200, **context: Any) -> Response:
        """A step's page; ``back`` is the path of the one before."""
        return self.arrival.visit.page(
            name,
            status=status,
            step=step,
            steps=STEPS,
            back_url=None if back is None else self.arrival.address(back),
            activate_url=self.arrival.address("/recover/activate"),
            **context,
        )


def recovering(face: Face) -> Recovering:
    """The request that is being answered."""
    return Recovering(face, arrive(face), face.cookies.handle(request, RECOVERY))


def options(choices: Any) -> list[dict[str, str]]:
    """The contacts of a list, masked, as a page offers them."""
    return [{"handle": handle, "kind": contact.kind, "mask": contact.masked} for handle, contact in choices]


def resent(
    here: Recovering, outcome: Sent | NotYet | Limited | Unknown, path: str, page: Callable[..., Response]
) -> Response:
    """Where asking for another code leads."""
    match outcome:
        case Sent():
            return here.arrival.go(path, sent="again")
        case NotYet(wait):
            return later(page({"page": again_in("resend_too_early", wait)}, status=429), wait)
        case Limited(retry_after):
            return later(page({"page": again_in("resend_limit", retry_after)}, status=429), retry_after)
        case Unknown():
            return here.go_on()


def typed_code(
    here: Recovering, page: Callable[..., Response], answer: Callable[..., Proven | Limited | Refused]
) -> Response:
    """Where the code that was typed leads; ``answer`` takes it, with ``source`` and ``now``."""
    visit = here.arrival.visit
    form = RecoverVerifyForm.read(visit.form)
    if faults := form.faults():
        return page(faults)
    outcome = answer(form.code.data or "", source=visit.browser.source, now=visit.now)
    match outcome:
        case Proven():
            return here.go_on()
        case Limited(retry_after):
            return later(page({"page": again_in("throttled", retry_after)}, status=429), retry_after)
    return page({"code": outcome.fault}, tries_left=outcome.tries_left)
