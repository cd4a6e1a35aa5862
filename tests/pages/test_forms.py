"""What forms say of what was posted, before anybody looks at it."""

import pytest
from werkzeug.datastructures import MultiDict

from idp.web.people.forms import (
    REGISTER_DATA_FORMS,
    LoginForm,
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
