"""The link of a notice, by which one press cancels a new number (journey G).

The address with the token is left at once for one without it. Neither changes anything: mail scanners open
links. Pressing the button does, and signs nobody in.
"""

import re

from flask import Blueprint, Response, request

from idp.flows.mobile import cancelling
from idp.values import Handle
from idp.web.people.visit import Face, Visit

TOKEN = "cancel"
"""The cookie that holds the token of the link that was opened."""
PAGE = "/account/cancel"
_LIFE = 600

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def install(door: Blueprint, face: Face) -> None:
    """``/account/cancel/…`` and ``/account/cancel``."""
    idp = face.idp

    @door.get(f"{cancelling.CANCEL}<token>")
    def open_link(token: str) -> Response:
        visit = Visit(face, request)
        onward = visit.go(PAGE)
        if _TOKEN.fullmatch(token) is None:
            return visit.forget(onward, TOKEN)
        return visit.keep(onward, TOKEN, Handle(token), life=_LIFE)

    @door.route(PAGE, methods=["GET", "POST"])
    def cancel() -> Response:
        visit = Visit(face, request)
        visit.must_be_ours()
        token = face.cookies.handle(request, TOKEN)
        if visit.pressed and cancelling.cancel_by_link(idp, token, now=visit.now):
            return visit.forget(visit.page("mobile-cancelled", recover_url="/recover"), TOKEN)
        found = cancelling.cancellable(idp, token, now=visit.now)
        if found is None:
            return visit.page("mobile-cancel", status=410, waiting=False)
        return visit.page(
            "mobile-cancel",
            waiting=True,
            mobile=found.number.masked,
            asked_at=found.change.asked_at,
            usable_at=found.usable_at,
            faults={},
        )
