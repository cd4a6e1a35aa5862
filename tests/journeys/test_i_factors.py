"""Authenticator app and recovery codes over HTTP: what is stored, told and left in the trail (journey I)."""

from idp.accounts import totp
from idp.flows import authenticator, recovery_codes
from idp.flows.authenticator import Replayed, Right, Wrong
from tests.journeys.account_walks import (
    BROWSER,
    EMAIL,
    HOLD,
    MOBILE,
    SESSION,
    confirmed_by_code,
    issued,
    pending,
    rows,
    run,
    sent,
    value,
)
from tests.journeys.factor_walks import (
    ADD,
    APP,
    CODES,
    add_app,
    code_of,
    make_codes,
    registered,
    secret_on,
    to,
    uri_on,
    wrong_of,
)
from tests.journeys.passkey_walks import trail
from tests.service.in_process import InProcess
from tests.service.visitor import Visitor

SOURCE = "198.51.100.7"


def sub_of(service: InProcess) -> str:
    return str(value(service, "SELECT sub FROM accounts ORDER BY created_at LIMIT 1"))


def checked(service: InProcess, typed: str) -> object:
    return authenticator.check(service.idp, sub_of(service), typed, source=SOURCE, now=service.clock.now())


def checked_recovery(service: InProcess, typed: str) -> object:
    return recovery_codes.check(service.idp, sub_of(service), typed, source=SOURCE, now=service.clock.now())


def confirmed_by_mobile(service: InProcess, page: str) -> Visitor:
    """Maria, registered on her mobile, who has just answered a code sent there."""
    visitor = registered(service, MOBILE)
    service.clock.move(600)
    visitor.get("/account/confirm", to=page, by="code")
    confirmed_by_code(service, visitor, MOBILE)
    return visitor


def link_of(service: InProcess, purpose: str) -> str:
    newest = next(m for m in service.post() if m["to"] == EMAIL and m["purpose"] == purpose)
    return str(newest["link"])


# --- the app ----------------------------------------------------------------------------------------------


def test_i_an_app_is_set_up_by_its_first_code(clean_service: InProcess) -> None:
    visitor = registered(clean_service)
    to(visitor, ADD)
    secret = secret_on(visitor)
    assert len(secret) == 32
    assert uri_on(visitor).startswith("otpauth://totp/Area Clienti:maria.rossi@posta.example?")
    assert "<svg" in visitor.last.text
    assert "style=" not in visitor.last.text
    assert rows(clean_service, "SELECT COUNT(*) FROM authenticators") == 0
    visitor.press(code=code_of(clean_service, secret))
    assert visitor.page == "authenticator"
    # The code that set it up does nothing else.
    assert checked(clean_service, code_of(clean_service, secret)) == Replayed()
    assert checked(clean_service, code_of(clean_service, secret, 1)) == Right(held=True)
    assert len(trail(clean_service, "authenticator_added")) == 1
    visitor.get("/account")
    assert 'id="authenticator"' in visitor.last.text


def test_i_an_enrolment_that_is_given_up_leaves_nothing(clean_service: InProcess) -> None:
    visitor = registered(clean_service)
    to(visitor, ADD)
    secret = secret_on(visitor)
    # While it waits it is the same, so that what was scanned stays good.
    visitor.get(ADD)
    assert secret_on(visitor) == secret
    clean_service.clock.move(authenticator.WAITS + 1)
    to(visitor, ADD)
    assert secret_on(visitor) != secret
    visitor.press(code=code_of(clean_service, secret))
    assert (visitor.page, visitor.faults) == ("authenticator-add", ["code"])
    assert rows(clean_service, "SELECT COUNT(*) FROM authenticators") == 0


def test_i_a_secret_that_waits_is_sealed(clean_service: InProcess) -> None:
    visitor = registered(clean_service)
    to(visitor, ADD)
    secret = secret_on(visitor).encode()
    with clean_service.idp.reading() as tx:
        kept = tx.exec_driver_sql("SELECT key, value FROM ephemera WHERE value IS NOT NULL").all()
    assert [key for key, _ in kept if str(key).startswith("authenticator:")]
    assert not any(secret in bytes(held) for _, held in kept)


def test_i_the_secret_of_another_session_does_not_do(clean_service: InProcess) -> None:
    visitor = registered(clean_service)
    to(visitor, ADD)
    other = clean_service.visitor()
    other.get("/account")
    other.press(username=EMAIL, password="Tramonto7blu")
    to(other, ADD)
    assert secret_on(other) != secret_on(visitor)
    theirs = secret_on(visitor)
    other.press(code=code_of(clean_service, theirs))
    assert (other.page, other.faults) == ("authenticator-add", ["code"])


def test_i_setting_up_needs_a_proof_of_the_last_five_minutes(clean_service: InProcess) -> None:
    visitor = registered(clean_service)
    clean_service.clock.move(301)
    for path in (APP, ADD, f"{APP}/remove", CODES):
        visitor.get(path)
        assert visitor.page == "account-confirm"


def test_i_a_proof_that_grew_old_meanwhile_sets_nothing_up(clean_service: InProcess) -> None:
    visitor = registered(clean_service)
    to(visitor, ADD)
    secret = secret_on(visitor)
    clean_service.clock.move(301)
    visitor.press(code=code_of(clean_service, secret))
    assert visitor.page == "account-confirm"
    assert rows(clean_service, "SELECT COUNT(*) FROM authenticators") == 0


def test_i_ten_wrong_first_codes_an_hour(clean_service: InProcess) -> None:
    visitor = registered(clean_service)
    to(visitor, ADD)
    secret = secret_on(visitor)
    for _ in range(10):
        visitor.press(code=wrong_of(clean_service, secret))
        assert visitor.faults == ["code"]
    visitor.press(code=code_of(clean_service, secret))
    assert (visitor.last.status_code, visitor.faults) == (429, ["page"])
    assert rows(clean_service, "SELECT COUNT(*) FROM authenticators") == 0


def test_i_a_form_sent_twice_sets_up_one(clean_service: InProcess) -> None:
    visitor = registered(clean_service)
    to(visitor, ADD)
    twin = clean_service.visitor()
    for name in (BROWSER, SESSION):
        twin.set_cookie(name, visitor.cookie(name) or "")
    twin.get(ADD)
    code = code_of(clean_service, secret_on(visitor))
    visitor.press(code=code)
    twin.press(code=code)
    assert (visitor.page, twin.page) == ("authenticator", "authenticator")
    assert len(trail(clean_service, "authenticator_added")) == 1


def test_i_an_app_added_on_a_password_waits_and_one_press_stops_it(clean_service: InProcess) -> None:
    visitor = registered(clean_service)
    secret = add_app(clean_service, visitor)
    assert checked(clean_service, code_of(clean_service, secret, 1)) == Right(held=True)
    assert sent(clean_service, "authenticator_pending") == [MOBILE, EMAIL]
    stranger = clean_service.visitor()
    stranger.get(link_of(clean_service, "authenticator_pending"))
    assert (stranger.page, rows(clean_service, "SELECT COUNT(*) FROM authenticators")) == ("stop", 1)
    stranger.press(confirm="yes")
    assert (stranger.page, rows(clean_service, "SELECT COUNT(*) FROM authenticators")) == ("stopped", 0)
    assert checked(clean_service, code_of(clean_service, secret, 1)) == Wrong()
    visitor.get("/account")
    assert visitor.page == "login"
    assert trail(clean_service, "authenticator_removed")[-1]["by"] == "link"
    assert sent(clean_service, "authenticator_removed")


def test_i_an_app_added_on_a_code_to_an_old_mobile_is_full_at_once(clean_service: InProcess) -> None:
    visitor = confirmed_by_mobile(clean_service, "authenticator-add")
    secret = add_app(clean_service, visitor)
    assert checked(clean_service, code_of(clean_service, secret, 1)) == Right(held=False)
    assert sent(clean_service, "authenticator_added")


def test_i_what_waits_is_full_after_its_time_or_by_an_activation_code(clean_service: InProcess) -> None:
    visitor = registered(clean_service)
    secret = add_app(clean_service, visitor)
    codes = make_codes(visitor)
    visitor.get("/account/confirm-way?for=authenticator")
    visitor.press(activation_code=issued(clean_service))
    assert visitor.page == "authenticator"
    assert checked(clean_service, code_of(clean_service, secret, 1)) == Right(held=False)
    assert checked_recovery(clean_service, codes[0]) == Right(held=False)
    assert len(trail(clean_service, "authenticator_confirmed")) == 1
    assert len(trail(clean_service, "recovery_codes_confirmed")) == 1


def test_i_the_hold_ends_by_itself(clean_service: InProcess) -> None:
    secret = add_app(clean_service, registered(clean_service))
    clean_service.clock.move(HOLD)
    assert checked(clean_service, code_of(clean_service, secret)) == Right(held=False)


def test_i_another_app_takes_the_place_of_the_first(clean_service: InProcess) -> None:
    visitor = registered(clean_service)
    first = add_app(clean_service, visitor)
    clean_service.clock.move(60)
    # Given up half way, the first one still does.
    to(visitor, ADD)
    assert checked(clean_service, code_of(clean_service, first)) == Right(held=True)
    second = add_app(clean_service, visitor)
    assert second != first
    assert checked(clean_service, code_of(clean_service, first, 1)) == Wrong()
    assert checked(clean_service, code_of(clean_service, second, 1)) == Right(held=True)
    assert rows(clean_service, "SELECT COUNT(*) FROM authenticators") == 1
    assert [one["replaced"] for one in trail(clean_service, "authenticator_added")] == [False, True]


def test_i_an_app_is_removed_and_the_password_remains(clean_service: InProcess) -> None:
    visitor = registered(clean_service)
    secret = add_app(clean_service, visitor)
    visitor.get(f"{APP}/remove")
    assert visitor.page == "authenticator-remove"
    visitor.press()
    assert visitor.page == "authenticator"
    assert checked(clean_service, code_of(clean_service, secret, 1)) == Wrong()
    assert trail(clean_service, "authenticator_removed") == [{"by": "account"}]
    visitor.get(f"{APP}/remove")
    assert visitor.page == "authenticator"


def test_i_one_press_takes_what_came_after_and_leaves_what_came_before(clean_service: InProcess) -> None:
    visitor = registered(clean_service)
    make_codes(visitor)
    clean_service.clock.move(60)
    add_app(clean_service, visitor)
    stranger = clean_service.visitor()
    stranger.get(link_of(clean_service, "authenticator_pending"))
    stranger.press(confirm="yes")
    assert rows(clean_service, "SELECT COUNT(*) FROM recovery_codes") == 10
    stranger.get(link_of(clean_service, "recovery_codes_pending"))
    stranger.press(confirm="yes")
    assert stranger.page == "stopped"
    assert rows(clean_service, "SELECT COUNT(*) FROM recovery_codes") == 0
    assert trail(clean_service, "recovery_codes_removed")[-1]["by"] == "link"


def test_g_a_cancelled_mobile_takes_the_app_and_the_codes_added_after_it(clean_service: InProcess) -> None:
    visitor = registered(clean_service)
    pending(clean_service, visitor)
    add_app(clean_service, visitor)
    make_codes(visitor)
    visitor.get("/account")
    visitor.press(cancel="yes")
    assert rows(clean_service, "SELECT COUNT(*) FROM authenticators") == 0
    assert rows(clean_service, "SELECT COUNT(*) FROM recovery_codes") == 0
    assert trail(clean_service, "authenticator_removed")[-1] == {"by": "mobile"}


def test_i_within_a_day_of_a_recovery_what_is_added_waits(clean_service: InProcess) -> None:
    visitor = confirmed_by_mobile(clean_service, "authenticator-add")
    run(clean_service, f"UPDATE accounts SET recovered_at = {clean_service.clock.now() - 3600}")
    secret = add_app(clean_service, visitor)
    assert checked(clean_service, code_of(clean_service, secret, 1)) == Right(held=True)


def test_i_a_limited_account_sets_nothing_up(clean_service: InProcess) -> None:
    visitor = registered(clean_service)
    run(clean_service, f"UPDATE accounts SET limited_until = {clean_service.clock.now() + 3600}")
    for path in (APP, ADD, CODES):
        visitor.get(path)
        assert visitor.page == "limited"


def test_i_no_page_of_it_is_kept_by_a_browser_and_no_address_holds_a_secret(
    clean_service: InProcess,
) -> None:
    visitor = registered(clean_service)
    to(visitor, ADD)
    assert visitor.last.headers["Cache-Control"] == "no-store"
    assert secret_on(visitor) not in visitor.at
    make_codes(visitor)
    assert visitor.last.headers["Cache-Control"] == "no-store"


# --- recovery codes ---------------------------------------------------------------------------------------


def test_i_ten_codes_are_shown_once_and_stored_as_digests(clean_service: InProcess) -> None:
    visitor = registered(clean_service)
    codes = make_codes(visitor)
    assert len(set(codes)) == 10
    with clean_service.idp.reading() as tx:
        stored = [bytes(one) for one in tx.exec_driver_sql("SELECT digest FROM recovery_codes").scalars()]
    assert len(stored) == 10
    assert not any(code.replace("-", "").encode() in digest for code in codes for digest in stored)
    visitor.get(CODES)
    assert visitor.page == "recovery-codes"
    assert not any(code in visitor.last.text for code in codes)
    assert checked_recovery(clean_service, codes[3]) == Right(held=True)
    visitor.get(CODES)
    assert "9 codici rimasti" in visitor.last.text
    assert sent(clean_service, "recovery_codes_pending")
    assert sent(clean_service, "recovery_code_used")


def test_i_a_new_set_kills_the_old_one(clean_service: InProcess) -> None:
    visitor = registered(clean_service)
    old, new = make_codes(visitor), make_codes(visitor)
    assert checked_recovery(clean_service, old[0]) == Wrong("recovery_code_wrong")
    assert checked_recovery(clean_service, new[0]) == Right(held=True)
    assert rows(clean_service, "SELECT COUNT(*) FROM recovery_codes") == 10


def test_i_opening_the_page_makes_no_codes_and_neither_does_a_forged_form(clean_service: InProcess) -> None:
    visitor = registered(clean_service)
    to(visitor, CODES)
    answer = visitor.send(CODES, {"make": "yes", "csrf": "x"})
    assert answer.status_code == 403
    assert rows(clean_service, "SELECT COUNT(*) FROM recovery_codes") == 0


def test_i_an_app_scans_what_another_app_would(clean_service: InProcess) -> None:
    """The address is the whole of it: an app that was told nothing else gives the right codes."""
    import pyotp

    visitor = registered(clean_service)
    to(visitor, ADD)
    app = pyotp.parse_uri(uri_on(visitor))
    assert isinstance(app, pyotp.TOTP)
    now = clean_service.clock.now()
    assert app.at(now) == totp.code_at(secret_on(visitor), totp.counter_at(now))
