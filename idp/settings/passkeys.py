"""Fingerprint and face: the other sites whose pages may use the same passkeys."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from idp.settings.section import Section

_MOST = 20


def _origin(value: str) -> str:
    """Accept a web origin as browsers write it (RFC 6454 §6.2): it is compared character by character."""
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname or value != f"https://{parts.netloc}":
        raise ValueError('an https origin is wanted, without a path, as in "https://www.insurer.example"')
    if "@" in parts.netloc or value != value.lower() or parts.netloc.endswith(":443"):
        raise ValueError("an origin is written in lower case, without a user and without its own port")
    return value


class Passkeys(Section):
    """Signing in with fingerprint or face."""

    related_origins: Annotated[
        tuple[Annotated[str, AfterValidator(_origin)], ...], Field(max_length=_MOST)
    ] = Field(
        default=(),
        description="Other sites of the insurer whose pages may use passkeys made here; told to browsers at "
        "`/.well-known/webauthn`. What is signed there is accepted as if it were signed here.",
    )
