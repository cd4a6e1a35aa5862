"""What is said about signing in with fingerprint or face (journey E)."""

from collections.abc import Mapping

from idp.flows.wording.purpose import Purpose
from idp.flows.wording.shape import N_, STOP_WORKS_UNTIL, WAS_IT_YOU, YOU_OR_NOT, Wording

_THEN = N_(
    "The device is then removed, with everything added to the account after it, and every device is signed "
    "out."
)

PASSKEYS: Mapping[Purpose, Wording] = {
    Purpose.PASSKEY_ADDED: Wording(
        sms=(
            N_(
                "%(brand)s: a device can now sign in to your account with fingerprint or face. Not you? "
                "Stop it here: %(link)s"
            ),
            N_(
                "A device can now sign in to your account with fingerprint or face. Not you? Stop it here: "
                "%(link)s"
            ),
        ),
        subject=N_("%(brand)s: a device signs in with fingerprint or face"),
        before=(
            N_(
                "On %(when)s a device was added that signs in to your account with %(brand)s with "
                "fingerprint or face."
            ),
            WAS_IT_YOU,
        ),
        button=N_("Stop the device"),
        after=(STOP_WORKS_UNTIL, _THEN),
    ),
    Purpose.PASSKEY_PENDING: Wording(
        sms=(
            N_(
                "%(brand)s: a device can now sign in to your account with fingerprint or face; it confirms "
                "operations from %(until)s. Not you? Stop it here: %(link)s"
            ),
            N_(
                "A device can now sign in to your account; it confirms operations from %(until)s. Not you? "
                "Stop it here: %(link)s"
            ),
        ),
        subject=N_("%(brand)s: a device signs in with fingerprint or face"),
        before=(
            N_(
                "On %(when)s a device was added that signs in to your account with %(brand)s with "
                "fingerprint or face."
            ),
            N_("It can read and nothing more: it confirms no operation before %(until)s."),
            WAS_IT_YOU,
        ),
        button=N_("Stop the device"),
        after=(STOP_WORKS_UNTIL, _THEN),
    ),
    Purpose.PASSKEY_RENAMED: Wording(
        sms=(
            N_(
                "%(brand)s: a device that signs in with fingerprint or face was given another name on "
                "%(when)s. If it was not you, contact us or your agency at once."
            ),
            N_(
                "A device that signs in with fingerprint or face was given another name on %(when)s. If it "
                "was not you, contact us or your agency at once."
            ),
        ),
        subject=N_("%(brand)s: a device has another name"),
        before=(
            N_(
                "On %(when)s a device that signs in to your account with %(brand)s with fingerprint or "
                "face was given another name."
            ),
            YOU_OR_NOT,
        ),
    ),
    Purpose.PASSKEY_REMOVED: Wording(
        sms=(
            N_(
                "%(brand)s: on %(when)s a device was removed: it no longer signs in to your account with "
                "fingerprint or face. If it was not you, contact us or your agency at once."
            ),
            N_(
                "On %(when)s a device was removed: it no longer signs in to your account with fingerprint "
                "or face. If it was not you, contact us or your agency at once."
            ),
        ),
        subject=N_("%(brand)s: a device was removed"),
        before=(
            N_(
                "On %(when)s a device was removed from your account with %(brand)s: it no longer signs in "
                "with fingerprint or face."
            ),
            YOU_OR_NOT,
        ),
    ),
    Purpose.PASSKEY_COPIED: Wording(
        sms=(
            N_(
                "%(brand)s: a device that signs in to your account may have been copied. We refused it on "
                "%(when)s. Remove it on the page of your account, or contact us or your agency."
            ),
            N_(
                "A device that signs in to your account may have been copied. We refused it on %(when)s. "
                "Remove it on the page of your account, or contact us or your agency."
            ),
        ),
        subject=N_("%(brand)s: a device may have been copied"),
        before=(
            N_(
                "On %(when)s we refused a device that signs in to your account with %(brand)s: it behaves "
                "as if it had been copied."
            ),
            N_("It confirms no operation any more. Sign in with your password and remove it."),
            N_("If you need help, contact us or your agency."),
        ),
    ),
}
