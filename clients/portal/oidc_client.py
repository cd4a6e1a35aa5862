"""Authlib's client, with the checks it leaves to the application.

Authlib 1.9.9 does the requests: state, nonce, PKCE, token endpoint, refresh. Ours are: the issuer named in
the discovery document and in the authorization response (RFC 9207), the audience of the ID token, one
algorithm, keys by name only, an ID token that must be there, time limits, and that no redirect is followed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from authlib.integrations.flask_client import FlaskOAuth2App, OAuth, OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import UserInfo
from flask import Flask

from clients.clock import Clock
from clients.portal.id_token import read_id_token
from clients.portal.sessions import Tokens
from clients.portal.settings import PortalSettings
from clients.provider import Provider
from clients.tokens import TokenRefused

SCOPE = "openid profile email phone offline_access policies"
ADDRESSES = (
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "end_session_endpoint",
    "revocation_endpoint",
)
TIMEOUT = 5
"""Seconds the provider may take for an answer."""
DEFAULT_LIFE = 60
"""Seconds an access token is taken to live when the provider does not say."""


@dataclass(frozen=True)
class Pushed:
    """A pushed request: the `state` its answer will carry, and the address to send the browser to."""

    state: str
    address: str = field(repr=False)


class CarefulSession(OAuth2Session):
    """Authlib's HTTP session: bounded in time, deaf to the environment, never redirected."""

    def __init__(self, *, ca_file: Path | None = None, **kwargs: Any) -> None:
        super().__init__(default_timeout=TIMEOUT, **kwargs)
        self.trust_env = False
        self.max_redirects = 0
        if ca_file is not None:
            self.verify = str(ca_file)


class PortalClient(FlaskOAuth2App):
    """The portal's OAuth client; its metadata and keys come from a Provider that was checked."""

    client_cls: type[OAuth2Session] = CarefulSession

    def __init__(self, framework: Any, name: str, *, provider: Provider, now: Clock, **kwargs: Any) -> None:
        super().__init__(framework, name, **kwargs)
        self._provider = provider
        self._now = now

    def load_server_metadata(self) -> dict[str, Any]:
        """The addresses the provider advertises; raises ProviderUnavailable.

        Authlib takes whatever stands here as arguments of its HTTP session, so nothing else is passed on.
        """
        found = self._provider.metadata()
        return {name: found[name] for name in ADDRESSES if isinstance(found.get(name), str)}

    def parse_id_token(
        self,
        token: Mapping[str, Any],
        nonce: str,
        claims_options: object = None,
        claims_cls: object = None,
        leeway: int = 0,
    ) -> UserInfo:
        """The ID token's claims; called by Authlib in `authorize_access_token`. Raises TokenRefused.

        Authlib's three options are not used: our own reading is the stricter one.
        """
        return UserInfo(
            read_id_token(
                token["id_token"],
                provider=self._provider,
                client_id=self.client_id,
                nonce=nonce,
                access_token=token.get("access_token"),
                now=self._now(),
            )
        )

    def push(self, redirect_uri: str, parameters: Mapping[str, str]) -> Pushed:
        """Push an authorization request with our authentication, and tell where to send the browser with it.

        What is asked travels from server to server and not through the browser (RFC 9126 §2). Raises
        Authlib's OAuthError when the provider refuses, OSError or ValueError when it gives no answer,
        ProviderUnavailable when it takes no pushed requests.
        """
        endpoint = self._provider.endpoint("pushed_authorization_request_endpoint")
        made = self.create_authorization_url(redirect_uri, **parameters)
        address, _, question = str(made["url"]).partition("?")
        with self._http(self.load_server_metadata()) as http:
            answer = http.post(
                endpoint,
                data=dict(parse_qsl(question, keep_blank_values=True)),
                auth=http.client_auth(http.token_endpoint_auth_method),
                headers={"Accept": "application/json"},
            )
        body = answer.json()
        told = body if isinstance(body, dict) else {}
        if answer.status_code != HTTPStatus.CREATED:
            raise OAuthError(str(told.get("error", "server_error")))
        if not isinstance(told.get("request_uri"), str):
            raise ValueError("no request_uri came")
        brought = urlencode({"client_id": self.client_id, "request_uri": told["request_uri"]})
        self.save_authorize_data(redirect_uri=redirect_uri, **made)
        return Pushed(str(made["state"]), f"{address}?{brought}")

    def refresh(self, tokens: Tokens, subject: str) -> Tokens:
        """New tokens for a session of `subject`, by its refresh token.

        Raises Authlib's OAuthError when the provider refuses, TokenRefused when what it gives is not ours,
        OSError when it does not answer.
        """
        metadata = self.load_server_metadata()
        with self._http(metadata) as http:
            # No scope is named: what was granted is renewed, were it less than we once asked for.
            answer = http.refresh_token(metadata["token_endpoint"], refresh_token=tokens.refresh, scope=None)
        id_token = answer.get("id_token")
        if id_token is not None:
            # OpenID Connect Core §12.2: a new ID token speaks of the same person.
            claims = read_id_token(
                id_token,
                provider=self._provider,
                client_id=self.client_id,
                nonce=None,
                access_token=answer["access_token"],
                now=self._now(),
            )
            if claims["sub"] != subject:
                raise TokenRefused("the token speaks of another person")
        return tokens_from(answer, self._now(), before=tokens)

    def revoke(self, refresh_token: str) -> None:
        """Tell the provider that the refresh token is no longer needed (RFC 7009), where it wants to know.

        Raises OSError when it does not answer.
        """
        metadata = self.load_server_metadata()
        address = metadata.get("revocation_endpoint")
        if address is None:
            return
        with self._http(metadata) as http:
            http.revoke_token(address, token=refresh_token, token_type_hint="refresh_token")

    def _http(self, metadata: Mapping[str, Any]) -> Any:
        return self._get_oauth_client(**metadata)  # type: ignore[attr-defined]  # not in the stubs


def tokens_from(answer: Mapping[str, Any], now: int, before: Tokens | None = None) -> Tokens:
    """The tokens of a token response received at `now`; what a refresh leaves out stays as it was.

    Raises TokenRefused when an access token of type Bearer or, the first time, an ID token is missing.
    """
    access = bearer_token(answer)
    id_token = answer.get("id_token") or (before.id_token if before else None)
    if not isinstance(id_token, str):
        raise TokenRefused("no ID token came")
    life = answer.get("expires_in")
    if isinstance(life, bool) or not isinstance(life, int):
        life = DEFAULT_LIFE
    refresh = answer.get("refresh_token") or (before.refresh if before else None)
    return Tokens(access=access, expires_at=now + life, refresh=refresh, id_token=id_token)


def bearer_token(answer: Mapping[str, Any]) -> str:
    """The access token of a token response that may hold nothing else; raises TokenRefused."""
    access = answer.get("access_token")
    if not isinstance(access, str) or not access or str(answer.get("token_type", "")).lower() != "bearer":
        raise TokenRefused("no access token of type Bearer came")
    return access


def register_client(app: Flask, settings: PortalSettings, provider: Provider, now: Clock) -> PortalClient:
    """The portal's client, registered with Authlib's Flask integration."""
    registry: Any = OAuth(app)
    client: PortalClient = registry.register(
        "provider",
        client_cls=PortalClient,
        provider=provider,
        now=now,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        client_kwargs={"scope": SCOPE, "code_challenge_method": "S256", "ca_file": settings.ca_file},
    )
    return client
