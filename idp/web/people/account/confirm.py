"""Fresh authentication (``flows.fresh``): the password once more where that is enough; else a code or passkey
as at sign-in (``web.people.second_proof``).

Opening the page sends nothing; the button does.
"""

from flask import Blueprint, Response, request

from idp.flows import confirming, fresh, second_proof
from idp.flows.confirming import Use, Way
from idp.flows.fresh import Needs
from idp.flows.login import Throttled, Wrong
from idp.flows.second_proof import AT_ACCOUNT, AlreadyProven, Proven
from idp.flows.sessions import Begun
from idp.values import ProofKind
from idp.web.people import second_proof as pages
from idp.web.people.account.doors import ACCOUNT, Door, named
from idp.web.people.account.entering import Entered, signed_in
from idp.web.people.account.passkeys import json_answer
from idp.web.people.forms import ConfirmPasswordForm
from idp.web.people.second_proof import Place
from idp.web.people.visit import Face, later
from idp.web.people.words import again_in

PATH = "/account/confirm"
PASSKEY = "/account/confirm/passkey"
"""Gives a browser what a passkey is asked."""
_CODE = "code"
_OWN = "own"


def install(door: Blueprint, face: Face) -> None:
    """``/account/confirm``."""
    idp = face.idp

    @door.route(PATH, methods=["GET", "POST"])
    def confirm() -> Response:
        entered = _entered(face)
        if isinstance(entered, Response):
            return entered
        here, to, needs = entered
        visit = here.visit
        if not visit.pressed and fresh.is_fresh(idp, here.owner, needs, now_ms=visit.now_ms):
            return here.arrival.go(to.path)
        place = _place(here, to)
        if needs is Needs.ANY and visit.query.get("by") != _CODE:
            return _by_password(here, place)
        return pages.answer(
            visit,
            here.owner,
            place,
            password_url=here.arrival.address(PATH, to=to.name) if needs is Needs.ANY else None,
            back_url=here.back,
        )

    @door.post(PASSKEY)
    def confirm_options() -> Response:
        here = signed_in(face, ACCOUNT)
        if isinstance(here, Response):
            return json_answer(None)
        now = here.visit.now
        return json_answer(second_proof.passkey_options(idp, here.owner, AT_ACCOUNT, _OWN, now=now))

    def _by_password(here: Entered, place: Place) -> Response:
        visit = here.visit
        own = confirming.without_contact(idp, here.owner, Use.CREDENTIALS, now=visit.now)

        def page(faults: dict[str, str], *, status: int = 200) -> Response:
            return here.page(
                place.name,
                status=status,
                stage="password",
                passkey_url=PASSKEY if _passkey(own) is not None else None,
                code_url=_code_url(place, own),
                username=here.owner.profile.username.text,
                password_url=None,
                back_url=here.back,
                faults=faults,
            )

        if not visit.pressed:
            return page({})
        if "credential" in visit.form:
            return pages.by_passkey(visit, here.owner, place, page)
        form = ConfirmPasswordForm.read(visit.form)
        if faults := form.faults():
            return page(faults)
        outcome = second_proof.by_password(
            idp,
            here.owner,
            AT_ACCOUNT,
            form.current_password.data or "",
            visit.browser,
            now=visit.now,
            now_ms=visit.now_ms,
        )
        match outcome:
            case Proven(begun):
                return visit.signed_in(place.onward(begun), begun)
            case AlreadyProven():
                return place.onward(None)
            case Wrong():
                return page({"current_password": "password_wrong"})
            case Throttled(retry_after):
                return later(page({"page": again_in("throttled", retry_after)}, status=429), retry_after)


def _place(here: Entered, to: Door) -> Place:
    waiting = {} if here.arrival.interaction is None else {"interaction": here.arrival.interaction}

    def onward(_begun: Begun | None) -> Response:
        return here.arrival.go(to.path)

    return Place(
        name="account-confirm",
        path=PATH,
        query={"to": to.name, "by": _CODE, **waiting},
        want=AT_ACCOUNT,
        waiting=_OWN,
        passkey_url=PASSKEY,
        onward=onward,
    )


def _passkey(own: tuple[Way, ...]) -> Way | None:
    return next((way for way in own if way.kind is ProofKind.PASSKEY), None)


def _code_url(place: Place, own: tuple[Way, ...]) -> str | None:
    """Where the password's place is taken by a code; None where a passkey confirms, and no app beside it."""
    if _passkey(own) is None:
        return place.address()
    app = next((way for way in own if way.kind is ProofKind.TOTP), None)
    return None if app is None else place.address(way=app.handle)


def _entered(face: Face) -> tuple[Entered, Door, Needs] | Response:
    """Who is here, and for which door; another address than those that need it leads to the account."""
    to = named(request.args.get("to"))
    if to is None or to.needs is None:
        return Response(status=303, headers={"Location": "/account"})
    entered = signed_in(face, to)
    return entered if isinstance(entered, Response) else (entered, to, to.needs)
