"""A token request, read for an authenticated client (RFC 6749 §4.1.3, §4.4.2, §6)."""

import re
from dataclasses import dataclass, field
from typing import TypeAlias

from idp.oidc.client import Client
from idp.oidc.errors import OAuthError, invalid_request, invalid_scope, unauthorized_client
from idp.oidc.operations.operation import invalid_details
from idp.oidc.parameters import Parameters

_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*")


@dataclass(frozen=True, slots=True)
class CodeExchange:
    """An authorization code to be exchanged."""

    code: str = field(repr=False)
    redirect_uri: str
    code_verifier: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Refresh:
    """A refresh token to be exchanged; ``scope`` narrows the access token, None leaves it as granted."""

    refresh_token: str = field(repr=False)
    scope: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """A token for the client itself; ``scope`` None asks for all the client may have."""

    scope: tuple[str, ...] | None


TokenRequest: TypeAlias = CodeExchange | Refresh | ClientCredentials


def read(parameters: Parameters, client: Client) -> TokenRequest:
    """The request these parameters make; raises ``OAuthError``.

    ``redirect_uri`` is always demanded: the authorization request had one (OpenID Connect Core §3.1.2.1).
    """
    if parameters.get("authorization_details") is not None:
        # What was approved is what is issued: nothing is chosen here any more (RFC 9396 §6).
        raise invalid_details("authorization_details is pushed with the authorization request")
    grant_type = parameters.get("grant_type")
    if grant_type is None:
        raise invalid_request("grant_type is missing")
    if grant_type not in ("authorization_code", "refresh_token", "client_credentials"):
        raise OAuthError("unsupported_grant_type", "grant_type is not supported")
    if grant_type not in client.grant_types:
        raise unauthorized_client("the client is not registered for this grant_type")
    if grant_type == "authorization_code":
        return CodeExchange(
            code=_must(parameters, "code"),
            redirect_uri=_must(parameters, "redirect_uri"),
            code_verifier=parameters.get("code_verifier"),
        )
    scope = scope_of(parameters.get("scope"))
    if grant_type == "refresh_token":
        return Refresh(_must(parameters, "refresh_token"), scope)
    return ClientCredentials(scope)


def scope_of(text: str | None) -> tuple[str, ...] | None:
    """The words of a scope, each once, in order; raises ``OAuthError`` for what is none (RFC 6749 §3.3)."""
    if text is None:
        return None
    if not _SCOPE.fullmatch(text):
        raise invalid_scope("the scope has characters that are not allowed")
    return tuple(dict.fromkeys(text.split(" ")))


def _must(parameters: Parameters, name: str) -> str:
    value = parameters.get(name)
    if value is None:
        raise invalid_request(f"{name} is missing")
    return value
