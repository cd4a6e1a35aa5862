"""Italian tax codes and VAT numbers in canonical form."""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final

from idp.values.malformed import Malformed

_OMOCODIA: Final = str.maketrans("LMNPQRSTUV", "0123456789")
_OMOCODIA_PLACES: Final = (6, 7, 9, 10, 12, 13, 14)
# What stands between groups where people copy a code from a card, an invoice or a letterhead.
_BETWEEN: Final = re.compile(r"[\s.\-‐‑‒–—_/]+")
# The letters of a digit that omocodia replaces count as digits (D.M. 23 December 1976, art. 7).
_TAX_CODE_FORM: Final = re.compile(
    r"[A-Z]{6}[0-9LMNPQRSTUV]{2}[ABCDEHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]"
)
_DIGITS: Final = re.compile(r"[0-9]{11}")
_LONGEST_TYPED: Final = 64


def _compact(typed: str) -> str:
    """What was typed in upper case, without anything between the characters; empty when far too long."""
    if len(typed) > _LONGEST_TYPED:
        return ""
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", typed)).upper()


def _without_country(compact: str) -> str:
    # A tax code of 16 characters may itself begin with IT.
    return compact[2:] if compact.startswith("IT") and len(compact) in (13, 18) else compact


@dataclass(frozen=True, slots=True)
class TaxCode:
    """A codice fiscale: 16 characters of a person, or 11 digits (provisional, or of a company)."""

    text: str = field(repr=False)

    @classmethod
    def parse(cls, typed: str) -> "TaxCode":
        """The tax code that was typed, its check character verified; raises
        ``Malformed("invalid_tax_code")``."""
        from stdnum.it import codicefiscale, iva

        compact = _compact(typed)
        personal = _TAX_CODE_FORM.fullmatch(compact) is not None and codicefiscale.is_valid(compact)
        if personal or (_DIGITS.fullmatch(compact) is not None and iva.is_valid(compact)):
            return cls(compact)
        raise Malformed("invalid_tax_code")

    @property
    def plain(self) -> str:
        """The code with the letters of omocodia turned back into digits and the check character dropped.

        Two records of one person may spell it either way, so this is what codes are compared by.
        """
        if len(self.text) != 16:
            return self.text
        letters = list(self.text[:15])
        for place in _OMOCODIA_PLACES:
            letters[place] = letters[place].translate(_OMOCODIA)
        return "".join(letters)


@dataclass(frozen=True, slots=True)
class VatNumber:
    """A partita IVA, 11 digits."""

    text: str = field(repr=False)

    @classmethod
    def parse(cls, typed: str) -> "VatNumber":
        """The VAT number that was typed, its check digit verified; raises
        ``Malformed("invalid_vat_number")``."""
        from stdnum.it import iva

        compact = _compact(typed).removeprefix("IT")
        if _DIGITS.fullmatch(compact) is None or not iva.is_valid(compact):
            raise Malformed("invalid_vat_number")
        return cls(compact)


@dataclass(frozen=True, slots=True)
class Identifier:
    """What a customer types at "codice fiscale o partita IVA" (journey C2): says who is meant, no more.

    At least one of the two is there. 11 digits are both: a VAT number, and the tax code of a company or a
    provisional one of a person.
    """

    tax_code: TaxCode | None = None
    vat_number: VatNumber | None = None

    def __post_init__(self) -> None:
        if self.tax_code is None and self.vat_number is None:
            raise ValueError("an identifier is a tax code, a VAT number, or both")

    @property
    def text(self) -> str:
        """As it was typed, in canonical spelling; ``parse_identifier`` makes the same of it."""
        one = self.tax_code or self.vat_number
        return "" if one is None else one.text

    @property
    def canonical(self) -> str:
        """One text for all spellings: omocodia undone, check character dropped.

        Counters, decoys and look-ups go by it: 15 characters of a person's tax code, or 11 digits.
        """
        return self.tax_code.plain if self.tax_code is not None else self.text


def parse_identifier(typed: str) -> Identifier:
    """The tax code or VAT number that was typed; spaces, hyphens, dots, case and a leading "IT" are folded.

    Raises ``Malformed``, so that the page can say why: ``identifier_length`` (neither 16 characters nor 11
    digits), ``identifier_check`` (the form is right, but a character was mistyped), ``invalid_identifier``
    (a letter where a digit belongs, or the other way, or a date that is none).
    """
    from stdnum.exceptions import InvalidChecksum
    from stdnum.it import codicefiscale, iva

    compact = _without_country(_compact(typed))
    if len(compact) == 16:
        if _TAX_CODE_FORM.fullmatch(compact) is None:
            raise Malformed("invalid_identifier")
        try:
            codicefiscale.validate(compact)
        except InvalidChecksum:
            raise Malformed("identifier_check") from None
        except ValueError:
            raise Malformed("invalid_identifier") from None
        return Identifier(tax_code=TaxCode(compact))
    if len(compact) != 11:
        raise Malformed("identifier_length")
    if _DIGITS.fullmatch(compact) is None:
        raise Malformed("invalid_identifier")
    # An office that does not exist is a mistyped digit as well.
    if not iva.is_valid(compact):
        raise Malformed("identifier_check")
    return Identifier(TaxCode(compact), VatNumber(compact))
