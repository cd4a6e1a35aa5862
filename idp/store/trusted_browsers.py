"""Browsers that their owner trusts: no code is asked there at sign-in (journey D)."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from idp.store.database import Tx
from idp.store.tables import trusted_browsers


@dataclass(frozen=True, slots=True)
class TrustedBrowser:
    """One of them; times are epoch seconds, ``device`` two codes (``accounts.device``)."""

    id: str
    device: str | None
    created_at: int
    expires_at: int
    last_used_at: int | None


_COLUMNS = tuple(trusted_browsers.c[name] for name in TrustedBrowser.__slots__)
_OF_ACCOUNT = (
    select(*_COLUMNS)
    .where(trusted_browsers.c.sub == bindparam("of_sub"), trusted_browsers.c.expires_at > bindparam("now"))
    .order_by(trusted_browsers.c.created_at.desc(), trusted_browsers.c.id)
)
_USED = (
    update(trusted_browsers)
    .where(
        trusted_browsers.c.sub == bindparam("of_sub"),
        trusted_browsers.c.browser_digest == bindparam("digest"),
    )
    .values(last_used_at=bindparam("now"))
)
_REMOVE = (
    delete(trusted_browsers)
    .where(trusted_browsers.c.sub == bindparam("of_sub"), trusted_browsers.c.id == bindparam("trusted_id"))
    .returning(trusted_browsers.c.id)
)
_REMOVE_ALL = (
    delete(trusted_browsers)
    .where(trusted_browsers.c.sub == bindparam("of_sub"))
    .returning(trusted_browsers.c.id)
)


def _trusting(dialect: Any) -> Any:
    insert = dialect(trusted_browsers)
    return insert.on_conflict_do_update(
        index_elements=["sub", "browser_digest"],
        set_={
            "created_at": insert.excluded.created_at,
            "expires_at": insert.excluded.expires_at,
            "device": insert.excluded.device,
        },
    )


_TRUST = {"sqlite": _trusting(sqlite_insert), "postgresql": _trusting(postgresql_insert)}


def trust(
    tx: Tx,
    sub: str,
    browser_digest: bytes,
    *,
    trusted_id: str,
    device: str | None,
    expires_at: int,
    now: int,
) -> None:
    """Ask for no code in this browser until then; one that is trusted already is from now on."""
    tx.execute(
        _TRUST[tx.dialect.name],
        {
            "id": trusted_id,
            "sub": sub,
            "browser_digest": browser_digest,
            "device": device,
            "created_at": now,
            "expires_at": expires_at,
            "last_used_at": None,
        },
    )


def used(tx: Tx, sub: str, browser_digest: bytes, *, now: int) -> None:
    """Note that a sign-in was spared its code there."""
    tx.execute(_USED, {"of_sub": sub, "digest": browser_digest, "now": now})


def of_account(tx: Tx, sub: str, *, now: int) -> tuple[TrustedBrowser, ...]:
    """Those of an account, the newest first."""
    return tuple(TrustedBrowser(*row) for row in tx.execute(_OF_ACCOUNT, {"of_sub": sub, "now": now}))


def remove(tx: Tx, sub: str, trusted_id: str) -> bool:
    """Trust one of them no more; False where it is none of this account."""
    return tx.execute(_REMOVE, {"of_sub": sub, "trusted_id": trusted_id}).one_or_none() is not None


def remove_all(tx: Tx, sub: str) -> int:
    """Trust none of them any more; how many there were."""
    return len(tx.execute(_REMOVE_ALL, {"of_sub": sub}).all())
