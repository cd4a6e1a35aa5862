"""One's own devices with fingerprint or face (journey E): what there is, adding, naming, removing."""

import json
from typing import Any

from flask import Blueprint, Response

from idp.accounts.passkey import MOST, may_remove
from idp.flows import passkeys
from idp.flows.fresh import NotFresh
from idp.flows.passkeys import Added, Done, LastWay, NotAdded, Shown
from idp.web.people.account.doors import PASSKEY_ADD, PASSKEYS
from idp.web.people.account.entering import Entered, enter, signed_in
from idp.web.people.forms import PasskeyNameForm
from idp.web.people.visit import Face

OPTIONS = "/account/passkeys/options"
"""Gives a browser what it is to make; also asked from the pages that offer it."""
AGAIN = "/account/confirm?to=passkey-add"
"""Where to prove first that one is still there."""
_NEWS = ("added", "renamed", "removed", "confirmed")


def json_answer(options: dict[str, Any] | None) -> Response:
    """Options for the browser; without any, the customer is to confirm first."""
    if options is None:
        return Response("{}", status=403, mimetype="application/json")
    return Response(json.dumps(options), mimetype="application/json")


def install(door: Blueprint, face: Face) -> None:
    """``/account/passkeys`` and every page under it."""
    _install_list(door, face)
    _install_changes(door, face)


def _install_list(door: Blueprint, face: Face) -> None:
    idp = face.idp

    @door.get(PASSKEYS.path)
    def passkeys_page() -> Response:
        here = enter(face, PASSKEYS)
        if isinstance(here, Response):
            return here
        visit = here.visit
        owned = passkeys.of(idp, here.owner.account.sub)
        said = visit.query.get("done")
        return here.page(
            "passkeys",
            passkeys=[_row(one, now=visit.now) for one in owned],
            signals=passkeys.signals(idp, here.owner),
            full=len(owned) >= MOST,
            done=said if said in _NEWS else None,
            back_url="/account",
            faults={},
        )

    @door.route(PASSKEY_ADD.path, methods=["GET", "POST"])
    def passkey_add() -> Response:
        here = enter(face, PASSKEY_ADD)
        if isinstance(here, Response):
            return here
        visit = here.visit

        def page(faults: dict[str, str]) -> Response:
            return here.page(
                "passkey-add",
                options_url=OPTIONS,
                again_url=AGAIN,
                back_url=PASSKEYS.path,
                faults=faults,
            )

        if not visit.pressed:
            return page({})
        match added(here, face):
            case Added():
                return here.arrival.go(PASSKEYS.path, done="added")
            case NotAdded(fault):
                return page({"page": fault})
            case NotFresh():
                return here.arrival.go("/account/confirm", to=PASSKEY_ADD.name)

    @door.post(OPTIONS)
    def passkey_options() -> Response:
        here = signed_in(face, PASSKEYS)
        if isinstance(here, Response):
            return json_answer(None)
        visit = here.visit
        options = passkeys.options(idp, here.owner, now=visit.now, now_ms=visit.now_ms)
        return json_answer(None if isinstance(options, NotFresh) else options)


def added(here: Entered, face: Face) -> Added | NotAdded | NotFresh:
    """Take the credential that the page brought."""
    visit = here.visit
    return passkeys.add(
        face.idp,
        here.owner,
        visit.form.get("credential", ""),
        visit.browser,
        now=visit.now,
        now_ms=visit.now_ms,
    )


def _install_changes(door: Blueprint, face: Face) -> None:
    idp = face.idp

    @door.route("/account/passkeys/name", methods=["GET", "POST"])
    def passkey_name() -> Response:
        here = enter(face, PASSKEYS)
        if isinstance(here, Response):
            return here
        visit, one = here.visit, _named(here, face)
        if one is None:
            return here.arrival.go(PASSKEYS.path)

        def page(values: dict[str, Any], faults: dict[str, str]) -> Response:
            return here.page("passkey-name", back_url=PASSKEYS.path, values=values, faults=faults)

        if not visit.pressed:
            return page({"name": one.name}, {})
        form = PasskeyNameForm.read(visit.form)
        if faults := form.faults():
            return page(form.values(), faults)
        outcome = passkeys.rename(
            idp, here.owner, one.passkey.id, form.name.data or "", now=visit.now, now_ms=visit.now_ms
        )
        match outcome:
            case Done():
                return here.arrival.go(PASSKEYS.path, done="renamed")
            case NotFresh():
                return here.arrival.go("/account/confirm", to=PASSKEYS.name)

    @door.route("/account/passkeys/remove", methods=["GET", "POST"])
    def passkey_remove() -> Response:
        here = enter(face, PASSKEYS)
        if isinstance(here, Response):
            return here
        visit, one = here.visit, _named(here, face)
        if one is None:
            return here.arrival.go(PASSKEYS.path)

        def page(*, last: bool) -> Response:
            return here.page(
                "passkey-remove",
                device=one.name,
                added_at=one.passkey.created_at,
                last=last,
                back_url=PASSKEYS.path,
                faults={},
            )

        if not visit.pressed:
            owned = passkeys.of(idp, here.owner.account.sub)
            open_ways = sum(each.passkey.suspended_at is None for each in owned)
            has_password = here.owner.account.password_hash is not None
            last = one.passkey.suspended_at is None and not may_remove(open_ways, has_password=has_password)
            return page(last=last)
        match passkeys.remove(idp, here.owner, one.passkey.id, now=visit.now, now_ms=visit.now_ms):
            case LastWay():
                return page(last=True)
            case Done():
                return here.arrival.go(PASSKEYS.path, done="removed")
            case NotFresh():
                return here.arrival.go("/account/confirm", to=PASSKEYS.name)


def _named(here: Entered, face: Face) -> Shown | None:
    """The passkey that the address names, if it is theirs."""
    wanted = here.visit.query.get("passkey")
    owned = passkeys.of(face.idp, here.owner.account.sub)
    return next((one for one in owned if one.passkey.id == wanted), None)


def _row(one: Shown, *, now: int) -> dict[str, Any]:
    return {
        "id": one.passkey.id,
        "name": one.name,
        "kind": one.passkey.kind,
        "added_at": one.passkey.created_at,
        "used_at": one.passkey.last_used_at,
        "held_until": one.held_until(now),
        "flagged": one.passkey.flagged_at is not None,
        "suspended": one.passkey.suspended_at is not None,
    }
