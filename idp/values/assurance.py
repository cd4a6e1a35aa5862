"""How a person proved who they are, and what that is worth to a relying party."""

from dataclasses import dataclass
from enum import StrEnum


class Acr(StrEnum):
    """Authentication context classes, weakest first (contract: scopes, claims, assurance)."""

    SINGLE = "urn:idp:acr:1"
    TWO_FACTOR = "urn:idp:acr:2"
    PASSKEY = "urn:idp:acr:3"


class Amr(StrEnum):
    """Authentication method references (RFC 8176 §2)."""

    PASSWORD = "pwd"
    OTP = "otp"
    SMS = "sms"
    HARDWARE_KEY = "hwk"
    SOFTWARE_KEY = "swk"
    USER_PRESENCE = "user"
    MULTI_FACTOR = "mfa"


class ProofKind(StrEnum):
    """What a person did to prove who they are."""

    PASSWORD = "password"
    EMAIL_CODE = "email_code"
    SMS_CODE = "sms_code"
    # Handed over by somebody who saw an identity document (journeys, *Words*).
    ACTIVATION_CODE = "activation_code"
    # A passkey whose device verified the person, by fingerprint, face or the device's own code.
    PASSKEY = "passkey"
    # A code of an authenticator app (RFC 6238), and one of the ten that were printed with it.
    TOTP = "totp"
    RECOVERY_CODE = "recovery_code"
    # A code to a contact that is too new on file to prove more than that it was read there.
    NEW_CONTACT = "new_contact"


@dataclass(frozen=True, slots=True)
class Proof:
    """One proof given in one session: what was done, and when (epoch milliseconds).

    Of a passkey also ``key``: ``hwk`` where it cannot leave its device, ``swk`` where it can. ``held``: what
    proved, or the whole account, was too new to confirm anything (``idp.accounts.ledger``).
    """

    kind: ProofKind
    at: int
    key: Amr | None = None
    held: bool = False
