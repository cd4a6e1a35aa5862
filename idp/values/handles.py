"""Opaque secrets that a browser or a client holds, of which we keep only the digest."""

import hashlib
from dataclasses import dataclass, field


def digest_of(secret: str) -> bytes:
    """The SHA-256 of a secret of at least 128 random bits, 32 bytes: what is stored in its stead.

    A fast hash is enough because the secret is random (OWASP ASVS 11.4.1); never use it for a password or a
    code.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


@dataclass(frozen=True, slots=True)
class Handle:
    """An opaque secret of 256 random bits, shown once to whoever holds it; we keep its ``digest``."""

    secret: str = field(repr=False)

    @property
    def digest(self) -> bytes:
        """What the database keeps of it."""
        return digest_of(self.secret)
