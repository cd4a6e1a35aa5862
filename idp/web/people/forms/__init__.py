"""The forms of the pages: which fields there are, and what can be said of them at once. One module a door."""

from idp.web.people.forms.account import (
    AccountPasswordForm,
    AccountUsernameForm,
    ConfirmPasswordForm,
    MobileForm,
    MobileVerifyForm,
    OwnActivationForm,
    PasskeyNameForm,
    SixDigitsForm,
    UsernameVerifyForm,
)
from idp.web.people.forms.base import PageForm, RepeatedField
from idp.web.people.forms.identify import (
    ActivateForm,
    ContactsForm,
    IdentifyForm,
    IdentifyWithBirthDateForm,
)
from idp.web.people.forms.login import LoginForm, RecoveryProofForm, SecondProofForm
from idp.web.people.forms.recover import (
    RecoverFactorsForm,
    RecoverPasswordForm,
    RecoverVerifyForm,
    RecoveryCodeForm,
)
from idp.web.people.forms.register import (
    LINK_FORMS,
    REGISTER_DATA_FORMS,
    LinkBusinessForm,
    LinkPersonForm,
    RegisterCompanyForm,
    RegisterPasswordForm,
    RegisterPersonForm,
    RegisterProfessionalForm,
    RegisterProfileForm,
    RegisterUsernameForm,
    RegisterVerifyForm,
)

__all__ = [
    "LINK_FORMS",
    "REGISTER_DATA_FORMS",
    "AccountPasswordForm",
    "AccountUsernameForm",
    "ActivateForm",
    "ConfirmPasswordForm",
    "ContactsForm",
    "IdentifyForm",
    "IdentifyWithBirthDateForm",
    "LinkBusinessForm",
    "LinkPersonForm",
    "LoginForm",
    "MobileForm",
    "MobileVerifyForm",
    "OwnActivationForm",
    "PageForm",
    "PasskeyNameForm",
    "RecoverFactorsForm",
    "RecoverPasswordForm",
    "RecoverVerifyForm",
    "RecoveryCodeForm",
    "RecoveryProofForm",
    "RegisterCompanyForm",
    "RegisterPasswordForm",
    "RegisterPersonForm",
    "RegisterProfessionalForm",
    "RegisterProfileForm",
    "RegisterUsernameForm",
    "RegisterVerifyForm",
    "RepeatedField",
    "SecondProofForm",
    "SixDigitsForm",
    "UsernameVerifyForm",
]
