"""The form of sign-in (journey D)."""

from wtforms import BooleanField, StringField

from idp.web.people.forms.base import (
    LONGEST_CODE,
    LONGEST_PASSWORD,
    LONGEST_USERNAME,
    PageForm,
    at_most,
    digits,
    required,
    six_digits,
    stripped,
)


class LoginForm(PageForm):
    """`login`: username and password."""

    username = StringField(filters=[stripped], validators=[required(), at_most(LONGEST_USERNAME)])
    password = StringField(validators=[required(), at_most(LONGEST_PASSWORD)])


class SecondProofForm(PageForm):
    """`login-code` and `step-up`: the code, and at sign-in whether this browser is trusted."""

    code = StringField(filters=[digits], validators=[required(), six_digits])
    trust_browser = BooleanField()


class RecoveryProofForm(PageForm):
    """`login-code` by one of the codes that were printed."""

    code = StringField(filters=[stripped], validators=[required(), at_most(LONGEST_CODE)])
    trust_browser = BooleanField()
