"""What every section shares: frozen, strict, closed to unknown keys; and the kinds of value."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

_RATE = re.compile(r"([1-9][0-9]{0,8})/([1-9][0-9]{0,8})")


class Section(BaseModel):
    """One table of the configuration: immutable, no unknown key, no silent conversion between types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``count`` events in any ``window`` seconds; written ``"count/window"``, as in ``"10/900"``."""

    count: int
    window: int

    def __str__(self) -> str:
        return f"{self.count}/{self.window}"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A text that people read: ``always`` the same, or in each of the languages of ``by_language``."""

    always: str = ""
    by_language: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.always or self.by_language)

    def said_in(self, language: str) -> str:
        """The text for readers of a language; empty where there is none."""
        return dict(self.by_language).get(language, self.always)


class HoldsCredentials:
    """Marks a text (a database URL, a gateway's address) whose password and query are never shown."""


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine, by a name or address that needs no look-up."""
    return (urlsplit(url).hostname or "") in LOOPBACK_HOSTS


def _rate(value: Any) -> Rate:
    if isinstance(value, Rate):
        return value
    found = _RATE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError('a count and a window in seconds are wanted, as in "10/900"')
    return Rate(int(found[1]), int(found[2]))


def _spoken(value: Any) -> Spoken:
    match value:
        case Spoken():
            return value
        case str():
            return Spoken(value)
        case Mapping() if value and all(isinstance(text, str) and text for text in value.values()):
            return Spoken(by_language=tuple(value.items()))
        case _:
            raise ValueError('a text is wanted, or one for each language, as in { it = "…", en = "…" }')


def _web_address(value: str) -> str:
    """Accept what a browser may be sent to; ``javascript:`` and its kin would run in our own pages."""
    parts = urlsplit(value)
    if value and not (parts.scheme in ("https", "http") and parts.hostname):
        raise ValueError("an http or https address is wanted")
    return value


def _links(value: Mapping[str, str]) -> Mapping[str, str]:
    for label, target in value.items():
        if not target:
            raise ValueError(f"the link {label!r} has no address")
        _web_address(target)
    return MappingProxyType(dict(value))


def _colour(value: str) -> str:
    if re.fullmatch(r"#[0-9a-fA-F]{6}", value) is None:
        raise ValueError('a colour is wanted, as in "#0b4f55"')
    return value.lower()


SpokenText = Annotated[Spoken, PlainValidator(_spoken)]
RateLimit = Annotated[Rate, PlainValidator(_rate)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Links = Annotated[Mapping[str, str], AfterValidator(_links)]
Colour = Annotated[str, AfterValidator(_colour)]
FilePath = Annotated[Path, Field(strict=False)]
CredentialUrl = Annotated[str, HoldsCredentials()]
Seconds = Annotated[int, Field(ge=1, le=400 * 24 * 3600)]
