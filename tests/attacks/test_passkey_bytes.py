"""Ten thousand answers with a turned byte: each is refused, for a reason, and none is an error of ours.

Nothing signs a new credential (attestation none), so turning what it merely says of itself makes another
honest credential; those are compared with what was sent. Everything else of it is checked and so refused.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import cbor2
import pytest

from idp.accounts import ceremonies
from idp.accounts.ceremonies import Made, Person, Purpose, Question, Refused, Site
from idp.accounts.passkey import Passkey
from tests.journeys.passkey_walks import MAKE, USE, asked, enrolled, passkeys, to_add, to_login, trail
from tests.parts.soft_authenticator import Algorithm, SoftAuthenticator, b64, unb64
from tests.service.in_process import InProcess

SITE = Site("localhost", "http://localhost:8000", "Area Clienti")
ENROL = Question(b"e" * 32, Purpose.ENROL, "session", "sub")
SIGN_IN = Question(b"s" * 32, Purpose.SIGN_IN, "browser")
HANDLE = b"h" * 32
ALGORITHMS: tuple[Algorithm, ...] = ("ES256", "EdDSA", "RS256")
SIGNED, MADE = 10_000, 10_000


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


def same(read: Any, typed: str, answer: dict[str, Any]) -> bool:
    """Whether a turned text says the same: a space more, or a name that nobody reads."""
    try:
        return bool(read(typed) == read(json.dumps(answer)))
    except Refused:
        return False


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_no_signature_with_a_turned_byte_is_accepted_and_none_is_an_error(algorithm: Algorithm) -> None:
    one = enrol(algorithm)
    answer = one.device.get(ceremonies.request_options(SIGN_IN, SITE))
    assert used(json.dumps(answer), one.passkey)
    members = ("clientDataJSON", "authenticatorData", "signature", "userHandle", "id")
    reasons: dict[str, int] = {}
    for member, typed in mutations(answer, members, SIGNED // 3 + 1, seed=7):
        if member == "text" and same(ceremonies.read_assertion, typed, answer):
            continue
        with pytest.raises(Refused) as refused:
            used(typed, one.passkey)
        reasons[refused.value.reason] = reasons.get(refused.value.reason, 0) + 1
    assert {"malformed", "signature", "owner", "rp_id", "challenge"} <= set(reasons), reasons


def test_a_new_credential_with_a_turned_byte_is_refused_or_is_what_it_says() -> None:
    accepted = 0
    for algorithm in ALGORITHMS:
        one = enrol(algorithm)
        members = ("clientDataJSON", "attestationObject", "id")
        for member, typed in mutations(one.answer, members, MADE // 3, seed=11):
            if member == "text" and same(ceremonies.read_attestation, typed, one.answer):
                continue
            try:
                found = made(typed)
            except Refused:
                continue
            accepted += 1
            assert member != "id"
            _is_what_it_says(found, typed)
    assert accepted, "some say another counter or another maker, which nothing signs"


def _is_what_it_says(found: Made, typed: str) -> None:
    sent = json.loads(typed)
    said = json.loads(unb64(sent["response"]["clientDataJSON"]))
    assert (said["type"], said["origin"]) == ("webauthn.create", SITE.origin)
    assert unb64(said["challenge"]) == ENROL.challenge
    assert said.get("crossOrigin", False) is False
    wrapped = cbor2.loads(unb64(sent["response"]["attestationObject"]))
    data = wrapped["authData"]
    assert (wrapped["fmt"], wrapped["attStmt"]) == ("none", {})
    assert data[32] & 0x45 == 0x45
    assert found.credential_id == unb64(sent["rawId"])
    assert found.sign_count == int.from_bytes(data[33:37], "big")
    assert found.aaguid.replace("-", "") == data[37:53].hex()
    assert found.backup_eligible == bool(data[32] & 8)


def test_a_credential_that_was_turned_signs_nothing_with_the_key_it_was_made_with() -> None:
    one = enrol("EdDSA")
    chance = random.Random(3)
    key = bytearray(one.passkey.public_key)
    key[-1 - chance.randrange(32)] ^= 0x10
    answer = one.device.get(ceremonies.request_options(SIGN_IN, SITE))
    with pytest.raises(Refused):
        used(json.dumps(answer), replace(one.passkey, public_key=bytes(key)))


def test_three_hundred_turned_answers_over_http_are_answered_with_the_page(clean_service: InProcess) -> None:
    _, device = enrolled(clean_service)
    visitor = to_login(clean_service)
    # One question is enough: what cannot be read does not use it up, what can finds it used.
    members = ("clientDataJSON", "authenticatorData", "signature", "userHandle", "id")
    answer = device.get(asked(visitor, USE))
    for number, (_, typed) in enumerate(mutations(answer, members, 300, seed=13)):
        if number % 10 == 0:
            answer = device.get(asked(visitor, USE))
        if not typed.isprintable():
            continue
        visitor.press(credential=typed)
        assert (visitor.page, visitor.last.status_code) == ("login", 200), typed
    assert len(trail(clean_service, "sign_in_succeeded")) == 1
    assert passkeys(clean_service) == 1


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
