"""Email addresses and mobile numbers in the one spelling by which we compare them.

Case and IDN spelling fold; dots and plus signs are significant, since they may be two people (journeys,
*Username*). Nothing else folds: a code goes to the address in this spelling, so two mailboxes that somebody
else may own must never become one (ß is not ss: two domains in IDNA 2008).
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from idp.values.malformed import Malformed

LONGEST_CONTACT = 254
"""Characters; RFC 5321 §4.5.3.1.3 leaves 254 for an address."""


class ContactKind(StrEnum):
    """The two kinds of contact; each is also the name of the channel that reaches it."""

    EMAIL = "email"
    MOBILE = "mobile"


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """An email address in lower case, its domain in Unicode (IDNA 2008)."""

    text: str = field(repr=False)

    @classmethod
    def parse(cls, typed: str) -> "EmailAddress":
        """The address that was typed; raises ``Malformed("invalid_email")``."""
        from email_validator import EmailNotValidError, validate_email

        trimmed = typed.strip()
        if len(trimmed) > LONGEST_CONTACT or trimmed.count("@") != 1:
            raise Malformed("invalid_email")
        try:
            valid = validate_email(trimmed, check_deliverability=False, test_environment=True)
        except EmailNotValidError:
            raise Malformed("invalid_email") from None
        return cls(f"{valid.local_part.lower()}@{valid.domain.lower()}")

    @property
    def kind(self) -> ContactKind:
        """Always ``ContactKind.EMAIL``."""
        return ContactKind.EMAIL

    @property
    def readable(self) -> str:
        """As its owner reads it."""
        return self.text

    @property
    def masked(self) -> str:
        """The first letter and fixed dots, so that neither length nor domain is told (security bar 5.1)."""
        return f"{self.text[0]}•••••@•••••"


@dataclass(frozen=True, slots=True)
class MobileNumber:
    """A mobile number in E.164 (``+393331234501``)."""

    text: str = field(repr=False)

    @classmethod
    def parse(cls, typed: str, *, region: str = "IT") -> "MobileNumber":
        """The mobile number that was typed, ``region`` (ISO 3166) being assumed where no prefix was.

        Raises ``Malformed``: ``invalid_mobile``, or ``not_mobile`` for a valid number that is no mobile.
        """
        import phonenumbers

        trimmed = typed.strip()
        if len(trimmed) > 40 or any(c.isalpha() for c in trimmed):
            raise Malformed("invalid_mobile")
        try:
            number = phonenumbers.parse(trimmed, region)
        except phonenumbers.NumberParseException:
            raise Malformed("invalid_mobile") from None
        if not phonenumbers.is_valid_number(number) or number.extension:
            raise Malformed("invalid_mobile")
        mobile = phonenumbers.PhoneNumberType
        if phonenumbers.number_type(number) not in (mobile.MOBILE, mobile.FIXED_LINE_OR_MOBILE):
            raise Malformed("not_mobile")
        return cls(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))

    @property
    def kind(self) -> ContactKind:
        """Always ``ContactKind.MOBILE``."""
        return ContactKind.MOBILE

    @property
    def readable(self) -> str:
        """As its owner reads it, in groups: ``+39 333 123 4501``."""
        import phonenumbers

        number = phonenumbers.parse(self.text)
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)

    @property
    def masked(self) -> str:
        """The country prefix of Italian numbers and the last two digits, in a fixed length."""
        prefix = "+39" if self.text.startswith("+39") else "+••"
        return f"{prefix} ••• ••• ••{self.text[-2:]}"


Contact: TypeAlias = EmailAddress | MobileNumber


def parse_contact(typed: str) -> Contact:
    """The email address or mobile number that was typed, in any spelling.

    Raises ``Malformed("invalid_email_or_mobile")``.
    """
    try:
        return EmailAddress.parse(typed) if "@" in typed else MobileNumber.parse(typed)
    except Malformed:
        raise Malformed("invalid_email_or_mobile") from None


def stored_contact(kind: str, text: str) -> Contact:
    """A contact read back from our own store, where it stands in canonical form already."""
    return EmailAddress(text) if kind == ContactKind.EMAIL else MobileNumber(text)
