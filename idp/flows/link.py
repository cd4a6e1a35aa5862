"""The link beside the code (journeys B6, B7): opening it changes nothing, pressing a button completes.

::

    opened ──in the browser that asked────▶ Here ───────▶ ``confirm``: the password of the enrolment counts
       ├──in any other──▶ Elsewhere ────────────────────▶ ``claim``: family name or VAT number, a new password
       ├──in any other where somebody is signed in──▶ Occupied
       └──expired, used, replaced, unknown──▶ Over        one answer for all of them (``flows.dead_link``)

Whoever begins a registration for somebody else gains nothing when that customer presses the link: the account
comes to be in the browser that presses, with a password chosen there, and what was typed in the first one is
dropped (security bar D6, 5.2). The first browser goes on as one whose data did not match and is told nothing;
the authorization request that waits there stays there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from idp.accounts.audit import Event
from idp.accounts.challenge import Challenge, Purpose, subject_of
from idp.accounts.enrolment import Enrolment
from idp.accounts.lockout import Allowed, Brake
from idp.accounts.matching import Reason
from idp.accounts.names import surnames_agree
from idp.accounts.password import Personal
from idp.accounts.records import CustomerRecord
from idp.flows import birth, judging, passwords, proving, register, spending, throttle
from idp.flows.birth import Beaten, Evidence, Registered
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.flows.passwords import PasswordRefused
from idp.flows.proving import Limited
from idp.flows.register import AlreadyDone, UnderWay, Who
from idp.store import audit, challenges, enrolments
from idp.store.accounts import CONTACT
from idp.store.database import Tx
from idp.values import Handle, ProfileKind, VatNumber

FAMILY_NAME, VAT_NUMBER = "family_name", "vat_number"
"""What the customer is asked in a browser that did not begin."""


@dataclass(frozen=True, slots=True)
class Here:
    """This browser asked for it: one press completes."""

    enrolment: Enrolment
    challenge: Challenge


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another browser asked for it; ``asks`` is what the customer is to show here that they know."""

    enrolment: Enrolment
    challenge: Challenge
    digest: bytes = field(repr=False)
    asks: str


@dataclass(frozen=True, slots=True)
class Occupied:
    """Another account is signed in in this browser, which is to sign out first."""

    enrolment: Enrolment
    who: Who


@dataclass(frozen=True, slots=True)
class Over:
    """Expired, used, replaced by a newer one, or never there: nobody is told which."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What is typed in a browser that did not begin."""

    password: str = field(repr=False)
    family_name: str = field(default="", repr=False)
    vat_number: VatNumber | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Differs:
    """The family name or VAT number is not the customer's."""

    tries_left: int


def opened(
    idp: Idp, token: Handle | None, known: UnderWay | None, browser: Browser, *, now: int
) -> Here | Elsewhere | Occupied | Over:
    """What the link offers in this browser, which holds the enrolment ``known``. Changes nothing."""
    found = None if token is None else _live(idp, token.digest, now=now)
    if token is None or found is None:
        return Over()
    enrolment, challenge = found
    if known is not None and known.enrolment.id == enrolment.id:
        return Here(enrolment, challenge)
    who = register.who_is_signed_in(idp, browser, now=now)
    if who is not None:
        return Occupied(enrolment, who)
    return Elsewhere(enrolment, challenge, token.digest, _asked_of(idp, enrolment.profile))


def confirm(
    idp: Idp, here: Here, browser: Browser, *, now: int, now_ms: int
) -> Registered | AlreadyDone | Over:
    """Complete in the browser that asked, as its code would. Raises ``RegistryDown``."""
    outcome = register.complete(idp, here.enrolment, here.challenge, browser, now=now, now_ms=now_ms)
    if isinstance(outcome, Registered):
        spending.code_answered(
            idp, here.enrolment.typed.username, register.chosen_for(here.enrolment), now=now
        )
    return outcome if isinstance(outcome, Registered | AlreadyDone) else Over()


def claim(
    idp: Idp, elsewhere: Elsewhere, typed: Claim, browser: Browser, *, now: int, now_ms: int
) -> Registered | PasswordRefused | Differs | Limited | Over:
    """Complete in another browser than the one that asked.

    Of any number of claims at once no more than the challenge's tries learn whether they are right: a wrong
    one takes a try, the right one takes the link while a try is left, each by one statement. The right one
    leaves the tries as they are, since the first browser sees them. Raises ``RegistryDown``, and
    ``Overloaded`` when too many wait to be hashed.
    """
    enrolment = elsewhere.enrolment
    # What is typed here is judged by itself first; a fault of it says nothing about the customer.
    refused = passwords.judge(idp, typed.password, _as_typed(idp, typed))
    if refused is not None:
        return refused
    brakes = throttle.code_brakes(idp, enrolment.typed.username)
    decision = throttle.standing(idp, brakes, now=now)
    if not isinstance(decision, Allowed):
        return Limited(decision.retry_after)
    # The registry may have changed since the link was sent.
    record = judging.again(idp, enrolment.typed, now=now).record
    if record is None or record.customer_number != enrolment.customer_number:
        return Over()
    # Hashed whoever claims: time does not tell a right name that came too late from a wrong one.
    password_hash = idp.hasher.hash(typed.password)
    if not _agrees(elsewhere.asks, typed, record):
        return _differs(idp, elsewhere, brakes, browser, now=now)
    on_file = passwords.personal_on_file(
        idp, record, username=enrolment.typed.username, tax_code=record.tax_code
    )
    refused = passwords.judge(idp, typed.password, on_file)
    if refused is not None:
        return refused if _try_taken(idp, elsewhere, None, now=now) else Over()
    return _complete(idp, elsewhere, record, password_hash, browser, now=now, now_ms=now_ms)


def _differs(
    idp: Idp, elsewhere: Elsewhere, brakes: Sequence[Brake], browser: Browser, *, now: int
) -> Differs | Over:
    reason = Reason.VAT_DIFFERS if elsewhere.asks == VAT_NUMBER else Reason.NAME_DIFFERS
    taken = _try_taken(idp, elsewhere, reason, now=now)
    if taken is None:
        return Over()
    throttle.failed(idp, brakes, now=now)
    whom = throttle.pseudonym_of_contact(idp, elsewhere.enrolment.typed.username)
    throttle.otp_failed(idp, whom, browser.source, now=now)
    return Differs(taken.tries_left) if taken.tries_left else Over()


def _try_taken(idp: Idp, elsewhere: Elsewhere, reason: Reason | None, *, now: int) -> Challenge | None:
    """The challenge with what is left of it, None when no try was; with a ``reason`` the trail is told."""
    challenge = elsewhere.challenge
    with idp.writing() as tx:
        taken = challenges.take_try(
            tx, challenge.id, purpose=Purpose.REGISTRATION, subject=challenge.subject, now=now
        )
        if taken is not None and reason is not None:
            audit.add(
                tx,
                Event.CHALLENGE_FAILED,
                at=now,
                details={
                    "challenge": taken.id,
                    "purpose": taken.purpose,
                    "channel": taken.channel,
                    "reason": reason,
                    "tries_left": taken.tries_left,
                },
            )
    return taken


def _complete(
    idp: Idp,
    elsewhere: Elsewhere,
    record: CustomerRecord,
    password_hash: str,
    browser: Browser,
    *,
    now: int,
    now_ms: int,
) -> Registered | Over:
    enrolment = elsewhere.enrolment

    def spend(tx: Tx) -> bool:
        # A newer message of the first browser ends both challenges, in whatever order.
        challenges.hold(tx, enrolment.id)
        used = challenges.spend_link(tx, elsewhere.digest, now=now)
        # The link may be of a message that was asked for elsewhere: the first browser's own is open still.
        # Before the enrolment, as in the browser that began, so that neither waits for the other.
        challenges.drop_answers(tx, enrolment.id)
        used = used and enrolments.finish_elsewhere(
            tx, enrolment.id, customer_number=record.customer_number, now=now
        )
        proving.answered(tx, elsewhere.challenge, now=now)
        return used

    evidence = Evidence(birth.proof_by(enrolment.typed.username), CONTACT, spend)
    born = birth.give(idp, enrolment, record, password_hash, evidence, browser, now=now, now_ms=now_ms)
    if isinstance(born, Beaten):
        return Over()
    spending.code_answered(idp, enrolment.typed.username, register.chosen_for(enrolment), now=now)
    return born


def _live(idp: Idp, digest: bytes, *, now: int) -> tuple[Enrolment, Challenge] | None:
    """The registration that a link completes; None when it completes none."""
    found = sent_for(idp, digest, now=now)
    return None if found is None or found[0].reason is not None or not found[1].live(now) else found


def sent_for(idp: Idp, digest: bytes, *, now: int) -> tuple[Enrolment, Challenge] | None:
    """The registration under way that a link was sent for, also one that is dead; None when there is none.

    As many statements for a token that is nobody's.
    """
    with idp.reading() as tx:
        challenge = challenges.by_link(tx, digest)
        row = enrolments.by_id(tx, "" if challenge is None else subject_of(challenge))
    if challenge is None or row is None or challenge.purpose is not Purpose.REGISTRATION:
        return None
    if row.completed_at is not None or row.expires_at <= now:
        return None
    enrolment = enrolments.opened(idp.sealer, row)
    # A message that went elsewhere proves nothing about the contact that was typed since.
    sent_to = challenges.open_contact(idp.sealer, challenge.id, challenge.sealed_contact)
    return (enrolment, challenge) if sent_to == enrolment.typed.username else None


def _asked_of(idp: Idp, profile: ProfileKind) -> str:
    if profile is ProfileKind.COMPANY:
        return VAT_NUMBER
    by_vat = profile is ProfileKind.PROFESSIONAL and idp.settings.registration.vat_number == "asked"
    return VAT_NUMBER if by_vat else FAMILY_NAME


def _agrees(asks: str, typed: Claim, record: CustomerRecord) -> bool:
    if asks == FAMILY_NAME:
        return surnames_agree(typed.family_name, record.family_name)
    # A company's tax code is its VAT number, and some registries keep it there alone.
    kept = record.vat_number or record.tax_code
    return typed.vat_number is not None and kept is not None and typed.vat_number.text == kept.text


def _as_typed(idp: Idp, typed: Claim) -> Personal:
    names = (typed.family_name,) if typed.family_name else ()
    return Personal(names=names, house_words=passwords.house_words(idp))
