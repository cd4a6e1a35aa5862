"""One's own account over HTTP: signing in for oneself, fresh authentication, password, username."""

import pytest

from tests.journeys.account_walks import (
    DAY,
    EMAIL,
    SESSION,
    confirmed_by_code,
    options,
    rows,
    run,
    signed_in,
)
from tests.service.in_process import PASSWORD, InProcess
from tests.service.relying_party import portal

HOUR = 3600


@pytest.fixture
def service(clean_service: InProcess) -> InProcess:
    """The service, with Maria registered by email an hour ago."""
    clean_service.register(clean_service.visitor("192.0.2.1"))
    clean_service.clock.move(HOUR)
    return clean_service


# --- signing in for oneself -------------------------------------------------------------------------------


def test_the_account_asks_to_sign_in_and_comes_back_to_itself(service: InProcess) -> None:
    visitor = service.visitor()
    visitor.get("/account")
    assert (visitor.page, visitor.at) == ("login", "/login?to=account")
    visitor.press(username=EMAIL, password="Sbagliata7")
    assert (visitor.page, visitor.faults) == ("login", ["password"])
    visitor.press(username=EMAIL, password=PASSWORD)
    assert (visitor.page, visitor.at) == ("account", "/account")
    assert EMAIL.replace("@", "<wbr>@") in visitor.last.text


@pytest.mark.parametrize("name", ["password", "username", "mobile"])
def test_every_page_of_the_account_comes_back_to_itself(service: InProcess, name: str) -> None:
    visitor = service.visitor()
    visitor.get(f"/account/{name}")
    assert visitor.at == f"/login?to={name}"
    visitor.press(username=EMAIL, password=PASSWORD)
    assert visitor.at.startswith((f"/account/{name}", f"/account/confirm?to={name}"))


@pytest.mark.parametrize(
    "to", ["https://evil.example/", "//evil.example", "/account", "", "logout", "account%0d%0aX: y"]
)
def test_a_sign_in_leads_to_our_own_doors_and_nowhere_else(service: InProcess, to: str) -> None:
    visitor = service.visitor()
    visitor.get("/login", to=to)
    assert (visitor.last.status_code, visitor.page) == (400, "no-interaction")


def test_who_is_signed_in_is_not_asked_again(service: InProcess) -> None:
    visitor = signed_in(service)
    visitor.get("/login", to="account")
    assert visitor.page == "account"


def test_the_session_of_the_account_is_that_of_the_relying_parties(service: InProcess) -> None:
    visitor = signed_in(service)
    portal(service).ask(visitor)
    assert visitor.last.status_code == 303
    assert "code=" in visitor.location


def test_a_request_that_waits_is_not_taken_for_ones_own_sign_in(service: InProcess) -> None:
    visitor = service.visitor()
    portal(service).ask(visitor)
    visitor.get("/login", to="account")
    visitor.press(username=EMAIL, password=PASSWORD)
    assert visitor.page == "account"


# --- fresh authentication ---------------------------------------------------------------------------------


def test_a_session_alone_changes_nothing_after_five_minutes(service: InProcess) -> None:
    visitor = signed_in(service)
    visitor.get("/account/username")
    assert visitor.page == "account-username"
    service.clock.move(301)
    visitor.get("/account/username")
    assert (visitor.page, visitor.at) == ("account-confirm", "/account/confirm?to=username")


def test_the_password_confirms_and_the_handle_is_new(service: InProcess) -> None:
    visitor = signed_in(service)
    service.clock.move(301)
    before = visitor.cookie(SESSION)
    visitor.get("/account/username")
    visitor.press(current_password="Sbagliata7")
    assert (visitor.page, visitor.faults) == ("account-confirm", ["current_password"])
    assert visitor.cookie(SESSION) == before
    visitor.press(current_password=PASSWORD)
    assert visitor.page == "account-username"
    assert visitor.cookie(SESSION) != before
    thief = service.visitor()
    thief.set_cookie(SESSION, before or "")
    thief.get("/account")
    assert thief.page == "login"


def test_a_code_to_a_proven_contact_confirms(service: InProcess) -> None:
    visitor = signed_in(service)
    service.clock.move(301)
    visitor.get("/account/confirm", to="username", by="code")
    assert list(options(visitor)) != []
    assert EMAIL not in visitor.last.text
    confirmed_by_code(service, visitor)
    assert visitor.page == "account-username"
    newest = service.post()[0]
    assert (newest["purpose"], newest["link"]) == ("confirm_code", None)


def test_opening_the_page_sends_nothing(service: InProcess) -> None:
    visitor = signed_in(service)
    service.clock.move(301)
    before = len(service.post())
    for _ in range(3):
        visitor.get("/account/confirm", to="mobile")
        assert visitor.page == "account-confirm"
    assert len(service.post()) == before


def test_wrong_passwords_count_under_the_brakes_of_sign_in(service: InProcess) -> None:
    visitor = signed_in(service)
    service.clock.move(301)
    visitor.get("/account/username")
    for _ in range(10):
        visitor.press(current_password="Sbagliata7")
        assert visitor.last.status_code == 200
    visitor.press(current_password=PASSWORD)
    assert (visitor.last.status_code, visitor.faults) == (429, ["page"])
    assert int(visitor.last.headers["Retry-After"]) > 0
    # The same counter refuses at the sign-in of this browser.
    visitor.get("/logout")
    visitor.press(confirm_logout="yes", **{"confirm-logout": "yes"})
    visitor.get("/login", to="account")
    if visitor.page == "login":
        visitor.press(username=EMAIL, password=PASSWORD)
        assert visitor.last.status_code == 429


def test_a_wrong_code_costs_a_try_and_the_fifth_ends_it(service: InProcess) -> None:
    visitor = signed_in(service)
    service.clock.move(301)
    visitor.get("/account/confirm", to="mobile")
    visitor.press(contact=next(iter(options(visitor).values())))
    code = service.code_for(EMAIL)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _ in range(5):
        visitor.press(code=wrong)
        assert visitor.faults == ["code"]
    visitor.press(code=code)
    assert visitor.page == "account-confirm"
    visitor.get("/account/mobile")
    assert visitor.page == "account-confirm"


def test_a_code_of_one_session_confirms_no_other(service: InProcess) -> None:
    one, other = signed_in(service), signed_in(service)
    service.clock.move(301)
    for visitor in (one, other):
        visitor.get("/account/confirm", to="mobile")
        visitor.press(contact=next(iter(options(visitor).values())))
        service.clock.move(61)
    newest = service.code_for(EMAIL)
    one.press(code=newest)
    assert one.faults == ["code"]
    other.press(code=newest)
    assert other.page == "mobile"


def test_a_contact_of_another_session_is_no_option(service: InProcess) -> None:
    one, other = signed_in(service), signed_in(service)
    service.clock.move(301)
    one.get("/account/confirm", to="mobile")
    theirs = next(iter(options(one).values()))
    other.get("/account/confirm", to="mobile")
    other.press(contact=theirs)
    assert other.faults == ["contact"]
    other.press(contact="maria.rossi@evil.example")
    assert other.faults == ["contact"]
    assert rows(service, "SELECT count(*) FROM challenges WHERE purpose = 'fresh'") == 0


def test_a_password_is_not_enough_for_a_new_number(service: InProcess) -> None:
    visitor = signed_in(service)
    visitor.get("/account/mobile")
    assert visitor.page == "account-confirm"
    assert options(visitor)
    assert "current_password" not in visitor.last.text


def test_confirming_leads_to_our_own_doors_and_nowhere_else(service: InProcess) -> None:
    visitor = signed_in(service)
    for to in ("https://evil.example/", "account", "password", ""):
        visitor.get("/account/confirm", to=to)
        assert (visitor.page, visitor.at) == ("account", "/account")


def test_a_recovery_without_a_second_proof_changes_no_contact_for_a_day(service: InProcess) -> None:
    run(service, f"UPDATE accounts SET limited_until = {service.clock.now() + DAY}")
    visitor = signed_in(service)
    for page in ("/account/username", "/account/mobile"):
        visitor.get(page)
        assert (visitor.page, visitor.last.status_code) == ("limited", 403)
    visitor.get("/account/password")
    assert visitor.page == "account-password"
    service.clock.move(DAY)
    visitor = signed_in(service)
    visitor.get("/account/username")
    assert visitor.page == "account-username"
