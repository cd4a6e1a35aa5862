"""The gallery, open for a session of tests."""

from collections.abc import Iterator

import pytest

from tests.pages.gallery import Gallery, serving


@pytest.fixture(scope="session")
def gallery() -> Iterator[tuple[str, Gallery]]:
    """The gallery's address, and the gallery itself."""
    with serving() as opened:
        yield opened
