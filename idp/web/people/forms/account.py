"""The forms of one's own account: fresh authentication, password, username, mobile (journeys G and H)."""

from wtforms import BooleanField, StringField

from idp.web.people.forms.base import (
    LONGEST_CODE,
    LONGEST_DEVICE,
    LONGEST_PASSWORD,
    LONGEST_USERNAME,
    PageForm,
    at_most,
    digits,
    required,
    six_digits,
    stripped,
)


class ConfirmPasswordForm(PageForm):
    """`account-confirm` by password."""

    current_password = StringField(validators=[required(), at_most(LONGEST_PASSWORD)])


class SixDigitsForm(PageForm):
    """`authenticator-add` and `operation`: a code of six digits."""

    code = StringField(filters=[digits], validators=[required(), six_digits])


class AccountPasswordForm(PageForm):
    """`account-password`: the password of today and the next one."""

    current_password = StringField(validators=[required(), at_most(LONGEST_PASSWORD)])
    new_password = StringField(validators=[required(), at_most(LONGEST_PASSWORD)])


class AccountUsernameForm(PageForm):
    """`account-username`: the handle of the contact chosen as the next username."""

    contact = StringField(validators=[required(), at_most(LONGEST_CODE)])


class UsernameVerifyForm(PageForm):
    """`username-verify`: the code that was sent to the next username."""

    code = StringField(filters=[digits], validators=[required(), six_digits])


class PasskeyNameForm(PageForm):
    """`passkey-name`: what its owner calls a device."""

    name = StringField(filters=[stripped], validators=[required(), at_most(LONGEST_DEVICE)])


class MobileForm(PageForm):
    """`mobile`: a number of one's own, and whether the one on file is lost."""

    mobile = StringField(filters=[stripped], validators=[required(), at_most(LONGEST_USERNAME)])
    old_lost = BooleanField()


class MobileVerifyForm(PageForm):
    """`mobile-verify`: the code that was sent to the new number."""

    code = StringField(filters=[digits], validators=[required(), six_digits])


class OwnActivationForm(PageForm):
    """`mobile-confirm` and `confirm-way`: an activation code that ends a wait."""

    activation_code = StringField(filters=[stripped], validators=[required(), at_most(LONGEST_CODE)])
