"""Contacts in their one canonical spelling."""

import pytest

from idp.values import ContactKind, EmailAddress, Malformed, MobileNumber, parse_contact


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("maria.rossi@posta.example", "maria.rossi@posta.example"),
        ("  Maria.Rossi@POSTA.example ", "maria.rossi@posta.example"),
        ("STRASSE@posta.example", "strasse@posta.example"),
        ("info@xn--caff-8oa.example", "info@caffè.example"),
        ("info@CAFFÈ.example", "info@caffè.example"),
        ("info@caffe\u0300.example", "info@caffè.example"),
    ],
)
def test_an_address_has_one_spelling_whatever_its_case_and_idn(typed: str, canonical: str) -> None:
    assert EmailAddress.parse(typed).text == canonical


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("giorgia.leone@posta.example", "giorgia.leone+assicurazione@posta.example"),
        ("giorgia.leone@posta.example", "giorgialeone@posta.example"),
    ],
)
def test_dots_and_plus_signs_may_be_two_people(one: str, other: str) -> None:
    assert EmailAddress.parse(one) != EmailAddress.parse(other)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "maria",
        "maria@",
        "@posta.example",
        "maria@@posta.example",
        "a@b@posta.example",
        "a b@posta.example",
        "maria@localhost",
        "maria@posta..example",
        "x" * 250 + "@posta.example",
        "maria@posta.example\nbcc:x",
    ],
)
def test_what_is_no_address_is_told_as_such(typed: str) -> None:
    with pytest.raises(Malformed) as refused:
        EmailAddress.parse(typed)
    assert refused.value.reason == "invalid_email"


@pytest.mark.parametrize(
    "typed",
    [
        "+393331234501",
        "3331234501",
        "333 123 4501",
        "333-1234501",
        "0039 333 1234501",
        " +39 (333) 123.45.01 ",
    ],
)
def test_an_italian_mobile_needs_no_prefix_and_any_grouping_will_do(typed: str) -> None:
    assert MobileNumber.parse(typed).text == "+393331234501"


def test_a_foreign_mobile_keeps_its_country() -> None:
    assert MobileNumber.parse("+49 151 12345678").text == "+4915112345678"


@pytest.mark.parametrize("typed", ["", "12", "abc", "33312345", "+3933312345011111", "333 123 4501 ext. 5"])
def test_what_is_no_number_is_told_as_such(typed: str) -> None:
    with pytest.raises(Malformed) as refused:
        MobileNumber.parse(typed)
    assert refused.value.reason == "invalid_mobile"


@pytest.mark.parametrize("typed", ["+39 0471 555 777", "06 5550 0101", "800 123456"])
def test_a_number_that_is_no_mobile_is_told_apart(typed: str) -> None:
    with pytest.raises(Malformed) as refused:
        MobileNumber.parse(typed)
    assert refused.value.reason == "not_mobile"


def test_a_contact_is_of_the_kind_that_was_typed() -> None:
    assert parse_contact("Maria@posta.example").kind is ContactKind.EMAIL
    assert parse_contact("333 123 4501").kind is ContactKind.MOBILE
    with pytest.raises(Malformed) as refused:
        parse_contact("neither")
    assert refused.value.reason == "invalid_email_or_mobile"


def test_masks_have_a_fixed_length_and_hide_the_domain() -> None:
    assert EmailAddress.parse("a@b.example").masked == "a•••••@•••••"
    assert EmailAddress.parse("amministrazione@officinebruno.example").masked == "a•••••@•••••"
    assert MobileNumber.parse("+393331234501").masked == "+39 ••• ••• ••01"
    assert MobileNumber.parse("+4915112345678").masked == "+•• ••• ••• ••78"


def test_a_contact_does_not_show_itself_in_a_trace() -> None:
    for contact in (EmailAddress.parse("maria.rossi@posta.example"), MobileNumber.parse("+393331234501")):
        assert "maria" not in repr(contact)
        assert "333" not in repr(contact)
    with pytest.raises(Malformed) as refused:
        EmailAddress.parse("maria rossi@posta.example")
    assert "maria" not in str(refused.value)
