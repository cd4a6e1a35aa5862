"""One's own passkeys (journey E): adding, naming, removing, and the one press that undoes what was added.

Only after fresh authentication (``flows.fresh``), and worth no more than what was proven by it
(``accounts.ledger``). Every change is told to the customer's own contacts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from idp.accounts import ceremonies as rules
from idp.accounts import ledger
from idp.accounts.audit import Detail, Event
from idp.accounts.ceremonies import Made, Person, Purpose, Reason, Refused, encoded
from idp.accounts.passkey import LONGEST_NAME, MOST, Passkey, first_name, may_remove
from idp.flows import (
    activation,
    additions,
    ceremonies,
    fresh,
    holding,
    telling,
)
from idp.flows.activation import Wrong as WrongCode
from idp.flows.browser import Browser
from idp.flows.fresh import Needs, NotFresh, Owner
from idp.flows.idp import Idp
from idp.flows.proving import Limited
from idp.flows.sessions import SessionGone
from idp.flows.wording import Purpose as Letter
from idp.store import accounts, audit, outbox, passkeys
from idp.store.accounts import AccountRow
from idp.store.database import Tx
from idp.store.outbox import Parcel
from idp.store.passkeys import PasskeyRow
from idp.values import Contact, ContactKind


@dataclass(frozen=True, slots=True)
class Shown:
    """A passkey as its owner sees it; ``name`` is empty where nothing is known of it."""

    passkey: Passkey
    name: str

    def held_until(self, now: int) -> int | None:
        """Until when it confirms nothing (epoch seconds), None where it does."""
        return ledger.held_until(self.passkey.pending_until, now)


@dataclass(frozen=True, slots=True)
class Signals:
    """What the browser is told, so that its passkeys are those that are ours (WebAuthn §5.1.10)."""

    rp_id: str
    user_id: str
    accepted: tuple[str, ...]
    name: str = field(repr=False)
    display_name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Added:
    """It signs in from now on; until ``pending_until`` (epoch seconds) it confirms nothing."""

    passkey_id: str
    pending_until: int | None


@dataclass(frozen=True, slots=True)
class NotAdded:
    """It did not do; ``fault`` says what the page is to say."""

    fault: str


@dataclass(frozen=True, slots=True)
class Done:
    """It is done, by this request or by one that was faster."""


@dataclass(frozen=True, slots=True)
class LastWay:
    """It is the last way in, which cannot go."""


# --- what there is ----------------------------------------------------------------------------------------


def of(idp: Idp, sub: str) -> tuple[Shown, ...]:
    """The passkeys of an account, the oldest first."""
    with idp.reading() as tx:
        rows = passkeys.of_account(tx, sub)
    return tuple(shown(idp, row) for row in rows)


def shown(idp: Idp, row: PasskeyRow) -> Shown:
    """A passkey with its name; raises ``Unsealable``."""
    return Shown(row.passkey, passkeys.open_name(idp.sealer, row) or row.passkey.maker or "")


def signals(idp: Idp, known: Owner) -> Signals | None:
    """What the browser is told of an account; None where it never had a passkey."""
    with idp.reading() as tx:
        owner = passkeys.owner_of(tx, known.account.sub)
        rows = passkeys.of_account(tx, known.account.sub)
    if owner is None:
        return None
    person = _person(known, owner.user_handle)
    return Signals(
        rp_id=ceremonies.site(idp).rp_id,
        user_id=encoded(owner.user_handle),
        accepted=tuple(encoded(row.passkey.credential_id) for row in rows),
        name=person.name,
        display_name=person.display_name,
    )


def to_offer(idp: Idp, sub: str, *, now: int) -> bool:
    """Whether the customer is offered to sign in with fingerprint or face (journey A8)."""
    with idp.reading() as tx:
        account = accounts.by_sub(tx, sub)
        owner = passkeys.owner_of(tx, sub)
        rows = passkeys.of_account(tx, sub)
    limited = account is None or (account.limited_until or 0) > now
    return not limited and not rows and (owner is None or owner.never_offer_at is None)


def never_offer(idp: Idp, known: Owner, *, now: int) -> None:
    """Offer it no more; the account page still has it."""
    handle = idp.entropy.octets(32)
    with idp.writing() as tx:
        passkeys.never_offer(tx, known.account.sub, handle, now=now)
        _note(idp, tx, Event.PASSKEY_OFFER_DECLINED, known.account.sub, {}, now=now)


# --- adding one -------------------------------------------------------------------------------------------


def options(idp: Idp, known: Owner, *, now: int, now_ms: int) -> dict[str, Any] | NotFresh:
    """What ``navigator.credentials.create`` is asked; every passkey of the account is excluded."""
    if not fresh.may_change(idp, known, Needs.ANY, now=now, now_ms=now_ms):
        return NotFresh()
    sub = known.account.sub
    handle = idp.entropy.octets(32)
    with idp.writing() as tx:
        passkeys.own(tx, sub, handle)
        owner = passkeys.owner_of(tx, sub)
        rows = passkeys.of_account(tx, sub)
    question = ceremonies.ask(idp, Purpose.ENROL, _bound(idp, known), sub=sub, now=now)
    return rules.creation_options(
        question,
        ceremonies.site(idp),
        _person(known, handle if owner is None else owner.user_handle),
        tuple(row.passkey for row in rows),
    )


def add(
    idp: Idp, known: Owner, typed: str, browser: Browser, *, now: int, now_ms: int
) -> Added | NotAdded | NotFresh:
    """Take what the browser made. Raises ``RegistryDown``."""
    if not fresh.may_change(idp, known, Needs.ANY, now=now, now_ms=now_ms):
        return NotFresh()
    try:
        attestation = rules.read_attestation(typed)
        sub = known.account.sub
        question = ceremonies.take(
            idp, attestation.challenge, Purpose.ENROL, _bound(idp, known), sub=sub, now=now
        )
        made = rules.made(attestation, question, ceremonies.site(idp))
        return _add(idp, known, made, browser.device, now=now, now_ms=now_ms)
    except SessionGone:
        return NotFresh()
    except Refused as refused:
        ceremonies.note_refusal(idp, refused, Purpose.ENROL, browser, None, now=now)
        return NotAdded("passkey_not_added")


def _add(
    idp: Idp, known: Owner, made: Made, device: str | None, *, now: int, now_ms: int
) -> Added | NotAdded:
    account, passkey_id, token = known.account, idp.entropy.identifier(), idp.entropy.handle()
    own = telling.own(idp, account)
    name = first_name(made.transports, made.aaguid, device, backup_eligible=made.backup_eligible)
    hold = idp.settings.lifetimes.pending_hold
    until = now + hold if holding.is_held(idp, known, own, now=now, now_ms=now_ms) else None
    notices = telling.notices(
        idp,
        account,
        own.contacts,
        Letter.PASSKEY_ADDED if until is None else Letter.PASSKEY_PENDING,
        now=now,
        facts={"until": now + hold},
        link=additions.link_of(idp, token),
    )
    with idp.writing() as tx:
        fresh.hold(tx, known)
        kept = passkeys.add(
            tx,
            made,
            passkey_id=passkey_id,
            sub=account.sub,
            sealed_name=passkeys.seal_name(idp.sealer, passkey_id, name),
            pending_until=until,
            cancel_digest=token.digest,
            most=MOST,
            now=now,
        )
        if kept:
            outbox.add(tx, *notices)
            details: dict[str, Detail] = {
                "passkey": passkey_id,
                "session": known.session_id,
                "synced": made.backup_eligible,
                "until": until,
            }
            _note(idp, tx, Event.PASSKEY_ADDED, account.sub, details, now=now)
    if kept is None:
        return NotAdded("passkeys_too_many")
    if not kept:
        raise Refused(Reason.TAKEN)
    idp.post_waiting.set()
    return Added(passkey_id, until)


# --- changing one -----------------------------------------------------------------------------------------


def rename(idp: Idp, known: Owner, passkey_id: str, name: str, *, now: int, now_ms: int) -> Done | NotFresh:
    """Give a passkey another name. Raises ``RegistryDown``."""
    if not fresh.may_change(idp, known, Needs.ANY, now=now, now_ms=now_ms):
        return NotFresh()
    account = known.account
    notices = _letters(idp, account, Letter.PASSKEY_RENAMED, emails_first=True, now=now)
    sealed = passkeys.seal_name(idp.sealer, passkey_id, " ".join(name.split())[:LONGEST_NAME])
    try:
        with idp.writing() as tx:
            fresh.hold(tx, known)
            if passkeys.rename(tx, account.sub, passkey_id, sealed):
                outbox.add(tx, *notices)
                _note(idp, tx, Event.PASSKEY_RENAMED, account.sub, {"passkey": passkey_id}, now=now)
    except SessionGone:
        return NotFresh()
    idp.post_waiting.set()
    return Done()


def remove(idp: Idp, known: Owner, passkey_id: str, *, now: int, now_ms: int) -> Done | NotFresh | LastWay:
    """Remove a passkey; the last way in stays. Raises ``RegistryDown``."""
    if not fresh.may_change(idp, known, Needs.ANY, now=now, now_ms=now_ms):
        return NotFresh()
    account = known.account
    notices = _letters(idp, account, Letter.PASSKEY_REMOVED, now=now)
    try:
        with idp.writing() as tx:
            fresh.hold(tx, known)
            if not _may_go(tx, account.sub, passkey_id):
                return LastWay()
            if passkeys.remove(tx, account.sub, passkey_id):
                outbox.add(tx, *notices)
                details: dict[str, Detail] = {"passkey": passkey_id, "by": "account"}
                _note(idp, tx, Event.PASSKEY_REMOVED, account.sub, details, now=now)
    except SessionGone:
        return NotFresh()
    idp.post_waiting.set()
    return Done()


def _may_go(tx: Tx, sub: str, passkey_id: str) -> bool:
    """Whether the account is left with a way in without this one; also where it has no such passkey."""
    has_password = passkeys.lock(tx, sub)
    present = {row.passkey.id: row.passkey for row in passkeys.of_account(tx, sub)}
    # What is suspended is no way in: it neither keeps the last one from being that, nor is one.
    if passkey_id not in present or present[passkey_id].suspended_at is not None:
        return True
    open_ways = sum(passkey.suspended_at is None for passkey in present.values())
    return may_remove(open_ways, has_password=has_password)


# --- an activation code -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NothingHeld:
    """Nothing of theirs waits: its time came meanwhile, or there never was one."""


def confirm_with_code(
    idp: Idp, known: Owner, typed: str, browser: Browser, *, now: int
) -> Done | NothingHeld | WrongCode | Limited | NotFresh:
    """Let whatever waits confirm at once, by an activation code of this customer, which is used up.

    Raises ``Malformed`` for what is no code at all, and ``RegistryDown``.
    """
    account = known.account
    found = activation.look_up_own(idp, account, typed, browser=browser, now=now)
    if isinstance(found, WrongCode | Limited):
        return found
    if not additions.is_any_held(idp, account.sub, now=now):
        return NothingHeld()
    try:
        with idp.writing() as tx:
            fresh.hold(tx, known)
            if not activation.spend(tx, found.digest, account.customer_number, now=now):
                return WrongCode()
            accounts.lift_hold(tx, account.sub)
            additions.release(idp, tx, account.sub, now=now)
    except SessionGone:
        return NotFresh()
    return Done()


# --- what goes otherwise -----------------------------------------------------------------------------------


def drop_others(idp: Idp, tx: Tx, sub: str, *, kept: Sequence[str], now: int) -> int:
    """Remove all that a recovery did not keep, and restore what it did; how many went."""
    removed = passkeys.remove_others(tx, sub, kept)
    passkeys.restore(tx, sub)
    for passkey_id in removed:
        _note(idp, tx, Event.PASSKEY_REMOVED, sub, {"passkey": passkey_id, "by": "recovery"}, now=now)
    return len(removed)


# --- what all of it needs ---------------------------------------------------------------------------------


def _letters(
    idp: Idp, account: AccountRow, letter: Letter, *, now: int, emails_first: bool = False
) -> tuple[Parcel, ...]:
    contacts: tuple[Contact, ...] = telling.own(idp, account).contacts
    emails = tuple(contact for contact in contacts if contact.kind is ContactKind.EMAIL)
    return telling.notices(idp, account, emails if emails_first and emails else contacts, letter, now=now)


def _person(known: Owner, handle: bytes) -> Person:
    profile = known.profile
    named = profile.company_name or f"{profile.given_name} {profile.family_name}".strip()
    username = profile.username.readable
    return Person(handle, username, named or username)


def _bound(idp: Idp, known: Owner) -> str:
    return idp.sealer.pseudonym(f"session:{known.session_id}")


def _note(idp: Idp, tx: Tx, event: Event, sub: str, details: dict[str, Detail], *, now: int) -> None:
    audit.add(tx, event, at=now, actor=idp.sealer.pseudonym(f"sub:{sub}"), details=details)
