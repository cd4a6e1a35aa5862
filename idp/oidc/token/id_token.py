"""ID tokens (OpenID Connect Core §2)."""

import hashlib
from base64 import urlsafe_b64encode
from typing import Any

from idp.oidc.token.access_token import Subject

TYP = "JWT"


def claims_for(
    *,
    issuer: str,
    client_id: str,
    subject: Subject,
    access_token: str,
    nonce: str | None,
    now: int,
    life: int,
) -> dict[str, Any]:
    """The claims of an ID token; ``nonce`` as it came, None when a refresh makes the token (§12.2).

    There is one audience, hence no ``azp``.
    """
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": subject.sub,
        "aud": client_id,
        "iat": now,
        "exp": now + life,
        "auth_time": subject.auth_time,
        "acr": subject.acr,
        "amr": list(subject.amr),
        "sid": subject.session_id,
        "at_hash": at_hash(access_token),
    }
    if nonce is not None:
        claims["nonce"] = nonce
    return claims


def at_hash(access_token: str) -> str:
    """The left half of the token's SHA-256 (§3.1.3.6); both our algorithms hash with it."""
    return urlsafe_b64encode(hashlib.sha256(access_token.encode()).digest()[:16]).rstrip(b"=").decode()
