"""The forms of registration and of its links (journeys A and B)."""

from collections.abc import Mapping

from wtforms import BooleanField, StringField

from idp.web.people.forms.base import (
    LONGEST_COMPANY,
    LONGEST_NAME,
    LONGEST_PASSWORD,
    LONGEST_USERNAME,
    PageForm,
    at_most,
    digits,
    one_of,
    required,
    six_digits,
    stripped,
)


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


class RegisterUsernameForm(PageForm):
    """`register-username`: the contact typed where an activation code found none on file."""

    username = StringField(filters=[stripped], validators=[required(), at_most(LONGEST_USERNAME)])


class LinkPersonForm(PageForm):
    """`link` in another browser: what the customer knows, and a password chosen anew."""

    family_name = StringField(filters=[stripped], validators=[required(), at_most(LONGEST_NAME)])
    new_password = StringField(validators=[required(), at_most(LONGEST_PASSWORD)])


class LinkBusinessForm(PageForm):
    """`link` in another browser, of a professional or a company."""

    vat_number = StringField(filters=[digits], validators=[required(), at_most(LONGEST_NAME)])
    new_password = StringField(validators=[required(), at_most(LONGEST_PASSWORD)])


# By the field that `link` asks.
LINK_FORMS: Mapping[str, type[PageForm]] = {
    "family_name": LinkPersonForm,
    "vat_number": LinkBusinessForm,
}
