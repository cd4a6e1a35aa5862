"""Proofs of possession (RFC 9449): a request is signed with a key that only its sender has.

A proof carries its own public key, so it says nothing about who sent it; it binds to that key what the
request presents or is given. It is made for one method, one address, one moment and, beside an access token,
for that token; it is good once.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from idp.oidc.errors import OAuthError
from idp.oidc.jose import InvalidToken, verify_by_own_key

ALGS = ("ES256", "PS256")
TYP = "dpop+jwt"
_LONGEST_JTI = 256
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
_DEFAULT_PORTS = {"https": ":443", "http": ":80"}


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that holds. ``thumbprint`` names the key (RFC 7638); no other proof with that key may have this
    ``jti`` before ``expires_at`` (epoch seconds)."""

    thumbprint: str
    jti: str
    expires_at: int


def read(
    proof: str, *, method: str, address: str, now: int, leeway: int, access_token: str | None = None
) -> Proof:
    """The proof in a DPoP header, judged for this request (§4.3); whether it is a replay is not.

    ``address`` is ours as it is published, without query; ``leeway`` is how many seconds ``iat`` may lie off,
    either way. ``access_token`` is the one presented with it, if one is. Raises ``OAuthError``.
    """
    try:
        claims, thumbprint = verify_by_own_key(proof, typ=TYP, algs=ALGS)
    except InvalidToken:
        raise invalid_proof("it is no JWT of type dpop+jwt signed with the public key it carries") from None
    jti, issued = claims.get("jti"), claims.get("iat")
    if not isinstance(jti, str) or not 1 <= len(jti) <= _LONGEST_JTI:
        raise invalid_proof("jti is missing or no text of 256 characters at most")
    if claims.get("htm") != method:
        raise invalid_proof("htm is another method")
    if not _same_address(claims.get("htu"), address):
        raise invalid_proof("htu is another address")
    if isinstance(issued, bool) or not isinstance(issued, int) or abs(issued - now) > leeway:
        raise invalid_proof("iat is missing or not now")
    if access_token is not None and not _is_digest(claims, access_token):
        raise invalid_proof("ath is not the access token's")
    return Proof(thumbprint, jti, issued + leeway + 1)


def invalid_proof(description: str, status: int = 400, *, challenge: str | None = None) -> OAuthError:
    """The DPoP proof is missing or does not hold (§5)."""
    return OAuthError("invalid_dpop_proof", f"the DPoP proof: {description}", status, challenge=challenge)


def is_thumbprint(text: str) -> bool:
    """Whether the text can name a key: a SHA-256 in base64url (RFC 7638 §3)."""
    return _THUMBPRINT.fullmatch(text) is not None


def _is_digest(claims: Mapping[str, Any], access_token: str) -> bool:
    told = claims.get("ath")
    digest = urlsafe_b64encode(hashlib.sha256(access_token.encode()).digest()).rstrip(b"=")
    return isinstance(told, str) and hmac.compare_digest(told.encode("utf-8", "surrogatepass"), digest)


def _same_address(told: Any, address: str) -> bool:
    """Whether both are one address, its scheme and host in any case, its port spelt out or not (RFC 3986
    §6.2.2.1, §6.2.3)."""
    if not isinstance(told, str):
        return False
    try:
        parts = urlsplit(told)
    except ValueError:
        return False
    scheme = parts.scheme.lower()
    host = parts.netloc.lower().removesuffix(_DEFAULT_PORTS.get(scheme, "\x00"))
    # Neither query nor fragment, nor a line end that urlsplit drops.
    if told != f"{told[: len(scheme)]}://{parts.netloc}{parts.path}":
        return False
    return f"{scheme}://{host}{parts.path}" == address
