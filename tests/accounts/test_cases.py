"""What the help desk tells a customer who gives a case number (journey C)."""

import json
import re

import pytest

from idp.accounts.cases import advice
from idp.accounts.matching import Reason
from idp.accounts.recovery import Obstacle

CODES = sorted({*map(str, Reason), *map(str, Obstacle)})
# Words that send the customer somewhere.
SENT_TO = re.compile(
    r"Ask (the|them)|Send the customer|ask the agency|send them to|The agency has to|Heirs find|only an admin"
)


@pytest.mark.parametrize("code", CODES)
def test_c_every_reason_comes_with_advice_that_says_what_to_do(code: str) -> None:
    sentence = advice(code)
    assert SENT_TO.search(sentence)
    assert 60 < len(sentence) < 300
    assert sentence.endswith(".")


def test_c_no_two_reasons_have_one_advice() -> None:
    assert len({advice(code) for code in CODES}) == len(CODES)


def test_c_a_case_in_which_nothing_failed_has_advice_of_its_own() -> None:
    assert "spam" in advice(None)
    assert advice(None) not in {advice(code) for code in CODES}


@pytest.mark.parametrize("code", ["", "nothing", "NAME_DIFFERS"])
def test_c_a_code_that_is_none_is_not_answered(code: str) -> None:
    with pytest.raises(KeyError):
        advice(code)


@pytest.mark.parametrize("code", [Reason.DECEASED, Reason.UNDER_AGE])
def test_c_of_the_dead_and_of_children_nothing_is_confirmed(code: Reason) -> None:
    assert "Confirm nothing" in advice(code)
    assert not code.told_to_contact


def test_c_advice_is_found_by_what_is_stored() -> None:
    stored = json.loads(json.dumps({"reason": Reason.NAME_DIFFERS}))["reason"]
    assert advice(stored) == advice(Reason.NAME_DIFFERS)
