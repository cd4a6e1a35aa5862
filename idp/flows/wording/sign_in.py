"""What is said to whoever signs in."""

from collections.abc import Mapping

from idp.flows.wording.purpose import Purpose
from idp.flows.wording.shape import LONGEST_CODE_SMS, N_, TELL_NOBODY, VALID_FOR, YOU_OR_NOT, Wording

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
    Purpose.NEW_DEVICE: Wording(
        sms=(
            N_(
                "%(brand)s: sign-in from a new device on %(when)s (%(device)s). If it was not you, contact "
                "us or your agency at once."
            ),
            N_(
                "Sign-in from a new device on %(when)s (%(device)s). If it was not you, contact us or your "
                "agency at once."
            ),
        ),
        subject=N_("%(brand)s: sign-in from a new device"),
        before=(
            N_("Someone signed in to your account with %(brand)s from a new device."),
            N_("When: %(when)s"),
            N_("Device: %(device)s"),
            YOU_OR_NOT,
        ),
    ),
}
