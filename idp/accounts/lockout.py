"""Brakes on guessing and on sending: the guesser is slowed down, not the owner (journey D, security bar 5.3).

There is no lock. A browser that signed this account in before has a counter of its own and none of the
others, so that nobody can keep the owner out by failing on purpose. Counters live in fixed windows: a key
names the window, so the time to wait is known without asking when the counter began.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from idp.settings.limits import Limits
from idp.settings.section import Rate
from idp.values import Contact, ContactKind

OTP_BREAKER = "otp-breaker"
"""Refuses while codes are being guessed over many accounts: for everybody, or for the source that does it."""

SEND_PREFIX = "send-prefix"
"""Refuses when too many SMS were asked for in one range of numbers."""

SMS_CONVERSION = "sms-conversion"
"""Refuses where too few of the SMS of one range of numbers were answered."""

SMS_CAP = "sms-cap"
"""Refuses when the day's money for SMS is spent."""


@dataclass(frozen=True, slots=True)
class Brake:
    """One counter of failures: ``name`` says of what, ``rate`` how many are let through in its window."""

    name: str
    rate: Rate

    def key(self, now: int) -> str:
        """Where the counter of the window around ``now`` stands in Ephemera."""
        return f"brake:{self.name}:{now // self.rate.window}"

    @property
    def life(self) -> int:
        """Seconds for which such a counter matters."""
        return self.rate.window

    def wait(self, now: int) -> int:
        """Seconds until the next window begins."""
        return self.rate.window - now % self.rate.window


@dataclass(frozen=True, slots=True)
class Allowed:
    """Go on; ``withheld``: as if a message were sent, but nobody is to get it."""

    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Throttled:
    """Too many; ``retry_after`` in seconds, ``by`` the brake that refused."""

    retry_after: int
    by: str


Decision: TypeAlias = Allowed | Throttled


def sign_in_brakes(account: str, source: str, browser: str | None, limits: Limits) -> tuple[Brake, ...]:
    """The counters of one sign-in attempt, existing account or not.

    ``account`` and ``source`` are pseudonyms (``Sealer.pseudonym``) of the username and the network;
    ``browser`` is one of a browser that signed this very account in before, else None.
    """
    if browser is not None:
        return (Brake(f"login-browser:{account}:{browser}", limits.login_failures_per_account_and_source),)
    return (
        Brake(f"login-pair:{account}:{source}", limits.login_failures_per_account_and_source),
        Brake(f"login-account:{account}", limits.login_failures_per_account),
        Brake(f"login-source:{source}", limits.login_failures_per_source),
    )


def decide(brakes: Sequence[Brake], counts: Sequence[int], now: int) -> Decision:
    """Whether one more attempt is let through; ``counts`` are the failures so far, in the brakes' order."""
    waits = [
        (brake.wait(now), brake.name.partition(":")[0])
        for brake, count in zip(brakes, counts, strict=True)
        if count >= brake.rate.count
    ]
    if not waits:
        return Allowed()
    wait, by = max(waits)
    return Throttled(wait, by)


def counted_as(contact: Contact) -> str:
    """How a contact stands in counters, and nowhere else: dots and plus tags of an email address fold.

    One mailbox has any number of such spellings at large providers, and each would have a counter of its own.
    For identity they stay significant, since they may be two people (security bar 4).
    """
    if contact.kind is not ContactKind.EMAIL:
        return contact.text
    local, _, domain = contact.text.rpartition("@")
    plain = local.partition("+")[0].replace(".", "")
    return f"{plain or local}@{domain}"


def most_failing_accounts(limits: Limits, accounts: int) -> int:
    """How many accounts may fail at codes in the breaker's window, where there are so many ``accounts``."""
    by_share = accounts * limits.otp_breaker_accounts_percent // 100
    return max(limits.otp_breaker_accounts.count, by_share)
