"""An authorization request that passed every check (OpenID Connect Core §3.1.2.1)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from idp.oidc.operations.operation import Operation


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What a relying party asked for, validated; kept on the server while a person answers."""

    client_id: str
    redirect_uri: str
    scope: tuple[str, ...]
    state: str | None = None
    nonce: str | None = None
    response_mode: str = "query"
    code_challenge: str | None = None
    prompt: tuple[str, ...] = ()
    max_age: int | None = None
    login_hint: str | None = None
    ui_locales: tuple[str, ...] = ()
    # Of which one is asked for; and of which one must be earned (``claims``, OpenID Connect Core §5.5.1.1).
    acr_values: tuple[str, ...] = ()
    essential_acr: tuple[str, ...] = ()
    # `sub` of a valid id_token_hint.
    hinted_sub: str | None = None
    # The key with which alone the code may be redeemed (RFC 9449 §10).
    dpop_jkt: str | None = None
    # What a pushed request is kept under, until it is answered (RFC 9126).
    pushed: str | None = None
    # What the person is to approve (RFC 9396).
    operation: Operation | None = None

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which ``from_json`` makes the same request."""
        stored = asdict(self)
        if self.operation is None:
            # A node of the release before does not know the name.
            del stored["operation"]
        if not self.essential_acr:
            # A node of the release before reads what it knows.
            del stored["essential_acr"]
        return stored

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "AuthorizationRequest":
        """The request that ``to_json`` wrote."""
        lists = ("scope", "prompt", "ui_locales", "acr_values", "essential_acr")
        fields: dict[str, Any] = {**stored, **{name: tuple(stored.get(name, ())) for name in lists}}
        operation = stored.get("operation")
        fields["operation"] = None if operation is None else Operation(**operation)
        return cls(**fields)
