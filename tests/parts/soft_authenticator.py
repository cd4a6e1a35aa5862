"""An authenticator in Python, for bytes that no browser sends: every field of what it gives can be turned."""

import base64
import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

Algorithm = Literal["ES256", "EdDSA", "RS256"]
UP, UV, BE, BS, AT = 0x01, 0x04, 0x08, 0x10, 0x40
PRESENT = UP | UV


def b64(octets: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """The octets of ``b64``."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def client_data(kind: str, challenge: str, origin: str, **more: Any) -> bytes:
    """What a browser says of a ceremony, as it writes it."""
    said = {"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False, **more}
    return json.dumps(said, separators=(",", ":")).encode()


@dataclass
class SoftAuthenticator:
    """One device with one key. ``flags`` are those of every answer; the counter grows by one with each."""

    rp_id: str = "localhost"
    origin: str = "http://localhost:8000"
    algorithm: Algorithm = "ES256"
    credential_id: bytes = b"soft-credential-0001"
    aaguid: bytes = bytes(16)
    flags: int = PRESENT
    count: int = 0
    counts: bool = True
    user_handle: bytes = b""
    private_key: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.private_key is None:
            self.private_key = _new_key(self.algorithm)

    def copied(self) -> "SoftAuthenticator":
        """Another device with the same key and counter, as a thief would make it."""
        return replace(self)

    # --- answers -----------------------------------------------------------------------------------------

    def create(self, options: dict[str, Any], **more: Any) -> dict[str, Any]:
        """``RegistrationResponseJSON`` to what was asked."""
        self.user_handle = unb64(options["user"]["id"])
        said = client_data("webauthn.create", options["challenge"], self.origin, **more)
        return self.attestation(said, self.authenticator_data(attested=True))

    def get(self, options: dict[str, Any], **more: Any) -> dict[str, Any]:
        """``AuthenticationResponseJSON`` to what was asked."""
        self.count += 1 if self.counts else 0
        said = client_data("webauthn.get", options["challenge"], self.origin, **more)
        return self.assertion(said, self.authenticator_data())

    def authenticator_data(self, *, attested: bool = False) -> bytes:
        """What the device says of itself (WebAuthn §6.1)."""
        data = hashlib.sha256(self.rp_id.encode()).digest()
        data += bytes([self.flags | (AT if attested else 0)]) + self.count.to_bytes(4, "big")
        if attested:
            data += self.aaguid + len(self.credential_id).to_bytes(2, "big") + self.credential_id
            data += cbor2.dumps(_cose(self.algorithm, self.private_key))
        return data

    def attestation(self, said: bytes, data: bytes, fmt: str = "none", **statement: Any) -> dict[str, Any]:
        """A new credential with these bytes."""
        wrapped = cbor2.dumps({"fmt": fmt, "attStmt": statement, "authData": data})
        response = {
            "clientDataJSON": b64(said),
            "attestationObject": b64(wrapped),
            "transports": ["internal"],
        }
        return self._credential(response)

    def assertion(self, said: bytes, data: bytes) -> dict[str, Any]:
        """A signature over these bytes."""
        response = {
            "clientDataJSON": b64(said),
            "authenticatorData": b64(data),
            "signature": b64(self.sign(data + hashlib.sha256(said).digest())),
            "userHandle": b64(self.user_handle),
        }
        return self._credential(response)

    def sign(self, octets: bytes) -> bytes:
        """The device's signature."""
        if isinstance(self.private_key, ec.EllipticCurvePrivateKey):
            return self.private_key.sign(octets, ec.ECDSA(hashes.SHA256()))
        if isinstance(self.private_key, ed25519.Ed25519PrivateKey):
            return self.private_key.sign(octets)
        signed: bytes = self.private_key.sign(octets, padding.PKCS1v15(), hashes.SHA256())
        return signed

    def _credential(self, response: dict[str, Any]) -> dict[str, Any]:
        name = b64(self.credential_id)
        return {"id": name, "rawId": name, "type": "public-key", "response": response}


def _new_key(algorithm: Algorithm) -> Any:
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _cose(algorithm: Algorithm, private_key: Any) -> dict[int, Any]:
    """The public key as COSE_Key (RFC 9053 §7)."""
    public = private_key.public_key()
    if algorithm == "EdDSA":
        return {1: 1, 3: -8, -1: 6, -2: public.public_bytes_raw()}
    numbers = public.public_numbers()
    if algorithm == "ES256":
        return {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
    width = (numbers.n.bit_length() + 7) // 8
    return {1: 3, 3: -257, -1: numbers.n.to_bytes(width, "big"), -2: numbers.e.to_bytes(3, "big")}
