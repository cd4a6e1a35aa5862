"""Puts a message into words: purpose, language and channel in, subject and text out. It sends nothing."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from idp.accounts.device import names_of
from idp.flows.gsm7 import folded, septets
from idp.flows.moments import spoken
from idp.flows.wording import (
    DEVICE,
    HELP_WITH_HOURS,
    HELP_WITH_PHONE,
    HELP_WITHOUT_PHONE,
    SENT_BY,
    UNKNOWN_DEVICE,
    WITH_LINK,
    WORDINGS,
    Purpose,
    Wording,
)
from idp.settings.appearance import Brand, Languages
from idp.store.outbox import Channel

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["Composer", "Draft", "Purpose", "translations"]

_ROOMS = Path(__file__).resolve().parents[1]
LOCALES = _ROOMS / "locales"
LETTERS = _ROOMS / "templates" / "messages"

_TIME_ZONE = "Europe/Rome"
"""Where the insurer's customers live; what they read is in their own time."""

_LINK = re.compile(r"(?<=\w)\.(?=[^\W\d_]{2})|:(?=//)")

_MOMENTS = {"at": "when", "until": "until"}
"""Facts in epoch seconds, and the placeholders that show them as date and time."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The words of one message. An SMS has no subject and no HTML."""

    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)


@cache
def translations(language: str) -> Mapping[str, str]:
    """The `messages` catalogue of one language, sentence by sentence; fuzzy and empty ones are left out.

    Raises FileNotFoundError when the language is not shipped.
    """
    # Read on first use: a process that sends nothing pays neither the time nor the memory.
    from babel.messages.pofile import read_po

    with (LOCALES / language / "LC_MESSAGES" / "messages.po").open("rb") as source:
        catalogue = read_po(source, locale=language)
    return {
        str(message.id): str(message.string)
        for message in catalogue
        if message.id and message.string and not message.fuzzy
    }


@cache
def _letters() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    return Environment(
        loader=FileSystemLoader(LETTERS),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


class Composer:
    """Writes every message in the brand's name. ``host`` is the name browsers know us by, without a port."""

    def __init__(self, brand: Brand, languages: Languages, host: str) -> None:
        self._brand = brand
        self._languages = languages
        self._host = host

    def compose(
        self,
        purpose: Purpose,
        language: str,
        channel: Channel,
        facts: Mapping[str, str | int | None],
    ) -> Draft:
        """The message for ``purpose``. A language that is not offered becomes the default one.

        ``facts`` by purpose: ``code`` and ``minutes`` (and ``link``, where one is offered beside the code);
        ``at`` and ``until`` (epoch seconds) for what happened and for when something ends or begins to count;
        ``device`` in two codes (``accounts.device``) for a new device; ``left``, how many codes;
        ``customer_number`` for the agency; ``operation`` in words of this language.
        Raises ``KeyError`` naming the fact that is missing.
        """
        spoken = language if language in self._languages.offered else self._languages.default
        said = {
            "brand": self._brand.name,
            "insurer": self._brand.insurer_name,
            "host": self._host,
            **{name: value for name, value in facts.items() if value is not None},
        }
        for fact, place in _MOMENTS.items():
            at = facts.get(fact)
            if at is not None:
                said[place] = _moment(int(at), spoken)
        if purpose is Purpose.NEW_DEVICE:
            said["device"] = _device(facts.get("device"), spoken)
        wording = WITH_LINK[purpose] if facts.get("link") and purpose in WITH_LINK else WORDINGS[purpose]
        if channel is Channel.SMS:
            if "operation" in said:
                said["operation"] = _unlinked(str(said["operation"]))
            return Draft("", _sms(wording, spoken, said), "")
        return self._letter(wording, spoken, said)

    def _letter(self, wording: Wording, language: str, said: Mapping[str, str | int]) -> Draft:
        def words(sentences: Iterable[str]) -> list[str]:
            return [_translated(sentence, language) % said for sentence in sentences]

        subject = " ".join((_translated(wording.subject, language) % said).split())
        shown = {
            "language": language,
            "colour": self._brand.colour_brand,
            "colour_ink": self._brand.colour_brand_ink,
            "brand": self._brand.name,
            "subject": subject,
            "before": words(wording.before),
            "code": said["code"] if _asks_for(wording, "code") else "",
            "link": said["link"] if wording.button else "",
            "button": _translated(wording.button, language) if wording.button else "",
            "after": words(wording.after),
            "help": self._help(language, to_agency=wording.to_agency),
            "sender": _translated(SENT_BY, language) % said if self._brand.insurer_name else self._brand.name,
        }
        letters = _letters()
        text = letters.get_template("letter.txt").render(shown)
        return Draft(subject, text, letters.get_template("letter.html").render(shown))

    def _help(self, language: str, *, to_agency: bool) -> str:
        brand = self._brand
        if not brand.help_phone:
            return "" if to_agency else _translated(HELP_WITHOUT_PHONE, language)
        hours = brand.help_hours.said_in(language)
        sentence = HELP_WITH_HOURS if hours else HELP_WITH_PHONE
        return _translated(sentence, language) % {"phone": brand.help_phone, "hours": hours}


def _device(codes: str | int | None, language: str) -> str:
    """A device by the names of its two codes; nothing that whoever signs in wrote themselves."""
    names = names_of(None if codes is None else str(codes))
    if names is None:
        return _translated(UNKNOWN_DEVICE, language)
    browser, system = names
    return _translated(DEVICE, language) % {"browser": browser, "system": system}


def _sms(wording: Wording, language: str, said: Mapping[str, str | int]) -> str:
    """The fullest wording that fits; a shortest one that does not fit is sent all the same, in more parts."""
    text = ""
    for sentence in wording.sms:
        text = folded(_translated(sentence, language) % said)
        if (septets(text) or len(text)) <= wording.longest_sms:
            break
    return text


def _unlinked(text: str) -> str:
    """The text as it is sent, without what telephones make a link of: its names were typed by somebody.

    A word right after a full stop gets a space before it, and so do the slashes of an address; initials stay.
    """
    return _LINK.sub(r"\g<0> ", folded(text))


def _asks_for(wording: Wording, fact: str) -> bool:
    return any(f"%({fact})s" in sentence for sentence in wording.sms)


def _translated(sentence: str, language: str) -> str:
    """English, the language of the keys, stands in for a sentence without translation."""
    return translations(language).get(sentence, sentence)


def _moment(at: int, language: str) -> str:
    """A date and time as people say it; in UTC, and saying so, where the machine has no time zones."""
    try:
        return spoken(at, language, ZoneInfo(_TIME_ZONE))
    except ZoneInfoNotFoundError:
        return f"{spoken(at, language, UTC)} UTC"
