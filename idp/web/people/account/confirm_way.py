"""Ending the wait of a way of confirming that was just added, by an activation code (journey E)."""

from flask import Blueprint, Response, request

from idp.flows import additions, passkeys
from idp.flows.fresh import NotFresh
from idp.flows.passkeys import Done
from idp.web.people.account.doors import AUTHENTICATOR, PASSKEYS, RECOVERY_CODES, Door
from idp.web.people.account.entering import enter
from idp.web.people.account.own_activation import typed_code
from idp.web.people.visit import Face

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
        outcome = typed_code(
            visit,
            page,
            lambda code: passkeys.confirm_with_code(idp, here.owner, code, visit.browser, now=visit.now),
        )
        if isinstance(outcome, Response):
            return outcome
        if isinstance(outcome, NotFresh):
            return here.arrival.go("/account/confirm", to=to.name)
        return here.arrival.go(to.path, done="confirmed" if isinstance(outcome, Done) else None)


def _page_of(named: str | None) -> Door:
    """The page of the thing that waits, from which the customer came."""
    return next((door for door in (AUTHENTICATOR, RECOVERY_CODES) if door.name == named), PASSKEYS)
