"""The relying parties' one way to the time."""

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Answers the time in whole epoch seconds (UTC)."""


def unix_now() -> int:
    """The machine's time in whole epoch seconds (UTC)."""
    return int(time.time())
