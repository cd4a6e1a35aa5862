"""The agency registry, as the journeys ask it: by contact, by tax code or VAT number, by customer number.

The registry is the insurer's, not ours. Where it stands in our own tables (imported files) and where it is
another system's (HTTP) the answers are the same; every adapter passes one contract test.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from idp.accounts.records import CustomerRecord
from idp.values import Contact, Identifier

MOST_RECORDS = 16
"""Records of one contact or identifier that are looked at; one person has a handful of them."""

RECORDS_OF_ONE = 2
"""Records that a customer has at most, but for a rare few: their own, and the one by VAT number.

A look-up that finds fewer costs as much as if it had found so many.
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whose a contact is.

    ``holders``: the different people on whose records it stands, told apart by tax code, else by VAT number,
    else by customer number. ``of_agency``: whether an agency names it as its own.
    """

    holders: int = 0
    of_agency: bool = False

    @property
    def shared(self) -> bool:
        """Whether it is a shared contact (journeys, *Words*): several people's, or an agency's own."""
        return self.holders > 1 or self.of_agency


class RegistryDown(Exception):
    """The registry gave no answer that can be relied on; the request is to end before anything is judged."""


class AgencyRegistry(Protocol):
    """The insurer's customer records. Records come in the order of their customer numbers.

    The work does not depend on whether anything is found (security bar 5.1). Every method raises
    ``RegistryDown``; none may be called while a transaction is open.
    """

    def by_contact(self, contact: Contact) -> tuple[CustomerRecord, ...]:
        """The records on which a contact stands, ``MOST_RECORDS`` at most."""

    def by_identifier(self, identifier: Identifier) -> tuple[CustomerRecord, ...]:
        """The records with this tax code (omocodia undone) or this VAT number, ``MOST_RECORDS`` at most."""

    def by_customer_number(self, number: str) -> CustomerRecord | None:
        """The record of this customer, None where there is none."""

    def standings(self, contacts: Sequence[Contact]) -> tuple[Standing, ...]:
        """Whose each of these contacts is, in the order given; one on no record has no holders."""
