"""What the pages of the second factor, of step-up and of fresh authentication have in common: the ways, the
code, the passkey.

Opening a page sends nothing; a press does. Which way is shown stands in the address by a name that means
nothing in another session.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Response

from idp.accounts.challenge import Challenge
from idp.flows import proving, second_proof
from idp.flows.confirming import Way
from idp.flows.fresh import Owner
from idp.flows.own_passkey import NotAccepted
from idp.flows.proving import Limited, NotYet, Refused
from idp.flows.second_proof import AlreadyProven, Proven, Standing, Want
from idp.flows.sessions import Begun
from idp.values import Acr, Contact, ContactKind, ProofKind
from idp.web.people.forms import RecoveryProofForm, SecondProofForm
from idp.web.people.visit import Visit, later
from idp.web.people.words import again_in

WORDS_OF = {
    ProofKind.PASSKEY: "passkey",
    ProofKind.TOTP: "app",
    ProofKind.RECOVERY_CODE: "printed",
    ProofKind.SMS_CODE: "sms",
    ProofKind.EMAIL_CODE: "email",
}


@dataclass(frozen=True, slots=True)
class Place:
    """One of those pages: its name and address, what it waits for, and where it leads."""

    name: str
    path: str
    query: dict[str, str]
    want: Want
    # What a passkey's answer is bound to beside the session: the request that waits.
    waiting: str
    passkey_url: str
    onward: Callable[[Begun | None], Response]
    least: Acr = Acr.SINGLE

    def address(self, **more: str) -> str:
        """The page's own address, with more in its query."""
        return f"{self.path}?{urlencode({**self.query, **more})}"


def with_query(path: str, query: dict[str, str]) -> str:
    """The address of a page."""
    return f"{path}?{urlencode(query)}"


def answer(visit: Visit, known: Owner, place: Place, **facts: Any) -> Response:
    """The page, or what the press on it leads to; ``facts`` are the page's own."""
    idp, want = visit.idp, place.want
    handle = visit.query.get("way")
    found = second_proof.standing(idp, known, want, handle, least=place.least, now=visit.now)

    def page(faults: dict[str, str], *, status: int = 200, tries_left: int | None = None) -> Response:
        return visit.page(
            place.name,
            status=status,
            faults=faults,
            **_shown(visit, known, place, found, faults, tries_left),
            **facts,
        )

    if not visit.pressed:
        return page({})
    if "credential" in visit.form:
        return by_passkey(visit, known, place, page)
    if found.way is None or found.way.kind is ProofKind.PASSKEY:
        return page({})
    sends = found.way.contact is not None
    if sends and ("resend" in visit.form or (found.sent is None and "code" not in visit.form)):
        return _send(visit, known, place, found, page)
    printed = found.way.kind is ProofKind.RECOVERY_CODE
    form = (RecoveryProofForm if printed else SecondProofForm).read(visit.form)
    if faults := form.faults():
        return page({"code": faults["code"]} if "code" in faults else {"page": "form_expired"})
    outcome = second_proof.by_code(
        idp,
        known,
        want,
        found,
        form.code.data or "",
        visit.browser,
        trust=bool(form.trust_browser.data),
        now=visit.now,
        now_ms=visit.now_ms,
    )
    match outcome:
        case Proven(begun):
            return visit.signed_in(place.onward(begun), begun)
        case AlreadyProven():
            return place.onward(None)
        case Limited(retry_after):
            return later(page({"page": again_in("throttled", retry_after)}, status=429), retry_after)
        case Refused(fault, tries_left):
            return page({"code": fault}, tries_left=tries_left)


def _send(
    visit: Visit,
    known: Owner,
    place: Place,
    found: Standing,
    page: Callable[..., Response],
) -> Response:
    sent = second_proof.send(visit.idp, known, place.want, found, visit.browser, now=visit.now)
    match sent:
        case NotYet(wait):
            return later(page({"page": again_in("resend_too_early", wait)}, status=429), wait)
        case Limited(retry_after):
            return later(page({"page": again_in("resend_limit", retry_after)}, status=429), retry_after)
    handle = "" if found.way is None else found.way.handle
    again = {} if found.sent is None else {"sent": "again"}
    return visit.go(place.path, **place.query, way=handle, **again)


def by_passkey(visit: Visit, known: Owner, place: Place, page: Callable[..., Response]) -> Response:
    """Take a passkey's answer; ``page`` makes the page from its faults, where it did not do."""
    outcome = second_proof.by_passkey(
        visit.idp,
        known,
        place.want,
        place.waiting,
        visit.form.get("credential", ""),
        visit.browser,
        now=visit.now,
        now_ms=visit.now_ms,
    )
    match outcome:
        case Proven(begun):
            return visit.signed_in(place.onward(begun), begun)
        case NotAccepted():
            return page({"page": "passkey_refused"})


def _shown(
    visit: Visit,
    known: Owner,
    place: Place,
    found: Standing,
    faults: dict[str, str],
    tries_left: int | None,
) -> dict[str, Any]:
    way, opened = found.way, found.ways.open
    challenge = None if found.sent is None else found.sent.challenge
    has_passkey = any(one.kind is ProofKind.PASSKEY for one in opened)
    first_code = next((one for one in opened if one.kind is not ProofKind.PASSKEY), None)
    return {
        "stage": _stage(found),
        "username": known.profile.username.text,
        "passkey_url": place.passkey_url if has_passkey else None,
        "code_url": None if first_code is None else place.address(way=first_code.handle),
        "others": [
            {"url": place.address(way=one.handle), "kind": WORDS_OF[one.kind], "mask": _mask(one)}
            for one in opened
            if way is not None and one.handle != way.handle and one.kind is not ProofKind.PASSKEY
        ],
        "held": [
            {"kind": WORDS_OF[one.kind], "mask": _mask(one), "until": one.held_until}
            for one in found.ways.held
        ],
        **code_facts(visit, challenge, None if way is None else way.contact, faults, tries_left),
    }


def code_facts(
    visit: Visit,
    challenge: Challenge | None,
    contact: Contact | None,
    faults: dict[str, str],
    tries_left: int | None,
) -> dict[str, Any]:
    """What a page says of a code that went to a contact, or is about to (``codes.html``)."""
    # The last wrong try ended the code, whatever was read before it.
    over = challenge is None or not challenge.live(visit.now) or faults.get("code") == "code_expired"
    return {
        "channel": "email" if contact is not None and contact.kind is ContactKind.EMAIL else "sms",
        "sent_to": "" if contact is None else contact.masked,
        "expires_in": 0 if over or challenge is None else challenge.expires_at - visit.now,
        "resend_in": proving.wait(visit.idp, challenge, now=visit.now),
        "resent": "sent" in visit.query,
        "tries_left": tries_left,
    }


def _stage(found: Standing) -> str:
    """``none``: nothing confirms; ``passkey``; ``app``, ``printed``: a code of one's own; ``send``: a press
    sends one; ``code``: it was sent."""
    if found.way is None:
        return "none"
    if found.way.kind is ProofKind.PASSKEY:
        return "passkey"
    if found.way.contact is None:
        return WORDS_OF[found.way.kind]
    return "send" if found.sent is None else "code"


def _mask(way: Way) -> str:
    return "" if way.contact is None else way.contact.masked
