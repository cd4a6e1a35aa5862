"""The agency registry: our own tables, or the insurer's system asked by HTTP."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from idp.settings.section import FilePath, Section


def _base(value: str) -> str:
    """An address to put paths after; what it holds is shown in `idp config show`, so no credentials."""
    if not value:
        return value
    parts = urlsplit(value)
    if parts.scheme not in ("https", "http") or not parts.hostname or not re.fullmatch(r"[!-~]+", value):
        raise ValueError("an https address in ASCII is wanted")
    if "@" in parts.netloc or "?" in value or "#" in value:
        raise ValueError("an address without credentials, query and fragment is wanted")
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("its port is no number from 0 to 65535") from None
    return value.rstrip("/")


def _token(value: SecretStr) -> SecretStr:
    """RFC 6750 §2.1: anything else could break the header in two."""
    if re.fullmatch(r"[A-Za-z0-9._~+/-]{16,}=*", value.get_secret_value()) is None:
        raise ValueError("16 characters or more of A-Z a-z 0-9 - . _ ~ + / are wanted (RFC 6750 §2.1)")
    return value


class Registry(Section):
    """Where the insurer's customer records are looked up."""

    adapter: Literal["local", "http"] = Field(
        default="local",
        description="`local`: our own tables, filled by `idp registry import`; `http`: the insurer's service "
        "(docs/registry-http.md).",
    )
    url: Annotated[str, AfterValidator(_base)] = Field(
        default="",
        description="Address where that service answers: https, or in development http on this machine.",
    )
    token: Annotated[SecretStr, AfterValidator(_token)] | None = Field(
        default=None, description="Bearer token sent with each call, 16 characters or more."
    )
    client_certificate_file: FilePath | None = Field(
        default=None, description="PEM file of our certificate and its chain, for mutual TLS."
    )
    client_key_file: FilePath | None = Field(
        default=None, description="PEM file of the private key of that certificate, not encrypted."
    )
    ca_file: FilePath | None = Field(
        default=None,
        description="PEM file of the authorities trusted for it, and no others. Unset: the system's and "
        "service.extra_ca_file.",
    )
    timeout: int = Field(
        default=3, ge=1, le=30, description="Wait for a whole answer, name look-up included, seconds."
    )
    connections: int = Field(
        default=8,
        ge=1,
        le=128,
        description="Calls at a time and connections kept by each process; never more than half of "
        "service.threads, so that sign-ins go on.",
    )
    breaker_failures: int = Field(
        default=5, ge=1, le=1000, description="Failures in a row after which the service is left alone."
    )
    breaker_seconds: int = Field(
        default=15, ge=1, le=3600, description="For how long it is left alone, seconds."
    )
