"""Accounts and the contacts that were proven for them."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from idp.store.database import Tx
from idp.store.sealing import Sealer
from idp.store.tables import accounts, proven_contacts
from idp.values import Contact, ContactKind, ProfileKind
from idp.values.contacts import stored_contact

ACTIVE, LOCKED, DECEASED = "active", "locked", "deceased"
"""The states of an account: it signs in; an admin has closed it; its customer died."""

ON_FILE, TYPED = "registry", "customer"
"""Where a proven contact comes from."""

CONTACT, ACTIVATION = "contact", "activation"
"""What an account is born on: a challenge answered by a contact on file, or an activation code."""


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as it is stored; times are epoch seconds."""

    sub: str
    customer_number: str
    profile: ProfileKind
    state: str
    username_kind: ContactKind
    sealed_profile: bytes = field(repr=False)
    password_hash: str | None = field(repr=False)
    password_changed_at: int | None
    language: str
    terms_version: str
    privacy_version: str
    terms_accepted_at: int
    terms_language: str
    created_at: int
    updated_at: int
    # The blind index of the username; None once it was freed.
    username_index: bytes | None = field(default=None, repr=False)
    # What it was born on: CONTACT or ACTIVATION.
    born_by: str = CONTACT
    # Until when a username that left the registry signs in.
    username_ends_at: int | None = None
    # Until when it confirms nothing and changes no contact, after a recovery without second factor.
    limited_until: int | None = None
    # When it was last recovered.
    recovered_at: int | None = None
    # Until when it confirms no operation, born on a weak proof.
    held_until: int | None = None

    def unconfirming_until(self, now: int) -> int | None:
        """Until when nothing is confirmed with this account (epoch seconds), None where it is.

        It was recovered without a second factor, or is new and was born on a weak proof.
        """
        until = max(self.limited_until or 0, self.held_until or 0)
        return until if until > now else None


@dataclass(frozen=True, slots=True)
class AccountProfile:
    """The personal data of an account, as its customer record has them.

    ``acting_name``: who registered a company, and declared that they may act for it (journey B3); as typed.
    """

    username: Contact
    given_name: str = field(default="", repr=False)
    family_name: str = field(default="", repr=False)
    company_name: str = field(default="", repr=False)
    birth_date: date | None = field(default=None, repr=False)
    acting_name: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ProvenContact:
    """A contact whose owner answered a challenge for this account."""

    contact_index: bytes = field(repr=False)
    kind: ContactKind
    sealed: bytes = field(repr=False)
    proven_at: int
    # ON_FILE, or TYPED: its owner typed it, so it does not go with the registry's record.
    source: str = ON_FILE


def seal_profile(sealer: Sealer, sub: str, profile: AccountProfile) -> bytes:
    """An account's personal data as they are stored."""
    return sealer.seal(
        {
            "username": [profile.username.kind, profile.username.text],
            "given_name": profile.given_name,
            "family_name": profile.family_name,
            "company_name": profile.company_name,
            "birth_date": profile.birth_date.isoformat() if profile.birth_date else None,
            "acting_name": profile.acting_name,
        },
        f"accounts/sealed_profile/{sub}",
    )


def open_profile(sealer: Sealer, account: AccountRow) -> AccountProfile:
    """An account's personal data; raises ``Unsealable``."""
    stored = sealer.open(account.sealed_profile, f"accounts/sealed_profile/{account.sub}")
    return AccountProfile(
        username=stored_contact(*stored["username"]),
        given_name=stored["given_name"],
        family_name=stored["family_name"],
        company_name=stored["company_name"],
        birth_date=date.fromisoformat(stored["birth_date"]) if stored["birth_date"] else None,
        # Accounts made before it was kept have none.
        acting_name=stored.get("acting_name", ""),
    )


def seal_contact(sealer: Sealer, sub: str, contact: Contact) -> bytes:
    """A proven contact as it is stored."""
    index = sealer.contact_index(contact).hex()
    return sealer.seal([contact.kind, contact.text], f"proven_contacts/sealed_contact/{sub}/{index}")


def open_contact(sealer: Sealer, sub: str, proven: ProvenContact) -> Contact:
    """The contact itself; raises ``Unsealable``."""
    place = f"proven_contacts/sealed_contact/{sub}/{proven.contact_index.hex()}"
    return stored_contact(*sealer.open(proven.sealed, place))


COLUMNS = tuple(accounts.c[name] for name in AccountRow.__slots__)
"""What ``account_of`` makes an account of."""

PROVEN_COLUMNS = (
    proven_contacts.c.contact_index,
    proven_contacts.c.kind,
    proven_contacts.c.sealed_contact,
    proven_contacts.c.proven_at,
    proven_contacts.c.source,
)
"""What ``proven_of`` makes a proven contact of."""

_BY_USERNAME = select(*COLUMNS).where(accounts.c.username_index == bindparam("index"))
_BY_CUSTOMER = select(*COLUMNS).where(accounts.c.customer_number == bindparam("number"))
_NUMBERS = (
    select(accounts.c.customer_number)
    .where(accounts.c.customer_number > bindparam("after"))
    .order_by(accounts.c.customer_number)
    .limit(bindparam("at_most"))
)
_BY_SUB = select(*COLUMNS).where(accounts.c.sub == bindparam("of"))
_INSERT = {
    "sqlite": sqlite_insert(accounts).on_conflict_do_nothing().returning(accounts.c.sub),
    "postgresql": postgresql_insert(accounts).on_conflict_do_nothing().returning(accounts.c.sub),
}
_UNCHANGED = (
    select(accounts.c.sub)
    .where(
        accounts.c.sub == bindparam("of"),
        accounts.c.password_hash == bindparam("seen"),
        accounts.c.state == ACTIVE,
    )
    .with_for_update()
)
_ACTIVE = (
    select(accounts.c.sub)
    .where(accounts.c.sub == bindparam("of"), accounts.c.state == ACTIVE)
    .with_for_update()
)
_REPLACE_HASH = (
    update(accounts)
    .where(accounts.c.sub == bindparam("of"), accounts.c.password_hash == bindparam("old"))
    .values(password_hash=bindparam("new"))
    .returning(accounts.c.sub)
)


_LIFT = update(accounts).where(accounts.c.sub == bindparam("of")).values(held_until=None)
_PROVEN = (
    select(*PROVEN_COLUMNS)
    .where(proven_contacts.c.sub == bindparam("of"))
    .order_by(proven_contacts.c.proven_at, proven_contacts.c.contact_index)
)


def _proving(dialect: Any) -> Any:
    insert = dialect(proven_contacts)
    return insert.on_conflict_do_update(
        index_elements=["sub", "contact_index"],
        set_={"sealed_contact": insert.excluded.sealed_contact, "proven_at": insert.excluded.proven_at},
    )


_PROVE = {"sqlite": _proving(sqlite_insert), "postgresql": _proving(postgresql_insert)}


def find_by_username(tx: Tx, username_index: bytes) -> AccountRow | None:
    """The account whose username has this blind index (``Sealer.contact_index``)."""
    return _found(tx.execute(_BY_USERNAME, {"index": username_index}).one_or_none())


def find_by_customer(tx: Tx, customer_number: str) -> AccountRow | None:
    """The account of this customer record."""
    return _found(tx.execute(_BY_CUSTOMER, {"number": customer_number}).one_or_none())


def by_sub(tx: Tx, sub: str) -> AccountRow | None:
    """The account with this subject identifier, in whatever state."""
    return _found(tx.execute(_BY_SUB, {"of": sub}).one_or_none())


def _found(row: Any) -> AccountRow | None:
    return None if row is None else account_of(row)


def customer_numbers(tx: Tx, *, after: str, at_most: int) -> tuple[str, ...]:
    """The customer numbers of accounts in their order, from the first one after ``after``."""
    return tuple(tx.execute(_NUMBERS, {"after": after, "at_most": at_most}).scalars())


def insert_account(tx: Tx, account: AccountRow) -> bool:
    """Create an account; False when the customer has one or the username is taken.

    The database's unique constraints decide among several callers: one wins, the others' transactions go on.
    """
    values = {name: getattr(account, name) for name in AccountRow.__slots__}
    return tx.execute(_INSERT[tx.dialect.name], values).one_or_none() is not None


def unchanged(tx: Tx, sub: str, password_hash: str) -> bool:
    """Whether an account still is active and has the password that was checked before this transaction.

    Until the transaction ends nobody changes it: a recovery, a lock or a death waits, and then ends what was
    begun here.
    """
    return tx.execute(_UNCHANGED, {"of": sub, "seen": password_hash}).one_or_none() is not None


def is_active(tx: Tx, sub: str) -> bool:
    """Whether an account still is active. Until the transaction ends nobody locks it, as in ``unchanged``."""
    return tx.execute(_ACTIVE, {"of": sub}).one_or_none() is not None


def replace_hash(tx: Tx, sub: str, *, old: str, new: str) -> bool:
    """Put a hash of the same password with better parameters in the old one's place, if that still stands."""
    return tx.execute(_REPLACE_HASH, {"of": sub, "old": old, "new": new}).one_or_none() is not None


def lift_hold(tx: Tx, sub: str) -> None:
    """Let an account confirm operations from now on: a second way of its owner was confirmed."""
    tx.execute(_LIFT, {"of": sub})


def prove_contact(tx: Tx, sub: str, proven: ProvenContact) -> None:
    """Note that a contact was proven, or proven again."""
    tx.execute(
        _PROVE[tx.dialect.name],
        {
            "sub": sub,
            "contact_index": proven.contact_index,
            "kind": proven.kind,
            "sealed_contact": proven.sealed,
            "proven_at": proven.proven_at,
            "source": proven.source,
        },
    )


def proven_contacts_of(tx: Tx, sub: str) -> tuple[ProvenContact, ...]:
    """The contacts proven for an account, the oldest proof first."""
    return tuple(proven_of(row) for row in tx.execute(_PROVEN, {"of": sub}))


def proven_of(row: Any) -> ProvenContact:
    """The proven contact in a row of ``PROVEN_COLUMNS``."""
    return ProvenContact(
        row.contact_index, ContactKind(row.kind), row.sealed_contact, row.proven_at, row.source
    )


def account_of(row: Any) -> AccountRow:
    """The account in a row of ``COLUMNS``."""
    stored = dict(row._mapping)
    stored["profile"] = ProfileKind(stored["profile"])
    stored["username_kind"] = ContactKind(stored["username_kind"])
    return AccountRow(**stored)
