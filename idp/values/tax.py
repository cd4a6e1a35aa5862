"""Italian tax codes and VAT numbers in canonical form."""

from dataclasses import dataclass, field

from idp.values.malformed import Malformed

_OMOCODIA = str.maketrans("LMNPQRSTUV", "0123456789")
_OMOCODIA_PLACES = (6, 7, 9, 10, 12, 13, 14)


@dataclass(frozen=True, slots=True)
class TaxCode:
    """A codice fiscale: 16 characters of a person, or 11 digits (provisional, or of a company)."""

    text: str = field(repr=False)

    @classmethod
    def parse(cls, typed: str) -> "TaxCode":
        """The tax code that was typed, its check character verified; raises
        ``Malformed("invalid_tax_code")``."""
        from stdnum.it import codicefiscale, iva

        compact = typed.replace(" ", "").upper()
        if codicefiscale.is_valid(compact) or (len(compact) == 11 and iva.is_valid(compact)):
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

        compact = typed.replace(" ", "").upper().removeprefix("IT")
        if not iva.is_valid(compact):
            raise Malformed("invalid_vat_number")
        return cls(compact)
