"""The browsers in which no code is asked at sign-in: trusting one no more, or all of them."""

from flask import Blueprint, Response

from idp.flows import devices
from idp.web.people.account.doors import BROWSERS
from idp.web.people.account.entering import signed_in
from idp.web.people.visit import Face


def install(door: Blueprint, face: Face) -> None:
    """``/account/browsers``."""
    idp = face.idp

    @door.route(BROWSERS.path, methods=["GET", "POST"])
    def account_browsers() -> Response:
        here = signed_in(face, BROWSERS)
        if isinstance(here, Response):
            return here
        visit, owner = here.visit, here.owner
        if visit.pressed:
            if "all" in visit.form:
                devices.trust_none(idp, owner, now=visit.now)
            else:
                devices.trust_no_more(idp, owner, visit.form.get("remove", ""), now=visit.now)
            return visit.go(BROWSERS.path)
        return here.page(
            "account-browsers",
            browsers=[
                {
                    "id": one.id,
                    "device": one.device,
                    "since": one.created_at,
                    "expires_at": one.expires_at,
                    "used_at": one.last_used_at,
                }
                for one in devices.trusted(idp, owner, now=visit.now)
            ],
            back_url="/account",
            faults={},
        )
