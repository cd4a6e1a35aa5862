"""The operating system's CSPRNG: the one place that draws randomness."""

import secrets

from idp.values import Handle


class SystemEntropy:
    """Randomness of the operating system; nothing is seeded, kept or shared between processes."""

    def handle(self) -> Handle:
        """A fresh secret of 256 bits in base64url (43 characters)."""
        return Handle(secrets.token_urlsafe(32))

    def identifier(self) -> str:
        """A fresh public identifier of 128 bits in base64url (22 characters), never reused.

        None begins with a hyphen: on a command line it would be an option.
        """
        while (drawn := secrets.token_urlsafe(16)).startswith("-"):
            pass
        return drawn

    def digits(self, count: int) -> str:
        """``count`` decimal digits, each unbiased; raises ``ValueError`` below one."""
        if count < 1:
            raise ValueError("at least one digit is wanted")
        return f"{secrets.randbelow(10**count):0{count}d}"

    def octets(self, count: int) -> bytes:
        """``count`` random bytes."""
        return secrets.token_bytes(count)
