"""What accounts have of contacts and customers: who has which as username, who is registered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import BindParameter, bindparam, or_, select

from idp.store.database import Tx
from idp.store.tables import accounts


@dataclass(frozen=True, slots=True)
class Usernames:
    """``owners``: the customer number of the account that has a contact (by blind index) as its username."""

    owners: MappingProxyType[bytes, str]
    # Those of the customers that have an account.
    registered: frozenset[str]


ASKED = 8
"""Contacts, and customers, that are asked about at once; nearly nobody has more."""

_INDEXES: BindParameter[Any] = bindparam("indexes", expanding=True)
_NUMBERS: BindParameter[Any] = bindparam("numbers", expanding=True)
_OF_CONTACTS = select(accounts.c.customer_number, accounts.c.username_index).where(
    or_(accounts.c.username_index.in_(_INDEXES), accounts.c.customer_number.in_(_NUMBERS))
)


def of_contacts(tx: Tx, contact_indexes: Sequence[bytes], customer_numbers: Sequence[str]) -> Usernames:
    """Whose usernames these contacts are, and which of these customers have an account; one statement.

    Its shape goes by how many are asked about: see ``as_always`` where that must not be seen.
    """
    rows = tx.execute(_OF_CONTACTS, {"indexes": list(contact_indexes), "numbers": list(customer_numbers)})
    asked, numbers = frozenset(contact_indexes), frozenset(customer_numbers)
    owners: dict[bytes, str] = {}
    registered: set[str] = set()
    for number, index in rows:
        if index in asked:
            owners[index] = number
        if number in numbers:
            registered.add(number)
    return Usernames(MappingProxyType(owners), frozenset(registered))


def as_always(customer_numbers: Iterable[str]) -> tuple[str, ...]:
    """These and as many of nobody's as make ``ASKED``, so that the statement does not tell how many there
    are."""
    numbers = tuple(customer_numbers)
    return (*numbers, *[""] * (ASKED - len(numbers)))
