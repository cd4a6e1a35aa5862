"""What of the audit trail a customer reads about their own account, in plain words.

Every event has its line here, or stands among those that are no customer's business: a test holds the table
against the whole vocabulary. Sentences are keys of the `pages` catalogue; ``%(app)s`` is the name of the app
or site that the event is about. No sentence tells where from, by whom in person, or with what number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from idp.accounts.audit import Detail, Event


def N_(sentence: str) -> str:  # noqa: N802 - the marker's customary name, known to the extractor
    """The sentence itself; translated where it is shown."""
    return sentence


@dataclass(frozen=True, slots=True)
class ByDetail:
    """A sentence that depends on a detail of the event."""

    detail: str
    sentences: Mapping[str, str]
    otherwise: str


KEPT_FOR: Final = 90 * 24 * 3600
"""Seconds for which an event is shown."""

TOLD: Final[Mapping[Event, str | ByDetail]] = {
    Event.REGISTRATION_COMPLETED: N_("You registered"),
    Event.REGISTRATION_NOT_MATCHED: N_("Somebody tried to register with your details"),
    Event.ACTIVATION_CODE_ISSUED: N_("You were given an activation code"),
    Event.ACTIVATION_CODE_ACCEPTED: N_("Your activation code was used"),
    Event.RECOVERY_BEGUN: N_("Somebody asked to recover your username and password"),
    Event.RECOVERY_COMPLETED: N_("Access recovered, with a new password"),
    Event.SIGN_IN_SUCCEEDED: ByDetail(
        "proof",
        {
            "password": N_("Sign-in with the password"),
            "passkey": N_("Sign-in with fingerprint or face"),
        },
        N_("Sign-in"),
    ),
    Event.SECOND_FACTOR_GIVEN: N_("Sign-in confirmed with a second step"),
    Event.BROWSER_TRUSTED: N_("You chose to trust a browser: no more codes there"),
    Event.STEPPED_UP: N_("You confirmed that it was you"),
    Event.STEP_UP_REFUSED: N_("%(app)s asked you to confirm, but that was not possible"),
    Event.OPERATION_APPROVED: N_("You confirmed an operation of %(app)s"),
    Event.OPERATION_REFUSED: ByDetail(
        "reason",
        {"declined": N_("You did not confirm an operation of %(app)s")},
        N_("An operation of %(app)s could not be confirmed"),
    ),
    Event.SIGN_IN_FAILED: ByDetail(
        "reason",
        {"asked_again": N_("Wrong password when asked to confirm")},
        N_("Sign-in refused: wrong password"),
    ),
    Event.SIGN_IN_THROTTLED: N_("Sign-ins slowed down after too many wrong passwords"),
    Event.SIGN_IN_DISAVOWED: N_("You told us that a sign-in was not yours: everyone was signed out"),
    Event.CONFIRMED_AGAIN: N_("You confirmed that it was you"),
    Event.SIGNED_OUT: N_("You signed out"),
    Event.SESSION_ENDED: ByDetail(
        "reason",
        {
            "owner": N_("You signed a device out"),
            "another_signed_in": N_("Signed out: somebody else signed in on that device"),
        },
        N_("A device was signed out"),
    ),
    Event.SESSIONS_ENDED: ByDetail(
        "by",
        {"account": N_("You signed out everywhere")},
        N_("We signed all your devices out"),
    ),
    Event.CODE_EXCHANGED: N_("You opened %(app)s"),
    Event.CODE_REUSED: N_("The access of %(app)s was ended, as a precaution"),
    Event.TOKEN_REUSED: N_("The access of %(app)s was ended, as a precaution"),
    Event.TOKEN_REVOKED: N_("The access of %(app)s ended"),
    Event.CONSENT_GIVEN: N_("You allowed %(app)s to see your data"),
    Event.CONSENT_REFUSED: N_("You did not allow %(app)s to see your data"),
    Event.ACCESS_REVOKED: N_("You took the access of %(app)s away"),
    Event.ACCOUNT_FOLLOWED_REGISTRY: N_("Your details changed with your agency"),
    Event.PASSWORD_CHANGED: N_("Password changed"),
    Event.USERNAME_CHANGED: N_("Username changed"),
    Event.LANGUAGE_CHANGED: N_("Language changed"),
    Event.MOBILE_ASKED: N_("A new mobile number was typed"),
    Event.MOBILE_PENDING: N_("A new mobile number was verified and is waiting"),
    Event.MOBILE_REFUSED: N_("A new mobile number was refused"),
    Event.MOBILE_CONFIRMED: N_("A new mobile number was confirmed"),
    Event.MOBILE_CANCELLED: N_("The change of mobile number was cancelled"),
    Event.PASSKEY_ADDED: N_("A device was added for fingerprint or face"),
    Event.PASSKEY_CONFIRMED: N_("A device for fingerprint or face was confirmed"),
    Event.PASSKEY_RENAMED: N_("A device for fingerprint or face was given another name"),
    Event.PASSKEY_REMOVED: N_("A device for fingerprint or face was removed"),
    Event.PASSKEY_COPIED: N_("A device for fingerprint or face was refused: it may have been copied"),
    Event.PASSKEY_OFFER_DECLINED: N_("You asked not to be offered fingerprint or face again"),
    Event.AUTHENTICATOR_ADDED: N_("An authenticator app was added"),
    Event.AUTHENTICATOR_CONFIRMED: N_("The authenticator app was confirmed"),
    Event.AUTHENTICATOR_REFUSED: N_("A code of the authenticator app was wrong"),
    Event.AUTHENTICATOR_REMOVED: N_("The authenticator app was removed"),
    Event.RECOVERY_CODES_MADE: N_("New recovery codes were made"),
    Event.RECOVERY_CODES_CONFIRMED: N_("The recovery codes were confirmed"),
    Event.RECOVERY_CODES_REMOVED: N_("The recovery codes were removed"),
    Event.RECOVERY_CODE_USED: N_("A recovery code was used"),
    Event.RECOVERY_CODE_REFUSED: N_("A recovery code was wrong"),
    Event.BROWSER_DISTRUSTED: N_("You no longer trust a browser: it asks for the code again"),
    Event.DATA_DOWNLOADED: N_("Your data were downloaded"),
    Event.ACCOUNT_LOCKED: N_("We locked the account"),
    Event.ACCOUNT_UNLOCKED: N_("We unlocked the account"),
}
"""Each event of an account's own, with its sentence."""


def sentence_of(event: Event, details: Mapping[str, Detail]) -> str | None:
    """The sentence for an event with these details; None for one that is not told."""
    told = TOLD.get(event)
    if isinstance(told, ByDetail):
        return told.sentences.get(str(details.get(told.detail)), told.otherwise)
    return told
