"""The rules that concern several settings at once, and warnings about what is allowed but unwise.

Each rule is one small function that yields the keys it read and what is wrong; a rule about a key that is
already at fault is not reported, since its default stands in for the value that was refused.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

from idp.settings.appearance import Language
from idp.settings.section import LOOPBACK_HOSTS, is_loopback
from idp.settings.tree import Settings

Finding = tuple[tuple[str, ...], str]
Rule = Callable[[Settings], Iterator[Finding]]

STANDARD_SCOPES = frozenset({"openid", "profile", "email", "phone", "address", "offline_access"})


def development_only_on_this_machine(s: Settings) -> Iterator[Finding]:
    """Development mode opens an inbox of codes: never on an address others can reach."""
    if s.service.development and s.service.secure:
        yield ("service.development", "service.issuer"), "only possible with an http://localhost issuer"
    for key, courier in (("delivery.email", s.delivery.email), ("delivery.sms", s.delivery.sms)):
        if courier == "inbox" and not s.service.development:
            yield (key, "service.development"), "inbox is for development only (service.development = true)"
    if s.logout.allow_loopback_callbacks and not s.service.development:
        yield ("logout.allow_loopback_callbacks", "service.development"), "only possible in development"


def mail_has_a_server(s: Settings) -> Iterator[Finding]:
    """Mail by SMTP needs a server, a sender, and credentials whole or none, never in clear over a network."""
    if s.delivery.email == "smtp":
        if not s.smtp.host:
            yield ("smtp.host", "delivery.email"), "wanted when delivery.email is smtp"
        if not s.delivery.sender_email:
            yield ("delivery.sender_email", "delivery.email"), "wanted when delivery.email is smtp"
    if bool(s.smtp.username) != (s.smtp.password is not None):
        yield ("smtp.password", "smtp.username"), "username and password belong together; one is missing"
    if s.smtp.starttls == "off" and s.smtp.host and s.smtp.host not in LOOPBACK_HOSTS:
        yield ("smtp.starttls", "smtp.host"), "off only for a server on this machine"


def sms_has_a_gateway(s: Settings) -> Iterator[Finding]:
    """SMS by webhook needs an address reached by TLS and the key that signs each post."""
    if s.delivery.sms == "webhook":
        if not s.sms.url:
            yield ("sms.url", "delivery.sms"), "wanted when delivery.sms is webhook"
        if s.sms.secret is None:
            yield ("sms.secret", "delivery.sms"), "wanted when delivery.sms is webhook"
    if s.sms.url and not s.sms.url.startswith("https://") and not is_loopback(s.sms.url):
        yield ("sms.url",), "https is wanted, unless the gateway is on this machine"


def the_registry_has_an_address(s: Settings) -> Iterator[Finding]:
    """Customers' data travel by TLS, to a service that knows who asks; a certificate has its key."""
    registry = s.registry
    if registry.adapter == "http":
        if not registry.url:
            yield ("registry.url", "registry.adapter"), "wanted when registry.adapter is http"
        elif registry.token is None and registry.client_certificate_file is None:
            yield (
                ("registry.token", "registry.url", "registry.adapter", "registry.client_certificate_file"),
                "a token or a client certificate is wanted when registry.adapter is http",
            )
    if registry.url and not registry.url.startswith("https://"):
        if not is_loopback(registry.url):
            yield ("registry.url",), "https is wanted, unless the service is on this machine"
        elif not s.service.development:
            yield ("registry.url", "service.development"), "https is wanted, except in development"
    if (registry.client_certificate_file is None) != (registry.client_key_file is None):
        yield (
            ("registry.client_key_file", "registry.client_certificate_file"),
            "certificate and key belong together; one is missing",
        )


def shorter_is_not_longer(s: Settings) -> Iterator[Finding]:
    """Pairs of which the first may not exceed the second."""
    pairs: tuple[tuple[str, int, str, int], ...] = (
        ("password.min_length", s.password.min_length, "password.max_length", s.password.max_length),
        (
            "lifetimes.session_idle",
            s.lifetimes.session_idle,
            "lifetimes.session_absolute",
            s.lifetimes.session_absolute,
        ),
        (
            "lifetimes.refresh_token",
            s.lifetimes.refresh_token,
            "lifetimes.refresh_absolute",
            s.lifetimes.refresh_absolute,
        ),
        (
            "codes.registration_life",
            s.codes.registration_life,
            "lifetimes.enrolment",
            s.lifetimes.enrolment,
        ),
        (
            "limits.sends_per_contact",
            s.limits.sends_per_contact.count,
            "limits.sends_per_contact_per_day",
            s.limits.sends_per_contact_per_day,
        ),
        ("limits.state_bytes", s.limits.state_bytes, "limits.parameter_bytes", s.limits.parameter_bytes),
        ("limits.parameter_bytes", s.limits.parameter_bytes, "limits.body_bytes", s.limits.body_bytes),
    )
    for low_key, low, high_key, high in pairs:
        if low > high:
            yield (low_key, high_key), f"may not exceed {high_key} ({high})"


def argon2_has_memory_for_its_lanes(s: Settings) -> Iterator[Finding]:
    """RFC 9106 §3.1: at least eight blocks of 1 KiB for each lane."""
    least = 8 * s.password.argon2_lanes
    if s.password.argon2_memory_kib < least:
        yield (
            ("password.argon2_memory_kib", "password.argon2_lanes"),
            f"at least {least} KiB are wanted for {s.password.argon2_lanes} lanes (RFC 9106 §3.1)",
        )


def the_default_language_is_offered(s: Settings) -> Iterator[Finding]:
    """A language that cannot be chosen cannot be the one to fall back on."""
    if s.languages.default not in s.languages.offered:
        yield ("languages.default", "languages.offered"), "must be one of languages.offered"


def a_text_by_language_speaks_every_one_offered(s: Settings) -> Iterator[Finding]:
    """Nobody is to find an empty place in their language, and nothing is written for nobody."""
    given = dict(s.brand.help_hours.by_language)
    for language in s.languages.offered if given else ():
        if language not in given:
            yield ("brand.help_hours", "languages.offered"), f"says nothing in {language}, which is offered"
    for other in given.keys() - set(get_args(Language)):
        yield ("brand.help_hours",), f"{other} is none of {', '.join(get_args(Language))}"


def a_scope_belongs_to_one_resource(s: Settings) -> Iterator[Finding]:
    """A scope tells the audience of the token, so it belongs to one API and is none of OpenID's own."""
    owner: dict[str, str] = {}
    for identifier, resource in s.resources.items():
        for scope in resource.scopes:
            path = f"resources.{identifier}.scopes"
            if scope in STANDARD_SCOPES:
                yield (path,), f"{scope} is a scope of OpenID Connect and of no API"
            elif owner.setdefault(scope, identifier) != identifier:
                yield (path,), f"{scope} belongs to resources.{owner[scope]} already"


def named_files_can_be_read(s: Settings) -> Iterator[Finding]:
    """A file that is missing is found at start, not at the first call that needs it."""
    named: tuple[tuple[str, Path | None], ...] = (
        ("service.extra_ca_file", s.service.extra_ca_file),
        ("brand.logo", s.brand.logo),
        ("smtp.ca_file", s.smtp.ca_file),
        ("registry.client_certificate_file", s.registry.client_certificate_file),
        ("registry.client_key_file", s.registry.client_key_file),
        ("registry.ca_file", s.registry.ca_file),
    )
    for key, path in named:
        if path is not None:
            try:
                with path.open("rb"):
                    pass
            except OSError as error:
                yield (key,), f"the file cannot be read: {error.strerror}"


RULES: tuple[Rule, ...] = (
    development_only_on_this_machine,
    mail_has_a_server,
    sms_has_a_gateway,
    the_registry_has_an_address,
    shorter_is_not_longer,
    argon2_has_memory_for_its_lanes,
    the_default_language_is_offered,
    a_text_by_language_speaks_every_one_offered,
    a_scope_belongs_to_one_resource,
    named_files_can_be_read,
)


def warnings(s: Settings) -> tuple[str, ...]:
    """What is allowed but deserves a line at start, each beginning with the dotted key."""
    said = []
    if s.registration.mismatch == "explicit":
        said.append("registration.mismatch: explicit tells strangers who is a customer; uniform does not")
    if s.database.sqlite_synchronous == "NORMAL" and s.database.url.startswith("sqlite:"):
        said.append("database.sqlite_synchronous: NORMAL may lose the last commits at a power cut")
    if s.password.argon2_memory_kib * s.password.argon2_iterations < 19456 * 2:
        said.append("password.argon2_memory_kib: cheaper to guess than the recommended 19456 KiB in 2 passes")
    if s.limits.login_failures_per_account.count < s.limits.login_failures_per_account_and_source.count:
        said.append("limits.login_failures_per_account: below one source's limit: strangers slow the owner")
    if s.service.server == "granian" and s.service.trusted_proxies > 0:
        said.append(
            "service.trusted_proxies: granian takes X_Forwarded_For for X-Forwarded-For: "
            "the proxy must drop headers with an underscore"
        )
    if contrast(s.brand.colour_brand, s.brand.colour_brand_ink) < 7:
        said.append("brand.colour_brand_ink: contrast with brand.colour_brand is below 7:1 (WCAG 2.2 §1.4.6)")
    return tuple(said)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two ``#rrggbb`` colours, from 1 to 21 (WCAG 2.2, relative luminance)."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    def linear(channel: int) -> float:
        share = channel / 255
        return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(int(colour[start : start + 2], 16)) for start in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
