"""The forms of recovery (journey H)."""

from typing import Self

from werkzeug.datastructures import MultiDict
from wtforms import StringField

from idp.web.people.forms.base import (
    LONGEST_CODE,
    LONGEST_PASSWORD,
    PageForm,
    RepeatedField,
    at_most,
    digits,
    required,
    six_digits,
    stripped,
)

KEEP = "keep_"


class RecoverVerifyForm(PageForm):
    """`recover-verify` and `recover-second`: the code that was sent."""

    code = StringField(filters=[digits], validators=[required(), six_digits])


class RecoveryCodeForm(PageForm):
    """One of the customer's own recovery codes."""

    recovery_code = StringField(filters=[stripped], validators=[required(), at_most(LONGEST_CODE)])


class RecoverPasswordForm(PageForm):
    """`recover-password`: the new password."""

    new_password = StringField(validators=[required(), at_most(LONGEST_PASSWORD)])


class RecoverFactorsForm(PageForm):
    """`recover-factors`: a box `keep_HANDLE` for each way of confirming; unticked means removed.

    `kept` holds the handles of the ticked ones as they came: whether they are this customer's is judged
    below.
    """

    kept: frozenset[str] = frozenset()

    @classmethod
    def read(cls, posted: MultiDict[str, str]) -> Self:
        """The boxes ticked; raises RepeatedField when one came twice."""
        form = super().read(posted)
        ticked = [name for name in posted if name.startswith(KEEP)]
        for name in ticked:
            if len(posted.getlist(name)) > 1:
                raise RepeatedField(name)
        form.kept = frozenset(name.removeprefix(KEEP) for name in ticked)
        return form
