"""Journey G over HTTP: registering and changing a mobile number, step by step as in `docs/journeys/g.md`."""

from collections import Counter
from pathlib import Path

import pytest

from idp.flows import people
from idp.flows.mobile import cancelling, making_good
from idp.settings.section import Rate
from tests.journeys import test_l_life_of_an_account as life
from tests.journeys.account_walks import (
    DAY,
    EMAIL,
    HOLD,
    MOBILE,
    OTHER,
    issued,
    link_of,
    options,
    pending,
    prove,
    rows,
    run,
    sendable,
    sent,
    signed_in,
    state,
    to_mobile,
    typed,
    value,
)
from tests.service.in_process import PASSWORD, InProcess, open_in_process, settings_for
from tests.service.relying_party import portal

AGENCY = "roma.prati@agenzie.example"
HOUR = 3600


@pytest.fixture
def service(clean_service: InProcess) -> InProcess:
    """The service, with Maria registered by email an hour ago."""
    clean_service.register(clean_service.visitor("192.0.2.1"))
    clean_service.clock.move(HOUR)
    return clean_service


def proven_mobiles(service: InProcess) -> int:
    """How many mobiles confirm for her."""
    return rows(service, "SELECT count(*) FROM proven_contacts WHERE kind = 'mobile' AND lost_at IS NULL")


# --- G1: who asks -----------------------------------------------------------------------------------------


def test_g1_the_form_wants_a_code_at_a_contact_that_was_there_before(service: InProcess) -> None:
    visitor = signed_in(service)
    visitor.get("/account/mobile")
    assert visitor.page == "account-confirm"
    assert len(sendable(visitor)) == 1
    to_mobile(service, visitor)
    assert "48" in visitor.last.text


def test_g1_a_confirmation_of_five_minutes_ago_is_asked_again(service: InProcess) -> None:
    visitor = signed_in(service)
    to_mobile(service, visitor)
    service.clock.move(301)
    visitor.press(mobile=OTHER)
    assert visitor.page == "account-confirm"
    assert rows(service, "SELECT count(*) FROM mobile_changes") == 0


def test_g1_an_email_that_has_been_on_file_for_a_week_gets_a_code_a_mobile_must_be_proven(
    service: InProcess,
) -> None:
    run(service, "DELETE FROM proven_contacts")
    visitor = signed_in(service)
    visitor.get("/account/mobile")
    assert len(sendable(visitor)) == 1
    assert "@" in sendable(visitor)[0]


def test_g1_who_has_no_contact_for_a_code_is_sent_to_the_agency(service: InProcess) -> None:
    luca = "+393471234502"
    service.register(service.visitor(), luca, given_name="Luca", family_name="Verdi")
    service.clock.move(301)
    run(service, "UPDATE proven_contacts SET lost_at = 1 WHERE kind = 'mobile'")
    visitor = signed_in(service, luca)
    for press in (False, True):
        visitor.get("/account/mobile")
        assert visitor.page == "account-confirm"
        assert not sendable(visitor)
        if press:
            fields = {"csrf": visitor.csrf} if 'name="csrf"' in visitor.last.text else {}
            visitor.send("/account/mobile", {**fields, "mobile": OTHER})
    assert rows(service, "SELECT count(*) FROM mobile_changes") == 0


# --- G2: the number ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("", "Scrivi"),
        ("abc", "Controlla il numero"),
        ("12345", "Controlla il numero"),
        ("06 5550 0101", "non è un cellulare"),
        ("+39 899 123456", "non è un cellulare"),
        ("+49 1511 2345678", "questo Paese"),
        ("+1 202 555 0143", "questo Paese"),
        ("+44 7911 123456", "questo Paese"),
    ],
)
def test_g2_only_mobiles_of_the_countries_on_the_list_are_taken(
    service: InProcess, number: str, why: str
) -> None:
    visitor = signed_in(service)
    to_mobile(service, visitor)
    visitor.press(mobile=number)
    assert (visitor.page, visitor.faults) == ("mobile", ["mobile"])
    assert why.split(maxsplit=1)[0].casefold() in visitor.last.text.casefold()
    assert rows(service, "SELECT count(*) FROM mobile_changes") == 0


@pytest.mark.parametrize("number", ["333 987 6543", "+39-333-9876543", "0039 3339876543"])
def test_g2_a_number_in_any_spelling_gets_the_code(service: InProcess, number: str) -> None:
    visitor = signed_in(service)
    typed(service, visitor, number)
    newest = service.post()[0]
    assert (newest["to"], newest["purpose"]) == (OTHER, "mobile_code")


def test_g2_a_foreign_number_on_file_is_not_limited_by_the_list(
    service_on_both: InProcess, tmp_path: Path
) -> None:
    service, german = service_on_both, "+4915112345679"
    service.register(service.visitor())
    life.imports(service, tmp_path, mobiles=german)
    visitor = signed_in(service)
    typed(service, visitor, german)
    visitor.press(code=service.code_for(german))
    assert (visitor.page, proven_mobiles(service)) == ("account", 1)


def test_g2_the_number_she_has_is_no_change(service: InProcess) -> None:
    visitor = signed_in(service)
    typed(service, visitor, MOBILE)
    visitor.press(code=service.code_for(MOBILE))
    to_mobile(service, visitor)
    visitor.press(mobile=MOBILE)
    assert visitor.faults == ["mobile"]


def test_g2_five_numbers_a_day_are_enough(service: InProcess) -> None:
    assert service.idp.settings.limits.mobile_changes_per_account == Rate(5, 86400)
    visitor = signed_in(service)
    for number in range(5):
        typed(service, visitor, f"+39333987650{number}")
    to_mobile(service, visitor)
    visitor.press(mobile="+393339876599")
    assert (visitor.last.status_code, visitor.faults) == (429, ["page"])
    assert len(sent(service, "mobile_code")) == 5


# --- G3: its code -----------------------------------------------------------------------------------------


def test_g3_the_code_goes_to_the_number_and_to_nobody_else(service: InProcess) -> None:
    visitor = signed_in(service)
    typed(service, visitor)
    assert sent(service, "mobile_code") == [OTHER]
    assert "9876543" in visitor.last.text.replace(" ", "")


def test_g3_a_wrong_code_costs_a_try_and_the_fifth_ends_it(service: InProcess) -> None:
    visitor = signed_in(service)
    typed(service, visitor)
    code = service.code_for(OTHER)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _ in range(5):
        visitor.press(code=wrong)
        assert visitor.faults == ["code"]
    visitor.press(code=code)
    assert visitor.faults == ["code"]
    assert state(service) == "proving"


def test_g3_another_code_can_be_asked_for_after_a_minute(service: InProcess) -> None:
    visitor = signed_in(service)
    typed(service, visitor)
    visitor.press(resend="yes")
    assert (visitor.last.status_code, visitor.faults) == (429, ["page"])
    first = service.code_for(OTHER)
    service.clock.move(60)
    visitor.press(resend="yes")
    assert visitor.page == "mobile-verify"
    second = service.code_for(OTHER)
    if first != second:
        visitor.press(code=first)
        assert visitor.faults == ["code"]
    visitor.press(code=second)
    assert visitor.page == "account"


def test_g3_typing_the_number_again_is_no_way_round_the_minute(service: InProcess) -> None:
    visitor = signed_in(service)
    typed(service, visitor)
    for _ in range(3):
        to_mobile(service, visitor)
        visitor.press(mobile=OTHER)
        assert visitor.page == "mobile-verify"
    assert len(sent(service, "mobile_code")) == 1


def test_g3_a_code_not_answered_for_a_day_is_given_up(service: InProcess) -> None:
    visitor = signed_in(service)
    typed(service, visitor)
    service.clock.move(DAY + 1)
    making_good.mature(service.idp, service.clock.now())
    assert state(service) == "expired"


# --- G4: a number the agency has --------------------------------------------------------------------------


def test_g4_a_number_on_her_own_record_is_usable_at_once(service: InProcess) -> None:
    visitor = signed_in(service)
    typed(service, visitor, MOBILE)
    visitor.press(code=service.code_for(MOBILE))
    assert (visitor.page, visitor.at) == ("account", "/account?done=mobile-confirmed")
    assert (state(service), proven_mobiles(service)) == ("confirmed", 1)
    assert value(service, "SELECT source FROM proven_contacts WHERE kind = 'mobile'") == "registry"
    assert sent(service, "mobile_confirmed") == sorted([EMAIL, MOBILE])
    assert not sent(service, "mobile_pending")


# --- G5: any other waits ----------------------------------------------------------------------------------


def test_g5_contacts_and_agency_are_told_and_every_open_session_shows_it(service: InProcess) -> None:
    other = signed_in(service)
    visitor = signed_in(service)
    pending(service, visitor)
    assert (visitor.at, state(service)) == ("/account?done=mobile-pending", "pending")
    assert sent(service, "mobile_pending") == sorted([EMAIL, MOBILE])
    assert sent(service, "mobile_pending_agency") == [AGENCY]
    agency = next(m for m in service.post() if m["to"] == AGENCY)
    assert "C100001" in agency["text"]
    assert agency["link"] is None
    for browser in (visitor, other):
        browser.get("/account")
        assert 'id="change-under-way"' in browser.last.text
        assert 'id="cancel"' in browser.last.text


def test_g5_the_number_itself_gets_nothing_but_its_own_proof(service: InProcess) -> None:
    visitor = signed_in(service)
    pending(service, visitor)
    assert {m["purpose"] for m in service.post() if m["to"] == OTHER} == {"mobile_code"}


def test_g5_it_is_no_factor_no_username_and_no_way_to_recover(service: InProcess) -> None:
    visitor = signed_in(service)
    pending(service, visitor)
    assert proven_mobiles(service) == 0
    service.clock.move(301)
    visitor.get("/account/confirm", to="mobile")
    assert len(sendable(visitor)) == 1
    visitor.get("/account/confirm", to="username")
    visitor.press(current_password=PASSWORD)
    assert all("987" not in label for label in options(visitor))
    stranger = service.visitor()
    stranger.get("/login", to="account")
    stranger.press(username=OTHER, password=PASSWORD)
    assert stranger.faults == ["password"]
    stranger.get("/recover")
    stranger.press(identifier="RSSMRA80D52H501K")
    assert "43" not in "".join(options(stranger))


# --- G6: the old number -----------------------------------------------------------------------------------


def with_mobile(service: InProcess) -> None:
    """Her number on file is the one that confirms."""
    visitor = signed_in(service)
    typed(service, visitor, MOBILE)
    visitor.press(code=service.code_for(MOBILE))
    service.clock.move(HOUR)


def test_g6_the_old_number_stays_until_the_new_one_is_good(service: InProcess) -> None:
    with_mobile(service)
    visitor = signed_in(service)
    pending(service, visitor)
    visitor.get("/account")
    assert "333 123 4501" in visitor.last.text
    service.clock.move(301)
    visitor.get("/account/confirm", to="mobile")
    assert len(sendable(visitor)) == 2
    service.clock.move(HOLD)
    assert making_good.mature(service.idp, service.clock.now()) == 1
    assert proven_mobiles(service) == 1
    visitor = signed_in(service)
    assert "333 987 6543" in visitor.last.text.split("contacts", 1)[0]


def test_g6_a_number_reported_lost_gets_no_codes_at_once_but_is_told(service: InProcess) -> None:
    with_mobile(service)
    visitor = signed_in(service)
    typed(service, visitor, old_lost="yes")
    assert proven_mobiles(service) == 1
    visitor.press(code=service.code_for(OTHER))
    assert proven_mobiles(service) == 0
    # Whoever says so falsely must not silence the owner.
    assert MOBILE in sent(service, "mobile_pending")
    visitor.get("/account")
    assert "non riceve codici" in visitor.last.text
    service.clock.move(301)
    visitor.get("/account/confirm", to="mobile")
    assert len(sendable(visitor)) == 1


# --- G7: one press cancels --------------------------------------------------------------------------------


def test_g7_opening_the_link_changes_nothing_and_pressing_does(service: InProcess) -> None:
    visitor = signed_in(service)
    pending(service, visitor)
    owner = service.visitor()
    link = link_of(service)
    for method in ("GET", "HEAD"):
        owner.fetch(method, link)
        assert owner.last.status_code == 303
        assert link.rpartition("/")[2] not in owner.location
    owner.get(link)
    assert (owner.page, owner.at, state(service)) == ("mobile-cancel", "/account/cancel", "pending")
    assert "9876543" not in owner.last.text.replace(" ", "")
    owner.press(confirm="yes")
    assert (owner.page, state(service)) == ("mobile-cancelled", "cancelled")
    assert sent(service, "mobile_cancelled") == sorted([EMAIL, MOBILE])
    owner.get("/account")
    assert owner.page == "login"


def test_g7_any_open_session_cancels_by_one_press(service: InProcess) -> None:
    other = signed_in(service)
    visitor = signed_in(service)
    pending(service, visitor)
    service.clock.move(HOUR // 4)
    other.get("/account")
    other.press(cancel="yes")
    assert (other.at, state(service)) == ("/account?done=mobile-cancelled", "cancelled")
    assert 'id="change-under-way"' not in other.last.text


def test_g7_what_was_added_since_goes_too_and_a_lost_number_is_found(service: InProcess) -> None:
    with_mobile(service)
    visitor = signed_in(service)
    pending(service, visitor, old_lost="yes")
    service.clock.move(60)
    prove(service, "ladro@posta.example")
    assert cancelling.cancel_by_link(service.idp, None, now=service.clock.now()) is False
    owner = service.visitor()
    owner.get(link_of(service))
    owner.press(confirm="yes")
    assert owner.page == "mobile-cancelled"
    assert rows(service, "SELECT count(*) FROM proven_contacts") == 2
    assert proven_mobiles(service) == 1


# --- G8 to G9: it is made good ----------------------------------------------------------------------------


def test_g8_after_48_hours_it_confirms_and_everybody_is_told(service: InProcess) -> None:
    visitor = signed_in(service)
    pending(service, visitor)
    service.clock.move(HOLD - 1)
    assert making_good.mature(service.idp, service.clock.now()) == 0
    service.clock.move(1)
    assert making_good.mature(service.idp, service.clock.now()) == 1
    assert making_good.mature(service.idp, service.clock.now()) == 0
    assert (state(service), proven_mobiles(service)) == ("confirmed", 1)
    assert value(service, "SELECT source FROM proven_contacts WHERE kind = 'mobile'") == "customer"
    assert sent(service, "mobile_confirmed") == sorted([EMAIL, MOBILE, OTHER])
    visitor = signed_in(service)
    visitor.get("/account/mobile")
    assert len(sendable(visitor)) == 2


def test_g8_a_number_at_a_locked_account_never_becomes_good(service: InProcess) -> None:
    visitor = signed_in(service)
    pending(service, visitor)
    people.lock(service.idp, EMAIL, now=service.clock.now())
    service.clock.move(HOLD)
    assert making_good.mature(service.idp, service.clock.now()) == 0
    assert (state(service), proven_mobiles(service)) == ("cancelled", 0)


def test_g9_an_admin_confirms_at_once(service: InProcess) -> None:
    visitor = signed_in(service)
    pending(service, visitor)
    assert isinstance(people.confirm_mobile(service.idp, EMAIL, now=service.clock.now()), people.Done)
    assert (state(service), proven_mobiles(service)) == ("confirmed", 1)
    assert value(service, "SELECT confirmed_by FROM mobile_changes") == "admin"


def test_g9_an_activation_code_confirms_at_once_and_is_used_up(service: InProcess) -> None:
    visitor = signed_in(service)
    pending(service, visitor)
    code = issued(service)
    visitor.get("/account/mobile/confirm")
    assert visitor.page == "mobile-confirm"
    visitor.press(activation_code="no-code")
    assert visitor.faults == ["activation_code"]
    visitor.press(activation_code=code.lower())
    assert (visitor.at, state(service)) == ("/account?done=mobile-confirmed", "confirmed")
    assert value(service, "SELECT confirmed_by FROM mobile_changes") == "activation"
    assert rows(service, "SELECT count(*) FROM activation_codes WHERE used_at IS NOT NULL") == 1


def test_g9_the_next_import_with_the_number_confirms_it(service_on_both: InProcess, tmp_path: Path) -> None:
    service = service_on_both
    service.register(service.visitor())
    service.clock.move(HOUR)
    pending(service, signed_in(service))
    life.imports(service, tmp_path, mobiles=f"{MOBILE}|{OTHER}")
    assert (state(service), proven_mobiles(service)) == ("confirmed", 1)
    assert value(service, "SELECT confirmed_by FROM mobile_changes") == "registry"


# --- G10: whose number it may be --------------------------------------------------------------------------


def test_g10_a_number_is_the_mobile_of_three_customers_at_most(
    service_folder: Path, prepared_sqlite_url: str
) -> None:
    settings = settings_for(service_folder, prepared_sqlite_url, limits={"customers_per_mobile": 1})
    service = open_in_process(settings)
    luca = "+393471234502"
    service.register(service.visitor())
    service.register(service.visitor(), luca, given_name="Luca", family_name="Verdi")
    service.clock.move(HOUR)
    pending(service, signed_in(service))
    visitor = signed_in(service, luca)
    visitor.get("/account/mobile")
    visitor.press()
    visitor.press(code=service.code_for(luca))
    visitor.press(mobile=OTHER)
    # Nothing is told before the number is proven to be his as well.
    assert visitor.page == "mobile-verify"
    service.clock.move(61)
    visitor.press(code=service.code_for(OTHER))
    assert (visitor.page, visitor.faults) == ("mobile", ["mobile"])
    assert rows(service, "SELECT count(*) FROM mobile_changes WHERE state = 'pending'") == 1
    assert rows(service, "SELECT count(*) FROM mobile_changes WHERE state = 'cancelled'") == 1
    service.idp.database.engine.dispose()


def test_g10_another_customers_number_waits_and_tells_nobody_whose_it_is(service: InProcess) -> None:
    visitor = signed_in(service)
    pending(service, visitor, "+393471234502")
    assert state(service) == "pending"


def test_g_every_letter_goes_out_once(service: InProcess) -> None:
    visitor = signed_in(service)
    pending(service, visitor)
    letters = Counter((m["to"], m["purpose"]) for m in service.post() if "pending" in m["purpose"])
    assert set(letters.values()) == {1}


def test_g_nothing_of_it_changes_what_the_portal_is_told_before_it_is_good(service: InProcess) -> None:
    visitor = signed_in(service)
    pending(service, visitor)
    party = portal(service)
    claims = party.userinfo(party.tokens(visitor, scope="openid phone")["access_token"]).get_json()
    assert claims.get("phone_number") != OTHER
