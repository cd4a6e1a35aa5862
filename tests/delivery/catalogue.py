"""The `messages` catalogues and the table of wordings, compared and brought together.

`python -m tests.delivery.catalogue` adds what is new to every `messages.po` (untranslated; in English the key
is its own translation) and drops what is gone.
"""

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from idp.flows import wording
from idp.flows.compose import LOCALES

LANGUAGES = ("it", "en", "de")
# Dates and programs would change with every writing; the names are placeholders.
_UNKEPT = tuple(
    f'"{name}:'.encode()
    for name in (
        "Generated-By",
        "Language-Team",
        "Last-Translator",
        "POT-Creation-Date",
        "PO-Revision-Date",
        "Report-Msgid-Bugs-To",
    )
)
HEADER = "# What customers read by e-mail and SMS."
SOURCE = "idp/flows/wording"


def shipped(language: str) -> Catalog:
    """The catalogue of a language as it is in the tree."""
    with path_of(language).open("rb") as source:
        return read_po(source, locale=language)


def path_of(language: str) -> Path:
    """Where the catalogue of a language lies."""
    return LOCALES / language / "LC_MESSAGES" / "messages.po"


def brought_together(language: str, known: dict[str, str]) -> Catalog:
    """Every sentence of the table, in its order, with the translations that are known."""
    catalog = Catalog(
        locale=language, project="Area Clienti", version="1", header_comment=HEADER, fuzzy=False
    )
    for sentence in wording.sentences():
        catalog.add(sentence, known.get(sentence, ""), [(SOURCE, 1)])
    return catalog


def written(catalog: Catalog) -> bytes:
    """The catalogue as it stands in the tree: without line numbers, which change with every edit."""
    packed = BytesIO()
    write_po(packed, catalog, width=100, include_lineno=False, omit_header=False)
    kept = [line for line in packed.getvalue().splitlines(keepends=True) if not line.startswith(_UNKEPT)]
    return b"".join(kept)


def main() -> None:
    """Write the catalogues anew."""
    for language in LANGUAGES:
        path = path_of(language)
        known = {str(m.id): str(m.string) for m in shipped(language) if m.id} if path.exists() else {}
        if language == "en":
            known = {sentence: sentence for sentence in wording.sentences()}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(written(brought_together(language, known)))


if __name__ == "__main__":
    main()
