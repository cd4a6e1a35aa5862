"""Italian first, English too: which one a browser gets, its words, its dates and amounts."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import resources
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from babel.numbers import format_currency
from flask import Request

LANGUAGES = ("it", "en")
PLACE = ZoneInfo("Europe/Rome")


@dataclass(frozen=True)
class Language:
    """One language the portal speaks."""

    code: str
    messages: Mapping[str, str]

    def say(self, key: str, **values: object) -> str:
        """The message of this key with its gaps filled; KeyError when there is none."""
        return self.messages[key].format(**values)

    def day(self, value: date) -> str:
        """A date in full: 22 novembre 2026."""
        return format_date(value, format="d MMMM y", locale=self.code)

    def day_of(self, epoch_seconds: int) -> str:
        """The day of a moment in Italian time: 22 novembre 2026."""
        return self.day(datetime.fromtimestamp(epoch_seconds, UTC).astimezone(PLACE).date())

    def moment(self, epoch_seconds: int) -> str:
        """A moment in Italian time: 22 novembre 2026, 10:42."""
        local = datetime.fromtimestamp(epoch_seconds, UTC).astimezone(PLACE)
        return f"{self.day_of(epoch_seconds)}, {format_time(local, 'HH:mm', locale=self.code)}"

    def money(self, amount: Decimal, currency: str) -> str:
        """An amount as the language writes it: 1.500,00 €."""
        return format_currency(amount, currency, locale=self.code)


def load_languages() -> Mapping[str, Language]:
    """Every language of the message catalogues, by its code."""
    folder = resources.files("clients.portal").joinpath("messages")
    words = {code: folder.joinpath(f"{code}.json").read_text("utf-8") for code in LANGUAGES}
    return {code: Language(code, json.loads(text)) for code, text in words.items()}


def asked_language(request: Request, cookie: str) -> str:
    """`?lang=`, else what was chosen before, else what the browser prefers, else Italian."""
    chosen = _chosen(request, cookie)
    return chosen or request.accept_languages.best_match(LANGUAGES, LANGUAGES[0])


def languages_elsewhere(request: Request, cookie: str) -> str:
    """The `ui_locales` for a site that may speak more languages than we do: the one chosen here, else
    those of the browser in its order (OpenID Connect Core 1.0 §3.1.2.1)."""
    chosen = _chosen(request, cookie)
    wishes = [tag for tag in request.accept_languages.values() if _TAG.fullmatch(tag)]
    return chosen or " ".join(wishes[:_MOST_WISHES]) or LANGUAGES[0]


def _chosen(request: Request, cookie: str) -> str | None:
    wishes = (request.args.get("lang"), request.cookies.get(cookie))
    return next((wish for wish in wishes if wish in LANGUAGES), None)


_TAG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,3}")
_MOST_WISHES = 5
