"""docs/privacy.md names every table and column, and keeps nothing longer than the worker does."""

import re
from collections import defaultdict
from pathlib import Path

from idp.flows.sweep import OUTBOX_KEPT, RETENTIONS
from idp.settings.lifetimes import Lifetimes
from idp.store.tables import metadata

PAGE = (Path(__file__).parents[2] / "docs/privacy.md").read_text("utf-8")
DAY = 24 * 3600
IN_CODE = r"`([a-z_]+)`"


def rows() -> list[list[str]]:
    """The cells of every row that is about a table."""
    return [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| `")]


def period(seconds: int, since: str) -> str:
    """A period as the page writes it."""
    days, rest = divmod(seconds, DAY)
    assert rest == 0
    if not days:
        return f"at `{since}`"
    return f"{days} day{'' if days == 1 else 's'} after `{since}`"


def test_every_table_and_column_stands_on_the_page_once() -> None:
    named: dict[str, list[str]] = defaultdict(list)
    for table, columns, *_ in rows():
        named[table.strip("`")] += re.findall(IN_CODE, columns)
    assert {name: sorted(columns) for name, columns in named.items()} == {
        table.name: sorted(column.name for column in table.columns) for table in metadata.tables.values()
    }


def test_every_row_says_what_for_how_long_and_who_erases() -> None:
    assert {len(cells) for cells in rows()} == {5}
    assert all(cell.strip() for cells in rows() for cell in cells)


def test_the_periods_are_those_of_the_worker() -> None:
    real: dict[str, set[str]] = defaultdict(set)
    for retention in RETENTIONS:
        real[retention.table.name].add(period(retention.seconds(Lifetimes()), retention.since))
    real["outbox"].add(period(OUTBOX_KEPT, "ended_at"))
    real["ephemera"].add("at `expires_at`")
    told: dict[str, set[str]] = defaultdict(set)
    for table, _, _, kept, erased in rows():
        if "the worker" in erased:
            found = re.findall(r"(?:\d+ days? after|\bat) `[a-z_]+`", kept)
            assert found, table
            told[table.strip("`")] |= set(found)
    assert told == real


def test_a_period_that_can_be_set_names_its_setting() -> None:
    for retention in RETENTIONS:
        if isinstance(retention.kept, str):
            (kept,) = [cells[3] for cells in rows() if cells[0] == f"`{retention.table.name}`"]
            assert f"(`lifetimes.{retention.kept}`)" in kept
    named = set(re.findall(r"`lifetimes\.([a-z_]+)`", PAGE))
    assert named <= set(Lifetimes.model_fields)
