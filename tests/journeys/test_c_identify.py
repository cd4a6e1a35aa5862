"""Journey C over HTTP: whoever is not recognised identifies themselves by tax code or VAT number."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stdnum.it import codicefiscale

from idp.flows import cases
from tests.journeys.identify_walks import (
    CODES,
    IDENTIFY,
    NOBODY,
    choose,
    identified,
    masks,
    options,
    reasons,
    registered,
    sent,
    to_verify,
)
from tests.service.in_process import PASSWORD, InProcess, open_in_process, settings_for
from tests.service.relying_party import answer_of, portal
from tests.service.visitor import Visitor

EMAIL, MOBILE = "m•••••@•••••", "+39 ••• ••• ••01"


@pytest.fixture
def service(clean_service: InProcess) -> InProcess:
    """The service, with nobody registered."""
    return clean_service


@pytest.fixture
def set_otherwise(service_folder: Path, prepared_sqlite_url: str) -> Iterator[Any]:
    """Opens the service with other settings of registration."""
    opened: list[InProcess] = []

    def open_with(**registration: Any) -> InProcess:
        settings = settings_for(service_folder, prepared_sqlite_url, registration=registration)
        opened.append(open_in_process(settings))
        return opened[-1]

    yield open_with
    for each in opened:
        each.idp.database.engine.dispose()


def mismatched(service: InProcess, **typed: str) -> Visitor:
    """In front of the code of a registration whose name is wrong."""
    visitor = service.visitor()
    visitor.get("/register")
    visitor.press(profile="person")
    data = {"given_name": "Marta", "family_name": "Rossi", "username": "maria.rossi@posta.example"}
    visitor.press(**{**data, **typed}, accept_terms="yes")
    visitor.press(new_password=PASSWORD)
    assert visitor.page == "register-verify", (visitor.page, visitor.faults)
    return visitor


# --- C1 -------------------------------------------------------------------------------------------------


def test_c1_the_page_of_the_code_leads_to_identification(service: InProcess) -> None:
    visitor = mismatched(service)
    assert 'id="not-recognised" href="/register/identify"' in visitor.last.text
    visitor.get(IDENTIFY)
    assert visitor.page == "register-identify"


def test_c1_where_the_setting_says_so_the_page_tells_and_leads_on(set_otherwise: Any) -> None:
    service = set_otherwise(mismatch="explicit")
    visitor = service.visitor()
    visitor.get("/register")
    visitor.press(profile="person")
    visitor.press(
        given_name="Marta", family_name="Rossi", username="maria.rossi@posta.example", accept_terms="yes"
    )
    assert (visitor.page, visitor.faults) == ("register-data", ["page"])
    assert 'id="not-recognised"' in visitor.last.text
    visitor.get(IDENTIFY)
    visitor.press(identifier=CODES["C100001"])
    choose(visitor, EMAIL)
    visitor.press(new_password=PASSWORD)
    visitor.press(code=service.code_for("maria.rossi@posta.example"))
    assert visitor.page == "register-done"
    assert registered(service) == [("C100001", "contact")]


# --- C2 -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("identifier", "said"),
    [
        ("", "Scrivi"),
        ("RSSMRA80D52H501", "cifre"),
        ("1234501058", "cifre"),
        ("RSSMRA80D52H501A", "carattere"),
        ("12345010587", "carattere"),
        ("RSSMRA80Z52H501K", "caratter"),
        ("x" * 65, ""),
    ],
)
def test_c2_a_malformed_code_is_refused_at_once_with_the_reason(
    service: InProcess, identifier: str, said: str
) -> None:
    visitor = service.visitor()
    visitor.get(IDENTIFY)
    visitor.press(identifier=identifier)
    assert (visitor.page, visitor.faults) == ("register-identify", ["identifier"])
    assert said in visitor.last.text
    assert reasons(service) == []


@pytest.mark.parametrize(
    "spelling", ["rssmra80d52h501k", "RSS MRA 80D52 H501K", " RSSMRA80D52H501K ", "RSS-MRA-80D52-H501K"]
)
def test_c2_any_spelling_of_it_does(service: InProcess, spelling: str) -> None:
    assert masks(identified(service, spelling)) == [EMAIL, MOBILE]


def test_c2_whoever_comes_without_data_accepts_the_terms_by_going_on(service: InProcess) -> None:
    visitor = service.visitor()
    visitor.get(IDENTIFY)
    assert 'id="terms"' in visitor.last.text
    visitor = to_verify(service, CODES["C100001"], MOBILE)
    visitor.press(code=service.code_for("+393331234501"))
    with service.idp.reading() as tx:
        row = tx.exec_driver_sql(
            "SELECT terms_version, terms_accepted_at, terms_language FROM accounts"
        ).one()
    assert tuple(row) == (service.idp.settings.brand.terms_version, service.clock.now(), "it")
    after_data = mismatched(service)
    after_data.get(IDENTIFY)
    assert 'id="terms"' not in after_data.last.text


def test_c2_the_birth_date_is_asked_where_the_setting_says_so(set_otherwise: Any) -> None:
    service = set_otherwise(ask_birth_date=True)
    visitor = service.visitor()
    visitor.get(IDENTIFY)
    visitor.press(identifier=CODES["C100001"])
    assert (visitor.page, visitor.faults) == ("register-identify", ["birth_date"])
    visitor.press(identifier=CODES["C100001"], birth_date="31/02/1980")
    assert visitor.faults == ["birth_date"]
    visitor.press(identifier=CODES["C100001"], birth_date="12/04/1980")
    assert masks(visitor) == [EMAIL, MOBILE]
    stranger = service.visitor()
    stranger.get(IDENTIFY)
    stranger.press(identifier=CODES["C100001"], birth_date="13/04/1980")
    assert stranger.page == "register-contacts"
    choose(stranger, masks(stranger)[0])
    stranger.press(new_password=PASSWORD)
    assert stranger.page == "register-verify"
    assert sent(service) == []


# --- C3 -------------------------------------------------------------------------------------------------


def test_c3_the_contacts_on_file_are_masked_in_fixed_length(service: InProcess) -> None:
    visitor = identified(service, CODES["C100001"])
    assert masks(visitor) == [EMAIL, MOBILE]
    for hidden in ("rossi", "posta.example", "1234501"):
        assert hidden not in visitor.last.text


def test_c3_the_chosen_contact_becomes_the_username_and_gets_the_code(service: InProcess) -> None:
    visitor = to_verify(service, CODES["C100001"], MOBILE)
    assert sent(service)[0] == ("+393331234501", "registration_code")
    visitor.press(code=service.code_for("+393331234501"))
    assert visitor.page == "register-done"
    assert "+39 333 123 4501" in visitor.last.text
    assert registered(service) == [("C100001", "contact")]


def test_c3_one_of_the_shown_ones_must_be_chosen(service: InProcess) -> None:
    visitor = identified(service, CODES["C100001"])
    visitor.press()
    assert (visitor.page, visitor.faults) == ("register-contacts", ["contact"])
    for handle in ("nothing", "maria.rossi@posta.example", "0", options(visitor)[0][0] + "x"):
        visitor.press(contact=handle)
        assert (visitor.page, visitor.faults) == ("register-contacts", ["contact"])
    assert sent(service) == []


def test_c3_ones_own_username_stays_on_the_list(service: InProcess) -> None:
    before = masks(identified(service, CODES["C100001"]))
    service.register(service.visitor())
    assert masks(identified(service, CODES["C100001"])) == before


def test_c3_whoever_registered_before_is_told_by_the_contact_alone(service: InProcess) -> None:
    service.register(service.visitor())
    visitor = to_verify(service, CODES["C100001"], MOBILE)
    # Beside the notices of the account.
    assert ("+393331234501", "registration_already_registered") in sent(service)
    assert "already_registered" in reasons(service)
    visitor.press(code="123456")
    assert (visitor.page, visitor.faults) == ("register-verify", ["code"])
    assert len(registered(service)) == 1


def test_c3_another_contact_can_be_chosen_after_the_first(service: InProcess) -> None:
    visitor = to_verify(service, CODES["C100001"], EMAIL)
    old = service.code_for("maria.rossi@posta.example")
    assert 'id="not-recognised" href="/register/contacts"' in visitor.last.text
    visitor.get("/register/contacts")
    choose(visitor, MOBILE)
    assert visitor.page == "register-verify"
    visitor.press(code=old)
    assert visitor.faults == ["code"]
    visitor.press(code=service.code_for("+393331234501"))
    assert visitor.page == "register-done"
    assert "+39 333 123 4501" in visitor.last.text


def test_c3_choosing_the_same_again_sends_nothing_before_its_time(service: InProcess) -> None:
    visitor = to_verify(service, CODES["C100001"], EMAIL)
    for _ in range(3):
        visitor.get("/register/contacts")
        choose(visitor, EMAIL)
        assert visitor.page == "register-verify"
    assert len(sent(service)) == 1
    visitor.press(code=service.code_for("maria.rossi@posta.example"))
    assert visitor.page == "register-done"


def test_c3_another_identifier_shows_its_own_contacts(service: InProcess) -> None:
    visitor = identified(service, CODES["C100001"])
    handle = options(visitor)[0][0]
    visitor.get(IDENTIFY)
    visitor.press(identifier=CODES["C100002"])
    assert masks(visitor) == ["g•••••@•••••"]
    visitor.press(contact=handle)
    assert visitor.faults == ["contact"]


def test_c3_an_answer_counts_only_while_the_registry_agrees(service: InProcess) -> None:
    visitor = to_verify(service, CODES["C100002"])
    code = service.code_for("giovanni.bianchi@posta.example")
    service.clock.move(60)
    other = to_verify(service, CODES["C100002"])
    other.press(code=service.code_for("giovanni.bianchi@posta.example"))
    assert other.page == "register-done"
    visitor.press(code=code)
    assert (visitor.page, visitor.faults) == ("register-verify", ["code"])
    assert registered(service) == [("C100002", "contact")]


def test_c3_nothing_is_sent_before_a_contact_is_chosen(service: InProcess) -> None:
    visitor = identified(service, CODES["C100001"])
    visitor.get("/register/password")
    assert visitor.page == "register-contacts"
    visitor.get("/register/verify")
    assert visitor.page == "register-contacts"
    assert sent(service) == []


# --- C4 -------------------------------------------------------------------------------------------------


def test_c4_a_password_chosen_in_this_browser_is_kept(service: InProcess) -> None:
    visitor = mismatched(service)
    visitor.get(IDENTIFY)
    visitor.press(identifier=CODES["C100001"])
    choose(visitor, EMAIL)
    assert visitor.page == "register-verify"
    visitor.press(code=service.code_for("maria.rossi@posta.example"))
    assert visitor.page == "register-done"
    party = portal(service)
    stranger = service.visitor()
    party.ask(stranger)
    stranger.press(username="maria.rossi@posta.example", password=PASSWORD)
    assert answer_of(stranger)["code"]


def test_c4_else_one_is_chosen_and_may_not_hold_the_tax_code(service: InProcess) -> None:
    visitor = identified(service, CODES["C100001"])
    choose(visitor, EMAIL)
    assert visitor.page == "register-password"
    visitor.press(new_password="aRSSMRA80D52H5")
    assert (visitor.page, visitor.faults) == ("register-password", ["new_password"])


def test_c4_the_customer_ends_where_they_came_from(service: InProcess) -> None:
    party, visitor = portal(service), service.visitor()
    party.ask(visitor, prompt="create")
    waiting = visitor.at.partition("?")[2]
    visitor.get(f"{IDENTIFY}?{waiting}")
    visitor.press(identifier=CODES["C100001"])
    choose(visitor, EMAIL)
    visitor.press(new_password=PASSWORD)
    visitor.press(code=service.code_for("maria.rossi@posta.example"))
    visitor.press()
    assert answer_of(visitor)["code"]


def test_c4_the_data_typed_before_do_not_count_any_more(service: InProcess) -> None:
    visitor = mismatched(service, username="+393331234501")
    old = sent(service)
    visitor.get(IDENTIFY)
    visitor.press(identifier=CODES["C100001"])
    choose(visitor, MOBILE)
    # The same contact, and yet another message: the first one had no code that could be right.
    assert [purpose for _, purpose in sent(service)] == ["registration_code", *[p for _, p in old]]
    visitor.press(code=service.code_for("+393331234501"))
    assert visitor.page == "register-done"


# --- C5 -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("button", "page"), [("none-of-these", "register-none"), ("collective", "register-collective")]
)
@pytest.mark.parametrize("identifier", [CODES["C100001"], NOBODY])
def test_c5_who_can_choose_none_is_told_where_help_is(
    service: InProcess, button: str, page: str, identifier: str
) -> None:
    visitor = identified(service, identifier)
    visitor.press(**{button: "yes"})
    assert visitor.page == page
    assert 'id="activate" href="/register/activate"' in visitor.last.text
    assert sent(service) == []
    number = case_of(service)
    assert number in visitor.last.text
    view = cases.case(service.idp, number.lower().replace("-", ""), now=service.clock.now())
    assert view is not None
    assert view.history[-1].reason == button.replace("-", "_")


def test_c5_the_company_page_leads_to_the_help_that_is_set(set_otherwise: Any) -> None:
    service = set_otherwise(help_url="https://insurer.example/polizze-collettive")
    visitor = identified(service, CODES["C100020"])
    visitor.press(collective="yes")
    assert "https://insurer.example/polizze-collettive" in visitor.last.text


def test_c5_members_register_like_anyone_where_the_setting_says_so(set_otherwise: Any) -> None:
    service = set_otherwise(collective="allow")
    visitor = to_verify(service, CODES["C100020"])
    visitor.press(code=service.code_for("sara.colombo@azienda.example"))
    assert registered(service) == [("C100020", "contact")]


def test_c5_the_help_pages_are_there_for_whoever_began_nothing(service: InProcess) -> None:
    for path, page in (("/register/none", "register-none"), ("/register/collective", "register-collective")):
        visitor = service.visitor()
        visitor.get(path)
        assert (visitor.last.status_code, visitor.page) == (200, page)


# --- cases ----------------------------------------------------------------------------------------------


def case_of(service: InProcess) -> str:
    with service.idp.reading() as tx:
        found = tx.exec_driver_sql(
            "SELECT case_number FROM enrolments ORDER BY created_at DESC, id"
        ).scalars()
        return str(found.first())


@pytest.mark.parametrize(
    ("customer", "reason"),
    [
        ("C100022", "nothing_offered"),
        ("C100025", "nothing_offered"),
        ("C100027", "deceased"),
        ("C100028", "under_age"),
        (NOBODY, "unknown_identifier"),
    ],
)
def test_a_case_tells_the_help_desk_why_and_what_to_say(
    service: InProcess, customer: str, reason: str
) -> None:
    identified(service, CODES.get(customer, customer))
    view = cases.case(service.idp, case_of(service), now=service.clock.now())
    assert view is not None
    assert (view.journey, view.state, view.reason) == ("registration", "under_way", reason)
    assert view.advice
    to_verify(service, CODES.get(customer, customer))
    assert sorted(map(str, reasons(service))) == sorted(["none_chosen", reason])


def test_a_case_outlives_its_enrolment_in_the_trail(service: InProcess) -> None:
    to_verify(service, CODES["C100020"])
    number = case_of(service)
    during = cases.case(service.idp, number, now=service.clock.now())
    with service.idp.writing() as tx:
        tx.exec_driver_sql("DELETE FROM challenges")
        tx.exec_driver_sql("DELETE FROM enrolments")
    after = cases.case(service.idp, number, now=service.clock.now())
    assert during is not None
    assert after is not None
    assert (during.state, after.state) == ("under_way", "expired")
    assert during.reason == after.reason == "collective_policy"
    assert during.history == after.history
    assert [event.name for event in after.history] == [
        "registration_identified",
        "registration_not_matched",
    ]


def test_a_case_never_shows_what_was_typed(service: InProcess) -> None:
    visitor = mismatched(service, given_name="Sconosciuta")
    visitor.get(IDENTIFY)
    visitor.press(identifier=CODES["C100001"])
    shown = repr(cases.case(service.idp, case_of(service), now=service.clock.now()))
    for typed in ("Sconosciuta", "Rossi", "maria.rossi", CODES["C100001"], "C100001"):
        assert typed not in shown


def test_a_completed_case_and_one_of_nobodys(service: InProcess) -> None:
    visitor = to_verify(service, CODES["C100001"], EMAIL)
    number = case_of(service)
    visitor.press(code=service.code_for("maria.rossi@posta.example"))
    view = cases.case(service.idp, number, now=service.clock.now())
    assert view is not None
    assert (view.state, view.reason) == ("completed", None)
    for unknown in ("", "7K2", "ZZZ-ZZZ", "%%%-%%%", "7K2-4QF-7K2"):
        assert cases.case(service.idp, unknown, now=service.clock.now()) is None


def test_a_case_that_ended_by_itself_says_so(service: InProcess) -> None:
    to_verify(service, CODES["C100001"], EMAIL)
    number = case_of(service)
    view = cases.case(service.idp, number, now=service.clock.now() + 86401)
    assert view is not None
    assert (view.state, view.reason) == ("expired", None)
    assert "in time" in view.advice


# --- the demo's traps -----------------------------------------------------------------------------------


@pytest.mark.parametrize("customer", ["C100016", "C100022", "C100025", "C100027", "C100028"])
def test_who_has_nothing_to_offer_gets_decoys_and_no_message(service: InProcess, customer: str) -> None:
    visitor = to_verify(service, CODES[customer])
    assert sent(service) == []
    for code in ("000000", "123456"):
        visitor.press(code=code)
        assert visitor.faults == ["code"]
    assert registered(service) == []


@pytest.mark.parametrize(
    ("customer", "shown", "contact"),
    [
        ("C100017", ["+39 ••• ••• ••15"], "+393891234515"),
        ("C100018", ["o•••••@•••••", "+39 ••• ••• ••16"], "olena.k@posta.example"),
        ("C100019", ["m•••••@•••••", "+39 ••• ••• ••17"], "marco.marino@posta.example"),
        ("C100021", ["+39 ••• ••• ••18"], "+393311234518"),
        ("C100029", ["+•• ••• ••• ••78"], "+4915112345678"),
    ],
)
def test_own_unshared_contacts_are_offered_and_lead_to_an_account(
    service: InProcess, customer: str, shown: list[str], contact: str
) -> None:
    visitor = identified(service, CODES[customer])
    assert masks(visitor) == shown
    visitor = to_verify(service, CODES[customer])
    visitor.press(code=service.code_for(contact))
    assert visitor.page == "register-done"
    assert registered(service) == [(customer, "contact")]


def test_c100019_the_plain_code_finds_the_same_record(service: InProcess) -> None:
    plain = "MRNMRC82B02H501"
    other = identified(service, plain + codicefiscale.calc_check_digit(plain))
    assert masks(other) == masks(identified(service, CODES["C100019"]))


def test_c100020_a_member_of_a_collective_policy_is_told_by_email(service: InProcess) -> None:
    to_verify(service, CODES["C100020"])
    assert sent(service) == [("sara.colombo@azienda.example", "registration_collective_policy")]
    assert reasons(service) == ["collective_policy"]


def test_c100026_by_vat_number_and_c100001_by_tax_code_each_get_their_own(service: InProcess) -> None:
    by_vat = to_verify(service, CODES["C100026"], MOBILE)
    by_vat.press(code=service.code_for("+393331234501"))
    assert registered(service) == [("C100026", "contact")]
    visitor = to_verify(service, CODES["C100001"], EMAIL)
    visitor.press(code=service.code_for("maria.rossi@posta.example"))
    assert registered(service) == [("C100001", "contact"), ("C100026", "contact")]


def test_c100026_is_not_offered_what_c100001_registered_with(service: InProcess) -> None:
    service.register(service.visitor())
    assert masks(identified(service, CODES["C100026"])) == [MOBILE]


def test_c100026_is_meant_by_the_tax_code_of_whoever_chose_professional(service: InProcess) -> None:
    visitor = service.visitor()
    visitor.get("/register")
    visitor.press(profile="professional")
    visitor.press(
        given_name="Marta",
        family_name="Rossi",
        vat_number=CODES["C100026"],
        username="maria.rossi@posta.example",
        accept_terms="yes",
    )
    visitor.press(new_password=PASSWORD)
    visitor.get(IDENTIFY)
    visitor.press(identifier=CODES["C100001"])
    choose(visitor, EMAIL)
    visitor.press(code=service.code_for("maria.rossi@posta.example"))
    assert registered(service) == [("C100026", "contact")]


def test_a_company_and_a_professional_are_identified_too(service: InProcess) -> None:
    for customer, contact in (
        ("C100009", "amministrazione@officinebruno.example"),
        ("C100007", "studio@giuliaromano.example"),
    ):
        visitor = to_verify(service, CODES[customer])
        visitor.press(code=service.code_for(contact))
        assert visitor.page == "register-done"
    assert [number for number, _ in registered(service)] == ["C100007", "C100009"]
