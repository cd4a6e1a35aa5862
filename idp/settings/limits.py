"""How often and how much: failures, sends and sizes. Successes are never counted."""

from pydantic import Field

from idp.settings.section import Rate, RateLimit, Section


class Limits(Section):
    """Brakes on guessing, sending and flooding. A rate is `"COUNT/SECONDS"`: so many in that window."""

    login_failures_per_account_and_source: RateLimit = Field(
        default=Rate(10, 900), description="Wrong passwords for one account from one source (count/seconds)."
    )
    login_failures_per_account: RateLimit = Field(
        default=Rate(100, 3600), description="Wrong passwords for one account from anywhere (count/seconds)."
    )
    login_failures_per_source: RateLimit = Field(
        default=Rate(200, 3600), description="Wrong passwords from one source, any account (count/seconds)."
    )
    sends_per_contact: RateLimit = Field(
        default=Rate(3, 900), description="Messages with a code to one contact (count/seconds)."
    )
    sends_per_contact_per_day: int = Field(
        default=10, ge=1, le=100_000, description="Messages with a code to one contact in a day."
    )
    sends_per_source_ipv4: RateLimit = Field(
        default=Rate(200, 3600),
        description="Messages asked for by one IPv4 address, which carriers share (count/seconds).",
    )
    sends_per_source_ipv6_64: RateLimit = Field(
        default=Rate(20, 3600), description="Messages asked for by one IPv6 /64 network (count/seconds)."
    )
    otp_failures_per_account: RateLimit = Field(
        default=Rate(10, 3600), description="Wrong one-time codes of one account (count/seconds)."
    )
    registrations_per_source: RateLimit = Field(
        default=Rate(60, 3600), description="Registrations begun by one source (count/seconds)."
    )
    passwords_per_registration: RateLimit = Field(
        default=Rate(10, 3600), description="Passwords chosen in one registration (count/seconds)."
    )
    body_bytes: int = Field(default=65536, ge=1024, le=16 * 1024 * 1024, description="A request body, bytes.")
    parameter_bytes: int = Field(default=4096, ge=256, le=1024 * 1024, description="One parameter, bytes.")
    state_bytes: int = Field(default=2048, ge=64, le=1024 * 1024, description="`state` or `nonce`, bytes.")
