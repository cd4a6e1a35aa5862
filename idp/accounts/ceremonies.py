"""WebAuthn ceremonies: what is asked of a browser, and whether what comes back is good (WebAuthn Level 3 §7).

py_webauthn parses and verifies signatures. Everything it leaves to its caller is judged here: the bounds and
shape of what came, one challenge for one purpose, session and account, no frame of somebody else's,
attestation ``none`` and nothing else, the key itself, user verification, the owner, and that a key which
could not be copied stays so; the counter counts only after the signature. Whatever goes wrong is one refusal
with a reason for the trail; no byte sequence raises anything else.

The library is imported by the first ceremony of a process: with it come every attestation format and
five megabytes, which a process that only issues tokens never needs.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import rsa

from idp.accounts.passkey import Passkey

LIFE = 300
"""Seconds within which a question is answered."""

LONGEST_CREDENTIAL_ID = 1023
_CHALLENGE = 32
_LONGEST_TEXT = 8192
_LEAST_RSA_BITS = 2048

ALGORITHMS = (-7, -8, -257)
"""ES256, EdDSA and RS256, by their numbers in COSE (RFC 9053, RFC 8812); nothing else signs here."""

TRANSPORTS = frozenset({"ble", "hybrid", "internal", "nfc", "smart-card", "usb"})
"""The transports that WebAuthn knows; others are left out."""

HINTS = ("client-device", "hybrid")
"""Where a passkey is looked for first (WebAuthn §5.8.7): on this device, else on the customer's telephone."""

_USER_PRESENT, _USER_VERIFIED, _ELIGIBLE, _BACKED_UP, _ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40


class Purpose(StrEnum):
    """What a question is asked for; the answer to one is no answer to another."""

    ENROL = "enrol"
    SIGN_IN = "sign_in"
    CONFIRM = "confirm"
    RECOVER = "recover"
    # One operation, and nothing else.
    OPERATION = "operation"
    # Where a password is not enough: bound to the session and to the request that waits.
    STEP_UP = "step_up"


class Reason(StrEnum):
    """Why an answer did not do, for the trail; the page says one thing for all."""

    MALFORMED = "malformed"
    # Unknown, used or too old; or asked for something else, somewhere else, of somebody else.
    CHALLENGE = "challenge"
    TYPE = "type"
    ORIGIN = "origin"
    FRAMED = "framed"
    RP_ID = "rp_id"
    NOT_PRESENT = "not_present"
    NOT_VERIFIED = "not_verified"
    ATTESTATION = "attestation"
    KEY = "key"
    # It could not sign in without a username.
    NOT_DISCOVERABLE = "not_discoverable"
    # This credential is somebody's already.
    TAKEN = "taken"
    UNKNOWN = "unknown"
    # It names somebody else than its owner, or is none of those that were asked for.
    OWNER = "owner"
    BACKUP = "backup"
    SIGNATURE = "signature"
    COUNTER = "counter"
    NOT_ACTIVE = "not_active"
    # Set aside since its owner said that a sign-in was not theirs.
    SUSPENDED = "suspended"


class Refused(Exception):
    """The answer did not do."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Site:
    """Who asks: the relying party id and the origin of its pages (WebAuthn §5.1.2, §13.4.9).

    ``related``: origins of other sites whose pages may ask in its name (WebAuthn §5.11).
    """

    rp_id: str
    origin: str
    name: str
    related: tuple[str, ...] = ()

    @property
    def origins(self) -> tuple[str, ...]:
        """Every origin at which what is signed is accepted."""
        return (self.origin, *self.related)


@dataclass(frozen=True, slots=True)
class Person:
    """For whom a passkey is made; ``handle`` is random and names nobody outside."""

    handle: bytes = field(repr=False)
    name: str = field(repr=False)
    display_name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Question:
    """A challenge: for one purpose, in one session or browser (``bound_to``), of one account or anybody."""

    challenge: bytes = field(repr=False)
    purpose: Purpose
    bound_to: str
    sub: str | None = None

    @property
    def key(self) -> str:
        """Under which it is kept."""
        return key_of(self.challenge)

    def kept(self) -> bytes:
        """What is kept of it."""
        return json.dumps([self.purpose, self.bound_to, self.sub]).encode()


def key_of(challenge: bytes) -> str:
    """Under which the question with this challenge is kept."""
    return f"passkey:{hashlib.sha256(challenge).hexdigest()}"


def question_of(challenge: bytes, kept: bytes) -> Question:
    """The question that ``kept`` wrote."""
    purpose, bound_to, sub = json.loads(kept)
    return Question(challenge, Purpose(purpose), bound_to, sub)


# --- what is asked ----------------------------------------------------------------------------------------


def creation_options(
    question: Question, site: Site, person: Person, excluded: Sequence[Passkey]
) -> dict[str, Any]:
    """``PublicKeyCredentialCreationOptionsJSON`` (WebAuthn §5.1.8)."""
    return {
        "rp": {"id": site.rp_id, "name": site.name},
        "user": {
            "id": encoded(person.handle),
            "name": person.name,
            "displayName": person.display_name,
        },
        "challenge": encoded(question.challenge),
        "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in ALGORITHMS],
        "timeout": LIFE * 1000,
        "excludeCredentials": [_descriptor(passkey) for passkey in excluded],
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
        "hints": list(HINTS),
        "extensions": {"credProps": True},
    }


def request_options(question: Question, site: Site, allowed: Sequence[Passkey] = ()) -> dict[str, Any]:
    """``PublicKeyCredentialRequestOptionsJSON`` (WebAuthn §5.1.8); with none allowed, whichever there is.

    Hints are given there alone: they would outweigh what is known of each passkey that is named.
    """
    return {
        "challenge": encoded(question.challenge),
        "timeout": LIFE * 1000,
        "rpId": site.rp_id,
        "allowCredentials": [_descriptor(passkey) for passkey in allowed],
        "userVerification": "required",
        "hints": [] if allowed else list(HINTS),
    }


def _descriptor(passkey: Passkey) -> dict[str, Any]:
    return {
        "type": "public-key",
        "id": encoded(passkey.credential_id),
        "transports": list(passkey.transports),
    }


def encoded(octets: bytes) -> str:
    """Base64url without padding (RFC 4648 §5), as WebAuthn's JSON has it."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


# --- what comes back --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Attestation:
    """A new credential as the browser sent it."""

    credential_id: bytes = field(repr=False)
    client_data: bytes = field(repr=False)
    challenge: bytes = field(repr=False)
    attestation_object: bytes = field(repr=False)
    transports: tuple[str, ...] = ()
    # Whether its keeper finds it without being told which (credProps, WebAuthn §10.1.3); None: not said.
    discoverable: bool | None = None


@dataclass(frozen=True, slots=True)
class Assertion:
    """A signature as the browser sent it."""

    credential_id: bytes = field(repr=False)
    client_data: bytes = field(repr=False)
    challenge: bytes = field(repr=False)
    authenticator_data: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    user_handle: bytes | None = field(default=None, repr=False)


def read_attestation(typed: str) -> Attestation:
    """Read ``RegistrationResponseJSON``; raises ``Refused``."""
    read, credential_id, response = _credential(typed)
    client_data = _octets(response, "clientDataJSON")
    named = response.get("transports", [])
    if not isinstance(named, list):
        raise Refused(Reason.MALFORMED)
    return Attestation(
        credential_id,
        client_data,
        _challenge(client_data),
        _octets(response, "attestationObject"),
        tuple(sorted({name for name in named if isinstance(name, str)} & TRANSPORTS)),
        _discoverable(read),
    )


def _discoverable(read: dict[str, Any]) -> bool | None:
    """What ``credProps`` says of the new credential; nothing signs it."""
    results = read.get("clientExtensionResults", {})
    properties = results.get("credProps", {}) if isinstance(results, dict) else None
    if not isinstance(properties, dict):
        raise Refused(Reason.MALFORMED)
    said = properties.get("rk")
    if not isinstance(said, bool | None):
        raise Refused(Reason.MALFORMED)
    return said


def read_assertion(typed: str) -> Assertion:
    """Read ``AuthenticationResponseJSON``; raises ``Refused``."""
    _, credential_id, response = _credential(typed)
    client_data = _octets(response, "clientDataJSON")
    return Assertion(
        credential_id,
        client_data,
        _challenge(client_data),
        _octets(response, "authenticatorData"),
        _octets(response, "signature"),
        None if response.get("userHandle") is None else _octets(response, "userHandle"),
    )


def _credential(typed: str) -> tuple[dict[str, Any], bytes, dict[str, Any]]:
    if len(typed) > _LONGEST_TEXT:
        raise Refused(Reason.MALFORMED)
    read = _object(typed)
    response = read.get("response")
    if (
        read.get("type") != "public-key"
        or read.get("id") != read.get("rawId")
        or not isinstance(response, dict)
    ):
        raise Refused(Reason.MALFORMED)
    credential_id = _octets(read, "rawId")
    if not 0 < len(credential_id) <= LONGEST_CREDENTIAL_ID:
        raise Refused(Reason.MALFORMED)
    return read, credential_id, response


def _object(text: str | bytes) -> dict[str, Any]:
    """A JSON object that says nothing twice."""
    try:
        read = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as fault:
        raise Refused(Reason.MALFORMED) from fault
    if not isinstance(read, dict):
        raise Refused(Reason.MALFORMED)
    return read


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a name stands there twice")
    return read


def _octets(read: dict[str, Any], name: str) -> bytes:
    """The member's bytes; every sequence of them has one spelling."""
    text = read.get(name)
    if not isinstance(text, str):
        raise Refused(Reason.MALFORMED)
    try:
        octets = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, binascii.Error) as fault:
        raise Refused(Reason.MALFORMED) from fault
    if encoded(octets) != text:
        raise Refused(Reason.MALFORMED)
    return octets


def _challenge(client_data: bytes) -> bytes:
    challenge = _octets(_object(client_data), "challenge")
    if len(challenge) != _CHALLENGE:
        raise Refused(Reason.MALFORMED)
    return challenge


# --- whether it is good -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Made:
    """A credential that was made for us."""

    credential_id: bytes = field(repr=False)
    public_key: bytes = field(repr=False)
    sign_count: int
    backup_eligible: bool
    backed_up: bool
    aaguid: str
    transports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Used:
    """A signature that is good; whether its counter is, is the caller's to ask (``passkey.counted``)."""

    sign_count: int
    backed_up: bool


def made(attestation: Attestation, question: Question, site: Site) -> Made:
    """Judge a new credential (WebAuthn §7.1); raises ``Refused``."""
    _judge_client_data(attestation.client_data, "webauthn.create", question, site)
    if attestation.discoverable is False:
        raise Refused(Reason.NOT_DISCOVERABLE)
    try:
        return _made(attestation, question, site)
    except Refused:
        raise
    # A parser of binary data may raise anything at all; none of it is an error of ours.
    except Exception as fault:
        raise Refused(Reason.MALFORMED) from fault


def _made(attestation: Attestation, question: Question, site: Site) -> Made:
    from webauthn import verify_registration_response
    from webauthn.helpers.cose import COSEAlgorithmIdentifier

    wrapped = cbor2.loads(attestation.attestation_object)
    if not isinstance(wrapped, dict) or set(wrapped) != {"fmt", "attStmt", "authData"}:
        raise Refused(Reason.MALFORMED)
    if wrapped["fmt"] != "none" or wrapped["attStmt"] != {}:
        raise Refused(Reason.ATTESTATION)
    data = wrapped["authData"]
    if not isinstance(data, bytes):
        raise Refused(Reason.MALFORMED)
    flags = _judge_flags(data, site)
    if not flags & _ATTESTED:
        raise Refused(Reason.MALFORMED)
    verified = verify_registration_response(
        credential={
            "id": encoded(attestation.credential_id),
            "rawId": encoded(attestation.credential_id),
            "type": "public-key",
            "response": {
                "clientDataJSON": encoded(attestation.client_data),
                "attestationObject": encoded(attestation.attestation_object),
            },
        },
        expected_challenge=question.challenge,
        expected_rp_id=site.rp_id,
        expected_origin=list(site.origins),
        require_user_verification=True,
        supported_pub_key_algs=[COSEAlgorithmIdentifier(number) for number in ALGORITHMS],
    )
    if verified.credential_id != attestation.credential_id:
        raise Refused(Reason.MALFORMED)
    _judge_key(verified.credential_public_key)
    return Made(
        verified.credential_id,
        verified.credential_public_key,
        verified.sign_count,
        bool(flags & _ELIGIBLE),
        bool(flags & _BACKED_UP),
        verified.aaguid,
        attestation.transports,
    )


def _judge_key(public_key: bytes) -> None:
    """Refuse a key that could not be loaded when it matters, or that is too weak."""
    from webauthn.helpers import decode_credential_public_key, decoded_public_key_to_cryptography

    decoded = decode_credential_public_key(public_key)
    key = decoded_public_key_to_cryptography(decoded)
    if decoded.alg not in ALGORITHMS:
        raise Refused(Reason.KEY)
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _LEAST_RSA_BITS:
        raise Refused(Reason.KEY)


def judge_owner(assertion: Assertion, question: Question, passkey: Passkey, user_handle: bytes) -> None:
    """Refuse a signature of somebody else's key (WebAuthn §7.2 steps 5 and 6); raises ``Refused``.

    Where anybody may answer, the passkey names its owner; where one account was asked, it is one of theirs.
    """
    if question.sub is not None and question.sub != passkey.sub:
        raise Refused(Reason.OWNER)
    if question.sub is None and assertion.user_handle is None:
        raise Refused(Reason.OWNER)
    if assertion.user_handle is not None and assertion.user_handle != user_handle:
        raise Refused(Reason.OWNER)
    if assertion.credential_id != passkey.credential_id:
        raise Refused(Reason.OWNER)


def used(assertion: Assertion, question: Question, site: Site, passkey: Passkey) -> Used:
    """Judge a signature by the key of this passkey (WebAuthn §7.2); raises ``Refused``."""
    from webauthn.helpers.exceptions import InvalidAuthenticationResponse

    _judge_client_data(assertion.client_data, "webauthn.get", question, site)
    try:
        return _used(assertion, question, site, passkey)
    except Refused:
        raise
    except InvalidAuthenticationResponse as fault:
        signed = str(fault) == "Could not verify authentication signature"
        raise Refused(Reason.SIGNATURE if signed else Reason.MALFORMED) from fault
    except Exception as fault:
        raise Refused(Reason.MALFORMED) from fault


def _used(assertion: Assertion, question: Question, site: Site, passkey: Passkey) -> Used:
    from webauthn import verify_authentication_response

    flags = _judge_flags(assertion.authenticator_data, site)
    verified = verify_authentication_response(
        credential={
            "id": encoded(assertion.credential_id),
            "rawId": encoded(assertion.credential_id),
            "type": "public-key",
            "response": {
                "clientDataJSON": encoded(assertion.client_data),
                "authenticatorData": encoded(assertion.authenticator_data),
                "signature": encoded(assertion.signature),
            },
        },
        expected_challenge=question.challenge,
        expected_rp_id=site.rp_id,
        expected_origin=list(site.origins),
        credential_public_key=passkey.public_key,
        # It would judge the counter before the signature, and let a stranger raise the alarm of a copy.
        credential_current_sign_count=0,
        require_user_verification=True,
    )
    # Also after the signature: that a key cannot be copied is said once, when it is made (WebAuthn §6.1.3).
    if bool(flags & _ELIGIBLE) != passkey.backup_eligible:
        raise Refused(Reason.BACKUP)
    return Used(verified.new_sign_count, bool(flags & _BACKED_UP))


def _judge_client_data(client_data: bytes, kind: str, question: Question, site: Site) -> None:
    read = _object(client_data)
    if read.get("type") != kind:
        raise Refused(Reason.TYPE)
    if _octets(read, "challenge") != question.challenge:
        raise Refused(Reason.CHALLENGE)
    if read.get("origin") not in site.origins:
        raise Refused(Reason.ORIGIN)
    if read.get("crossOrigin", False) is not False or "topOrigin" in read:
        raise Refused(Reason.FRAMED)


def _judge_flags(data: bytes, site: Site) -> int:
    if len(data) < 37:
        raise Refused(Reason.MALFORMED)
    if data[:32] != hashlib.sha256(site.rp_id.encode()).digest():
        raise Refused(Reason.RP_ID)
    flags = data[32]
    if not flags & _USER_PRESENT:
        raise Refused(Reason.NOT_PRESENT)
    if not flags & _USER_VERIFIED:
        raise Refused(Reason.NOT_VERIFIED)
    if flags & _BACKED_UP and not flags & _ELIGIBLE:
        raise Refused(Reason.BACKUP)
    return flags
