"""What happens when the machine lacks a part."""

import os
from typing import NoReturn

import pytest


def missing(part: str, how_to_get: str) -> NoReturn:
    """Skip the test for lack of `part`; fail instead when REQUIRE_ALL=1, where nothing may be left out.

    >>> missing("Chromium", "apt install chromium")  # doctest: +SKIP
    """
    reason = f"{part} is missing: {how_to_get}"
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
