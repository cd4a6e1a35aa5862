"""Somebody who has the password guesses at the codes, or presses while the owner throws them out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.flows import authenticator, fresh, second_proof
from idp.flows import sessions as session_flows
from idp.flows.browser import Browser
from idp.flows.second_proof import AT_SIGN_IN, Proven
from idp.values import Handle
from tests.journeys.account_walks import BROWSER, EMAIL, MOBILE, SESSION, options, prove, rows, run
from tests.journeys.factor_walks import KNOWN_SECRET, code_of, with_app
from tests.journeys.operation_walks import bring, portal, sent, signed_in
from tests.service import in_process
from tests.service.in_process import PASSWORD, InProcess
from tests.service.visitor import Visitor

CLOSE = "/account/close"


@pytest.fixture
def maria(clean_service: InProcess) -> Visitor:
    """Maria, with a confirmed mobile beside her email, signed in by password an hour later."""
    clean_service.register(clean_service.visitor("203.0.113.9"))
    prove(clean_service, MOBILE)
    run(clean_service, "UPDATE accounts SET held_until = NULL")
    clean_service.clock.move(3600)
    return signed_in(clean_service, EMAIL)


def browser_of(visitor: Visitor) -> Browser:
    return Browser(
        handle=Handle(visitor.cookie(BROWSER) or ""),
        session=Handle(visitor.cookie(SESSION) or ""),
        source="198.51.100.7",
    )


def wrong(right: str) -> str:
    return "000000" if right != "000000" else "111111"


def to_email_code(service: InProcess, visitor: Visitor) -> str:
    """In front of the code to the email that closing the account asks for; the right one."""
    visitor.get(CLOSE)
    assert visitor.page == "account-confirm", visitor.page
    visitor.press(contact=next(handle for label, handle in options(visitor).items() if "@" in label))
    return service.code_for(EMAIL)


def guess(service: InProcess, visitor: Visitor, times: int) -> None:
    """Type a wrong code for the operation so often that one challenge ends."""
    right = sent(service, visitor)
    for _ in range(times):
        visitor.press(code=wrong(right))
    service.clock.move(61)


def test_wrong_codes_for_an_operation_close_every_other_door(
    clean_service: InProcess, maria: Visitor
) -> None:
    bring(maria, portal(clean_service))
    for _ in range(2):
        guess(clean_service, maria, 5)
    code = to_email_code(clean_service, maria)
    maria.press(code=code)
    assert (maria.page, maria.last.status_code) == ("account-confirm", 429)


def test_wrong_codes_of_the_app_close_every_other_door(clean_service: InProcess, maria: Visitor) -> None:
    known = fresh.owner(clean_service.idp, browser_of(maria), now=clean_service.clock.now())
    assert known is not None
    code = to_email_code(clean_service, maria)
    for _ in range(10):
        authenticator.check(
            clean_service.idp,
            known.account.sub,
            "000000",
            source="198.51.100.7",
            now=clean_service.clock.now(),
        )
    maria.press(code=code)
    assert (maria.page, maria.last.status_code) == ("account-confirm", 429)


def test_wrong_codes_to_confirm_again_close_the_operation(clean_service: InProcess, maria: Visitor) -> None:
    right = to_email_code(clean_service, maria)
    for _ in range(2):
        for _ in range(5):
            maria.press(code=wrong(right))
        clean_service.clock.move(61)
        maria.press(resend="yes")
        right = clean_service.code_for(EMAIL)
    bring(maria, portal(clean_service))
    maria.press(code=sent(clean_service, maria))
    assert (maria.page, maria.last.status_code) == ("step-up", 429)


# --- while it is thrown out --------------------------------------------------------------------------------


@pytest.fixture
def asking(prepared_sqlite_url: str, service_folder: Path) -> Iterator[InProcess]:
    """The service that asks for a second factor, with Maria registered by her mobile an hour ago."""
    settings = in_process.settings_for(
        service_folder, prepared_sqlite_url, assurance={"second_factor": "untrusted"}
    )
    opened = in_process.open_in_process(settings)
    opened.register(opened.visitor("203.0.113.9"), MOBILE)
    opened.clock.move(3600)
    yield opened
    opened.idp.database.engine.dispose()


@pytest.mark.parametrize("by", ["sms", "app"])
def test_a_code_that_comes_while_every_session_is_ended_trusts_nothing(asking: InProcess, by: str) -> None:
    idp, now = asking.idp, asking.clock.now()
    if by == "app":
        with_app(asking)
    thief = asking.visitor()
    thief.get("/account")
    thief.press(username=MOBILE, password=PASSWORD)
    assert thief.page == "login-code"
    browser = browser_of(thief)
    known = second_proof.owner(idp, browser, AT_SIGN_IN, now=now)
    assert known is not None
    found = second_proof.standing(idp, known, AT_SIGN_IN, None, now=now)
    # What was read so far is what a request has in hand while the owner says "it was not me".
    sub = known.account.sub
    session_flows.leaving(idp, sub, lambda tx, leaving: leaving.end_all(tx, now=now), now=now)
    typed = asking.code_for(MOBILE) if by == "sms" else code_of(asking, KNOWN_SECRET)
    outcome = second_proof.by_code(
        idp, known, AT_SIGN_IN, found, typed, browser, trust=True, now=now, now_ms=now * 1000
    )
    assert not isinstance(outcome, Proven)
    assert rows(asking, "SELECT COUNT(*) FROM trusted_browsers") == 0
    assert rows(asking, "SELECT COUNT(*) FROM known_browsers") == 0
    thief.get("/account")
    assert thief.page == "login"
