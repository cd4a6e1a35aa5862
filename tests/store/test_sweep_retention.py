"""Every row goes when its time is over, and not a second earlier; what is not over stays for good."""

import pytest
from sqlalchemy import Table, func, insert, select, update

from idp.flows.sweep import RETENTIONS, Retention, sweep
from idp.settings.lifetimes import Lifetimes
from idp.store.tables import accounts, activation_codes, audit_events, known_browsers, mobile_changes
from tests.delivery.test_sweep import ACCOUNT, filled
from tests.service.in_process import InProcess

NOW = 1_795_370_000
DAY = 24 * 3600
FAR = NOW + 5000 * DAY
DEFAULT = Lifetimes()


def times_of(table: Table) -> dict[str, int | None]:
    """Every time in a row, as far in the future as none is looked at."""
    times = [c for c in table.columns if c.name.endswith("_at") or c.name == "at"]
    return {c.name: None if c.nullable else FAR for c in times}


def rows(house: InProcess, table: Table) -> int:
    with house.idp.reading() as tx:
        return int(tx.execute(select(func.count()).select_from(table)).scalar_one())


def put(house: InProcess, table: Table, number: int, **values: object) -> None:
    """A row with these values, of an account that is there."""
    row = {**filled(table, number, FAR), **times_of(table), **values}
    if "sub" in table.c and not table.c.sub.nullable:
        row["sub"] = ACCOUNT["sub"]
    if table is audit_events:
        row["id"] = number
    with house.idp.writing() as tx:
        tx.execute(insert(table), [{name: value for name, value in row.items() if name in table.c}])


@pytest.fixture
def swept_house(house: InProcess) -> InProcess:
    """An empty house with one account."""
    with house.idp.writing() as tx:
        tx.execute(insert(accounts), [ACCOUNT])
    return house


@pytest.mark.parametrize("retention", RETENTIONS, ids=lambda r: f"{r.table.name}-{r.since}")
def test_a_row_stays_its_time_and_no_longer(swept_house: InProcess, retention: Retention) -> None:
    table, kept = retention.table, retention.seconds(DEFAULT)
    put(swept_house, table, 1, **{retention.since: NOW})
    put(swept_house, table, 2, **{retention.since: NOW + 1000})
    assert sweep(swept_house.idp, NOW + kept).removed[table.name] == 0
    assert sweep(swept_house.idp, NOW + kept + 1).removed[table.name] == 1
    assert rows(swept_house, table) == 1
    assert sweep(swept_house.idp, NOW + kept + 1001).removed[table.name] == 1
    assert rows(swept_house, table) == 0
    assert rows(swept_house, accounts) == 1


def test_what_has_to_be_searched_for_is_searched_for_once_an_hour(swept_house: InProcess) -> None:
    put(swept_house, known_browsers, 1, last_seen_at=NOW)
    put(swept_house, audit_events, 1, at=NOW)
    often = sweep(swept_house.idp, FAR, seldom=False)
    assert known_browsers.name not in often.removed
    assert often.removed[audit_events.name] == 1
    assert sweep(swept_house.idp, FAR).removed[known_browsers.name] == 1


def test_a_used_activation_code_can_be_looked_up_for_thirty_days(swept_house: InProcess) -> None:
    put(swept_house, activation_codes, 1, expires_at=NOW + 7 * DAY, used_at=NOW)
    for later in (8 * DAY + 1, 9 * DAY, 30 * DAY):
        assert sweep(swept_house.idp, NOW + later).removed[activation_codes.name] == 0
    assert sweep(swept_house.idp, NOW + 30 * DAY + 1).removed[activation_codes.name] == 1


def test_an_activation_code_that_a_newer_one_ended_goes_after_a_day(swept_house: InProcess) -> None:
    put(swept_house, activation_codes, 1, expires_at=NOW + 7 * DAY, ended_at=NOW)
    assert sweep(swept_house.idp, NOW + DAY).removed[activation_codes.name] == 0
    assert sweep(swept_house.idp, NOW + DAY + 1).removed[activation_codes.name] == 1


def test_a_pending_mobile_is_never_swept(swept_house: InProcess) -> None:
    put(swept_house, mobile_changes, 1, state="pending", asked_at=NOW, proven_at=NOW, matures_at=NOW)
    assert sweep(swept_house.idp, FAR).removed[mobile_changes.name] == 0
    with swept_house.idp.writing() as tx:
        tx.execute(update(mobile_changes).values(state="cancelled", ended_at=FAR))
    assert sweep(swept_house.idp, FAR + 30 * DAY).removed[mobile_changes.name] == 0
    assert sweep(swept_house.idp, FAR + 30 * DAY + 1).removed[mobile_changes.name] == 1


def test_counters_go_when_their_window_is_over(swept_house: InProcess) -> None:
    swept_house.idp.ephemera.bump("brake:login-account:x:1", 3600, NOW)
    assert sweep(swept_house.idp, NOW + 3599).removed["ephemera"] == 0
    assert sweep(swept_house.idp, NOW + 3600).removed["ephemera"] == 1
