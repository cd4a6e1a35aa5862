"""Authlib's Flask client signs a customer in; its OAuth session refreshes, introspects and revokes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import httpx
import pytest
from authlib.integrations.base_client import MismatchingStateError, OAuthError
from authlib.integrations.flask_client import OAuth
from authlib.integrations.requests_client import OAuth2Session
from flask import Flask, jsonify, url_for
from werkzeug.wrappers import Response

from tests.third_party.browser import Browser
from tests.third_party.provider import Provider

pytestmark = pytest.mark.third_party

ORIGIN = "http://localhost:9"
CALLBACK = f"{ORIGIN}/callback"
SCOPE = "openid profile email"
Method = Literal["none", "client_secret_basic", "client_secret_post"]


@dataclass(frozen=True)
class Registered:
    """The relying party at one provider."""

    provider: Provider
    method: Method
    client_id: str
    client_secret: str | None
    scope: str

    def metadata(self) -> dict[str, Any]:
        """The provider's discovery document."""
        answer = httpx.get(f"{self.provider.issuer}/.well-known/openid-configuration")
        return dict(answer.raise_for_status().json())

    def session(self, token: dict[str, Any]) -> OAuth2Session:
        """Authlib's OAuth session for a token."""
        session = OAuth2Session(
            self.client_id,
            self.client_secret,
            token_endpoint_auth_method=self.method,
            revocation_endpoint_auth_method=self.method,
            scope=self.scope,
            token=token,
        )
        # A proxy or certificate bundle of the machine is none of this test's business.
        session.trust_env = False
        return session


@pytest.fixture(params=["client_secret_basic", "client_secret_post", "none"])
def registered(provider: Provider, request: pytest.FixtureRequest) -> Registered:
    """The relying party with each way of authenticating."""
    method: Method = request.param
    api = provider.resource_server
    scope = SCOPE if api is None else f"{SCOPE} {api.scope}"
    client = provider.add_client(
        kind="spa" if method == "none" else "web",
        redirect_uris=[CALLBACK],
        token_endpoint_auth_method=method,
        id_token_signed_response_alg="ES256",
        scope=scope,
        first_party=True,
    )
    return Registered(provider, method, client["client_id"], client.get("client_secret"), scope)


@pytest.fixture
def site(registered: Registered) -> Flask:
    """A Flask site that signs in with Authlib as its manual shows."""
    site = Flask("relying_party")
    site.config.update(TESTING=True, SECRET_KEY="of-the-test", SERVER_NAME="localhost:9")
    oauth = OAuth(site)
    oauth.register(  # type: ignore[no-untyped-call]
        "idp",
        client_id=registered.client_id,
        client_secret=registered.client_secret,
        server_metadata_url=f"{registered.provider.issuer}/.well-known/openid-configuration",
        client_kwargs={
            "scope": registered.scope,
            "code_challenge_method": "S256",
            "token_endpoint_auth_method": registered.method,
        },
    )

    @site.get("/login")
    def login() -> Response:
        answer: Response = oauth.idp.authorize_redirect(url_for("callback", _external=True))
        return answer

    @site.get("/callback")
    def callback() -> Any:
        token = oauth.idp.authorize_access_token()
        return jsonify(token=token, userinfo=oauth.idp.userinfo(token=token))

    return site


@pytest.fixture
def signed_in(site: Flask, registered: Registered) -> Iterator[dict[str, Any]]:
    """What the site knows after the sign-in: the token set (ID token's claims in `userinfo`) and userinfo."""
    with site.test_client() as visitor:
        answer = visitor.get(came_back(visitor, registered, registered.provider.signed_in_cookie()))
        assert answer.status_code == 200
        yield answer.get_json()


def came_back(visitor: Any, registered: Registered, cookie: str) -> str:
    """The callback's address with which the provider sends the browser back to the site."""
    start = visitor.get("/login")
    assert start.status_code == 302
    assert start.location.startswith(registered.metadata()["authorization_endpoint"])
    return Browser(cookie).open(start.location, CALLBACK)


def test_authlib_signs_a_customer_in(signed_in: dict[str, Any], registered: Registered) -> None:
    claims = signed_in["token"]["userinfo"]
    assert claims["iss"] == registered.provider.issuer
    assert claims["aud"] in (registered.client_id, [registered.client_id])
    assert claims["nonce"]
    assert signed_in["userinfo"]["sub"] == claims["sub"]
    assert signed_in["userinfo"]["name"]


def test_authlib_refuses_a_callback_with_a_foreign_state(site: Flask, registered: Registered) -> None:
    with site.test_client() as visitor:
        address = came_back(visitor, registered, registered.provider.signed_in_cookie())
        with pytest.raises(MismatchingStateError):
            visitor.get(address.replace("state=", "state=x"))


def test_a_code_that_authlib_has_redeemed_is_refused(site: Flask, registered: Registered) -> None:
    with site.test_client() as visitor:
        address = came_back(visitor, registered, registered.provider.signed_in_cookie())
        with visitor.session_transaction() as before:
            kept = dict(before)
        assert visitor.get(address).status_code == 200
        with visitor.session_transaction() as after:
            after.update(kept)
        with pytest.raises(OAuthError) as refused:
            visitor.get(address)
    assert refused.value.error == "invalid_grant"


def test_authlib_refreshes_and_the_old_refresh_token_is_spent(
    signed_in: dict[str, Any], registered: Registered
) -> None:
    endpoint = registered.metadata()["token_endpoint"]
    old = signed_in["token"]
    with registered.session(old) as session:
        new = session.refresh_token(endpoint)
        assert new["access_token"] != old["access_token"]
        assert new["refresh_token"] != old["refresh_token"]
        answer = session.get(registered.metadata()["userinfo_endpoint"])
        assert answer.json()["sub"] == signed_in["userinfo"]["sub"]
        with pytest.raises(OAuthError) as refused:
            session.refresh_token(endpoint, refresh_token=old["refresh_token"])
    assert refused.value.error == "invalid_grant"


def test_what_authlib_revokes_no_longer_refreshes(signed_in: dict[str, Any], registered: Registered) -> None:
    metadata = registered.metadata()
    refresh_token = signed_in["token"]["refresh_token"]
    with registered.session(signed_in["token"]) as session:
        answer = session.revoke_token(  # type: ignore[no-untyped-call]
            metadata["revocation_endpoint"], token=refresh_token, token_type_hint="refresh_token"
        )
        assert answer.status_code == 200
        with pytest.raises(OAuthError) as refused:
            session.refresh_token(metadata["token_endpoint"], refresh_token=refresh_token)
    assert refused.value.error == "invalid_grant"


@pytest.mark.parametrize("registered", ["client_secret_basic", "client_secret_post"], indirect=True)
def test_authlib_introspects_as_whoever_may_ask(signed_in: dict[str, Any], registered: Registered) -> None:
    token = signed_in["token"]["access_token"]
    endpoint = registered.metadata()["introspection_endpoint"]
    api = registered.provider.resource_server
    with registered.session(signed_in["token"]) as session:
        own = session.introspect_token(endpoint, token=token, token_type_hint="access_token").json()
    if api is None:
        told = own
    else:
        # Only the resource server that a token is for learns about it (RFC 7662 §2.1, §2.2).
        assert own == {"active": False}
        with OAuth2Session(api.client_id, api.client_secret) as session:
            session.trust_env = False
            told = session.introspect_token(endpoint, token=token, token_type_hint="access_token").json()
    assert told["active"] is True
    assert told["client_id"] == registered.client_id
