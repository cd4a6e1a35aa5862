"""The audit trail's vocabulary: every event has a name and a closed list of details.

Details are codes, identifiers and counts, never personal data; customers and networks appear as pseudonyms.
A detail that is not in the list is a programming error and is refused, so that nothing slips into the trail.
"""

from collections.abc import Mapping
from enum import StrEnum

Detail = str | int | bool | None
LONGEST_DETAIL = 200
SEALED, LONGEST_SEALED = "sealed", 8192
"""The one detail that holds what a person saw: sealed, in base64url, and read with the keys alone."""


class Event(StrEnum):
    """What can happen, named thing first. What a customer reads of it stands in ``accounts.activity``."""

    REGISTRATION_MATCHED = "registration_matched"
    REGISTRATION_NOT_MATCHED = "registration_not_matched"
    REGISTRATION_COMPLETED = "registration_completed"
    REGISTRATION_IDENTIFIED = "registration_identified"
    REGISTRATION_HELP_WANTED = "registration_help_wanted"
    IDENTIFICATION_THROTTLED = "identification_throttled"
    ACTIVATION_CODE_ISSUED = "activation_code_issued"
    ACTIVATION_CODE_ACCEPTED = "activation_code_accepted"
    ACTIVATION_CODE_REFUSED = "activation_code_refused"
    ACTIVATION_CODE_THROTTLED = "activation_code_throttled"
    RECOVERY_BEGUN = "recovery_begun"
    RECOVERY_CONTACT_CHOSEN = "recovery_contact_chosen"
    RECOVERY_COMPLETED = "recovery_completed"
    CHALLENGE_SENT = "challenge_sent"
    CHALLENGE_FAILED = "challenge_failed"
    CHALLENGE_ANSWERED = "challenge_answered"
    SIGN_IN_SUCCEEDED = "sign_in_succeeded"
    # The second factor at sign-in, trust in a browser, step-up.
    SECOND_FACTOR_GIVEN = "second_factor_given"
    BROWSER_TRUSTED = "browser_trusted"
    STEPPED_UP = "stepped_up"
    STEP_UP_REFUSED = "step_up_refused"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGN_IN_THROTTLED = "sign_in_throttled"
    SIGN_IN_DISAVOWED = "sign_in_disavowed"
    CONFIRMED_AGAIN = "confirmed_again"
    SIGNED_OUT = "signed_out"
    SESSION_ENDED = "session_ended"
    CODE_EXCHANGED = "code_exchanged"
    CODE_REUSED = "code_reused"
    TOKEN_REFRESHED = "token_refreshed"
    TOKEN_REUSED = "token_reused"
    TOKEN_REVOKED = "token_revoked"
    CONSENT_GIVEN = "consent_given"
    CONSENT_REFUSED = "consent_refused"
    ACCESS_REVOKED = "access_revoked"
    OPERATION_APPROVED = "operation_approved"
    OPERATION_REFUSED = "operation_refused"
    # Its code became the one token that it gives.
    OPERATION_EXCHANGED = "operation_exchanged"
    SEND_THROTTLED = "send_throttled"
    OTP_BREAKER_TRIPPED = "otp_breaker_tripped"
    SMS_CAP_REACHED = "sms_cap_reached"
    SMS_PREFIX_TRIPPED = "sms_prefix_tripped"
    CLIENT_ADDED = "client_added"
    CLIENT_CHANGED = "client_changed"
    CLIENT_SECRET_ROTATED = "client_secret_rotated"
    CLIENT_DISABLED = "client_disabled"
    CLIENT_ENABLED = "client_enabled"
    CLIENT_REMOVED = "client_removed"
    KEY_CREATED = "key_created"
    KEY_ACTIVATED = "key_activated"
    KEY_RETIRED = "key_retired"
    REGISTRY_IMPORTED = "registry_imported"
    REGISTRY_LOOKED_UP = "registry_looked_up"
    ACCOUNT_FOLLOWED_REGISTRY = "account_followed_registry"
    PASSWORD_CHANGED = "password_changed"
    USERNAME_CHANGED = "username_changed"
    LANGUAGE_CHANGED = "language_changed"
    MOBILE_ASKED = "mobile_asked"
    MOBILE_PENDING = "mobile_pending"
    MOBILE_REFUSED = "mobile_refused"
    MOBILE_CONFIRMED = "mobile_confirmed"
    MOBILE_CANCELLED = "mobile_cancelled"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REFUSED = "passkey_refused"
    PASSKEY_CONFIRMED = "passkey_confirmed"
    PASSKEY_RENAMED = "passkey_renamed"
    PASSKEY_REMOVED = "passkey_removed"
    PASSKEY_COPIED = "passkey_copied"
    PASSKEY_OFFER_DECLINED = "passkey_offer_declined"
    AUTHENTICATOR_ADDED = "authenticator_added"
    AUTHENTICATOR_CONFIRMED = "authenticator_confirmed"
    AUTHENTICATOR_REFUSED = "authenticator_refused"
    AUTHENTICATOR_REMOVED = "authenticator_removed"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    RECOVERY_CODES_CONFIRMED = "recovery_codes_confirmed"
    RECOVERY_CODES_REMOVED = "recovery_codes_removed"
    RECOVERY_CODE_USED = "recovery_code_used"
    RECOVERY_CODE_REFUSED = "recovery_code_refused"
    DATA_DOWNLOADED = "data_downloaded"
    BROWSER_DISTRUSTED = "browser_distrusted"
    ACCOUNT_CLOSED = "account_closed"
    ACCOUNT_LOOKED_UP = "account_looked_up"
    ACCOUNT_LOCKED = "account_locked"
    ACCOUNT_UNLOCKED = "account_unlocked"
    SESSIONS_ENDED = "sessions_ended"


_ALLOWED: Mapping[Event, frozenset[str]] = {
    Event.REGISTRATION_MATCHED: frozenset({"enrolment", "case", "profile"}),
    Event.REGISTRATION_NOT_MATCHED: frozenset({"enrolment", "case", "profile", "reason"}),
    Event.REGISTRATION_COMPLETED: frozenset({"enrolment", "case", "profile", "proof", "session"}),
    Event.REGISTRATION_IDENTIFIED: frozenset({"enrolment", "case", "profile", "reason"}),
    Event.REGISTRATION_HELP_WANTED: frozenset({"enrolment", "case", "wanted"}),
    Event.IDENTIFICATION_THROTTLED: frozenset({"brake"}),
    Event.ACTIVATION_CODE_ISSUED: frozenset({"issued_by", "expires_at", "ended"}),
    Event.ACTIVATION_CODE_ACCEPTED: frozenset({"enrolment", "case"}),
    Event.ACTIVATION_CODE_REFUSED: frozenset({"reason"}),
    Event.ACTIVATION_CODE_THROTTLED: frozenset({"brake"}),
    Event.RECOVERY_BEGUN: frozenset({"recovery", "case", "reason"}),
    Event.RECOVERY_CONTACT_CHOSEN: frozenset({"recovery", "case", "reason"}),
    Event.RECOVERY_COMPLETED: frozenset(
        {"recovery", "case", "proof", "second", "passkey", "sessions", "clients", "removed"}
    ),
    Event.CHALLENGE_SENT: frozenset({"challenge", "purpose", "channel", "resend"}),
    Event.CHALLENGE_FAILED: frozenset({"challenge", "purpose", "channel", "reason", "tries_left"}),
    Event.CHALLENGE_ANSWERED: frozenset({"challenge", "purpose", "channel"}),
    Event.SIGN_IN_SUCCEEDED: frozenset(
        {"session", "proof", "acr", "known_browser", "passkey", "held", "second_factor"}
    ),
    Event.SECOND_FACTOR_GIVEN: frozenset({"session", "proof", "acr", "passkey"}),
    Event.BROWSER_TRUSTED: frozenset({"session", "trusted", "until"}),
    Event.STEPPED_UP: frozenset({"session", "proof", "acr", "passkey"}),
    Event.STEP_UP_REFUSED: frozenset({"session", "wanted", "held"}),
    Event.SIGN_IN_FAILED: frozenset({"reason", "known_browser"}),
    Event.SIGN_IN_THROTTLED: frozenset({"brake", "retry_after"}),
    Event.SIGN_IN_DISAVOWED: frozenset({"session", "sessions", "clients", "suspended"}),
    Event.CONFIRMED_AGAIN: frozenset({"session", "proof"}),
    Event.SIGNED_OUT: frozenset({"session", "clients"}),
    Event.SESSION_ENDED: frozenset({"session", "reason", "clients"}),
    Event.CODE_EXCHANGED: frozenset({"authorization", "session", "scope"}),
    Event.OPERATION_EXCHANGED: frozenset({"authorization", "session", "scope"}),
    Event.CODE_REUSED: frozenset({"authorization", "session"}),
    Event.TOKEN_REFRESHED: frozenset({"authorization", "session", "scope"}),
    Event.TOKEN_REUSED: frozenset({"authorization", "session"}),
    Event.TOKEN_REVOKED: frozenset({"authorization", "session", "token_type", "reason"}),
    Event.CONSENT_GIVEN: frozenset({"scope"}),
    Event.CONSENT_REFUSED: frozenset({"scope"}),
    Event.ACCESS_REVOKED: frozenset({"families"}),
    Event.OPERATION_APPROVED: frozenset({"approval", "session", "type", "digest", "sealed", "proof"}),
    Event.OPERATION_REFUSED: frozenset({"approval", "session", "type", "digest", "sealed", "reason"}),
    Event.SEND_THROTTLED: frozenset({"brake", "purpose", "channel"}),
    Event.OTP_BREAKER_TRIPPED: frozenset({"reason"}),
    Event.SMS_CAP_REACHED: frozenset({"percent"}),
    Event.SMS_PREFIX_TRIPPED: frozenset({"range", "reason"}),
    Event.CLIENT_ADDED: frozenset({"kind", "auth_method"}),
    Event.CLIENT_CHANGED: frozenset({"changed"}),
    Event.CLIENT_SECRET_ROTATED: frozenset(),
    Event.CLIENT_DISABLED: frozenset(),
    Event.CLIENT_ENABLED: frozenset(),
    Event.CLIENT_REMOVED: frozenset(),
    Event.KEY_CREATED: frozenset({"kid", "alg", "purpose"}),
    Event.KEY_ACTIVATED: frozenset({"kid", "alg", "purpose"}),
    Event.KEY_RETIRED: frozenset({"kid", "alg", "purpose"}),
    Event.REGISTRY_IMPORTED: frozenset(
        {"import", "snapshot", "added", "changed", "unchanged", "refused", "ended", "warnings"}
    ),
    Event.REGISTRY_LOOKED_UP: frozenset({"found", "by"}),
    Event.ACCOUNT_FOLLOWED_REGISTRY: frozenset({"what"}),
    Event.PASSWORD_CHANGED: frozenset({"session", "sessions", "clients"}),
    Event.USERNAME_CHANGED: frozenset({"session", "channel"}),
    Event.LANGUAGE_CHANGED: frozenset({"language"}),
    Event.MOBILE_ASKED: frozenset({"change", "session"}),
    Event.MOBILE_PENDING: frozenset({"change", "until", "old_lost"}),
    Event.MOBILE_REFUSED: frozenset({"change", "reason"}),
    Event.MOBILE_CONFIRMED: frozenset({"change", "by"}),
    Event.MOBILE_CANCELLED: frozenset({"change", "by", "removed"}),
    Event.PASSKEY_ADDED: frozenset({"passkey", "session", "synced", "until"}),
    Event.PASSKEY_REFUSED: frozenset({"passkey", "purpose", "reason"}),
    Event.PASSKEY_CONFIRMED: frozenset({"passkey"}),
    Event.PASSKEY_RENAMED: frozenset({"passkey"}),
    Event.PASSKEY_REMOVED: frozenset({"passkey", "by", "sessions"}),
    Event.PASSKEY_COPIED: frozenset({"passkey", "purpose"}),
    Event.PASSKEY_OFFER_DECLINED: frozenset(),
    Event.AUTHENTICATOR_ADDED: frozenset({"session", "until", "replaced"}),
    Event.AUTHENTICATOR_CONFIRMED: frozenset(),
    Event.AUTHENTICATOR_REFUSED: frozenset({"reason"}),
    Event.AUTHENTICATOR_REMOVED: frozenset({"by", "sessions"}),
    Event.RECOVERY_CODES_MADE: frozenset({"session", "until", "replaced"}),
    Event.RECOVERY_CODES_CONFIRMED: frozenset(),
    Event.RECOVERY_CODES_REMOVED: frozenset({"by", "sessions"}),
    Event.RECOVERY_CODE_USED: frozenset({"left"}),
    Event.RECOVERY_CODE_REFUSED: frozenset({"reason"}),
    Event.DATA_DOWNLOADED: frozenset({"by"}),
    Event.BROWSER_DISTRUSTED: frozenset({"browsers"}),
    Event.ACCOUNT_CLOSED: frozenset({"by", "sessions", "clients"}),
    Event.ACCOUNT_LOOKED_UP: frozenset({"found", "by"}),
    Event.ACCOUNT_LOCKED: frozenset({"sessions"}),
    Event.ACCOUNT_UNLOCKED: frozenset(),
    Event.SESSIONS_ENDED: frozenset({"sessions", "by"}),
}


def has_case(event: Event) -> bool:
    """Whether the event bears a case number."""
    return "case" in _ALLOWED[event]


def checked_details(event: Event, details: Mapping[str, Detail]) -> dict[str, Detail]:
    """The details as they may be stored, unknown-by-value ones (None) left out.

    Raises ``ValueError`` for a detail this event does not have, or a text that is longer than it may be.
    """
    extra = details.keys() - _ALLOWED[event]
    if extra:
        raise ValueError(f"{event} has no detail {', '.join(sorted(extra))}")
    for name, value in details.items():
        longest = LONGEST_SEALED if name == SEALED else LONGEST_DETAIL
        if isinstance(value, str) and len(value) > longest:
            raise ValueError(f"the detail {name} of {event} is too long")
    return {name: value for name, value in details.items() if value is not None}
