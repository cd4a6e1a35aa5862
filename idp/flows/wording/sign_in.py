"""What is said to whoever signs in."""

from collections.abc import Mapping

from idp.flows.wording.purpose import Purpose
from idp.flows.wording.shape import (
    LONGEST_CODE_SMS,
    N_,
    STOP_WORKS_UNTIL,
    TELL_NOBODY,
    VALID_FOR,
    WAS_IT_YOU,
    YOU_OR_NOT,
    Wording,
)

SIGN_IN: Mapping[Purpose, Wording] = {
    Purpose.SIGN_IN_CODE: Wording(
        sms=(
            N_(
                "%(code)s is your code to sign in to %(brand)s. Valid for %(minutes)s minutes. Tell "
                "nobody: if someone asks for it, even in our name, it is a scam.\n@%(host)s #%(code)s"
            ),
            N_(
                "%(code)s is your code to sign in. Valid for %(minutes)s minutes. Tell nobody: if someone "
                "asks for it, even in our name, it is a scam.\n@%(host)s #%(code)s"
            ),
            N_(
                "%(code)s: code to sign in, valid %(minutes)s min. Tell nobody: if someone asks for it, "
                "even in our name, it is a scam\n@%(host)s #%(code)s"
            ),
            N_(
                "%(code)s is your code to sign in. Valid for %(minutes)s minutes. Tell nobody: if someone "
                "asks for it, even in our name, it is a scam."
            ),
        ),
        longest_sms=LONGEST_CODE_SMS,
        subject=N_("Your code to sign in to %(brand)s"),
        before=(
            N_("This is your code to sign in to %(brand)s. Type it on the page where you asked for it:"),
        ),
        after=(
            VALID_FOR,
            TELL_NOBODY,
            N_(
                "If you are not signing in, someone knows your password: change it as soon as you can. "
                "Without the code they do not get in."
            ),
        ),
    ),
    Purpose.STEP_UP_CODE: Wording(
        sms=(
            N_(
                "%(code)s is your code to confirm that it is you on %(brand)s. Valid for %(minutes)s "
                "minutes. Tell nobody: if someone asks for it, even in our name, it is a scam.\n"
                "@%(host)s #%(code)s"
            ),
            N_(
                "%(code)s is your code to confirm that it is you. Valid for %(minutes)s minutes. Tell "
                "nobody: if someone asks for it, even in our name, it is a scam.\n@%(host)s #%(code)s"
            ),
            N_(
                "%(code)s: code to confirm it is you, valid %(minutes)s min. Tell nobody: if someone asks "
                "for it, even in our name, it is a scam\n@%(host)s #%(code)s"
            ),
            N_(
                "%(code)s is your code to confirm that it is you. Valid for %(minutes)s minutes. Tell "
                "nobody: if someone asks for it, even in our name, it is a scam."
            ),
        ),
        longest_sms=LONGEST_CODE_SMS,
        subject=N_("Your code to confirm that it is you on %(brand)s"),
        before=(
            N_("This is your code to confirm that it is you. Type it on the page where you asked for it:"),
        ),
        after=(
            VALID_FOR,
            TELL_NOBODY,
            N_(
                "If you are not confirming anything, someone is in your account: change your password at "
                "once. Without the code they do nothing important."
            ),
        ),
    ),
    Purpose.CONFIRM_CODE: Wording(
        sms=(
            N_(
                "%(code)s is your code to change your %(brand)s details. Valid for %(minutes)s minutes. Tell "
                "nobody: if someone asks for it, even in our name, it is a scam.\n@%(host)s #%(code)s"
            ),
            N_(
                "%(code)s is your code to change your details. Valid for %(minutes)s minutes. Tell nobody: "
                "if someone asks for it, even in our name, it is a scam.\n@%(host)s #%(code)s"
            ),
            N_(
                "%(code)s: code to change your details, valid %(minutes)s min. Tell nobody: if someone asks "
                "for it, even in our name, it is a scam\n@%(host)s #%(code)s"
            ),
            N_(
                "%(code)s is your code to change your details. Valid for %(minutes)s minutes. Tell nobody: "
                "if someone asks for it, even in our name, it is a scam."
            ),
        ),
        longest_sms=LONGEST_CODE_SMS,
        subject=N_("Your code to change your %(brand)s details"),
        before=(
            N_(
                "This is your code to change the details of your %(brand)s account. Type it on the page "
                "where you asked for it:"
            ),
        ),
        after=(
            VALID_FOR,
            TELL_NOBODY,
            N_(
                "If you are not changing anything, someone is in your account: change your password at once. "
                "Without the code they change nothing important."
            ),
        ),
    ),
    Purpose.CONFIRMED_BY_SMS: Wording(
        sms=(
            N_(
                "%(brand)s: on %(when)s a code by text message confirmed that it was you, in the place of "
                "fingerprint or face. If it was not you, contact us or your agency at once."
            ),
            N_(
                "On %(when)s a code by text message confirmed that it was you, in the place of fingerprint "
                "or face. If it was not you, contact us or your agency at once."
            ),
        ),
        subject=N_("%(brand)s: confirmed by text message"),
        before=(
            N_(
                "On %(when)s a code by text message confirmed that it was you on %(brand)s, in the place of "
                "fingerprint or face."
            ),
            YOU_OR_NOT,
        ),
    ),
    Purpose.NEW_DEVICE: Wording(
        sms=(
            N_(
                "%(brand)s: sign-in from a new device on %(when)s (%(device)s). Not you? Stop it here: "
                "%(link)s"
            ),
            N_("Sign-in from a new device on %(when)s (%(device)s). Not you? Stop it here: %(link)s"),
        ),
        subject=N_("%(brand)s: sign-in from a new device"),
        before=(
            N_("Someone signed in to your account with %(brand)s from a new device."),
            N_("When: %(when)s"),
            N_("Device: %(device)s"),
            WAS_IT_YOU,
        ),
        button=N_("It was not me"),
        after=(
            STOP_WORKS_UNTIL,
            N_(
                "Every device is then signed out, and what was added to the account in the last 7 days does "
                "nothing until you have chosen a new password."
            ),
        ),
    ),
    Purpose.SIGN_IN_DISAVOWED: Wording(
        sms=(
            N_(
                "%(brand)s: on %(when)s you told us that a sign-in was not yours. Every device is signed "
                'out. Choose a new password on the sign-in page, with "Have you forgotten your username or '
                'password?".'
            ),
            N_(
                "On %(when)s you told us that a sign-in was not yours. Every device is signed out. Choose a "
                "new password on the sign-in page."
            ),
        ),
        subject=N_("%(brand)s: every device is signed out"),
        before=(
            N_("On %(when)s you told us that a sign-in to your account with %(brand)s was not yours."),
            N_(
                "Every device is signed out, the old password is no longer valid, and what was added to the "
                "account in the last 7 days does nothing."
            ),
            N_(
                "Choose a new password: on the sign-in page, press "
                '"Have you forgotten your username or password?".'
            ),
            N_("If you did not tell us, somebody reads your messages: contact us or your agency at once."),
        ),
    ),
}
