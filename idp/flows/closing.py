"""Closing an account (journey I): what signs in, and what is known of its customer, is erased at once.

::

    freshly confirmed by a contact or a passkey ──pressed──▶ sessions, tokens, credentials, contacts: gone
                                                 └──▶ the customer's policies are the insurer's, and stay

The customer may register again and is somebody new to every relying party: their ``sub`` is never given out
again. The audit trail keeps what happened under a pseudonym, for as long as its own period lasts.
"""

from dataclasses import dataclass

from idp.accounts.audit import Event
from idp.accounts.challenge import elsewhere_of
from idp.accounts.registry import RegistryDown
from idp.flows import fresh, telling
from idp.flows import sessions as session_flows
from idp.flows.fresh import Needs, NotFresh, Owner
from idp.flows.idp import Idp
from idp.flows.sessions import Leaving, SessionGone
from idp.flows.wording import Purpose as Letter
from idp.store import accounts, audit, closures, life, outbox, passkeys
from idp.store.accounts import AccountRow
from idp.store.database import Tx
from idp.store.outbox import Parcel


@dataclass(frozen=True, slots=True)
class Closed:
    """It is gone, by this request or by one that was faster."""


def close(idp: Idp, known: Owner, *, now: int, now_ms: int) -> Closed | NotFresh:
    """Close the account of whoever is signed in, and has just proven a contact or used a passkey."""
    if not fresh.may_change(idp, known, Needs.CONTACT, now=now, now_ms=now_ms):
        return NotFresh()
    try:
        erase(idp, known.account, by="account", asked_by=known, now=now)
    except SessionGone:
        return NotFresh()
    return Closed()


def erase(idp: Idp, account: AccountRow, *, by: str, now: int, asked_by: Owner | None = None) -> bool:
    """Erase an account, in whatever state: True for the one caller that does.

    Its contacts are told, which are known for the last time; a registry that is down stops nothing. Raises
    ``SessionGone`` where the session that asks was ended meanwhile, and nothing is erased.
    """
    sub = account.sub
    notices = _notices(idp, account, now=now)
    with idp.reading() as tx:
        traces = closures.traces_of(tx, sub, account.customer_number)
    subjects = {*traces.sessions, *traces.recoveries, *traces.enrolments}
    subjects |= {elsewhere_of(enrolment) for enrolment in traces.enrolments}
    # The challenges of other rooms hang on names made of these.
    subjects |= {idp.sealer.pseudonym(f"username:{session}") for session in traces.sessions}
    subjects |= {
        idp.sealer.pseudonym(f"mobile:{change}:{session}")
        for change in traces.mobile_changes
        for session in traces.sessions
    }

    def write(tx: Tx, leave: Leaving) -> bool:
        passkeys.lock(tx, sub)
        if asked_by is not None and accounts.by_sub(tx, sub) is not None:
            fresh.hold(tx, asked_by)
        ended = leave.end_all(tx, now=now)
        if not closures.erase(tx, sub, account.customer_number, subjects, now=now):
            return False
        outbox.add(tx, *notices)
        audit.add(
            tx,
            Event.ACCOUNT_CLOSED,
            at=now,
            actor=idp.sealer.pseudonym(f"sub:{sub}"),
            details={"by": by, "sessions": ended.sessions, "clients": ended.told},
        )
        return True

    erased = session_flows.leaving(idp, sub, write, now=now)
    idp.post_waiting.set()
    return erased


def _notices(idp: Idp, account: AccountRow, *, now: int) -> tuple[Parcel, ...]:
    if account.state in life.DEATH.values():
        return ()
    try:
        told = telling.own(idp, account).contacts
    except RegistryDown:
        with idp.reading() as tx:
            proven = accounts.proven_contacts_of(tx, account.sub)
        told = tuple(accounts.open_contact(idp.sealer, account.sub, one) for one in proven)
    return telling.notices(idp, account, told, Letter.ACCOUNT_CLOSED, now=now)
