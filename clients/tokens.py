"""Reading signed tokens: one algorithm, keys by name from the provider's own document, one kind at a time."""

import math
from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, GuestProtocol

from clients.provider import Provider

ALGORITHM = "ES256"
LARGEST_TOKEN = 16 * 1024
LEEWAY = 10
"""Seconds by which two machines' clocks may differ."""


class TokenRefused(Exception):
    """The token is not to be believed; the message says why and quotes nothing of it."""


def read_signed(token: str, *, kind: str, provider: Provider, untyped_too: bool = False) -> dict[str, Any]:
    """The claims of a token of this `kind`, signed by one of the provider's keys.

    `kind` is the `typ` header, without regard to case and to a leading `application/` (RFC 8725 §3.11); with
    `untyped_too` a token without `typ` passes as well, as OpenID Connect Core leaves ID tokens free. Keys
    named or carried by the token itself (`jwk`, `jku`, `x5u`, `x5c`) are ignored; `crit` is refused, since no
    extension is understood. Raises TokenRefused, or ProviderUnavailable when there is no key to judge by.
    """
    if len(token) > LARGEST_TOKEN:
        raise TokenRefused("the token is too large")

    def chosen(guest: GuestProtocol) -> ECKey:
        return _key_for(guest.headers(), kind, provider, untyped_too)

    try:
        read = jwt.decode(token, chosen, algorithms=[ALGORITHM])
    except (JoseError, ValueError, TypeError, KeyError) as fault:
        raise TokenRefused("the signature does not hold") from fault
    return dict(read.claims)


def check_issued_by(claims: Mapping[str, Any], issuer: str) -> None:
    """The token's issuer is ours to the letter; raises TokenRefused."""
    if claims.get("iss") != issuer:
        raise TokenRefused("the issuer is another")


def check_meant_for(claims: Mapping[str, Any], audience: str) -> None:
    """`audience` is among those the token names; raises TokenRefused."""
    named = claims.get("aud")
    if named != audience and not (isinstance(named, list) and audience in named):
        raise TokenRefused("the audience is another")


def check_alive(claims: Mapping[str, Any], now: int) -> None:
    """`now` (epoch seconds) is before `exp` and not before `iat` and `nbf`; raises TokenRefused."""
    if time_claim(claims, "exp") + LEEWAY <= now:
        raise TokenRefused("the token has expired")
    if time_claim(claims, "iat") - LEEWAY > now:
        raise TokenRefused("the token is from the future")
    if "nbf" in claims and time_claim(claims, "nbf") - LEEWAY > now:
        raise TokenRefused("the token is not valid yet")


def time_claim(claims: Mapping[str, Any], name: str) -> float:
    """A NumericDate claim in epoch seconds (RFC 7519 §2).

    Raises TokenRefused when it is missing or no finite number.
    """
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise TokenRefused(f"{name} is missing or no number")
    return value


def text_claim(claims: Mapping[str, Any], name: str) -> str:
    """A claim that must be there and be text with something in it; raises TokenRefused."""
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise TokenRefused(f"{name} is missing or no text")
    return value


def _key_for(header: Mapping[str, Any], kind: str, provider: Provider, untyped_too: bool) -> ECKey:
    if header.get("alg") != ALGORITHM:
        raise TokenRefused("the algorithm is another")
    if "crit" in header:
        raise TokenRefused("an extension is demanded that is not understood")
    if not (untyped_too and "typ" not in header) and _kind(header) != kind:
        raise TokenRefused("the token is of another kind")
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise TokenRefused("the token names no key")
    key = provider.key(kid)
    if key is None:
        raise TokenRefused("the key is unknown")
    return key


def _kind(header: Mapping[str, Any]) -> str | None:
    found = header.get("typ")
    return found.lower().removeprefix("application/") if isinstance(found, str) else None
