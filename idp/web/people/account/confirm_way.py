"""Ending the wait of a way of confirming that was just added, by an activation code (journey E)."""

from flask import Blueprint, Response, request

from idp.flows import additions, passkeys
from idp.flows.activation import Wrong
from idp.flows.passkeys import Done, NothingHeld
from idp.flows.proving import Limited
from idp.values import Malformed
from idp.web.people.account.doors import AUTHENTICATOR, PASSKEYS, RECOVERY_CODES, Door
from idp.web.people.account.entering import enter
from idp.web.people.forms import OwnActivationForm
from idp.web.people.visit import Face, later
from idp.web.people.words import again_in

PATH = "/account/confirm-way"
"""One page for all that waits, since one code ends every wait; ``for`` names whence the customer came."""


def install(door: Blueprint, face: Face) -> None:
    """``/account/confirm-way``."""
    idp = face.idp

    @door.route(PATH, methods=["GET", "POST"])
    def confirm_way() -> Response:
        to = _page_of(request.args.get("for"))
        here = enter(face, to)
        if isinstance(here, Response):
            return here
        visit = here.visit
        if not additions.is_any_held(idp, here.owner.account.sub, now=visit.now):
            return here.arrival.go(to.path)

        def page(faults: dict[str, str], *, status: int = 200) -> Response:
            return here.page("confirm-way", status=status, back_url=to.path, values={}, faults=faults)

        if not visit.pressed:
            return page({})
        form = OwnActivationForm.read(visit.form)
        if faults := form.faults():
            return page(
                {
                    name: "activation_malformed" if fault == "too_long" else fault
                    for name, fault in faults.items()
                }
            )
        try:
            outcome = passkeys.confirm_with_code(
                idp, here.owner, form.activation_code.data or "", visit.browser, now=visit.now
            )
        except Malformed:
            return page({"activation_code": "activation_malformed"})
        match outcome:
            case Done():
                return here.arrival.go(to.path, done="confirmed")
            case NothingHeld():
                return here.arrival.go(to.path)
            case Wrong():
                return page({"activation_code": "activation_wrong"})
            case Limited(retry_after):
                return later(page({"page": again_in("throttled", retry_after)}, status=429), retry_after)


def _page_of(named: str | None) -> Door:
    """The page of the thing that waits, from which the customer came."""
    return next((door for door in (AUTHENTICATOR, RECOVERY_CODES) if door.name == named), PASSKEYS)
