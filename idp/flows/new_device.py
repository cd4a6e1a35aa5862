"""A sign-in in a browser the account was never seen in is told, with a link for "it was not me" (journey D).

::

    signed in ──browser unknown──▶ notice ──opened──▶ a page (changes nothing)
                                                └──pressed, within 7 days──▶ sessions, tokens, browsers end;
                                                     what was added lately is suspended; then recovery (H)

Nobody is signed in by the link. The password opens nothing any more: whoever signed in knew it. What is
suspended comes back when its owner keeps it in the recovery.
"""

from dataclasses import dataclass, field

from idp.accounts.audit import Event
from idp.accounts.registry import RegistryDown
from idp.flows import sessions as session_flows
from idp.flows import telling
from idp.flows.idp import Idp
from idp.flows.sessions import Begun, Leaving
from idp.flows.wording import Purpose as Letter
from idp.store import (
    accounts,
    audit,
    authenticators,
    disavowals,
    mobile_changes,
    outbox,
    passkeys,
    recoveries,
    recovery_codes,
)
from idp.store.accounts import AccountRow, ProvenContact
from idp.store.database import Tx
from idp.store.outbox import Parcel
from idp.values import Contact, ContactKind, Handle

NOT_ME = "/account/not-me/"
"""The path of the page that a notice's link opens, to which the token is appended."""

LIFE = 7 * 24 * 3600
"""Seconds for which the link works, and for which what was added before the press counts as added lately."""


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A notice about to be written beside the sign-in that it tells of."""

    sub: str
    session_id: str
    digest: bytes = field(repr=False)
    notices: tuple[Parcel, ...] = field(repr=False)


def prepare(idp: Idp, account: AccountRow, begun: Begun, *, now: int) -> NewDevice:
    """Compose what ``note`` writes. A registry that is down keeps nobody from signing in."""
    token = idp.entropy.handle()
    notices = telling.notices(
        idp,
        account,
        safest(idp, account),
        Letter.NEW_DEVICE,
        now=now,
        facts={"device": begun.device, "until": now + LIFE},
        link=f"{idp.issuer}{NOT_ME}{token.secret}",
    )
    return NewDevice(account.sub, begun.session.id, token.digest, notices)


def note(tx: Tx, told: NewDevice, *, now: int) -> None:
    """Write it in the transaction in which the session begins; set ``idp.post_waiting`` after the commit."""
    disavowals.add(tx, told.digest, told.sub, told.session_id, now=now, expires_at=now + LIFE)
    outbox.add(tx, *told.notices)


def safest(idp: Idp, account: AccountRow) -> tuple[Contact, ...]:
    """Every email of the customer's own; their mobiles where there is none. None that was reported lost."""
    with idp.reading() as tx:
        ways = [way for way in recoveries.ways_of(tx, account.sub) if way.pending is None]
    lost = {way.contact_index for way in ways if way.lost}
    try:
        own = telling.own(idp, account).contacts
    except RegistryDown:
        own = tuple(
            accounts.open_contact(
                idp.sealer, account.sub, ProvenContact(way.contact_index, way.kind, way.sealed, way.added_at)
            )
            for way in ways
        )
    kept = tuple(contact for contact in own if idp.sealer.contact_index(contact) not in lost)
    return tuple(one for one in kept if one.kind is ContactKind.EMAIL) or kept


# --- it was not me ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Disavowable:
    """The sign-in that a link tells of: when (epoch seconds), and on which device in two codes."""

    sub: str
    session_id: str
    at: int
    device: str | None


def disavowable(idp: Idp, token: Handle | None, *, now: int) -> Disavowable | None:
    """What the link with this token is for; None for one that is over, used or unknown. Changes nothing."""
    if token is None:
        return None
    with idp.reading() as tx:
        row = disavowals.find(tx, token.digest)
    if row is None or row.used_at is not None or row.expires_at <= now:
        return None
    return Disavowable(row.sub, row.session_id, row.created_at, row.device)


def disavow(idp: Idp, token: Handle | None, *, now: int) -> bool:
    """Throw out whoever signed in: True for the one press that does.

    Wherever it is pressed: it signs nobody in and needs no session. A recovery that somebody else began ends
    with the rest.
    """
    found = disavowable(idp, token, now=now)
    if token is None or found is None:
        return False
    sub = found.sub
    with idp.reading() as tx:
        account = accounts.by_sub(tx, sub)
    if account is None:
        return False
    since = min(found.at, now - LIFE)
    notices = telling.notices(idp, account, safest(idp, account), Letter.SIGN_IN_DISAVOWED, now=now)

    def write(tx: Tx, leaving: Leaving) -> bool:
        if not disavowals.take(tx, token.digest, now=now):
            return False
        passkeys.lock(tx, sub)
        ended = leaving.end_all(tx, now=now)
        disavowals.void_password(tx, sub, now=now)
        recoveries.end_others(tx, sub, but="", now=now)
        suspended = len(passkeys.suspend_since(tx, sub, since, now=now))
        suspended += authenticators.suspend_since(tx, sub, since, now=now)
        suspended += recovery_codes.suspend_since(tx, sub, since, now=now)
        suspended += _undo_mobiles(tx, account, since, now=now)
        outbox.add(tx, *notices)
        audit.add(
            tx,
            Event.SIGN_IN_DISAVOWED,
            at=now,
            actor=idp.sealer.pseudonym(f"sub:{sub}"),
            details={
                "session": found.session_id,
                "sessions": ended.sessions,
                "clients": ended.told,
                "suspended": suspended,
            },
        )
        return True

    if not session_flows.leaving(idp, sub, write, now=now):
        return False
    idp.post_waiting.set()
    return True


def _undo_mobiles(tx: Tx, account: AccountRow, since: int, *, now: int) -> int:
    """Cancel the number that waits and drop those that were made good lately; how many went."""
    change = mobile_changes.current(tx, account.sub)
    cancelled = change is not None and mobile_changes.cancel(tx, change.id, now=now)
    mobile_changes.spend_links(tx, account.sub)
    dropped = mobile_changes.drop_since(tx, account.sub, since=since, keep=account.username_index or b"")
    mobile_changes.find_again(tx, account.sub, since=since)
    return dropped + cancelled
