"""The apps and sites that have access to the account, and taking it away."""

from typing import Any

from flask import Blueprint, Response

from idp.flows import apps
from idp.flows.apps import App
from idp.web.people.account.doors import APPS
from idp.web.people.account.entering import signed_in
from idp.web.people.visit import Face
from idp.web.people.words import in_order

_UNSAID = frozenset({"openid", "offline_access"})
"""Scopes that say nothing about what is seen: the page says the second in words of its own."""


def install(door: Blueprint, face: Face) -> None:
    """``/account/apps``."""
    idp = face.idp

    @door.route(APPS.path, methods=["GET", "POST"])
    def account_apps() -> Response:
        here = signed_in(face, APPS)
        if isinstance(here, Response):
            return here
        visit, owner = here.visit, here.owner
        if visit.pressed:
            apps.revoke(idp, owner, visit.form.get("revoke", ""), now=visit.now)
            return visit.go(APPS.path)
        shown = [_row(app) for app in apps.of(idp, owner, now=visit.now)]
        return here.page("account-apps", apps=shown, back_url="/account", faults={})


def _row(app: App) -> dict[str, Any]:
    return {
        "id": app.client_id,
        "name": app.name,
        "scopes": in_order(scope for scope in app.scope if scope not in _UNSAID),
        "offline": app.offline,
        "since": app.since,
        "used_at": app.last_used_at,
    }
