"""A number is typed: a code goes there, if it can be one of the customer's own."""

from dataclasses import dataclass

from idp.accounts.audit import Detail, Event
from idp.accounts.challenge import Challenge, Purpose
from idp.accounts.lockout import Brake
from idp.accounts.lockout import Throttled as Braked
from idp.accounts.mobile_change import ChangeState, MobileChange
from idp.accounts.pumping import may_be_typed
from idp.flows import fresh, proving, throttle
from idp.flows.fresh import NotFresh, Owner
from idp.flows.idp import Idp
from idp.flows.mobile import numbers
from idp.flows.proving import Asked, Limited, NotYet, Question
from idp.flows.sessions import SessionGone
from idp.flows.wording import Purpose as Letter
from idp.store import challenges, mobile_changes
from idp.store.mobile_changes import ChangeRow
from idp.values import ContactKind, MobileNumber


@dataclass(frozen=True, slots=True)
class Sent:
    """A code is on its way to the number."""


@dataclass(frozen=True, slots=True)
class NotUsable:
    """The number cannot be registered; ``fault`` says what the page is to say."""

    fault: str


@dataclass(frozen=True, slots=True)
class Proving:
    """A number whose code is asked for in this session."""

    change: ChangeRow
    number: MobileNumber
    challenge: Challenge


def begin(
    idp: Idp, known: Owner, number: MobileNumber, *, old_lost: bool, source: str, now: int
) -> Sent | NotYet | NotUsable | Limited | NotFresh:
    """Send a code to a number that the customer typed; a change that was under way ends.

    Whose else it may be is judged once it is proven, so that this page tells nobody. Raises ``RegistryDown``.
    """
    record = idp.registry.by_customer_number(known.account.customer_number)
    on_file = record is not None and any(one.contact == number for one in record.contacts)
    fault = None if on_file else may_be_typed(number, idp.settings.registration.mobile_countries)
    if fault is not None:
        return NotUsable(fault)
    present = numbers.mobile_of(idp, known.account)
    if present is not None and not present.lost and present.number == number:
        return NotUsable("mobile_same")
    before = under_way(idp, known)
    if before is not None and before.number == number and before.change.old_lost == old_lost:
        return _send(idp, known, before.change.id, number, before.challenge, source=source, now=now)
    brakes = _brakes(idp, known)
    decision = throttle.spend(idp, brakes, now=now)
    if isinstance(decision, Braked):
        return proving.limited(idp, brakes, decision, source, Purpose.MOBILE, ContactKind.MOBILE, now=now)
    change = MobileChange(
        id=idp.entropy.identifier(),
        sub=known.account.sub,
        mobile=number,
        old_lost=old_lost,
        state=ChangeState.PROVING,
        asked_at=now,
    )
    latest = before.challenge if before is not None and before.number == number else None
    question = _question(idp, known, change.id, number)
    asked = proving.ask(idp, question, latest, source=source, now=now, signed_in=True)
    if isinstance(asked, NotYet | Limited):
        throttle.give_back(idp, brakes, now=now)
        return asked
    sealed = mobile_changes.seal(idp.sealer, change.id, number)
    try:
        with idp.writing() as tx:
            fresh.hold(tx, known)
            mobile_changes.begin(tx, change, sealed=sealed, mobile_index=idp.sealer.contact_index(number))
            proving.write(tx, asked, now=now)
            details: dict[str, Detail] = {"change": change.id, "session": known.session_id}
            numbers.note(idp, tx, Event.MOBILE_ASKED, change.sub, details, now=now)
    except SessionGone:
        return NotFresh()
    idp.post_waiting.set()
    return Sent()


def under_way(idp: Idp, known: Owner) -> Proving | None:
    """The change whose code this session asked for."""
    with idp.reading() as tx:
        row = mobile_changes.current(tx, known.account.sub)
        if row is None or row.state != ChangeState.PROVING:
            return None
        challenge = challenges.latest(tx, subject_of(idp, known, row.id))
    if challenge is None:
        return None
    return Proving(row, mobile_changes.open_number(idp.sealer, row.id, row.sealed_mobile), challenge)


def resend(idp: Idp, known: Owner, before: Proving, *, source: str, now: int) -> Sent | NotYet | Limited:
    """Send another code to the same number; the one before it ends."""
    return _send(idp, known, before.change.id, before.number, before.challenge, source=source, now=now)


def _send(
    idp: Idp,
    known: Owner,
    change_id: str,
    number: MobileNumber,
    latest: Challenge | None,
    *,
    source: str,
    now: int,
) -> Sent | NotYet | Limited:
    question = _question(idp, known, change_id, number)
    asked = proving.ask(idp, question, latest, source=source, now=now, signed_in=True)
    if not isinstance(asked, Asked):
        return asked
    with idp.writing() as tx:
        proving.write(tx, asked, now=now)
    idp.post_waiting.set()
    return Sent()


def _question(idp: Idp, known: Owner, change_id: str, number: MobileNumber) -> Question:
    return Question(
        purpose=Purpose.MOBILE,
        subject=subject_of(idp, known, change_id),
        contact=number,
        letter=Letter.MOBILE_CODE,
        language=known.account.language,
        life=idp.settings.codes.sign_in_life,
    )


def subject_of(idp: Idp, known: Owner, change_id: str) -> str:
    """What the code is sent for: session and change, so that no other of either answers it."""
    return idp.sealer.pseudonym(f"mobile:{change_id}:{known.session_id}")


def _brakes(idp: Idp, known: Owner) -> tuple[Brake, ...]:
    whom = idp.sealer.pseudonym(f"sub:{known.account.sub}")
    return (Brake(f"mobile-account:{whom}", idp.settings.limits.mobile_changes_per_account),)
