"""What the relying party is told: a code or an error, with ``state`` as it came and ``iss`` always (RFC
9207)."""

from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from idp.oidc.errors import OAuthError


@dataclass(frozen=True, slots=True)
class AuthorizationResponse:
    """An answer on its way to a redirect URI by ``query`` or ``form_post``."""

    redirect_uri: str
    response_mode: str
    fields: tuple[tuple[str, str], ...]

    @property
    def location(self) -> str:
        """The redirect target for ``query``; a query that the registered URI has already is kept (§3.1.2)."""
        glue = "&" if urlsplit(self.redirect_uri).query else ("" if self.redirect_uri.endswith("?") else "?")
        return f"{self.redirect_uri}{glue}{urlencode(self.fields)}"


def success(
    *, redirect_uri: str, response_mode: str, state: str | None, issuer: str, code: str
) -> AuthorizationResponse:
    """The answer that carries a code (RFC 6749 §4.1.2)."""
    return _response(redirect_uri, response_mode, [("code", code)], state, issuer)


def failure(
    *, redirect_uri: str, response_mode: str, state: str | None, issuer: str, fault: OAuthError
) -> AuthorizationResponse:
    """The answer that carries an error (RFC 6749 §4.1.2.1)."""
    fields = [("error", fault.error)]
    if fault.description:
        fields.append(("error_description", fault.description))
    return _response(redirect_uri, response_mode, fields, state, issuer)


def _response(
    redirect_uri: str, response_mode: str, fields: list[tuple[str, str]], state: str | None, issuer: str
) -> AuthorizationResponse:
    if state is not None:
        fields = [*fields, ("state", state)]
    mode = response_mode if response_mode == "form_post" else "query"
    return AuthorizationResponse(redirect_uri, mode, (*fields, ("iss", issuer)))
