"""Signed tokens (RFC 7515, RFC 7519, RFC 8725): one algorithm, one key by name, one type, nothing guessed.

A key is only ever found in a table of ours (or of the client's registration) by ``kid``; what a token
carries or points at (``jwk``, ``jku``, ``x5u``, ``x5c``) is refused. The one exception proves possession of
a key and nothing else: ``verify_by_own_key``. joserfc does the verification; what it
would accept and we do not (duplicate names, sloppy base64, unknown headers) is refused before it sees the
token.
"""

import hashlib
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from idp.ports import SigningKey

LARGEST_TOKEN = 16 * 1024
LARGEST_HEADER = 2 * 1024

_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
# Names that make a reader fetch, trust, unpack or reinterpret something (RFC 7515 §4.1, RFC 7516, RFC 7797).
_REFUSED_HEADERS = frozenset(
    {"crit", "b64", "jwk", "jku", "x5u", "x5c", "enc", "zip", "epk", "apu", "apv", "iv", "tag", "p2s", "p2c"}
)
_SHORTEST_RSA = 2048
_LONGEST_RSA = 8192


class InvalidToken(Exception):
    """The token is not what it should be; the text says why and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key with the one algorithm it is used with; ``alg`` None: any that fits its type."""

    kid: str | None
    alg: str | None
    key: ECKey | RSAKey

    def fits(self, alg: str) -> bool:
        """Whether a signature of that algorithm may be tried with this key."""
        if self.alg is not None and self.alg != alg:
            return False
        return isinstance(self.key, ECKey) if alg.startswith("ES") else isinstance(self.key, RSAKey)


@dataclass(frozen=True, slots=True)
class Signer:
    """One private key that signs; a header is serialised once per type.

    The serialisation is made by hand because it is a third of a token request when a library does it
    (``tests/oidc/test_token_jose.py`` has joserfc read every token back).
    """

    key: SigningKey
    _headers: dict[str, bytes] = field(default_factory=dict, repr=False)

    def sign(self, claims: Mapping[str, Any], typ: str) -> str:
        """The compact JWS of the claims, typed (RFC 8725 §3.11) and with the key's name."""
        header = self._headers.get(typ)
        if header is None:
            header = encoded_json({"alg": self.key.alg, "kid": self.key.kid, "typ": typ})
            self._headers[typ] = header
        message = header + b"." + encoded_json(claims)
        return (message + b"." + encoded(self._signature(message))).decode("ascii")

    def _signature(self, message: bytes) -> bytes:
        private = self.key.private.private_key
        if self.key.alg == "ES256" and isinstance(private, ec.EllipticCurvePrivateKey):
            r, s = decode_dss_signature(private.sign(message, _ES256))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        if self.key.alg == "RS256" and isinstance(private, rsa.RSAPrivateKey):
            return private.sign(message, _RS256, _SHA256)
        raise ValueError(f"no signature of {self.key.alg} can be made with this kind of key")


_SHA256 = SHA256()
_ES256 = ec.ECDSA(_SHA256)
_RS256 = padding.PKCS1v15()


def verify(
    token: str,
    key_for: Callable[[str | None, str], VerifyingKey | None],
    *,
    typ: str,
    algs: tuple[str, ...],
    other_typs: tuple[str, ...] = (),
    untyped_too: bool = False,
) -> dict[str, Any]:
    """The claims of a compact JWS whose signature holds; nothing else about them is judged.

    ``key_for(kid, alg)`` is the table of keys. ``typ`` (or one of ``other_typs``) is compared without
    regard to case and to a leading ``application/`` (RFC 7515 §4.1.9); with ``untyped_too`` a token without
    ``typ`` passes as well. Raises ``InvalidToken``.
    """
    header, parts, alg = _header_of(token, algs, _REFUSED_HEADERS)
    typs = {_kind(wanted) for wanted in (typ, *other_typs)}
    if not (untyped_too and "typ" not in header) and _kind(header.get("typ")) not in typs:
        raise InvalidToken("another type")
    kid = header.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise InvalidToken("the key's name is no text")
    key = key_for(kid, alg)
    if key is None:
        raise InvalidToken("unknown key")
    return _claims(token, parts, key, alg)


def verify_by_own_key(token: str, *, typ: str, algs: tuple[str, ...]) -> tuple[dict[str, Any], str]:
    """The claims of a compact JWS that holds by the public key in its own header, and that key's thumbprint.

    It says that the sender has the private key, and nothing about who the sender is (RFC 9449 §4.3). ``typ``
    is compared as by ``verify``. Raises ``InvalidToken``.
    """
    header, parts, alg = _header_of(token, algs, _REFUSED_HEADERS - {"jwk"})
    if _kind(header.get("typ")) != _kind(typ):
        raise InvalidToken("another type")
    jwk = header.get("jwk")
    if not isinstance(jwk, dict):
        raise InvalidToken("it carries no key")
    try:
        key = public_key(jwk)
    except ValueError as fault:
        raise InvalidToken("its key is no public key for signatures") from fault
    # The name first: a key that can be spelt in several ways would have several.
    named = thumbprint(jwk)
    return _claims(token, parts, key, alg), named


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """The name of an EC (P-256) or RSA public key: the SHA-256 of its members (RFC 7638 §3).

    Raises ``InvalidToken`` for members that are not in their one right spelling, and for an RSA exponent
    that is not 65537: a longer one would make us work.
    """
    members = {name: jwk.get(name) for name in _MEMBERS[jwk["kty"]]}
    if not all(isinstance(value, str) for value in members.values()):
        raise InvalidToken("a member of the key is no text")
    if jwk["kty"] == "EC":
        if any(len(decoded(str(members[name]))) != _COORDINATE for name in ("x", "y")):
            raise InvalidToken("a coordinate has not the length of the curve")
    elif members["e"] != _EXPONENT or decoded(str(members["n"]))[0] == 0:
        raise InvalidToken("the key is not spelt as it should be")
    return encoded(hashlib.sha256(_ENCODE(members).encode()).digest()).decode("ascii")


# In lexicographic order (RFC 7638 §3.2, §3.3).
_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}
_COORDINATE = 32
_EXPONENT = "AQAB"


class _Registry(jws.JWSRegistry):
    """joserfc's own limit of a header leaves no room for an RSA key."""

    max_header_length = LARGEST_HEADER * 4 // 3 + 4


def _header_of(
    token: str, algs: tuple[str, ...], refused: frozenset[str]
) -> tuple[dict[str, Any], re.Match[str], str]:
    """Header, segments and algorithm of what looks like a compact JWS; raises ``InvalidToken``."""
    if len(token) > LARGEST_TOKEN:
        raise InvalidToken("too large")
    parts = _COMPACT.fullmatch(token)
    if parts is None:
        raise InvalidToken("not a compact JWS")
    header = _json_object(decoded(parts[1]), LARGEST_HEADER)
    alg = header.get("alg")
    if not isinstance(alg, str) or alg not in algs:
        raise InvalidToken("the algorithm is not allowed")
    if not refused.isdisjoint(header):
        raise InvalidToken("a header is not allowed")
    return header, parts, alg


def _claims(token: str, parts: re.Match[str], key: VerifyingKey, alg: str) -> dict[str, Any]:
    """The claims, once the signature was found to hold; raises ``InvalidToken``."""
    payload = decoded(parts[2])
    decoded(parts[3])
    if not key.fits(alg):
        raise InvalidToken("unknown key")
    try:
        jws.deserialize_compact(token, key.key, algorithms=[alg], registry=_Registry(algorithms=[alg]))
    except (JoseError, ValueError, TypeError) as fault:
        raise InvalidToken("the signature does not hold") from fault
    return _json_object(payload, LARGEST_TOKEN)


def peek(token: str) -> dict[str, Any]:
    """The claims of a JWS nobody has verified: to learn whose key to verify it with, for nothing else.

    Raises ``InvalidToken``.
    """
    parts = _COMPACT.fullmatch(token) if len(token) <= LARGEST_TOKEN else None
    if parts is None:
        raise InvalidToken("not a compact JWS")
    return _json_object(decoded(parts[2]), LARGEST_TOKEN)


def public_key(jwk: Mapping[str, Any]) -> VerifyingKey:
    """A public JWK for signatures: EC on P-256, or RSA of 2048 to 8192 bits. Raises ``ValueError``."""
    if not _PRIVATE_PARTS.isdisjoint(jwk):
        raise ValueError("the key has private or symmetric parts")
    if jwk.get("use", "sig") != "sig":
        raise ValueError("the key is not for signatures")
    plain: dict[str, str | list[str]] = {n: value for n, value in jwk.items() if isinstance(value, str)}
    try:
        if jwk.get("kty") == "EC":
            if jwk.get("crv") != "P-256":
                raise ValueError("the curve is not P-256")
            key: ECKey | RSAKey = ECKey.import_key(plain)
        elif jwk.get("kty") == "RSA":
            if not _SHORTEST_RSA <= len(decoded(str(jwk.get("n")))) * 8 <= _LONGEST_RSA:
                raise ValueError("the RSA key is shorter than 2048 or longer than 8192 bits")
            key = RSAKey.import_key(plain)
        else:
            raise ValueError("the key is neither EC nor RSA")
    except (JoseError, InvalidToken, KeyError, TypeError) as fault:
        raise ValueError("the key cannot be read") from fault
    kid, alg = jwk.get("kid"), jwk.get("alg")
    return VerifyingKey(kid if isinstance(kid, str) else None, alg if isinstance(alg, str) else None, key)


_PRIVATE_PARTS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def encoded(octets: bytes) -> bytes:
    """Base64url without padding (RFC 7515 §2)."""
    return urlsafe_b64encode(octets).rstrip(b"=")


def encoded_json(value: Mapping[str, Any]) -> bytes:
    """A JSON object in base64url, without needless spaces."""
    return encoded(_ENCODE(value).encode())


_ENCODE = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def decoded(segment: str) -> bytes:
    """The octets of a base64url segment in its one right spelling; raises ``InvalidToken``.

    Stray bits after the last octet would let one signature be spelt several ways.
    """
    try:
        octets = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except ValueError:
        raise InvalidToken("not base64url") from None
    if encoded(octets) != segment.encode():
        raise InvalidToken("not base64url")
    return octets


def _json_object(octets: bytes, largest: int) -> dict[str, Any]:
    if len(octets) > largest:
        raise InvalidToken("too large")
    try:
        value = json.loads(octets.decode(), object_pairs_hook=_once_each, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise InvalidToken("not JSON") from None
    if not isinstance(value, dict):
        raise InvalidToken("not a JSON object")
    return value


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _kind(typ: Any) -> str | None:
    return typ.lower().removeprefix("application/") if isinstance(typ, str) else None
