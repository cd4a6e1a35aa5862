"""Fresh authentication (``flows.fresh``): the password once more, a code to one of one's contacts, or a
passkey.

Opening the page sends nothing; the button does.
"""

from typing import Any

from flask import Blueprint, Response, request

from idp.accounts.challenge import Challenge
from idp.flows import fresh, fresh_by_code, passkey_sign_in, proving
from idp.flows.fresh import Confirmed, Needs, Unknown
from idp.flows.fresh_by_code import AlreadyConfirmed
from idp.flows.login import Throttled, Wrong
from idp.flows.passkey_sign_in import NotAccepted
from idp.flows.proving import Limited, NotYet, Sent
from idp.values import Contact, ContactKind
from idp.web.people.account.doors import ACCOUNT, Door, named
from idp.web.people.account.entering import Entered, signed_in
from idp.web.people.account.passkeys import json_answer
from idp.web.people.forms import ConfirmCodeForm, ConfirmPasswordForm, ContactsForm
from idp.web.people.visit import Face, later
from idp.web.people.words import again_in

PATH = "/account/confirm"
PASSKEY = "/account/confirm/passkey"
"""Gives a browser what a passkey is asked."""
_CODE = "code"


def install(door: Blueprint, face: Face) -> None:
    """``/account/confirm``."""
    idp = face.idp

    @door.route(PATH, methods=["GET", "POST"])
    def confirm() -> Response:
        entered = _entered(face)
        if isinstance(entered, Response):
            return entered
        here, to, needs = entered
        if not here.visit.pressed and fresh.is_fresh(idp, here.owner, needs, now_ms=here.visit.now_ms):
            return here.arrival.go(to.path)
        if here.visit.pressed and "credential" in here.visit.form:
            return _by_passkey(here, to)
        if needs is Needs.ANY and here.visit.query.get("by") != _CODE:
            return _by_password(here, to)
        return _by_code(here, to, needs)

    @door.post(PASSKEY)
    def confirm_options() -> Response:
        here = signed_in(face, ACCOUNT)
        if isinstance(here, Response):
            return json_answer(None)
        return json_answer(passkey_sign_in.confirming_options(idp, here.owner, now=here.visit.now))

    def _passkey_url(here: Entered) -> str | None:
        return PASSKEY if passkey_sign_in.can_confirm(idp, here.owner, now=here.visit.now) else None

    def _by_passkey(here: Entered, to: Door) -> Response:
        visit = here.visit
        outcome = passkey_sign_in.confirm(
            idp,
            here.owner,
            visit.form.get("credential", ""),
            visit.browser,
            now=visit.now,
            now_ms=visit.now_ms,
        )
        match outcome:
            case Confirmed(begun):
                return visit.signed_in(here.arrival.go(to.path), begun)
            case NotAccepted():
                if to.needs is Needs.ANY:
                    return _by_password(here, to, refused=True)
                return _by_code(here, to, Needs.CONTACT, refused=True)

    def _by_password(here: Entered, to: Door, *, refused: bool = False) -> Response:
        visit, passkey_url = here.visit, _passkey_url(here)

        def page(faults: dict[str, str], *, status: int = 200) -> Response:
            return here.page(
                "account-confirm",
                status=status,
                stage="password",
                passkey_url=passkey_url,
                username=here.owner.profile.username.text,
                password_url=None,
                # Where a passkey confirms no code is sent.
                code_url=here.arrival.address(PATH, to=to.name, by=_CODE) if passkey_url is None else None,
                back_url=here.back,
                faults=faults,
            )

        if refused:
            return page({"page": "passkey_refused"})
        if not visit.pressed:
            return page({})
        form = ConfirmPasswordForm.read(visit.form)
        if faults := form.faults():
            return page(faults)
        outcome = fresh.by_password(
            idp,
            here.owner,
            form.current_password.data or "",
            visit.browser,
            now=visit.now,
            now_ms=visit.now_ms,
        )
        match outcome:
            case Confirmed(begun):
                return visit.signed_in(here.arrival.go(to.path), begun)
            case Wrong():
                return page({"current_password": "password_wrong"})
            case Throttled(retry_after):
                return later(page({"page": again_in("throttled", retry_after)}, status=429), retry_after)

    def _by_code(here: Entered, to: Door, needs: Needs, *, refused: bool = False) -> Response:
        visit = here.visit
        ways = fresh_by_code.ways(idp, here.owner, now=visit.now)
        sent = None if "choose" in visit.query else fresh_by_code.sent_to(idp, here.owner, now=visit.now)
        facts: dict[str, Any] = {
            "username": here.owner.profile.username.text,
            "password_url": here.arrival.address(PATH, to=to.name) if needs is Needs.ANY else None,
            "code_url": None,
            "passkey_url": _passkey_url(here),
            "back_url": here.back,
        }
        if not ways:
            faults = {"page": "passkey_refused"} if refused else {}
            return here.page("account-confirm", stage="none", faults=faults, **facts)

        def page(faults: dict[str, str], *, status: int = 200, tries_left: int | None = None) -> Response:
            if sent is None:
                options = [
                    {"handle": way.handle, "kind": way.contact.kind, "mask": way.contact.masked}
                    for way in ways
                ]
                return here.page(
                    "account-confirm",
                    status=status,
                    stage="choose",
                    options=options,
                    values={},
                    faults=faults,
                    **facts,
                )
            way, challenge = sent
            code = code_facts(here, challenge, way.contact.masked, way.contact, faults, tries_left)
            if len(ways) > 1:
                facts["back_url"] = here.arrival.address(PATH, to=to.name, by=_CODE, choose="again")
            return here.page("account-confirm", status=status, stage="code", faults=faults, **facts, **code)

        if refused:
            return page({"page": "passkey_refused"})
        if not visit.pressed:
            return page({})
        if sent is None or "resend" in visit.form:
            chosen = ContactsForm.read(visit.form) if sent is None else None
            if chosen is not None and (faults := chosen.faults()):
                return page({"contact": "required" if "required" in faults.values() else "unknown"})
            handle = (chosen.contact.data or "") if chosen is not None else sent[0].handle if sent else ""
            asked = fresh_by_code.send(idp, here.owner, handle, source=visit.browser.source, now=visit.now)
            match asked:
                case Unknown():
                    return page({"contact": "unknown"})
                case NotYet(wait) if sent is not None or _elsewhere(here, handle):
                    return later(page({"page": again_in("resend_too_early", wait)}, status=429), wait)
                case Limited(retry_after):
                    return later(
                        page({"page": again_in("resend_limit", retry_after)}, status=429), retry_after
                    )
                case Sent() | NotYet():
                    again = None if sent is None else "again"
                    return here.arrival.go(PATH, to=to.name, by=_CODE, sent=again)
        form = ConfirmCodeForm.read(visit.form)
        if faults := form.faults():
            return page(faults)
        outcome = fresh_by_code.by_code(
            idp, here.owner, form.code.data or "", visit.browser, now=visit.now, now_ms=visit.now_ms
        )
        match outcome:
            case Confirmed(begun):
                return visit.signed_in(here.arrival.go(to.path), begun)
            case AlreadyConfirmed():
                return here.arrival.go(to.path)
            case Limited(retry_after):
                return later(page({"page": again_in("throttled", retry_after)}, status=429), retry_after)
        return page({"code": outcome.fault}, tries_left=outcome.tries_left)


def _elsewhere(here: Entered, handle: str) -> bool:
    """Whether no code of this page went there that is still good."""
    before = fresh_by_code.sent_to(here.visit.idp, here.owner, now=here.visit.now)
    return before is None or before[0].handle != handle


def _entered(face: Face) -> tuple[Entered, Door, Needs] | Response:
    """Who is here, and for which door; another address than those that need it leads to the account."""
    to = named(request.args.get("to"))
    if to is None or to.needs is None:
        return Response(status=303, headers={"Location": "/account"})
    entered = signed_in(face, to)
    return entered if isinstance(entered, Response) else (entered, to, to.needs)


def code_facts(
    here: Entered,
    challenge: Challenge,
    shown: str,
    sent_to: Contact,
    faults: dict[str, str],
    tries_left: int | None,
) -> dict[str, Any]:
    """What a page that asks for a code says about it; ``shown``: the contact as the page shows it."""
    visit = here.visit
    # The last wrong try ended the code, whatever was read before it.
    over = not challenge.live(visit.now) or faults.get("code") == "code_expired"
    return {
        "channel": "email" if sent_to.kind is ContactKind.EMAIL else "sms",
        "sent_to": shown,
        "expires_in": 0 if over else challenge.expires_at - visit.now,
        "resend_in": proving.wait(visit.idp, challenge, now=visit.now),
        "resent": "sent" in visit.query,
        "tries_left": tries_left,
    }
