"""The catalogues of the pages and the sentences in templates and code, compared and brought together.

`python -m tests.pages.catalogue` adds what is new to every `pages.po` (untranslated; in English the key is
its own translation) and drops what is gone. `python -m tests.pages.catalogue it new.json` also takes
translations from a file of {key: translation}; where there are plural forms, the singular key and a list.
"""

import json
import sys
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[2]
LOCALES = ROOT / "idp" / "locales"
LANGUAGES = ("it", "en", "de")
METHODS = [
    ("web/people/words.py", "python"),
    ("accounts/cases.py", "python"),
    ("accounts/activity.py", "python"),
    ("templates/**.html", "jinja2"),
]
OPTIONS = {"templates/**.html": {"trimmed": "true", "encoding": "utf-8", "extensions": "jinja2.ext.do"}}
# Header lines that would change with every run, or that nobody fills.
SAYS_NOTHING = tuple(
    f'"{name}'
    for name in (
        "Project-Id-Version",
        "Report-Msgid",
        "POT-",
        "PO-",
        "Last-Translator",
        "Language-Team",
        "Generated-By",
    )
)
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}


def extracted() -> Catalog:
    """Every sentence that stands in a template or in the tables of words."""
    catalog = Catalog(charset="utf-8")
    for path, line, message, _comments, context in extract_from_dir(
        ROOT / "idp", METHODS, OPTIONS, keywords=KEYWORDS
    ):
        catalog.add(message, None, [(f"idp/{path}", line)], context=context)
    return catalog


def shipped(language: str) -> Catalog:
    """The catalogue of a language as it is in the tree."""
    with path_of(language).open("rb") as source:
        return read_po(source, locale=language)


def path_of(language: str) -> Path:
    """Where the catalogue of a language lies."""
    return LOCALES / language / "LC_MESSAGES" / "pages.po"


def strings(message: Message) -> tuple[str, ...]:
    """The translations of a message: one, or one for each plural form."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))


def sentences(catalog: Catalog) -> dict[str | tuple[str, ...], Message]:
    """Message by key, the header left out."""
    return {m.id if isinstance(m.id, str) else tuple(m.id): m for m in catalog if m.id}


def brought_together(language: str, said: Mapping[str, str | list[str]] | None = None) -> str:
    """The catalogue as it is to stand in the tree: the sentences of today, with the translations it had.

    ``said`` has new ones, by key; where there are plural forms, by the singular key.
    """
    fresh = Catalog(locale=language, charset="utf-8", fuzzy=False, header_comment="# Sentences of the pages.")
    had = sentences(shipped(language)) if path_of(language).exists() else {}
    for key, message in sorted(sentences(extracted()).items(), key=lambda item: item[1].locations[0][0]):
        kept = had[key].string if key in had else None
        new = (said or {}).get(key if isinstance(key, str) else key[0])
        if language == "en":
            kept = key
        elif new is not None:
            kept = new if isinstance(new, str) else tuple(new)
        fresh.add(message.id, kept, message.locations)
    packed = BytesIO()
    write_po(packed, fresh, width=100, omit_header=False, include_lineno=False)
    lines = packed.getvalue().decode().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(SAYS_NOTHING))


def main(arguments: list[str]) -> None:
    """Write the catalogues anew."""
    new = dict(zip(arguments[::2], arguments[1::2], strict=True))
    for language in LANGUAGES:
        said = json.loads(Path(new[language]).read_text(encoding="utf-8")) if language in new else None
        path_of(language).parent.mkdir(parents=True, exist_ok=True)
        path_of(language).write_text(brought_together(language, said), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
