"""Proof Key for Code Exchange, S256 only (RFC 7636; RFC 9700 §2.1.1 leaves ``plain`` no place)."""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}\Z")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}\Z")


def is_challenge(text: str) -> bool:
    """Whether the text can be an S256 challenge: 43 characters of base64url without padding (§4.2)."""
    return _CHALLENGE.match(text) is not None


def verifier_matches(verifier: str | None, challenge: str | None) -> bool:
    """Whether the verifier answers the challenge (§4.6), in constant time.

    A verifier where no challenge was stored is a refusal too, else stripping the challenge from the
    authorization request would switch PKCE off (RFC 9700 §4.8.2).
    """
    if verifier is None or challenge is None:
        return verifier is None and challenge is None
    if _VERIFIER.match(verifier) is None:
        return False
    digest = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    return hmac.compare_digest(digest, challenge.encode())
