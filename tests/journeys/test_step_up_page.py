"""docs/step-up.md shows the messages that really pass."""

from pathlib import Path

from tests.journeys.insurer_sites import insurer_sites
from tests.journeys.step_up_messages import PAGE, page_with, walk, written


def test_the_page_about_step_up_shows_the_messages_as_they_are(prepared_folder: Path, tmp_path: Path) -> None:
    with insurer_sites(prepared_folder, tmp_path) as sites:
        messages = written(walk(sites), sites)
    page = PAGE.read_text("utf-8")
    assert page == page_with(messages, page), "run: python -m tests.journeys.step_up_messages"
