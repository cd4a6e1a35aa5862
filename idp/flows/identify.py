"""Who is not recognised identifies themselves by tax code or VAT number (journeys C2 to C5).

::

    identifier ──▶ contacts, masked ──one chosen──▶ password, unless one was chosen here ──▶ challenge ──▶ …
                       └──none of these, or insured through an employer──▶ told where help is

Every identifier gets contacts to choose, and every choice a challenge: of a decoy, and of a contact that may
not be a username, one that has no right answer. The truth goes to the contact, where it is on file.
"""

from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from idp.accounts.audit import Event
from idp.accounts.challenge import Challenge, Purpose
from idp.accounts.enrolment import Enrolment, Typed
from idp.accounts.lockout import Throttled as Braked
from idp.accounts.matching import Reason
from idp.accounts.offers import Offer
from idp.flows import judging, offering, proving, register, throttle
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.flows.judging import Judged
from idp.flows.proving import Asked, Limited, NotYet
from idp.flows.register import UnderWay
from idp.store import audit, challenges, enrolments
from idp.values import ContactKind, EmailAddress, Handle, Identifier, ProfileKind

NOBODY = EmailAddress("nothing-chosen@nobody.invalid")
"""Stands for the contact until one is chosen; nothing is ever sent there."""


@dataclass(frozen=True, slots=True)
class Offered:
    """Contacts are there to choose; ``handle`` is what the browser is to hold of a new enrolment."""

    handle: Handle | None = field(repr=False)


class Next(StrEnum):
    """What follows the choice of a contact."""

    PASSWORD = "password"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The contact is kept. ``next``: a password is to be chosen, or a challenge is on its way."""

    next: Next


@dataclass(frozen=True, slots=True)
class NotOffered:
    """It is none of the contacts that this browser was shown."""


class Wanted(StrEnum):
    """What somebody asks for who can choose none."""

    NONE_OF_THESE = "none_of_these"
    COLLECTIVE = "collective"


def identify(
    idp: Idp,
    identifier: Identifier,
    *,
    born: date | None,
    known: UnderWay | None,
    interaction_id: str | None,
    language: str,
    browser: Browser,
    now: int,
) -> Offered | Limited:
    """Offer the contacts of an identifier, within the enrolment of this browser or a new one.

    ``born``: the birth date that was typed, where it is asked. Raises ``RegistryDown``.
    """
    limited = begin_brake(idp, known, browser.source, now=now)
    if limited is not None:
        return limited
    made = offering.offer(
        idp,
        identifier,
        browser=browser,
        now=now,
        profile=None if known is None else known.enrolment.typed.profile,
        born=born,
    )
    if isinstance(made, Limited):
        return made
    handle = idp.entropy.handle()
    enrolment = (
        known.enrolment
        if known is not None
        else unchosen(idp, identifier, interaction_id=interaction_id, language=language, now=now)
    )
    sealed = enrolments.seal_offer(idp.sealer, enrolment.id, made)
    sealed_typed = enrolments.seal_typed(idp.sealer, enrolment.id, enrolment.typed)
    first = _first(idp, enrolment, f"identified:{identifier.canonical}", now=now)
    with idp.writing() as tx:
        if known is None:
            enrolments.insert_enrolment(tx, enrolment, handle_digest=handle.digest, sealed_typed=sealed_typed)
        enrolments.keep_offer(tx, enrolment.id, sealed, now=now)
        if first:
            audit.add(
                tx,
                Event.REGISTRATION_IDENTIFIED,
                at=now,
                source=throttle.pseudonym_of_source(idp, browser.source),
                details={
                    "enrolment": enrolment.id,
                    "case": enrolment.case_number,
                    "profile": enrolment.profile,
                    "reason": made.reason,
                },
            )
    return Offered(handle if known is None else None)


def begin_brake(idp: Idp, known: UnderWay | None, source: str, *, now: int) -> Limited | None:
    """Count an enrolment that is about to begin; going on with one is free."""
    if known is not None:
        return None
    brakes = throttle.registration_brakes(idp, source)
    decision = throttle.spend(idp, brakes, now=now)
    if not isinstance(decision, Braked):
        return None
    return proving.limited(idp, brakes, decision, source, Purpose.REGISTRATION, ContactKind.EMAIL, now=now)


def unchosen(
    idp: Idp, identifier: Identifier, *, interaction_id: str | None, language: str, now: int
) -> Enrolment:
    """A new enrolment of somebody who typed nothing but an identifier; no answer is right in it until a
    contact is chosen."""
    # Eleven digits are a business's, but for a provisional tax code; nothing but words depends on it.
    profile = ProfileKind.PERSON if identifier.vat_number is None else ProfileKind.COMPANY
    return register.enrolled(
        idp,
        Typed(NOBODY, profile, identifier=identifier),
        Judged(None, Reason.NONE_CHOSEN),
        known=None,
        interaction_id=interaction_id,
        language=language,
        now=now,
    )


def nothing_chosen(known: UnderWay) -> bool:
    """Whether a contact is still to be chosen before anything can be sent."""
    return known.enrolment.typed.username == NOBODY


def offer_of(idp: Idp, known: UnderWay) -> Offer | None:
    """The contacts that this enrolment's browser was shown."""
    found = stored_offer(idp, known)
    return None if found is None else found[1]


def choose(
    idp: Idp, known: UnderWay, handle: str, *, source: str, now: int
) -> Chosen | NotOffered | NotYet | Limited:
    """Take one of the contacts as username, and send the challenge there once there is a password.

    Raises ``RegistryDown``.
    """
    stored = stored_offer(idp, known)
    if stored is None:
        return NotOffered()
    sealed_offer, offer = stored
    option = offer.chosen(handle)
    if option is None:
        return NotOffered()
    typed = replace(known.enrolment.typed, username=option.contact, identifier=offer.identifier)
    judged = judging.by_identifier(idp, typed, offer.identifier, now=now)
    enrolment = matched(known.enrolment, typed, judged)
    return take(idp, enrolment, sealed_offer, _latest_of(known, typed), source=source, now=now)


def take(
    idp: Idp, enrolment: Enrolment, sealed_offer: bytes, latest: Challenge | None, *, source: str, now: int
) -> Chosen | NotOffered | NotYet | Limited:
    """Keep the contact chosen in an enrolment, and send the challenge there once there is a password.

    ``sealed_offer`` is what it was chosen from, ``latest`` the challenge that went to the same choice, which
    is good while no other can be sent.
    """
    asked: Asked | NotYet | None = None
    if enrolment.password_hash is not None:
        answer = proving.ask(idp, register.question(idp, enrolment), latest, source=source, now=now)
        if isinstance(answer, Limited) or (isinstance(answer, NotYet) and latest is None):
            return answer
        asked = answer
    sealed_typed = enrolments.seal_typed(idp.sealer, enrolment.id, enrolment.typed)
    first = _first(idp, enrolment, f"chosen:{enrolment.typed.username.text}", now=now)
    with idp.writing() as tx:
        if not enrolments.choose_contact(
            tx, enrolment, sealed_typed=sealed_typed, from_offer=sealed_offer, now=now
        ):
            return NotOffered()
        if asked is None:
            challenges.end_all(tx, enrolment.id, now=now)
        elif not isinstance(asked, NotYet):
            proving.write(tx, asked, now=now)
        if first:
            register.note_match(idp, tx, enrolment, source=source, now=now)
    if asked is None:
        return Chosen(Next.PASSWORD)
    idp.post_waiting.set()
    return Chosen(Next.VERIFY)


def matched(enrolment: Enrolment, typed: Typed, judged: Judged) -> Enrolment:
    """The enrolment with another contact, and what that made of it."""
    number = None if judged.record is None else judged.record.customer_number
    return replace(enrolment, typed=typed, customer_number=number, reason=judged.reason)


def _latest_of(known: UnderWay, typed: Typed) -> Challenge | None:
    """The challenge that went to the same choice.

    One that went to data typed before, right or wrong, did not: whether it did must not be seen in the wait.
    """
    same = known.enrolment.typed.username == typed.username
    same = same and known.enrolment.typed.identifier == typed.identifier
    return known.challenge if same else None


def ask_help(idp: Idp, known: UnderWay | None, wanted: Wanted, *, source: str, now: int) -> None:
    """Note that none of the contacts could be chosen, for whoever answers the telephone."""
    if known is None or not _first(idp, known.enrolment, f"wanted:{wanted}", now=now):
        return
    enrolment = known.enrolment
    with idp.writing() as tx:
        audit.add(
            tx,
            Event.REGISTRATION_HELP_WANTED,
            at=now,
            source=throttle.pseudonym_of_source(idp, source),
            details={"enrolment": enrolment.id, "case": enrolment.case_number, "wanted": wanted},
        )


def _first(idp: Idp, enrolment: Enrolment, what: str, *, now: int) -> bool:
    """Whether this is done for the first time in an enrolment: of repetitions the trail keeps one line."""
    key = idp.sealer.pseudonym(f"{enrolment.id}:{what}")
    return idp.ephemera.bump(f"noted:{key}", idp.settings.lifetimes.enrolment, now) == 1


def stored_offer(idp: Idp, known: UnderWay) -> tuple[bytes, Offer] | None:
    """The same with its sealed form, by which a choice is tied to what was shown."""
    with idp.reading() as tx:
        sealed = enrolments.sealed_offer(tx, known.enrolment.id)
    if sealed is None:
        return None
    return sealed, enrolments.open_offer(idp.sealer, known.enrolment.id, sealed)
