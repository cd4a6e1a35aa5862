"""The authenticator app (journeys D and I): what there is, adding or replacing it, removing it."""

from flask import Blueprint, Response

from idp.accounts import totp
from idp.flows import authenticator
from idp.flows.authenticator import Added, Done, NothingWaits, Offered, Throttled, Wrong
from idp.flows.fresh import NotFresh
from idp.web.people import qr
from idp.web.people.account.doors import AUTHENTICATOR, AUTHENTICATOR_ADD
from idp.web.people.account.entering import Entered, enter
from idp.web.people.forms import SixDigitsForm
from idp.web.people.visit import Face, later

_NEWS = ("added", "removed", "confirmed")


def install(door: Blueprint, face: Face) -> None:
    """``/account/authenticator`` and every page under it."""
    idp = face.idp

    @door.get(AUTHENTICATOR.path)
    def authenticator_page() -> Response:
        here = enter(face, AUTHENTICATOR)
        if isinstance(here, Response):
            return here
        visit = here.visit
        with idp.reading() as tx:
            row = authenticator.present(tx, here.owner.account.sub)
        said = visit.query.get("done")
        return here.page(
            "authenticator",
            app=None
            if row is None
            else {
                "added_at": row.created_at,
                "used_at": row.last_used_at,
                "held_until": row.held_until(visit.now),
            },
            done=said if said in _NEWS else None,
            back_url="/account",
            faults={},
        )

    @door.route(AUTHENTICATOR_ADD.path, methods=["GET", "POST"])
    def authenticator_add() -> Response:
        here = enter(face, AUTHENTICATOR_ADD)
        if isinstance(here, Response):
            return here
        visit = here.visit
        if not visit.pressed:
            return _asking(face, here, {})
        form = SixDigitsForm.read(visit.form)
        if faults := form.faults():
            return _asking(face, here, faults)
        outcome = authenticator.add(
            idp,
            here.owner,
            form.code.data or "",
            source=visit.browser.source,
            now=visit.now,
            now_ms=visit.now_ms,
        )
        match outcome:
            case Added():
                return here.arrival.go(AUTHENTICATOR.path, done="added")
            case Wrong(fault):
                return _asking(face, here, {"code": fault})
            case Throttled(retry_after):
                return later(_asking(face, here, {"page": "throttled"}, status=429), retry_after)
            case NothingWaits():
                return _over(face, here)
            case NotFresh():
                return here.arrival.go("/account/confirm", to=AUTHENTICATOR_ADD.name)

    @door.route("/account/authenticator/remove", methods=["GET", "POST"])
    def authenticator_remove() -> Response:
        here = enter(face, AUTHENTICATOR)
        if isinstance(here, Response):
            return here
        visit = here.visit
        with idp.reading() as tx:
            row = authenticator.present(tx, here.owner.account.sub)
        if row is None:
            return here.arrival.go(AUTHENTICATOR.path)
        if not visit.pressed:
            return here.page(
                "authenticator-remove", added_at=row.created_at, back_url=AUTHENTICATOR.path, faults={}
            )
        match authenticator.remove(idp, here.owner, now=visit.now, now_ms=visit.now_ms):
            case Done():
                return here.arrival.go(AUTHENTICATOR.path, done="removed")
            case NotFresh():
                return here.arrival.go("/account/confirm", to=AUTHENTICATOR.name)


def _asking(face: Face, here: Entered, faults: dict[str, str], *, status: int = 200) -> Response:
    """The secret that waits, and the field for its first code."""
    visit = here.visit
    offered = authenticator.offer(face.idp, here.owner, now=visit.now, now_ms=visit.now_ms)
    if not isinstance(offered, Offered):
        return here.arrival.go("/account/confirm", to=AUTHENTICATOR_ADD.name)
    with face.idp.reading() as tx:
        replaces = authenticator.present(tx, here.owner.account.sub) is not None
    return here.page(
        "authenticator-add",
        status=status,
        qr=qr.drawn(offered.uri),
        uri=offered.uri,
        key=totp.grouped(offered.secret),
        replaces=replaces,
        back_url=AUTHENTICATOR.path if replaces else "/account",
        faults=faults,
    )


def _over(face: Face, here: Entered) -> Response:
    """Of a form sent twice the second finds the first one's work; else the page was open for too long."""
    with face.idp.reading() as tx:
        row = authenticator.present(tx, here.owner.account.sub)
    if row is not None and row.created_at >= here.visit.now - authenticator.WAITS:
        return here.arrival.go(AUTHENTICATOR.path, done="added")
    return _asking(face, here, {"page": "form_expired"})
