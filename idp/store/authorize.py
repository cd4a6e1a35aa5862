"""What the authorization endpoint keeps: interactions, grants, and the authorizations it issues."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from idp.oidc.authorization.request import AuthorizationRequest
from idp.oidc.interaction import Grant
from idp.oidc.session import Session
from idp.store.database import Tx
from idp.store.prepared import Prepared, insertion
from idp.store.tables import authorizations, grants, interactions


@dataclass(frozen=True, slots=True)
class Interaction:
    """An authorization request that waits for a person. ``asked_at`` is in milliseconds."""

    id: str
    request: AuthorizationRequest
    asked_at: int
    expires_at: int


_LIVE = (interactions.c.ended_at.is_(None), interactions.c.expires_at > bindparam("now"))
_COLUMNS = (interactions.c.id, interactions.c.request, interactions.c.asked_at, interactions.c.expires_at)
_FIND = select(*_COLUMNS).where(
    interactions.c.id == bindparam("interaction_id"),
    interactions.c.browser_digest == bindparam("browser_digest"),
    *_LIVE,
)
_LATEST = (
    select(*_COLUMNS)
    .where(interactions.c.browser_digest == bindparam("browser_digest"), *_LIVE)
    .order_by(interactions.c.asked_at.desc())
    .limit(1)
)
_CLAIM = (
    update(interactions)
    .where(
        interactions.c.id == bindparam("interaction_id"),
        or_(
            interactions.c.browser_digest.is_(None),
            interactions.c.browser_digest == bindparam("claimed_by"),
        ),
        *_LIVE,
    )
    # From now on it is this browser's question: what was proven or allowed in it before is older than that.
    .values(browser_digest=bindparam("claimed_by"), asked_at=bindparam("claimed_at"))
    .returning(*_COLUMNS)
)
_END = (
    update(interactions)
    .where(interactions.c.id == bindparam("interaction_id"), interactions.c.ended_at.is_(None))
    .values(ended_at=bindparam("at"))
    .returning(interactions.c.id)
)
_GRANT = Prepared(
    select(grants.c.scope, grants.c.granted_at).where(
        grants.c.sub == bindparam("sub"), grants.c.client_id == bindparam("client_id")
    )
)
_WAIT = insertion(interactions, "id", "browser_digest", "request", "asked_at", "expires_at")
_ISSUE = insertion(
    authorizations,
    *("id", "code_digest", "client_id", "sub", "session_id", "redirect_uri", "scope", "nonce"),
    *("code_challenge", "key_thumbprint", "auth_time", "acr", "amr", "issued_at", "code_expires_at"),
    *("expires_at", "sealed_details"),
)


def _interaction(row: Any) -> Interaction | None:
    if row is None:
        return None
    request = AuthorizationRequest.from_json(json.loads(row.request))
    return Interaction(row.id, request, row.asked_at, row.expires_at)


def wait(tx: Tx, interaction: Interaction, browser_digest: bytes | None) -> None:
    """Keep a request that must wait for a person."""
    _WAIT.run(
        tx,
        {
            "id": interaction.id,
            "browser_digest": browser_digest,
            "request": json.dumps(interaction.request.to_json()),
            "asked_at": interaction.asked_at,
            "expires_at": interaction.expires_at,
        },
    )


def find(tx: Tx, interaction_id: str, browser_digest: bytes, *, now: int) -> Interaction | None:
    """The waiting request of this name, if it belongs to this browser."""
    values = {"interaction_id": interaction_id, "browser_digest": browser_digest, "now": now}
    return _interaction(tx.execute(_FIND, values).one_or_none())


def latest(tx: Tx, browser_digest: bytes, *, now: int) -> Interaction | None:
    """The request this browser made last, for someone who typed a page's address."""
    return _interaction(tx.execute(_LATEST, {"browser_digest": browser_digest, "now": now}).one_or_none())


def claim(tx: Tx, interaction_id: str, browser_digest: bytes, *, now: int, now_ms: int) -> Interaction | None:
    """Bind a request that arrived without cookie to the first browser that continues it.

    It counts as asked then, else whoever sent it could have it wait for a proof given for another reason.
    """
    values = {
        "interaction_id": interaction_id,
        "claimed_by": browser_digest,
        "claimed_at": now_ms,
        "now": now,
    }
    return _interaction(tx.execute(_CLAIM, values).one_or_none())


def end(tx: Tx, interaction_id: str, *, now: int) -> bool:
    """End a waiting request; one caller of many gets True."""
    return tx.execute(_END, {"interaction_id": interaction_id, "at": now}).one_or_none() is not None


def grant_of(tx: Tx, sub: str, client_id: str) -> Grant | None:
    """What the person allowed the client to have."""
    row = _GRANT.one_or_none(tx, {"sub": sub, "client_id": client_id})
    return None if row is None else Grant(frozenset(row[0].split()), row[1])


def allow(tx: Tx, sub: str, client_id: str, scope: frozenset[str], *, at_ms: int) -> None:
    """Keep what the person allows; an earlier answer of theirs to the same client is replaced."""
    insert = sqlite_insert if tx.dialect.name == "sqlite" else postgresql_insert
    written = " ".join(sorted(scope))
    tx.execute(
        insert(grants)
        .values(sub=sub, client_id=client_id, scope=written, granted_at=at_ms)
        .on_conflict_do_update(
            index_elements=["sub", "client_id"], set_={"scope": written, "granted_at": at_ms}
        )
    )


def issue(
    tx: Tx,
    *,
    authorization_id: str,
    code_digest: bytes,
    request: AuthorizationRequest,
    session: Session,
    now: int,
    code_life: int,
    family_life: int,
    sealed_details: bytes | None = None,
) -> None:
    """Keep an authorization: the code's digest, what was asked, and how the person proved who they are.

    ``sealed_details``: the operation that was approved (``tokens.seal_details``).
    """
    _ISSUE.run(
        tx,
        {
            "id": authorization_id,
            "code_digest": code_digest,
            "client_id": request.client_id,
            "sub": session.sub,
            "session_id": session.id,
            "redirect_uri": request.redirect_uri,
            "scope": " ".join(request.scope),
            "nonce": request.nonce,
            "code_challenge": request.code_challenge,
            "key_thumbprint": request.dpop_jkt,
            "auth_time": session.auth_time,
            "acr": str(session.acr),
            "amr": " ".join(session.amr),
            "issued_at": now,
            "code_expires_at": now + code_life,
            "expires_at": now + family_life,
            "sealed_details": sealed_details,
        },
    )
