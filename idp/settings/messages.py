"""Messages out: how they are delivered, by mail and by SMS; and the logout calls to relying parties."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from idp.settings.section import CredentialUrl, FilePath, Section


def _sender_email(value: str) -> str:
    if value and re.fullmatch(r"[^\s@<>\",;:]+@[^\s@<>\",;:]+", value) is None:
        raise ValueError('one bare email address is wanted, as in "noreply@example.com"')
    return value


def _one_line(value: str) -> str:
    """A header built of it must not be broken in two (CRLF injection)."""
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise ValueError("one line without control characters is wanted")
    return value


def _sms_sender(value: str) -> str:
    if value and re.fullmatch(r"\+[1-9][0-9]{6,14}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}", value) is None:
        raise ValueError("an alias of at most 11 letters and digits, or a number as in +39…, is wanted")
    return value


def _gateway(value: str) -> str:
    if value and re.match(r"https?://[^/?#]+", value) is None:
        raise ValueError("an https address is wanted")
    return value


class Delivery(Section):
    """Which courier carries each channel, in whose name, and how often it tries."""

    email: Literal["inbox", "smtp"] = Field(
        default="inbox", description="`smtp`, or `inbox`: a file read by /dev/inbox, in development only."
    )
    sms: Literal["inbox", "webhook"] = Field(
        default="inbox", description="`webhook`, or `inbox`: a file read by /dev/inbox, in development only."
    )
    sender_email: Annotated[str, AfterValidator(_sender_email)] = Field(
        default="", description="Address that mails come from."
    )
    sender_name: Annotated[str, AfterValidator(_one_line)] = Field(
        default="", description="Name that mails come from. Empty: the brand's name."
    )
    sms_sender: Annotated[str, AfterValidator(_sms_sender)] = Field(
        default="", description="Registered alias (11 characters at most) or number that SMS come from."
    )
    attempts: int = Field(default=6, ge=1, le=50, description="Attempts before a message is given up.")
    backoff_seconds: int = Field(
        default=2, ge=1, le=3600, description="Wait after the first failure, doubled each time, seconds."
    )
    worker_poll_ms: int = Field(
        default=250, ge=10, le=60_000, description="How often the worker looks for messages, milliseconds."
    )
    inbox_path: FilePath = Field(
        default=Path("var/inbox.jsonl"), description="File of the development inbox."
    )


class Smtp(Section):
    """The mail server, when `delivery.email` is `smtp`."""

    host: str = Field(default="", description="Name of the mail server.")
    port: int = Field(default=587, ge=1, le=65535, description="Its port.")
    starttls: Literal["required", "off", "implicit"] = Field(
        default="required",
        description="`required`: STARTTLS or nothing is sent; `implicit`: TLS from the start (port 465); "
        "`off`: clear text, only to this machine.",
    )
    username: str = Field(default="", description="User name. Empty: no authentication.")
    password: SecretStr | None = Field(default=None, description="Password of that user.")
    timeout: int = Field(default=10, ge=1, le=120, description="Wait for the server, seconds.")
    ca_file: FilePath | None = Field(
        default=None, description="PEM file of the authorities trusted for it. Unset: the system's."
    )


class Sms(Section):
    """The SMS gateway, when `delivery.sms` is `webhook`."""

    url: Annotated[CredentialUrl, AfterValidator(_gateway)] = Field(
        default="",
        repr=False,
        description="Address each message is posted to: https, or http on this machine.",
    )
    secret: Annotated[SecretStr, Field(min_length=16)] | None = Field(
        default=None, description="Key of the HMAC-SHA256 that signs each post, 16 characters or more."
    )
    timeout: int = Field(default=3, ge=1, le=60, description="Wait for the gateway, seconds.")
    breaker_failures: int = Field(
        default=5, ge=1, le=1000, description="Failures in a row after which the gateway is left alone."
    )
    breaker_seconds: int = Field(
        default=30, ge=1, le=3600, description="For how long it is left alone, seconds."
    )


class Logout(Section):
    """Back-channel logout calls to relying parties."""

    backchannel_timeout: int = Field(default=3, ge=1, le=60, description="Wait for a relying party, seconds.")
    backchannel_attempts: int = Field(
        default=8, ge=1, le=50, description="Attempts before a relying party is given up."
    )
    allow_loopback_callbacks: bool = Field(
        default=False, description="Allow calls to this machine: for development and tests only."
    )
