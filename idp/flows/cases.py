"""What the help desk sees of a case number (journey C): what happened and what to tell the customer.

Nobody's data are shown, and nothing that was typed: whoever calls may be a stranger.
"""

import re
from dataclasses import dataclass

from idp.accounts import cases as rules
from idp.accounts.audit import Event
from idp.accounts.matching import Reason
from idp.flows.idp import Idp
from idp.store import cases

_NUMBER = re.compile(r"([2-9A-Z]{3})[\s\-‐‑–]*([2-9A-Z]{3})")
_DAY = 86400
_COMPLETED = frozenset({Event.REGISTRATION_COMPLETED, Event.RECOVERY_COMPLETED})
_NOT_JUDGED = frozenset({Event.REGISTRATION_HELP_WANTED, Event.ACTIVATION_CODE_ACCEPTED})


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """One thing that happened: when (epoch seconds), the event's name, and its reason where it has one."""

    at: int
    name: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case; times are epoch seconds. ``advice`` is a key of the catalogues.

    ``state``: ``under_way``, ``completed`` or ``expired``.
    """

    number: str
    journey: str
    state: str
    profile: str | None
    reason: str | None
    advice: str
    began_at: int
    history: tuple[CaseEvent, ...]


def case(idp: Idp, number: str, *, now: int) -> CaseView | None:
    """The case of this number, in any spelling; None where there is none.

    What is no longer under way is told from the audit trail, for as long as that is kept.
    """
    read = _NUMBER.fullmatch(number.strip().upper())
    if read is None:
        return None
    canonical = "-".join(read.groups())
    with idp.reading() as tx:
        row = cases.find(tx, canonical)
        events = cases.history(tx, canonical, since=0 if row is None else row.created_at - _DAY)
    if row is None and not events:
        return None
    history = tuple(_event(event) for event in events)
    profiles = [str(event.details["profile"]) for event in events if "profile" in event.details]
    if row is not None:
        journey, began_at = row.journey, row.created_at
        ended = "expired" if row.expires_at <= now else "under_way"
        state = ended if row.completed_at is None else "completed"
        reason = row.reason
        if reason == Reason.NONE_CHOSEN:
            # Why there was nothing to choose says more.
            reason = _last_reason(history) or reason
    else:
        registering = events[0].name.startswith("registration")
        journey, began_at = cases.REGISTRATION if registering else cases.RECOVERY, events[0].at
        state = "completed" if any(event.name in _COMPLETED for event in events) else "expired"
        reason = None if state == "completed" else _last_reason(history)
    return CaseView(
        canonical,
        journey,
        state,
        profiles[-1] if profiles else None,
        reason,
        _advice(state, reason),
        began_at,
        history,
    )


def _advice(state: str, reason: str | None) -> str:
    if state == "completed":
        return rules.advice(Reason.ALREADY_REGISTERED)
    return rules.NOT_FINISHED if state == "expired" and reason is None else rules.advice(reason)


def _last_reason(history: tuple[CaseEvent, ...]) -> str | None:
    judged = [event for event in history if event.name not in _NOT_JUDGED]
    return judged[-1].reason if judged else None


def _event(event: cases.CaseEvent) -> CaseEvent:
    reason = event.details.get("reason") or event.details.get("wanted")
    return CaseEvent(event.at, event.name, None if reason is None else str(reason))
