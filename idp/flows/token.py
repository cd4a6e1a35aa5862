"""The token endpoint: codes, refresh tokens and clients' own credentials become tokens; tokens are revoked.

    code ──take──► used ──► tokens            the one winner
                   used ──again──► the whole family dies (RFC 6749 §4.1.2, RFC 9700 §4.2.4)
    rt ──take──► used ──► its successor       rotated at every use
                 used ──again──► the whole family dies (RFC 9700 §4.14.2); there is no grace period

Tokens are signed after the commit, with signers taken before it: nothing is spent where no token can
follow. A code presented by its own client with another redirect URI or a wrong verifier has leaked or the
client is broken: it is used up and its family is closed. Presented by another client it stays for its
owner: whoever merely saw a code cannot spoil it under an identity of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from idp.accounts.audit import LONGEST_DETAIL, Event
from idp.flows.idp import Idp
from idp.flows.sessions import SEEN_EVERY
from idp.oidc.authorization.checks import IDENTITY_SCOPES
from idp.oidc.authorization.pkce import verifier_matches
from idp.oidc.client import Client
from idp.oidc.dpop import invalid_proof
from idp.oidc.errors import invalid_grant, invalid_scope
from idp.oidc.jose import InvalidToken, Signer
from idp.oidc.parameters import Parameters
from idp.oidc.token import access_token, id_token
from idp.oidc.token.access_token import InvalidAccessToken, Subject, audience_of
from idp.oidc.token.request import ClientCredentials, CodeExchange, Refresh, read
from idp.store import audit, sessions, tokens
from idp.store.database import Tx
from idp.store.tokens import Family, Standing
from idp.values import digest_of

REFRESH_TOKEN_PREFIX = "rt_"


@dataclass(frozen=True, slots=True)
class Issued:
    """Tokens for a client. ``expires_in`` is in seconds."""

    access_token: str = field(repr=False)
    expires_in: int
    scope: tuple[str, ...]
    id_token: str | None = field(repr=False, default=None)
    refresh_token: str | None = field(repr=False, default=None)
    token_type: str = "Bearer"
    # The operation that was approved.
    details: Mapping[str, Any] | None = field(repr=False, default=None)

    def to_json(self) -> dict[str, Any]:
        """The token response (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3, RFC 9396 §7)."""
        body: dict[str, Any] = {
            "access_token": self.access_token,
            "token_type": self.token_type,
            "expires_in": self.expires_in,
            "scope": " ".join(self.scope),
        }
        if self.id_token is not None:
            body["id_token"] = self.id_token
        if self.refresh_token is not None:
            body["refresh_token"] = self.refresh_token
        if self.details is not None:
            body["authorization_details"] = [dict(self.details)]
        return body


@dataclass(frozen=True, slots=True)
class _Refused:
    """Why nothing is issued; it is an outcome and commits, since what was spent stays spent."""

    description: str


@dataclass(frozen=True, slots=True)
class _Granted:
    """What was decided inside the transaction, to be signed after it."""

    family: Family
    standing: Standing
    scope: tuple[str, ...]
    nonce: str | None = None
    # The operation that was approved: what is issued is for it alone, and is not renewed.
    sealed_details: bytes | None = field(repr=False, default=None)


def grant(
    idp: Idp, client: Client, parameters: Parameters, *, key_thumbprint: str | None = None, now: int
) -> Issued:
    """Answer the token request of an authenticated client.

    ``key_thumbprint`` is of the key that signed the request's DPoP proof, if one did: what is issued is bound
    to it, refresh tokens where the client has no secret that would bind them (RFC 9449 §5). Raises
    ``OAuthError``, ``NoSigningKey`` and ``DatabaseDown``.
    """
    request = read(parameters, client)
    if client.dpop_bound and key_thumbprint is None:
        raise invalid_proof("it is missing, and this client's tokens are bound to a key")
    match request:
        case CodeExchange():
            return _exchange(idp, client, request, key_thumbprint, now=now)
        case Refresh():
            return _refresh(idp, client, request, key_thumbprint, now=now)
        case ClientCredentials():
            return _client_credentials(idp, client, request, key_thumbprint, now=now)


def _client_credentials(
    idp: Idp, client: Client, request: ClientCredentials, key: str | None, *, now: int
) -> Issued:
    """A token for the client itself; nothing is read or written (RFC 6749 §4.4)."""
    # People's scopes mean nothing here: there is nobody to be told about.
    audiences = idp.audiences
    allowed = client.scopes & audiences.keys()
    scope = tuple(sorted(allowed)) if request.scope is None else request.scope
    if not allowed.issuperset(scope):
        raise invalid_scope("the client may not have this scope")
    audience = audience_of(scope, audiences, idp.issuer)
    signer = idp.signers.signer(access_token.ALG)
    life = idp.settings.lifetimes.access_token
    claims = access_token.claims_for(
        issuer=idp.issuer,
        audience=audience,
        client_id=client.client_id,
        scope=scope,
        jti=idp.entropy.identifier(),
        subject=None,
        key_thumbprint=key,
        now=now,
        life=life,
    )
    return Issued(signer.sign(claims, access_token.TYP), life, scope, token_type=_type_of(key))


def _exchange(idp: Idp, client: Client, request: CodeExchange, key: str | None, *, now: int) -> Issued:
    lifetimes = idp.settings.lifetimes
    signers = _signers(idp, client)
    refreshable = "refresh_token" in client.grant_types
    refresh_token = _new_refresh_token(idp) if refreshable else None
    last_day = now + lifetimes.access_token + (lifetimes.refresh_absolute if refreshable else 0)
    digest = digest_of(request.code)
    with idp.writing() as tx:
        outcome = _take_code(idp, tx, client, request, digest, key, now=now, last_day=last_day)
        if isinstance(outcome, _Granted):
            exchanged = Event.CODE_EXCHANGED
            if outcome.sealed_details is not None:
                refresh_token, exchanged = None, Event.OPERATION_EXCHANGED
            if refresh_token is not None:
                expires_at = now + min(lifetimes.refresh_token, lifetimes.refresh_absolute)
                tokens.insert_refresh_token(
                    tx,
                    digest_of(refresh_token),
                    outcome.family,
                    key_thumbprint=_binding(client, key),
                    now=now,
                    expires_at=expires_at,
                )
            _note(idp, tx, exchanged, outcome.family, now=now, scope=outcome.scope)
    if isinstance(outcome, _Refused):
        raise invalid_grant(outcome.description)
    return _sign(idp, signers, outcome, refresh_token, key, now=now)


def _take_code(
    idp: Idp,
    tx: Tx,
    client: Client,
    request: CodeExchange,
    digest: bytes,
    key: str | None,
    *,
    now: int,
    last_day: int,
) -> _Granted | _Refused:
    taken = tokens.take_code(tx, digest, client.client_id, now=now, last_day=last_day)
    if taken is None:
        spent = tokens.spent_code(tx, digest)
        if spent is not None and spent.client_id == client.client_id:
            _end_family(idp, tx, spent.family_id, Event.CODE_REUSED, now=now)
        return _Refused("the code is unknown, used, expired or another client's")
    family = taken.family
    standing = tokens.standing_of(tx, family.sub, family.session_id, now=now)
    refused = None
    if request.redirect_uri != taken.redirect_uri:
        refused = "redirect_uri is not the one of the authorization request"
    elif taken.code_challenge is None and client.pkce_required:
        refused = "the code was issued without PKCE"
    elif not verifier_matches(request.code_verifier, taken.code_challenge):
        refused = "code_verifier does not match"
    elif taken.key_thumbprint not in (None, key):
        refused = "the code is bound to another key"
    elif standing is None or standing.last_seen_at is None or not holds(idp, family, standing, now=now):
        # Also with offline_access: what was not redeemed before the sign-out is not redeemed after it.
        refused = "the session or the account has ended"
    scope = _still_allowed(idp, client, family.scope)
    if taken.sealed_details is not None and idp.audiences.keys().isdisjoint(scope):
        refused = refused or "the client may not ask for this operation any more"
    if refused is not None or standing is None:
        _end_family(idp, tx, family.id, Event.TOKEN_REVOKED, now=now, reason="code_refused")
        return _Refused(refused or "")
    return _Granted(family, standing, scope, taken.nonce, taken.sealed_details)


def _refresh(idp: Idp, client: Client, request: Refresh, key: str | None, *, now: int) -> Issued:
    signers = _signers(idp, client)
    successor = _new_refresh_token(idp)
    digest = digest_of(request.refresh_token)
    with idp.writing() as tx:
        outcome = _take_refresh_token(idp, tx, client, request, digest, key, now=now)
        if isinstance(outcome, _Granted):
            family = outcome.family
            lifetimes = idp.settings.lifetimes
            expires_at = min(now + lifetimes.refresh_token, family.issued_at + lifetimes.refresh_absolute)
            tokens.insert_refresh_token(
                tx,
                digest_of(successor),
                family,
                key_thumbprint=_binding(client, key),
                now=now,
                expires_at=expires_at,
            )
            _note(idp, tx, Event.TOKEN_REFRESHED, family, now=now, scope=outcome.scope)
            seen = outcome.standing.last_seen_at
            if seen is not None and "offline_access" not in family.scope and now - seen >= SEEN_EVERY:
                sessions.seen(tx, family.session_id, now=now)
    if isinstance(outcome, _Refused):
        raise invalid_grant(outcome.description)
    return _sign(idp, signers, outcome, successor, key, now=now)


def _take_refresh_token(
    idp: Idp, tx: Tx, client: Client, request: Refresh, digest: bytes, key: str | None, *, now: int
) -> _Granted | _Refused:
    family_id = tokens.take_refresh_token(tx, digest, client.client_id, key_thumbprint=key, now=now)
    if family_id is None:
        spent = tokens.spent_refresh_token(tx, digest)
        if spent is not None and spent.client_id == client.client_id:
            _end_family(idp, tx, spent.family_id, Event.TOKEN_REUSED, now=now)
        # Without its key it stays for its owner, as it does under another client's name.
        return _Refused("the refresh token is unknown, used, expired, another client's or another key's")
    found = tokens.family_of(tx, family_id, now=now)
    if found is None or not holds(idp, *found, now=now):
        if found is not None and not found[0].revoked:
            _end_family(idp, tx, family_id, Event.TOKEN_REVOKED, now=now, reason="ended")
        return _Refused("what was granted has ended")
    family, standing = found
    if family.issued_at + idp.settings.lifetimes.refresh_absolute <= now:
        return _Refused("what was granted has ended")
    scope = _still_allowed(idp, client, family.scope)
    if request.scope is not None:
        if not set(request.scope) <= set(scope):
            # Raised, so that a mere slip of the client rolls back and its token stays good (RFC 6749 §6).
            raise invalid_scope("the scope is more than was granted")
        scope = request.scope
    return _Granted(family, standing, scope)


def revoke(idp: Idp, client: Client, token: str, *, now: int) -> None:
    """End a token of this client: a refresh token with all its family, an access token alone (RFC 7009 §2.1).

    An unknown token, a dead one and another client's all end in nothing. Raises ``DatabaseDown``: the
    caller must never be told that a living token was revoked.
    """
    if token.startswith(REFRESH_TOKEN_PREFIX):
        with idp.reading() as tx:
            owner = tokens.owner_of_refresh_token(tx, digest_of(token))
        if owner is None or owner.client_id != client.client_id:
            return
        with idp.writing() as tx:
            _end_family(idp, tx, owner.family_id, Event.TOKEN_REVOKED, now=now, reason="asked")
        return
    try:
        claims = idp.signers.verify(token, access_token.TYP, (access_token.ALG,))
        read_token = access_token.read(claims, issuer=idp.issuer, now=now)
    except (InvalidToken, InvalidAccessToken):
        return
    if read_token.client_id != client.client_id:
        return
    with idp.writing() as tx:
        tokens.revoke_token(tx, read_token.jti, expires_at=int(claims["exp"]))
        details = {"token_type": "access_token", "reason": "asked", "authorization": read_token.family}
        actor = None if read_token.family is None else _actor(idp, str(claims["sub"]))
        audit.add(tx, Event.TOKEN_REVOKED, at=now, actor=actor, client_id=client.client_id, details=details)


def holds(idp: Idp, family: Family, standing: Standing, *, now: int) -> bool:
    """Whether what was issued from an authorization is still good.

    It is not when it was revoked, when the account is not active, or, unless ``offline_access`` was
    granted, when the session has ended or was idle too long (OpenID Connect Core §11).
    """
    if family.revoked or standing.account_state != "active":
        return False
    if "offline_access" in family.scope:
        return True
    seen = standing.last_seen_at
    return seen is not None and seen + idp.settings.lifetimes.session_idle > now


def _still_allowed(idp: Idp, client: Client, scope: tuple[str, ...]) -> tuple[str, ...]:
    """The granted scope, less what the client or a resource has lost since."""
    known = idp.audiences.keys() | set(IDENTITY_SCOPES)
    return tuple(word for word in scope if word in client.scopes and word in known)


def _signers(idp: Idp, client: Client) -> tuple[Signer, Signer]:
    return idp.signers.signer(access_token.ALG), idp.signers.signer(client.id_token_alg)


def _new_refresh_token(idp: Idp) -> str:
    return f"{REFRESH_TOKEN_PREFIX}{idp.entropy.handle().secret}"


def _sign(
    idp: Idp,
    signers: tuple[Signer, Signer],
    granted: _Granted,
    refresh_token: str | None,
    key: str | None,
    *,
    now: int,
) -> Issued:
    family = granted.family
    lifetimes = idp.settings.lifetimes
    scope, life, details = granted.scope, lifetimes.access_token, None
    if granted.sealed_details is not None:
        details = tokens.open_details(idp.sealer, family.id, granted.sealed_details)
        # The person approved one operation: their claims are another matter, told by the ID token alone.
        scope = tuple(word for word in scope if word in idp.audiences)
        life = min(life, idp.settings.operations.approval)
    subject = Subject(
        sub=family.sub,
        session_id=family.session_id,
        auth_time=family.auth_time,
        acr=family.acr,
        amr=family.amr,
        customer_number=granted.standing.customer_number,
    )
    access_claims = access_token.claims_for(
        issuer=idp.issuer,
        audience=audience_of(scope, idp.audiences, idp.issuer),
        client_id=family.client_id,
        scope=scope,
        jti=f"{family.id}.{idp.entropy.identifier()}",
        subject=subject,
        key_thumbprint=key,
        details=details,
        now=now,
        life=life,
    )
    signed = signers[0].sign(access_claims, access_token.TYP)
    identity = None
    if "openid" in granted.scope:
        identity_claims = id_token.claims_for(
            issuer=idp.issuer,
            client_id=family.client_id,
            subject=subject,
            access_token=signed,
            nonce=granted.nonce,
            now=now,
            life=lifetimes.id_token,
        )
        identity = signers[1].sign(identity_claims, id_token.TYP)
    return Issued(signed, life, scope, identity, refresh_token, _type_of(key), details)


def _type_of(key: str | None) -> str:
    return "Bearer" if key is None else "DPoP"


def _binding(client: Client, key: str | None) -> str | None:
    """The key a refresh token is bound to: a confidential client's is bound to its secret (RFC 9449 §5)."""
    return None if client.confidential else key


def _end_family(
    idp: Idp, tx: Tx, family_id: str, event: Event, *, now: int, reason: str | None = None
) -> None:
    family = tokens.revoke_family(tx, family_id, now=now)
    if family is not None:
        _note(idp, tx, event, family, now=now, reason=reason)


def _note(
    idp: Idp,
    tx: Tx,
    event: Event,
    family: Family,
    *,
    now: int,
    scope: tuple[str, ...] | None = None,
    reason: str | None = None,
) -> None:
    details: dict[str, str | int | bool | None] = {"authorization": family.id, "session": family.session_id}
    if scope is not None:
        details["scope"] = " ".join(scope)[:LONGEST_DETAIL]
    if reason is not None:
        details["reason"] = reason
    audit.add(tx, event, at=now, actor=_actor(idp, family.sub), client_id=family.client_id, details=details)


def _actor(idp: Idp, sub: str) -> str:
    return idp.sealer.pseudonym(f"sub:{sub}")
