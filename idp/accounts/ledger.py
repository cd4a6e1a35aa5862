"""A way of confirming is worth no more than the proof that added it (journeys E, G, H): proof → level → hold.

================  =====================  =========  ==========================================================
proof             earns, with password   makes      what is added on it within the last minutes
================  =====================  =========  ==========================================================
password          urn:idp:acr:1          held       signs in, is held
email_code        urn:idp:acr:1          held       signs in, is held
sms_code          urn:idp:acr:2          by_mobile  full where the mobile has been theirs for a while; else it
                                                    is held, and so is the mobile itself, for operations
activation_code   urn:idp:acr:1          full       full at once: somebody saw an identity document
passkey           urn:idp:acr:3          full       full at once
totp              urn:idp:acr:2          full       full at once
recovery_code     urn:idp:acr:2          held       held: whoever could make a set could use it
new_contact       urn:idp:acr:1          held       held: its contact came on file a moment ago
================  =====================  =========  ==========================================================

The level is computed where classes are defined, in ``idp.oidc.session``; it is repeated here to be read, and
a test compares the two. Whatever is held itself earns the lowest class, and adds what is held. Of several
proofs the best one counts. The hold, on each of the four occasions:

===============  ======================================================  ==================================
occasion         what waits                                              until
===============  ======================================================  ==================================
account birth    the account, born on a proof that makes held            ``born_held_until``
enrolment        a passkey, app or set of codes, added on such a proof,  ``is_held``, then the same hold
                 or on any soon after a recovery
recovery         the account, where no second proof was given            ``limited_until``
registry change  a contact that is new on file, whoever had it entered   ``on_file_held_until``
===============  ======================================================  ==================================

What is held signs in; it confirms no operation, recovers nothing and changes no contact and no factor, until
its time has come or its owner cancelled it.
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


def limited_until(*, second_proof: bool, limit: int, now: int) -> int | None:
    """Until when an account that is recovered now confirms and changes nothing (epoch seconds), None where a
    second proof was given beside the contact (journey H). ``limit`` in seconds."""
    return None if second_proof else now + limit


def on_file_held_until(
    changed_at: int, added_at: int, *, waited: bool, contact_age: int, hold: int, now: int
) -> int | None:
    """Until when a contact that changed in the registry confirms nothing (epoch seconds), None where it does
    (journeys E and L): whoever reads the code there may be whoever had it entered, also once it is proven.

    ``changed_at``: when it came on file, ``added_at``: when it was proven for the account. It is free with
    the first of two: it is as old on file as recovery wants (``contact_age`` seconds), or it was the
    account's for ``hold`` seconds. ``waited``: a mobile had waited as its owner's own word before it came on
    file, so it has two witnesses.
    """
    until = min(changed_at + contact_age, added_at + hold)
    return until if until > now and not waited else None


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
