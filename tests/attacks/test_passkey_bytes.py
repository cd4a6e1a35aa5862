"""Ten thousand answers with a turned byte: each is refused, for a reason, and none is an error of ours.

Nothing signs a new credential (attestation none), so turning what it merely says of itself makes another
honest credential; what may be turned is listed (``UNSIGNED``), and everything else of it is refused.
"""

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any
from urllib.parse import urlencode

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from idp.accounts import ceremonies
from idp.accounts.ceremonies import Made, Person, Purpose, Question, Refused, Site
from idp.accounts.passkey import Passkey
from tests.journeys.account_walks import SESSION, rows
from tests.journeys.passkey_walks import MAKE, USE, asked, enrolled, passkeys, to_add, to_login, trail
from tests.parts.soft_authenticator import Algorithm, SoftAuthenticator, b64, unb64
from tests.service.in_process import InProcess

SITE = Site("localhost", "http://localhost:8000", "Area Clienti")
ENROL = Question(b"e" * 32, Purpose.ENROL, "session", "sub")
SIGN_IN = Question(b"s" * 32, Purpose.SIGN_IN, "browser")
HANDLE = b"h" * 32
ALGORITHMS: tuple[Algorithm, ...] = ("ES256", "EdDSA", "RS256")
SIGNED, MADE = 10_000, 10_000
FORM = "application/x-www-form-urlencoded"


@dataclass
class Enrolled:
    """A device, and what we keep of it."""

    device: SoftAuthenticator
    passkey: Passkey
    answer: dict[str, Any]


def made(typed: str) -> Made:
    return ceremonies.made(ceremonies.read_attestation(typed), ENROL, SITE)


def used(typed: str, passkey: Passkey) -> object:
    assertion = ceremonies.read_assertion(typed)
    ceremonies.judge_owner(assertion, SIGN_IN, passkey, HANDLE)
    return ceremonies.used(assertion, SIGN_IN, SITE, passkey)


def enrol(algorithm: Algorithm) -> Enrolled:
    device = SoftAuthenticator(algorithm=algorithm)
    answer = device.create(ceremonies.creation_options(ENROL, SITE, Person(HANDLE, "maria", "Maria"), ()))
    kept = made(json.dumps(answer))
    passkey = Passkey(
        id="one",
        sub="sub",
        credential_id=kept.credential_id,
        public_key=kept.public_key,
        sign_count=0,
        backup_eligible=False,
        backed_up=False,
        transports=(),
        aaguid=kept.aaguid,
        created_at=0,
    )
    return Enrolled(device, passkey, answer)


def turned(octets: bytes, chance: random.Random) -> bytes:
    """The same with something else somewhere; never the same."""
    while True:
        found = bytearray(octets)
        match chance.randrange(7):
            case 0 | 1:
                at = chance.randrange(len(found))
                found[at] ^= 1 << chance.randrange(8)
            case 2:
                found[chance.randrange(len(found))] = chance.randrange(256)
            case 3:
                del found[chance.randrange(len(found)) :]
            case 4:
                found += chance.randbytes(chance.randint(1, 40))
            case 5:
                at = chance.randrange(len(found))
                found[at:at] = chance.randbytes(chance.randint(1, 8))
            case _:
                start = chance.randrange(len(found))
                del found[start : start + chance.randint(1, 8)]
        if bytes(found) != octets:
            return bytes(found)


def mutations(
    answer: dict[str, Any], members: tuple[str, ...], count: int, seed: int
) -> Iterator[tuple[str, str]]:
    """That many turned answers, each with the member that was turned; every tenth is turned as a text."""
    chance = random.Random(seed)
    text = json.dumps(answer)
    for number in range(count):
        if number % 10 == 9:
            yield "text", turned(text.encode(), chance).decode("utf-8", "replace")
            continue
        member = members[number % len(members)]
        if member == "id":
            name = b64(turned(unb64(answer["id"]), chance))
            yield member, json.dumps({**answer, "id": name, "rawId": name})
            continue
        response = dict(answer["response"])
        response[member] = b64(turned(unb64(response[member]), chance))
        yield member, json.dumps({**answer, "response": response})


def says_the_same(typed: str | bytes, answer: dict[str, Any]) -> bool:
    """Whether a turned text is the same answer: a space more."""
    try:
        return bool(json.loads(typed) == answer)
    except ValueError:
        return False


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_no_signature_with_a_turned_byte_is_accepted_and_none_is_an_error(algorithm: Algorithm) -> None:
    one = enrol(algorithm)
    answer = one.device.get(ceremonies.request_options(SIGN_IN, SITE))
    assert used(json.dumps(answer), one.passkey)
    members = ("clientDataJSON", "authenticatorData", "signature", "userHandle", "id")
    reasons: dict[str, int] = {}
    for _, typed in mutations(answer, members, SIGNED // 3 + 1, seed=7):
        if says_the_same(typed, answer):
            continue
        with pytest.raises(Refused) as refused:
            used(typed, one.passkey)
        reasons[refused.value.reason] = reasons.get(refused.value.reason, 0) + 1
    assert {"malformed", "signature", "owner", "rp_id", "challenge"} <= set(reasons), reasons


UNSIGNED = {"counter", "maker", "backup bits", "reserved bits", "key", "framing not said", "spelling"}
"""What of a new credential may be turned unnoticed: no attestation is asked, so nothing signs it."""


def test_of_a_new_credential_only_what_nothing_signs_can_be_turned() -> None:
    unnoticed: set[str] = set()
    for algorithm in ALGORITHMS:
        one = enrol(algorithm)
        members = ("clientDataJSON", "attestationObject", "id")
        for _, typed in mutations(one.answer, members, MADE // 3 + 1, seed=11):
            if says_the_same(typed, one.answer):
                continue
            try:
                found = made(typed)
            except Refused:
                continue
            differs = changed(one.answer, json.loads(typed))
            assert differs <= UNSIGNED, (differs, typed)
            unnoticed |= differs
            _is_kept_as_it_was_said(found, typed)
    assert {"counter", "maker", "key"} <= unnoticed, unnoticed


def changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """What differs between two answers, by what WebAuthn calls it (§5.8.1, §6.1, §6.5.1)."""
    found = {name for name in ("id", "rawId", "type") if before[name] != after.get(name)}
    said, says = (json.loads(unb64(one["response"]["clientDataJSON"])) for one in (before, after))
    for name in {*said, *says}:
        if said.get(name) != says.get(name):
            found.add("framing not said" if name == "crossOrigin" and name not in says else name)
    # A name that nobody reads says nothing.
    found -= {
        name for name in says if name not in ("type", "challenge", "origin", "crossOrigin", "topOrigin")
    }
    told, tells = (cbor2.loads(unb64(one["response"]["attestationObject"])) for one in (before, after))
    found |= {name for name in ("fmt", "attStmt") if told[name] != tells[name]}
    was, is_now = told["authData"], tells["authData"]
    spans = {
        "relying party": (0, 32),
        "counter": (33, 37),
        "maker": (37, 53),
        "length of the id": (53, 55),
        "credential id": (55, 55 + len(unb64(before["rawId"]))),
        "key": (55 + len(unb64(before["rawId"])), None),
    }
    found |= {name for name, (start, end) in spans.items() if was[start:end] != is_now[start:end]}
    bits = was[32] ^ is_now[32]
    named = {0x01: "present", 0x04: "verified", 0x40: "attested", 0x80: "extensions"}
    named |= {0x08: "backup bits", 0x10: "backup bits", 0x02: "reserved bits", 0x20: "reserved bits"}
    found |= {name for bit, name in named.items() if bits & bit}
    return found or {"spelling"}


def _is_kept_as_it_was_said(found: Made, typed: str) -> None:
    data = cbor2.loads(unb64(json.loads(typed)["response"]["attestationObject"]))["authData"]
    assert data[:32] == hashlib.sha256(b"localhost").digest()
    assert data[32] & 0x45 == 0x45, "present, verified, with a credential"
    assert found.sign_count == int.from_bytes(data[33:37], "big")
    assert found.aaguid.replace("-", "") == data[37:53].hex()
    assert (found.backup_eligible, found.backed_up) == (bool(data[32] & 8), bool(data[32] & 16))
    assert found.backup_eligible or not found.backed_up
    assert 1 <= len(found.credential_id) == int.from_bytes(data[53:55], "big") <= 1023
    assert _is_a_key(cbor2.loads(found.public_key))


def _is_a_key(cose: dict[int, Any]) -> bool:
    """Whether it is a whole public key of one of our three kinds (RFC 9053 §7, RFC 8230 §4)."""
    if cose[3] == -7:
        x, y = (int.from_bytes(cose[name], "big") for name in (-2, -3))
        return bool(ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key())
    if cose[3] == -8:
        return bool(ed25519.Ed25519PublicKey.from_public_bytes(cose[-2]))
    n, e = (int.from_bytes(cose[name], "big") for name in (-1, -2))
    return cose[3] == -257 and rsa.RSAPublicNumbers(e, n).public_key().key_size >= 2048


def test_a_credential_that_was_turned_signs_nothing_with_the_key_it_was_made_with() -> None:
    one = enrol("EdDSA")
    chance = random.Random(3)
    key = bytearray(one.passkey.public_key)
    key[-1 - chance.randrange(32)] ^= 0x10
    answer = one.device.get(ceremonies.request_options(SIGN_IN, SITE))
    with pytest.raises(Refused):
        used(json.dumps(answer), replace(one.passkey, public_key=bytes(key)))


@pytest.mark.slow
def test_ten_thousand_turned_answers_over_http_sign_nobody_in(clean_service: InProcess) -> None:
    idp = clean_service.idp
    _, device = enrolled(clean_service)
    visitor = to_login(clean_service)
    answer = device.get(asked(visitor, USE))
    key = ceremonies.key_of(unb64(json.loads(unb64(answer["response"]["clientDataJSON"]))["challenge"]))
    question = idp.ephemera.peek(key, clean_service.clock.now())
    assert question is not None
    address, csrf, cookie = visitor.at, visitor.csrf, visitor.cookie(SESSION)
    sessions = rows(clean_service, "SELECT COUNT(*) FROM sessions")
    members = ("clientDataJSON", "authenticatorData", "signature", "userHandle", "id")
    reached = 0
    for octets in islice(turned_texts(answer, members, seed=13), SIGNED):
        # The question is alive before each, so that none is refused because another had used it up.
        idp.ephemera.put(key, question, ceremonies.LIFE, clean_service.clock.now())
        body = urlencode({"csrf": csrf, "credential": octets})
        reply = visitor.fetch("POST", address, data=body, content_type=FORM)
        assert reply.status_code in (200, 400), octets
        assert "Set-Cookie" not in reply.headers or visitor.cookie(SESSION) == cookie, octets
        reached += idp.ephemera.peek(key, clean_service.clock.now()) is None
    assert reached > SIGNED // 2, "most were judged as answers to their question"
    assert rows(clean_service, "SELECT COUNT(*) FROM sessions") == sessions
    assert rows(clean_service, "SELECT MAX(sign_count) FROM passkeys") == 0
    assert len(trail(clean_service, "sign_in_succeeded")) == 1
    # Untouched, the same answer to the same question does sign in.
    idp.ephemera.put(key, question, ceremonies.LIFE, clean_service.clock.now())
    visitor.send(address, {"csrf": csrf, "credential": json.dumps(answer)})
    assert visitor.last.status_code == 303
    assert rows(clean_service, "SELECT COUNT(*) FROM sessions") == sessions + 1


def turned_texts(answer: dict[str, Any], members: tuple[str, ...], seed: int) -> Iterator[bytes]:
    """Turned answers without end, as a form carries them: also bytes that are no text (RFC 3629)."""
    chance = random.Random(seed)
    whole = json.dumps(answer).encode()
    while True:
        for _, typed in mutations(answer, members, 90, seed=chance.randrange(1 << 30)):
            if not says_the_same(typed, answer):
                yield typed.encode()
        for _ in range(10):
            octets = turned(whole, chance)
            if not says_the_same(octets, answer):
                yield octets


def test_three_hundred_turned_credentials_over_http_are_answered_with_a_page(
    clean_service: InProcess,
) -> None:
    visitor, _ = enrolled(clean_service)
    to_add(visitor)
    members = ("clientDataJSON", "attestationObject", "id")
    chance = random.Random(17)
    device, added = SoftAuthenticator(credential_id=b"another"), 1
    answer: dict[str, Any] = {}
    for number in range(300):
        if number % 10 == 0:
            answer = device.create(asked(visitor, MAKE))
        ((_, typed),) = mutations(answer, members[number % 3 :], 1, seed=chance.randrange(1 << 30))
        visitor.press(credential=typed)
        assert visitor.last.status_code == 200, typed
        # Nothing signs what a new credential merely says of itself: another honest one, once.
        if visitor.page == "passkeys":
            added += 1
            device = SoftAuthenticator(credential_id=f"another {number}".encode())
            to_add(visitor)
        assert visitor.page == "passkey-add", typed
    assert passkeys(clean_service) == added == len(trail(clean_service, "passkey_added"))
