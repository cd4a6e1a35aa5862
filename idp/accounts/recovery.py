"""Forgotten credentials (journey H): a recovery under way, which can do nothing but choose a new password.

::

    contacts ──▶ verify ──right code──▶ second ──right code──▶ factors ──▶ password ──▶ completed
       ▲           │               (where enrolled)        (where there are any)
       └─another───┘                                            ▲
    activation code: stands for the contact and for the second ─┘
    from every stage ──its life──▶ expired
    from second, factors, password ──password changed, account locked──▶ over

Where a recovery stands follows from what is stored of it and from what the account confirms with at that
moment; no page says it. Before the contact is proven nothing differs between a customer, a stranger and
nobody: an option that recovers nothing (``Obstacle``) gets a challenge that has no right answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from idp.accounts import offers
from idp.accounts.offers import Option
from idp.accounts.records import CustomerRecord
from idp.values import Contact, ContactKind, Identifier, parse_identifier


class Stage(StrEnum):
    """What is asked next."""

    CONTACTS = "contacts"
    VERIFY = "verify"
    SECOND = "second"
    FACTORS = "factors"
    PASSWORD = "password"
    COMPLETED = "completed"
    OVER = "over"
    EXPIRED = "expired"


class Obstacle(StrEnum):
    """Why a contact that was offered recovers nothing; kept with the recovery, shown to admins."""

    # It is a decoy: the identifier is nobody's, or nothing of its owner's may be offered.
    UNKNOWN_IDENTIFIER = "unknown_identifier"
    NOTHING_OFFERED = "nothing_offered"
    DECEASED = "deceased"
    UNDER_AGE = "under_age"
    # Its owner never registered.
    NO_ACCOUNT = "no_account"
    # The account is locked, or was closed.
    NOT_ACTIVE = "not_active"
    # It has been on file for too short a time.
    FRESH_CONTACT = "fresh_contact"

    @property
    def told_to_contact(self) -> bool:
        """Whether the chosen contact gets a message that says so."""
        return self in (Obstacle.NO_ACCOUNT, Obstacle.FRESH_CONTACT)


@dataclass(frozen=True, slots=True)
class Owner:
    """The account of the chosen contact, as it stood then."""

    sub: str
    # Epoch seconds; another value later means that the password was changed meanwhile.
    password_changed_at: int | None = None


@dataclass(frozen=True, slots=True)
class ProvenWay:
    """A contact that was proven for the account: what it confirms with today."""

    contact_index: bytes = field(repr=False)
    kind: ContactKind
    # Epoch seconds.
    added_at: int
    lost: bool = False
    # Whether the customer typed it (journey G); else it stood on file.
    typed: bool = False
    # The change of mobile it waits in (journey G): it confirms nothing yet, and is kept or cancelled.
    pending: str | None = None
    # Opened by ``idp.flows.recover.progress.opened``.
    sealed: bytes = field(default=b"", repr=False)


SECOND_WAYS: tuple[ContactKind, ...] = (ContactKind.MOBILE, ContactKind.EMAIL)
"""The contacts that confirm a second time, the strongest first; passkey and app are stronger."""


def second_ways(
    used_index: bytes, used_kind: ContactKind, proven: Sequence[ProvenWay]
) -> tuple[ProvenWay, ...]:
    """The ways of which one is asked after the contact with this blind index was proven, the strongest first.

    A confirmed mobile always; a proven email only after a mobile, since two mailboxes are one factor. None
    that is lost or pending, and never the contact that was used.
    """
    asked = [
        way
        for way in proven
        if way.contact_index != used_index
        and not way.lost
        and way.pending is None
        and ContactKind.MOBILE in (way.kind, used_kind)
        and way.kind in SECOND_WAYS
    ]
    return tuple(
        sorted(asked, key=lambda way: (SECOND_WAYS.index(way.kind), way.added_at, way.contact_index))
    )


def keepable(proven: Sequence[ProvenWay]) -> tuple[ProvenWay, ...]:
    """The ways of confirming that the customer keeps or removes: today the mobiles, pending ones too."""
    return tuple(way for way in proven if way.kind is ContactKind.MOBILE)


def passkey_mark(passkey_id: str) -> str:
    """How a passkey stands among what is kept."""
    return f"passkey:{passkey_id}"


def app_mark(added_at: int) -> str:
    """The same of the authenticator app that was added then (epoch seconds)."""
    return f"app:{added_at}"


def codes_mark(made_at: int) -> str:
    """The same of the recovery codes that were made then (epoch seconds)."""
    return f"codes:{made_at}"


class Means(StrEnum):
    """A code of the customer's own that stands for a second proof; nothing is sent for it."""

    AUTHENTICATOR = "authenticator"
    RECOVERY_CODE = "recovery_code"


def old_enough(changed_on: date, contact_age: int, now: int) -> bool:
    """Whether a contact that last changed on that day (UTC) may recover: ``contact_age`` in seconds."""
    return now - day_start(changed_on) >= contact_age


def day_start(day: date) -> int:
    """When a day began (UTC), epoch seconds."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def settled(record: CustomerRecord | None, contact: Contact, contact_age: int, now: int) -> bool:
    """Whether a contact has stood on the customer's record for ``contact_age`` seconds."""
    found = () if record is None else record.contacts
    return any(one.contact == contact and old_enough(one.changed_on, contact_age, now) for one in found)


def obstacle_of(
    owner: Owner | None, changed_on: date | None, contact_age: int, now: int, *, active: bool
) -> Obstacle | None:
    """Why a contact on file recovers nothing, None when it does.

    ``owner`` is the account of its record and ``active`` its state; ``changed_on`` the day since which it has
    stood there, None where it stands there no more.
    """
    if changed_on is None:
        return Obstacle.NOTHING_OFFERED
    if owner is None:
        return Obstacle.NO_ACCOUNT
    if not active:
        return Obstacle.NOT_ACTIVE
    return None if old_enough(changed_on, contact_age, now) else Obstacle.FRESH_CONTACT


@dataclass(frozen=True, slots=True)
class Account:
    """What of the owner's account decides where a recovery stands; ``used_index`` is the chosen contact's."""

    sub: str
    active: bool
    password_changed_at: int | None
    used_index: bytes = field(repr=False)
    proven: tuple[ProvenWay, ...] = ()
    # The ids of its passkeys, which are kept or removed like mobiles.
    passkeys: tuple[str, ...] = ()
    # Those of them that confirm at this moment: held and flagged ones recover nothing.
    confirming: tuple[str, ...] = ()
    # When its authenticator app was added and its recovery codes were made (epoch seconds), None without.
    app: int | None = None
    codes: int | None = None
    # Those of the two that confirm at this moment, the app first.
    means: tuple[Means, ...] = ()


@dataclass(frozen=True, slots=True)
class Recovery:
    """One recovery; times are epoch seconds. It is for one identifier: typing another begins another."""

    id: str
    case_number: str
    language: str
    created_at: int
    expires_at: int
    identifier: Identifier = field(repr=False)
    options: tuple[Option, ...] = field(repr=False)
    # The handle of the option that was chosen, and what was found then: its account, or an obstacle.
    chosen: str | None = None
    owner: Owner | None = None
    obstacle: Obstacle | None = None
    # The digest, in hexadecimal, of the activation code that stands for the proofs.
    activation: str | None = field(default=None, repr=False)
    proven_at: int | None = None
    second_at: int | None = None
    # The mark of what was the second proof; None where that was a contact, or nothing yet.
    second_by: str | None = None
    # Blind indexes, in hexadecimal, of the ways to keep; None until the customer said so.
    kept: frozenset[str] | None = field(default=None, repr=False)
    interaction_id: str | None = None
    completed_at: int | None = None

    def option(self, handle: str | None) -> Option | None:
        """The option with this handle; None for one of another list."""
        return next((option for option in self.options if option.handle == handle), None)

    @property
    def choice(self) -> Option | None:
        """The option that was chosen."""
        return self.option(self.chosen)

    def stage(self, account: Account | None, now: int) -> Stage:
        """What is asked next; ``account`` is the owner's as it stands now, None where there is none."""
        if self.completed_at is not None:
            return Stage.COMPLETED
        if self.expires_at <= now:
            return Stage.EXPIRED
        if self.choice is None:
            return Stage.CONTACTS
        if self.proven_at is None:
            return Stage.VERIFY
        if account is None or not self._still(account):
            return Stage.OVER
        if self.second_at is None and self._is_second_asked(account):
            return Stage.SECOND
        if self.kept is None and _has_what_is_kept(account):
            return Stage.FACTORS
        return Stage.PASSWORD

    def ways(self, account: Account) -> tuple[ProvenWay, ...]:
        """The second ways of which one is to be proven; none where an activation code stands for it."""
        choice = self.choice
        if choice is None or self.activation is not None:
            return ()
        return second_ways(account.used_index, choice.contact.kind, account.proven)

    def passkeys_asked(self, account: Account) -> tuple[str, ...]:
        """The ids of the passkeys any of which is a second proof; none where an activation code is."""
        return () if self.activation is not None else account.confirming

    def means_asked(self, account: Account) -> tuple[Means, ...]:
        """The codes of their own any of which is a second proof; none where an activation code is."""
        return () if self.activation is not None else account.means

    def _is_second_asked(self, account: Account) -> bool:
        # Recovery codes take the place of something else; alone they are nothing that was enrolled.
        return bool(
            self.ways(account)
            or self.passkeys_asked(account)
            or Means.AUTHENTICATOR in self.means_asked(account)
        )

    def removes(self, proven: Sequence[ProvenWay]) -> tuple[ProvenWay, ...]:
        """The ways that go when it is completed: those that were not said to be kept."""
        kept = self.kept or frozenset()
        return tuple(way for way in keepable(proven) if way.contact_index.hex() not in kept)

    @property
    def second_passkey(self) -> str | None:
        """The id of the passkey that was the second proof, None where there was none."""
        mark, second_by = passkey_mark(""), self.second_by or ""
        return second_by.removeprefix(mark) if second_by.startswith(mark) else None

    @property
    def kept_passkeys(self) -> tuple[str, ...]:
        """The ids of the passkeys that stay; every other one goes."""
        mark = passkey_mark("")
        return tuple(one.removeprefix(mark) for one in sorted(self.kept or ()) if one.startswith(mark))

    def keeps(self, mark: str) -> bool:
        """Whether what has this mark was said to be kept."""
        return mark in (self.kept or ())

    def _still(self, account: Account) -> bool:
        # One begun before the password was changed belongs to the earlier password: it dies with it.
        return (
            self.owner is not None
            and self.obstacle is None
            and account.active
            and self.owner == Owner(account.sub, account.password_changed_at)
        )


def _has_what_is_kept(account: Account) -> bool:
    kept = (keepable(account.proven), account.passkeys)
    return any(kept) or account.app is not None or account.codes is not None


def to_json(recovery: Recovery) -> dict[str, Any]:
    """What of a recovery is stored sealed."""
    owner = recovery.owner
    return {
        "identifier": recovery.identifier.text,
        "options": offers.to_json(recovery.options),
        "owner": None if owner is None else [owner.sub, owner.password_changed_at],
        "kept": None if recovery.kept is None else sorted(recovery.kept),
        "second_by": recovery.second_by,
    }


def options_of(stored: dict[str, Any]) -> tuple[Option, ...]:
    """The options that ``to_json`` wrote."""
    return offers.from_json(stored["options"])


def owner_of(stored: dict[str, Any]) -> Owner | None:
    """The owner that ``to_json`` wrote."""
    return None if stored["owner"] is None else Owner(*stored["owner"])


def kept_of(stored: dict[str, Any]) -> frozenset[str] | None:
    """The ways to keep that ``to_json`` wrote."""
    return None if stored["kept"] is None else frozenset(stored["kept"])


def second_by_of(stored: dict[str, Any]) -> str | None:
    """The mark that ``to_json`` wrote; what was stored before there were any has none."""
    return stored.get("second_by")


def identifier_of(stored: dict[str, Any]) -> Identifier:
    """The identifier that ``to_json`` wrote."""
    return parse_identifier(stored["identifier"])
