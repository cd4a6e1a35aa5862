"""What every form is made of: how a value is read, and what can be said of it at once.

Only what needs no knowledge is judged here (presence, length, shape of a code); people's rules live below.
A form never carries words: a fault is a code, and `words.FAULTS` says it. Values are taken as typed, except
that spaces around them are dropped where they mean nothing; a password is taken exactly (ASVS 6.2.8).
"""

import re
from collections.abc import Callable
from typing import Any, Self

from werkzeug.datastructures import MultiDict
from wtforms import Field, Form
from wtforms.validators import ValidationError

# A longer value is refused before anybody looks at it; a real one never comes near.
LONGEST_NAME = 100
LONGEST_COMPANY = 200
LONGEST_USERNAME = 254
LONGEST_DEVICE = 40
LONGEST_PASSWORD = 1024
# Activation codes and identifiers, with the spaces and hyphens people type.
LONGEST_CODE = 64


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


SECRET_FIELDS = frozenset({"password", "new_password", "current_password", "code", "activation_code"})
