"""What was added to an account, and the one press that undoes it (journey E): a device with fingerprint or
face, an authenticator app, a set of recovery codes.

The notice of each has a link with a token of its own. It works wherever it is opened, needs no session and
signs nobody in. Whoever added the one was in the account: what came after it goes too, and every session
ends.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from idp.accounts.audit import Detail, Event
from idp.accounts.registry import RegistryDown
from idp.flows import sessions as session_flows
from idp.flows import telling
from idp.flows.idp import Idp
from idp.flows.sessions import Leaving
from idp.flows.wording import Purpose as Letter
from idp.store import (
    accounts,
    audit,
    authenticators,
    mobile_changes,
    outbox,
    passkeys,
    recovery_codes,
)
from idp.store.accounts import AccountRow
from idp.store.database import Tx
from idp.store.outbox import Parcel
from idp.values import Handle

CANCEL = "/account/stop/"
"""The path of the page that a notice's link opens, to which the token is appended."""


class Kind(StrEnum):
    """What was added."""

    PASSKEY = "passkey"
    AUTHENTICATOR = "authenticator"
    RECOVERY_CODES = "recovery_codes"


_REMOVED = {
    Kind.PASSKEY: Letter.PASSKEY_REMOVED,
    Kind.AUTHENTICATOR: Letter.AUTHENTICATOR_REMOVED,
    Kind.RECOVERY_CODES: Letter.RECOVERY_CODES_REMOVED,
}


@dataclass(frozen=True, slots=True)
class Cancellable:
    """What the link of its notice removes; ``added_at`` in epoch seconds.

    ``name``: of a device, what its owner calls it; empty of all else.
    """

    kind: Kind
    sub: str
    added_at: int
    # Of a device, of which there may be several.
    passkey_id: str | None = None
    name: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Dropped:
    """What went of an account."""

    passkeys: tuple[str, ...] = ()
    authenticator: bool = False
    recovery_codes: bool = False

    @property
    def count(self) -> int:
        """How many things that is; a set of codes is one."""
        return len(self.passkeys) + self.authenticator + self.recovery_codes

    def has(self, one: Cancellable) -> bool:
        """Whether this is among it."""
        match one.kind:
            case Kind.PASSKEY:
                return one.passkey_id in self.passkeys
            case Kind.AUTHENTICATOR:
                return self.authenticator
            case Kind.RECOVERY_CODES:
                return self.recovery_codes


def link_of(idp: Idp, token: Handle) -> str:
    """The address that a notice holds."""
    return f"{idp.issuer}{CANCEL}{token.secret}"


def cancellable(idp: Idp, token: Handle | None, *, now: int) -> Cancellable | None:
    """What the link with this token removes; None for one that is over, used or unknown. Changes nothing."""
    if token is None:
        return None
    with idp.reading() as tx:
        found = _found(idp, tx, token.digest)
    if found is None or found.added_at + idp.settings.lifetimes.pending_hold <= now:
        return None
    return found


def _found(idp: Idp, tx: Tx, digest: bytes) -> Cancellable | None:
    row = passkeys.by_cancel_token(tx, digest)
    if row is not None:
        one = row.passkey
        name = passkeys.open_name(idp.sealer, row) or one.maker or ""
        return Cancellable(Kind.PASSKEY, one.sub, one.created_at, one.id, name)
    app = authenticators.by_cancel_token(tx, digest)
    if app is not None:
        return Cancellable(Kind.AUTHENTICATOR, app.sub, app.created_at)
    codes = recovery_codes.by_cancel_token(tx, digest)
    return None if codes is None else Cancellable(Kind.RECOVERY_CODES, codes.sub, codes.created_at)


def cancel_by_link(idp: Idp, token: Handle | None, *, now: int) -> Cancellable | None:
    """Remove it and whatever was added since, and end every session and what was issued.

    None where there is nothing to remove, or another request was faster.
    """
    found = cancellable(idp, token, now=now)
    if found is None:
        return None
    with idp.reading() as tx:
        account = accounts.by_sub(tx, found.sub)
    if account is None:
        return None
    notices = _notices(idp, account, found.kind, now=now)

    def write(tx: Tx, leaving: Leaving) -> bool:
        passkeys.lock(tx, found.sub)
        dropped = _dropped(tx, found.sub, found.added_at)
        if not dropped.has(found):
            return False
        _undo_mobiles(tx, account, found.added_at, now=now)
        ended = leaving.end_all(tx, now=now)
        outbox.add(tx, *notices)
        _note(idp, tx, found.sub, dropped, {"by": "link", "sessions": ended.sessions}, now=now)
        return True

    if not session_flows.leaving(idp, found.sub, write, now=now):
        return None
    idp.post_waiting.set()
    return found


def drop_since(idp: Idp, tx: Tx, sub: str, *, since: int, by: str, now: int) -> int:
    """Remove what was added since then, for a cancelled change of something else; how many went."""
    dropped = _dropped(tx, sub, since)
    _note(idp, tx, sub, dropped, {"by": by}, now=now)
    return dropped.count


def is_any_held(idp: Idp, sub: str, *, now: int) -> bool:
    """Whether anything that was added to an account waits."""
    with idp.reading() as tx:
        added = (
            *(row.passkey for row in passkeys.of_account(tx, sub)),
            authenticators.of_account(tx, sub),
            recovery_codes.of_account(tx, sub),
        )
    return any(one is not None and (one.pending_until or 0) > now for one in added)


def release(idp: Idp, tx: Tx, sub: str, *, now: int) -> None:
    """Let what waits confirm at once: somebody saw an identity document."""
    actor = idp.sealer.pseudonym(f"sub:{sub}")
    for passkey_id in passkeys.release(tx, sub, now=now):
        audit.add(tx, Event.PASSKEY_CONFIRMED, at=now, actor=actor, details={"passkey": passkey_id})
    if authenticators.release(tx, sub, now=now):
        audit.add(tx, Event.AUTHENTICATOR_CONFIRMED, at=now, actor=actor, details={})
    if recovery_codes.release(tx, sub, now=now):
        audit.add(tx, Event.RECOVERY_CODES_CONFIRMED, at=now, actor=actor, details={})


def _dropped(tx: Tx, sub: str, since: int) -> Dropped:
    return Dropped(
        passkeys.remove_since(tx, sub, since),
        authenticators.remove_since(tx, sub, since),
        recovery_codes.remove_since(tx, sub, since),
    )


def _undo_mobiles(tx: Tx, account: AccountRow, since: int, *, now: int) -> None:
    """A number typed since it came may be the same stranger's."""
    change = mobile_changes.current(tx, account.sub)
    if change is not None and change.asked_at >= since:
        mobile_changes.cancel(tx, change.id, now=now)
        mobile_changes.spend_links(tx, account.sub)


def _notices(idp: Idp, account: AccountRow, kind: Kind, *, now: int) -> tuple[Parcel, ...]:
    try:
        contacts = telling.own(idp, account).contacts
    except RegistryDown:
        # Nobody must have to wait for the registry to be rid of a thief's key.
        return ()
    return telling.notices(idp, account, contacts, _REMOVED[kind], now=now)


def _note(idp: Idp, tx: Tx, sub: str, dropped: Dropped, details: dict[str, Detail], *, now: int) -> None:
    actor = idp.sealer.pseudonym(f"sub:{sub}")
    for passkey_id in dropped.passkeys:
        which: dict[str, Detail] = {"passkey": passkey_id, **details}
        audit.add(tx, Event.PASSKEY_REMOVED, at=now, actor=actor, details=which)
    if dropped.authenticator:
        audit.add(tx, Event.AUTHENTICATOR_REMOVED, at=now, actor=actor, details=details)
    if dropped.recovery_codes:
        audit.add(tx, Event.RECOVERY_CODES_REMOVED, at=now, actor=actor, details=details)
