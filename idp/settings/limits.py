"""How often and how much: failures, sends, identifications and sizes. Successes are never counted.

What each limit means to customer and operator: docs/limits.md.
"""

from pydantic import Field

from idp.settings.section import Rate, RateLimit, Seconds, Section


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
    otp_breaker_failures: RateLimit = Field(
        default=Rate(1000, 600),
        description="Wrong one-time codes of everybody together; beyond, no code is sent for a window "
        "(count/seconds).",
    )
    otp_breaker_accounts: RateLimit = Field(
        default=Rate(200, 600),
        description="Accounts that fail at one-time codes; beyond, no code is sent for a window "
        "(count/seconds).",
    )
    otp_breaker_accounts_percent: int = Field(
        default=1,
        ge=0,
        le=100,
        description="The same as a share of all accounts, per cent; the larger of the two counts.",
    )
    otp_breaker_accounts_per_source: RateLimit = Field(
        default=Rate(20, 600),
        description="Accounts that one source fails at; beyond, no code is sent for it for a window "
        "(count/seconds).",
    )
    identifiers_per_session: RateLimit = Field(
        default=Rate(3, 3600),
        description="Different tax codes and VAT numbers typed in one browser, known or not (count/seconds).",
    )
    identifiers_per_source_ipv4: RateLimit = Field(
        default=Rate(60, 3600),
        description="Different tax codes and VAT numbers typed at one IPv4 address (count/seconds).",
    )
    identifiers_per_source_ipv6_64: RateLimit = Field(
        default=Rate(20, 3600),
        description="Different tax codes and VAT numbers typed in one IPv6 /64 network (count/seconds).",
    )
    registrations_per_source: RateLimit = Field(
        default=Rate(60, 3600),
        description="Registrations and recoveries begun by one source (count/seconds).",
    )
    pushes_per_source: RateLimit = Field(
        default=Rate(300, 600),
        description="Authorization requests pushed by public clients from one source (count/seconds).",
    )
    passwords_per_registration: RateLimit = Field(
        default=Rate(10, 3600), description="Passwords chosen in one registration (count/seconds)."
    )
    mobile_changes_per_account: RateLimit = Field(
        default=Rate(5, 86400),
        description="Mobile numbers that one customer types to receive a code there (count/seconds).",
    )
    customers_per_mobile: int = Field(
        default=3,
        ge=1,
        le=100,
        description="Customers whose mobile one typed number may be; judged once it is proven.",
    )
    sms_prefix_digits: int = Field(
        default=7,
        ge=3,
        le=12,
        description="Leading digits, country code included, that make numbers one range.",
    )
    sends_per_prefix: RateLimit = Field(
        default=Rate(100, 3600), description="SMS asked for in one range of numbers (count/seconds)."
    )
    sms_conversion_percent: int = Field(
        default=30,
        ge=0,
        le=100,
        description="Per cent of a range's SMS whose code must be answered; 0: not looked at.",
    )
    sms_conversion_sends: int = Field(
        default=50, ge=1, le=100_000, description="SMS of a range in an hour before that share is looked at."
    )
    sms_prefix_pause: Seconds = Field(
        default=3600, description="For how long a range with too small a share gets no SMS, seconds."
    )
    sms_part_price: int = Field(
        default=50,
        ge=0,
        le=100_000,
        description="What one part of an SMS costs, in thousandths of a euro (50: 0.05 EUR).",
    )
    sms_daily_cap: int = Field(
        default=200,
        ge=0,
        le=1_000_000,
        description="What SMS may cost in a day (UTC), in euro; beyond, no SMS with a code; 0: no cap.",
    )
    body_bytes: int = Field(default=65536, ge=1024, le=16 * 1024 * 1024, description="A request body, bytes.")
    parameter_bytes: int = Field(default=4096, ge=256, le=1024 * 1024, description="One parameter, bytes.")
    state_bytes: int = Field(default=2048, ge=64, le=1024 * 1024, description="`state` or `nonce`, bytes.")
