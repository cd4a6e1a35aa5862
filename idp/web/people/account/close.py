"""Closing one's account."""

from flask import Blueprint, Response

from idp.flows import closing
from idp.flows.closing import Closed
from idp.flows.fresh import NotFresh
from idp.web.people.account.doors import CLOSE
from idp.web.people.account.entering import enter
from idp.web.people.visit import Face


def install(door: Blueprint, face: Face) -> None:
    """``/account/close``."""

    @door.route(CLOSE.path, methods=["GET", "POST"])
    def account_close() -> Response:
        here = enter(face, CLOSE)
        if isinstance(here, Response):
            return here
        visit = here.visit
        if not visit.pressed or "confirm" not in visit.form:
            return here.page("account-close", back_url="/account", faults={})
        match closing.close(face.idp, here.owner, now=visit.now, now_ms=visit.now_ms):
            case NotFresh():
                return here.arrival.go("/account/confirm", to=CLOSE.name)
            case Closed():
                visit.without_switch()
                return visit.forget(here.page("account-closed", register_url="/register"), "session")
