"""What an admin does with accounts (journey J): find, look at, lock, end sessions, confirm a mobile.

An account is named by its username in any spelling, by its sub or by its customer number. Every look is
audited. Whoever looks sees its contacts; nothing here shows a password or a code.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from idp.accounts.audit import Detail, Event
from idp.accounts.mobile_change import ChangeState, ConfirmedBy
from idp.flows import closing
from idp.flows import export as export_flow
from idp.flows import sessions as session_flows
from idp.flows.idp import Idp
from idp.flows.mobile import making_good, numbers
from idp.flows.sessions import Leaving
from idp.store import accounts, audit, life, mobile_changes, outbox
from idp.store.accounts import AccountRow
from idp.store.database import Tx
from idp.values import Contact, Malformed, ProfileKind, parse_contact, parse_identifier


@dataclass(frozen=True, slots=True)
class PersonView:
    """An account as an admin sees it; times are epoch seconds."""

    sub: str
    customer_number: str
    profile: ProfileKind
    state: str
    username: Contact
    name: str = field(repr=False)
    language: str
    created_at: int
    password_changed_at: int | None
    proven: tuple[Contact, ...]
    mobile_pending: bool
    username_ends_at: int | None
    limited_until: int | None
    # Who declared that they may act for a company (journey B3), None where nobody did.
    acting_name: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class NoSuchAccount:
    """Nobody is called so."""


@dataclass(frozen=True, slots=True)
class NothingToDo:
    """The account is not in the state that this would change."""


@dataclass(frozen=True, slots=True)
class Done:
    """It is done; ``person`` is the account as it is now."""

    person: PersonView


def find(idp: Idp, typed: str, *, now: int) -> tuple[PersonView, ...]:
    """Accounts by username, sub, customer number, codice fiscale or partita IVA. Raises ``RegistryDown`` for
    the last two."""
    one = _named(idp, typed)
    found: tuple[AccountRow, ...] = () if one is None else (one,)
    if one is None:
        try:
            records = idp.registry.by_identifier(parse_identifier(typed))
        except Malformed:
            records = ()
        with idp.reading() as tx:
            rows = (accounts.find_by_customer(tx, record.customer_number) for record in records)
            found = tuple(row for row in rows if row is not None)
    _note_look(idp, found, now=now)
    return tuple(_view(idp, row) for row in found)


def show(idp: Idp, typed: str, *, now: int) -> PersonView | NoSuchAccount:
    """One account by username, sub or customer number."""
    row = _named(idp, typed)
    _note_look(idp, () if row is None else (row,), now=now)
    return NoSuchAccount() if row is None else _view(idp, row)


def lock(idp: Idp, typed: str, *, now: int) -> Done | NoSuchAccount | NothingToDo:
    """Close an account: its sessions and tokens end, and it signs in no more until it is unlocked."""
    row = _named(idp, typed)
    if row is None:
        return NoSuchAccount()

    def write(tx: Tx, leaving: Leaving) -> bool:
        changed = life.set_state(tx, row.sub, old=accounts.ACTIVE, new=accounts.LOCKED, now=now)
        if changed:
            ended = leaving.end_all(tx, now=now)
            _note(idp, tx, Event.ACCOUNT_LOCKED, row, {"sessions": ended.sessions}, now=now)
        return changed

    changed = session_flows.leaving(idp, row.sub, write, now=now)
    idp.post_waiting.set()
    return _done(idp, row) if changed else NothingToDo()


def unlock(idp: Idp, typed: str, *, now: int) -> Done | NoSuchAccount | NothingToDo:
    """Open a locked account again; what was issued before stays dead."""
    row = _named(idp, typed)
    if row is None:
        return NoSuchAccount()
    with idp.writing() as tx:
        changed = life.set_state(tx, row.sub, old=accounts.LOCKED, new=accounts.ACTIVE, now=now)
        if changed:
            _note(idp, tx, Event.ACCOUNT_UNLOCKED, row, {}, now=now)
    return _done(idp, row) if changed else NothingToDo()


def end_sessions(idp: Idp, typed: str, *, now: int) -> Done | NoSuchAccount:
    """End every session of an account and everything issued to it, offline access included."""
    row = _named(idp, typed)
    if row is None:
        return NoSuchAccount()

    def write(tx: Tx, leaving: Leaving) -> None:
        ended = leaving.end_all(tx, now=now)
        _note(idp, tx, Event.SESSIONS_ENDED, row, {"sessions": ended.sessions, "by": "admin"}, now=now)

    session_flows.leaving(idp, row.sub, write, now=now)
    idp.post_waiting.set()
    return _done(idp, row)


def confirm_mobile(idp: Idp, typed: str, *, now: int) -> Done | NoSuchAccount | NothingToDo:
    """Make the mobile good that waits at an account (journey G). Raises ``RegistryDown``."""
    row = _named(idp, typed)
    if row is None:
        return NoSuchAccount()
    with idp.reading() as tx:
        change = mobile_changes.current(tx, row.sub)
    if change is None or change.state != ChangeState.PENDING:
        return NothingToDo()
    number = numbers.opened(idp, change.id, change.sealed_mobile)
    prepared = making_good.confirmation(idp, row, change.id, number, by=ConfirmedBy.ADMIN, now=now)
    with idp.writing() as tx:
        done = making_good.confirm(idp, tx, prepared, now=now)
        if done:
            outbox.add(tx, *prepared.parcels)
    idp.post_waiting.set()
    return _done(idp, row) if done else NothingToDo()


def _note_look(idp: Idp, found: Sequence[AccountRow], *, now: int) -> None:
    """One line for each account that was looked at, one where there was none."""
    details: dict[str, Detail] = {"found": len(found), "by": "admin"}
    with idp.writing() as tx:
        for row in found:
            _note(idp, tx, Event.ACCOUNT_LOOKED_UP, row, details, now=now)
        if not found:
            audit.add(tx, Event.ACCOUNT_LOOKED_UP, at=now, details=details)


@dataclass(frozen=True, slots=True)
class Erased:
    """The account is gone; its ``sub`` is never used again."""

    sub: str
    customer_number: str


def export(idp: Idp, typed: str, *, now: int) -> bytes | NoSuchAccount:
    """Everything that is held of an account, as JSON. Raises ``RegistryDown``."""
    row = _named(idp, typed)
    return NoSuchAccount() if row is None else export_flow.of(idp, row, by="admin", now=now)


def erase(idp: Idp, typed: str, *, now: int) -> Erased | NoSuchAccount:
    """Close an account in whatever state; its contacts are told."""
    row = _named(idp, typed)
    if row is None or not closing.erase(idp, row, by="admin", now=now):
        return NoSuchAccount()
    return Erased(row.sub, row.customer_number)


def _named(idp: Idp, typed: str) -> AccountRow | None:
    name = typed.strip()
    with idp.reading() as tx:
        row = accounts.by_sub(tx, name) or accounts.find_by_customer(tx, name)
        if row is not None:
            return row
        try:
            return accounts.find_by_username(tx, idp.sealer.contact_index(parse_contact(name)))
        except Malformed:
            return None


def _view(idp: Idp, row: AccountRow) -> PersonView:
    with idp.reading() as tx:
        proven = accounts.proven_contacts_of(tx, row.sub)
        change = mobile_changes.current(tx, row.sub)
    profile = accounts.open_profile(idp.sealer, row)
    return PersonView(
        sub=row.sub,
        customer_number=row.customer_number,
        profile=row.profile,
        state=row.state,
        username=profile.username,
        name=profile.company_name or f"{profile.given_name} {profile.family_name}",
        language=row.language,
        created_at=row.created_at,
        password_changed_at=row.password_changed_at,
        proven=tuple(accounts.open_contact(idp.sealer, row.sub, one) for one in proven),
        mobile_pending=change is not None and change.state == ChangeState.PENDING,
        username_ends_at=row.username_ends_at,
        limited_until=row.limited_until,
        acting_name=profile.acting_name or None,
    )


def _done(idp: Idp, before: AccountRow) -> Done:
    with idp.reading() as tx:
        row = accounts.by_sub(tx, before.sub)
    return Done(_view(idp, before if row is None else row))


def _note(idp: Idp, tx: Tx, event: Event, row: AccountRow, details: dict[str, Detail], *, now: int) -> None:
    audit.add(tx, event, at=now, actor=idp.sealer.pseudonym(f"sub:{row.sub}"), details=details)
