"""Who it is: a code or number of theirs is typed, alone or with an activation code."""

from dataclasses import dataclass, field, replace
from datetime import date

from idp.accounts import enrolment as cases
from idp.accounts.audit import Event
from idp.accounts.challenge import Purpose
from idp.accounts.lockout import Throttled as Braked
from idp.accounts.offers import Option
from idp.accounts.recovery import Obstacle, Owner, Recovery, Stage
from idp.flows import activation, offering, proving, throttle
from idp.flows.activation import Wrong as WrongCode
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.flows.proving import Limited
from idp.flows.recover import progress
from idp.flows.recover.progress import UnderWay
from idp.store import accounts, audit, recoveries
from idp.values import ContactKind, Handle, Identifier, RecordState


@dataclass(frozen=True, slots=True)
class Begun:
    """There is a list to choose from; ``handle`` is what the browser is to hold of a new recovery."""

    handle: Handle | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class NotRegistered:
    """The activation code is good, and its customer has no account yet: it registers them as well."""


@dataclass(frozen=True, slots=True)
class NoContact:
    """The activation code is good, and there is nothing to sign in with: the username was freed since its
    contact left the registry, and no other contact of the customer's own is there."""


def begin(
    idp: Idp,
    identifier: Identifier,
    browser: Browser,
    *,
    known: UnderWay | None,
    interaction_id: str | None,
    language: str,
    now: int,
    born: date | None = None,
) -> Begun | Limited:
    """Look up whose contacts to show; the same identifier in the same browser goes on where it stands.

    Raises ``RegistryDown``.
    """
    offer = offering.offer(idp, identifier, browser=browser, now=now, born=born)
    if isinstance(offer, Limited):
        return offer
    if known is not None and _goes_on(known, identifier, offer.options):
        return Begun(None)
    brakes = throttle.registration_brakes(idp, browser.source)
    decision = throttle.spend(idp, brakes, now=now)
    if isinstance(decision, Braked):
        kind = ContactKind.EMAIL
        return proving.limited(idp, brakes, decision, browser.source, Purpose.RECOVERY, kind, now=now)
    handle = idp.entropy.handle()
    recovery = replace(
        _fresh(idp, identifier, offer.options, interaction_id, language, now=now),
        obstacle=None if offer.reason is None else Obstacle(offer.reason),
    )
    _keep_new(idp, recovery, handle, browser, now=now)
    return Begun(handle)


def _fresh(
    idp: Idp,
    identifier: Identifier,
    options: tuple[Option, ...],
    interaction_id: str | None,
    language: str,
    *,
    now: int,
) -> Recovery:
    return Recovery(
        id=idp.entropy.identifier(),
        case_number=cases.case_number(idp.entropy.octets(cases.CASE_OCTETS)),
        language=language,
        created_at=now,
        expires_at=now + idp.settings.recovery.life,
        identifier=identifier,
        options=options,
        interaction_id=interaction_id,
    )


def _keep_new(idp: Idp, recovery: Recovery, handle: Handle, browser: Browser, *, now: int) -> None:
    """Store a recovery that begins, for this browser alone."""
    sealed = recoveries.seal(idp.sealer, recovery)
    number = next((o.customer_number for o in recovery.options if o.customer_number is not None), "")
    actor = idp.sealer.pseudonym(f"customer:{number}")
    with idp.writing() as tx:
        recoveries.insert_recovery(
            tx, recovery, handle_digest=progress.digest_for(handle, browser), sealed_offer=sealed
        )
        audit.add(
            tx,
            Event.RECOVERY_BEGUN,
            at=now,
            actor=actor if number else None,
            source=throttle.pseudonym_of_source(idp, browser.source),
            details=progress.case_of(recovery),
        )


def _goes_on(known: UnderWay, identifier: Identifier, options: tuple[Option, ...]) -> bool:
    recovery = known.recovery
    return (
        known.stage not in (Stage.OVER, Stage.COMPLETED, Stage.EXPIRED)
        and recovery.identifier == identifier
        and [(o.contact, o.customer_number) for o in recovery.options]
        == [(o.contact, o.customer_number) for o in options]
    )


def activate(
    idp: Idp,
    identifier: Identifier,
    typed: str,
    browser: Browser,
    *,
    interaction_id: str | None,
    language: str,
    now: int,
) -> Begun | NotRegistered | NoContact | WrongCode | Limited:
    """Begin with an activation code, which stands for the contact and for the second proof (journey H).

    It is used up when the password is set. Raises ``Malformed`` for what is no code at all, and
    ``RegistryDown``.
    """
    found = activation.look_up(idp, identifier, typed, browser=browser, now=now)
    if isinstance(found, WrongCode | Limited):
        return found
    with idp.reading() as tx:
        account = accounts.find_by_customer(tx, found.record.customer_number)
    if account is None:
        return NotRegistered()
    # The registry may know of a death before the account does.
    if account.state != accounts.ACTIVE or found.record.state is RecordState.DECEASED:
        return WrongCode()
    username = accounts.open_profile(idp.sealer, account).username
    if account.username_index is None:
        # Freed, so perhaps another customer's by now (journey L): a contact on file takes its place.
        own = offering.own(idp, identifier, (found.record,), None, now=now)
        if not own:
            return NoContact()
        username = own[0].contact
    handle, chosen = idp.entropy.handle(), idp.entropy.identifier()
    options = (Option(chosen, username, account.customer_number),)
    recovery = replace(
        _fresh(idp, identifier, options, interaction_id, language, now=now),
        chosen=chosen,
        owner=Owner(account.sub, account.password_changed_at),
        activation=found.digest.hex(),
        proven_at=now,
        second_at=now,
    )
    _keep_new(idp, recovery, handle, browser, now=now)
    return Begun(handle)
