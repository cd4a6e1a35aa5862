"""What an API asks for when a token does not do: its `WWW-Authenticate` header (RFC 9470 §3, RFC 6750 §3)."""

import re
from dataclasses import dataclass

_ATTRIBUTE = re.compile(r'([a-z_]+)="([^"\\]*)"')
ANSWERED_BY_STEP_UP = ("insufficient_user_authentication", "insufficient_scope")


@dataclass(frozen=True)
class StepUp:
    """What the customer has to be sent to the provider for."""

    acr_values: str | None
    max_age: int | None
    scope: str | None


def step_up_in(header: str) -> StepUp | None:
    """The step-up a challenge asks for, or None when a step-up does not answer it."""
    told = _attributes(header)
    if told.get("error") not in ANSWERED_BY_STEP_UP:
        return None
    max_age = told.get("max_age", "")
    return StepUp(
        acr_values=told.get("acr_values"),
        max_age=int(max_age) if max_age.isascii() and max_age.isdigit() and len(max_age) < 10 else None,
        scope=told.get("scope"),
    )


def _attributes(header: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in _ATTRIBUTE.findall(header):
        found.setdefault(name, value)
    return found
