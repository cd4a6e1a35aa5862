"""The devices on which a customer is signed in or is asked for no code, and ending either (journey I).

A device is told by what its browser says it is, and by when; no place and no address is known of it. Signing
out proves nothing and asks for no proof: whoever throws a stranger out must not be slowed down.
"""

from dataclasses import dataclass

from idp.accounts.audit import Detail, Event
from idp.flows import sessions as session_flows
from idp.flows.fresh import Owner
from idp.flows.idp import Idp
from idp.flows.sessions import Leaving
from idp.oidc.session import Session
from idp.store import audit, outbox, sessions, tokens, trusted_browsers
from idp.store.database import Tx
from idp.store.trusted_browsers import TrustedBrowser


@dataclass(frozen=True, slots=True)
class SignedInDevice:
    """A live session as its owner sees it; times are epoch seconds, ``device`` two codes."""

    session_id: str
    device: str | None
    began_at: int
    last_seen_at: int
    # It is the one that asks.
    here: bool


def of(idp: Idp, known: Owner, *, now: int) -> tuple[SignedInDevice, ...]:
    """Where the customer is signed in: this device first, then the one used last."""
    with idp.reading() as tx:
        rows = sessions.live_of(tx, known.account.sub, now=now, idle=idp.settings.lifetimes.session_idle)
    found = (
        SignedInDevice(row.id, row.device, row.created_at, row.last_seen_at, row.id == known.session_id)
        for row in rows
    )
    return tuple(sorted(found, key=lambda one: (not one.here, -one.last_seen_at, one.session_id)))


def sign_out(idp: Idp, known: Owner, session_id: str, *, now: int) -> bool:
    """End one of the customer's sessions and whatever was issued in it, offline access included.

    False where it is over, or is none of theirs.
    """
    if session_id not in {one.session_id for one in of(idp, known, now=now)}:
        return False
    sub = known.account.sub
    farewells = session_flows.farewells(idp, Session(session_id, sub, ()), now=now)
    with idp.writing() as tx:
        if not sessions.end(tx, session_id, now=now):
            return False
        tokens.revoke_of_session(tx, session_id, now=now)
        outbox.add(tx, *farewells)
        details: dict[str, Detail] = {"session": session_id, "reason": "owner", "clients": len(farewells)}
        _note(idp, tx, Event.SESSION_ENDED, sub, details, now=now)
    idp.post_waiting.set()
    return True


def sign_out_everywhere(idp: Idp, known: Owner, *, now: int) -> None:
    """End every session of the customer, this one too, and everything that was ever issued to them."""
    sub = known.account.sub

    def write(tx: Tx, leaving: Leaving) -> None:
        ended = leaving.end_all(tx, now=now, keep_browsers=True).sessions
        # A lost telephone has the password saved: it is to be asked for a code as well.
        trusted_browsers.remove_all(tx, sub)
        if ended:
            _note(idp, tx, Event.SESSIONS_ENDED, sub, {"sessions": ended, "by": "account"}, now=now)

    session_flows.leaving(idp, sub, write, now=now)
    idp.post_waiting.set()


def was_signed_out(idp: Idp, known: Owner, *, since: int) -> bool:
    """Whether a session of the customer ended at ``since`` or later."""
    with idp.reading() as tx:
        return sessions.ended_since(tx, known.account.sub, since)


def trusted(idp: Idp, known: Owner, *, now: int) -> tuple[TrustedBrowser, ...]:
    """The browsers in which the customer is asked for no code, the newest first."""
    with idp.reading() as tx:
        return trusted_browsers.of_account(tx, known.account.sub, now=now)


def trust_no_more(idp: Idp, known: Owner, trusted_id: str, *, now: int) -> bool:
    """Ask for a code again in one of them; False where it is none of theirs."""
    sub = known.account.sub
    with idp.writing() as tx:
        removed = trusted_browsers.remove(tx, sub, trusted_id)
        if removed:
            _note(idp, tx, Event.BROWSER_DISTRUSTED, sub, {"browsers": 1}, now=now)
    return removed


def trust_none(idp: Idp, known: Owner, *, now: int) -> None:
    """The same for all of them."""
    sub = known.account.sub
    with idp.writing() as tx:
        removed = trusted_browsers.remove_all(tx, sub)
        if removed:
            _note(idp, tx, Event.BROWSER_DISTRUSTED, sub, {"browsers": removed}, now=now)


def _note(idp: Idp, tx: Tx, event: Event, sub: str, details: dict[str, Detail], *, now: int) -> None:
    audit.add(tx, event, at=now, actor=idp.sealer.pseudonym(f"sub:{sub}"), details=details)
