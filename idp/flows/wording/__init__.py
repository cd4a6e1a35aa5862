"""What each message says, as keys of the `messages` catalogue: stable English sentences, whole ones.

An SMS has wordings from the fullest to the shortest; the first that fits is sent. Letters are a subject and
paragraphs. Placeholders: code, link, minutes, brand, insurer, host, when, until, device, left,
customer_number, operation.
"""

from collections.abc import Mapping

from idp.flows.wording.account import ACCOUNT
from idp.flows.wording.contacts import CONTACTS
from idp.flows.wording.factors import FACTORS
from idp.flows.wording.mobile import MOBILE
from idp.flows.wording.operation import OPERATION
from idp.flows.wording.passkeys import PASSKEYS
from idp.flows.wording.purpose import Purpose
from idp.flows.wording.recover import RECOVER
from idp.flows.wording.register import REGISTER, REGISTRATION_CODE_AND_LINK
from idp.flows.wording.shape import LONGEST_CODE_SMS, LONGEST_SMS, N_, Wording
from idp.flows.wording.sign_in import SIGN_IN

__all__ = [
    "DEVICE",
    "HELP_WITHOUT_PHONE",
    "HELP_WITH_HOURS",
    "HELP_WITH_PHONE",
    "LONGEST_CODE_SMS",
    "LONGEST_SMS",
    "SENT_BY",
    "UNKNOWN_DEVICE",
    "WITH_LINK",
    "WORDINGS",
    "Purpose",
    "Wording",
    "sentences",
]

WORDINGS: Mapping[Purpose, Wording] = {
    **REGISTER,
    **SIGN_IN,
    **OPERATION,
    **RECOVER,
    **MOBILE,
    **CONTACTS,
    **PASSKEYS,
    **FACTORS,
    **ACCOUNT,
}
"""Every message by its purpose."""

WITH_LINK: Mapping[Purpose, Wording] = {Purpose.REGISTRATION_CODE: REGISTRATION_CODE_AND_LINK}
"""The same where a link stands beside the code (journey B6)."""

HELP_WITH_HOURS = N_("Need help? Call %(phone)s (%(hours)s).")
HELP_WITH_PHONE = N_("Need help? Call %(phone)s.")
HELP_WITHOUT_PHONE = N_("Need help? Ask your agency.")
SENT_BY = N_("%(brand)s, a service of %(insurer)s")
DEVICE = N_("%(browser)s on %(system)s")
UNKNOWN_DEVICE = N_("not recognised")


def sentences() -> tuple[str, ...]:
    """Every key of the catalogue, each once, in the order of these pages."""
    found: dict[str, None] = {}
    for wording in (*WORDINGS.values(), *WITH_LINK.values()):
        button = (wording.button,) if wording.button else ()
        found.update(dict.fromkeys((*wording.sms, wording.subject, *wording.before, *button, *wording.after)))
    found.update(
        dict.fromkeys((HELP_WITH_HOURS, HELP_WITH_PHONE, HELP_WITHOUT_PHONE, SENT_BY, DEVICE, UNKNOWN_DEVICE))
    )
    return tuple(found)
