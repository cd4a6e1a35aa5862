"""What is said about a mobile number that a customer registers or changes (journey G)."""

from collections.abc import Mapping

from idp.flows.wording.purpose import Purpose
from idp.flows.wording.shape import (
    ASKED_FOR_CODE,
    LONGEST_CODE_SMS,
    N_,
    TELL_NOBODY,
    VALID_FOR,
    YOU_OR_NOT,
    Wording,
)

MOBILE: Mapping[Purpose, Wording] = {
    Purpose.MOBILE_CODE: Wording(
        sms=(
            N_(
                "%(code)s is your code to add this number to %(brand)s. Valid for %(minutes)s minutes. Tell "
                "nobody: if someone asks for it, even in our name, it is a scam.\n@%(host)s #%(code)s"
            ),
            N_(
                "%(code)s is your code to add this number. Valid for %(minutes)s minutes. Tell nobody: if "
                "someone asks for it, even in our name, it is a scam.\n@%(host)s #%(code)s"
            ),
            N_(
                "%(code)s: code for this number, valid %(minutes)s min. Tell nobody: if someone asks for it, "
                "even in our name, it is a scam\n@%(host)s #%(code)s"
            ),
            N_(
                "%(code)s is your code to add this number. Valid for %(minutes)s minutes. Tell nobody: if "
                "someone asks for it, even in our name, it is a scam."
            ),
        ),
        longest_sms=LONGEST_CODE_SMS,
        subject=N_("Your code to add a mobile number to %(brand)s"),
        before=(
            N_(
                "This is your code to add a mobile number to %(brand)s. Type it on the page where you asked "
                "for it:"
            ),
        ),
        after=(VALID_FOR, TELL_NOBODY, ASKED_FOR_CODE),
    ),
    Purpose.MOBILE_PENDING: Wording(
        sms=(
            N_(
                "%(brand)s: a new mobile number was added to your account. It will be valid from %(until)s. "
                "Not you? Stop it here: %(link)s"
            ),
            N_(
                "A new mobile number was added to your account. It will be valid from %(until)s. Not you? "
                "Stop it here: %(link)s"
            ),
        ),
        subject=N_("%(brand)s: a new mobile number is about to be valid"),
        before=(
            N_("On %(when)s a new mobile number was added to your account with %(brand)s."),
            N_("It is not valid yet: it receives no codes before %(until)s."),
            N_("If it was you, there is nothing to do. If it was not you, stop it:"),
        ),
        button=N_("Stop the new number"),
        after=(
            N_("The button opens a page that asks you to confirm. It works until %(until)s."),
            N_("The new number is then dropped, with everything added to the account after it."),
        ),
    ),
    Purpose.MOBILE_AGENCY: Wording(
        sms=(
            N_(
                "%(brand)s: customer %(customer_number)s added a new mobile number on %(when)s. If that "
                "seems wrong to you, call the customer on a number you know."
            ),
            N_(
                "Customer %(customer_number)s added a new mobile number on %(when)s. If that seems wrong to "
                "you, call the customer on a number you know."
            ),
        ),
        subject=N_("%(brand)s: new mobile number of customer %(customer_number)s"),
        before=(
            N_(
                "On %(when)s customer %(customer_number)s added to %(brand)s a mobile number that is not on "
                "file."
            ),
            N_(
                "The number is waiting. If the customer gives it to you in person, put it on file: that "
                "confirms it."
            ),
            N_(
                "If the request seems wrong to you, call the customer on a number you know. The customer can "
                "stop it from the message we sent."
            ),
        ),
        to_agency=True,
    ),
    Purpose.MOBILE_CONFIRMED: Wording(
        sms=(
            N_(
                "%(brand)s: your new mobile number was confirmed on %(when)s. It will receive your codes "
                "from now on. If it was not you, contact us or your agency at once."
            ),
            N_(
                "Your new mobile number was confirmed on %(when)s. It will receive your codes from now on. "
                "If it was not you, contact us or your agency at once."
            ),
        ),
        subject=N_("%(brand)s: your new mobile number is confirmed"),
        before=(
            N_("The new mobile number of your account with %(brand)s was confirmed on %(when)s."),
            N_("It will receive your codes from now on."),
            YOU_OR_NOT,
        ),
    ),
    Purpose.MOBILE_CANCELLED: Wording(
        sms=(
            N_(
                "%(brand)s: the new mobile number was stopped on %(when)s and is not valid. If you did not "
                "ask for that number, change your password and contact your agency."
            ),
            N_(
                "The new mobile number was stopped on %(when)s and is not valid. If you did not ask for that "
                "number, change your password and contact your agency."
            ),
        ),
        subject=N_("%(brand)s: the new mobile number was stopped"),
        before=(
            N_("The new mobile number of your account with %(brand)s was stopped on %(when)s."),
            N_("It was dropped, with everything added to the account after it."),
            N_(
                "If you did not ask for that number, someone got into your account: change your password and "
                "contact your agency."
            ),
            N_("If it was you who asked for it, sign in and add it again."),
        ),
    ),
}
