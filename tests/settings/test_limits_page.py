"""docs/limits.md names every limit with its default, and nothing that is none."""

import re
from pathlib import Path

from idp.accounts.audit import Event
from idp.settings.tree import every_key

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/limits.md").read_text("utf-8")
OTHERS = {"codes.tries", "codes.resend_gap"}


def rows() -> dict[str, list[str]]:
    """The cells of each limit's row."""
    lines = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| `")]
    return {cells[0].strip("`"): cells[1:] for cells in lines}


def test_every_limit_stands_on_the_page_with_its_default() -> None:
    defaults = {
        key.path: str(key.default)
        for key in every_key()
        if key.path.startswith("limits.") or key.path in OTHERS
    }
    assert {path: cells[0].strip("`") for path, cells in rows().items()} == defaults


def test_every_row_says_what_is_counted_and_who_sees_what() -> None:
    assert {len(cells) for cells in rows().values()} == {4}
    assert all(cell for cells in rows().values() for cell in cells)


def test_settings_events_and_log_lines_it_names_are_there() -> None:
    settings = {key.path for key in every_key()}
    named = set(re.findall(r"`((?:limits|codes|registration)\.[a-z0-9_]+)`", PAGE))
    assert named <= settings
    assert set(re.findall(r"audit `([a-z_]+)`", PAGE)) <= {str(event) for event in Event}
    flows = "".join(file.read_text("utf-8") for file in (ROOT / "idp/flows").glob("*.py"))
    for line in re.findall(r"log `([a-z_]+)`", PAGE):
        assert f'"{line}"' in flows, line
