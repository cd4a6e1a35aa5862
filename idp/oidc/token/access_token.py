"""JWT access tokens (RFC 9068): what they say, for whom they are, and what one that comes back must hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from idp.oidc.errors import invalid_scope

TYP = "at+jwt"
ALG = "ES256"
LONGEST_JTI = 64


class InvalidAccessToken(Exception):
    """The token is not an access token of ours, or not any more."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The person a token speaks for, and how they proved who they are."""

    sub: str
    session_id: str
    auth_time: int
    acr: str
    amr: tuple[str, ...]
    customer_number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token of ours that has not expired.

    ``family`` is the authorization it came from; None when it speaks for the client itself.
    """

    jti: str
    client_id: str
    scope: tuple[str, ...]
    audience: str
    family: str | None
    claims: Mapping[str, Any] = field(repr=False)

    @property
    def key_thumbprint(self) -> str | None:
        """The key it is bound to; None for a bearer token."""
        told = self.claims.get("cnf")
        return None if told is None else str(told["jkt"])


def audience_of(scope: Sequence[str], audiences: Mapping[str, str], issuer: str) -> str:
    """For whom a token with this scope is: the one resource whose scopes it holds, else the issuer itself.

    ``audiences`` gives each API scope its resource's audience. Raises ``OAuthError`` when resources mix: a
    token good at one API must not open another.
    """
    found = {audiences[word] for word in scope if word in audiences}
    if len(found) > 1:
        raise invalid_scope("the scope mixes resources; ask for one resource at a time")
    return found.pop() if found else issuer


def claims_for(
    *,
    issuer: str,
    audience: str,
    client_id: str,
    scope: Sequence[str],
    jti: str,
    subject: Subject | None,
    key_thumbprint: str | None,
    details: Mapping[str, Any] | None = None,
    now: int,
    life: int,
) -> dict[str, Any]:
    """The claims of an access token (RFC 9068 §2.2). Without ``subject`` it speaks for the client itself.

    ``customer_number`` is told to resources only. ``key_thumbprint`` binds it to a key (RFC 9449 §6.1).
    ``details`` is the operation that its person approved (RFC 9396 §9.1).
    """
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": client_id if subject is None else subject.sub,
        "aud": audience,
        "client_id": client_id,
        "scope": " ".join(scope),
        "iat": now,
        "exp": now + life,
        "jti": jti,
    }
    if key_thumbprint is not None:
        claims["cnf"] = {"jkt": key_thumbprint}
    if details is not None:
        claims["authorization_details"] = [dict(details)]
    if subject is not None:
        claims["auth_time"] = subject.auth_time
        claims["acr"] = subject.acr
        claims["amr"] = list(subject.amr)
        claims["sid"] = subject.session_id
        if audience != issuer:
            claims["customer_number"] = subject.customer_number
    return claims


def read(claims: Mapping[str, Any], *, issuer: str, now: int) -> AccessToken:
    """The access token these verified claims make; raises ``InvalidAccessToken``.

    The signature told that they are ours; what a later version or a mistake of ours might leave out is
    refused.
    """
    texts = [claims.get(name) for name in ("jti", "client_id", "scope", "aud", "sub")]
    expires = claims.get("exp")
    if claims.get("iss") != issuer or not all(isinstance(text, str) for text in texts):
        raise InvalidAccessToken
    if not isinstance(expires, int) or expires <= now:
        raise InvalidAccessToken
    jti, client_id, scope, audience, _ = (str(text) for text in texts)
    if len(jti) > LONGEST_JTI:
        raise InvalidAccessToken
    family, dot, _ = jti.partition(".")
    return AccessToken(jti, client_id, tuple(scope.split()), audience, family if dot else None, claims)
