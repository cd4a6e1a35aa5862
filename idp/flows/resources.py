"""What a token opens here: the person's claims (userinfo), and word of itself (introspection)."""

from dataclasses import dataclass, field
from typing import Any

from idp.flows.dpop import key_of
from idp.flows.idp import Idp
from idp.flows.token import holds
from idp.oidc import introspection
from idp.oidc.claims import Person, ProvenContact, claims_of
from idp.oidc.client import Client
from idp.oidc.dpop import invalid_proof
from idp.oidc.errors import OAuthError
from idp.oidc.jose import InvalidToken
from idp.oidc.token import access_token
from idp.oidc.token.access_token import AccessToken, InvalidAccessToken
from idp.store import tokens
from idp.store.tokens import Holder


@dataclass(frozen=True, slots=True)
class Presented:
    """An access token as a request presents it: its scheme, its DPoP proof if any, the request's method."""

    token: str = field(repr=False)
    scheme: str = "Bearer"
    proof: str | None = field(default=None, repr=False)
    method: str = "GET"


def userinfo(idp: Idp, presented: Presented, *, now: int) -> tuple[dict[str, Any], Client]:
    """The claims the token's scope may have, and the client that holds it (OpenID Connect Core §5.3).

    Whatever its audience, a token with scope ``openid`` opens this endpoint and no other does. Raises
    ``OAuthError``, ``DatabaseDown`` and ``EphemeraDown``.
    """
    scheme = presented.scheme
    read = _read(idp, presented.token, now=now)
    if read is None:
        raise _invalid_token(scheme)
    _check_key(idp, presented, read, now=now)
    if read.family is None or "openid" not in read.scope:
        raise OAuthError("insufficient_scope", "scope openid is needed", 403, challenge=scheme)
    client = idp.clients.get(read.client_id)
    with_contacts = "email" in read.scope or "phone" in read.scope
    with idp.reading() as tx:
        holder = tokens.holder_of(tx, read.family, read.jti, with_contacts=with_contacts, now=now)
    if client is None or client.disabled or holder is None or not _alive(idp, holder, now=now):
        raise _invalid_token(scheme)
    return claims_of(_person(idp, holder), read.scope), client


def introspect(idp: Idp, asker: Client, token: str, *, now: int) -> dict[str, Any]:
    """What an authenticated resource is told about a token (RFC 7662 §2.2). Raises ``DatabaseDown``."""
    read = _read(idp, token, now=now)
    if read is None or not introspection.is_for(read, asker):
        return introspection.INACTIVE
    client = idp.clients.get(read.client_id)
    if client is None or client.disabled:
        return introspection.INACTIVE
    with idp.reading() as tx:
        if read.family is None:
            alive = not tokens.is_revoked(tx, read.jti)
        else:
            holder = tokens.holder_of(tx, read.family, read.jti, with_contacts=False, now=now)
            alive = holder is not None and _alive(idp, holder, now=now)
    return introspection.active(read) if alive else introspection.INACTIVE


def _check_key(idp: Idp, presented: Presented, read: AccessToken, *, now: int) -> None:
    """Whether the token is presented by whoever has its key, if it is bound to one; raises ``OAuthError``.

    A bound token is no bearer token, nor a bearer token a bound one (RFC 9449 §7.1, §7.2).
    """
    scheme, bound = presented.scheme, read.key_thumbprint
    if (bound is not None) is not (scheme == "DPoP"):
        raise _invalid_token(scheme)
    if bound is None:
        return
    try:
        key = key_of(
            idp,
            presented.proof,
            method=presented.method,
            path="/userinfo",
            access_token=presented.token,
            now=now,
        )
    except OAuthError as fault:
        raise OAuthError(fault.error, fault.description, 401, challenge=scheme) from None
    if key is None:
        raise invalid_proof("it is missing", 401, challenge=scheme)
    if key != bound:
        raise _invalid_token(scheme)


def _invalid_token(scheme: str) -> OAuthError:
    """The access token is malformed, expired, revoked, foreign or not its holder's (RFC 6750 §3.1)."""
    return OAuthError("invalid_token", "the access token is not valid", 401, challenge=scheme)


def _read(idp: Idp, token: str, *, now: int) -> AccessToken | None:
    try:
        claims = idp.signers.verify(token, access_token.TYP, (access_token.ALG,))
        return access_token.read(claims, issuer=idp.issuer, now=now)
    except (InvalidToken, InvalidAccessToken):
        return None


def _alive(idp: Idp, holder: Holder, *, now: int) -> bool:
    return not holder.token_revoked and holds(idp, holder.family, holder.standing, now=now)


def _person(idp: Idp, holder: Holder) -> Person:
    sub = holder.family.sub
    profile = idp.sealer.open(holder.sealed_profile, f"accounts/sealed_profile/{sub}")
    return Person(
        sub=sub,
        language=holder.language,
        updated_at=holder.updated_at,
        username=profile["username"][1],
        given_name=profile.get("given_name"),
        family_name=profile.get("family_name"),
        company_name=profile.get("company_name"),
        birth_date=profile.get("birth_date"),
        contacts=tuple(
            ProvenContact(
                kind,
                idp.sealer.open(sealed, f"proven_contacts/sealed_contact/{sub}/{index.hex()}")[1],
                proven_at,
            )
            for index, kind, sealed, proven_at in holder.contacts
        ),
    )
