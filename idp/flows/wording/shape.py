"""The shape of one message's words, and how long they may be."""

from dataclasses import dataclass


def N_(sentence: str) -> str:  # noqa: N802 - the marker's customary name, known to the extractor
    """The sentence itself; it is translated where a message is composed."""
    return sentence


LONGEST_CODE_SMS = 160
"""Septets of an SMS with a code and nothing beside it: one part."""

LONGEST_SMS = 306
"""Septets of any other, also of one with an operation or a link: two parts of 153."""


@dataclass(frozen=True, slots=True)
class Wording:
    """One message in its two shapes. ``before`` stands above the code or button, ``after`` under it."""

    sms: tuple[str, ...]
    subject: str
    before: tuple[str, ...]
    after: tuple[str, ...] = ()
    button: str | None = None
    longest_sms: int = LONGEST_SMS
    to_agency: bool = False
    """Read at the agency: it is not told to ask its agency for help."""


NOT_YOU = N_("If it was not you, ignore this message: nobody got in and nothing has changed.")
TELL_NOBODY = N_("Tell nobody this code: if someone asks for it, even in our name, it is a scam.")
ASKED_FOR_CODE = N_(
    "If you did not ask for it, ignore this message: as long as nobody uses it, nothing happens."
)
VALID_FOR = N_("It is valid for %(minutes)s minutes.")
YOU_OR_NOT = N_(
    "If it was you, there is nothing to do. If it was not you, contact us or your agency at once."
)
STOP_WORKS_UNTIL = N_("The button opens a page that asks you to confirm. It works until %(until)s.")
WAS_IT_YOU = N_("If it was you, there is nothing to do. If it was not you, stop it:")
