"""The statements the machine face runs, each built once (performance §7.3).

One-time means one statement: ``take_code`` and ``take_refresh_token`` mark their row used in the statement
that finds it, so the database picks the one winner of many. A second look, at rows that were used before,
is taken only when nothing was found.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, bindparam, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from idp.store.database import Tx
from idp.store.prepared import Prepared, insertion
from idp.store.sealing import Sealer
from idp.store.tables import (
    accounts,
    authorizations,
    proven_contacts,
    refresh_tokens,
    revoked_tokens,
    sessions,
)


@dataclass(frozen=True, slots=True)
class Family:
    """One authorization: the head of every token issued from it. Times are epoch seconds."""

    id: str
    client_id: str
    sub: str
    session_id: str
    scope: tuple[str, ...]
    auth_time: int
    acr: str
    amr: tuple[str, ...]
    issued_at: int
    revoked: bool


@dataclass(frozen=True, slots=True)
class TakenCode:
    """A code that was taken by this very statement, and what it was bound to."""

    family: Family
    redirect_uri: str
    nonce: str | None = field(repr=False)
    code_challenge: str | None = field(repr=False)
    key_thumbprint: str | None = None
    # Opened by ``open_details``.
    sealed_details: bytes | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class Standing:
    """How account and session of a family stand now; ``last_seen_at`` None: the session is over."""

    account_state: str
    customer_number: str = field(repr=False)
    last_seen_at: int | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """A code or refresh token that was used before."""

    family_id: str
    client_id: str


@dataclass(frozen=True, slots=True)
class Holder:
    """The account a token speaks for. ``contacts`` are (contact_index, kind, sealed_contact, proven_at)."""

    family: Family
    standing: Standing
    token_revoked: bool
    language: str
    updated_at: int
    sealed_profile: bytes = field(repr=False)
    contacts: tuple[tuple[bytes, str, bytes, int], ...] = field(repr=False, default=())


_FAMILY = (
    authorizations.c.id,
    authorizations.c.client_id,
    authorizations.c.sub,
    authorizations.c.session_id,
    authorizations.c.scope,
    authorizations.c.auth_time,
    authorizations.c.acr,
    authorizations.c.amr,
    authorizations.c.issued_at,
    authorizations.c.revoked_at,
)
_STANDING = (accounts.c.state, accounts.c.customer_number, sessions.c.last_seen_at)
_SESSION_GOES_ON = (sessions.c.ended_at.is_(None), sessions.c.expires_at > bindparam("now"))

_TAKE_CODE = Prepared(
    update(authorizations)
    .where(
        authorizations.c.code_digest == bindparam("digest"),
        authorizations.c.client_id == bindparam("by_client"),
        authorizations.c.code_used_at.is_(None),
        authorizations.c.revoked_at.is_(None),
        authorizations.c.code_expires_at > bindparam("now"),
    )
    .values(code_used_at=bindparam("now"), expires_at=bindparam("last_day"))
    .returning(
        *_FAMILY,
        authorizations.c.redirect_uri,
        authorizations.c.nonce,
        authorizations.c.code_challenge,
        authorizations.c.key_thumbprint,
        authorizations.c.sealed_details,
    )
)
_SPENT_CODE = Prepared(
    select(authorizations.c.id, authorizations.c.client_id).where(
        authorizations.c.code_digest == bindparam("digest"), authorizations.c.code_used_at.is_not(None)
    )
)
_STANDING_OF = Prepared(
    select(*_STANDING)
    .select_from(accounts)
    .outerjoin(sessions, and_(sessions.c.id == bindparam("session_id"), *_SESSION_GOES_ON))
    .where(accounts.c.sub == bindparam("sub"))
)
_INSERT_REFRESH_TOKEN = insertion(
    refresh_tokens, "digest", "authorization_id", "client_id", "issued_at", "expires_at", "key_thumbprint"
)
_TAKE_REFRESH_TOKEN = Prepared(
    update(refresh_tokens)
    .where(
        refresh_tokens.c.digest == bindparam("of_digest"),
        refresh_tokens.c.client_id == bindparam("by_client"),
        refresh_tokens.c.used_at.is_(None),
        refresh_tokens.c.expires_at > bindparam("now"),
        or_(
            refresh_tokens.c.key_thumbprint.is_(None),
            refresh_tokens.c.key_thumbprint == bindparam("by_key"),
        ),
    )
    .values(used_at=bindparam("now"))
    .returning(refresh_tokens.c.authorization_id)
)
_SPENT_REFRESH_TOKEN = Prepared(
    select(refresh_tokens.c.authorization_id, refresh_tokens.c.client_id).where(
        refresh_tokens.c.digest == bindparam("digest"), refresh_tokens.c.used_at.is_not(None)
    )
)
_OWNER_OF_REFRESH_TOKEN = Prepared(
    select(refresh_tokens.c.authorization_id, refresh_tokens.c.client_id).where(
        refresh_tokens.c.digest == bindparam("digest")
    )
)
_FAMILY_OF = Prepared(
    select(*_FAMILY, *_STANDING)
    .select_from(authorizations)
    .join(accounts, accounts.c.sub == authorizations.c.sub)
    .outerjoin(sessions, and_(sessions.c.id == authorizations.c.session_id, *_SESSION_GOES_ON))
    .where(authorizations.c.id == bindparam("family"))
)
_REVOKE_FAMILY = Prepared(
    update(authorizations)
    .where(authorizations.c.id == bindparam("family"), authorizations.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
    .returning(*_FAMILY)
)
_ALIVE_OF = (
    authorizations.c.sub == bindparam("of_sub"),
    authorizations.c.revoked_at.is_(None),
    authorizations.c.expires_at >= bindparam("now"),
)
_ISSUED_TO = Prepared(
    select(authorizations.c.session_id, authorizations.c.client_id).where(*_ALIVE_OF).distinct()
)
_REVOKE_ALL = Prepared(
    update(authorizations)
    .where(*_ALIVE_OF)
    .values(revoked_at=bindparam("now"))
    .returning(authorizations.c.session_id, authorizations.c.client_id)
)
_REVOKE_OF_SESSION = Prepared(
    update(authorizations)
    .where(authorizations.c.session_id == bindparam("of_session"), authorizations.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
)
_ACCOUNT = (accounts.c.language, accounts.c.updated_at, accounts.c.sealed_profile)
_TOKEN_ONLY = (
    select(*_FAMILY, *_STANDING, revoked_tokens.c.jti.label("revoked_jti"), *_ACCOUNT)
    .select_from(authorizations)
    .join(accounts, accounts.c.sub == authorizations.c.sub)
    .outerjoin(sessions, and_(sessions.c.id == authorizations.c.session_id, *_SESSION_GOES_ON))
    .outerjoin(revoked_tokens, revoked_tokens.c.jti == bindparam("jti"))
    .where(authorizations.c.id == bindparam("family"))
)
_TOKEN = Prepared(_TOKEN_ONLY)
_TOKEN_WITH_CONTACTS = Prepared(
    _TOKEN_ONLY.add_columns(
        proven_contacts.c.contact_index,
        proven_contacts.c.kind,
        proven_contacts.c.sealed_contact,
        proven_contacts.c.proven_at,
    ).outerjoin(proven_contacts, proven_contacts.c.sub == authorizations.c.sub)
)
_IS_REVOKED = Prepared(select(revoked_tokens.c.jti).where(revoked_tokens.c.jti == bindparam("jti")))
_REVOCATION: dict[str, Any] = {name: bindparam(name) for name in ("jti", "expires_at")}
_REVOKE_TOKEN = Prepared(
    {
        "sqlite": sqlite_insert(revoked_tokens)
        .values(_REVOCATION)
        .on_conflict_do_nothing(index_elements=["jti"]),
        "postgresql": postgresql_insert(revoked_tokens)
        .values(_REVOCATION)
        .on_conflict_do_nothing(index_elements=["jti"]),
    }
)


def seal_details(sealer: Sealer, authorization_id: str, details: Mapping[str, Any]) -> bytes:
    """An approved operation as it is stored with its authorization."""
    return sealer.seal(details, f"authorizations/sealed_details/{authorization_id}")


def open_details(sealer: Sealer, authorization_id: str, sealed: bytes) -> dict[str, Any]:
    """The operation itself; raises ``Unsealable``."""
    details: dict[str, Any] = sealer.open(sealed, f"authorizations/sealed_details/{authorization_id}")
    return details


def take_code(tx: Tx, digest: bytes, client_id: str, *, now: int, last_day: int) -> TakenCode | None:
    """Use a code up, if this client may and nobody did; one caller of many gets it.

    ``last_day`` is the last second at which anything issued from it may live: until then the row stays.
    """
    values = {"digest": digest, "by_client": client_id, "now": now, "last_day": last_day}
    row = _TAKE_CODE.one_or_none(tx, values)
    if row is None:
        return None
    return TakenCode(_family(row[:10]), *row[10:])


def spent_code(tx: Tx, digest: bytes) -> Spent | None:
    """The family of a code that was used before."""
    row = _SPENT_CODE.one_or_none(tx, {"digest": digest})
    return None if row is None else Spent(row[0], row[1])


def standing_of(tx: Tx, sub: str, session_id: str, *, now: int) -> Standing | None:
    """How account and session stand; None when there is no such account any more."""
    row = _STANDING_OF.one_or_none(tx, {"sub": sub, "session_id": session_id, "now": now})
    return None if row is None else Standing(row[0], row[1], row[2])


def insert_refresh_token(
    tx: Tx, digest: bytes, family: Family, *, key_thumbprint: str | None, now: int, expires_at: int
) -> None:
    """Keep a refresh token by its digest, bound to a key where one is given."""
    _INSERT_REFRESH_TOKEN.run(
        tx,
        {
            "digest": digest,
            "authorization_id": family.id,
            "client_id": family.client_id,
            "issued_at": now,
            "expires_at": expires_at,
            "key_thumbprint": key_thumbprint,
        },
    )


def take_refresh_token(
    tx: Tx, digest: bytes, client_id: str, *, key_thumbprint: str | None, now: int
) -> str | None:
    """Use a refresh token up, if it is this client's, alive, unused and bound to no other key; the id of its
    family."""
    values = {"of_digest": digest, "by_client": client_id, "by_key": key_thumbprint, "now": now}
    row = _TAKE_REFRESH_TOKEN.one_or_none(tx, values)
    return None if row is None else str(row[0])


def spent_refresh_token(tx: Tx, digest: bytes) -> Spent | None:
    """The family of a refresh token that was used before."""
    row = _SPENT_REFRESH_TOKEN.one_or_none(tx, {"digest": digest})
    return None if row is None else Spent(row[0], row[1])


def owner_of_refresh_token(tx: Tx, digest: bytes) -> Spent | None:
    """The family and client of a refresh token, used or not."""
    row = _OWNER_OF_REFRESH_TOKEN.one_or_none(tx, {"digest": digest})
    return None if row is None else Spent(row[0], row[1])


def family_of(tx: Tx, family_id: str, *, now: int) -> tuple[Family, Standing] | None:
    """A family with its account's and session's standing; None when either row is gone."""
    row = _FAMILY_OF.one_or_none(tx, {"family": family_id, "now": now})
    return None if row is None else (_family(row[:10]), Standing(row[10], row[11], row[12]))


def revoke_family(tx: Tx, family_id: str, *, now: int) -> Family | None:
    """End everything issued from an authorization; None when it had ended already."""
    row = _REVOKE_FAMILY.one_or_none(tx, {"family": family_id, "now": now})
    return None if row is None else _family(row)


def issued_to(tx: Tx, sub: str, *, now: int) -> frozenset[tuple[str, str]]:
    """Where something issued to an account may still live: session and client, by their ids."""
    return _pairs(_ISSUED_TO.all(tx, {"of_sub": sub, "now": now}))


def revoke_all(tx: Tx, sub: str, *, now: int) -> frozenset[tuple[str, str]]:
    """End everything issued to an account, whatever its session and its offline access.

    Gives the sessions and clients in which something ended.
    """
    return _pairs(_REVOKE_ALL.all(tx, {"of_sub": sub, "now": now}))


def revoke_of_session(tx: Tx, session_id: str, *, now: int) -> None:
    """End everything issued in a session, its offline access included."""
    _REVOKE_OF_SESSION.run(tx, {"of_session": session_id, "now": now})


def holder_of(tx: Tx, family_id: str, jti: str, *, with_contacts: bool, now: int) -> Holder | None:
    """All that decides whether an access token is alive, and whom it speaks for, in one read."""
    statement = _TOKEN_WITH_CONTACTS if with_contacts else _TOKEN
    rows = statement.all(tx, {"family": family_id, "jti": jti, "now": now})
    if not rows:
        return None
    first = rows[0]
    return Holder(
        family=_family(first[:10]),
        standing=Standing(first[10], first[11], first[12]),
        token_revoked=first[13] is not None,
        language=first[14],
        updated_at=first[15],
        sealed_profile=first[16],
        contacts=tuple((r[17], r[18], r[19], r[20]) for r in rows if r[17] is not None)
        if with_contacts
        else (),
    )


def is_revoked(tx: Tx, jti: str) -> bool:
    """Whether this one access token was revoked."""
    return _IS_REVOKED.one_or_none(tx, {"jti": jti}) is not None


def revoke_token(tx: Tx, jti: str, *, expires_at: int) -> None:
    """Revoke one access token; remembered until it would have expired."""
    _REVOKE_TOKEN.run(tx, {"jti": jti, "expires_at": expires_at})


def _family(row: tuple[object, ...]) -> Family:
    identifier, client_id, sub, session_id, scope, auth_time, acr, amr, issued_at, revoked_at = row
    return Family(
        id=str(identifier),
        client_id=str(client_id),
        sub=str(sub),
        session_id=str(session_id),
        scope=tuple(str(scope).split()),
        auth_time=int(str(auth_time)),
        acr=str(acr),
        amr=tuple(str(amr).split()),
        issued_at=int(str(issued_at)),
        revoked=revoked_at is not None,
    )


def _pairs(rows: Iterable[tuple[object, ...]]) -> frozenset[tuple[str, str]]:
    return frozenset((str(session_id), str(client_id)) for session_id, client_id in rows)
