"""A code of one's own, of the authenticator app or printed: how tries at it are counted and refusals noted.

Every try is counted before it is looked at, so that of many at once no more are judged than may fail; the
right one is given back (``throttle.give_back``).
"""

from collections.abc import Sequence

from idp.accounts.audit import Event
from idp.accounts.lockout import Brake, Throttled
from idp.flows import throttle
from idp.flows.idp import Idp
from idp.store import audit


def spend_try(idp: Idp, brakes: Sequence[Brake], source: str, *, now: int) -> Throttled | None:
    """Count one try; what refuses it, None where it may be looked at."""
    decision = throttle.otp_breaker(idp, source, now=now)
    if not isinstance(decision, Throttled):
        decision = throttle.spend(idp, brakes, now=now)
    return decision if isinstance(decision, Throttled) else None


def failed(idp: Idp, event: Event, sub: str, source: str, *, now: int) -> None:
    """Count a wrong one for the breaker of codes, and note it."""
    throttle.otp_failed(idp, idp.sealer.pseudonym(f"sub:{sub}"), source, now=now)
    note_refusal(idp, event, sub, "wrong", source, now=now)


def note_refusal(idp: Idp, event: Event, sub: str, reason: str, source: str, *, now: int) -> None:
    """Leave in the trail why one did not do. Call it outside of a transaction."""
    with idp.writing() as tx:
        audit.add(
            tx,
            event,
            at=now,
            actor=idp.sealer.pseudonym(f"sub:{sub}"),
            source=throttle.pseudonym_of_source(idp, source),
            details={"reason": reason},
        )
