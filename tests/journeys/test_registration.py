"""Journey A over HTTP: a person registers, step by step, and no step can be skipped, forced or used twice."""

from pathlib import Path
from typing import Any

import pytest

from idp.accounts.enrolment import Typed
from idp.flows import register
from idp.values import Handle, parse_contact
from tests.service.in_process import PASSWORD, InProcess, folder_of, open_in_process, settings_for
from tests.service.relying_party import answer_of, portal
from tests.service.visitor import Visitor

EMAIL, MOBILE = "maria.rossi@posta.example", "+393331234501"
DATA = {"given_name": "Maria", "family_name": "Rossi", "username": EMAIL, "accept_terms": "yes"}
ENROLMENT = "idp_enrolment_8000"


@pytest.fixture
def service(clean_service: InProcess) -> InProcess:
    """The service, with nobody registered."""
    return clean_service


def to_data(service: InProcess) -> Visitor:
    visitor = service.visitor()
    visitor.get("/register")
    visitor.press(profile="person")
    return visitor


def to_password(service: InProcess, **typed: str) -> Visitor:
    visitor = to_data(service)
    visitor.press(**{**DATA, **typed})
    assert visitor.page == "register-password", visitor.faults
    return visitor


def to_verify(service: InProcess, **typed: str) -> Visitor:
    visitor = to_password(service, **typed)
    visitor.press(new_password=PASSWORD)
    assert visitor.page == "register-verify", visitor.faults
    return visitor


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def at_the_start_of_a(window: int, service: InProcess) -> None:
    """Counters live in fixed windows: begin with a new one of so many seconds."""
    service.clock.move(window - service.clock.now() % window)


def rows(service: InProcess, table: str) -> int:
    with service.idp.reading() as tx:
        return int(tx.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


# --- A1 to A4 -------------------------------------------------------------------------------------------


def test_a1_whoever_comes_without_a_relying_party_can_register_too(service: InProcess) -> None:
    visitor = service.visitor()
    service.register(visitor)
    visitor.press()
    assert visitor.page == "no-interaction"


def test_a1_whoever_came_by_themselves_goes_on_to_the_portal(
    service_folder: Path, prepared_sqlite_url: str
) -> None:
    area = "https://portal.insurer.example/area"
    settings = settings_for(service_folder, prepared_sqlite_url, brand={"portal_links": {"Area": area}})
    service = open_in_process(settings)
    visitor = service.visitor()
    service.register(visitor)
    assert (
        "form-action 'self' https://portal.insurer.example;"
        in visitor.last.headers["Content-Security-Policy"]
    )
    visitor.press()
    assert visitor.location == area
    service.idp.database.engine.dispose()


def test_the_issuer_itself_leads_to_the_portals(service: InProcess) -> None:
    visitor = service.visitor()
    visitor.get("/")
    assert (visitor.last.status_code, visitor.page) == (200, "no-interaction")


def test_a2_the_profile_is_chosen(service: InProcess) -> None:
    visitor = service.visitor()
    visitor.get("/register")
    assert visitor.page == "register-profile"
    for profile in ("", "nobody", "PERSON"):
        visitor.press(profile=profile)
        assert (visitor.page, visitor.faults) == ("register-profile", ["profile"])
    visitor.press(profile="person")
    assert visitor.page == "register-data"


@pytest.mark.parametrize("missing", ["given_name", "family_name", "username", "accept_terms"])
def test_a3_every_field_is_needed_and_the_others_are_kept(service: InProcess, missing: str) -> None:
    visitor = to_data(service)
    visitor.press(**{name: value for name, value in DATA.items() if name != missing})
    assert (visitor.page, visitor.faults) == ("register-data", [missing])
    for name, value in DATA.items():
        if name not in (missing, "accept_terms"):
            assert f'value="{value}"' in visitor.last.text
    assert rows(service, "enrolments") == 0


def test_a3_the_terms_are_kept_with_version_date_and_language(service: InProcess) -> None:
    service.register(service.visitor())
    with service.idp.reading() as tx:
        row = tx.exec_driver_sql(
            "SELECT terms_version, privacy_version, terms_accepted_at, terms_language FROM accounts"
        ).one()
    brand = service.idp.settings.brand
    assert tuple(row) == (brand.terms_version, brand.privacy_version, service.clock.now(), "it")


@pytest.mark.parametrize(
    "username", ["", "maria", "maria@", "@posta.example", "a@b@c", "06 5550 0101", "12", "+39 333"]
)
def test_a4_the_username_is_an_email_or_a_mobile(service: InProcess, username: str) -> None:
    visitor = to_data(service)
    visitor.press(**{**DATA, "username": username})
    assert (visitor.page, visitor.faults) == ("register-data", ["username"])


@pytest.mark.parametrize(
    "spelling",
    [
        "maria.rossi@posta.example",
        "  MARIA.ROSSI@POSTA.EXAMPLE ",
        "Maria.Rossi@Posta.Example",
        "3331234501",
        "333 123 4501",
        "333-123.4501",
        "+39 333 1234501",
        "0039 333 1234501",
    ],
)
def test_a4_any_spelling_of_it_does(service: InProcess, spelling: str) -> None:
    visitor = to_verify(service, username=spelling)
    visitor.press(code=service.code_for(parse_contact(spelling).text))
    assert visitor.page == "register-done"


def test_a7_going_back_after_the_end_leads_to_the_end_and_not_to_the_start(service: InProcess) -> None:
    visitor = service.visitor()
    service.register(visitor)
    for step in ("/register/verify", "/register/password"):
        visitor.get(step)
        assert visitor.page == "register-done"


# --- A5 the password ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "password",
    [
        "",
        "Corta7b",
        "Lunghissima7bluuu",
        "tramonto7blu",
        "TRAMONTO7BLU",
        "Tramontoblu",
        "Password1",
        "Maria7tramonto",
        "7Rossi7rossi",
        "maria.rossi7A",
        "AreaClienti1",
    ],
)
def test_a5_the_rules_hold_on_the_server(service: InProcess, password: str) -> None:
    visitor = to_password(service)
    visitor.press(new_password=password)
    assert (visitor.page, visitor.faults) == ("register-password", ["new_password"])
    assert password == "" or password not in visitor.last.text
    assert rows(service, "challenges") == 0


@pytest.mark.parametrize(
    "password", ["Tramonto7blu", "Mare 7 blu", "Pässwört7x!", "Blu🌊mare7Sole", "A1b2c3d4 e5f6g7h"]
)
def test_a5_symbols_spaces_and_other_scripts_are_welcome(service: InProcess, password: str) -> None:
    visitor = to_password(service)
    visitor.press(new_password=password)
    assert visitor.page == "register-verify", visitor.faults
    visitor.press(code=service.code_for(EMAIL))
    party, again = portal(service), service.visitor()
    party.ask(again)
    again.press(username=EMAIL, password=password.swapcase())
    assert again.faults == ["password"]
    again.press(username=EMAIL, password=password)
    assert "code" in answer_of(again)


@pytest.mark.parametrize("year", ["1980", "1951", "2005"])
@pytest.mark.parametrize("username", [EMAIL, "nobody@posta.example"])
def test_a5_no_year_of_birth_gets_in_whoever_it_is(service: InProcess, year: str, username: str) -> None:
    # Refused for Maria's own year alone, the page would say that she is a customer.
    visitor = to_password(service, username=username)
    visitor.press(new_password=f"Tramonto{year}")
    assert visitor.faults == ["new_password"]
    visitor.press(new_password="Tramonto2525")
    assert visitor.page == "register-verify"


def test_a5_it_is_no_credential_before_the_code_is_answered(service: InProcess) -> None:
    visitor = to_verify(service)
    party, thief = portal(service), service.visitor()
    party.ask(thief)
    thief.press(username=EMAIL, password=PASSWORD)
    assert thief.faults == ["password"]
    assert rows(service, "accounts") == rows(service, "sessions") == 0
    assert visitor.cookie("idp_session_8000") is None


# --- A6 the code ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("contact", "channel"), [(EMAIL, "email"), (MOBILE, "sms")])
def test_a6_code_goes_to_the_chosen_contact(service: InProcess, contact: str, channel: str) -> None:
    to_verify(service, username=contact)
    sent = service.post()
    assert [(m["to"], m["channel"], m["purpose"]) for m in sent] == [(contact, channel, "registration_code")]
    assert len(sent[0]["code"]) == 6


def test_a6_the_page_masks_the_contact_and_says_if(service: InProcess) -> None:
    visitor = to_verify(service)
    assert EMAIL not in visitor.last.text
    assert "m•••••@•••••" in visitor.last.text.replace("<wbr>", "")
    assert service.code_for(EMAIL) not in visitor.last.text


@pytest.mark.parametrize(
    "shape", ["{}", " {} ", "{0[0]}{0[1]}{0[2]} {0[3]}{0[4]}{0[5]}", "{0[0]}{0[1]}{0[2]}-{0[3]}{0[4]}{0[5]}"]
)
def test_a6_a_code_may_be_pasted_with_spaces_and_hyphens(service: InProcess, shape: str) -> None:
    visitor = to_verify(service)
    visitor.press(code=shape.format(service.code_for(EMAIL)))
    assert visitor.page == "register-done"


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "12 45", "１２３４５"])
def test_a6_what_is_no_code_costs_no_try(service: InProcess, code: str) -> None:
    visitor = to_verify(service)
    for _ in range(8):
        visitor.press(code=code)
        assert visitor.faults == ["code"]
    visitor.press(code=service.code_for(EMAIL))
    assert visitor.page == "register-done"


def test_a6_five_wrong_codes_end_it(service: InProcess) -> None:
    visitor = to_verify(service)
    code = service.code_for(EMAIL)
    for left in (4, 3, 2, 1):
        visitor.press(code=wrong(code))
        assert visitor.faults == ["code"]
        assert 'id="tries-left"' in visitor.last.text
        assert str(left) in visitor.last.text.partition('id="tries-left">')[2][:40] or left == 1
    visitor.press(code=wrong(code))
    assert 'id="code-life" data-seconds="0"' in visitor.last.text
    visitor.press(code=code)
    assert (visitor.page, visitor.faults) == ("register-verify", ["code"])
    assert rows(service, "accounts") == 0


@pytest.mark.parametrize(("seconds", "page"), [(599, "register-done"), (600, "register-verify")])
def test_a6_it_lives_for_ten_minutes(service: InProcess, seconds: int, page: str) -> None:
    visitor = to_verify(service)
    code = service.code_for(EMAIL)
    service.clock.move(seconds)
    visitor.press(code=code)
    assert visitor.page == page


def test_a6_another_is_sent_after_a_minute_and_voids_the_one_before(service: InProcess) -> None:
    visitor = to_verify(service)
    first = service.code_for(EMAIL)
    service.clock.move(59)
    visitor.press(resend="yes")
    assert (visitor.last.status_code, visitor.faults) == (429, ["page"])
    assert len(service.post()) == 1
    service.clock.move(1)
    visitor.press(resend="yes")
    assert (visitor.page, visitor.faults) == ("register-verify", [])
    second = service.code_for(EMAIL)
    assert len(service.post()) == 2
    if first != second:
        visitor.press(code=first)
        assert visitor.faults == ["code"]
    visitor.press(code=second)
    assert visitor.page == "register-done"


def test_a6_tries_are_counted_anew_with_a_new_code(service: InProcess) -> None:
    visitor = to_verify(service)
    code = service.code_for(EMAIL)
    for _ in range(5):
        visitor.press(code=wrong(code))
    service.clock.move(60)
    visitor.press(resend="yes")
    visitor.press(code=service.code_for(EMAIL))
    assert visitor.page == "register-done"


def test_a6_ten_wrong_codes_an_hour_slow_down_whatever_the_challenge(service: InProcess) -> None:
    at_the_start_of_a(3600, service)
    for _ in range(2):
        visitor = to_verify(service)
        code = service.code_for(EMAIL)
        for _ in range(5):
            visitor.press(code=wrong(code))
            assert visitor.last.status_code == 200
        service.clock.move(61)
    visitor = to_verify(service)
    visitor.press(code=service.code_for(EMAIL))
    assert (visitor.last.status_code, visitor.faults) == (429, ["page"])
    assert 0 < int(visitor.last.headers["Retry-After"]) <= 3600
    # Another contact of hers is not concerned.
    other = to_verify(service, username=MOBILE)
    other.press(code=service.code_for(MOBILE))
    assert other.page == "register-done"


def test_a6_few_codes_go_to_one_contact_however_asked_for(service: InProcess) -> None:
    at_the_start_of_a(900, service)
    for _ in range(3):
        to_verify(service)
        service.clock.move(61)
    limited = to_password(service)
    limited.press(new_password=PASSWORD)
    assert (limited.last.status_code, limited.faults) == (429, ["page"])
    assert "Retry-After" in limited.last.headers
    assert len(service.post()) == 3
    service.clock.move(900)
    limited.press(new_password=PASSWORD)
    assert limited.page == "register-verify"


def test_a6_at_most_ten_codes_a_day_go_to_one_contact(service: InProcess) -> None:
    at_the_start_of_a(86_400, service)
    sent = 0
    for _ in range(12):
        visitor = to_password(service)
        visitor.press(new_password=PASSWORD)
        sent += visitor.page == "register-verify"
        service.clock.move(901)
    assert sent == 10


def test_a6_looking_at_the_page_sends_nothing(service: InProcess) -> None:
    visitor = to_verify(service)
    for _ in range(3):
        service.clock.move(61)
        visitor.get("/register/verify")
        visitor.get("/register/verify", resend="yes")
        visitor.fetch("HEAD", "/register/verify")
    assert len(service.post()) == 1


def test_a6_a_code_works_only_in_the_browser_that_asked(service: InProcess) -> None:
    asked = to_verify(service)
    code = service.code_for(EMAIL)
    other = to_password(service, username=MOBILE)
    other.press(new_password=PASSWORD)
    other.press(code=code)
    assert (other.page, other.faults) == ("register-verify", ["code"])
    nobody = service.visitor()
    nobody.get("/register/verify")
    assert nobody.page == "register-profile"
    nobody.send("/register/verify", {"csrf": nobody.csrf, "code": code})
    nobody.get(nobody.location)
    assert nobody.page == "register-profile"
    asked.press(code=code)
    assert asked.page == "register-done"


def test_a6_a_used_code_is_used(service: InProcess) -> None:
    visitor = to_verify(service)
    handle = visitor.cookie(ENROLMENT)
    assert handle is not None
    code = service.code_for(EMAIL)
    visitor.press(code=code)
    assert visitor.cookie(ENROLMENT) is None
    replay = service.visitor()
    replay.get("/register")
    replay.set_cookie(ENROLMENT, handle)
    replay.send("/register/verify", {"csrf": replay.csrf, "code": code})
    replay.get(replay.location)
    assert replay.page == "register-profile"
    assert rows(service, "accounts") == rows(service, "sessions") == 1


# --- A7 done --------------------------------------------------------------------------------------------


def test_a7_a_customer_registers_with_the_email_on_file(service: InProcess) -> None:
    visitor = service.visitor()
    service.register(visitor)
    assert "maria.rossi@" in visitor.last.text.replace("<wbr>", "")
    told = [m["to"] for m in service.post() if m["purpose"] == "account_created"]
    assert sorted(told) == [MOBILE, EMAIL]


def test_a7_the_customer_is_signed_in_where_they_came_from(service: InProcess) -> None:
    party, visitor = portal(service), service.visitor()
    party.ask(visitor, prompt="create")
    visitor.press(profile="person")
    visitor.press(**DATA)
    visitor.press(new_password=PASSWORD)
    visitor.press(code=service.code_for(EMAIL))
    visitor.press()
    tokens = party.redeem(answer_of(visitor)["code"]).get_json()
    assert party.userinfo(tokens["access_token"]).status_code == 200


def test_a7_a_form_sent_twice_comes_to_the_same(service: InProcess) -> None:
    visitor = to_verify(service)
    at, form = visitor.at, {"csrf": visitor.csrf, "code": service.code_for(EMAIL)}
    twin = service.visitor()
    for name in (ENROLMENT, "idp_browser_8000"):
        value = visitor.cookie(name)
        assert value is not None
        twin.set_cookie(name, value)
    visitor.send(at, form)
    assert visitor.location == "/register/done"
    # The second press left with the cookies of the first; its answer meets those that came meanwhile.
    twin.send(at, form)
    assert twin.location == "/register/done"
    assert rows(service, "accounts") == rows(service, "sessions") == 1
    visitor.get(twin.location)
    assert visitor.page == "register-done"


def test_a7_what_was_typed_is_wiped(service: InProcess) -> None:
    service.register(service.visitor())
    with service.idp.reading() as tx:
        row = tx.exec_driver_sql("SELECT sealed_typed, password_hash FROM enrolments").one()
    assert tuple(row) == (b"", None)


# --- steps ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/register/password", {"new_password": PASSWORD}),
        ("/register/verify", {"code": "123456"}),
        ("/register/verify", {"resend": "yes"}),
        ("/register/done", {}),
    ],
)
def test_a_late_step_without_the_earlier_ones_leads_to_the_first(
    service: InProcess, path: str, form: dict[str, str]
) -> None:
    visitor = service.visitor()
    visitor.get("/register")
    visitor.send(path, {"csrf": visitor.csrf, **form})
    visitor.get(visitor.location)
    assert visitor.page == "register-profile"
    visitor.get(path)
    assert visitor.page == "register-profile"
    assert rows(service, "accounts") == rows(service, "challenges") == rows(service, "outbox") == 0


@pytest.mark.parametrize("form", [{"code": "123456"}, {"resend": "yes"}])
def test_verifying_before_a_password_leads_to_the_password(service: InProcess, form: dict[str, str]) -> None:
    visitor = to_password(service)
    visitor.send("/register/verify", {"csrf": visitor.csrf, **form})
    assert visitor.location == "/register/password"
    assert rows(service, "outbox") == 0


def test_fields_of_other_steps_are_not_taken_with_it(service: InProcess) -> None:
    visitor = to_data(service)
    visitor.press(**DATA, new_password=PASSWORD, code="123456", customer_number="C100002", verified="yes")
    assert visitor.page == "register-password"
    visitor.get("/register/verify")
    assert visitor.page == "register-password"


def test_back_loses_nothing(service: InProcess) -> None:
    visitor = to_verify(service)
    code = service.code_for(EMAIL)
    visitor.get("/register/data")
    for name in ("given_name", "family_name", "username"):
        assert f'value="{DATA[name]}"' in visitor.last.text
    visitor.get("/register/password")
    assert visitor.page == "register-password"
    visitor.get("/register/verify")
    assert visitor.page == "register-verify"
    visitor.press(code=code)
    assert visitor.page == "register-done"


def test_another_password_leaves_the_code_on_its_way_good(service: InProcess) -> None:
    visitor = to_verify(service)
    visitor.get("/register/password")
    visitor.press(new_password="Aurora8verde")
    assert len(service.post()) == 1
    visitor.press(code=service.code_for(EMAIL))
    party, again = portal(service), service.visitor()
    party.ask(again)
    again.press(username=EMAIL, password=PASSWORD)
    assert again.faults == ["password"]
    again.press(username=EMAIL, password="Aurora8verde")
    assert "code" in answer_of(again)


def test_data_typed_anew_void_the_code_and_the_password(service: InProcess) -> None:
    visitor = to_verify(service)
    code = service.code_for(EMAIL)
    visitor.get("/register/data")
    visitor.press(**{**DATA, "username": MOBILE})
    assert visitor.page == "register-password"
    visitor.send("/register/verify", {"csrf": visitor.csrf, "code": code})
    assert visitor.location == "/register/password"
    visitor.get("/register/password")
    visitor.press(new_password=PASSWORD)
    visitor.press(code=code if code != service.code_for(MOBILE) else wrong(code))
    assert visitor.faults == ["code"]
    visitor.press(code=service.code_for(MOBILE))
    assert visitor.page == "register-done"
    assert rows(service, "enrolments") == 1


def test_a_code_sent_while_the_data_change_proves_nothing_about_the_new_ones(service: InProcess) -> None:
    # Hans, a customer, wants Maria's account: while his own code leaves, he types her data.
    idp, now = service.idp, service.clock.now()

    def type_in(known: register.UnderWay | None, given: str, family: str, contact: str) -> Handle | None:
        begun = register.begin(
            idp,
            Typed(parse_contact(contact), given_name=given, family_name=family),
            known=known,
            interaction_id=None,
            language="it",
            source="203.0.113.9",
            now=now,
        )
        assert isinstance(begun, register.Begun)
        return begun.handle

    def find(handle: Handle) -> register.UnderWay:
        found = register.under_way(idp, handle, now=now)
        assert found is not None
        return found

    handle = type_in(None, "Hans", "Gruber", "+393421234519")
    assert handle is not None
    stale = find(handle)
    type_in(find(handle), "Maria", "Rossi", EMAIL)
    # The password that was being hashed meanwhile arrives late, with the code for Hans's own number.
    register.choose_password(idp, stale, PASSWORD, source="203.0.113.9", now=now)
    code = service.code_for("+393421234519")
    visitor = service.visitor()
    visitor.get("/register")
    visitor.set_cookie(ENROLMENT, handle.secret)
    visitor.send("/register/verify", {"csrf": visitor.csrf, "code": code})
    assert visitor.faults == ["code"]
    assert rows(service, "accounts") == 0


def test_what_the_registry_learns_meanwhile_counts(service: InProcess) -> None:
    visitor = to_verify(service)
    code = service.code_for(EMAIL)
    move = "UPDATE customer_contacts SET customer_number = '{}' WHERE customer_number = '{}'"
    with service.idp.writing() as tx:
        tx.exec_driver_sql(move.format("C100002", "C100001"))
    visitor.press(code=code)
    assert (visitor.page, visitor.faults) == ("register-verify", ["code"])
    assert rows(service, "accounts") == 0
    with service.idp.writing() as tx:
        tx.exec_driver_sql(
            move.format("C100001", "C100002") + " AND contact_index IN (SELECT contact_index"
            " FROM customer_contacts WHERE customer_number = 'C100026')"
        )
    visitor.press(code=code)
    assert visitor.page == "register-done"


def test_an_enrolment_dies_after_a_day(service: InProcess) -> None:
    visitor = to_password(service)
    service.clock.move(86_400)
    visitor.press(new_password=PASSWORD)
    assert visitor.page == "register-profile"


@pytest.mark.parametrize("count", [60])
def test_one_source_begins_so_many_registrations_an_hour(service: InProcess, count: int) -> None:
    visitor = to_data(service)
    for _ in range(count):
        visitor.at = "/register/data"
        visitor.get("/register/data")
        visitor.press(**DATA)
        assert visitor.page == "register-password"
    visitor.get("/register/data")
    visitor.press(**DATA)
    assert (visitor.last.status_code, visitor.faults) == (429, ["page"])
    elsewhere = service.visitor("203.0.113.77")
    elsewhere.get("/register/data")
    elsewhere.press(**DATA)
    assert elsewhere.page == "register-password"


# --- names ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "family", "contact"),
    [
        ("Niccolò", "D'Alessandro", "+393661234510"),
        ("niccolo", "dalessandro", "+393661234510"),
        ("NICCOLO'", "D’ALESSANDRO", "+393661234510"),
        ("Nicolò", "D Alessandro", None),
        ("Maria Grazia", "De Luca Conti", "mgdeluca@posta.example"),
        ("Maria", "De Luca", "mariagrazia@lavoro.example"),
        ("Mariagrazia", "Conti", "+393201234511"),
        ("Maria Grazia", "deluca", "+393201234512"),
        ("Grazia", "De Luca", None),
        ("Maria", "De", None),
        ("Hans", "Grüber", "+393421234519"),
        ("Hans", "Gräber", None),
        ("Олена", "Коваленко", None),
        ("Maria", "Rossi Bianchi", EMAIL),
        ("Maria Teresa", "Rossi", EMAIL),
        ("Marie", "Rossi", None),
        ("M", "R", None),
        ("Maria\u200b", "Rossi", EMAIL),
        ("Ｍａｒｉａ", "Ｒｏｓｓｉ", EMAIL),
    ],
)
def test_a3_names_are_folded_and_not_guessed(
    service: InProcess, given: str, family: str, contact: str | None
) -> None:
    holders: dict[str, str] = {
        "Nicolò": "+393661234510",
        "Grazia": "+393201234511",
        "Hans": "+393421234519",
        "Олена": "+393271234516",
    }
    to = contact or holders.get(given, "+393201234511" if family == "De" else EMAIL)
    visitor = to_verify(service, given_name=given, family_name=family, username=to)
    sent = [m["purpose"] for m in service.post() if m["to"] == to]
    if contact is None:
        assert sent == ["registration_name_differs"]
        visitor.press(code="123456")
        assert visitor.faults == ["code"]
    else:
        assert sent == ["registration_code"]
        visitor.press(code=service.code_for(to))
        assert visitor.page == "register-done"


# --- settings -------------------------------------------------------------------------------------------


def test_the_rules_of_passwords_and_codes_are_settings(service: InProcess) -> None:
    known = service.idp.settings
    sections: dict[str, dict[str, Any]] = {
        "password": {"max_length": 64, "need_upper": False, "need_digit": False},
        "codes": {"tries": 2, "resend_gap": 5, "registration_life": 30},
    }
    other = open_in_process(settings_for(folder_of(known), known.database.url, **sections))
    visitor = to_password(other)
    visitor.press(new_password="una frase lunga e senza cifre")
    assert visitor.page == "register-verify"
    code = other.code_for(EMAIL)
    for _ in range(2):
        visitor.press(code=wrong(code))
    visitor.press(code=code)
    assert visitor.faults == ["code"]
    other.clock.move(5)
    visitor.press(resend="yes")
    code = other.code_for(EMAIL)
    other.clock.move(30)
    visitor.press(code=code)
    assert visitor.faults == ["code"]
    other.idp.database.engine.dispose()
