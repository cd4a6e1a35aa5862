"""What the service asks of the world: a port stands where two real adapters do, or where a test must control
it.

Every adapter of a port passes that port's contract test in ``tests/ports``. Ephemera and Courier are never
called while a writing transaction is open: SQLite would lock itself out, and a slow gateway would hold a row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from idp.values import Contact, Handle


class Clock(Protocol):
    """Tells the time; ``now`` is read once per request and passed down."""

    def now(self) -> int:
        """Seconds since 1970-01-01 UTC."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC, where two events of one second must be told apart."""

    def monotonic(self) -> float:
        """Seconds of a clock that never steps back, for durations."""


class Entropy(Protocol):
    """The only source of randomness, a CSPRNG."""

    def handle(self) -> Handle:
        """A fresh secret of 256 bits in base64url (43 characters)."""

    def identifier(self) -> str:
        """A fresh public identifier of 128 bits in base64url (22 characters), never reused."""

    def digits(self, count: int) -> str:
        """``count`` decimal digits, each unbiased."""

    def octets(self, count: int) -> bytes:
        """``count`` random bytes."""


class Ephemera(Protocol):
    """What may vanish: counters, replay caches, pushed requests. Keys are ``purpose:…``; lives are
    seconds."""

    def put(self, key: str, value: bytes, life: int, now: int) -> None:
        """Keep ``value`` under ``key`` for ``life`` seconds, replacing what was there."""

    def add(self, key: str, value: bytes, life: int, now: int) -> bool:
        """Keep it only if nothing live stands there; True when it was kept. One caller of many wins."""

    def peek(self, key: str, now: int) -> bytes | None:
        """What stands there, untouched."""

    def take(self, key: str, now: int) -> bytes | None:
        """What stands there, removed by the same act: one caller of many gets it."""

    def bump(self, key: str, life: int, now: int, by: int = 1) -> int:
        """Add ``by`` to the counter and return its new value; the first bump starts its ``life``."""

    def count(self, key: str, now: int) -> int:
        """The counter's value, 0 when it is not there."""

    def drop(self, key: str) -> None:
        """Forget it."""

    def sweep(self, now: int, at_most: int) -> int:
        """Remove at most that many dead entries; how many were removed."""


class EphemeraDown(Exception):
    """The store of short-lived state did not answer."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one contact, ready to leave. ``idempotency_key`` is the same at every attempt."""

    idempotency_key: str
    to: Contact = field(repr=False)
    purpose: str
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)
    language: str
    code: str | None = field(repr=False, default=None)
    link: str | None = field(repr=False, default=None)


class Delivery(StrEnum):
    """What became of an attempt to send."""

    SENT = "sent"
    RETRY = "retry"
    REFUSED = "refused"


class Courier(Protocol):
    """Carries messages of one channel out of the house."""

    def send(self, message: Message, now: int) -> Delivery:
        """Try once. ``RETRY`` when trying later may help, ``REFUSED`` when it never will; raises nothing."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private signing key, parsed once. ``public`` is its JWK with kid, alg and use, without private
    parts."""

    kid: str
    alg: str
    private: Any = field(repr=False)
    public: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SymmetricKey:
    """A symmetric key of one purpose and version (``kid`` like ``data-1``)."""

    kid: str
    secret: bytes = field(repr=False)


class KeyRing(Protocol):
    """The keys on this node. Which signing key is active is the database's to say (``signing_keys``)."""

    def signing_keys(self) -> Mapping[str, SigningKey]:
        """Every signing key on file, by kid."""

    def symmetric(self, purpose: str) -> tuple[SymmetricKey, ...]:
        """The keys of a purpose, the current one first; raises ``KeyError`` when there is none."""

    def create_signing(self, alg: str) -> str:
        """Make and file a signing key for ``ES256`` or ``RS256``; its kid (RFC 7638 thumbprint)."""

    def create_symmetric(self, purpose: str) -> str:
        """Make and file the next version of a symmetric key; its kid."""

    def reload(self) -> None:
        """Read the files again, after another process wrote some."""

    def discard(self, kid: str) -> None:
        """Delete a signing key's file; nothing happens when it is gone already."""
