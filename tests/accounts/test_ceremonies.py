"""What a browser answers, judged: everything that py_webauthn leaves to its caller (security bar 6)."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from idp.accounts import ceremonies
from idp.accounts.ceremonies import Person, Purpose, Question, Reason, Refused, Site
from idp.accounts.passkey import DeviceKind, Passkey, counted, first_name, may_remove
from idp.values import Amr
from tests.parts.soft_authenticator import (
    BE,
    BS,
    PRESENT,
    UP,
    UV,
    Algorithm,
    SoftAuthenticator,
    b64,
    client_data,
    unb64,
)

ROOT = Path(__file__).parents[2]
SITE = Site("localhost", "http://localhost:8000", "Area Clienti")
CHALLENGE = bytes(range(32))
ENROL = Question(CHALLENGE, Purpose.ENROL, "session", "sub")
ANYBODY = Question(CHALLENGE, Purpose.SIGN_IN, "browser")
HANDLE = b"h" * 32
PERSON = Person(HANDLE, "maria@posta.example", "Maria Rossi")


def soft(**more: Any) -> SoftAuthenticator:
    return SoftAuthenticator(user_handle=HANDLE, **more)


def creation() -> dict[str, Any]:
    return ceremonies.creation_options(ENROL, SITE, PERSON, ())


def request() -> dict[str, Any]:
    return ceremonies.request_options(ANYBODY, SITE)


def enrol(answer: dict[str, Any] | str, question: Question = ENROL) -> ceremonies.Made:
    typed = answer if isinstance(answer, str) else json.dumps(answer)
    return ceremonies.made(ceremonies.read_attestation(typed), question, SITE)


def kept(device: SoftAuthenticator, **more: Any) -> Passkey:
    """The device's passkey as it is after it was added."""
    made = enrol(device.create(creation()))
    values = {
        "id": "passkey",
        "sub": "sub",
        "credential_id": made.credential_id,
        "public_key": made.public_key,
        "sign_count": made.sign_count,
        "backup_eligible": made.backup_eligible,
        "backed_up": made.backed_up,
        "transports": made.transports,
        "aaguid": made.aaguid,
        "created_at": 0,
        **more,
    }
    return Passkey(**values)


def use(
    passkey: Passkey, answer: dict[str, Any] | str, question: Question = ANYBODY, handle: bytes = HANDLE
) -> ceremonies.Used:
    typed = answer if isinstance(answer, str) else json.dumps(answer)
    assertion = ceremonies.read_assertion(typed)
    ceremonies.judge_owner(assertion, question, passkey, handle)
    return ceremonies.used(assertion, question, SITE, passkey)


def refusal(attempt: Callable[[], object]) -> Reason:
    with pytest.raises(Refused) as refused:
        attempt()
    return refused.value.reason


# --- what is asked ----------------------------------------------------------------------------------------


def test_a_passkey_is_asked_for_as_the_bar_says() -> None:
    asked = creation()
    assert asked["rp"]["id"] == "localhost"
    assert unb64(asked["user"]["id"]) == HANDLE
    assert [one["alg"] for one in asked["pubKeyCredParams"]] == [-7, -8, -257]
    assert asked["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    assert asked["attestation"] == "none"
    assert asked["timeout"] == 300_000
    assert asked["extensions"] == {"credProps": True}
    assert "authenticatorAttachment" not in asked["authenticatorSelection"]


def test_it_is_looked_for_on_this_device_first_and_on_the_telephone_then() -> None:
    assert creation()["hints"] == ["client-device", "hybrid"]
    assert request()["hints"] == ["client-device", "hybrid"]
    # What is known of a passkey that is named, say that it is a security key, is not outweighed.
    one = kept(soft())
    assert ceremonies.request_options(ANYBODY, SITE, (one,))["hints"] == []


def test_every_passkey_of_the_account_is_excluded_and_none_is_named_at_sign_in() -> None:
    one = kept(soft())
    asked = ceremonies.creation_options(ENROL, SITE, PERSON, (one, one))
    assert [unb64(named["id"]) for named in asked["excludeCredentials"]] == [one.credential_id] * 2
    assert request()["allowCredentials"] == []
    assert request()["userVerification"] == "required"


# --- enrolment --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256"])
def test_each_algorithm_enrols_and_signs(algorithm: Algorithm) -> None:
    device = soft(algorithm=algorithm)
    passkey = kept(device)
    assert use(passkey, device.get(request())).sign_count == 1


def test_what_the_device_says_of_itself_is_kept() -> None:
    device = soft(flags=PRESENT | BE | BS, aaguid=bytes.fromhex("ea9b8d664d011d213ce4b6b48cb575d4"))
    passkey = kept(device)
    assert (passkey.backup_eligible, passkey.backed_up) == (True, True)
    assert passkey.maker == "Google Password Manager"
    assert (passkey.kind, passkey.method) == (DeviceKind.SYNCED, Amr.SOFTWARE_KEY)


def _with(answer: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**answer, **more}


def _responding(answer: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**answer, "response": {**answer["response"], **more}}


def attested(device: SoftAuthenticator, said: bytes | None = None, **more: Any) -> dict[str, Any]:
    said = client_data("webauthn.create", b64(CHALLENGE), device.origin) if said is None else said
    return device.attestation(said, device.authenticator_data(attested=True), **more)


def said(**more: Any) -> bytes:
    return client_data("webauthn.create", b64(CHALLENGE), "http://localhost:8000", **more)


REFUSED_MADE: dict[str, tuple[Callable[[], Any], Reason]] = {
    "another origin": (lambda: soft(origin="http://evil.example").create(creation()), Reason.ORIGIN),
    "the same host on another port": (
        lambda: soft(origin="http://localhost:9000").create(creation()),
        Reason.ORIGIN,
    ),
    "another relying party id": (lambda: soft(rp_id="evil.example").create(creation()), Reason.RP_ID),
    "in a frame of another origin": (lambda: soft().create(creation(), crossOrigin=True), Reason.FRAMED),
    "with a top origin": (
        lambda: soft().create(creation(), topOrigin="http://evil.example"),
        Reason.FRAMED,
    ),
    "cross origin said in another way": (
        lambda: soft().create(creation(), crossOrigin="false"),
        Reason.FRAMED,
    ),
    "nobody verified": (lambda: soft(flags=UP).create(creation()), Reason.NOT_VERIFIED),
    "nobody present": (lambda: soft(flags=UV).create(creation()), Reason.NOT_PRESENT),
    "backed up and yet not eligible": (lambda: soft(flags=PRESENT | BS).create(creation()), Reason.BACKUP),
    "the other ceremony": (
        lambda: attested(soft(), client_data("webauthn.get", b64(CHALLENGE), "http://localhost:8000")),
        Reason.TYPE,
    ),
    "another challenge": (
        lambda: attested(soft(), client_data("webauthn.create", b64(b"x" * 32), "http://localhost:8000")),
        Reason.CHALLENGE,
    ),
    "an attestation": (lambda: attested(soft(), fmt="packed", alg=-7, sig=b"x"), Reason.ATTESTATION),
    "an attestation that says nothing": (lambda: attested(soft(), fmt="fido-u2f"), Reason.ATTESTATION),
    "none with a statement": (lambda: attested(soft(), x=b"y"), Reason.ATTESTATION),
    "a credential id that is too long": (
        lambda: soft(credential_id=b"x" * 1024).create(creation()),
        Reason.MALFORMED,
    ),
    "no credential id": (lambda: soft(credential_id=b"").create(creation()), Reason.MALFORMED),
    "an id that is not the attested one": (
        lambda: _with(soft().create(creation()), id=b64(b"another"), rawId=b64(b"another")),
        Reason.MALFORMED,
    ),
    "id and rawId that differ": (
        lambda: _with(soft().create(creation()), id=b64(b"another")),
        Reason.MALFORMED,
    ),
    "another type": (lambda: _with(soft().create(creation()), type="password"), Reason.MALFORMED),
    "one that is not found without its name": (
        lambda: _with(soft().create(creation()), clientExtensionResults={"credProps": {"rk": False}}),
        Reason.NOT_DISCOVERABLE,
    ),
    "extensions that are none": (
        lambda: _with(soft().create(creation()), clientExtensionResults=[]),
        Reason.MALFORMED,
    ),
    "properties that are none": (
        lambda: _with(soft().create(creation()), clientExtensionResults={"credProps": "rk"}),
        Reason.MALFORMED,
    ),
    "a property that is neither yes nor no": (
        lambda: _with(soft().create(creation()), clientExtensionResults={"credProps": {"rk": 0}}),
        Reason.MALFORMED,
    ),
    "no response": (lambda: _with(soft().create(creation()), response=None), Reason.MALFORMED),
    "transports that are no list": (
        lambda: _responding(soft().create(creation()), transports="usb"),
        Reason.MALFORMED,
    ),
    "a number for the client data": (
        lambda: _responding(soft().create(creation()), clientDataJSON=7),
        Reason.MALFORMED,
    ),
    "a challenge of another length": (
        lambda: attested(soft(), client_data("webauthn.create", b64(b"x"), "http://localhost:8000")),
        Reason.MALFORMED,
    ),
    "CBOR that is none": (
        lambda: _responding(soft().create(creation()), attestationObject=b64(b"\xff\xff")),
        Reason.MALFORMED,
    ),
    "CBOR without end": (
        lambda: _responding(soft().create(creation()), attestationObject=b64(b"\x81" * 3000)),
        Reason.MALFORMED,
    ),
    "CBOR that is too much": (
        lambda: _responding(soft().create(creation()), attestationObject=b64(b"\x9b" + b"\xff" * 8)),
        Reason.MALFORMED,
    ),
    "CBOR of something else": (
        lambda: _responding(soft().create(creation()), attestationObject=b64(cbor2.dumps([1]))),
        Reason.MALFORMED,
    ),
    "client data that say something twice": (
        lambda: attested(soft(), said()[:-1] + b',"origin":"http://localhost:8000"}'),
        Reason.MALFORMED,
    ),
    "a text without end": (lambda: "[" * 8000, Reason.MALFORMED),
    "a text that is too long": (lambda: json.dumps({"x": "y" * 9000}), Reason.MALFORMED),
    "nothing": (lambda: "", Reason.MALFORMED),
}


UNKNOWN, GOOGLE = "01020304-0506-0708-0102-030405060708", "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4"


@pytest.mark.parametrize(
    ("transports", "aaguid", "device", "synced", "name"),
    [
        (("internal",), UNKNOWN, "chrome android", False, "Android (Chrome)"),
        (("internal",), UNKNOWN, "safari iphone", True, "iPhone (Safari)"),
        ((), UNKNOWN, "firefox windows", False, "Windows (Firefox)"),
        (("internal",), GOOGLE, "chrome android", True, ""),
        (("internal", "hybrid"), UNKNOWN, "chrome windows", True, ""),
        (("usb", "nfc"), UNKNOWN, "chrome windows", False, ""),
        (("internal",), UNKNOWN, "other linux", False, ""),
        (("internal",), UNKNOWN, None, False, ""),
    ],
)
def test_a_new_passkey_is_called_by_where_it_was_added_if_nothing_says_it_better(
    transports: tuple[str, ...], aaguid: str, device: str | None, synced: bool, name: str
) -> None:
    assert first_name(transports, aaguid, device, backup_eligible=synced) == name


@pytest.mark.parametrize("what", REFUSED_MADE)
def test_a_new_passkey_is_refused(what: str) -> None:
    make, reason = REFUSED_MADE[what]
    assert refusal(lambda: enrol(make())) is reason


def test_a_weak_rsa_key_is_refused() -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    assert refusal(lambda: enrol(soft(algorithm="RS256", private_key=weak).create(creation()))) is Reason.KEY


def test_a_key_of_another_algorithm_is_refused() -> None:
    device = soft()
    data = device.authenticator_data(attested=True)
    key = cbor2.loads(data[37 + 18 + len(device.credential_id) :])
    turned = data[: 37 + 18 + len(device.credential_id)] + cbor2.dumps({**key, 3: -35})
    assert refusal(lambda: enrol(device.attestation(said(), turned))) is Reason.MALFORMED


def test_a_point_that_is_on_no_curve_is_refused() -> None:
    device = soft()
    data = device.authenticator_data(attested=True)
    start = 37 + 18 + len(device.credential_id)
    key = {**cbor2.loads(data[start:]), -2: b"\x01" * 32}
    turned = data[:start] + cbor2.dumps(key)
    assert refusal(lambda: enrol(device.attestation(said(), turned))) is Reason.MALFORMED


def test_transports_that_nobody_knows_are_left_out() -> None:
    answer = _responding(soft().create(creation()), transports=["usb", "<script>", 7, "nfc", "usb"])
    assert enrol(answer).transports == ("nfc", "usb")


# --- sign-in ----------------------------------------------------------------------------------------------


def turned(device: SoftAuthenticator, **more: Any) -> dict[str, Any]:
    """The device's answer after something of it was changed."""
    changed = replace(device, **more)
    return changed.get(request())


DEVICE = soft()
REFUSED_USED: dict[str, tuple[Callable[[], Any], Reason]] = {
    "another origin": (lambda: turned(DEVICE, origin="http://evil.example"), Reason.ORIGIN),
    "in a frame": (lambda: DEVICE.get(request(), crossOrigin=True), Reason.FRAMED),
    "under a top origin": (lambda: DEVICE.get(request(), topOrigin="http://localhost:8000"), Reason.FRAMED),
    "another relying party id": (lambda: turned(DEVICE, rp_id="evil.example"), Reason.RP_ID),
    "nobody verified": (lambda: turned(DEVICE, flags=UP), Reason.NOT_VERIFIED),
    "nobody present": (lambda: turned(DEVICE, flags=UV), Reason.NOT_PRESENT),
    "eligible for backup all at once": (lambda: turned(DEVICE, flags=PRESENT | BE), Reason.BACKUP),
    "backed up and not eligible": (lambda: turned(DEVICE, flags=PRESENT | BS), Reason.BACKUP),
    "another key": (lambda: turned(DEVICE, private_key=soft().private_key), Reason.SIGNATURE),
    "another credential": (lambda: turned(DEVICE, credential_id=b"another"), Reason.OWNER),
    "somebody else's handle": (lambda: turned(DEVICE, user_handle=b"x" * 32), Reason.OWNER),
    "an empty handle": (lambda: turned(DEVICE, user_handle=b""), Reason.OWNER),
    "no handle": (
        lambda: _responding(DEVICE.get(request()), userHandle=None),
        Reason.OWNER,
    ),
    "the other ceremony": (
        lambda: DEVICE.assertion(
            client_data("webauthn.create", b64(CHALLENGE), DEVICE.origin), DEVICE.authenticator_data()
        ),
        Reason.TYPE,
    ),
    "another challenge": (
        lambda: DEVICE.assertion(
            client_data("webauthn.get", b64(b"y" * 32), DEVICE.origin), DEVICE.authenticator_data()
        ),
        Reason.CHALLENGE,
    ),
    "more data than there is": (
        lambda: DEVICE.assertion(
            client_data("webauthn.get", b64(CHALLENGE), DEVICE.origin), DEVICE.authenticator_data() + b"x"
        ),
        Reason.MALFORMED,
    ),
    "too little data": (
        lambda: DEVICE.assertion(
            client_data("webauthn.get", b64(CHALLENGE), DEVICE.origin), DEVICE.authenticator_data()[:36]
        ),
        Reason.MALFORMED,
    ),
    "a signature of nothing": (
        lambda: _responding(DEVICE.get(request()), signature=""),
        Reason.SIGNATURE,
    ),
    "padding in the base64url": (
        lambda: _responding(DEVICE.get(request()), userHandle=b64(HANDLE) + "="),
        Reason.MALFORMED,
    ),
}


@pytest.mark.parametrize("what", REFUSED_USED)
def test_a_signature_is_refused(what: str) -> None:
    make, reason = REFUSED_USED[what]
    passkey = kept(DEVICE)
    assert refusal(lambda: use(passkey, make())) is reason


def test_a_key_that_was_eligible_for_backup_may_not_say_that_it_is_not() -> None:
    device = soft(flags=PRESENT | BE)
    passkey = kept(device)
    assert use(passkey, turned(device, flags=PRESENT | BE | BS)).backed_up
    assert refusal(lambda: use(passkey, turned(device, flags=PRESENT))) is Reason.BACKUP


def test_where_one_account_is_asked_another_ones_passkey_does_not_do() -> None:
    asked = replace(ANYBODY, sub="somebody else")
    assert refusal(lambda: use(kept(DEVICE), DEVICE.get(request()), asked)) is Reason.OWNER


def test_where_one_account_is_asked_the_handle_may_be_missing() -> None:
    asked = replace(ANYBODY, sub="sub")
    answer = _responding(DEVICE.get(request()), userHandle=None)
    assert use(kept(DEVICE), answer, asked).sign_count == DEVICE.count


def test_the_counter_is_not_asked_before_the_signature() -> None:
    passkey = kept(DEVICE, sign_count=4_000_000_000)
    assert use(passkey, DEVICE.get(request())).sign_count < 4_000_000_000
    forged = turned(DEVICE, private_key=soft().private_key)
    assert refusal(lambda: use(passkey, forged)) is Reason.SIGNATURE


# --- the policies -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stored", "reported", "good"),
    [
        (0, 0, True),
        (0, 1, True),
        (7, 8, True),
        (7, 7, False),
        (7, 6, False),
        (7, 0, False),
        (0, 2**32 - 1, True),
    ],
)
def test_the_counter_of_a_key_that_nobody_copied(stored: int, reported: int, good: bool) -> None:
    assert counted(stored, reported) is good


def test_the_last_way_in_cannot_go() -> None:
    assert may_remove(1, has_password=True)
    assert may_remove(2, has_password=False)
    assert not may_remove(1, has_password=False)


@pytest.mark.parametrize(
    ("eligible", "transports", "kind", "method"),
    [
        (True, ("internal", "hybrid"), DeviceKind.SYNCED, Amr.SOFTWARE_KEY),
        (False, ("internal",), DeviceKind.DEVICE, Amr.HARDWARE_KEY),
        (False, (), DeviceKind.DEVICE, Amr.HARDWARE_KEY),
        (False, ("nfc", "usb"), DeviceKind.SECURITY_KEY, Amr.HARDWARE_KEY),
    ],
)
def test_the_kind_of_device(
    eligible: bool, transports: tuple[str, ...], kind: DeviceKind, method: Amr
) -> None:
    passkey = replace(kept(DEVICE), backup_eligible=eligible, transports=transports)
    assert (passkey.kind, passkey.method) == (kind, method)


def test_a_question_is_kept_and_found_again() -> None:
    for question in (ENROL, ANYBODY):
        assert ceremonies.question_of(question.challenge, question.kept()) == question


def test_a_process_that_starts_has_not_loaded_the_library() -> None:
    """Memory and cold start have a budget, and whoever only issues tokens needs none of it."""
    program = "import sys, idp.wsgi; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert "idp.accounts.ceremonies" in loaded
    assert not {"webauthn", "OpenSSL", "babel.messages", "segno"} & set(loaded)
