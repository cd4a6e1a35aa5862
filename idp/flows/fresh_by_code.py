"""Fresh authentication by a code (``flows.fresh``): sent to a contact of one's own, and answered.

::

    ways ──chosen, sent by a press──▶ code ──right──▶ proven: the session goes on with a new handle

Which contacts do ``flows.confirming`` says, as for every other page: none where a passkey confirms.
"""

from dataclasses import dataclass

from idp.accounts.challenge import Challenge, Purpose
from idp.flows import birth, confirming, fresh, proving
from idp.flows.browser import Browser
from idp.flows.confirming import Use
from idp.flows.fresh import Beaten, Confirmed, Needs, Owner, Unknown
from idp.flows.idp import Idp
from idp.flows.proving import Late, Limited, NotYet, Question, Refused, Sent
from idp.flows.wording import Purpose as Letter
from idp.store import challenges
from idp.values import Contact


@dataclass(frozen=True, slots=True)
class Way:
    """A contact that can get a code; ``handle`` means nothing in another session."""

    handle: str
    contact: Contact


@dataclass(frozen=True, slots=True)
class AlreadyConfirmed:
    """The same answer was sent twice, and the first one did it."""


def ways(idp: Idp, known: Owner, *, now: int) -> tuple[Way, ...]:
    """Where a code can go. Raises ``RegistryDown``."""
    found = confirming.ways(idp, known, Use.CREDENTIALS, now=now).open
    return tuple(Way(way.handle, way.contact) for way in found if way.contact is not None)


def sent_to(idp: Idp, known: Owner, *, now: int) -> tuple[Way, Challenge] | None:
    """The contact whose code is asked for, if it still is one of ``ways``. Raises ``RegistryDown``."""
    challenge = _latest(idp, known)
    # One that was answered is over; one that expired, or has no try left, is shown as that.
    if challenge is None or challenge.ended_at is not None:
        return None
    contact = challenges.open_contact(idp.sealer, challenge.id, challenge.sealed_contact)
    way = next((way for way in ways(idp, known, now=now) if way.contact == contact), None)
    return None if way is None else (way, challenge)


def send(idp: Idp, known: Owner, handle: str, *, source: str, now: int) -> Sent | NotYet | Limited | Unknown:
    """Send a code to one of ``ways``. Raises ``RegistryDown``."""
    way = next((way for way in ways(idp, known, now=now) if way.handle == handle), None)
    if way is None:
        return Unknown()
    latest = _latest(idp, known)
    before = None if latest is None else challenges.open_contact(idp.sealer, latest.id, latest.sealed_contact)
    question = Question(
        purpose=Purpose.FRESH,
        subject=known.session_id,
        contact=way.contact,
        letter=Letter.CONFIRM_CODE,
        language=known.account.language,
        life=idp.settings.codes.sign_in_life,
    )
    same = latest if before == way.contact else None
    return proving.send(idp, question, same, source=source, now=now, signed_in=True)


def by_code(
    idp: Idp, known: Owner, code: str, browser: Browser, *, now: int, now_ms: int
) -> Confirmed | AlreadyConfirmed | Refused | Limited:
    """Take an answer to the code that was sent; every one costs a try before it is looked at.

    Raises ``RegistryDown``.
    """
    found = sent_to(idp, known, now=now)
    if found is None:
        return Refused("code_expired")
    way, challenge = found
    verdict = proving.judge(
        idp,
        challenge,
        code,
        way.contact,
        purpose=Purpose.FRESH,
        subject=known.session_id,
        source=browser.source,
        account=known.account.sub,
        now=now,
    )
    match verdict:
        case Refused() | Limited():
            return verdict
        case Late():
            return _late(idp, browser, now=now, now_ms=now_ms)
    try:
        begun = fresh.proven(
            idp, known, browser, birth.proof_by(way.contact), challenge, now=now, now_ms=now_ms
        )
    except Beaten:
        return _late(idp, browser, now=now, now_ms=now_ms)
    return Confirmed(begun)


def _late(idp: Idp, browser: Browser, *, now: int, now_ms: int) -> AlreadyConfirmed | Refused:
    """What an answer that came too late finds: of a form sent twice, the second the first one's work."""
    # On SQLite many share a commit, and the faster one's may be still to come: wait for it.
    with idp.writing():
        pass
    # The first one changed the handle, so that this browser's old one finds nobody.
    known = fresh.owner(idp, browser, now=now)
    if known is None or fresh.is_fresh(idp, known, Needs.CONTACT, now_ms=now_ms):
        return AlreadyConfirmed()
    return Refused("code_expired")


def _latest(idp: Idp, known: Owner) -> Challenge | None:
    with idp.reading() as tx:
        found = challenges.latest(tx, known.session_id)
    return found if found is not None and found.purpose is Purpose.FRESH else None
