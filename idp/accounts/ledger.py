"""A way of confirming is worth no more than the proof that added it (journey E): proof → hold.

======================================  ===========================================================
proven within the last minutes          what is added then
======================================  ===========================================================
password, or a code by email            signs in, is held
a code to a mobile on file for a while  full at once
a code to a mobile that is newer        signs in, is held; so itself, for operations
an activation code                      full at once: somebody saw an identity document
a passkey, or an authenticator app      full at once
one of these that is held itself        signs in, is held
a recovery code                         signs in, is held: whoever could make a set could use it
anything, soon after a recovery         signs in, is held
======================================  ===========================================================

The same table says what an account is born as. Of several proofs the best one counts. What is held signs in;
it confirms no operation, recovers nothing and changes no contact and no factor, until its time has come or
its owner cancelled it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from idp.values import Proof, ProofKind


class Worth(StrEnum):
    """What a proof makes of what is added on it."""

    FULL = "full"
    HELD = "held"
    # Full where the mobile had been the customer's for a while.
    BY_MOBILE = "by_mobile"


WORTH: Mapping[ProofKind, Worth] = {
    ProofKind.PASSWORD: Worth.HELD,
    ProofKind.EMAIL_CODE: Worth.HELD,
    ProofKind.SMS_CODE: Worth.BY_MOBILE,
    ProofKind.ACTIVATION_CODE: Worth.FULL,
    ProofKind.PASSKEY: Worth.FULL,
    ProofKind.TOTP: Worth.FULL,
    ProofKind.RECOVERY_CODE: Worth.HELD,
    ProofKind.NEW_CONTACT: Worth.HELD,
}
"""The table; every proof stands in it."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What decides besides the proofs.

    ``settled_mobile``: every mobile that codes go to has been the customer's for as long as recovery wants.
    ``recovered_at``: when the account was last recovered, epoch seconds; None when it was not lately.
    """

    settled_mobile: bool
    recovered_at: int | None


def is_held(proofs: Iterable[Proof], around: Circumstances, *, after_recovery: int, now: int) -> bool:
    """Whether what is added on these proofs waits; no proof at all adds nothing, so it is held too.

    ``after_recovery``: seconds for which a recovery holds whatever is added.
    """
    if around.recovered_at is not None and now - around.recovered_at < after_recovery:
        return True
    return not any(_lifts(proof, around) for proof in proofs)


def born_held_until(born_on: ProofKind, *, settled_mobile: bool, hold: int, now: int) -> int | None:
    """Until when a new account confirms no operation (epoch seconds), None where it does at once.

    ``settled_mobile``: the mobile it was born on has stood on file for as long as recovery wants.
    ``hold`` in seconds.
    """
    held = not _lifts(Proof(born_on, now * 1000), Circumstances(settled_mobile, None))
    return now + hold if held else None


def held_until(pending_until: int | None, now: int) -> int | None:
    """Until when a way that was added confirms nothing (epoch seconds), None where it does."""
    return pending_until if pending_until is not None and pending_until > now else None


def confirms(pending_until: int | None, flagged_at: int | None, now: int) -> bool:
    """Whether a way that was added may confirm anything yet, and still."""
    return flagged_at is None and held_until(pending_until, now) is None


def _lifts(proof: Proof, around: Circumstances) -> bool:
    if proof.held:
        return False
    worth = WORTH[proof.kind]
    return worth is Worth.FULL or (worth is Worth.BY_MOBILE and around.settled_mobile)
