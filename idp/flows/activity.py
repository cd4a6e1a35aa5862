"""What happened in one's own account, newest first, a page at a time (journey I)."""

import base64
import binascii
from dataclasses import dataclass, replace

from idp.accounts.activity import KEPT_FOR, TOLD, sentence_of
from idp.accounts.audit import Event
from idp.flows import apps, trail
from idp.flows.fresh import Owner
from idp.flows.idp import Idp
from idp.store import audit, sessions
from idp.store.sealing import Unsealable

PAGE = 20
"""Lines of one page."""

_ON_A_DEVICE = frozenset(
    {Event.SIGN_IN_SUCCEEDED, Event.CONFIRMED_AGAIN, Event.SIGNED_OUT, Event.SESSION_ENDED}
)
"""Events that are of one device."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened; ``sentence`` is a key of the catalogue, ``at`` epoch seconds."""

    at: int
    sentence: str
    # The name of the app or site it is about.
    app: str | None
    # On which device, in two codes; None where that is not known any more.
    device: str | None


@dataclass(frozen=True, slots=True)
class Lines:
    """One page; ``older`` is where the next one begins, None on the last."""

    lines: tuple[Line, ...]
    older: str | None


def of(idp: Idp, known: Owner, cursor: str | None, *, now: int) -> Lines:
    """The events of the customer's own account, of 90 days at most.

    ``cursor``: an ``older`` of this account; anything else begins anew.
    """
    account = known.account
    with idp.reading() as tx:
        whole = trail.owned(idp, tx, account, known.profile)
        lately = replace(whole, since=max(now - KEPT_FOR, whole.since))
        rows = audit.newest_of(
            tx, lately, TOLD.keys(), before=_before(idp, account.sub, cursor), at_most=PAGE + 1
        )
        devices = sessions.devices_of(tx, account.sub)
    shown = tuple(_line(idp, row, devices) for row in rows[:PAGE])
    return Lines(shown, _cursor(idp, account.sub, rows[PAGE - 1].id) if len(rows) > PAGE else None)


def _line(idp: Idp, row: audit.EventRow, devices: dict[str, str]) -> Line:
    session = row.details.get("session") if row.event in _ON_A_DEVICE else None
    return Line(
        row.at,
        sentence_of(row.event, row.details) or "",
        None if row.client_id is None else apps.name_of(idp, row.client_id),
        devices.get(str(session)),
    )


def _cursor(idp: Idp, sub: str, event_id: int) -> str:
    """A place in the trail that tells nobody how long the trail is."""
    return base64.urlsafe_b64encode(idp.sealer.seal(event_id, f"activity/{sub}")).rstrip(b"=").decode()


def _before(idp: Idp, sub: str, cursor: str | None) -> int | None:
    if cursor is None:
        return None
    try:
        sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return int(idp.sealer.open(sealed, f"activity/{sub}"))
    except (binascii.Error, ValueError, Unsealable):
        return None
