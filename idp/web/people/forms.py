"""The forms of sign-in and registration: which fields there are, and what can be said of them at once.

Only what needs no knowledge is judged here (presence, length, shape of a code); people's rules live below.
A form never carries words: a fault is a code, and `words.FAULTS` says it. Values are taken as typed, except
that spaces around them are dropped where they mean nothing; a password is taken exactly (ASVS 6.2.8).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Self

from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Field, Form, StringField
from wtforms.validators import ValidationError

# A longer value is refused before anybody looks at it; a real one never comes near.
LONGEST_NAME = 100
LONGEST_COMPANY = 200
LONGEST_USERNAME = 254
LONGEST_PASSWORD = 1024


class RepeatedField(ValueError):
    """A field came more than once: the request was not made by our page (ASVS 15.3.7)."""


def stripped(value: str | None) -> str:
    """Without the spaces around it that a keyboard's suggestions leave."""
    return (value or "").strip()


def digits(value: str | None) -> str:
    """A code without the spaces and hyphens that come with pasting."""
    return re.sub(r"[\s\-]", "", value or "")


def required(fault: str = "required") -> Callable[[Form, Field], None]:
    """Refuse an empty value, or an unticked box."""

    def check(_form: Form, field: Field) -> None:
        if not field.data:
            raise ValidationError(fault)

    return check


def at_most(length: int) -> Callable[[Form, Field], None]:
    """Refuse more characters than this."""

    def check(_form: Form, field: Field) -> None:
        if len(field.data or "") > length:
            raise ValidationError("too_long")

    return check


def one_of(*choices: str) -> Callable[[Form, Field], None]:
    """Refuse what is not among the choices."""

    def check(_form: Form, field: Field) -> None:
        if field.data and field.data not in choices:
            raise ValidationError("unknown")

    return check


def six_digits(_form: Form, field: Field) -> None:
    """Refuse what cannot be a code."""
    if field.data and not re.fullmatch(r"[0-9]{6}", field.data):
        raise ValidationError("code_malformed")


class PageForm(Form):
    """A form read once from what was posted.

    `faults()` is what `Pages.render` wants: the first fault of each field, in the order of the page.
    """

    @classmethod
    def read(cls, posted: MultiDict[str, str]) -> Self:
        """The form as posted; raises RepeatedField when one of its fields came twice."""
        form = cls(posted)
        for field in form:
            if len(posted.getlist(field.name)) > 1:
                raise RepeatedField(field.name)
        return form

    def faults(self) -> dict[str, str]:
        """Field → fault code; empty when there is nothing to say against it."""
        self.validate()
        return {field.name: str(field.errors[0]) for field in self if field.errors}

    def values(self) -> dict[str, Any]:
        """What the page shows again; never a password, never a code."""
        return {field.name: field.data for field in self if field.name not in SECRET_FIELDS}


SECRET_FIELDS = frozenset({"password", "new_password", "current_password", "code"})


class LoginForm(PageForm):
    """`login`: username and password."""

    username = StringField(filters=[stripped], validators=[required(), at_most(LONGEST_USERNAME)])
    password = StringField(validators=[required(), at_most(LONGEST_PASSWORD)])


class RegisterProfileForm(PageForm):
    """`register-profile`: who registers."""

    profile = StringField(validators=[required(), one_of("person", "professional", "company")])


class RegisterPersonForm(PageForm):
    """`register-data` of a private person."""

    given_name = StringField(filters=[stripped], validators=[required(), at_most(LONGEST_NAME)])
    family_name = StringField(filters=[stripped], validators=[required(), at_most(LONGEST_NAME)])
    username = StringField(filters=[stripped], validators=[required(), at_most(LONGEST_USERNAME)])
    accept_terms = BooleanField(validators=[required("terms_required")])


class RegisterProfessionalForm(PageForm):
    """`register-data` of a professional: a person with a VAT number."""

    given_name = StringField(filters=[stripped], validators=[required(), at_most(LONGEST_NAME)])
    family_name = StringField(filters=[stripped], validators=[required(), at_most(LONGEST_NAME)])
    vat_number = StringField(filters=[digits], validators=[required(), at_most(LONGEST_NAME)])
    username = StringField(filters=[stripped], validators=[required(), at_most(LONGEST_USERNAME)])
    accept_terms = BooleanField(validators=[required("terms_required")])


class RegisterCompanyForm(PageForm):
    """`register-data` of a company, with the person who acts for it."""

    company_name = StringField(filters=[stripped], validators=[required(), at_most(LONGEST_COMPANY)])
    vat_number = StringField(filters=[digits], validators=[required(), at_most(LONGEST_NAME)])
    acting_name = StringField(filters=[stripped], validators=[required(), at_most(LONGEST_COMPANY)])
    may_act = BooleanField(validators=[required()])
    username = StringField(filters=[stripped], validators=[required(), at_most(LONGEST_USERNAME)])
    accept_terms = BooleanField(validators=[required("terms_required")])


REGISTER_DATA_FORMS: Mapping[str, type[PageForm]] = {
    "person": RegisterPersonForm,
    "professional": RegisterProfessionalForm,
    "company": RegisterCompanyForm,
}


class RegisterPasswordForm(PageForm):
    """`register-password`: the password chosen; its rules are people's rules and are checked below."""

    new_password = StringField(validators=[required(), at_most(LONGEST_PASSWORD)])


class RegisterVerifyForm(PageForm):
    """`register-verify`: the code that was sent."""

    code = StringField(filters=[digits], validators=[required(), six_digits])
