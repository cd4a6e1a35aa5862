"""An instant in a customer's words: date and time as each language writes them.

People read the day of the week with it: nobody has to count, and Italian needs no article before it, which
the 8th and the 11th would change ("il 7", "l'8").
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum


class Precision(StrEnum):
    """How much of an instant is told."""

    DAY = "day"
    MINUTE = "minute"
    SECOND = "second"


_PATTERNS: Mapping[str, Mapping[Precision, str]] = {
    # Unicode LDML date patterns; the seconds are for logs and developers, who want no weekday.
    "it": {
        Precision.DAY: "EEEE d MMMM y",
        Precision.MINUTE: "EEEE d MMMM y, HH:mm",
        Precision.SECOND: "d MMMM y, HH:mm:ss",
    },
    "en": {
        Precision.DAY: "EEEE d MMMM y",
        Precision.MINUTE: "EEEE d MMMM y, HH:mm",
        Precision.SECOND: "d MMMM y, HH:mm:ss",
    },
    "de": {
        Precision.DAY: "EEEE, d. MMMM y",
        Precision.MINUTE: "EEEE, d. MMMM y, HH:mm 'Uhr'",
        Precision.SECOND: "d. MMMM y, HH:mm:ss 'Uhr'",
    },
}


def spoken(seconds: int, language: str, zone: tzinfo, precision: Precision = Precision.MINUTE) -> str:
    """The instant (epoch seconds) in the words of ``language``, as clocks in ``zone`` show it.

    Raises ``KeyError`` for a language that has no patterns here.
    """
    # Read on first use: a process that tells no date pays neither the time nor the memory.
    from babel.dates import format_datetime

    at = datetime.fromtimestamp(seconds, UTC)
    return format_datetime(at, _PATTERNS[language][precision], tzinfo=zone, locale=language)


def in_a_while(seconds: int, language: str) -> str:
    """How long to wait, in words and never too short: "in 3 minutes", "tra 2 ore", "in 40 Sekunden"."""
    from babel.dates import format_timedelta

    # Nobody minds counting 90 minutes; seconds are for the gap between two codes.
    unit = 1 if seconds <= 60 else 60 if seconds <= 7200 else 3600
    whole = max(1, -(-seconds // unit) * unit)
    return format_timedelta(timedelta(seconds=whole), threshold=2, add_direction=True, locale=language)
