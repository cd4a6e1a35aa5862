"""The links by which whoever did not sign in says so: one use each, taken by one statement."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update

from idp.store.database import Tx
from idp.store.tables import accounts, disavowals, sessions


@dataclass(frozen=True, slots=True)
class DisavowalRow:
    """What a link is for; times are epoch seconds."""

    sub: str
    session_id: str
    created_at: int
    expires_at: int
    used_at: int | None
    # In two codes (``accounts.device``); None where the session is gone, too.
    device: str | None


_FIND = (
    select(
        disavowals.c.sub,
        disavowals.c.session_id,
        disavowals.c.created_at,
        disavowals.c.expires_at,
        disavowals.c.used_at,
        sessions.c.device,
    )
    .join_from(disavowals, sessions, sessions.c.id == disavowals.c.session_id, isouter=True)
    .where(disavowals.c.digest == bindparam("of_digest"))
)
_TAKE = (
    update(disavowals)
    .where(
        disavowals.c.digest == bindparam("of_digest"),
        disavowals.c.used_at.is_(None),
        disavowals.c.expires_at > bindparam("now"),
    )
    .values(used_at=bindparam("now"))
    .returning(disavowals.c.sub)
)
_VOID_PASSWORD = (
    update(accounts)
    .where(accounts.c.sub == bindparam("of_sub"))
    .values(password_hash=None, password_changed_at=bindparam("now"))
)


def add(tx: Tx, digest: bytes, sub: str, session_id: str, *, now: int, expires_at: int) -> None:
    """Keep the link of a notice by its digest."""
    tx.execute(
        disavowals.insert(),
        {
            "digest": digest,
            "sub": sub,
            "session_id": session_id,
            "created_at": now,
            "expires_at": expires_at,
        },
    )


def find(tx: Tx, digest: bytes) -> DisavowalRow | None:
    """What the link with this digest is for, used or not."""
    row: Any = tx.execute(_FIND, {"of_digest": digest}).one_or_none()
    return None if row is None else DisavowalRow(*row)


def take(tx: Tx, digest: bytes, *, now: int) -> bool:
    """Use a link up: True for the one caller of many that does."""
    return tx.execute(_TAKE, {"of_digest": digest, "now": now}).one_or_none() is not None


def void_password(tx: Tx, sub: str, *, now: int) -> None:
    """Let the password of today open nothing any more."""
    tx.execute(_VOID_PASSWORD, {"of_sub": sub, "now": now})
