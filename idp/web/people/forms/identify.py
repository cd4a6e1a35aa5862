"""The forms of identification: by tax code, by a contact on file, by an activation code (journey C)."""

import re
from datetime import date

from wtforms import Field, Form, StringField
from wtforms.validators import ValidationError

from idp.web.people.forms.base import LONGEST_CODE, PageForm, at_most, required, stripped

_DAY_FIRST = re.compile(r"(\d{1,2})[\s./-]+(\d{1,2})[\s./-]+(\d{4})", re.ASCII)
# Without separators every digit is needed, or 1111980 would be two days.
_DIGITS_ALONE = re.compile(r"(\d{2})(\d{2})(\d{4})", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)


def parse_day(typed: str) -> date | None:
    """The day that was typed, day first (`31/12/1960`, `31 12 1960`, `31121960`) or as browsers fill it in
    (`1960-12-31`); None when it is none."""
    if found := _YEAR_FIRST.fullmatch(typed):
        year, month, day = found.groups()
    elif found := _DAY_FIRST.fullmatch(typed) or _DIGITS_ALONE.fullmatch(typed):
        day, month, year = found.groups()
    else:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def a_day(_form: Form, field: Field) -> None:
    """Refuse what is no day of the calendar."""
    if field.data and parse_day(field.data) is None:
        raise ValidationError("birth_date_malformed")


class IdentifyForm(PageForm):
    """`register-identify` and `recover`: a tax code or a VAT number, judged below."""

    identifier = StringField(filters=[stripped], validators=[required(), at_most(LONGEST_CODE)])


class IdentifyWithBirthDateForm(IdentifyForm):
    """The same where the setting asks the birth date too."""

    birth_date = StringField(filters=[stripped], validators=[required(), a_day])

    @property
    def born(self) -> date | None:
        """The birth date; None while it is missing or no day."""
        return parse_day(self.birth_date.data or "")


class ContactsForm(PageForm):
    """`register-contacts` and its like: the handle of the contact that was chosen.

    `none-of-these` and `collective` are buttons: ask whether they are in the posted fields before reading.
    """

    contact = StringField(validators=[required(), at_most(LONGEST_CODE)])


class ActivateForm(PageForm):
    """`register-activate` and `recover-activate`: who it is for, and the code the agency gave."""

    identifier = StringField(filters=[stripped], validators=[required(), at_most(LONGEST_CODE)])
    activation_code = StringField(filters=[stripped], validators=[required(), at_most(LONGEST_CODE)])
