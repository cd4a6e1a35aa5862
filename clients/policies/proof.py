"""Proofs of possession (RFC 9449): is a token presented by whoever has the key it is bound to?

A copied token is worth nothing without its key. The caller signs each request with it; here stands, one line
each, what §4.3 has a resource server look at.
"""

import base64
import hashlib
import hmac
import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, GuestProtocol

from clients.clock import Clock
from clients.tokens import TokenRefused, text_claim, time_claim

ALGORITHM = "ES256"
LEEWAY = 60
"""Seconds by which a proof's time may lie from ours, either way."""
MOST_REMEMBERED = 100_000
LARGEST_PROOF = 4096


@dataclass
class Proofs:
    """Judges the proofs of one API, whose public address is `address`; each is good once."""

    address: str
    now: Clock
    _seen: dict[tuple[str, str], int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self, request: Request, token: str, thumbprint: str) -> None:
        """Return when the request proves the key of this thumbprint (the token's `cnf.jkt`).

        Raises TokenRefused.
        """
        sent = request.headers.getlist("DPoP")
        if len(sent) != 1 or len(sent[0]) > LARGEST_PROOF:
            raise TokenRefused("one proof is wanted")
        claims, key = _read(sent[0])
        if not hmac.compare_digest(key.thumbprint(), thumbprint):
            raise TokenRefused("the key is another")
        if claims.get("htm") != request.method:
            raise TokenRefused("htm is another method")
        if claims.get("htu") != self.address + request.path:
            raise TokenRefused("htu is another address")
        if claims.get("ath") != _digest(token):
            raise TokenRefused("ath is another token's")
        issued, jti = time_claim(claims, "iat"), text_claim(claims, "jti")
        if abs(issued - self.now()) > LEEWAY:
            raise TokenRefused("iat is not now")
        self._use(thumbprint, jti, until=math.ceil(issued) + LEEWAY)

    def _use(self, thumbprint: str, jti: str, until: int) -> None:
        """Remember a proof for as long as it could be sent again."""
        with self._lock:
            if (thumbprint, jti) in self._seen:
                raise TokenRefused("it was used before")
            if len(self._seen) >= MOST_REMEMBERED:
                now = self.now()
                self._seen = {proof: end for proof, end in self._seen.items() if end >= now}
            if len(self._seen) >= MOST_REMEMBERED:
                raise TokenRefused("too many proofs at once")
            self._seen[thumbprint, jti] = until


def _read(proof: str) -> tuple[Mapping[str, Any], ECKey]:
    """The claims of a proof that holds by the public key it carries, and that key."""
    keys: list[ECKey] = []

    def carried(guest: GuestProtocol) -> ECKey:
        header = guest.headers()
        jwk = header.get("jwk")
        if header.get("typ") != "dpop+jwt" or "crit" in header:
            raise TokenRefused("it is no DPoP proof")
        if not isinstance(jwk, dict) or jwk.get("kty") != "EC" or jwk.get("crv") != "P-256" or "d" in jwk:
            raise TokenRefused("it carries no public key of P-256")
        keys.append(ECKey.import_key({name: str(jwk.get(name)) for name in ("kty", "crv", "x", "y")}))
        return keys[0]

    try:
        return jwt.decode(proof, carried, algorithms=[ALGORITHM]).claims, keys[0]
    except (JoseError, ValueError, TypeError, KeyError) as fault:
        raise TokenRefused("the signature does not hold") from fault


def _digest(token: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
