"""What is said when the insurer's registry no longer has a contact (journey L)."""

from collections.abc import Mapping

from idp.flows.wording.purpose import Purpose
from idp.flows.wording.shape import N_, Wording

CONTACTS: Mapping[Purpose, Wording] = {
    Purpose.CONTACT_REMOVED: Wording(
        sms=(
            N_(
                "%(brand)s: this contact is no longer among your contacts on file and will receive nothing "
                "more from us. If you did not ask for it, contact your agency at once."
            ),
            N_(
                "This contact is no longer among your contacts on file and will receive nothing more from "
                "us. If you did not ask for it, contact your agency at once."
            ),
        ),
        subject=N_("%(brand)s: this contact is no longer on file"),
        before=(
            N_("This contact is no longer among those that your agency has on file for you."),
            N_("It will receive nothing more from %(brand)s."),
            N_(
                "If you asked for it, there is nothing to do. If you did not, contact your agency at once: "
                "someone may be trying to take your place."
            ),
        ),
    ),
    Purpose.USERNAME_REMOVED: Wording(
        sms=(
            N_(
                "%(brand)s: your username is no longer among your contacts on file. It signs in until "
                "%(until)s: sign in before then and choose another. Unexpected? Contact your agency."
            ),
            N_(
                "Your username is no longer among your contacts on file. It signs in until %(until)s: sign "
                "in before then and choose another. Unexpected? Contact your agency."
            ),
        ),
        subject=N_("%(brand)s: choose another username"),
        before=(
            N_(
                "The contact that is your username for %(brand)s is no longer among those that your agency "
                "has on file for you."
            ),
            N_("It signs in until %(until)s. Sign in before then and choose another username."),
            N_("If you did not expect it, contact your agency."),
        ),
    ),
}
