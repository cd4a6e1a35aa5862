"""What a change in the agency registry means for an account (journey L).

Pure: the record as it was known, the record as it is, the account's own facts in; what follows out. The flow
carries it out (``idp.flows.life``).

======================  ====================================================================
in the registry         for the account
======================  ====================================================================
a contact gone          the old contact is told; it is no way to prove anything any more
the username gone       signs in 30 more days, then is freed; its owner is asked for another
the username back       as if it had never gone
name, company, birth    taken over; the old ones are shown nowhere
tax code changed        nothing: the customer number is whose account it is
a typed mobile there    confirmed at once (journey G)
last policy ended       nothing: sign-in stays
deceased                sessions end, messages stop, sign-in answers as for an unknown
no longer deceased      the account opens again
======================  ====================================================================
"""

from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

from idp.accounts.records import CustomerRecord
from idp.values import Contact, RecordState


@dataclass(frozen=True, slots=True)
class Names:
    """The personal data an account shows."""

    given_name: str = field(default="", repr=False)
    family_name: str = field(default="", repr=False)
    company_name: str = field(default="", repr=False)
    birth_date: date | None = field(default=None, repr=False)

    @classmethod
    def of(cls, record: CustomerRecord) -> "Names":
        """Those of a record."""
        return cls(record.given_name, record.family_name, record.company_name, record.birth_date)


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What an account has. ``on_file``: contacts proven because they stood in the registry."""

    username: Contact
    names: Names
    on_file: tuple[Contact, ...] = ()
    # A mobile that its owner typed and that waits (journey G).
    pending: Contact | None = None
    username_ends_at: int | None = None
    deceased: bool = False


@dataclass(frozen=True, slots=True)
class Died:
    """The account closes until the registry says otherwise."""


@dataclass(frozen=True, slots=True)
class Reopened:
    """The registry had been wrong about a death."""


@dataclass(frozen=True, slots=True)
class Renamed:
    """The account's names become these."""

    names: Names


@dataclass(frozen=True, slots=True)
class ContactGone:
    """A contact left the record."""

    contact: Contact


@dataclass(frozen=True, slots=True)
class UsernameGone:
    """The contact that is the username left the record."""

    contact: Contact


@dataclass(frozen=True, slots=True)
class UsernameBack:
    """The username, which had left, stands on the record again."""


@dataclass(frozen=True, slots=True)
class MobileOnFile:
    """The mobile that waited stands on the record now."""

    contact: Contact


Consequence: TypeAlias = Died | Reopened | Renamed | ContactGone | UsernameGone | UsernameBack | MobileOnFile


def consequences(
    before: CustomerRecord | None, after: CustomerRecord, account: AccountFacts
) -> tuple[Consequence, ...]:
    """What follows for an account from its record as it is now; nothing where all was carried out before.

    ``before`` is the record as it was last known; None where that was not kept, and then only contacts that
    the account itself knows are missed.
    """
    if after.state is RecordState.DECEASED:
        return () if account.deceased else (Died(),)
    found: list[Consequence] = [Reopened()] if account.deceased else []
    names = Names.of(after)
    if names != account.names:
        found.append(Renamed(names))
    now_there = {on_record.contact for on_record in after.contacts}
    was_there = [] if before is None else [on_record.contact for on_record in before.contacts]
    gone = dict.fromkeys(c for c in (*was_there, *account.on_file) if c not in now_there)
    gone.pop(account.username, None)
    found.extend(ContactGone(contact) for contact in gone)
    if account.username in now_there:
        if account.username_ends_at is not None:
            found.append(UsernameBack())
    elif account.username_ends_at is None and account.username in (*was_there, *account.on_file):
        found.append(UsernameGone(account.username))
    if account.pending is not None and account.pending in now_there:
        found.append(MobileOnFile(account.pending))
    return tuple(found)
