"""The contacts that are offered for a tax code or VAT number (journeys C3, H): masked, real or decoys.

The list depends on the code and on what is on file, not on the journey, the browser or what was typed
before, so registration and recovery show the same. A real list and one of decoys cannot be told apart by
their form: both have one to ``MOST_OPTIONS`` options, no two with the same mask, in the order of their masks.
Compute both whichever is shown.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from idp.accounts.decoys import MOST_OPTIONS, drawn
from idp.accounts.matching import Reason, as_nobody, bears, precedence
from idp.accounts.records import CustomerRecord
from idp.accounts.registry import Standing
from idp.settings.people import Registration
from idp.values import Contact, ContactKind, Identifier, ProfileKind, parse_identifier
from idp.values.contacts import stored_contact

__all__ = [
    "MOST_OPTIONS",
    "Candidate",
    "Offer",
    "Option",
    "contacts_of",
    "decoys",
    "from_json",
    "offered",
    "to_json",
]


@dataclass(frozen=True, slots=True)
class Option:
    """One contact to choose, as it was shown. ``handle`` is random and good in one offer alone.

    A decoy belongs to no customer; its ``contact`` is nobody's, is masked as it was shown, counts under
    brakes like any other, and must never be addressed.
    """

    handle: str
    contact: Contact
    customer_number: str | None = field(default=None, repr=False)

    @property
    def kind(self) -> ContactKind:
        """Whether an email would be sent or an SMS."""
        return self.contact.kind


def to_json(options: Iterable[Option]) -> list[list[str | None]]:
    """A JSON array from which ``from_json`` makes the same."""
    return [[one.handle, one.contact.kind, one.contact.text, one.customer_number] for one in options]


def from_json(stored: Iterable[Sequence[Any]]) -> tuple[Option, ...]:
    """What ``to_json`` wrote."""
    return tuple(Option(handle, stored_contact(kind, text), number) for handle, kind, text, number in stored)


@dataclass(frozen=True, slots=True)
class Offer:
    """What was shown for an identifier."""

    identifier: Identifier = field(repr=False)
    options: tuple[Option, ...]
    # Why these are decoys; None where they are a customer's. For case and trail, never for a page.
    reason: Reason | None = None

    def chosen(self, handle: str) -> Option | None:
        """The option with this handle; None for one of another offer."""
        return next((option for option in self.options if option.handle == handle), None)

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which ``from_json`` makes the same."""
        return {
            "identifier": self.identifier.text,
            "reason": self.reason,
            "options": to_json(self.options),
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Offer":
        """What ``to_json`` wrote."""
        return cls(
            parse_identifier(stored["identifier"]),
            from_json(stored["options"]),
            Reason(stored["reason"]) if stored["reason"] else None,
        )


@dataclass(frozen=True, slots=True)
class Candidate:
    """A contact that may be shown; ``customer_number`` is the record it would prove, None for a decoy."""

    contact: Contact = field(repr=False)
    customer_number: str | None

    @property
    def kind(self) -> ContactKind:
        """Whether an email would be sent or an SMS."""
        return self.contact.kind

    @property
    def masked(self) -> str:
        """What the page shows."""
        return self.contact.masked


def contacts_of(records: Iterable[CustomerRecord]) -> tuple[Contact, ...]:
    """Every contact on these records once, in a stable order: those whose standing is to be asked."""
    contacts = {one.contact for record in records for one in record.contacts}
    return tuple(sorted(contacts, key=_in_order))


def offered(
    identifier: Identifier,
    records: Sequence[CustomerRecord],
    standings: Mapping[Contact, Standing],
    usernames: Mapping[Contact, str],
    registered: frozenset[str],
    rules: Registration,
    now: int,
    *,
    profile: ProfileKind | None = None,
) -> tuple[Candidate, ...]:
    """The contacts on file that may be chosen; empty where there are none, and decoys are shown.

    Not offered: a contact that is shared or an agency's own (``standings``, of ``contacts_of``), one that is
    the username of an account of none of these records (``usernames``: contact to customer number), any of
    somebody who is dead or under age. A username of one of these records stays. Of contacts with the same
    mask one is offered, since nobody could tell which is which: a username first, then the one that has not
    changed for longest; the same goes for what exceeds ``MOST_OPTIONS``, where each kind keeps one.

    A contact may stand on two records of one person. Its option names the one whose username it is, else the
    one of the wanted ``profile`` (registration), else one of ``registered`` (recovery), else the one that the
    code means first. Where that is not the record that ``matching.identified`` chose, the contact is taken.
    ``now`` in epoch seconds.
    """
    today = datetime.fromtimestamp(now, UTC).date()
    meant = [r for r in records if bears(r, identifier) and as_nobody(r, rules, today) is None]
    numbers = {record.customer_number for record in meant}
    entries = [
        _Entry(contact, _changed_on(contact, meant), usernames.get(contact) in numbers)
        for contact in contacts_of(meant)
        if not standings[contact].shared and usernames.get(contact, next(iter(numbers))) in numbers
    ]

    def choice(record: CustomerRecord, contact: Contact) -> tuple[bool, bool, bool, int, str]:
        return (
            usernames.get(contact) != record.customer_number,
            profile is not None and record.profile is not profile,
            record.customer_number not in registered,
            precedence(record, identifier),
            record.customer_number,
        )

    return tuple(
        Candidate(
            entry.contact,
            min(
                (record for record in meant if any(c.contact == entry.contact for c in record.contacts)),
                key=lambda record: choice(record, entry.contact),
            ).customer_number,
        )
        for entry in _shown(entries)
    )


def decoys(identifier: Identifier, secret: bytes) -> tuple[Candidate, ...]:
    """What is shown where nothing can be offered: the same for the same code, for as long as the secret
    lives."""
    return tuple(Candidate(contact, None) for contact in sorted(drawn(identifier, secret), key=_in_order))


@dataclass(frozen=True, slots=True)
class _Entry:
    contact: Contact
    changed_on: date
    username: bool

    @property
    def rank(self) -> tuple[bool, date, str, str]:
        """Usernames first, then what has not changed for longest."""
        return (not self.username, self.changed_on, self.contact.kind, self.contact.text)


def _shown(entries: Iterable[_Entry]) -> list[_Entry]:
    by_mask: dict[str, _Entry] = {}
    for entry in sorted(entries, key=lambda entry: entry.rank):
        by_mask.setdefault(entry.contact.masked, entry)
    distinct = list(by_mask.values())
    of_kind: dict[ContactKind, int] = {}
    turns: list[tuple[bool, int, _Entry]] = []
    for entry in distinct:
        turn = of_kind[entry.contact.kind] = of_kind.get(entry.contact.kind, 0) + 1
        turns.append((not entry.username, turn, entry))
    turns.sort(key=lambda each: (each[0], each[1], each[2].rank))
    return sorted((each[2] for each in turns[:MOST_OPTIONS]), key=lambda entry: _in_order(entry.contact))


def _in_order(contact: Contact) -> tuple[str, str, str]:
    # By mask before text: the order of what is hidden would tell something, and decoys hide nothing.
    return (contact.kind, contact.masked, contact.text)


def _changed_on(contact: Contact, records: Iterable[CustomerRecord]) -> date:
    return max(one.changed_on for record in records for one in record.contacts if one.contact == contact)
