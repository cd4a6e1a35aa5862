"""What is said when an account's data leave, or the account ends (journey I)."""

from collections.abc import Mapping

from idp.flows.wording.purpose import Purpose
from idp.flows.wording.shape import N_, YOU_OR_NOT, Wording

ACCOUNT: Mapping[Purpose, Wording] = {
    Purpose.DATA_DOWNLOADED: Wording(
        sms=(
            N_(
                "%(brand)s: the data of your account were downloaded on %(when)s. If it was not you, contact "
                "us or your agency at once."
            ),
            N_(
                "The data of your account were downloaded on %(when)s. If it was not you, contact us or your "
                "agency at once."
            ),
        ),
        subject=N_("%(brand)s: your data were downloaded"),
        before=(
            N_("On %(when)s the data of your account with %(brand)s were downloaded as a file."),
            YOU_OR_NOT,
        ),
    ),
    Purpose.ACCOUNT_CLOSED: Wording(
        sms=(
            N_(
                "%(brand)s: your account was closed on %(when)s. Your policies stay valid. If it was not "
                "you, contact us or your agency at once."
            ),
            N_(
                "Your account was closed on %(when)s. Your policies stay valid. If it was not you, contact "
                "us or your agency at once."
            ),
        ),
        subject=N_("%(brand)s: your account is closed"),
        before=(
            N_("Your account with %(brand)s was closed on %(when)s."),
            N_("What you signed in with is erased. Your policies stay valid."),
            N_("You can register again when you like."),
            YOU_OR_NOT,
        ),
    ),
}
