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


@dataclass(frozen=True, slots=True)
class Proof:
    """One proof given in one session: what was done, and when (epoch milliseconds)."""

    kind: ProofKind
    at: int
