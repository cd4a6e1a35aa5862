"""What is said to whoever confirms an operation: the code, and what it is for, whole.

Two parts of an SMS have room for it, with the warning; a name of unheard length makes a third.
"""

from collections.abc import Mapping

from idp.flows.wording.purpose import Purpose
from idp.flows.wording.shape import N_, TELL_NOBODY, VALID_FOR, Wording

OPERATION: Mapping[Purpose, Wording] = {
    Purpose.OPERATION_CODE: Wording(
        sms=(
            N_(
                "%(code)s confirms: %(operation)s. Valid %(minutes)s min. Tell nobody: if someone asks for "
                "it, even in our name, it is a scam.\n@%(host)s #%(code)s"
            ),
            N_(
                "%(code)s confirms: %(operation)s. Valid %(minutes)s min. Is it not yours? It is a scam: "
                "tell nobody.\n@%(host)s #%(code)s"
            ),
            N_(
                "%(code)s confirms: %(operation)s. Valid %(minutes)s min. Tell nobody: if someone asks for "
                "it, even in our name, it is a scam."
            ),
            N_(
                "%(code)s confirms: %(operation)s. Valid %(minutes)s min. Is it not yours? It is a scam: "
                "tell nobody."
            ),
        ),
        subject=N_("Your code to confirm an operation"),
        before=(
            N_("You are asked to confirm this operation: %(operation)s."),
            N_("If it is right, type this code on the page where you saw it:"),
        ),
        after=(
            VALID_FOR,
            TELL_NOBODY,
            N_("If you did not ask for it, give the code to nobody and call us: without it nothing happens."),
        ),
    ),
}
