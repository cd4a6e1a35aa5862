"""A one-time code sent to a contact, and the judging of answers (security bar 5.3).

::

    sent ──right answer──▶ ended            (the flow ends it by one statement; one caller wins)
      ├──a newer challenge of the same subject──▶ ended
      ├──last wrong answer──▶ ended         (no try is left)
      └──expires_at──▶ expired

Every answer first costs a try, by one statement of the store; only then is it compared. So of many guesses
sent at once no more than ``tries`` are looked at. A challenge without ``code_mac`` has no right answer: it is
what a registration gets whose data did not match, and it behaves like any other.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from idp.values import ContactKind

_ELSEWHERE = "~"


def elsewhere_of(subject: str) -> str:
    """The subject of the challenges that another browser asked for, of which this one's is told nothing.

    No identifier begins like it.
    """
    return f"{_ELSEWHERE}{subject}"


def subject_of(challenge: "Challenge") -> str:
    """What a challenge belongs to, whichever browser asked for it."""
    return challenge.subject.removeprefix(_ELSEWHERE)


class Purpose(StrEnum):
    """What a challenge proves a contact for; an answer to one purpose is worth nothing for another."""

    REGISTRATION = "registration"
    RECOVERY = "recovery"
    # A second way, asked while credentials are recovered.
    RECOVERY_SECOND = "recovery_second"
    # A mobile number that its owner typed, and a contact on file that is to become the username.
    MOBILE = "mobile"
    USERNAME = "username"
    # Who is signed in proves it again before something is changed.
    FRESH = "fresh"
    # One operation is confirmed, and nothing else by the same code.
    OPERATION = "operation"
    # The second factor of a sign-in, and of a request that demands more than a password.
    SIGN_IN = "sign_in"
    STEP_UP = "step_up"

    @property
    def of_owner(self) -> bool:
        """Whether it goes only to contacts of the account that asks; what was typed may be anybody's."""
        return self not in (Purpose.REGISTRATION, Purpose.RECOVERY, Purpose.MOBILE)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One challenge as it stands in the store; times are epoch seconds."""

    id: str
    purpose: Purpose
    subject: str
    channel: ContactKind
    tries_left: int
    sent_at: int
    expires_at: int
    # Opened by ``idp.store.challenges.open_contact``.
    sealed_contact: bytes = field(default=b"", repr=False)
    code_mac: bytes | None = field(default=None, repr=False)
    ended_at: int | None = None
    # Of the token of the link beside the code; null where there is none.
    link_digest: bytes | None = field(default=None, repr=False)

    def live(self, now: int) -> bool:
        """Whether an answer would be looked at."""
        return self.ended_at is None and self.tries_left > 0 and now < self.expires_at


@dataclass(frozen=True, slots=True)
class Right:
    """The code is the one that was sent."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """It is not; with no try left the challenge is over."""

    tries_left: int


@dataclass(frozen=True, slots=True)
class Expired:
    """Too late: a new code must be asked for."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Used, replaced by a newer one, guessed at too often, or never there."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """Not a code at all (letters, too few digits): no try is spent on it."""


Answer: TypeAlias = Right | Wrong | Expired | Ended | Malformed


def code_of(typed: str, digits: int) -> str | None:
    """The code that was typed, without the spaces and hyphens people copy along; None when it is not one."""
    compact = "".join(c for c in typed if not c.isspace() and c not in "-‐‑‒–—.\u200b\ufeff")
    if len(compact) != digits or not all(c.isdecimal() for c in compact):
        return None
    return "".join(str(unicodedata.decimal(c)) for c in compact)


def mac_of(code: str, challenge_id: str, secret: bytes) -> bytes:
    """What is stored of a code, 32 bytes: of no use without the key, and in no other challenge."""
    return hmac.new(secret, f"code:{challenge_id}:{code}".encode(), hashlib.sha256).digest()


def judge(taken: Challenge, code: str, secrets: Sequence[bytes]) -> Right | Wrong:
    """Compare an answer on which a try was spent already; ``secrets`` are the keys, the current one first.

    The work is the same whether or not there is a right answer.
    """
    expected = taken.code_mac or bytes(32)
    macs = [hmac.compare_digest(mac_of(code, taken.id, secret), expected) for secret in secrets]
    if any(macs) and taken.code_mac is not None:
        return Right()
    return Wrong(taken.tries_left)


def why_over(challenge: Challenge | None, now: int) -> Expired | Ended:
    """What to tell somebody whose answer found no try to spend."""
    if challenge is not None and challenge.ended_at is None and challenge.expires_at <= now:
        return Expired()
    return Ended()


def resend_wait(sent_at: int, gap: int, now: int) -> int:
    """Seconds before another code can be asked for, 0 when at once."""
    return max(0, sent_at + gap - now)
