"""What the security and journey pages claim is proven by tests that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "docs/security.md", *sorted((ROOT / "docs/journeys").glob("*.md")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    named = set(re.findall(r"`(test_[a-z0-9_]+)`", page.read_text("utf-8")))
    files = [file.read_text("utf-8") for file in (ROOT / "tests").rglob("test_*.py")]
    written = {name for text in files for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)}
    assert len(named) > 10
    assert named <= written, sorted(named - written)
