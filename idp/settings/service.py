"""The process and what it stands on: addresses, database, short-lived state, keys, protected resources."""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from idp.settings.section import LOOPBACK_HOSTS, CredentialUrl, FilePath, Section

_DEFAULT_PORTS = {"http": 80, "https": 443}
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_HOST = re.compile(r"[a-z0-9.-]+|\[[0-9a-f:.]+\]")


def _issuer(value: str) -> str:
    """An origin in its one canonical spelling: relying parties compare it byte by byte (RFC 9207 §2.4)."""
    parts = urlsplit(value)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ValueError("an https address is wanted (http only for localhost)")
    if parts.scheme == "http" and parts.hostname != "localhost":
        raise ValueError("http is allowed for localhost only; use https")
    try:
        port = parts.port
    except ValueError:
        raise ValueError("the port must be a number from 1 to 65535") from None
    if port == 0:
        raise ValueError("the port must be a number from 1 to 65535")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if _HOST.fullmatch(host) is None:
        raise ValueError("the host may have letters, digits, dots and hyphens only (IDN in its xn-- form)")
    origin = f"{parts.scheme}://{host}"
    if port is not None and port != _DEFAULT_PORTS[parts.scheme]:
        origin += f":{port}"
    if value != origin:
        raise ValueError(f"scheme, host and port only, in lower case, without a final slash: {origin}")
    return value


def _addresses(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if value != "localhost":
            try:
                ipaddress.ip_address(value)
            except ValueError:
                raise ValueError('IP addresses or "localhost" are wanted') from None
    return values


def _database(value: str) -> str:
    if not value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        raise ValueError("sqlite:///… or postgresql://… is wanted")
    return value.replace("postgresql://", "postgresql+psycopg://", 1)


def _ephemera(value: str) -> str:
    if value and not value.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("redis://…, rediss://…, unix://… or nothing is wanted")
    return value


def _audience(value: str) -> str:
    """An absolute URI without a fragment (RFC 8707 §2); https, or http on this machine."""
    parts = urlsplit(value)
    if "#" in value or not parts.hostname or parts.scheme not in _DEFAULT_PORTS:
        raise ValueError("an absolute https address without a fragment is wanted (RFC 8707)")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
        raise ValueError("http is allowed for this machine only; use https")
    return value


def _scopes(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if _SCOPE.fullmatch(value) is None:
            raise ValueError("a scope is printable ASCII without space, quote and backslash (RFC 6749 §3.3)")
    return values


class Service(Section):
    """The process: its public address, where it listens, how it is served."""

    issuer: Annotated[str, AfterValidator(_issuer)] = Field(
        default="http://localhost:8000",
        description="The public address, exactly as relying parties know it: scheme, host and port. "
        "https, or http for localhost.",
    )
    development: bool = Field(
        default=False,
        description="Development mode: the inbox and its page. Only with an http://localhost issuer.",
    )
    host: Annotated[tuple[str, ...], AfterValidator(_addresses), Field(min_length=1)] = Field(
        default=("localhost",),
        description="Addresses to listen on. `localhost` stands for both 127.0.0.1 and ::1.",
    )
    port: int = Field(default=8000, ge=1, le=65535, description="TCP port to listen on.")
    server: Literal["gunicorn", "granian"] = Field(default="gunicorn", description="The HTTP server.")
    processes: int = Field(default=1, ge=1, le=256, description="Serving processes.")
    threads: int = Field(default=16, ge=1, le=256, description="Request threads in each process.")
    trusted_proxies: int = Field(
        default=0,
        ge=0,
        le=8,
        description="Reverse proxies in front (hops) whose X-Forwarded headers are believed; 0: none.",
    )
    extra_ca_file: FilePath | None = Field(
        default=None,
        description="PEM file of further authorities trusted for outgoing calls, beside the system's.",
    )
    metrics_token: Annotated[SecretStr, Field(min_length=16)] | None = Field(
        default=None,
        description="Bearer token that opens /metrics, 16 characters or more. Unset: no /metrics.",
    )

    @property
    def bind_addresses(self) -> tuple[str, ...]:
        """The IP addresses to listen on, ``localhost`` spelt out, each once."""
        spelt = (("127.0.0.1", "::1") if host == "localhost" else (host,) for host in self.host)
        return tuple(dict.fromkeys(address for group in spelt for address in group))

    @property
    def secure(self) -> bool:
        """Whether browsers reach us by https: cookies are Secure and carry the ``__Host-`` prefix."""
        return self.issuer.startswith("https://")


class Database(Section):
    """Where accounts, grants and sessions live."""

    url: Annotated[CredentialUrl, AfterValidator(_database)] = Field(
        default="sqlite:///var/idp.db",
        repr=False,
        description="SQLAlchemy address: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME.",
    )
    pool_size: int = Field(default=4, ge=1, le=256, description="Connections kept by each process.")
    statement_timeout_ms: int = Field(
        default=2000,
        ge=10,
        le=600_000,
        description="A statement that takes longer is given up, milliseconds.",
    )
    sqlite_synchronous: Literal["NORMAL", "FULL", "EXTRA"] = Field(
        default="FULL",
        description="SQLite's fsync policy. NORMAL may lose the last commits at a power cut.",
    )


class Ephemera(Section):
    """Where short-lived state lives: counters, pushed requests, replay caches."""

    url: Annotated[CredentialUrl, AfterValidator(_ephemera)] = Field(
        default="",
        repr=False,
        description="redis://…, rediss://… or unix://…; empty: a table of the database.",
    )


class Keys(Section):
    """The key files and the rhythm of their rotation."""

    directory: FilePath = Field(
        default=Path("keys"), description="Folder of the key files, mode 0700 (see docs/keys.md)."
    )
    group_readable: bool = Field(
        default=False,
        description="Accept mounted secrets: readable by the group (0440, folder 0750), owned by root.",
    )
    sign_days: int = Field(
        default=90, ge=1, le=730, description="Days that a key signs before it is rotated."
    )
    jwks_cache_seconds: int = Field(
        default=300,
        ge=1,
        le=86400,
        description="How long relying parties may cache /jwks (seconds). A new key signs only after that.",
    )


class Resource(Section):
    """One API: the audience its access tokens carry and the scopes that belong to it."""

    audience: Annotated[str, AfterValidator(_audience)] = Field(
        description="The `aud` of its access tokens: an absolute https address (RFC 8707)."
    )
    scopes: Annotated[tuple[str, ...], AfterValidator(_scopes), Field(min_length=1)] = Field(
        description="The scopes that belong to this API and to no other."
    )
