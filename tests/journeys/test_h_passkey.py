"""Journey H: a passkey that confirms is the second proof of a recovery, and one that is held is none."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.journeys.account_walks import EMAIL, HOLD, MOBILE, run, value
from tests.journeys.passkey_walks import USE, add, asked, enrolled, passkeys, refusals, trail
from tests.journeys.recovery_walks import NEW, boxes, confirm, proven, rows
from tests.parts.soft_authenticator import SoftAuthenticator
from tests.service.in_process import InProcess
from tests.service.visitor import Visitor

OPTIONS = "/recover/second/passkey"


@pytest.fixture
def service(clean_service: InProcess) -> InProcess:
    """The service, with nothing in it."""
    return clean_service


@pytest.fixture
def device(service: InProcess) -> SoftAuthenticator:
    """Maria's, added two days ago; it confirms since a moment ago."""
    _, device = enrolled(service)
    service.clock.move(HOLD)
    assert isinstance(device, SoftAuthenticator)
    return device


def answered(visitor: Visitor, device: SoftAuthenticator, **more: Any) -> None:
    visitor.press(credential=json.dumps(device.get(asked(visitor, OPTIONS), **more)))


def test_h4_a_passkey_is_the_second_proof_and_the_account_is_not_limited(
    service: InProcess, device: SoftAuthenticator
) -> None:
    visitor = proven(service, EMAIL)
    assert visitor.page == "recover-second"
    answered(visitor, device)
    assert visitor.page == "recover-factors"
    assert [ticked for _, ticked in boxes(visitor)] == [True], "it was used a moment ago"
    visitor.press(**{name: "yes" for name, _ in boxes(visitor)})
    visitor.press(new_password=NEW)
    assert visitor.page == "recover-done", (visitor.page, visitor.faults)
    assert value(service, "SELECT limited_until FROM accounts") is None
    assert passkeys(service) == 1
    assert value(service, "SELECT last_used_at FROM passkeys") == service.clock.now()
    (completed,) = trail(service, "recovery_completed")
    assert (completed["second"], completed["passkey"]) == (True, value(service, "SELECT id FROM passkeys"))


def test_h4_a_lost_device_leaves_the_activation_code(service: InProcess, device: SoftAuthenticator) -> None:
    visitor = proven(service, EMAIL)
    for path in ("factors", "password", "done"):
        visitor.get(f"/recover/{path}")
        assert visitor.page == "recover-second"
    visitor.press()
    assert visitor.page == "recover-second"
    assert 'id="activate"' in visitor.last.text
    assert 'name="contact"' not in visitor.last.text


def test_h4_beside_a_mobile_either_does(service: InProcess, device: SoftAuthenticator) -> None:
    confirm(service, MOBILE)
    visitor = proven(service, EMAIL)
    assert ('id="use-passkey"' in visitor.last.text, 'name="contact"' in visitor.last.text) == (True, True)
    visitor.press(contact=visitor.last.text.split('name="contact" value="')[1].split('"')[0])
    assert 'id="other-contact"' in visitor.last.text, "back to the passkey"
    visitor.get("/recover/second", choose="again")
    answered(visitor, device)
    assert visitor.page == "recover-factors"
    # The number to which a code went, and never was typed, was not proven.
    assert sorted(ticked for _, ticked in boxes(visitor)) == [False, True]


@pytest.mark.parametrize("state", ["held", "flagged", "suspended"])
def test_h4_what_confirms_nothing_is_not_asked_for(service: InProcess, state: str) -> None:
    enrolled(service)
    if state != "held":
        service.clock.move(HOLD)
        run(service, f"UPDATE passkeys SET {state}_at = {service.clock.now()}")
    visitor = proven(service, EMAIL)
    assert visitor.page == "recover-factors"
    assert [ticked for _, ticked in boxes(visitor)] == [False]
    answer = visitor.send(OPTIONS, {"csrf": visitor.csrf})
    assert answer.status_code == 403


def test_h4_a_passkey_is_asked_only_where_the_contact_was_proven(
    service: InProcess, device: SoftAuthenticator
) -> None:
    visitor = service.visitor("203.0.113.9")
    visitor.get("/recover")
    assert visitor.send(OPTIONS, {"csrf": visitor.csrf}).status_code == 403
    visitor.get("/recover")
    visitor.press(identifier="RSSMRA80D52H501K")
    assert visitor.send(OPTIONS, {"csrf": visitor.csrf}).status_code == 403


def bogus(_: InProcess, visitor: Visitor, device: SoftAuthenticator) -> str:
    forged = replace(device, private_key=SoftAuthenticator().private_key)
    return json.dumps(forged.get(asked(visitor, OPTIONS)))


def of_another_recovery(service: InProcess, _: Visitor, device: SoftAuthenticator) -> str:
    return json.dumps(device.get(asked(proven(service, EMAIL), OPTIONS)))


def meant_to_sign_in(_: InProcess, visitor: Visitor, device: SoftAuthenticator) -> str:
    return json.dumps(device.get(asked(visitor, USE)))


def of_a_device_that_nobody_has(_: InProcess, visitor: Visitor, device: SoftAuthenticator) -> str:
    return json.dumps(replace(device, credential_id=b"nobodys").get(asked(visitor, OPTIONS)))


def of_another_customer(service: InProcess, visitor: Visitor, device: SoftAuthenticator) -> str:
    luca = service.visitor("203.0.113.9")
    service.register(luca, "+393471234502", given_name="Luca", family_name="Verdi")
    his = SoftAuthenticator(credential_id=b"lucas")
    add(luca, his)
    return json.dumps(his.get(asked(visitor, OPTIONS)))


ATTACKS: tuple[tuple[Callable[[InProcess, Visitor, SoftAuthenticator], str], str], ...] = (
    (bogus, "signature"),
    (of_another_recovery, "challenge"),
    (meant_to_sign_in, "challenge"),
    (of_a_device_that_nobody_has, "unknown"),
    (of_another_customer, "owner"),
)


@pytest.mark.parametrize(("attack", "reason"), ATTACKS)
def test_h4_an_answer_that_does_not_do_proves_nothing(
    service: InProcess,
    device: SoftAuthenticator,
    attack: Callable[[InProcess, Visitor, SoftAuthenticator], str],
    reason: str,
) -> None:
    visitor = proven(service, EMAIL)
    visitor.press(credential=attack(service, visitor, device))
    assert (visitor.page, visitor.faults) == ("recover-second", ["page"])
    assert refusals(service) == [reason]
    assert rows(service, "SELECT COUNT(*) FROM recoveries WHERE second_at IS NOT NULL") == 0
    visitor.get("/recover/password")
    assert visitor.page == "recover-second"


def test_h4_an_answer_is_taken_once(service: InProcess, device: SoftAuthenticator) -> None:
    visitor = proven(service, EMAIL)
    answer = json.dumps(device.get(asked(visitor, OPTIONS)))
    visitor.press(credential=answer)
    again = proven(service, EMAIL)
    again.press(credential=answer)
    assert (again.page, refusals(service)) == ("recover-second", ["challenge"])
