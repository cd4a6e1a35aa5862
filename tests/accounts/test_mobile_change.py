"""A change of mobile, by itself: when it is under way, and when its time has come."""

import pytest

from idp.accounts.mobile_change import ChangeState, MobileChange
from idp.values import MobileNumber

NOW = 1_800_000_000


def change(state: ChangeState, matures_at: int | None = None) -> MobileChange:
    return MobileChange(
        "change", "sub", MobileNumber("+393339876543"), False, state, NOW, matures_at=matures_at
    )


@pytest.mark.parametrize(
    ("state", "matures_at", "under_way", "mature"),
    [
        (ChangeState.PROVING, None, True, False),
        (ChangeState.PENDING, NOW + 1, True, False),
        (ChangeState.PENDING, NOW, False, True),
        (ChangeState.PENDING, NOW - 1, False, True),
        (ChangeState.CONFIRMED, NOW - 1, False, False),
        (ChangeState.CANCELLED, NOW - 1, False, False),
        (ChangeState.EXPIRED, None, False, False),
    ],
)
def test_only_a_pending_number_matures_and_only_in_its_time(
    state: ChangeState, matures_at: int | None, under_way: bool, mature: bool
) -> None:
    one = change(state, matures_at)
    assert (one.under_way(NOW), one.mature(NOW)) == (under_way, mature)


def test_a_change_does_not_show_its_number_in_a_log() -> None:
    assert "9876543" not in repr(change(ChangeState.PENDING))
