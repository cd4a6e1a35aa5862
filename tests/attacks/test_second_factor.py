"""Somebody who has the password guesses at the codes, or presses while the owner throws them out."""

import pytest

from idp.flows import authenticator, fresh
from idp.flows.browser import Browser
from idp.flows.fresh import Owner
from idp.values import Handle
from tests.journeys.account_walks import BROWSER, EMAIL, MOBILE, SESSION, options, prove, run
from tests.journeys.operation_walks import bring, portal, sent, signed_in
from tests.service.in_process import InProcess
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


def owner(service: InProcess, visitor: Visitor) -> tuple[Owner, Browser]:
    browser = Browser(
        handle=Handle(visitor.cookie(BROWSER) or ""),
        session=Handle(visitor.cookie(SESSION) or ""),
        source="198.51.100.7",
    )
    known = fresh.owner(service.idp, browser, now=service.clock.now())
    assert known is not None
    return known, browser


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
    known, _ = owner(clean_service, maria)
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
