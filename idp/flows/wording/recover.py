"""What is said about forgotten and changed credentials (journey H)."""

from collections.abc import Mapping

from idp.flows.wording.purpose import Purpose
from idp.flows.wording.shape import (
    ASKED_FOR_CODE,
    LONGEST_CODE_SMS,
    N_,
    NOT_YOU,
    TELL_NOBODY,
    VALID_FOR,
    YOU_OR_NOT,
    Wording,
)

_ASKED = N_("Someone asked to recover the credentials for %(brand)s using this contact, on file with us.")

RECOVER: Mapping[Purpose, Wording] = {
    Purpose.RECOVERY_CODE: Wording(
        sms=(
            N_(
                "%(code)s is your code to recover your %(brand)s credentials. Valid for %(minutes)s minutes. "
                "Tell nobody: if someone asks for it, even in our name, it is a scam.\n@%(host)s #%(code)s"
            ),
            N_(
                "%(code)s is your code to recover your credentials. Valid for %(minutes)s minutes. Tell "
                "nobody: if someone asks for it, even in our name, it is a scam.\n@%(host)s #%(code)s"
            ),
            N_(
                "%(code)s: recovery code, valid %(minutes)s min. Tell nobody: if someone asks for it, even "
                "in our name, it is a scam\n@%(host)s #%(code)s"
            ),
            N_(
                "%(code)s is your code to recover your credentials. Valid for %(minutes)s minutes. Tell "
                "nobody: if someone asks for it, even in our name, it is a scam."
            ),
        ),
        longest_sms=LONGEST_CODE_SMS,
        subject=N_("Your code to recover your %(brand)s credentials"),
        before=(
            N_(
                "This is your code to recover your %(brand)s credentials. Type it on the page where you "
                "asked for it:"
            ),
        ),
        after=(VALID_FOR, TELL_NOBODY, ASKED_FOR_CODE),
    ),
    Purpose.RECOVERY_FRESH_CONTACT: Wording(
        sms=(
            N_(
                "%(brand)s: credentials not recovered. This contact was put on file too recently. Start "
                "again with another contact, or ask your agency for an activation code. Not you? Contact "
                "your agency."
            ),
            N_(
                "Credentials not recovered: this contact was put on file too recently. Start again with "
                "another contact, or ask your agency for an activation code. Not you? Contact your agency."
            ),
        ),
        subject=N_("%(brand)s: use another contact to recover your credentials"),
        before=(
            _ASKED,
            N_(
                "This contact was put on file too recently, so the credentials were not recovered: it keeps "
                "out whoever has a contact changed to take an account."
            ),
            N_(
                "Start again and choose a contact that has been on file for longer, or ask your agency for "
                "an activation code."
            ),
            N_("If it was not you, contact your agency: nobody got in, but someone may be trying."),
        ),
    ),
    Purpose.RECOVERY_NO_ACCOUNT: Wording(
        sms=(
            N_(
                "%(brand)s: there are no credentials to recover, because you have not registered yet. Press "
                '"Register" on the sign-in page. Not you? Ignore this message.'
            ),
            N_(
                "There are no credentials to recover, because you have not registered yet: press "
                '"Register" on the sign-in page. Not you? Ignore this message.'
            ),
        ),
        subject=N_("%(brand)s: you have not registered yet"),
        before=(
            _ASKED,
            N_("You have not registered yet, so there are no credentials to recover."),
            N_('Press "Register" on the sign-in page: it takes a few minutes.'),
            NOT_YOU,
        ),
    ),
    Purpose.RECOVERED: Wording(
        sms=(
            N_(
                "%(brand)s: your credentials were recovered and the password was changed on %(when)s. If it "
                "was not you, contact us or your agency at once."
            ),
            N_(
                "Your credentials were recovered and the password was changed on %(when)s. If it was not "
                "you, contact us or your agency at once."
            ),
        ),
        subject=N_("%(brand)s: your credentials were recovered"),
        before=(
            N_(
                "The credentials of your account with %(brand)s were recovered on %(when)s, and a new "
                "password was chosen."
            ),
            N_("Every device that was signed in has been signed out."),
            YOU_OR_NOT,
        ),
    ),
    Purpose.PASSWORD_CHANGED: Wording(
        sms=(
            N_(
                "%(brand)s: your password was changed on %(when)s. If it was not you, contact us or your "
                "agency at once."
            ),
            N_(
                "Your password was changed on %(when)s. If it was not you, contact us or your agency at once."
            ),
        ),
        subject=N_("%(brand)s: your password was changed"),
        before=(
            N_("The password of your account with %(brand)s was changed on %(when)s."),
            YOU_OR_NOT,
        ),
    ),
    Purpose.USERNAME_CODE: Wording(
        sms=(
            N_(
                "%(code)s is your code to change your %(brand)s username. Valid for %(minutes)s minutes. "
                "Tell nobody: if someone asks for it, even in our name, it is a scam.\n@%(host)s #%(code)s"
            ),
            N_(
                "%(code)s is your code to change your username. Valid for %(minutes)s minutes. Tell nobody: "
                "if someone asks for it, even in our name, it is a scam.\n@%(host)s #%(code)s"
            ),
            N_(
                "%(code)s: new username code, valid %(minutes)s min. Tell nobody: if someone asks for it, "
                "even in our name, it is a scam\n@%(host)s #%(code)s"
            ),
            N_(
                "%(code)s is your code to change your username. Valid for %(minutes)s minutes. Tell nobody: "
                "if someone asks for it, even in our name, it is a scam."
            ),
        ),
        longest_sms=LONGEST_CODE_SMS,
        subject=N_("Your code to change your %(brand)s username"),
        before=(
            N_(
                "This is your code to make this contact your %(brand)s username. Type it on the page where "
                "you asked for it:"
            ),
        ),
        after=(VALID_FOR, TELL_NOBODY, ASKED_FOR_CODE),
    ),
    Purpose.USERNAME_CHANGED: Wording(
        sms=(
            N_(
                "%(brand)s: your username was changed on %(when)s. The earlier one no longer signs in. If it "
                "was not you, contact us or your agency at once."
            ),
            N_(
                "Your username was changed on %(when)s. The earlier one no longer signs in. If it was not "
                "you, contact us or your agency at once."
            ),
        ),
        subject=N_("%(brand)s: your username was changed"),
        before=(
            N_("The username of your account with %(brand)s was changed on %(when)s."),
            N_("The earlier one no longer signs in."),
            YOU_OR_NOT,
        ),
    ),
}
