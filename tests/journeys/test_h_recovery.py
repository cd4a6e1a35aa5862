"""Journey H over HTTP: forgotten credentials, step by step; no step can be skipped, forced or used twice."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from idp.values import parse_contact
from tests.journeys import identify_walks
from tests.journeys.recovery_walks import (
    EMAIL,
    MOBILE,
    NEW,
    NOBODY,
    RECOVERY,
    SESSION,
    TAX_CODE,
    activated,
    boxes,
    choose,
    confirm,
    issued,
    masks,
    options,
    proven,
    recover,
    rows,
    run,
    same_password,
    sent,
    signs_in,
    to_contacts,
    to_password,
    to_verify,
    value,
    wrong,
)
from tests.service.in_process import PASSWORD, InProcess, open_in_process, settings_for
from tests.service.relying_party import answer_of, portal
from tests.service.visitor import Visitor

DAY = 86400


@pytest.fixture
def service(clean_service: InProcess) -> InProcess:
    """The service, with Maria registered by email."""
    clean_service.register(clean_service.visitor("192.0.2.1"))
    clean_service.clock.move(3600)
    return clean_service


# --- H1: who it is --------------------------------------------------------------------------------------


def test_h1_the_sign_in_page_leads_to_recovery_and_recovery_back(service: InProcess) -> None:
    visitor = service.visitor()
    portal(service).ask(visitor)
    assert visitor.page == "login"
    interaction = visitor.at.partition("interaction=")[2]
    assert f'href="/recover?interaction={interaction}"' in visitor.last.text
    visitor.get("/recover", interaction=interaction)
    assert visitor.page == "recover"
    assert f'href="/login?interaction={interaction}"' in visitor.last.text


OMOCODIA = "RSSMRAULDRNHRLMR"
"""Hers with a letter for every digit that may be one."""


@pytest.mark.parametrize("spelling", [TAX_CODE, "rssmra80d52h501k", " RSS MRA 80D52 H501K ", OMOCODIA])
def test_h1_a_tax_code_in_any_spelling_finds_its_customer(service: InProcess, spelling: str) -> None:
    assert masks(to_contacts(service, spelling)) == [
        parse_contact(EMAIL).masked,
        parse_contact(MOBILE).masked,
    ]


def test_h1_a_vat_number_finds_its_company(service: InProcess) -> None:
    visitor = to_contacts(service, "12345030584")
    assert "a•••••@•••••" in masks(visitor)


@pytest.mark.parametrize("typed", ["", "1234", "RSSMRA80D52H501X", "12345030585", "x" * 500])
def test_h1_what_is_neither_is_refused_at_once(service: InProcess, typed: str) -> None:
    visitor = service.visitor()
    visitor.get("/recover")
    visitor.press(identifier=typed)
    assert (visitor.page, visitor.faults) == ("recover", ["identifier"])
    assert rows(service, "SELECT count(*) FROM recoveries") == 0


def test_h1_different_identifiers_are_counted_and_the_same_one_is_not(service: InProcess) -> None:
    visitor = service.visitor("192.0.2.55")
    codes = [TAX_CODE, NOBODY, "BNCGNN51P30F205X"]
    for code in (*codes, *codes, *codes):
        visitor.get("/recover")
        visitor.press(identifier=code)
        assert visitor.page == "recover-contacts"
    visitor.get("/recover")
    visitor.press(identifier="VRDLCU92A05L219P")
    assert (visitor.page, visitor.last.status_code) == ("recover", 429)
    assert int(visitor.last.headers["Retry-After"]) > 0


def test_h1_the_birth_date_is_asked_where_the_setting_says_so(
    service_folder: Path, prepared_sqlite_url: str
) -> None:
    settings = settings_for(service_folder, prepared_sqlite_url, registration={"ask_birth_date": True})
    service = open_in_process(settings)
    service.register(service.visitor())
    visitor = service.visitor()
    visitor.get("/recover")
    visitor.press(identifier=TAX_CODE)
    assert visitor.faults == ["birth_date"]
    visitor.press(identifier=TAX_CODE, birth_date="12/04/1980")
    choose(visitor, EMAIL)
    assert sent(service)[0] == (EMAIL, "recovery_code")
    other = service.visitor()
    other.get("/recover")
    other.press(identifier=TAX_CODE, birth_date="13/04/1980")
    assert other.page == "recover-contacts"
    assert rows(service, "SELECT count(*) FROM recoveries WHERE reason = 'unknown_identifier'") == 1
    service.idp.database.engine.dispose()


# --- H2: the contacts -----------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [*identify_walks.CODES.values(), NOBODY])
def test_h2_the_list_is_the_one_registration_shows(service: InProcess, code: str) -> None:
    assert masks(to_contacts(service, code)) == masks(identify_walks.identified(service, code))


def test_h2_a_contact_of_another_list_is_refused(service: InProcess) -> None:
    other = options(to_contacts(service))[0][0]
    visitor = to_contacts(service)
    for handle in (other, "x", EMAIL, "x" * 200):
        visitor.press(contact=handle)
        assert (visitor.page, visitor.faults) == ("recover-contacts", ["contact"])
    visitor.press()
    assert (visitor.page, visitor.faults) == ("recover-contacts", ["contact"])
    assert rows(service, "SELECT count(*) FROM challenges WHERE purpose = 'recovery'") == 0


# --- H3: the code ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("contact", [EMAIL, MOBILE])
def test_h3_the_code_goes_to_the_chosen_contact_and_to_no_other(service: InProcess, contact: str) -> None:
    before = len(service.post())
    to_verify(service, contact)
    new = service.post()[: len(service.post()) - before]
    assert [(m["to"], m["purpose"]) for m in new] == [(contact, "recovery_code")]
    assert new[0]["link"] is None


def test_h3_no_message_of_a_recovery_has_a_link(service: InProcess) -> None:
    confirm(service, MOBILE)
    visitor = proven(service, EMAIL)
    visitor.press(contact=options(visitor)[0][0])
    asking = [m for m in service.post() if m["purpose"] == "recovery_code"]
    assert [m["to"] for m in asking] == [MOBILE, EMAIL]
    for message in asking:
        assert message["link"] is None
        assert "http" not in message["text"]
    visitor.get("/recover/link/" + "k" * 43)
    assert visitor.last.status_code == 404


def test_h3_the_right_code_leads_on_and_signs_nobody_in(service: InProcess) -> None:
    visitor = proven(service)
    assert visitor.page == "recover-password"
    assert visitor.cookie(SESSION) is None
    assert same_password(service)


def test_h3_five_wrong_codes_end_it(service: InProcess) -> None:
    visitor = to_verify(service)
    code = service.code_for(EMAIL)
    for _ in range(5):
        visitor.press(code=wrong(code))
        assert (visitor.page, visitor.faults) == ("recover-verify", ["code"])
    visitor.press(code=code)
    assert (visitor.page, visitor.faults) == ("recover-verify", ["code"])


def test_h3_it_lives_for_ten_minutes(service: InProcess) -> None:
    visitor = to_verify(service)
    code = service.code_for(EMAIL)
    service.clock.move(601)
    visitor.press(code=code)
    assert (visitor.page, visitor.faults) == ("recover-verify", ["code"])
    late = to_verify(service)
    code = service.code_for(EMAIL)
    service.clock.move(599)
    late.press(code=code)
    assert late.page == "recover-password"


def test_h3_another_is_sent_after_a_minute_and_voids_the_one_before(service: InProcess) -> None:
    visitor = to_verify(service)
    first = service.code_for(EMAIL)
    visitor.press(resend="yes")
    assert (visitor.last.status_code, visitor.faults) == (429, ["page"])
    service.clock.move(61)
    visitor.press(resend="yes")
    assert (visitor.page, visitor.last.status_code) == ("recover-verify", 200)
    second = service.code_for(EMAIL)
    if first != second:
        visitor.press(code=first)
        assert visitor.faults == ["code"]
    visitor.press(code=second)
    assert visitor.page == "recover-password"


def test_h3_another_contact_is_chosen_at_once_and_voids_the_first_code(service: InProcess) -> None:
    visitor = to_verify(service, EMAIL)
    first = service.code_for(EMAIL)
    visitor.get("/recover/contacts")
    choose(visitor, MOBILE)
    assert visitor.page == "recover-verify"
    second = service.code_for(MOBILE)
    if first != second:
        visitor.press(code=first)
        assert visitor.faults == ["code"]
    visitor.press(code=second)
    assert visitor.page == "recover-second"


def test_h3_a_code_of_registration_recovers_nothing_and_the_other_way_round(service: InProcess) -> None:
    # Luca registers while somebody recovers with his number: each has a code of its own.
    luca = service.visitor()
    luca.get("/register")
    luca.press(profile="person")
    luca.press(given_name="Luca", family_name="Verdi", username="+393471234502", accept_terms="yes")
    luca.press(new_password=PASSWORD)
    code = service.code_for("+393471234502")
    visitor = to_verify(service, "+393471234502", "VRDLCU92A05L219P")
    visitor.press(code=code)
    assert visitor.faults == ["code"]


# --- H4: the second proof -------------------------------------------------------------------------------


def test_h4_who_confirmed_a_mobile_is_asked_for_it_after_the_email(service: InProcess) -> None:
    confirm(service, MOBILE)
    visitor = proven(service, EMAIL)
    assert visitor.page == "recover-second"
    assert masks(visitor) == ["+39 ••• ••• ••01"]
    before = len(service.post())
    visitor.get("/recover/second")
    assert len(service.post()) == before, "showing a page sends nothing"
    visitor.press(contact=options(visitor)[0][0])
    assert (visitor.page, sent(service)[0]) == ("recover-second", (MOBILE, "recovery_code"))
    code = service.code_for(MOBILE)
    visitor.press(code=wrong(code))
    assert (visitor.page, visitor.faults) == ("recover-second", ["code"])
    visitor.press(code=code)
    assert visitor.page == "recover-factors"


def test_h4_after_the_mobile_the_proven_email_is_asked_for(service: InProcess) -> None:
    visitor = proven(service, MOBILE)
    assert visitor.page == "recover-second"
    assert masks(visitor) == ["m•••••@•••••"]
    visitor.press(contact=options(visitor)[0][0])
    visitor.press(code=service.code_for(EMAIL))
    assert visitor.page == "recover-password"
    visitor.press(new_password=NEW)
    assert value(service, "SELECT limited_until FROM accounts") is None


def test_h4_the_first_code_does_not_do_for_the_second(service: InProcess) -> None:
    confirm(service, MOBILE)
    visitor = to_verify(service, EMAIL)
    first = service.code_for(EMAIL)
    visitor.press(code=first)
    visitor.press(contact=options(visitor)[0][0])
    second = service.code_for(MOBILE)
    if first != second:
        visitor.press(code=first)
        assert (visitor.page, visitor.faults) == ("recover-second", ["code"])


def test_h4_one_is_chosen_where_there_are_several_and_another_one_later(service: InProcess) -> None:
    confirm(service, MOBILE)
    confirm(service, "+393331234999", at=service.clock.now() - 10)
    visitor = proven(service, EMAIL)
    assert masks(visitor) == ["+39 ••• ••• ••99", "+39 ••• ••• ••01"]
    visitor.press(contact=options(visitor)[0][0])
    assert sent(service)[0][0] == "+393331234999"
    visitor.get("/recover/second", choose="again")
    visitor.press(contact=options(visitor)[1][0])
    assert sent(service)[0][0] == MOBILE
    visitor.press(code=service.code_for(MOBILE))
    assert visitor.page == "recover-factors"


def test_h4_another_second_code_is_sent_after_a_minute(service: InProcess) -> None:
    confirm(service, MOBILE)
    visitor = proven(service, EMAIL)
    visitor.press(contact=options(visitor)[0][0])
    visitor.press(resend="yes")
    assert (visitor.last.status_code, visitor.faults) == (429, ["page"])
    service.clock.move(61)
    visitor.press(resend="yes")
    assert visitor.last.status_code == 200
    visitor.press(code=service.code_for(MOBILE))
    assert visitor.page == "recover-factors"


def test_h4_a_mobile_reported_lost_is_not_asked_for(service: InProcess) -> None:
    confirm(service, MOBILE)
    run(service, f"UPDATE proven_contacts SET lost_at = {service.clock.now()} WHERE kind = 'mobile'")
    assert proven(service, EMAIL).page == "recover-factors"


def test_h4_another_contact_chosen_after_the_proof_is_to_be_proven_itself(service: InProcess) -> None:
    visitor = to_password(service, EMAIL)
    visitor.get("/recover/contacts")
    choose(visitor, MOBILE)
    assert visitor.page == "recover-verify"
    visitor.get("/recover/password")
    assert visitor.page == "recover-verify"


# --- H5: what stays -------------------------------------------------------------------------------------


def both_proven(service: InProcess) -> Visitor:
    confirm(service, MOBILE, at=service.clock.now() - 100 * DAY)
    confirm(service, "+393331234999", at=service.clock.now() - 10)
    visitor = proven(service, EMAIL)
    visitor.press(contact=options(visitor)[1][0])
    visitor.press(code=service.code_for("+393331234999"))
    assert visitor.page == "recover-factors"
    return visitor


def test_h5_what_was_just_used_is_ticked_and_the_date_added_is_shown(service: InProcess) -> None:
    visitor = both_proven(service)
    assert [ticked for _, ticked in boxes(visitor)] == [False, True]
    added = datetime.fromtimestamp(service.clock.now() - 100 * DAY, UTC)
    assert str(added.year) in visitor.last.text


def test_h5_what_is_not_ticked_goes_and_what_is_stays(service: InProcess) -> None:
    visitor = both_proven(service)
    kept = boxes(visitor)[1][0]
    visitor.press(**{kept: "yes"})
    assert visitor.page == "recover-password"
    assert rows(service, "SELECT count(*) FROM proven_contacts") == 3, "not before the password is set"
    visitor.press(new_password=NEW)
    left = service.idp.sealer.contact_index(parse_contact("+393331234999"))
    with service.idp.reading() as tx:
        indexes = set(
            tx.exec_driver_sql("SELECT contact_index FROM proven_contacts WHERE kind = 'mobile'").scalars()
        )
    assert indexes == {left}


def test_h5_going_back_to_it_says_it_anew(service: InProcess) -> None:
    visitor = both_proven(service)
    visitor.press(**{name: "yes" for name, _ in boxes(visitor)})
    assert visitor.page == "recover-password"
    visitor.get("/recover/factors")
    visitor.press()
    visitor.press(new_password=NEW)
    assert rows(service, "SELECT count(*) FROM proven_contacts WHERE kind = 'mobile'") == 0


def test_h5_boxes_of_nobody_keep_nothing(service: InProcess) -> None:
    visitor = both_proven(service)
    visitor.press(**{"keep_x": "yes", "keep_": "yes", f"keep_{MOBILE}": "yes"})
    assert visitor.page == "recover-password"
    visitor.press(new_password=NEW)
    assert rows(service, "SELECT count(*) FROM proven_contacts WHERE kind = 'mobile'") == 0


def test_h5_is_skipped_where_there_is_nothing_to_keep(service: InProcess) -> None:
    visitor = to_password(service)
    visitor.get("/recover/factors")
    assert visitor.page == "recover-password"


# --- H6: the new password -------------------------------------------------------------------------------


def test_h6_the_username_is_shown_and_the_password_set(service: InProcess) -> None:
    visitor = to_password(service)
    assert EMAIL in visitor.last.text.replace("<wbr>", "")
    visitor.press(new_password=NEW)
    assert visitor.page == "recover-done"
    assert EMAIL in visitor.last.text.replace("<wbr>", "")
    assert signs_in(service, NEW)
    assert not same_password(service)


def test_h6_the_sign_in_that_waits_has_the_username_filled_in(service: InProcess) -> None:
    party, visitor = portal(service), service.visitor()
    party.ask(visitor)
    waiting = visitor.at
    visitor.get(waiting.replace("/login", "/recover"))
    visitor.press(identifier=TAX_CODE)
    choose(visitor, EMAIL)
    visitor.press(code=service.code_for(EMAIL))
    visitor.press(new_password=NEW)
    assert visitor.page == "recover-done"
    visitor.press()
    assert (visitor.page, visitor.at) == ("login", waiting)
    assert f'value="{EMAIL}"' in visitor.last.text
    assert EMAIL not in visitor.at
    assert visitor.cookie(RECOVERY) is None, "said once"
    visitor.get(waiting)
    assert EMAIL not in visitor.last.text


@pytest.mark.parametrize(
    "password", ["", "Corta1", "tuttominuscolo1", "MariaMaria1", "Rossi1234x", "Anno1980xx", "Rssmra80d"]
)
def test_h6_the_rules_hold_and_know_the_account(service: InProcess, password: str) -> None:
    visitor = to_password(service)
    visitor.press(new_password=password)
    assert (visitor.page, visitor.faults) == ("recover-password", ["new_password"])
    assert same_password(service)


def test_h6_a_password_that_is_refused_costs_no_hash(service: InProcess) -> None:
    visitor = to_password(service)
    hashes = service.idp.hasher.hashes
    for _ in range(30):
        visitor.press(new_password="corta")
    assert service.idp.hasher.hashes == hashes


# --- H7: the end ----------------------------------------------------------------------------------------


def test_h7_it_signs_nobody_in_and_leads_to_the_sign_in_page_where_one_came_from(service: InProcess) -> None:
    party, visitor = portal(service), service.visitor()
    party.ask(visitor)
    interaction = visitor.at.partition("interaction=")[2]
    visitor.get("/recover", interaction=interaction)
    visitor.press(identifier=TAX_CODE)
    choose(visitor, EMAIL)
    visitor.press(code=service.code_for(EMAIL))
    visitor.press(new_password=NEW)
    assert visitor.page == "recover-done"
    assert visitor.cookie(SESSION) is None
    assert rows(service, "SELECT count(*) FROM sessions WHERE ended_at IS NULL") == 0
    visitor.press()
    assert visitor.page == "login"
    visitor.press(username=EMAIL, password=NEW)
    assert party.redeem(answer_of(visitor)["code"]).status_code == 200


def test_h7_whoever_came_by_themselves_goes_on_to_the_portal(
    service_folder: Path, prepared_sqlite_url: str
) -> None:
    area = "https://portal.insurer.example/area"
    settings = settings_for(service_folder, prepared_sqlite_url, brand={"portal_links": {"Area": area}})
    service = open_in_process(settings)
    service.register(service.visitor())
    visitor = recover(service)
    visitor.press()
    assert visitor.location == area
    assert visitor.cookie(RECOVERY) is None
    service.idp.database.engine.dispose()


def test_h7_every_own_contact_is_told(service: InProcess) -> None:
    recover(service)
    told = Counter(to for to, purpose in sent(service) if purpose == "credentials_recovered")
    assert told == {EMAIL: 1, MOBILE: 1}


def test_h7_a_shared_contact_is_not_told(service: InProcess) -> None:
    anna = "+393281234503"
    service.register(service.visitor(), anna, given_name="Anna", family_name="Esposito")
    service.clock.move(901)
    visitor = to_verify(service, anna, "SPSNNA75L61F839W")
    visitor.press(code=service.code_for(anna))
    # Born on her mobile: it is what she keeps or not.
    assert visitor.page == "recover-factors"
    visitor.press(**{boxes(visitor)[0][0]: "yes"})
    visitor.press(new_password=NEW)
    assert visitor.page == "recover-done"
    told = [to for to, purpose in sent(service) if purpose == "credentials_recovered"]
    assert told == [anna], "not the family's email"


def test_h7_going_back_after_the_end_leads_to_the_end(service: InProcess) -> None:
    visitor = recover(service)
    for path in ("contacts", "verify", "second", "factors", "password", "done"):
        visitor.get(f"/recover/{path}")
        assert visitor.page == "recover-done", path


def test_h7_a_form_sent_twice_comes_to_the_same(service: InProcess) -> None:
    visitor = to_password(service)
    form = {"csrf": visitor.csrf, "new_password": NEW}
    visitor.send("/recover/password", form)
    visitor.send("/recover/password", form)
    assert visitor.last.status_code == 303
    visitor.get(visitor.location)
    assert visitor.page == "recover-done"
    assert rows(service, "SELECT count(*) FROM audit_events WHERE name = 'recovery_completed'") == 1


def test_h7_what_was_offered_is_wiped(service: InProcess) -> None:
    recover(service)
    assert value(service, "SELECT length(sealed_offer) FROM recoveries") == 0


# --- H8: limited ----------------------------------------------------------------------------------------


def test_h8_without_a_second_proof_the_account_is_limited_for_a_day(service: InProcess) -> None:
    visitor = recover(service)
    assert value(service, "SELECT limited_until FROM accounts") == service.clock.now() + DAY
    assert visitor.last.text.count('class="notice plain"') == 1


def test_h8_with_one_it_is_not(service: InProcess) -> None:
    confirm(service, MOBILE)
    visitor = proven(service, EMAIL)
    visitor.press(contact=options(visitor)[0][0])
    visitor.press(code=service.code_for(MOBILE))
    visitor.press(**{boxes(visitor)[0][0]: "yes"})
    visitor.press(new_password=NEW)
    assert visitor.page == "recover-done"
    assert value(service, "SELECT limited_until FROM accounts") is None
    assert 'class="notice plain"' not in visitor.last.text


# --- H9: with an activation code ------------------------------------------------------------------------


def test_h9_an_activation_code_stands_for_both_proofs(service: InProcess) -> None:
    confirm(service, MOBILE)
    visitor = activated(service, issued(service))
    assert visitor.page == "recover-factors"
    assert [ticked for _, ticked in boxes(visitor)] == [False]
    visitor.press()
    assert visitor.page == "recover-password"
    visitor.press(new_password=NEW)
    assert visitor.page == "recover-done"
    assert value(service, "SELECT limited_until FROM accounts") is None
    assert signs_in(service, NEW)
    assert rows(service, "SELECT count(*) FROM activation_codes WHERE used_at IS NOT NULL") == 1


def test_h9_it_replaces_a_lost_second_factor(service: InProcess) -> None:
    confirm(service, MOBILE)
    visitor = proven(service, EMAIL)
    assert visitor.page == "recover-second"
    visitor.get("/recover/activate")
    visitor.press(identifier=TAX_CODE, activation_code=issued(service))
    assert visitor.page == "recover-factors"


def test_h9_it_is_used_up_by_the_password_and_once(service: InProcess) -> None:
    code = issued(service)
    first, second = activated(service, code), activated(service, code)
    first.press(new_password=NEW)
    assert first.page == "recover-done"
    second.press(new_password="Domani4giallo")
    assert second.page == "recover"
    assert signs_in(service, NEW)
    third = activated(service, code)
    assert (third.page, third.faults) == ("recover-activate", ["activation_code"])


def test_h9_a_wrong_one_of_another_or_of_another_time_is_refused(service: InProcess) -> None:
    code = issued(service)
    for identifier, typed in (
        (TAX_CODE, "0000-0000-0000-0000"),
        (NOBODY, code),
        ("VRDLCU92A05L219P", code),
        (TAX_CODE, "what"),
    ):
        visitor = activated(service, typed, identifier)
        assert (visitor.page, visitor.faults) == ("recover-activate", ["activation_code"])
    service.clock.move(7 * DAY)
    visitor = activated(service, code)
    assert (visitor.page, visitor.faults) == ("recover-activate", ["activation_code"])


def test_h9_whoever_never_registered_registers_with_it(service: InProcess) -> None:
    visitor = activated(service, issued(service, "C100003"), "VRDLCU92A05L219P")
    assert visitor.page == "register-activate"


# --- what recovers nothing ------------------------------------------------------------------------------


GIORGIA = {"given_name": "Giorgia", "family_name": "Leone"}
FRESH, OLD = "giorgia.leone+assicurazione@posta.example", "+393701234520"
CHANGED = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp())
"""The day on which C100024's email last changed; her number has stood for years."""


def giorgia(service: InProcess, seconds: int) -> Visitor:
    """Giorgia registered by her number, in front of the contacts so long after her email changed."""
    service.register(service.visitor(), OLD, **GIORGIA)
    service.clock.move(CHANGED + seconds - service.clock.now())
    return to_contacts(service, "LNEGRG01S51L424S")


def test_a_contact_of_this_week_gets_the_truth_and_no_code(service: InProcess) -> None:
    visitor = giorgia(service, 7 * DAY - 1)
    choose(visitor, FRESH)
    assert visitor.page == "recover-verify"
    assert sent(service)[0] == (FRESH, "recovery_fresh_contact")
    assert value(service, "SELECT code_mac FROM challenges WHERE purpose = 'recovery'") is None
    assert value(service, "SELECT reason FROM recoveries") == "fresh_contact"
    # The number beside it recovers.
    visitor.get("/recover/contacts")
    choose(visitor, OLD)
    visitor.press(code=service.code_for(OLD))
    assert visitor.page == "recover-factors"


def test_a_week_later_it_gets_a_code(service: InProcess) -> None:
    visitor = giorgia(service, 7 * DAY)
    choose(visitor, FRESH)
    visitor.press(code=service.code_for(FRESH))
    assert visitor.page == "recover-second"


def test_the_age_of_a_contact_is_a_setting(service_folder: Path, prepared_sqlite_url: str) -> None:
    settings = settings_for(service_folder, prepared_sqlite_url, recovery={"contact_age": 40 * DAY})
    service = open_in_process(settings)
    visitor = giorgia(service, 30 * DAY)
    choose(visitor, FRESH)
    assert sent(service)[0] == (FRESH, "recovery_fresh_contact")
    service.idp.database.engine.dispose()


def test_who_never_registered_is_told_so(service: InProcess) -> None:
    luca = "+393471234502"
    visitor = to_verify(service, luca, "VRDLCU92A05L219P")
    assert sent(service)[0] == (luca, "recovery_no_account")
    for code in ("000000", "123456"):
        visitor.press(code=code)
        assert visitor.faults == ["code"]


@pytest.mark.parametrize("code", [NOBODY, identify_walks.CODES["C100022"], identify_walks.CODES["C100027"]])
def test_nobody_gets_anything_for_a_decoy(service: InProcess, code: str) -> None:
    before = len(service.post())
    visitor = to_contacts(service, code)
    visitor.press(contact=options(visitor)[0][0])
    assert visitor.page == "recover-verify"
    assert len(service.post()) == before


def test_a_locked_account_recovers_nothing_and_nobody_is_told(service: InProcess) -> None:
    run(service, "UPDATE accounts SET state = 'locked'")
    before = len(service.post())
    assert masks(to_verify(service)) == []
    assert len(service.post()) == before
    assert activated(service, issued(service)).faults == ["activation_code"]


def test_an_account_locked_meanwhile_is_not_recovered(service: InProcess) -> None:
    visitor = to_password(service)
    run(service, "UPDATE accounts SET state = 'locked'")
    visitor.press(new_password=NEW)
    assert visitor.page == "recover"
    run(service, "UPDATE accounts SET state = 'active'")
    assert same_password(service)


def test_one_person_with_two_records_recovers_the_account_there_is(service: InProcess) -> None:
    # C100026 is the VAT record of C100001, with the same contacts; only C100001 is registered.
    visitor = to_contacts(service, "12345260587")
    assert parse_contact(EMAIL).masked not in masks(visitor), "the username of another customer"
    choose(visitor, MOBILE)
    assert sent(service)[0] == (MOBILE, "recovery_no_account")
    assert to_password(service, EMAIL).page == "recover-password"


# --- going back and on ----------------------------------------------------------------------------------


def test_back_loses_nothing(service: InProcess) -> None:
    visitor = to_verify(service)
    code = service.code_for(EMAIL)
    shown = visitor.last.text
    visitor.get("/recover/contacts")
    assert "checked" in visitor.last.text
    visitor.get("/recover")
    assert f'value="{TAX_CODE}"' in visitor.last.text
    visitor.press(identifier=TAX_CODE)
    assert "checked" in visitor.last.text
    visitor.get("/recover/verify")
    assert visitor.page == "recover-verify"
    assert ("expir" in shown) == ("expir" in visitor.last.text)
    visitor.press(code=code)
    assert visitor.page == "recover-password"


def test_another_identifier_begins_another_recovery(service: InProcess) -> None:
    visitor = to_password(service)
    visitor.get("/recover")
    visitor.press(identifier=NOBODY)
    assert visitor.page == "recover-contacts"
    visitor.get("/recover/password")
    assert visitor.page == "recover-contacts"


@pytest.mark.parametrize("path", ["contacts", "verify", "second", "factors", "password", "done"])
def test_a_step_without_those_before_it_leads_to_the_first(service: InProcess, path: str) -> None:
    visitor = service.visitor()
    visitor.get(f"/recover/{path}")
    assert visitor.page == "recover"
    csrf = visitor.csrf
    visitor.send(f"/recover/{path}", {"csrf": csrf})
    assert (visitor.last.status_code, visitor.location) == (303, "/recover")


def test_a_recovery_ends_after_half_an_hour(service: InProcess) -> None:
    visitor = to_password(service)
    service.clock.move(service.idp.settings.recovery.life)
    visitor.press(new_password=NEW)
    assert visitor.page == "recover"
    assert same_password(service)


def test_a_case_number_stands_on_the_pages_and_in_the_trail(service: InProcess) -> None:
    to_contacts(service, NOBODY)
    case = str(value(service, "SELECT case_number FROM recoveries"))
    details = str(value(service, "SELECT details FROM audit_events WHERE name = 'recovery_begun'"))
    assert case in details
    assert "unknown_identifier" in details


def test_well_known_change_password_leads_on(service: InProcess) -> None:
    visitor = service.visitor()
    visitor.fetch("GET", "/.well-known/change-password")
    assert visitor.last.status_code in (302, 303)
    assert visitor.location.endswith("/account/password")
