"""A registration under way."""

import os
from dataclasses import replace

import pytest

from idp.accounts.enrolment import Enrolment, Stage, Typed, case_number
from idp.values import ProfileKind, parse_contact

NOW = 1_800_000_000
TYPED = Typed(parse_contact("maria.rossi@posta.example"), given_name="Maria", family_name="Rossi")
BEGUN = Enrolment(
    id="enrolment-1",
    profile=ProfileKind.PERSON,
    case_number="7K2-4QF",
    language="it",
    created_at=NOW,
    expires_at=NOW + 86400,
    typed=TYPED,
)


def test_an_enrolment_goes_from_password_to_challenge_to_completion() -> None:
    assert BEGUN.stage(NOW) is Stage.PASSWORD
    chosen = replace(BEGUN, password_hash="$argon2id$…")
    assert chosen.stage(NOW) is Stage.CHALLENGE
    assert replace(chosen, completed_at=NOW).stage(NOW) is Stage.COMPLETED


def test_an_enrolment_dies_after_its_day_unless_it_was_completed() -> None:
    assert BEGUN.stage(NOW + 86399) is Stage.PASSWORD
    assert BEGUN.stage(NOW + 86400) is Stage.EXPIRED
    assert replace(BEGUN, completed_at=NOW).stage(NOW + 86400) is Stage.COMPLETED


def test_what_was_typed_survives_being_stored() -> None:
    for contact in ("maria.rossi@posta.example", "+393331234501"):
        typed = Typed(parse_contact(contact), given_name="Niccolò", family_name="D'Alessandro")
        assert Typed.from_json(typed.to_json()) == typed
        assert typed.registrant().username == typed.username


def test_what_was_typed_does_not_show_in_a_trace() -> None:
    assert "Rossi" not in repr(BEGUN)
    assert "maria" not in repr(BEGUN)


def test_a_case_number_is_short_and_has_no_letter_taken_for_another() -> None:
    numbers = {case_number(os.urandom(6)) for _ in range(2000)}
    assert len(numbers) > 1990
    assert all(len(number) == 7 and number[3] == "-" for number in numbers)
    assert not set("".join(numbers)) & set("01IOL")
    with pytest.raises(ValueError, match="six"):
        case_number(b"12345")
