"""Which language a page speaks.

In order: the language pressed just now, what was pressed before in this browser against the same hint or
choice, the relying party's `ui_locales` (OpenID Connect Core §3.1.2.1), the account's own choice, what the
browser was told on an earlier visit, `Accept-Language` (RFC 9110 §12.5.4), Italian.
"""

import re
from collections.abc import Sequence

SUPPORTED = ("it", "en", "de")
OWN_NAMES = {"it": "Italiano", "en": "English", "de": "Deutsch"}
DEFAULT = "it"

COOKIE = "lang"
_COOKIE_VALUE = re.compile(r"([a-z]{2})(?:\.([a-z]{2}))?\Z")
_RANGE = re.compile(
    r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)\s*(?:;\s*[qQ]=([01](?:\.[0-9]{0,3})?)\s*)?\Z"
)
_LONGEST_HEADER = 1000


def choose(
    *,
    pressed: str | None = None,
    ui_locales: str | None = None,
    account: str | None = None,
    cookie: str | None = None,
    accept_language: str | None = None,
    supported: Sequence[str] = SUPPORTED,
    default: str = DEFAULT,
) -> str:
    """The supported language to answer in; anything malformed or unknown is passed over, never an error.

    `pressed` is the `lang` parameter of this very request, `ui_locales` that of the waiting authorization
    request, `cookie` a value made by `remember`.
    """
    if pressed in supported and pressed is not None:
        return pressed
    wanted = _wanted(ui_locales, account, supported)
    remembered, against = _read(cookie, supported)
    if remembered is not None and wanted is not None and against == wanted:
        return remembered
    return wanted or remembered or _negotiated(accept_language or "", supported) or default


def remember(
    pressed: str,
    ui_locales: str | None = None,
    *,
    account: str | None = None,
    supported: Sequence[str] = SUPPORTED,
) -> str:
    """The cookie's value after a press: the language, and the hint or choice it was pressed against.

    So a press outlives the next page, while a relying party that later asks for another language, and an
    account that chose another, are still heard. Raises ValueError for a language that is not supported.
    """
    if pressed not in supported:
        raise ValueError(f"{pressed!r} is not among the supported languages")
    wanted = _wanted(ui_locales, account, supported)
    return pressed if wanted is None or wanted == pressed else f"{pressed}.{wanted}"


def _wanted(ui_locales: str | None, account: str | None, supported: Sequence[str]) -> str | None:
    """What is asked for when nothing was pressed: by the relying party, else by the account."""
    hinted = _first_of((ui_locales or "").split(), supported)
    return hinted or (account if account in supported else None)


def _read(cookie: str | None, supported: Sequence[str]) -> tuple[str | None, str | None]:
    found = _COOKIE_VALUE.match(cookie or "")
    if found is None or found[1] not in supported:
        return None, None
    return found[1], found[2]


def _first_of(tags: Sequence[str], supported: Sequence[str]) -> str | None:
    """The first tag we speak, by its primary subtag (RFC 4647 §3.4, lookup)."""
    for tag in tags:
        primary = tag.split("-", 1)[0].lower()
        if primary in supported:
            return primary
    return None


def _negotiated(header: str, supported: Sequence[str]) -> str | None:
    """The supported language with the highest quality; ties go to the one named first."""
    best: tuple[float, str] | None = None
    refused: set[str] = set()
    for part in header[:_LONGEST_HEADER].split(","):
        found = _RANGE.match(part)
        if found is None:
            continue
        primary = found[1].split("-", 1)[0].lower()
        quality = float(found[2] or 1)
        if quality == 0:
            refused.add(primary)
        elif primary in supported and primary not in refused and (best is None or quality > best[0]):
            best = (quality, primary)
    return best[1] if best else None
