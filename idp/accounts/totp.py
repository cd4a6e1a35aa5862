"""Authenticator apps (RFC 6238): six digits of every half minute, made from a secret that two sides have.

One step before and one after do too (RFC 6238 §5.2): a telephone's clock is never quite ours, and typing
takes a moment. A step that was used once is over, with all that came before it.
"""

import base64
import hmac
from dataclasses import dataclass, field
from typing import Final

import pyotp

from idp.accounts import ledger

OCTETS: Final = 20
"""Random octets of a secret: 160 bits, as RFC 4226 §4 recommends."""
DIGITS: Final = 6
STEP: Final = 30
"""Seconds for which a code is the current one."""
_AROUND: Final = 1


@dataclass(frozen=True, slots=True)
class Authenticator:
    """The app of an account; times are epoch seconds.

    ``last_counter``: the newest step that was used, counted from 1970 (RFC 6238 §4.2).
    """

    sub: str
    last_counter: int
    created_at: int
    last_used_at: int | None = None
    # It signs in, and confirms nothing until then (``accounts.ledger``).
    pending_until: int | None = None
    # It does nothing at all, because its owner said that somebody else was in the account.
    suspended_at: int | None = None
    sealed_secret: bytes = field(default=b"", repr=False)

    @property
    def usable(self) -> bool:
        """Whether its codes do at all."""
        return self.suspended_at is None

    def held_until(self, now: int) -> int | None:
        """Until when it confirms nothing (epoch seconds), None where it does."""
        return ledger.held_until(self.pending_until, now)


@dataclass(frozen=True, slots=True)
class Matches:
    """The code is that of this step."""

    counter: int


@dataclass(frozen=True, slots=True)
class Used:
    """The code is that of a step that is over: it was used, or a newer one was."""


@dataclass(frozen=True, slots=True)
class Differs:
    """It is the code of no step around now."""


def secret_of(octets: bytes) -> str:
    """A new secret in base32, as apps take it, made of ``OCTETS`` random octets."""
    if len(octets) != OCTETS:
        raise ValueError("twenty random octets are wanted")
    return base64.b32encode(octets).decode()


def grouped(secret: str) -> str:
    """A secret in groups of four, as people copy it from one screen to another."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def uri(secret: str, *, issuer: str, account: str) -> str:
    """The ``otpauth`` address that a QR code holds (the Key Uri Format of authenticator apps).

    Algorithm, digits and period are those that every app takes where none are named.
    """
    # A colon parts issuer and account, and some apps look for it after decoding.
    named = issuer.replace(":", " ").strip()
    return _totp(secret).provisioning_uri(name=account.replace(":", " "), issuer_name=named)


def counter_at(now: int) -> int:
    """The step of a moment (RFC 6238 §4.2)."""
    return now // STEP


def code_at(secret: str, counter: int) -> str:
    """The code of a step."""
    return _totp(secret).generate_otp(counter)


def judge(secret: str, code: str, *, last_counter: int, now: int) -> Matches | Used | Differs:
    """Compare six digits with the codes around ``now``, the same work whatever comes of it.

    ``Matches`` is not the last word: whoever acts on it moves ``last_counter`` on by one statement, and one
    caller wins.
    """
    current = counter_at(now)
    steps = range(current - _AROUND, current + _AROUND + 1)
    same = [step for step in steps if hmac.compare_digest(code_at(secret, step), code)]
    fresh = [step for step in same if step > last_counter]
    if fresh:
        return Matches(max(fresh))
    return Used() if same else Differs()


def _totp(secret: str) -> pyotp.TOTP:
    return pyotp.TOTP(secret, digits=DIGITS, interval=STEP)
