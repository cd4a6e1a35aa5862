"""Authenticator apps, one an account; the database picks the winner of whatever happens at once."""

from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from idp.accounts.totp import Authenticator
from idp.store.database import Tx
from idp.store.sealing import Sealer
from idp.store.tables import authenticators

AuthenticatorRow = Authenticator
"""An app as it is stored: its secret sealed."""


def seal_secret(sealer: Sealer, sub: str, secret: str) -> bytes:
    """A secret as it is stored."""
    return sealer.seal(secret, f"authenticators/sealed_secret/{sub}")


def open_secret(sealer: Sealer, row: AuthenticatorRow) -> str:
    """The secret itself; raises ``Unsealable``."""
    return str(sealer.open(row.sealed_secret, f"authenticators/sealed_secret/{row.sub}"))


_COLUMNS = tuple(authenticators.c[name] for name in Authenticator.__slots__)
_OF = select(*_COLUMNS).where(authenticators.c.sub == bindparam("of_sub"))
_BY_CANCEL = select(*_COLUMNS).where(authenticators.c.cancel_digest == bindparam("digest"))
_USE = (
    update(authenticators)
    .where(
        authenticators.c.sub == bindparam("of_sub"),
        # The app that was compared, and not one that took its place meanwhile.
        authenticators.c.sealed_secret == bindparam("seen_secret"),
        authenticators.c.last_counter < bindparam("counter"),
        authenticators.c.suspended_at.is_(None),
    )
    .values(last_counter=bindparam("counter"), last_used_at=bindparam("now"))
    .returning(authenticators.c.pending_until)
)
_RELEASE = (
    update(authenticators)
    .where(authenticators.c.sub == bindparam("of_sub"), authenticators.c.pending_until > bindparam("now"))
    .values(pending_until=None)
    .returning(authenticators.c.sub)
)
_RESTORE = (
    update(authenticators)
    .where(authenticators.c.sub == bindparam("of_sub"), authenticators.c.suspended_at.is_not(None))
    .values(suspended_at=None)
    .returning(authenticators.c.sub)
)
_SUSPEND_SINCE = (
    update(authenticators)
    .where(
        authenticators.c.sub == bindparam("of_sub"),
        authenticators.c.created_at >= bindparam("since"),
        authenticators.c.suspended_at.is_(None),
    )
    .values(suspended_at=bindparam("now"))
    .returning(authenticators.c.sub)
)
_REMOVE_SINCE = (
    delete(authenticators)
    .where(authenticators.c.sub == bindparam("of_sub"), authenticators.c.created_at >= bindparam("since"))
    .returning(authenticators.c.sub)
)


def _keeping(dialect: Any) -> Any:
    insert = dialect(authenticators)
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=["sub"],
        set_={column.name: new[column.name] for column in authenticators.columns if not column.primary_key},
    )


_KEEP = {"sqlite": _keeping(sqlite_insert), "postgresql": _keeping(postgresql_insert)}


def keep(tx: Tx, made: Authenticator, *, cancel_digest: bytes) -> None:
    """Keep an account's app, in the place of the one before it."""
    values = {name: getattr(made, name) for name in Authenticator.__slots__}
    tx.execute(_KEEP[tx.dialect.name], {**values, "cancel_digest": cancel_digest})


def of_account(tx: Tx, sub: str) -> AuthenticatorRow | None:
    """The app of an account."""
    return _row(tx.execute(_OF, {"of_sub": sub}).one_or_none())


def by_cancel_token(tx: Tx, digest: bytes) -> AuthenticatorRow | None:
    """The app that a notice's link cancels."""
    return _row(tx.execute(_BY_CANCEL, {"digest": digest}).one_or_none())


def use(tx: Tx, seen: AuthenticatorRow, counter: int, *, now: int) -> bool:
    """Use a step up, with all before it: True for the one caller that does."""
    values = {"of_sub": seen.sub, "seen_secret": seen.sealed_secret, "counter": counter, "now": now}
    return tx.execute(_USE, values).one_or_none() is not None


def release(tx: Tx, sub: str, *, now: int) -> bool:
    """Let one that is held confirm at once; False where none is."""
    return tx.execute(_RELEASE, {"of_sub": sub, "now": now}).one_or_none() is not None


def suspend_since(tx: Tx, sub: str, since: int, *, now: int) -> bool:
    """Let one that was added at ``since`` or later do nothing any more; False where there is none."""
    return tx.execute(_SUSPEND_SINCE, {"of_sub": sub, "since": since, "now": now}).one_or_none() is not None


def restore(tx: Tx, sub: str) -> bool:
    """Let a suspended one do again what it did; False where there is none."""
    return tx.execute(_RESTORE, {"of_sub": sub}).one_or_none() is not None


def remove_since(tx: Tx, sub: str, since: int) -> bool:
    """Remove one that was added at ``since`` or later: True for the one caller that does."""
    return tx.execute(_REMOVE_SINCE, {"of_sub": sub, "since": since}).one_or_none() is not None


def remove(tx: Tx, sub: str) -> bool:
    """Remove it: True for the one caller that does."""
    return remove_since(tx, sub, 0)


def _row(row: Any) -> AuthenticatorRow | None:
    return None if row is None else Authenticator(*row)
