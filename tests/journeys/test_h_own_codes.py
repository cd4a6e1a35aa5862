"""Journey H: an authenticator app, or a recovery code, as the second proof of a recovery."""

import pytest

from tests.journeys.factor_walks import KNOWN_CODES, KNOWN_SECRET, code_of, with_app, with_codes, wrong_of
from tests.journeys.passkey_walks import trail
from tests.journeys.recovery_walks import (
    EMAIL,
    MOBILE,
    NEW,
    activated,
    boxes,
    choose,
    confirm,
    issued,
    proven,
    rows,
    run,
    to_contacts,
    value,
)
from tests.service.in_process import InProcess
from tests.service.visitor import Visitor

APP, CODE = "/recover/second/app", "/recover/second/recovery-code"


@pytest.fixture
def service(clean_service: InProcess) -> InProcess:
    """Maria, registered an hour ago by her email, with an app that is full."""
    with_app(clean_service)
    clean_service.clock.move(3600)
    return clean_service


def finish(visitor: Visitor, *, keeping: bool) -> None:
    assert visitor.page == "recover-factors", (visitor.page, visitor.faults)
    visitor.press(**{name: "yes" for name, _ in boxes(visitor) if keeping})
    visitor.press(new_password=NEW)
    assert visitor.page == "recover-done", (visitor.page, visitor.faults)


def test_h4_the_app_is_the_second_proof_and_the_account_is_not_limited(service: InProcess) -> None:
    visitor = proven(service, EMAIL)
    assert visitor.page == "recover-second"
    assert 'id="use-app"' in visitor.last.text
    assert 'id="recovery-code"' not in visitor.last.text
    visitor.get(APP)
    visitor.press(code=code_of(service, KNOWN_SECRET))
    assert [ticked for _, ticked in boxes(visitor)] == [True], "it was used a moment ago"
    finish(visitor, keeping=True)
    assert value(service, "SELECT limited_until FROM accounts") is None
    assert rows(service, "SELECT COUNT(*) FROM authenticators") == 1
    (completed,) = trail(service, "recovery_completed")
    assert completed["second"] is True
    assert "passkey" not in completed


def test_h4_a_recovery_code_takes_the_place_of_a_lost_app(service: InProcess) -> None:
    with_codes(service)
    visitor = proven(service, EMAIL)
    assert 'id="recovery-code"' in visitor.last.text
    visitor.get(CODE)
    visitor.press(recovery_code="ZZZZZ-ZZZZZ")
    assert (visitor.page, visitor.faults) == ("recover-own-code", ["recovery_code"])
    visitor.press(recovery_code=KNOWN_CODES[0])
    assert len(boxes(visitor)) == 2
    finish(visitor, keeping=False)
    assert value(service, "SELECT limited_until FROM accounts") is None
    assert rows(service, "SELECT COUNT(*) FROM authenticators") == 0
    assert rows(service, "SELECT COUNT(*) FROM recovery_codes") == 0
    assert trail(service, "authenticator_removed")[-1] == {"by": "recovery"}
    assert trail(service, "recovery_codes_removed")[-1] == {"by": "recovery"}


def test_h4_beside_a_mobile_the_app_or_a_recovery_code_does(service: InProcess) -> None:
    confirm(service, MOBILE)
    with_codes(service)
    visitor = proven(service, EMAIL)
    assert 'name="contact"' in visitor.last.text
    choose(visitor, MOBILE)
    assert 'id="other-contact"' in visitor.last.text
    visitor.get(CODE)
    visitor.press(recovery_code=KNOWN_CODES[1])
    assert visitor.page == "recover-factors"


def test_h4_recovery_codes_alone_are_not_asked_for(clean_service: InProcess) -> None:
    with_codes(clean_service)
    clean_service.clock.move(3600)
    visitor = proven(clean_service, EMAIL)
    assert visitor.page == "recover-factors"
    visitor.get(CODE)
    assert visitor.page == "recover-factors"


@pytest.mark.parametrize("state", ["pending_until = 9999999999", "suspended_at = 1"])
def test_h4_an_app_that_confirms_nothing_is_no_second_proof(service: InProcess, state: str) -> None:
    run(service, f"UPDATE authenticators SET {state}")
    visitor = proven(service, EMAIL)
    assert visitor.page == "recover-factors"
    visitor.get(APP)
    assert visitor.page == "recover-factors"
    assert [ticked for _, ticked in boxes(visitor)] == [False]


def test_h4_an_app_that_was_suspended_comes_back_when_it_is_kept(service: InProcess) -> None:
    run(service, "UPDATE authenticators SET suspended_at = 1")
    finish(proven(service, EMAIL), keeping=True)
    assert value(service, "SELECT suspended_at FROM authenticators") is None


def test_h4_wrong_codes_of_the_app_are_counted_and_a_used_one_proves_nothing(service: InProcess) -> None:
    visitor = proven(service, EMAIL)
    visitor.get(APP)
    used = code_of(service, KNOWN_SECRET)
    run(service, f"UPDATE authenticators SET last_counter = {service.clock.now() // 30 + 1}")
    visitor.press(code=used)
    assert (visitor.page, visitor.faults) == ("recover-own-code", ["code"])
    for _ in range(10):
        visitor.press(code=wrong_of(service, KNOWN_SECRET))
        assert visitor.faults == ["code"]
    run(service, "UPDATE authenticators SET last_counter = 0")
    visitor.press(code=used)
    assert (visitor.last.status_code, visitor.faults) == (429, ["page"])


def test_h4_a_code_is_asked_only_where_the_contact_was_proven(service: InProcess) -> None:
    visitor = to_contacts(service)
    for path in (APP, CODE):
        visitor.get(path)
        assert visitor.page == "recover-contacts"


def test_h9_an_activation_code_stands_for_a_lost_app(service: InProcess) -> None:
    visitor = activated(service, issued(service))
    assert visitor.page == "recover-factors"
    visitor.get(APP)
    assert visitor.page == "recover-factors"
    finish(visitor, keeping=False)
    assert value(service, "SELECT limited_until FROM accounts") is None
    assert rows(service, "SELECT COUNT(*) FROM authenticators") == 0
