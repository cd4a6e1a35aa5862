"""Client authentication (RFC 6749 §2.3, OpenID Connect Core §9, RFC 7523 §3).

One request, one method, and only the method that the client registered. Why it failed is never told: an
unknown client, a wrong secret and a replayed assertion look alike.
"""

import hmac
import re
from base64 import b64decode
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from idp.oidc.client import Client
from idp.oidc.errors import invalid_client
from idp.oidc.jose import InvalidToken, VerifyingKey, peek, public_key, verify
from idp.oidc.parameters import Parameters
from idp.oidc.registration import ASSERTION_ALGS
from idp.values import digest_of

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LEEWAY = 60
"""Seconds by which a client's clock may differ from ours."""
LONGEST_LIFE = 300
"""Seconds an assertion may live: it bounds what the replay cache has to remember."""

_BASIC = re.compile(r"basic +([A-Za-z0-9+/]+={0,2})", re.IGNORECASE)
_NOBODY = bytes(32)


@dataclass(frozen=True, slots=True)
class Presented:
    """What a request presents: who it says it is, and by which one method it means to prove it."""

    client_id: str
    method: str
    proof: str | None = field(default=None, repr=False)

    @property
    def basic(self) -> bool:
        """Whether the proof stood in the Authorization header."""
        return self.method == "client_secret_basic"


@dataclass(frozen=True, slots=True)
class Assertion:
    """A verified assertion; ``jti`` must not have been seen before ``expires_at`` (epoch seconds)."""

    jti: str
    expires_at: int


def presented(authorization: str | None, parameters: Parameters) -> Presented:
    """The credentials of a request, not judged yet; raises ``OAuthError``.

    Two methods together are refused, even when both would hold (RFC 6749 §2.3).
    """
    client_id = parameters.get("client_id")
    secret = parameters.get("client_secret")
    assertion = parameters.get("client_assertion")
    has_assertion = assertion is not None or parameters.get("client_assertion_type") is not None
    if (authorization is not None) + (secret is not None) + has_assertion > 1:
        raise invalid_client(basic=authorization is not None)
    if authorization is not None:
        named, proof = _basic(authorization)
        if client_id not in (None, named):
            raise invalid_client(basic=True)
        return Presented(named, "client_secret_basic", proof)
    if has_assertion:
        if assertion is None or parameters.get("client_assertion_type") != ASSERTION_TYPE:
            raise invalid_client()
        try:
            says = peek(assertion).get("sub")
        except InvalidToken:
            raise invalid_client() from None
        if not isinstance(says, str) or client_id not in (None, says):
            raise invalid_client()
        return Presented(says, "private_key_jwt", assertion)
    if client_id is None:
        raise invalid_client()
    if secret is not None:
        return Presented(client_id, "client_secret_post", secret)
    return Presented(client_id, "none")


def check_registered(credentials: Presented, client: Client | None) -> Client:
    """The enabled client that registered this method and this secret, if it has one; raises ``OAuthError``.

    An unknown client costs the same comparison as a wrong secret.
    """
    expected = client.secret_digest if client is not None and client.secret_digest is not None else _NOBODY
    right = hmac.compare_digest(expected, digest_of(credentials.proof or ""))
    if client is None or client.disabled or client.auth_method != credentials.method:
        raise invalid_client(basic=credentials.basic)
    if credentials.method in ("client_secret_basic", "client_secret_post") and not right:
        raise invalid_client(basic=credentials.basic)
    return client


def check_assertion(assertion: str, client: Client, *, audiences: Collection[str], now: int) -> Assertion:
    """The assertion, signed by a key of the client and meant for us; raises ``OAuthError`` (RFC 7523 §3).

    ``audiences`` are the strings of which ``aud`` must be one; a list is refused, since an assertion that
    is good at several places can be replayed from one at another.
    """
    try:
        claims = verify(
            assertion,
            lambda kid, alg: _key_of(client, kid, alg),
            typ="JWT",
            algs=ASSERTION_ALGS,
            other_typs=("client-authentication+jwt",),
            untyped_too=True,
        )
    except InvalidToken:
        raise invalid_client() from None
    return _judged(claims, client, audiences, now)


def _judged(claims: Mapping[str, Any], client: Client, audiences: Collection[str], now: int) -> Assertion:
    audience, jti = claims.get("aud"), claims.get("jti")
    if claims.get("iss") != client.client_id or claims.get("sub") != client.client_id:
        raise invalid_client()
    if not isinstance(audience, str) or audience not in audiences:
        raise invalid_client()
    if not isinstance(jti, str) or not 1 <= len(jti) <= 256:
        raise invalid_client()
    expires, begins, issued = (_time(claims, name) for name in ("exp", "nbf", "iat"))
    if expires is None or expires + LEEWAY <= now or expires > now + LONGEST_LIFE + LEEWAY:
        raise invalid_client()
    if any(moment is not None and moment > now + LEEWAY for moment in (begins, issued)):
        raise invalid_client()
    return Assertion(jti, expires + LEEWAY)


def _time(claims: Mapping[str, Any], name: str) -> int | None:
    """A moment in whole seconds, None when it is not told; raises ``OAuthError`` for anything else."""
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid_client()
    return value


def _key_of(client: Client, kid: str | None, alg: str) -> VerifyingKey | None:
    """The client's public key of that name; an assertion that names none finds the only one that fits."""
    jwks = client.jwks or {}
    keys = [public_key(jwk) for jwk in jwks.get("keys", ()) if kid is None or jwk.get("kid") == kid]
    fitting = [key for key in keys if key.fits(alg)]
    return fitting[0] if len(fitting) == 1 else None


def _basic(authorization: str) -> tuple[str, str]:
    """Id and secret of an Authorization header, each form-encoded before the join (RFC 6749 §2.3.1)."""
    found = _BASIC.fullmatch(authorization)
    if found is None:
        raise invalid_client(basic=True)
    try:
        pair = b64decode(found[1], validate=True)
        name, colon, secret = pair.partition(b":")
        client_id, proof = (unquote_to_bytes(part.replace(b"+", b" ")).decode() for part in (name, secret))
    except ValueError:
        raise invalid_client(basic=True) from None
    if not colon or not client_id:
        raise invalid_client(basic=True)
    return client_id, proof
