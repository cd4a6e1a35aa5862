"""Confirming once more with the authenticator app, before a way in is changed (journeys F, G and I)."""

import json

import pytest

from tests.journeys.account_walks import (
    DAY,
    EMAIL,
    HOLD,
    SESSION,
    confirmed_by_code,
    others,
    rows,
    run,
    sendable,
    signed_in,
    value,
)
from tests.journeys.factor_walks import KNOWN_SECRET, code_of, with_app, wrong_of
from tests.journeys.passkey_walks import CONFIRM, asked, enrolled, trail
from tests.service.in_process import InProcess

NOT_BY_PASSWORD = ("/account/mobile", "/account/close")


@pytest.fixture
def service(clean_service: InProcess) -> InProcess:
    """The service with Maria, who set an app up; her account waits no more."""
    with_app(clean_service)
    run(clean_service, "UPDATE accounts SET held_until = NULL")
    clean_service.clock.move(3600)
    return clean_service


@pytest.mark.parametrize("page", NOT_BY_PASSWORD)
def test_i_the_app_confirms_where_a_password_is_not_enough(service: InProcess, page: str) -> None:
    visitor = signed_in(service)
    before, sent = visitor.cookie(SESSION), len(service.post())
    visitor.get(page)
    assert visitor.page == "account-confirm"
    visitor.press(code=code_of(service, KNOWN_SECRET))
    assert visitor.at == page
    assert visitor.cookie(SESSION) != before
    assert trail(service, "confirmed_again")[-1]["proof"] == "totp"
    assert len(service.post()) == sent


def test_i_the_app_comes_first_and_an_email_beside_it(service: InProcess) -> None:
    visitor = signed_in(service)
    visitor.get("/account/mobile")
    assert 'id="code"' in visitor.last.text
    assert ["@" in way for way in sendable(visitor)] == [True]
    confirmed_by_code(service, visitor, EMAIL)
    assert visitor.page == "mobile"


def test_i_the_app_stands_in_for_the_password_too(service: InProcess) -> None:
    visitor = signed_in(service)
    service.clock.move(301)
    visitor.get("/account/passkeys")
    assert visitor.page == "account-confirm"
    assert "current_password" in visitor.last.text
    visitor.get("/account/confirm", to="passkeys", by="code")
    visitor.press(code=code_of(service, KNOWN_SECRET))
    assert visitor.page == "passkeys"


def test_i_what_is_added_on_the_app_is_full_at_once(service: InProcess) -> None:
    visitor = signed_in(service)
    service.clock.move(301)
    visitor.get("/account/confirm", to="recovery-codes", by="code")
    visitor.press(code=code_of(service, KNOWN_SECRET))
    assert visitor.page == "recovery-codes"
    visitor.press(make="yes")
    assert visitor.page == "recovery-codes-made"
    assert value(service, "SELECT DISTINCT pending_until FROM recovery_codes") is None


def test_i_a_code_of_the_app_confirms_once(service: InProcess) -> None:
    one, other = signed_in(service), signed_in(service)
    code = code_of(service, KNOWN_SECRET)
    for visitor in (one, other):
        visitor.get("/account/mobile")
    one.press(code=code)
    assert one.page == "mobile"
    other.press(code=code)
    assert (other.page, other.faults) == ("account-confirm", ["code"])
    other.get("/account/mobile")
    assert other.page == "account-confirm"


def test_i_wrong_codes_of_the_app_count_for_the_account(service: InProcess) -> None:
    visitor = signed_in(service)
    visitor.get("/account/mobile")
    for _ in range(10):
        visitor.press(code=wrong_of(service, KNOWN_SECRET))
        assert (visitor.page, visitor.faults) == ("account-confirm", ["code"])
    visitor.press(code=code_of(service, KNOWN_SECRET))
    assert (visitor.page, visitor.last.status_code) == ("account-confirm", 429)


def test_i_an_app_that_waits_changes_nothing(service: InProcess) -> None:
    until = service.clock.now() + DAY
    run(service, f"UPDATE authenticators SET pending_until = {until}")
    visitor = signed_in(service)
    visitor.get("/account/mobile")
    assert ["@" in way for way in sendable(visitor)] == [True]
    visitor.press(code=code_of(service, KNOWN_SECRET))
    visitor.get("/account/mobile")
    assert visitor.page == "account-confirm"
    assert trail(service, "confirmed_again") == []
    service.clock.move(DAY)
    visitor = signed_in(service)
    visitor.get("/account/mobile")
    visitor.press(code=code_of(service, KNOWN_SECRET))
    assert visitor.page == "mobile"


def test_i_the_app_of_an_account_that_waits_changes_nothing(service: InProcess) -> None:
    run(service, f"UPDATE accounts SET held_until = {service.clock.now() + DAY}")
    visitor = signed_in(service)
    visitor.get("/account/mobile")
    assert ["@" in way for way in sendable(visitor)] == [True]
    confirmed_by_code(service, visitor, EMAIL)
    assert visitor.page == "mobile"


def test_i_beside_fingerprint_or_face_the_app_confirms_and_no_code_is_sent(
    clean_service: InProcess,
) -> None:
    service = clean_service
    visitor, device = enrolled(service, strong=True)
    with_app(service)
    run(service, "UPDATE accounts SET held_until = NULL")
    service.clock.move(HOLD)
    username = "+393331234501"
    visitor = signed_in(service, username)
    visitor.get("/account/mobile")
    assert (sendable(visitor), 'id="use-passkey"' in visitor.last.text) == ([], True)
    (app,) = others(visitor).values()
    visitor.get(app)
    visitor.press(code=code_of(service, KNOWN_SECRET))
    assert visitor.page == "mobile"
    again = signed_in(service, username)
    again.get("/account/mobile")
    again.press(credential=json.dumps(device.get(asked(again, CONFIRM))))
    assert again.page == "mobile"
    assert rows(service, "SELECT COUNT(*) FROM challenges WHERE purpose = 'fresh' AND sent_at > 0") == 1
