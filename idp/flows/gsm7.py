"""The alphabet of SMS (GSM 03.38, 7 bit): one character outside it would make every part 70 long, not 160.

Text is folded into it before it leaves, so that a word processor's apostrophe does not cost a second SMS.
"""

import unicodedata

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
"""These take two places each."""

_FOLDED = {
    "\N{NO-BREAK SPACE}": " ",
    "\N{NARROW NO-BREAK SPACE}": " ",
    "\t": " ",
    "‘": "'",
    "’": "'",
    "`": "'",
    "´": "'",
    "“": '"',
    "„": '"',
    "”": '"',
    "«": '"',
    "»": '"',
    "–": "-",
    "—": "-",
    "−": "-",
    "…": "...",
    "•": "*",
    # Italian capitals at a word's end are written so where the accented one is missing.
    "À": "A'",
    "È": "E'",
    "Ì": "I'",
    "Ò": "O'",
    "Ù": "U'",
}


def folded(text: str) -> str:
    """The text in the GSM-7 alphabet; what has no likeness there becomes a question mark."""
    return "".join(_fold(character) for character in unicodedata.normalize("NFC", text))


def septets(text: str) -> int | None:
    """How many places of 7 bits the text takes, or None when it is not wholly in the alphabet."""
    places = 0
    for character in text:
        if character in _BASIC:
            places += 1
        elif character in _EXTENDED:
            places += 2
        else:
            return None
    return places


def _fold(character: str) -> str:
    if character in _BASIC or character in _EXTENDED:
        return character
    if character in _FOLDED:
        return _FOLDED[character]
    plain = "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))
    return plain if plain and all(c in _BASIC for c in plain) else "?"
