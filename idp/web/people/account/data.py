"""Downloading everything that is held of oneself."""

from flask import Blueprint, Response

from idp.flows import export
from idp.web.people.account.doors import DATA
from idp.web.people.account.entering import enter
from idp.web.people.visit import Face

FILE = "account-data.json"


def install(door: Blueprint, face: Face) -> None:
    """``/account/data``."""

    @door.route(DATA.path, methods=["GET", "POST"])
    def account_data() -> Response:
        here = enter(face, DATA)
        if isinstance(here, Response):
            return here
        visit = here.visit
        if not visit.pressed:
            return here.page("account-data", back_url="/account", faults={})
        # Read before anything is done: a form that is not our page's is refused here.
        _ = visit.form
        document = export.download(face.idp, here.owner, now=visit.now, now_ms=visit.now_ms)
        if document is None:
            return here.arrival.go("/account/confirm", to=DATA.name)
        response = Response(document, mimetype="application/json")
        response.headers["Content-Disposition"] = f'attachment; filename="{FILE}"'
        response.headers["Cache-Control"] = "no-store"
        response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return response
