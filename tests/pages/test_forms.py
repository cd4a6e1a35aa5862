"""What forms say of what was posted, before anybody looks at it."""

from datetime import date

import pytest
from werkzeug.datastructures import MultiDict

from idp.web.people.forms import (
    LINK_FORMS,
    REGISTER_DATA_FORMS,
    ActivateForm,
    IdentifyForm,
    IdentifyWithBirthDateForm,
    LoginForm,
    MobileForm,
    RecoverFactorsForm,
    RegisterPasswordForm,
    RegisterPersonForm,
    RegisterProfileForm,
    RegisterVerifyForm,
    RepeatedField,
)

PERSON = {
    "given_name": " Chiara ",
    "family_name": "Rinaldi",
    "username": "chiara@example.com ",
    "accept_terms": "yes",
}


def test_a_complete_form_has_no_fault_and_no_spaces_around() -> None:
    form = RegisterPersonForm.read(MultiDict(PERSON))
    assert form.faults() == {}
    assert form.values() == {
        "given_name": "Chiara",
        "family_name": "Rinaldi",
        "username": "chiara@example.com",
        "accept_terms": True,
    }


def test_an_empty_form_names_its_faults_in_the_order_of_the_page() -> None:
    assert list(RegisterPersonForm.read(MultiDict()).faults().items()) == [
        ("given_name", "required"),
        ("family_name", "required"),
        ("username", "required"),
        ("accept_terms", "terms_required"),
    ]


def test_the_fields_of_each_profile_are_those_of_the_contract() -> None:
    assert {profile: [field.name for field in form()] for profile, form in REGISTER_DATA_FORMS.items()} == {
        "person": ["given_name", "family_name", "username", "accept_terms"],
        "professional": ["given_name", "family_name", "vat_number", "username", "accept_terms"],
        "company": ["company_name", "vat_number", "acting_name", "may_act", "username", "accept_terms"],
    }


def test_spaces_alone_are_nothing() -> None:
    faults = RegisterPersonForm.read(MultiDict({**PERSON, "given_name": "  "})).faults()
    assert faults == {"given_name": "required"}


@pytest.mark.parametrize(("length", "faults"), [(100, {}), (101, {"given_name": "too_long"})])
def test_a_name_has_an_end(length: int, faults: dict[str, str]) -> None:
    assert RegisterPersonForm.read(MultiDict({**PERSON, "given_name": "x" * length})).faults() == faults


def test_a_password_is_taken_exactly_and_never_given_back() -> None:
    form = LoginForm.read(MultiDict({"username": "a@example.com", "password": "  Pàss 1 🔑 "}))
    assert form.password.data == "  Pàss 1 🔑 "
    assert form.values() == {"username": "a@example.com"}
    chosen = RegisterPasswordForm.read(MultiDict({"new_password": " a "}))
    assert chosen.new_password.data == " a "
    assert chosen.values() == {}


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ("481920", None),
        (" 481 920 ", None),
        ("481-920", None),
        ("48192", "code_malformed"),
        ("4819200", "code_malformed"),
        ("48192a", "code_malformed"),
        ("٤٨١٩٢٠", "code_malformed"),
        ("", "required"),
    ],
)
def test_a_code_is_six_digits_however_it_was_pasted(typed: str, fault: str | None) -> None:
    assert RegisterVerifyForm.read(MultiDict({"code": typed})).faults().get("code") == fault


def test_a_field_that_comes_twice_is_refused() -> None:
    with pytest.raises(RepeatedField, match="username"):
        LoginForm.read(MultiDict([("username", "a"), ("username", "b"), ("password", "c")]))


@pytest.mark.parametrize(("profile", "fault"), [("person", None), ("", "required"), ("admin", "unknown")])
def test_a_profile_is_one_of_three(profile: str, fault: str | None) -> None:
    assert RegisterProfileForm.read(MultiDict({"profile": profile})).faults().get("profile") == fault


@pytest.mark.parametrize(
    "typed", ["27/3/1958", "27/03/1958", "27.03.1958", "27-3-1958", "27 3 1958", "27031958", "1958-03-27"]
)
def test_a_birth_date_is_read_day_first_however_it_is_typed(typed: str) -> None:
    form = IdentifyWithBirthDateForm.read(MultiDict({"identifier": "x", "birth_date": f" {typed} "}))
    assert form.faults() == {}
    assert form.born == date(1958, 3, 27)


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ("", "required"),
        ("31/2/1958", "birth_date_malformed"),
        ("3/27/1958", "birth_date_malformed"),
        ("27/3/58", "birth_date_malformed"),
        ("1111980", "birth_date_malformed"),
        ("27/3/0000", "birth_date_malformed"),
        ("٢٧/٣/١٩٥٨", "birth_date_malformed"),
        ("yesterday", "birth_date_malformed"),
    ],
)
def test_what_is_no_day_is_refused(typed: str, fault: str) -> None:
    form = IdentifyWithBirthDateForm.read(MultiDict({"identifier": "x", "birth_date": typed}))
    assert form.faults() == {"birth_date": fault}
    assert form.born is None


def test_the_birth_date_is_asked_only_where_the_form_has_it() -> None:
    assert [field.name for field in IdentifyForm()] == ["identifier"]
    assert [field.name for field in IdentifyWithBirthDateForm()] == ["identifier", "birth_date"]


def test_an_activation_code_is_never_given_back() -> None:
    form = ActivateForm.read(MultiDict({"identifier": " RNLCHR80A41H501Y ", "activation_code": " ab-cd "}))
    assert form.activation_code.data == "ab-cd"
    assert form.values() == {"identifier": "RNLCHR80A41H501Y"}


def test_a_link_asks_one_thing_the_customer_knows_and_a_password() -> None:
    assert {asks: [field.name for field in form()] for asks, form in LINK_FORMS.items()} == {
        "family_name": ["family_name", "new_password"],
        "vat_number": ["vat_number", "new_password"],
    }


def test_what_is_kept_is_what_was_ticked() -> None:
    form = RecoverFactorsForm.read(MultiDict({"csrf": "c", "keep_f1": "yes", "keep_f3": "yes"}))
    assert form.faults() == {}
    assert form.kept == {"f1", "f3"}
    assert RecoverFactorsForm.read(MultiDict({"csrf": "c"})).kept == frozenset()


def test_a_box_that_comes_twice_is_refused() -> None:
    with pytest.raises(RepeatedField, match="keep_f1"):
        RecoverFactorsForm.read(MultiDict([("keep_f1", "yes"), ("keep_f1", "no")]))


@pytest.mark.parametrize(("ticked", "lost"), [({"old_lost": "yes"}, True), ({}, False)])
def test_a_number_is_lost_only_where_its_owner_says_so(ticked: dict[str, str], lost: bool) -> None:
    form = MobileForm.read(MultiDict({"mobile": " 333 123 4567 ", **ticked}))
    assert form.faults() == {}
    assert (form.mobile.data, form.old_lost.data) == ("333 123 4567", lost)
