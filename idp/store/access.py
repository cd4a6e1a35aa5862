"""What clients may see of an account: what its customer allowed, and what was issued and still lives."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update

from idp.store.database import Tx
from idp.store.tables import authorizations, grants, refresh_tokens, sessions


@dataclass(frozen=True, slots=True)
class AccessRow:
    """One thing by which a client has access; times are epoch seconds."""

    client_id: str
    scope: tuple[str, ...]
    since: int
    last_used_at: int


_ALIVE = (
    authorizations.c.sub == bindparam("of_sub"),
    authorizations.c.revoked_at.is_(None),
    authorizations.c.expires_at >= bindparam("now"),
)
_LAST_REFRESH = (
    select(func.max(refresh_tokens.c.issued_at))
    .where(refresh_tokens.c.authorization_id == authorizations.c.id)
    .scalar_subquery()
)
_ISSUED = (
    select(
        authorizations.c.client_id,
        authorizations.c.scope,
        authorizations.c.issued_at,
        func.coalesce(_LAST_REFRESH, authorizations.c.issued_at),
    )
    .join_from(authorizations, sessions, sessions.c.id == authorizations.c.session_id, isouter=True)
    .where(
        *_ALIVE,
        # Of a session that is over only what was granted offline_access goes on.
        (sessions.c.ended_at.is_(None) & (sessions.c.expires_at > bindparam("now")))
        | (" " + authorizations.c.scope + " ").contains(" offline_access "),
    )
)
_ALLOWED = select(grants.c.client_id, grants.c.scope, grants.c.granted_at).where(
    grants.c.sub == bindparam("of_sub")
)
_REVOKE = (
    update(authorizations)
    .where(*_ALIVE, authorizations.c.client_id == bindparam("by_client"))
    .values(revoked_at=bindparam("now"))
    .returning(authorizations.c.id)
)
_FORBID = (
    delete(grants)
    .where(grants.c.sub == bindparam("of_sub"), grants.c.client_id == bindparam("by_client"))
    .returning(grants.c.client_id)
)


def of_account(tx: Tx, sub: str, *, now: int) -> tuple[AccessRow, ...]:
    """Everything by which clients have access to an account."""
    issued: Any = tx.execute(_ISSUED, {"of_sub": sub, "now": now})
    allowed: Any = tx.execute(_ALLOWED, {"of_sub": sub})
    return (
        *(AccessRow(client_id, tuple(scope.split()), at, last) for client_id, scope, at, last in issued),
        *(
            AccessRow(client_id, tuple(scope.split()), at // 1000, at // 1000)
            for client_id, scope, at in allowed
        ),
    )


def revoke(tx: Tx, sub: str, client_id: str, *, now: int) -> int:
    """End all of it for one client; how many things ended."""
    families = tx.execute(_REVOKE, {"of_sub": sub, "by_client": client_id, "now": now}).scalars().all()
    forbidden = tx.execute(_FORBID, {"of_sub": sub, "by_client": client_id}).scalars().all()
    return len(families) + len(forbidden)
