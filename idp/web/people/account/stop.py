"""The link of a notice, by which one press removes what was added to an account (``flows.additions``).

The address with the token is left at once for one without it. Neither changes anything: mail scanners open
links. Pressing the button does, and signs nobody in.
"""

import re

from flask import Blueprint, Response, request

from idp.flows import additions
from idp.values import Handle
from idp.web.people.visit import Face, Visit

TOKEN = "stop"
"""The cookie that holds the token of the link that was opened."""
PAGE = "/account/stop"
_LIFE = 600

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def install(door: Blueprint, face: Face) -> None:
    """``/account/stop/…`` and ``/account/stop``."""
    idp = face.idp

    @door.get(f"{additions.CANCEL}<token>")
    def open_stop_link(token: str) -> Response:
        visit = Visit(face, request)
        onward = visit.go(PAGE)
        if _TOKEN.fullmatch(token) is None:
            return visit.forget(onward, TOKEN)
        return visit.keep(onward, TOKEN, Handle(token), life=_LIFE)

    @door.route(PAGE, methods=["GET", "POST"])
    def stop() -> Response:
        visit = Visit(face, request)
        visit.must_be_ours()
        token = face.cookies.handle(request, TOKEN)
        if visit.pressed:
            stopped = additions.cancel_by_link(idp, token, now=visit.now)
            if stopped is not None:
                page = visit.page("stopped", kind=stopped.kind, recover_url="/recover")
                return visit.forget(page, TOKEN)
        found = additions.cancellable(idp, token, now=visit.now)
        if found is None:
            return visit.page("stop", status=410, waiting=False)
        return visit.page(
            "stop",
            waiting=True,
            kind=found.kind,
            device=found.name,
            added_at=found.added_at,
            faults={},
        )
