"""Sessions, and the browsers that signed an account in before."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from idp.accounts.unusual import Seen
from idp.oidc.session import SecondFactor, Session
from idp.store import trusted_browsers
from idp.store.accounts import ACTIVE
from idp.store.database import Tx
from idp.store.prepared import Prepared
from idp.store.tables import accounts, authorizations, known_browsers, sessions
from idp.store.tables import trusted_browsers as trusted_table
from idp.values import Amr, Proof, ProofKind


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A live session of an active account, with what pages and the dispatcher need of both."""

    session: Session
    language: str
    last_seen_at: int


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session that goes on, as its owner is shown it; times are epoch seconds."""

    id: str
    device: str | None
    created_at: int
    last_seen_at: int


_FIND = Prepared(
    select(
        sessions.c.id,
        sessions.c.sub,
        sessions.c.proofs,
        sessions.c.second_factor,
        sessions.c.last_seen_at,
        accounts.c.language,
    )
    .join_from(sessions, accounts, sessions.c.sub == accounts.c.sub)
    .where(
        sessions.c.handle_digest == bindparam("digest"),
        sessions.c.ended_at.is_(None),
        sessions.c.expires_at > bindparam("now"),
        sessions.c.last_seen_at > bindparam("idle_since"),
        accounts.c.state == ACTIVE,
    )
)
_SEEN = Prepared(
    update(sessions)
    .where(sessions.c.id == bindparam("session_id"), sessions.c.ended_at.is_(None))
    .values(last_seen_at=bindparam("now"))
)
_RENEW = (
    update(sessions)
    .where(sessions.c.id == bindparam("session_id"), sessions.c.ended_at.is_(None))
    .values(
        handle_digest=bindparam("new_digest"),
        proofs=bindparam("new_proofs"),
        second_factor=bindparam("new_second_factor"),
        last_seen_at=bindparam("now"),
    )
    .returning(sessions.c.id)
)
# Account first, as whoever ends its sessions does; a row that refers to the account need not wait for it.
_HOLD = (
    select(sessions.c.id)
    .join_from(accounts, sessions, sessions.c.sub == accounts.c.sub)
    .where(
        accounts.c.sub == bindparam("of_sub"),
        accounts.c.state == ACTIVE,
        sessions.c.id == bindparam("session_id"),
        sessions.c.ended_at.is_(None),
    )
    .with_for_update(key_share=True)
)
_END = (
    update(sessions)
    .where(sessions.c.id == bindparam("session_id"), sessions.c.ended_at.is_(None))
    .values(ended_at=bindparam("now"))
    .returning(sessions.c.sub)
)
_END_TOKENS = (
    update(authorizations)
    .where(
        authorizations.c.session_id == bindparam("for_session"),
        authorizations.c.revoked_at.is_(None),
        # A family that was granted offline_access outlives the session (OpenID Connect Core §11).
        ~(" " + authorizations.c.scope + " ").contains(" offline_access "),
    )
    .values(revoked_at=bindparam("now"))
)
_END_ALL = (
    update(sessions)
    .where(
        sessions.c.sub == bindparam("of_sub"),
        sessions.c.ended_at.is_(None),
        sessions.c.id != bindparam("goes_on"),
    )
    .values(ended_at=bindparam("now"))
    .returning(sessions.c.id)
)
_LIVE_OF = select(sessions.c.id, sessions.c.device, sessions.c.created_at, sessions.c.last_seen_at).where(
    sessions.c.sub == bindparam("of_sub"),
    sessions.c.ended_at.is_(None),
    sessions.c.expires_at > bindparam("now"),
    sessions.c.last_seen_at > bindparam("idle_since"),
)
_DEVICES_OF = select(sessions.c.id, sessions.c.device).where(
    sessions.c.sub == bindparam("of_sub"), sessions.c.device.is_not(None)
)
_ENDED_SINCE = (
    select(sessions.c.id)
    .where(sessions.c.sub == bindparam("of_sub"), sessions.c.ended_at >= bindparam("since"))
    .limit(1)
)
_FORGET_BROWSERS = delete(known_browsers).where(known_browsers.c.sub == bindparam("of_sub"))
_CLIENTS = (
    select(authorizations.c.client_id)
    .where(authorizations.c.session_id == bindparam("session_id"))
    .distinct()
)
_KNOWN = select(known_browsers.c.sub).where(
    known_browsers.c.browser_digest == bindparam("browser_digest"), known_browsers.c.sub == bindparam("sub")
)

_SEEN_OF = (
    select(
        known_browsers.c.browser_digest,
        known_browsers.c.device,
        known_browsers.c.network,
        trusted_table.c.expires_at,
    )
    .join_from(
        known_browsers,
        trusted_table,
        and_(
            trusted_table.c.sub == known_browsers.c.sub,
            trusted_table.c.browser_digest == known_browsers.c.browser_digest,
            trusted_table.c.expires_at > bindparam("now"),
        ),
        isouter=True,
    )
    .where(known_browsers.c.sub == bindparam("of_sub"))
    # This one first, whatever else there is.
    .order_by(
        (known_browsers.c.browser_digest == bindparam("browser_digest")).desc(),
        known_browsers.c.last_seen_at.desc(),
    )
    .limit(100)
)


def _remember(dialect: Any) -> Any:
    insert = dialect(known_browsers)
    return insert.on_conflict_do_update(
        index_elements=["browser_digest", "sub"],
        set_={name: insert.excluded[name] for name in ("last_seen_at", "device", "network")},
    )


_REMEMBER = {"sqlite": _remember(sqlite_insert), "postgresql": _remember(postgresql_insert)}


def find(tx: Tx, handle_digest: bytes, *, now: int, idle: int) -> SessionRow | None:
    """The live session a cookie stands for, with a second factor that is due too; None when ended, expired,
    idle too long, or the account not active."""
    row = _FIND.one_or_none(tx, {"digest": handle_digest, "now": now, "idle_since": now - idle})
    if row is None:
        return None
    session_id, sub, written, second, last_seen_at, language = row
    proofs = tuple(_proof(*parts) for parts in json.loads(written))
    session = Session(session_id, sub, proofs, None if second is None else SecondFactor(second))
    return SessionRow(session, language, last_seen_at)


def start(
    tx: Tx, session: Session, handle_digest: bytes, *, now: int, expires_at: int, device: str | None = None
) -> None:
    """Begin a session; ``device`` in two codes (``accounts.device``)."""
    tx.execute(
        sessions.insert(),
        {
            "id": session.id,
            "handle_digest": handle_digest,
            "sub": session.sub,
            "proofs": _written(session.proofs),
            "second_factor": session.second_factor,
            "created_at": now,
            "last_seen_at": now,
            "expires_at": expires_at,
            "device": device,
        },
    )


def renew(tx: Tx, session: Session, handle_digest: bytes, *, now: int) -> bool:
    """Give a session its new proofs and a new handle; the old handle opens nothing any more. False where it
    has ended meanwhile."""
    values = {
        "session_id": session.id,
        "new_digest": handle_digest,
        "new_proofs": _written(session.proofs),
        "new_second_factor": session.second_factor,
        "now": now,
    }
    return tx.execute(_RENEW, values).one_or_none() is not None


def seen(tx: Tx, session_id: str, *, now: int) -> None:
    """Note that the session is in use."""
    _SEEN.run(tx, {"session_id": session_id, "now": now})


def hold(tx: Tx, sub: str, session_id: str) -> bool:
    """Hold an account and one of its sessions until the end of the transaction: nobody ends either before.

    False where the session has ended, or the account is not active. To be asked first in the transaction.
    """
    return tx.execute(_HOLD, {"of_sub": sub, "session_id": session_id}).one_or_none() is not None


def end(tx: Tx, session_id: str, *, now: int) -> bool:
    """End a session and what was issued in it without offline access; False when it had ended already."""
    ended = tx.execute(_END, {"session_id": session_id, "now": now}).one_or_none() is not None
    tx.execute(_END_TOKENS, {"for_session": session_id, "now": now})
    return ended


def end_all(tx: Tx, sub: str, *, now: int, but: str = "") -> tuple[str, ...]:
    """End every session of an account, except the one with the id ``but``; their ids.

    What was issued in them ends by ``tokens.revoke_all``.
    """
    return tuple(tx.execute(_END_ALL, {"of_sub": sub, "now": now, "goes_on": but}).scalars())


def live_of(tx: Tx, sub: str, *, now: int, idle: int) -> tuple[LiveSession, ...]:
    """The sessions of an account that go on."""
    rows: Any = tx.execute(_LIVE_OF, {"of_sub": sub, "now": now, "idle_since": now - idle})
    return tuple(LiveSession(*row) for row in rows)


def devices_of(tx: Tx, sub: str) -> dict[str, str]:
    """On which device, in two codes, each session of an account was, as far as that is known."""
    rows: Any = tx.execute(_DEVICES_OF, {"of_sub": sub})
    return {row.id: row.device for row in rows}


def ended_since(tx: Tx, sub: str, since: int) -> bool:
    """Whether a session of an account was ended at ``since`` or later."""
    return tx.execute(_ENDED_SINCE, {"of_sub": sub, "since": since}).one_or_none() is not None


def forget_browsers(tx: Tx, sub: str) -> None:
    """Know and trust none of the browsers any more in which this account was signed in."""
    tx.execute(_FORGET_BROWSERS, {"of_sub": sub})
    trusted_browsers.remove_all(tx, sub)


def clients_of(tx: Tx, session_id: str) -> tuple[str, ...]:
    """The clients that were issued something in this session, by client_id."""
    return tuple(tx.execute(_CLIENTS, {"session_id": session_id}).scalars())


def browser_is_known(tx: Tx, browser_digest: bytes, sub: str) -> bool:
    """Whether this browser signed this account in before."""
    return tx.execute(_KNOWN, {"browser_digest": browser_digest, "sub": sub}).one_or_none() is not None


def seen_of(tx: Tx, browser_digest: bytes, sub: str, *, now: int) -> Seen:
    """What is known of the browsers of an account, and of this one."""
    rows = tx.execute(_SEEN_OF, {"browser_digest": browser_digest, "of_sub": sub, "now": now}).all()
    this = next((row for row in rows if row.browser_digest == browser_digest), None)
    return Seen(
        known=this is not None,
        trusted=this is not None and this.expires_at is not None,
        devices=frozenset(row.device for row in rows if row.device),
        networks=frozenset(row.network for row in rows if row.network),
    )


def remember_browser(
    tx: Tx,
    browser_digest: bytes,
    sub: str,
    *,
    now: int,
    device: str | None = None,
    network: str | None = None,
) -> None:
    """Note that this browser signed this account in, from this network (a pseudonym)."""
    tx.execute(
        _REMEMBER[tx.dialect.name],
        {
            "browser_digest": browser_digest,
            "sub": sub,
            "created_at": now,
            "last_seen_at": now,
            "device": device,
            "network": network,
        },
    )


def written_proof(proof: Proof) -> str:
    """One proof as it is stored where it stands alone."""
    return json.dumps([proof.kind, proof.at, *([proof.key, proof.held] if proof.key else [])])


def read_proof(written: str) -> Proof:
    """The proof that ``written_proof`` wrote."""
    return _proof(*json.loads(written))


def _written(proofs: tuple[Proof, ...]) -> str:
    # The node of a release before reads what it knows: most have two parts.
    return json.dumps(
        [
            [proof.kind, proof.at, *([proof.key, proof.held] if proof.key or proof.held else [])]
            for proof in proofs
        ]
    )


def _proof(kind: str, at: int, key: str | None = None, held: bool = False) -> Proof:
    return Proof(ProofKind(kind), at, None if key is None else Amr(key), held)
