"""Request parameters, from a query string or a form body (RFC 6749 §3.1, §3.2; Appendix B).

What a client may not send is refused here, once for every endpoint: a name twice (the reader of the other
copy might be a different check), bytes that are not UTF-8, control characters (they become headers and log
lines), values and counts beyond reason.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import unquote_to_bytes

MOST_PARAMETERS = 64

# C0, DEL, C1 and the line ends of Unicode.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class BadParameters(Exception):
    """The parameters cannot be read without guessing.

    ``error`` is the OAuth error code, ``name`` the parameter at fault where that is known and printable,
    ``description`` a sentence for developers.
    """

    def __init__(self, error: str, name: str | None, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.name = name
        self.description = description


@dataclass(frozen=True, slots=True)
class Parameters:
    """Decoded parameters, each name once; an empty value counts as not sent (RFC 6749 §3.1)."""

    items: Mapping[str, str]

    def get(self, name: str) -> str | None:
        """The value, or None when the parameter was not sent."""
        return self.items.get(name)

    def __contains__(self, name: str) -> bool:
        return name in self.items


NONE = Parameters(MappingProxyType({}))


def parse(raw: bytes | str, *, limit: int) -> Parameters:
    """The parameters of ``application/x-www-form-urlencoded`` text; ``limit`` is the longest value in bytes.

    A ``str`` is a query string as WSGI gives it (one character a byte, PEP 3333). Raises ``BadParameters``.
    """
    if isinstance(raw, str):
        try:
            raw = raw.encode("latin-1")
        except UnicodeEncodeError:
            raise BadParameters("invalid_request", None, "the query is not percent-encoded") from None
    if not raw:
        return NONE
    if raw.count(b"&") >= MOST_PARAMETERS:
        raise BadParameters("invalid_request", None, "too many parameters")
    seen: set[str] = set()
    items: dict[str, str] = {}
    for pair in raw.split(b"&"):
        if not pair:
            continue
        encoded_name, _, encoded_value = pair.partition(b"=")
        name = _decoded(encoded_name, 128, None)
        if name in seen:
            raise BadParameters("invalid_request", _shown(name), "a parameter is repeated")
        seen.add(name)
        value = _decoded(encoded_value, limit, _shown(name))
        if value:
            items[name] = value
    return Parameters(MappingProxyType(items))


def _decoded(encoded: bytes, limit: int, name: str | None) -> str:
    octets = encoded.replace(b"+", b" ") if b"+" in encoded else encoded
    if b"%" in octets:
        octets = unquote_to_bytes(octets)
    if len(octets) > limit:
        raise BadParameters("invalid_request", name, "a parameter is too long")
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        raise BadParameters("invalid_request", name, "a parameter is not UTF-8") from None
    if not text.isprintable() and _CONTROL.search(text):
        raise BadParameters("invalid_request", name, "a parameter holds control characters")
    return text


def _shown(name: str) -> str | None:
    """A name that may stand in an answer: what no known parameter looks like is not repeated."""
    return name if re.fullmatch(r"[a-z_]{1,40}", name) else None
