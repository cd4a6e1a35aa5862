"""Counting under brakes (``accounts.lockout``): failures, and things that cost; successes never (security
bar D7).

Counters are keyed by pseudonyms, since Ephemera may be a server shared with others.
"""

from collections.abc import Sequence

from idp.accounts.lockout import Allowed, Brake, Decision, Throttled, decide
from idp.flows.idp import Idp
from idp.settings.section import Rate
from idp.values import Contact

_DAY = 86400


def standing(idp: Idp, brakes: Sequence[Brake], *, now: int) -> Decision:
    """Whether one more attempt is let through."""
    return decide(brakes, [idp.ephemera.count(brake.key(now), now) for brake in brakes], now)


def failed(idp: Idp, brakes: Sequence[Brake], *, now: int) -> None:
    """Count one failure under each."""
    for brake in brakes:
        idp.ephemera.bump(brake.key(now), brake.life, now)


def spend(idp: Idp, brakes: Sequence[Brake], *, now: int) -> Decision:
    """Count one thing that costs, then say whether it may be done: of many at once no more pass than the
    rate."""
    for brake in brakes:
        if idp.ephemera.bump(brake.key(now), brake.life, now) > brake.rate.count:
            return Throttled(brake.wait(now), brake.name.partition(":")[0])
    return Allowed()


def first_refusal(idp: Idp, brakes: Sequence[Brake], refused: Throttled, *, now: int) -> bool:
    """Whether a brake has refused nobody before in its window: of a flood the audit trail keeps one line."""
    brake = next(brake for brake in brakes if brake.name.partition(":")[0] == refused.by)
    return idp.ephemera.bump(f"told:{brake.key(now)}", brake.life, now) == 1


def pseudonym_of_source(idp: Idp, source: str) -> str:
    """How a source stands in counters and audit."""
    return idp.sealer.pseudonym(f"source:{source}")


def send_brakes(idp: Idp, contact: Contact, source: str) -> tuple[Brake, ...]:
    """The counters of one message with a code: by contact, on file or not, and by source (security bar
    5.3)."""
    limits = idp.settings.limits
    whom = idp.sealer.pseudonym(f"contact:{contact.text}")
    per_source = limits.sends_per_source_ipv6_64 if ":" in source else limits.sends_per_source_ipv4
    return (
        Brake(f"send-contact:{whom}", limits.sends_per_contact),
        Brake(f"send-contact-day:{whom}", Rate(limits.sends_per_contact_per_day, _DAY)),
        Brake(f"send-source:{pseudonym_of_source(idp, source)}", per_source),
    )


def code_brakes(idp: Idp, contact: Contact) -> tuple[Brake, ...]:
    """The counter of wrong codes for one contact, on file or not, over all its challenges (bar 5.3)."""
    whom = idp.sealer.pseudonym(f"contact:{contact.text}")
    return (Brake(f"code-contact:{whom}", idp.settings.limits.otp_failures_per_account),)


def password_brakes(idp: Idp, enrolment_id: str) -> tuple[Brake, ...]:
    """The counter of passwords chosen in one registration: each costs a hash, and nobody chooses so often."""
    return (Brake(f"registration-password:{enrolment_id}", idp.settings.limits.passwords_per_registration),)


def registration_brakes(idp: Idp, source: str) -> tuple[Brake, ...]:
    """The counter of registrations begun by one source."""
    where = pseudonym_of_source(idp, source)
    return (Brake(f"registration-source:{where}", idp.settings.limits.registrations_per_source),)
