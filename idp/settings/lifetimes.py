"""How long things live, in seconds."""

from pydantic import Field

from idp.settings.section import Seconds, Section

_HOUR = 3600
_DAY = 24 * _HOUR


class Lifetimes(Section):
    """How long codes, tokens, sessions and the like live. All in seconds."""

    authorization_code: int = Field(
        default=60, ge=1, le=600, description="An authorization code (RFC 6749 §4.1.2: 600 at most), seconds."
    )
    access_token: Seconds = Field(default=300, description="An access token, seconds.")
    id_token: Seconds = Field(default=300, description="An ID token, seconds.")
    refresh_token: Seconds = Field(
        default=30 * _DAY, description="A refresh token from its last use (sliding), seconds."
    )
    refresh_absolute: Seconds = Field(
        default=90 * _DAY, description="A refresh token's family from its first use, seconds."
    )
    session_idle: Seconds = Field(default=1800, description="A browser session since last seen, seconds.")
    session_absolute: Seconds = Field(
        default=12 * _HOUR, description="A browser session since its start, seconds."
    )
    interaction: Seconds = Field(
        default=_HOUR, description="An authorization request that waits for the customer, seconds."
    )
    enrolment: Seconds = Field(default=_DAY, description="A registration under way, seconds.")
    limited_after_recovery: Seconds = Field(
        default=_DAY,
        description="For how long an account that was recovered without a second factor confirms nothing and "
        "changes no contact, seconds.",
    )
    activation_code: Seconds = Field(
        default=7 * _DAY, description="An activation code, handed over by an agency, seconds."
    )
    fresh_authentication: Seconds = Field(
        default=300,
        description="How old a proof may be with which a way in is changed on one's own account, seconds.",
    )
    pending_hold: Seconds = Field(
        default=2 * _DAY,
        description="How long a number waits that a customer typed and the registry does not have, and a "
        "passkey that was added on a weak proof, seconds.",
    )
    held_after_recovery: Seconds = Field(
        default=_DAY,
        description="For how long after any recovery a passkey that is added waits so, seconds.",
    )
    trusted_browser: Seconds = Field(default=30 * _DAY, description="Trust in a browser, seconds.")
    known_browser: Seconds = Field(
        default=365 * _DAY,
        description="A browser that signed an account in, remembered since last seen, seconds.",
    )
    audit_trail: int = Field(
        default=730 * _DAY, ge=_DAY, le=3650 * _DAY, description="A line of the audit trail, seconds."
    )
    removed_username: Seconds = Field(
        default=30 * _DAY, description="A username that left the registry still signs in, seconds."
    )
    client_cache: Seconds = Field(
        default=5, description="A client's registration in a process's memory, at most, seconds."
    )
    logout_token: Seconds = Field(default=120, description="A back-channel logout token, seconds.")
