"""A recovery ends: the account has another password, and whatever was open is closed, in one transaction.

All sessions, everything issued to clients and all browsers known for the account end; confidential clients
are told (OpenID Connect Back-Channel Logout 1.0), and so is the customer, at every contact of their own.
Nobody is signed in.
"""

from dataclasses import dataclass, field, replace

from sqlalchemy.exc import IntegrityError

from idp.accounts import ledger
from idp.accounts.audit import Event
from idp.accounts.challenge import Purpose
from idp.accounts.recovery import Recovery, Stage, app_mark, codes_mark
from idp.flows import activation, authenticator, passwords, recovery_codes, telling, throttle
from idp.flows import passkeys as passkey_flows
from idp.flows import sessions as session_flows
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.flows.passwords import PasswordRefused
from idp.flows.proving import Limited
from idp.flows.recover import progress
from idp.flows.recover.progress import Owned, UnderWay
from idp.flows.sessions import Leaving
from idp.flows.wording import Purpose as Letter
from idp.store import accounts, audit, authenticators, credentials, mobile_changes, outbox, recoveries
from idp.store import recovery_codes as stored_codes
from idp.store.accounts import AccountRow
from idp.store.database import Tx
from idp.store.outbox import Parcel
from idp.values import Contact, Handle


@dataclass(frozen=True, slots=True)
class Recovered:
    """The password is set, by this request or by one that was faster."""


@dataclass(frozen=True, slots=True)
class Over:
    """Nothing was changed: a proof is missing, or the recovery or its account changed meanwhile."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What the last page tells; ``limited_until`` in epoch seconds, None when nothing is limited."""

    username: Contact
    limited_until: int | None
    interaction_id: str | None


def username_of(idp: Idp, recovery: Recovery, owner: AccountRow) -> Contact:
    """The username, for whoever has proven the account to be theirs; raises ``Unsealable``.

    One that was freed when its contact left the registry is no more: the contact that recovers becomes it.
    """
    if owner.username_index is None and recovery.choice is not None:
        return recovery.choice.contact
    return accounts.open_profile(idp.sealer, owner).username


def set_password(
    idp: Idp, known: UnderWay, password: str, browser: Browser, *, now: int
) -> Recovered | PasswordRefused | Limited | Over:
    """Judge the new password, set it, and end everything else.

    Raises ``RegistryDown``, and ``Overloaded`` when too many wait to be hashed.
    """
    recovery, account, owner = known.recovery, known.account, known.owner
    choice = recovery.choice
    if known.stage is not Stage.PASSWORD or account is None or owner is None or choice is None:
        return Over()
    profile, code = accounts.open_profile(idp.sealer, owner), recovery.identifier.tax_code
    hashed = passwords.hashed(
        idp,
        password,
        passwords.personal_on_file(idp, profile, username=profile.username, tax_code=code),
        purpose=Purpose.RECOVERY,
        subject=recovery.id,
        channel=choice.contact.kind,
        source=browser.source,
        now=now,
    )
    if not isinstance(hashed, str):
        return hashed
    ending = _Ending(
        recovery,
        owner,
        password_hash=hashed,
        notices=_notices(idp, known, owner, now=now),
        source=throttle.pseudonym_of_source(idp, browser.source),
        username=choice.contact if owner.username_index is None else None,
        new_profile=accounts.seal_profile(idp.sealer, owner.sub, replace(profile, username=choice.contact)),
    )
    done = _end(idp, ending, now=now)
    if done:
        idp.post_waiting.set()
        return Recovered()
    return _over(idp, recovery)


def finished(idp: Idp, handle: Handle, browser: Browser, *, now: int) -> Finished | None:
    """The recovery that this browser brought to its end; None while there is none."""
    with idp.reading() as tx:
        row = recoveries.find(tx, progress.digest_for(handle, browser))
        if row is None or row.completed_at is None or row.expires_at <= now:
            return None
        owner = accounts.by_sub(tx, row.sub or "")
    # Whoever was locked out since is not told more.
    if owner is None or owner.state != accounts.ACTIVE:
        return None
    limited = owner.limited_until if (owner.limited_until or 0) > now else None
    return Finished(accounts.open_profile(idp.sealer, owner).username, limited, row.interaction_id)


@dataclass(frozen=True, slots=True)
class _Ending:
    """What was prepared before the transaction."""

    recovery: Recovery
    owner: AccountRow
    password_hash: str
    notices: tuple[Parcel, ...]
    source: str
    username: Contact | None = field(repr=False)
    new_profile: bytes = field(repr=False)


class _Late(Exception):
    """Something is not as it was read: nothing of this is to stay."""


def _end(idp: Idp, ending: _Ending, *, now: int) -> bool:
    def write(tx: Tx, leaving: Leaving) -> None:
        _write(idp, tx, ending, leaving, now=now)

    try:
        session_flows.leaving(idp, ending.owner.sub, write, now=now)
    except _Late:
        return False
    return True


def _write(idp: Idp, tx: Tx, ending: _Ending, leaving: Leaving, *, now: int) -> None:
    """Everything at once, each step finding the one before it done."""
    recovery, sub = ending.recovery, ending.owner.sub
    row = recoveries.complete(tx, recovery.id, now=now)
    if row is None or row.sub != sub:
        raise _Late
    # As it stands in this transaction: a factor may have been added, or another contact chosen, since.
    theirs = progress.owned(tx, sub)
    account = progress.account_of(idp, recovery, theirs, now=now)
    standing = replace(
        recovery,
        chosen=row.chosen,
        activation=row.activation,
        proven_at=row.proven_at,
        second_at=row.second_at,
    )
    if row.chosen != recovery.chosen or standing.stage(account, now) is not Stage.PASSWORD:
        raise _Late
    if row.activation is not None and not _spent(tx, row.activation, ending.owner, now=now):
        raise _Late
    if not recoveries.set_password(
        tx,
        sub,
        ending.password_hash,
        seen=ending.owner.password_changed_at,
        limited_until=ledger.limited_until(
            second_proof=row.second_at is not None,
            limit=idp.settings.lifetimes.limited_after_recovery,
            now=now,
        ),
        now=now,
    ):
        raise _Late
    if ending.username is not None:
        _rename(idp, tx, ending, ending.username, now=now)
    removed = standing.removes(theirs.ways)
    for way in removed:
        recoveries.remove_way(tx, sub, way, now=now)
    # Whoever typed it is thrown out with their session; one that is proven is kept or dropped by a tick.
    unproven = mobile_changes.cancel_unproven(tx, sub, now=now)
    if unproven or any(way.pending for way in removed):
        mobile_changes.spend_links(tx, sub)
    dropped = passkey_flows.drop_others(idp, tx, sub, kept=standing.kept_passkeys, now=now)
    dropped += _own_codes(idp, tx, standing, theirs, now=now)
    ended = leaving.end_all(tx, now=now)
    recoveries.end_others(tx, sub, but=recovery.id, now=now)
    outbox.add(tx, *ending.notices)
    audit.add(
        tx,
        Event.RECOVERY_COMPLETED,
        at=now,
        actor=idp.sealer.pseudonym(f"sub:{sub}"),
        source=ending.source,
        details={
            "recovery": recovery.id,
            "case": recovery.case_number,
            "proof": "activation_code" if row.activation is not None else "contact",
            "second": row.second_at is not None,
            "passkey": recovery.second_passkey,
            "sessions": ended.sessions,
            "clients": ended.told,
            "removed": len(removed) + dropped,
        },
    )


def _rename(idp: Idp, tx: Tx, ending: _Ending, username: Contact, *, now: int) -> None:
    """Put the contact that was proven in the place of a username that was freed."""
    sub = ending.owner.sub
    try:
        renamed = credentials.set_username(
            tx,
            sub,
            seen_profile=ending.owner.sealed_profile,
            new_profile=ending.new_profile,
            kind=username.kind,
            index=idp.sealer.contact_index(username),
            now=now,
        )
    except IntegrityError as fault:
        # Somebody registered with it meanwhile.
        raise _Late from fault
    if not renamed:
        raise _Late
    audit.add(
        tx,
        Event.USERNAME_CHANGED,
        at=now,
        actor=idp.sealer.pseudonym(f"sub:{sub}"),
        source=ending.source,
        details={"channel": username.kind},
    )


def _own_codes(idp: Idp, tx: Tx, standing: Recovery, theirs: Owned, *, now: int) -> int:
    """Remove the app and the recovery codes that were not kept, and restore what was; how many went."""
    dropped, sub = 0, standing.owner.sub if standing.owner is not None else ""
    if theirs.app is not None and standing.keeps(app_mark(theirs.app.created_at)):
        authenticators.restore(tx, sub)
    else:
        dropped += authenticator.drop(idp, tx, sub, now=now)
    if theirs.codes is not None and standing.keeps(codes_mark(theirs.codes.created_at)):
        stored_codes.restore(tx, sub)
    else:
        dropped += recovery_codes.drop(idp, tx, sub, now=now)
    return dropped


def _spent(tx: Tx, digest: str, owner: AccountRow, *, now: int) -> bool:
    return activation.spend(tx, bytes.fromhex(digest), owner.customer_number, now=now)


def _notices(idp: Idp, known: UnderWay, owner: AccountRow, *, now: int) -> tuple[Parcel, ...]:
    """One to every contact of the customer that is nobody else's, but to none that was reported lost."""
    record = idp.registry.by_customer_number(owner.customer_number)
    proven = () if known.account is None else known.account.proven
    lost = {way.contact_index for way in proven if way.lost}
    told = [*(() if record is None else telling.own_on_file(idp, record))]
    told += [progress.opened(idp, owner.sub, way) for way in proven if way.typed]
    kept = (contact for contact in told if idp.sealer.contact_index(contact) not in lost)
    return telling.notices(idp, owner, kept, Letter.RECOVERED, now=now)


def _over(idp: Idp, recovery: Recovery) -> Recovered | Over:
    """What a request that came too late finds: of a form sent twice, the second the first one's work."""
    # Written with, not read: on SQLite many share a commit, and the faster one's may be still to come.
    with idp.writing() as tx:
        row = recoveries.by_id(tx, recovery.id)
    return Recovered() if row is not None and row.completed_at is not None else Over()
