"""Registration with an activation code, which stands for the proof of a contact (*Activation code*).

::

    code ──▶ own contacts, masked ──one chosen──▶ password, unless chosen here ──▶ registered
       └──none on file that can be used──▶ username typed ──▶ password ──▶ challenge ──▶ registered

The code is used up when the account is born, not before. A username that is typed must be proven like any
other, and behaves like data that did not match where it is somebody else's.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from idp.accounts.audit import Event
from idp.accounts.challenge import Purpose
from idp.accounts.enrolment import Enrolment, Typed
from idp.accounts.matching import Reason
from idp.accounts.offers import Offer
from idp.accounts.pumping import may_be_typed
from idp.accounts.records import CustomerRecord
from idp.flows import activation, birth, identify, judging, offering, passwords, register, throttle
from idp.flows.activation import Found, Wrong
from idp.flows.birth import Beaten, Evidence, Registered
from idp.flows.browser import Browser
from idp.flows.identify import Chosen, Next, NotOffered
from idp.flows.idp import Idp
from idp.flows.passwords import PasswordRefused
from idp.flows.proving import Limited, NotYet, Sent
from idp.flows.register import AlreadyDone, UnderWay
from idp.store import audit, challenges, enrolments
from idp.store.accounts import ACTIVATION
from idp.store.database import Tx
from idp.values import Contact, Handle, Identifier, MobileNumber, ProofKind


class Choice(StrEnum):
    """How the username is chosen."""

    CONTACTS = "contacts"
    USERNAME = "username"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The code is good; ``handle`` is what the browser is to hold of a new enrolment."""

    choice: Choice
    handle: Handle | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class HasAccount:
    """The code is good, and its customer registered before: told, since whoever holds it is the customer."""


@dataclass(frozen=True, slots=True)
class Void:
    """The code was used, replaced or expired meanwhile, or its customer may not register any more."""


@dataclass(frozen=True, slots=True)
class NotUsable:
    """A number that is nobody's mobile, or of a country that is not let in."""


def accept(
    idp: Idp,
    identifier: Identifier,
    code: str,
    *,
    known: UnderWay | None,
    interaction_id: str | None,
    language: str,
    browser: Browser,
    now: int,
) -> Accepted | HasAccount | Wrong | Limited:
    """Take an activation code; the registration goes on with the enrolment of this browser, or a new one.

    Raises ``Malformed`` and ``RegistryDown`` as ``activation.look_up``.
    """
    found = activation.look_up(idp, identifier, code, browser=browser, now=now)
    if not isinstance(found, Found):
        return found
    limited = identify.begin_brake(idp, known, browser.source, now=now)
    if limited is not None:
        return limited
    own = offering.own(idp, identifier, (found.record,), None, now=now)
    judged = judging.by_activation(
        idp, Typed(identify.NOBODY), identifier, found.record.customer_number, now=now
    )
    if judged.reason is Reason.ALREADY_REGISTERED:
        return HasAccount()
    if judged.record is None:
        return Wrong()
    handle = idp.entropy.handle()
    enrolment = (
        known.enrolment
        if known is not None
        else identify.unchosen(idp, identifier, interaction_id=interaction_id, language=language, now=now)
    )
    options = offering.shown(idp, own)
    sealed = enrolments.seal_offer(idp.sealer, enrolment.id, Offer(identifier, options))
    sealed_typed = enrolments.seal_typed(idp.sealer, enrolment.id, enrolment.typed)
    with idp.writing() as tx:
        if known is None:
            enrolments.insert_enrolment(tx, enrolment, handle_digest=handle.digest, sealed_typed=sealed_typed)
        enrolments.keep_offer(tx, enrolment.id, sealed, activation=found.digest.hex(), now=now)
        audit.add(
            tx,
            Event.ACTIVATION_CODE_ACCEPTED,
            at=now,
            actor=idp.sealer.pseudonym(f"customer:{found.record.customer_number}"),
            source=throttle.pseudonym_of_source(idp, browser.source),
            details={"enrolment": enrolment.id, "case": enrolment.case_number},
        )
    choice = Choice.CONTACTS if options else Choice.USERNAME
    return Accepted(choice, handle if known is None else None)


def choose(
    idp: Idp, known: UnderWay, handle: str, browser: Browser, *, now: int, now_ms: int
) -> Chosen | Registered | AlreadyDone | NotOffered | Void:
    """Take one of the contacts on file as username; with a password chosen before, the account is born.

    Raises ``RegistryDown``.
    """
    stored = identify.stored_offer(idp, known)
    option = None if stored is None else stored[1].chosen(handle)
    if stored is None or option is None:
        return NotOffered()
    sealed_offer, offer = stored
    typed = replace(known.enrolment.typed, username=option.contact, identifier=offer.identifier)
    judged = judging.again(idp, typed, activation=known.enrolment.activation, now=now)
    if judged.record is None:
        return Void()
    enrolment = identify.matched(known.enrolment, typed, judged)
    sealed_typed = enrolments.seal_typed(idp.sealer, enrolment.id, typed)
    with idp.writing() as tx:
        kept = enrolments.choose_contact(
            tx, enrolment, sealed_typed=sealed_typed, from_offer=sealed_offer, now=now
        )
        if not kept:
            return NotOffered()
        challenges.end_all(tx, enrolment.id, now=now)
        register.note_match(idp, tx, enrolment, source=browser.source, now=now)
    if enrolment.password_hash is None:
        return Chosen(Next.PASSWORD)
    return _complete(idp, enrolment, judged.record, enrolment.password_hash, browser, now=now, now_ms=now_ms)


def choose_username(
    idp: Idp, known: UnderWay, contact: Contact, *, source: str, now: int
) -> Chosen | NotUsable | NotOffered | Void | NotYet | Limited:
    """Take a typed contact as username, where none is on file; it is proven by a challenge.

    One that is somebody else's gets a challenge without right answer: this page tells nobody whose contacts
    are on file either. Raises ``RegistryDown``.
    """
    stored = identify.stored_offer(idp, known)
    if stored is None or stored[1].options or known.enrolment.activation is None:
        return NotOffered()
    countries = idp.settings.registration.mobile_countries
    if isinstance(contact, MobileNumber) and may_be_typed(contact, countries) is not None:
        return NotUsable()
    sealed_offer, offer = stored
    typed = replace(known.enrolment.typed, username=contact, identifier=offer.identifier)
    judged = judging.again(idp, typed, activation=known.enrolment.activation, now=now)
    if judged.record is None and judged.reason not in _SOMEBODY_ELSES:
        return Void()
    enrolment = identify.matched(known.enrolment, typed, judged)
    latest = known.challenge if known.enrolment.typed.username == contact else None
    return identify.take(idp, enrolment, sealed_offer, latest, source=source, now=now)


_SOMEBODY_ELSES = frozenset({Reason.SHARED_CONTACT, Reason.AGENCY_CONTACT, Reason.CONTACT_TAKEN})


def choose_password(
    idp: Idp, known: UnderWay, password: str, browser: Browser, *, now: int, now_ms: int
) -> Registered | AlreadyDone | PasswordRefused | Limited | NotYet | Sent | NotOffered | Void:
    """Take the password: of a contact on file the account is born, of a typed one the challenge is sent.

    ``NotOffered`` while no contact is chosen. Raises ``Overloaded`` and ``RegistryDown``.
    """
    enrolment = known.enrolment
    offer = identify.offer_of(idp, known)
    typed = enrolment.typed
    if offer is None or typed.identifier is None or typed.username == identify.NOBODY:
        return NotOffered()
    if not any(option.contact == typed.username for option in offer.options):
        if offer.options:
            return NotOffered()
        return register.choose_password(idp, known, password, source=browser.source, now=now)
    record = judging.again(idp, typed, activation=enrolment.activation, now=now).record
    if record is None or record.customer_number != enrolment.customer_number:
        return Void()
    hashed = passwords.hashed(
        idp,
        password,
        passwords.personal_on_file(
            idp, record, username=typed.username, tax_code=record.tax_code, also=typed.names
        ),
        purpose=Purpose.REGISTRATION,
        subject=enrolment.id,
        channel=typed.username.kind,
        source=browser.source,
        now=now,
    )
    if not isinstance(hashed, str):
        return hashed
    with idp.writing() as tx:
        enrolments.choose_password(tx, enrolment.id, hashed, now=now)
    return _complete(idp, enrolment, record, hashed, browser, now=now, now_ms=now_ms)


def _complete(
    idp: Idp,
    enrolment: Enrolment,
    record: CustomerRecord,
    password_hash: str,
    browser: Browser,
    *,
    now: int,
    now_ms: int,
) -> Registered | AlreadyDone | Void:
    digest, number = bytes.fromhex(enrolment.activation or ""), record.customer_number

    def spend(tx: Tx) -> bool:
        done = activation.spend(tx, digest, number, now=now)
        return done and enrolments.complete(tx, enrolment.id, customer_number=number, now=now) is not None

    evidence = Evidence(ProofKind.ACTIVATION_CODE, ACTIVATION, spend)
    born = birth.give(idp, enrolment, record, password_hash, evidence, browser, now=now, now_ms=now_ms)
    if not isinstance(born, Beaten):
        return born
    over = register.over(idp, enrolment)
    return over if isinstance(over, AlreadyDone) else Void()
