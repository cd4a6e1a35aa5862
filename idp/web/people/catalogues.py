"""Message catalogues: the `.po` files themselves, read into memory once a language; no compiled copy exists.

A message without a translation is shown in English, the language of the keys; a test keeps that from
happening in anything we ship.
"""

from functools import cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

LOCALES = Path(__file__).resolve().parents[2] / "locales"


@cache
def catalogue(language: str, domain: str = "pages") -> GNUTranslations:
    """The messages of one language; raises FileNotFoundError when the language is not shipped."""
    # Read on first use: a process that renders no page pays neither the time nor the memory.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with (LOCALES / language / "LC_MESSAGES" / f"{domain}.po").open("rb") as source:
        messages = read_po(source, locale=language)
    packed = BytesIO()
    write_mo(packed, messages)
    packed.seek(0)
    return GNUTranslations(packed)
