"""The link of a notice of a new device, by which one press says "it was not me" (journey D).

The address with the token is left at once for one without it. Neither changes anything: mail scanners open
links. Pressing the button does, and signs nobody in.
"""

import re

from flask import Blueprint, Response, request

from idp.flows import new_device
from idp.values import Handle
from idp.web.people.visit import Face, Visit

TOKEN = "not_me"
"""The cookie that holds the token of the link that was opened."""
PAGE = "/account/not-me"
_LIFE = 600

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def install(door: Blueprint, face: Face) -> None:
    """``/account/not-me/…`` and ``/account/not-me``."""
    idp = face.idp

    @door.get(f"{new_device.NOT_ME}<token>")
    def open_not_me_link(token: str) -> Response:
        visit = Visit(face, request)
        onward = visit.go(PAGE)
        if _TOKEN.fullmatch(token) is None:
            return visit.forget(onward, TOKEN)
        return visit.keep(onward, TOKEN, Handle(token), life=_LIFE)

    @door.route(PAGE, methods=["GET", "POST"])
    def not_me() -> Response:
        visit = Visit(face, request)
        visit.must_be_ours()
        token = face.cookies.handle(request, TOKEN)
        if visit.pressed and new_device.disavow(idp, token, now=visit.now):
            return visit.forget(visit.page("not-me-done", recover_url="/recover"), TOKEN)
        found = new_device.disavowable(idp, token, now=visit.now)
        if found is None:
            return visit.page("not-me", status=410, waiting=False)
        return visit.page("not-me", waiting=True, device=found.device, at=found.at, faults={})
