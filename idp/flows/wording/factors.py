"""What is said about the authenticator app and the recovery codes."""

from collections.abc import Mapping

from idp.flows.wording.purpose import Purpose
from idp.flows.wording.shape import N_, STOP_WORKS_UNTIL, WAS_IT_YOU, YOU_OR_NOT, Wording

_APP_GOES = N_(
    "The app is then removed, with everything added to the account after it, and every device is signed out."
)
_CODES_GO = N_(
    "The codes then stop working, everything added to the account after them is removed, and every device is "
    "signed out."
)
_APP_SUBJECT = N_("%(brand)s: an authenticator app was added")
_APP_ADDED = N_("On %(when)s an authenticator app was added to your account with %(brand)s.")
_CODES_SUBJECT = N_("%(brand)s: new recovery codes")
_CODES_MADE = N_(
    "On %(when)s new recovery codes were made for your account with %(brand)s. Earlier ones no longer work."
)
_USED = N_("On %(when)s a recovery code of your account with %(brand)s was used. Codes left: %(left)s.")

FACTORS: Mapping[Purpose, Wording] = {
    Purpose.AUTHENTICATOR_ADDED: Wording(
        sms=(
            N_("%(brand)s: an authenticator app was added to your account. Not you? Stop it here: %(link)s"),
            N_("An authenticator app was added to your account. Not you? Stop it here: %(link)s"),
        ),
        subject=_APP_SUBJECT,
        before=(_APP_ADDED, WAS_IT_YOU),
        button=N_("Stop the app"),
        after=(STOP_WORKS_UNTIL, _APP_GOES),
    ),
    Purpose.AUTHENTICATOR_PENDING: Wording(
        sms=(
            N_(
                "%(brand)s: an authenticator app was added to your account; from %(until)s it confirms that "
                "it is you. Not you? Stop it here: %(link)s"
            ),
            N_("An authenticator app was added to your account. Not you? Stop it here: %(link)s"),
        ),
        subject=_APP_SUBJECT,
        before=(
            _APP_ADDED,
            N_(
                "Until %(until)s its codes help to sign in and nothing more; from then on they also confirm "
                "that it is you before important changes."
            ),
            WAS_IT_YOU,
        ),
        button=N_("Stop the app"),
        after=(STOP_WORKS_UNTIL, _APP_GOES),
    ),
    Purpose.AUTHENTICATOR_REMOVED: Wording(
        sms=(
            N_(
                "%(brand)s: on %(when)s the authenticator app was removed from your account. If it was not "
                "you, contact us or your agency at once."
            ),
            N_(
                "On %(when)s the authenticator app was removed from your account. If it was not you, contact "
                "us or your agency at once."
            ),
        ),
        subject=N_("%(brand)s: the authenticator app was removed"),
        before=(
            N_("On %(when)s the authenticator app was removed from your account with %(brand)s."),
            YOU_OR_NOT,
        ),
    ),
    Purpose.RECOVERY_CODES_MADE: Wording(
        sms=(
            N_("%(brand)s: new recovery codes were made for your account. Not you? Stop them here: %(link)s"),
            N_("New recovery codes were made for your account. Not you? Stop them here: %(link)s"),
        ),
        subject=_CODES_SUBJECT,
        before=(_CODES_MADE, WAS_IT_YOU),
        button=N_("Stop the codes"),
        after=(STOP_WORKS_UNTIL, _CODES_GO),
    ),
    Purpose.RECOVERY_CODES_PENDING: Wording(
        sms=(
            N_(
                "%(brand)s: new recovery codes were made for your account; they count as a second step from "
                "%(until)s. Not you? Stop them here: %(link)s"
            ),
            N_("New recovery codes were made for your account. Not you? Stop them here: %(link)s"),
        ),
        subject=_CODES_SUBJECT,
        before=(
            _CODES_MADE,
            N_(
                "Until %(until)s they help to sign in and nothing more; from then on they count as a second "
                "step, also when you recover your credentials."
            ),
            WAS_IT_YOU,
        ),
        button=N_("Stop the codes"),
        after=(STOP_WORKS_UNTIL, _CODES_GO),
    ),
    Purpose.RECOVERY_CODES_REMOVED: Wording(
        sms=(
            N_(
                "%(brand)s: on %(when)s the recovery codes of your account were removed. If it was not you, "
                "contact us or your agency at once."
            ),
            N_(
                "On %(when)s the recovery codes of your account were removed. If it was not you, contact us "
                "or your agency at once."
            ),
        ),
        subject=N_("%(brand)s: the recovery codes were removed"),
        before=(
            N_("On %(when)s the recovery codes of your account with %(brand)s were removed."),
            YOU_OR_NOT,
        ),
    ),
    Purpose.RECOVERY_CODE_USED: Wording(
        sms=(
            N_(
                "%(brand)s: a recovery code of your account was used on %(when)s. Codes left: %(left)s. If "
                "it was not you, contact us or your agency at once."
            ),
            N_(
                "A recovery code of your account was used on %(when)s. Codes left: %(left)s. If it was not "
                "you, contact us or your agency at once."
            ),
        ),
        subject=N_("%(brand)s: a recovery code was used"),
        before=(_USED, YOU_OR_NOT),
    ),
    Purpose.RECOVERY_CODES_FEW: Wording(
        sms=(
            N_(
                "%(brand)s: a recovery code of your account was used on %(when)s. Codes left: %(left)s. Make "
                "new ones on the page of your account. Not you? Contact us or your agency at once."
            ),
            N_(
                "A recovery code of your account was used on %(when)s. Codes left: %(left)s. Not you? "
                "Contact us or your agency at once."
            ),
        ),
        subject=N_("%(brand)s: few recovery codes are left"),
        before=(_USED, N_("Make new ones on the page of your account."), YOU_OR_NOT),
    ),
}
