"""The audit trail's vocabulary."""

import pytest

from idp.accounts.audit import Event, checked_details


def test_every_event_has_a_closed_list_of_details() -> None:
    for event in Event:
        with pytest.raises(ValueError, match="has no detail"):
            checked_details(event, {"email": "maria.rossi@posta.example"})


def test_every_name_fits_its_column() -> None:
    assert all(len(event) <= 48 for event in Event)


def test_details_without_a_value_are_left_out() -> None:
    details = checked_details(Event.CHALLENGE_FAILED, {"reason": "wrong", "tries_left": 0, "channel": None})
    assert details == {"reason": "wrong", "tries_left": 0}


def test_a_long_text_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        checked_details(Event.CHALLENGE_FAILED, {"reason": "x" * 201})
