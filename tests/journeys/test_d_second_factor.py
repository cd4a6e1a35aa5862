"""Journey D: the second factor at sign-in, as the product asks for it by default, over HTTP."""

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.accounts import totp
from idp.flows import second_proof
from idp.flows.browser import Browser
from idp.flows.second_proof import AT_SIGN_IN, AlreadyProven, Proven
from idp.store import authenticators, trusted_browsers
from idp.values import Handle
from tests.journeys.account_walks import (
    BROWSER,
    DAY,
    EMAIL,
    MOBILE,
    SESSION,
    issued,
    prove,
    rows,
    run,
    twins,
    value,
)
from tests.journeys.factor_walks import KNOWN_CODES
from tests.journeys.factor_walks import with_codes as keep_codes
from tests.journeys.passkey_walks import add, asked, trail
from tests.parts.soft_authenticator import SoftAuthenticator
from tests.service import in_process
from tests.service.in_process import PASSWORD, InProcess
from tests.service.relying_party import answer_of, portal
from tests.service.visitor import Visitor

HOUR = 3600


@pytest.fixture
def service(prepared_sqlite_url: str, service_folder: Path) -> Iterator[InProcess]:
    """The service as it is shipped."""
    settings = in_process.settings_for(
        service_folder,
        prepared_sqlite_url,
        assurance={"second_factor": "untrusted", "scopes": {"payout": "urn:idp:acr:2"}},
    )
    opened = in_process.open_in_process(settings)
    yield opened
    opened.idp.database.engine.dispose()


@pytest.fixture
def unusual(prepared_sqlite_url: str, service_folder: Path) -> Iterator[InProcess]:
    """The service that asks only where a sign-in is unlike the ones before."""
    settings = in_process.settings_for(
        service_folder, prepared_sqlite_url, assurance={"second_factor": "unusual"}
    )
    opened = in_process.open_in_process(settings)
    yield opened
    opened.idp.database.engine.dispose()


def customer(service: InProcess, contact: str = MOBILE) -> None:
    """Somebody who registered a while ago."""
    service.register(service.visitor(), contact)
    service.clock.move(HOUR)


def to_code(service: InProcess, contact: str = MOBILE, visitor: Visitor | None = None) -> Visitor:
    """A browser whose password was right."""
    visitor = visitor or service.visitor()
    visitor.get("/account")
    assert visitor.page == "login", visitor.page
    visitor.press(username=contact, password=PASSWORD)
    return visitor


def codes(service: InProcess) -> int:
    return len([m for m in service.post() if m["purpose"] == "sign_in_code"])


def is_signed_in(visitor: Visitor) -> bool:
    visitor.get("/account")
    return visitor.page == "account"


def test_d_a_password_alone_signs_nobody_in(service: InProcess) -> None:
    customer(service)
    visitor = to_code(service)
    assert visitor.page == "login-code"
    assert MOBILE not in visitor.last.text
    inside = re.search(r"<main\b.*?</main>", visitor.last.text, re.DOTALL)
    assert inside is not None
    # As the page prints it: the code goes to this number, and its mask says no more of it.
    assert re.findall(r"[+•][\d• ]*•[\d• ]*", re.sub(r"<[^>]+>", "", inside[0])) == ["+39 ••• ••• ••01"]
    for address in ("/account", "/account/password", "/account/passkeys", "/account/mobile", "/login/offer"):
        visitor.get(address)
        assert visitor.page in ("login", "login-code"), (address, visitor.page)


def test_d_the_right_code_signs_in_with_two_factors(service: InProcess) -> None:
    customer(service)
    party = portal(service)
    visitor = service.visitor()
    party.ask(visitor)
    visitor.press(username=MOBILE, password=PASSWORD)
    assert visitor.page == "login-code"
    visitor.press(code=service.code_for(MOBILE))
    claims = party.read(party.redeem(answer_of(visitor)["code"]).get_json()["id_token"])
    assert claims["acr"] == "urn:idp:acr:2"
    assert set(claims["amr"]) == {"pwd", "otp", "sms", "mfa"}
    given = trail(service, "second_factor_given")
    assert [(one["proof"], one["acr"]) for one in given] == [("sms_code", "urn:idp:acr:2")]
    assert trail(service, "sign_in_succeeded")[-1]["second_factor"] == "due"


def test_d_after_the_code_fingerprint_or_face_is_offered_where_the_device_can(service: InProcess) -> None:
    customer(service)
    visitor = to_code(service)
    assert 'name="passkey_ready"' in visitor.last.text
    visitor.press(code=service.code_for(MOBILE), passkey_ready="yes")
    assert visitor.page == "passkey-offer"


def test_d_who_is_signed_in_and_asked_again_is_told_why_and_types_no_username(service: InProcess) -> None:
    visitor = service.visitor()
    service.register(visitor, MOBILE)
    party = portal(service)
    party.ask(visitor, prompt="login")
    assert visitor.page == "login"
    assert "per proteggerti" in visitor.last.text.casefold()
    assert 'value="+39 333 123 4501"' in visitor.last.text
    stranger = service.visitor()
    party.ask(stranger, prompt="login")
    assert "per proteggerti" not in stranger.last.text.casefold()
    assert "4501" not in stranger.last.text


def test_d_a_relying_party_that_names_who_it_expects_changes_that_for_nobody_else(service: InProcess) -> None:
    visitor = service.visitor()
    service.register(visitor, MOBILE)
    party = portal(service)
    hint = party.tokens(visitor, scope="openid")["id_token"]
    party.ask(visitor, prompt="login", id_token_hint=hint)
    assert "per proteggerti" in visitor.last.text.casefold()
    assert 'value="+39 333 123 4501"' in visitor.last.text
    assert 'id="register"' not in visitor.last.text
    luca = service.visitor()
    service.register(luca, "+393471234502", given_name="Luca", family_name="Verdi")
    party.ask(luca, prompt="login", id_token_hint=hint)
    assert luca.page == "login"
    assert "per proteggerti" not in luca.last.text.casefold()
    assert not any(end in luca.last.text for end in ("4501", "4502"))


def test_d_one_code_is_sent_by_the_press_and_none_by_looking(service: InProcess) -> None:
    customer(service)
    visitor = to_code(service)
    assert codes(service) == 1
    for _ in range(3):
        visitor.get(visitor.at)
    assert codes(service) == 1
    visitor.press(resend="yes")
    assert (visitor.last.status_code, codes(service)) == (429, 1)
    service.clock.move(61)
    visitor.press(resend="yes")
    assert codes(service) == 2


def test_d_the_password_typed_again_sends_no_second_code_at_once(service: InProcess) -> None:
    customer(service)
    visitor = to_code(service)
    to_code(service, visitor=visitor)
    assert (visitor.page, codes(service)) == ("login-code", 1)


def test_d_an_email_alone_gets_a_code_and_earns_the_lowest(service: InProcess) -> None:
    customer(service, EMAIL)
    party = portal(service)
    visitor = service.visitor()
    party.ask(visitor)
    visitor.press(username=EMAIL, password=PASSWORD)
    assert visitor.page == "login-code"
    visitor.press(code=service.code_for(EMAIL))
    claims = party.read(party.redeem(answer_of(visitor)["code"]).get_json()["id_token"])
    assert (claims["acr"], claims["amr"]) == ("urn:idp:acr:1", ["pwd", "otp"])


def test_d_email_is_no_way_around_a_confirmed_mobile(service: InProcess) -> None:
    customer(service, EMAIL)
    prove(service, MOBILE)
    visitor = to_code(service, EMAIL)
    assert [m["to"] for m in service.post() if m["purpose"] == "sign_in_code"] == [MOBILE]
    assert "use-code" not in visitor.last.text
    assert "way=" not in visitor.last.text


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"code": ""},
        {"code": "12345"},
        {"code": "abcdef"},
        {"trust_browser": "yes"},
        {"code": "000000", "trust_browser": "yes"},
        {"credential": ""},
        {"credential": "{}"},
        {"resend": ""},
    ],
)
def test_d_nothing_but_the_code_gets_in(service: InProcess, fields: dict[str, str]) -> None:
    customer(service)
    visitor = to_code(service)
    if fields.get("code") == service.code_for(MOBILE):
        pytest.fail("the code is the one that is guessed here")
    visitor.press(**fields)
    assert visitor.page == "login-code"
    assert not is_signed_in(visitor)
    assert rows(service, "SELECT COUNT(*) FROM trusted_browsers") == 0


def test_d_a_code_works_once_and_in_its_own_session_only(service: InProcess) -> None:
    customer(service)
    one, other = to_code(service), service.visitor()
    code = service.code_for(MOBILE)
    service.clock.move(61)
    to_code(service, visitor=other)
    assert service.code_for(MOBILE) != code
    other.press(code=code)
    assert (other.page, other.faults) == ("login-code", ["code"])
    one.press(code=code)
    assert one.page == "account"
    again = to_code(service)
    again.press(code=code)
    assert again.page == "login-code"


def test_d_five_wrong_codes_end_the_code_and_ten_in_an_hour_the_codes(service: InProcess) -> None:
    customer(service)
    visitor = to_code(service)
    refused = 0
    for _ in range(3):
        code = service.code_for(MOBILE)
        wrong = "111111" if code != "111111" else "222222"
        for _ in range(5):
            visitor.press(code=wrong)
            assert visitor.page == "login-code"
            refused += visitor.last.status_code == 429
        service.clock.move(301)
        visitor.press(resend="yes")
    assert refused
    visitor.press(code=service.code_for(MOBILE))
    assert (visitor.page, visitor.last.status_code) == ("login-code", 429)
    assert not is_signed_in(visitor)


def test_d_wrong_codes_count_for_the_account_whichever_contact_they_went_to(service: InProcess) -> None:
    customer(service)
    prove(service, "+393339876543", of=MOBILE)
    visitor = to_code(service)
    for contact in (MOBILE, "+393339876543"):
        if contact != MOBILE:
            service.clock.move(61)
            (other,) = re.findall(r'id="use-code" href="([^"]+)"', visitor.last.text)
            visitor.get(html.unescape(other))
            visitor.press()
        wrong = "111111" if service.code_for(contact) != "111111" else "222222"
        for _ in range(5):
            visitor.press(code=wrong)
    service.clock.move(301)
    visitor.press(resend="yes")
    visitor.press(code=service.code_for("+393339876543"))
    assert (visitor.page, visitor.last.status_code) == ("login-code", 429)


def test_d_two_presses_of_one_code_make_one_sign_in(service: InProcess) -> None:
    customer(service)
    visitor = to_code(service)
    code, at = service.code_for(MOBILE), visitor.at
    pair = twins(service, visitor, 2)
    for twin in pair:
        twin.get(at)

    def press(number: int) -> None:
        pair[number].press(code=code)

    service.in_parallel(press, 2)
    assert len(trail(service, "second_factor_given")) == 1
    assert rows(service, "SELECT COUNT(*) FROM sessions WHERE second_factor = 'done'") == 1


def test_d_the_handle_changes_when_the_code_is_given(service: InProcess) -> None:
    customer(service)
    visitor = to_code(service)
    due = visitor.cookie(SESSION)
    visitor.press(code=service.code_for(MOBILE))
    assert visitor.cookie(SESSION) != due
    thief = service.visitor()
    thief.set_cookie(SESSION, due or "")
    assert not is_signed_in(thief)


def test_d_a_silent_request_finds_nobody_before_the_code(service: InProcess) -> None:
    customer(service)
    party = portal(service)
    visitor = to_code(service)
    party.ask(visitor, prompt="none")
    assert answer_of(visitor)["error"] == "login_required"
    party.ask(visitor)
    assert visitor.page == "login-code"


def test_d_whoever_gives_up_is_told_to_the_relying_party(service: InProcess) -> None:
    customer(service)
    party = portal(service)
    visitor = service.visitor()
    party.ask(visitor)
    visitor.press(username=MOBILE, password=PASSWORD)
    visitor.press(cancel="yes")
    assert answer_of(visitor)["error"] == "access_denied"


def test_d_who_lost_the_phone_goes_on_with_an_activation_code(service: InProcess) -> None:
    customer(service)
    party = portal(service)
    visitor = service.visitor()
    party.ask(visitor)
    visitor.press(username=MOBILE, password=PASSWORD)
    assert visitor.page == "login-code"
    (onward,) = re.findall(r'id="activate" href="([^"]+)"', visitor.last.text)
    visitor.get(html.unescape(onward))
    visitor.press(identifier="RSSMRA80D52H501K", activation_code=issued(service))
    assert visitor.page == "recover-factors", (visitor.page, visitor.faults)
    # The phone is not ticked, and goes.
    visitor.press()
    visitor.press(new_password="Aurora9verde")
    assert visitor.page == "recover-done", (visitor.page, visitor.faults)
    visitor.press()
    assert visitor.page == "login"
    visitor.press(username=MOBILE, password="Aurora9verde")
    assert visitor.page == "login-code"
    visitor.press(code=service.code_for(EMAIL))
    assert "code" in answer_of(visitor)


# --- trusted browsers -------------------------------------------------------------------------------------


def trusted(service: InProcess, contact: str = MOBILE) -> Visitor:
    visitor = to_code(service, contact)
    visitor.press(code=service.code_for(contact), trust_browser="yes")
    assert visitor.page == "account"
    return visitor


def sign_out(visitor: Visitor) -> None:
    visitor.get("/logout")
    visitor.press(confirm="yes")
    assert visitor.page == "signed-out"


def test_d_trust_is_opt_in_and_spares_the_code_only(service: InProcess) -> None:
    customer(service)
    party = portal(service)
    visitor = to_code(service)
    visitor.press(code=service.code_for(MOBILE))
    sign_out(visitor)
    to_code(service, visitor=visitor)
    assert visitor.page == "login-code"
    service.clock.move(61)
    visitor.press(resend="yes")
    visitor.press(code=service.code_for(MOBILE), trust_browser="yes")
    sign_out(visitor)
    service.clock.move(HOUR)
    to_code(service, visitor=visitor)
    assert visitor.page == "account"
    claims = party.who(visitor)
    # It never adds to what was proven.
    assert (claims["acr"], claims["amr"]) == ("urn:idp:acr:1", ["pwd"])
    assert len(trail(service, "browser_trusted")) == 1
    assert trail(service, "sign_in_succeeded")[-1]["second_factor"] == "trusted"
    assert value(service, "SELECT last_used_at FROM trusted_browsers") == service.clock.now()


def test_d_trust_is_for_one_browser_one_account_and_thirty_days(service: InProcess) -> None:
    customer(service)
    visitor = trusted(service)
    sign_out(visitor)
    assert to_code(service).page == "login-code"
    thief = service.visitor()
    thief.set_cookie(BROWSER, (visitor.cookie(BROWSER) or "")[:-1] + "x")
    assert to_code(service, visitor=thief).page == "login-code"
    service.clock.move(30 * DAY)
    assert to_code(service, visitor=visitor).page == "login-code"


def test_d_a_number_that_is_new_on_file_buys_no_trust(service: InProcess) -> None:
    # Far enough back that the demo's contacts are a day old.
    service.clock.move(1_709_251_200 + DAY - service.clock.now())
    customer(service, EMAIL)
    prove(service, MOBILE)
    visitor = to_code(service, EMAIL)
    visitor.press(code=service.code_for(MOBILE), trust_browser="yes")
    assert visitor.page == "account"
    assert rows(service, "SELECT COUNT(*) FROM trusted_browsers") == 0


def test_d_trust_ends_with_a_password_change_and_when_it_is_taken_back(service: InProcess) -> None:
    customer(service)
    visitor = trusted(service)
    visitor.get("/account/password")
    visitor.press(current_password=PASSWORD, new_password="Altro8Segreto")
    assert rows(service, "SELECT COUNT(*) FROM trusted_browsers") == 0
    run(service, "DELETE FROM challenges")
    other = service.visitor()
    other.get("/account")
    other.press(username=MOBILE, password="Altro8Segreto")
    other.press(code=service.code_for(MOBILE), trust_browser="yes")
    sign_out(other)
    sub = str(value(service, "SELECT sub FROM accounts"))
    with service.idp.writing() as tx:
        assert trusted_browsers.remove_all(tx, sub) == 1
    other.get("/account")
    other.press(username=MOBILE, password="Altro8Segreto")
    assert other.page == "login-code"


def test_d_a_browser_is_not_known_before_the_code(service: InProcess) -> None:
    customer(service)
    before = rows(service, "SELECT COUNT(*) FROM known_browsers")
    visitor = to_code(service)
    assert rows(service, "SELECT COUNT(*) FROM known_browsers") == before
    visitor.press(code=service.code_for(MOBILE))
    assert rows(service, "SELECT COUNT(*) FROM known_browsers") == before + 1


# --- unusual ----------------------------------------------------------------------------------------------


def wrong_passwords(service: InProcess, count: int) -> None:
    guesser = service.visitor("203.0.113.9")
    guesser.get("/account")
    for _ in range(count):
        guesser.press(username=MOBILE, password="Sbagliata1")


def test_d_many_failures_before_ask_for_a_code_even_in_a_trusted_browser(service: InProcess) -> None:
    customer(service)
    visitor = trusted(service)
    sign_out(visitor)
    service.clock.move(HOUR)
    wrong_passwords(service, 5)
    assert to_code(service, visitor=visitor).page == "login-code"


def test_d_where_only_the_unusual_is_asked_the_known_network_is_not(unusual: InProcess) -> None:
    customer(unusual)
    assert to_code(unusual).page == "account"
    far = unusual.visitor("203.0.113.9")
    far.get("/account")
    # The visitor's browser is of no known kind, as the one that registered: no new family.
    far.press(username=MOBILE, password=PASSWORD)
    assert far.page == "account"
    wrong_passwords(unusual, 5)
    assert to_code(unusual).page == "login-code"


CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 "
    "Safari/537.36"
)
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0"
NEAR, FAR = "198.51.100.7", "203.0.113.9"


@pytest.mark.parametrize(
    ("agent", "source", "asked_for"),
    [
        (CHROME, NEAR, False),
        (FIREFOX, NEAR, False),
        (CHROME, FAR, False),
        (FIREFOX, FAR, True),
    ],
)
def test_d_only_a_new_browser_in_a_new_network_is_unusual(
    unusual: InProcess, agent: str, source: str, asked_for: bool
) -> None:
    customer(unusual)
    run(unusual, "DELETE FROM known_browsers")
    run(unusual, "DELETE FROM sessions")
    _from(unusual, CHROME, NEAR)
    unusual.clock.move(HOUR)
    assert _from(unusual, agent, source) == ("login-code" if asked_for else "account")


def _from(service: InProcess, agent: str, source: str) -> str | None:
    """Sign in from a browser of this kind that was never here, in this network; the page that follows."""
    visitor = service.visitor(source)
    visitor.agent = agent
    to_code(service, visitor=visitor)
    if visitor.page == "login-code" and source == NEAR:
        visitor.press(code=service.code_for(MOBILE))
    return visitor.page


# --- by passkey -------------------------------------------------------------------------------------------


def test_d_a_passkey_confirms_in_the_codes_place(service: InProcess) -> None:
    customer(service)
    device = SoftAuthenticator()
    visitor = to_code(service)
    visitor.press(code=service.code_for(MOBILE))
    add(visitor, device)
    sign_out(visitor)
    sent = codes(service)
    to_code(service, visitor=visitor)
    assert visitor.page == "login-code"
    # The strongest way is shown first, and nothing is sent that was not asked for.
    assert 'id="use-passkey"' in visitor.last.text
    assert codes(service) == sent
    options = asked(visitor, "/login/code/passkey?to=account")
    visitor.press(credential=json.dumps(device.get(options)))
    assert visitor.page == "account"
    assert trail(service, "second_factor_given")[-1]["proof"] == "passkey"


def test_d_a_passkeys_answer_is_good_for_its_own_request_only(service: InProcess) -> None:
    customer(service)
    device = SoftAuthenticator()
    visitor = to_code(service)
    visitor.press(code=service.code_for(MOBILE))
    add(visitor, device)
    sign_out(visitor)
    to_code(service, visitor=visitor)
    for elsewhere in ("/login/code/passkey?interaction=another", "/login/passkey"):
        answer = json.dumps(device.get(asked(visitor, elsewhere)))
        visitor.press(credential=answer)
        assert (visitor.page, visitor.faults) == ("login-code", ["page"])
        assert not is_signed_in(visitor)
        visitor.get("/login/code?to=account")


# --- by authenticator app and recovery code ---------------------------------------------------------------


def with_app(service: InProcess) -> tuple[str, str]:
    """Maria's account with an authenticator app that confirms; its subject and secret."""
    customer(service)
    sub, secret = str(value(service, "SELECT sub FROM accounts")), totp.secret_of(b"01234567890123456789")
    made = totp.Authenticator(
        sub,
        0,
        service.clock.now(),
        sealed_secret=authenticators.seal_secret(service.idp.sealer, sub, secret),
    )
    with service.idp.writing() as tx:
        authenticators.keep(tx, made, cancel_digest=b"\x07" * 32)
    return sub, secret


def test_d_the_authenticator_app_comes_before_sms(service: InProcess) -> None:
    _, secret = with_app(service)
    visitor = to_code(service)
    assert visitor.page == "login-code"
    assert codes(service) == 0
    code = totp.code_at(secret, totp.counter_at(service.clock.now()))
    visitor.press(code="000000" if code != "000000" else "111111")
    assert (visitor.page, visitor.faults) == ("login-code", ["code"])
    visitor.press(code=code)
    assert visitor.page == "account"
    assert trail(service, "second_factor_given")[-1]["proof"] == "totp"
    assert trail(service, "second_factor_given")[-1]["acr"] == "urn:idp:acr:2"
    sign_out(visitor)
    to_code(service, visitor=visitor)
    visitor.press(code=code)
    assert (visitor.page, visitor.faults) == ("login-code", ["code"])


def test_d_a_code_of_the_app_sent_twice_at_once_is_right_once_and_wrong_never(service: InProcess) -> None:
    _, secret = with_app(service)
    visitor = to_code(service)
    idp, now = service.idp, service.clock.now()
    browser = Browser(
        handle=Handle(visitor.cookie(BROWSER) or ""),
        session=Handle(visitor.cookie(SESSION) or ""),
        source="198.51.100.7",
    )
    known = second_proof.owner(idp, browser, AT_SIGN_IN, now=now)
    assert known is not None
    found = second_proof.standing(idp, known, AT_SIGN_IN, None, now=now)
    code = totp.code_at(secret, totp.counter_at(now))
    first, second = (
        second_proof.by_code(
            idp, known, AT_SIGN_IN, found, code, browser, now=now, now_ms=now * 1000 + number
        )
        for number in range(2)
    )
    assert (type(first), type(second)) == (Proven, AlreadyProven)


def test_d_a_recovery_code_signs_in_once_and_is_counted(service: InProcess) -> None:
    customer(service)
    keep_codes(service)
    visitor = to_recovery_code(service)
    visitor.press(code=KNOWN_CODES[0])
    assert visitor.page == "account"
    given = trail(service, "second_factor_given")[-1]
    assert (given["proof"], given["acr"]) == ("recovery_code", "urn:idp:acr:2")
    assert trail(service, "recovery_code_used") == [{"left": len(KNOWN_CODES) - 1}]
    again = to_recovery_code(service)
    again.press(code=KNOWN_CODES[0])
    assert (again.page, again.faults) == ("login-code", ["code"])
    assert not is_signed_in(again)
    assert len(trail(service, "recovery_code_used")) == 1


def test_d_wrong_recovery_codes_count_until_the_right_one_waits_too(service: InProcess) -> None:
    customer(service)
    keep_codes(service)
    visitor = to_recovery_code(service)
    for _ in range(10):
        visitor.press(code="0" * 10)
        assert (visitor.page, visitor.faults) == ("login-code", ["code"])
    visitor.press(code=KNOWN_CODES[0])
    assert (visitor.page, visitor.last.status_code) == ("login-code", 429)
    service.clock.move(2 * HOUR)
    visitor = to_recovery_code(service)
    visitor.press(code=KNOWN_CODES[0])
    assert visitor.page == "account"


def to_recovery_code(service: InProcess) -> Visitor:
    """In front of the field for a recovery code."""
    visitor = to_code(service)
    (printed,) = re.findall(r'id="use-code" href="([^"]+)"', visitor.last.text)
    visitor.get(html.unescape(printed))
    assert visitor.page == "login-code"
    return visitor
