"""The form of sign-in (journey D)."""

from wtforms import StringField

from idp.web.people.forms.base import (
    LONGEST_PASSWORD,
    LONGEST_USERNAME,
    PageForm,
    at_most,
    required,
    stripped,
)


class LoginForm(PageForm):
    """`login`: username and password."""

    username = StringField(filters=[stripped], validators=[required(), at_most(LONGEST_USERNAME)])
    password = StringField(validators=[required(), at_most(LONGEST_PASSWORD)])
