"""What the security and journey pages claim is proven by tests that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = "app|web|flows|adapters|store|oidc|accounts|ports|settings|values|cli"
PAGES = (ROOT / "docs/security.md", *sorted((ROOT / "docs/journeys").glob("*.md")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    named = set(re.findall(r"`(test_[a-z0-9_]+)`", page.read_text("utf-8")))
    files = [file.read_text("utf-8") for file in (ROOT / "tests").rglob("test_*.py")]
    written = {name for text in files for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)}
    assert len(named) > 10
    assert named <= written, sorted(named - written)


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: page.stem)
def test_every_room_that_a_page_names_exists(page: Path) -> None:
    named = re.findall(rf"`(?:idp/)?((?:{FLOORS})/[a-z_/]+)[`.]", page.read_text("utf-8"))
    rooms = [ROOT / "idp" / name.rstrip("/") for name in named]
    assert [room for room in rooms if not (room.is_dir() or list(room.parent.glob(f"{room.name}.*")))] == []


def test_the_architecture_names_rooms() -> None:
    assert len(re.findall(rf"`(?:{FLOORS})/", (ROOT / "docs/architecture.md").read_text("utf-8"))) > 50
