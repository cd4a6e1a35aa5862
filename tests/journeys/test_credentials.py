"""One's own account over HTTP: signing in for oneself, fresh authentication, password, username."""

import html
import re
from dataclasses import replace
from typing import Any, cast

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from idp.accounts.registry import AgencyRegistry, RegistryDown
from idp.store import accounts, credentials
from idp.values import ContactKind, parse_contact
from tests.journeys.account_walks import (
    DAY,
    EMAIL,
    MOBILE,
    SESSION,
    ask_code,
    confirmed_by_code,
    options,
    others,
    pick,
    prove,
    rows,
    run,
    sendable,
    sent,
    signed_in,
    twins,
)
from tests.service.in_process import PASSWORD, InProcess
from tests.service.relying_party import RelyingParty, portal
from tests.service.visitor import Visitor

NEW = "Aurora9verde"
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
    assert len(sendable(visitor)) == 1
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
    portal(service).ask(visitor, prompt="login")
    visitor.press(username=EMAIL, password=PASSWORD)
    assert (visitor.page, visitor.last.status_code) == ("login", 429)


def test_a_wrong_code_costs_a_try_and_the_fifth_ends_it(service: InProcess) -> None:
    visitor = signed_in(service)
    service.clock.move(301)
    visitor.get("/account/confirm", to="mobile")
    ask_code(visitor)
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
        ask_code(visitor)
        service.clock.move(61)
    newest = service.code_for(EMAIL)
    one.press(code=newest)
    assert one.faults == ["code"]
    other.press(code=newest)
    assert other.page == "mobile"


def test_a_way_of_another_session_is_no_way_here(service: InProcess) -> None:
    prove(service, MOBILE)
    one, other = signed_in(service), signed_in(service)
    service.clock.move(301)
    one.get("/account/confirm", to="mobile")
    (url,) = others(one).values()
    theirs = url.partition("way=")[2]
    for way in (theirs, EMAIL, "maria.rossi@evil.example"):
        other.get("/account/confirm", to="mobile", by="code", way=way)
        assert "••01" in sendable(other)[0], "her own first way, whatever was named"
    assert rows(service, "SELECT count(*) FROM challenges WHERE purpose = 'fresh'") == 0
    before = len(service.post())
    other.press()
    assert [message["to"] for message in service.post()][:-before] == [MOBILE]


def test_a_contact_that_is_somebody_elses_too_gets_no_code(service: InProcess) -> None:
    for contact in ("famiglia.esposito@posta.example", "roma.prati@agenzie.example", MOBILE):
        prove(service, contact)
    visitor = signed_in(service)
    visitor.get("/account/confirm", to="mobile")
    # Her email, and her mobile now that it is proven.
    assert len(sendable(visitor)) == 2
    assert not any("f•" in label or "r•" in label for label in sendable(visitor))


def test_a_password_is_not_enough_for_a_new_number(service: InProcess) -> None:
    visitor = signed_in(service)
    visitor.get("/account/mobile")
    assert visitor.page == "account-confirm"
    assert sendable(visitor)
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


# --- the password -----------------------------------------------------------------------------------------


def change(visitor: Visitor, new: str = NEW, current: str = PASSWORD) -> None:
    """Send the form of a new password."""
    visitor.get("/account/password")
    visitor.press(current_password=current, new_password=new)


def test_a_new_password_signs_in_and_the_old_one_does_not(service: InProcess) -> None:
    visitor = signed_in(service)
    change(visitor)
    assert (visitor.page, visitor.at) == ("account", "/account?done=password")
    signed_in(service, password=NEW)
    other = service.visitor()
    other.get("/login", to="account")
    other.press(username=EMAIL, password=PASSWORD)
    assert other.faults == ["password"]


def test_the_password_of_today_is_asked_and_wrong_ones_count(service: InProcess) -> None:
    visitor = signed_in(service)
    for _ in range(10):
        change(visitor, current="Sbagliata7")
        assert (visitor.last.status_code, visitor.faults) == (200, ["current_password"])
    change(visitor)
    assert (visitor.last.status_code, visitor.faults) == (429, ["page"])
    signed_in(service)


@pytest.mark.parametrize(
    "new", ["", "corta1A", "tuttominuscolo1", "SENZANUMERI", "Password1", "Rossi1980x", PASSWORD]
)
def test_a_new_password_is_judged_with_the_accounts_own_data(service: InProcess, new: str) -> None:
    visitor = signed_in(service)
    change(visitor, new)
    assert (visitor.page, visitor.faults) == ("account-password", ["new_password"])
    signed_in(service)


def test_a_new_password_ends_whatever_else_was_open(service: InProcess) -> None:
    party = portal(service)
    other, visitor = signed_in(service), signed_in(service)
    theirs = party.tokens(other, scope="openid offline_access")
    hers = party.tokens(visitor, scope="openid offline_access")
    before = visitor.cookie(SESSION)
    change(visitor)
    assert visitor.cookie(SESSION) != before
    for tokens in (theirs, hers):
        assert party.refresh(tokens["refresh_token"]).status_code == 400
        assert party.userinfo(tokens["access_token"]).status_code == 401
    other.get("/account")
    assert other.page == "login"
    visitor.get("/account")
    assert visitor.page == "account"
    assert rows(service, "SELECT count(*) FROM known_browsers") == 1
    thief = service.visitor()
    thief.set_cookie(SESSION, before or "")
    thief.get("/account")
    assert thief.page == "login"


def test_a_new_password_is_told_to_every_own_contact(service: InProcess) -> None:
    change(signed_in(service))
    assert sent(service, "password_changed") == sorted([EMAIL, MOBILE])


def test_a_client_with_a_session_elsewhere_is_told_and_this_sessions_is_not(service: InProcess) -> None:
    party = portal(service, backchannel_logout_uri="http://localhost:8001/backchannel-logout")
    other, visitor = signed_in(service), signed_in(service)
    party.tokens(other)
    party.tokens(visitor)
    change(visitor)
    assert rows(service, "SELECT count(*) FROM outbox WHERE kind = 'logout'") == 1


def test_of_two_passwords_at_once_one_wins_and_the_other_is_told(service_on_both: InProcess) -> None:
    service = service_on_both
    service.register(service.visitor())
    visitor = signed_in(service)
    visitor.get("/account/password")
    csrf, words = visitor.csrf, ["Aurora9verde", "Mattino8giallo"] * 4
    browsers = twins(service, visitor, 8)

    def press(number: int) -> str:
        fields = {"csrf": csrf, "current_password": PASSWORD, "new_password": words[number]}
        answer = browsers[number].send("/account/password", fields)
        return str(answer.headers.get("Location", browsers[number].page))

    said = service.in_parallel(press, 8)
    winner = next(word for word in words if _signs_in(service, word))
    assert sum(_signs_in(service, word) for word in set(words)) == 1
    for word, answer in zip(words, said, strict=True):
        if word != winner:
            assert "done=password" not in answer, (word, winner, said)
    assert rows(service, "SELECT count(*) FROM sessions WHERE ended_at IS NULL") >= 1
    assert rows(service, "SELECT count(*) FROM audit_events WHERE name = 'password_changed'") == 1


def test_a_refresh_beside_a_new_password_leaves_nothing_alive(service_on_both: InProcess) -> None:
    service = service_on_both
    service.register(service.visitor())
    party, visitor = portal(service), signed_in(service)
    token = party.tokens(visitor, scope="openid offline_access")["refresh_token"]
    visitor.get("/account/password")
    csrf = visitor.csrf
    browser = twins(service, visitor, 1)[0]
    parties = [RelyingParty(service, party.registered) for _ in range(4)]

    def work(number: int) -> Any:
        if number == 0:
            fields = {"csrf": csrf, "current_password": PASSWORD, "new_password": NEW}
            return browser.send("/account/password", fields).status_code
        return parties[number].refresh(token)

    outcomes = service.in_parallel(work, 4)
    assert outcomes[0] == 303
    for reply in outcomes[1:]:
        if reply.status_code == 200:
            fresh = reply.get_json()
            assert party.refresh(fresh["refresh_token"]).status_code == 400
            assert party.userinfo(fresh["access_token"]).status_code == 401
    assert party.refresh(token).status_code == 400


def _signs_in(service: InProcess, password: str) -> bool:
    visitor = service.visitor("203.0.113.77")
    visitor.get("/login", to="account")
    visitor.press(username=EMAIL, password=password)
    return visitor.page == "account"


# --- the username -----------------------------------------------------------------------------------------


def to_username_code(service: InProcess, visitor: Visitor) -> str:
    """Choose the mobile; its code."""
    visitor.get("/account/username")
    pick(visitor, "4501")
    assert visitor.page == "username-verify", (visitor.page, visitor.faults)
    return service.code_for(MOBILE)


def test_another_own_contact_becomes_the_username(service: InProcess) -> None:
    visitor = signed_in(service)
    code = to_username_code(service, visitor)
    visitor.press(code=code)
    assert (visitor.page, visitor.at) == ("account", "/account?done=username")
    assert sent(service, "username_changed") == sorted([EMAIL, MOBILE])
    signed_in(service, MOBILE)
    other = service.visitor()
    other.get("/login", to="account")
    other.press(username=EMAIL, password=PASSWORD)
    assert other.faults == ["password"]


def test_the_choices_are_the_customers_own_and_nobody_elses(service: InProcess) -> None:
    anna = "+393281234503"
    service.register(service.visitor(), anna, given_name="Anna", family_name="Esposito")
    visitor = signed_in(service, anna)
    visitor.get("/account/username")
    # Her other contact is her husband's too.
    assert visitor.page == "account-username"
    assert not options(visitor)
    assert "famiglia.esposito" not in visitor.last.text


@pytest.mark.parametrize("contact", ["", "x" * 22, "maria.rossi@evil.example", MOBILE])
def test_only_a_choice_that_was_shown_is_taken(service: InProcess, contact: str) -> None:
    visitor = signed_in(service)
    visitor.get("/account/username")
    visitor.press(contact=contact)
    assert (visitor.page, visitor.faults) == ("account-username", ["contact"])
    assert rows(service, "SELECT count(*) FROM challenges WHERE purpose = 'username'") == 0


def test_no_challenge_of_another_purpose_makes_a_username(service: InProcess) -> None:
    visitor = signed_in(service)
    visitor.get("/account/confirm", to="mobile")
    ask_code(visitor)
    code = service.code_for(EMAIL)
    visitor.get("/account/username/verify")
    assert visitor.page == "account-username"
    visitor.send("/account/username/verify", {"csrf": visitor.csrf, "code": code})
    assert rows(service, "SELECT count(*) FROM accounts WHERE username_kind = 'mobile'") == 0


def test_of_two_customers_who_want_one_contact_one_gets_it(service_on_both: InProcess) -> None:
    service = service_on_both
    service.register(service.visitor())
    visitor = signed_in(service)
    code = to_username_code(service, visitor)
    # Somebody else's account has it by now.
    index = service.idp.sealer.contact_index(parse_contact(MOBILE))
    luca = "+393471234502"
    service.register(service.visitor(), luca, given_name="Luca", family_name="Verdi")
    with service.idp.writing() as tx:
        taken = accounts.find_by_username(tx, service.idp.sealer.contact_index(parse_contact(luca)))
        assert taken is not None
        wanted = {"index": index, "of": taken.sub}
        tx.execute(text("UPDATE accounts SET username_index = :index WHERE sub = :of"), wanted)
    visitor.press(code=code)
    assert visitor.page == "account-username"
    assert not options(visitor)
    assert rows(service, "SELECT count(*) FROM accounts WHERE username_kind = 'email'") == 1


def test_the_unique_index_decides_when_it_is_taken_at_the_last_moment(service_on_both: InProcess) -> None:
    service = service_on_both
    service.register(service.visitor())
    luca = "+393471234502"
    service.register(service.visitor(), luca, given_name="Luca", family_name="Verdi")
    index = service.idp.sealer.contact_index(parse_contact(luca))
    with service.idp.reading() as tx:
        account = accounts.find_by_username(tx, service.idp.sealer.contact_index(parse_contact(EMAIL)))
    assert account is not None
    with pytest.raises(IntegrityError), service.idp.writing() as tx:
        credentials.set_username(
            tx,
            account.sub,
            seen_profile=account.sealed_profile,
            new_profile=account.sealed_profile,
            kind=ContactKind.MOBILE,
            index=index,
            now=service.clock.now(),
        )
    signed_in(service)


def test_a_form_sent_twice_changes_the_username_once(service: InProcess) -> None:
    visitor = signed_in(service)
    code = to_username_code(service, visitor)
    csrf = visitor.csrf
    browsers = twins(service, visitor, 4)

    def press(number: int) -> str:
        answer = browsers[number].send("/account/username/verify", {"csrf": csrf, "code": code})
        return str(answer.headers.get("Location"))

    assert set(service.in_parallel(press, 4)) == {"/account?done=username"}
    assert rows(service, "SELECT count(*) FROM audit_events WHERE name = 'username_changed'") == 1
    assert sent(service, "username_changed") == sorted([EMAIL, MOBILE])


# --- a username that left the registry (journey L) --------------------------------------------------------


def test_who_has_a_username_that_ends_is_asked_for_another_and_may_put_it_off(service: InProcess) -> None:
    run(service, f"UPDATE accounts SET username_ends_at = {service.clock.now() + DAY}")
    visitor = service.visitor()
    portal(service).ask(visitor)
    visitor.press(username=EMAIL, password=PASSWORD)
    assert visitor.page == "account-username"
    later = re.search(r'id="later" href="([^"]+)"', visitor.last.text)
    assert later is not None
    visitor.get(html.unescape(later[1]))
    assert visitor.last.status_code == 303
    assert "code=" in visitor.location


def test_choosing_another_goes_on_to_the_relying_party_and_ends_the_end(service: InProcess) -> None:
    run(service, f"UPDATE accounts SET username_ends_at = {service.clock.now() + DAY}")
    visitor = service.visitor()
    portal(service).ask(visitor)
    visitor.press(username=EMAIL, password=PASSWORD)
    pick(visitor, "4501")
    visitor.press(code=service.code_for(MOBILE))
    assert visitor.last.status_code == 303
    assert "code=" in visitor.location
    assert rows(service, "SELECT count(*) FROM accounts WHERE username_ends_at IS NULL") == 1


def test_a_registry_outage_does_not_keep_who_is_asked_from_signing_in(service: InProcess) -> None:
    run(service, f"UPDATE accounts SET username_ends_at = {service.clock.now() + DAY}")

    class Down:
        def __getattr__(self, _name: str) -> Any:
            def fail(*_arguments: Any) -> Any:
                raise RegistryDown

            return fail

    broken = InProcess(replace(service.idp, registry=cast(AgencyRegistry, Down())), service.clock)
    visitor = broken.visitor()
    portal(service).ask(visitor)
    visitor.press(username=EMAIL, password=PASSWORD)
    assert visitor.last.status_code == 303
    assert "code=" in visitor.location
    visitor.get("/account")
    assert visitor.page == "account"
    visitor.get("/account/username")
    assert visitor.last.status_code == 503


def test_a_link_makes_the_account_page_say_nothing_that_is_not_so(service: InProcess) -> None:
    visitor = signed_in(service)
    for done in ("password", "username", "mobile-pending", "mobile-confirmed", "mobile-cancelled", "x"):
        visitor.get("/account", done=done)
        assert visitor.page == "account"
        assert 'class="notice good"' not in visitor.last.text, done
