"""Judging ID tokens (OpenID Connect Core §3.1.3.7)."""

import base64
import hashlib
import hmac
from typing import Any

from clients.provider import Provider
from clients.tokens import (
    TokenRefused,
    check_alive,
    check_issued_by,
    check_meant_for,
    read_signed,
    text_claim,
)

KIND = "jwt"


def read_id_token(
    token: str, *, provider: Provider, client_id: str, nonce: str | None, access_token: str | None, now: int
) -> dict[str, Any]:
    """The claims of an ID token that is for us, alive at `now` (epoch seconds) and answers our request.

    `nonce` is None only for tokens that come with a refresh, where none was sent. Raises TokenRefused, or
    ProviderUnavailable when there is no key to judge by.
    """
    claims = read_signed(token, kind=KIND, provider=provider, untyped_too=True)
    check_issued_by(claims, provider.issuer)
    check_meant_for(claims, client_id)
    if isinstance(claims["aud"], list) and claims["aud"] != [client_id]:
        # §3.1.3.7 step 3: an audience we do not trust beside us is reason enough to refuse.
        raise TokenRefused("the token has other audiences")
    if claims.get("azp", client_id) != client_id:
        raise TokenRefused("the token was issued to another client")
    check_alive(claims, now)
    text_claim(claims, "sub")
    if nonce is not None and not hmac.compare_digest(text_claim(claims, "nonce").encode(), nonce.encode()):
        raise TokenRefused("the nonce is another")
    if access_token is not None and "at_hash" in claims:
        expected = half_hash(access_token)
        if not hmac.compare_digest(text_claim(claims, "at_hash").encode(), expected.encode()):
            raise TokenRefused("the access token is another")
    return claims


def half_hash(access_token: str) -> str:
    """`at_hash` of an access token under ES256: the left half of its SHA-256 (§3.1.3.6)."""
    digest = hashlib.sha256(access_token.encode("ascii", "replace")).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()
