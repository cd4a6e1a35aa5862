"""The doors of signing in: to the provider and back (OpenID Connect Core §3.1, RFC 9207)."""

from collections.abc import Mapping
from typing import Any

from authlib.integrations.flask_client import OAuthError
from flask import Blueprint, redirect, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from clients.portal.authorization_response import SignInFailed, check_response
from clients.portal.oidc_client import tokens_from
from clients.portal.pages import Page
from clients.portal.parts import Parts, current_session
from clients.portal.payouts import finish_payout
from clients.portal.sessions import PortalSession, SignedIn
from clients.portal.userinfo import read_userinfo
from clients.provider import ProviderUnavailable
from clients.tokens import TokenRefused


def sign_in_doors(parts: Parts, page: Page) -> Blueprint:
    """`/login`, `/register` and `/callback`."""
    doors = Blueprint("sign_in", __name__)

    def to_provider(**wishes: str) -> Response:
        answer: Response = parts.client.authorize_redirect(
            parts.settings.redirect_uri, ui_locales=page.languages_elsewhere(), **wishes
        )
        return answer

    @doors.get("/login")
    def login() -> Response:
        return to_provider()

    @doors.get("/register")
    def register() -> Response:
        # Initiating User Registration via OpenID Connect 1.0: the account is created first, if there is none.
        return to_provider(prompt="create")

    @doors.get("/callback")
    def callback() -> Response:
        session = current_session()
        response = request.args
        if _state_data(parts, session, response.get("state")) is None:
            if session.signed_in is not None:
                # The back button, or a second tab: what was asked for is already there.
                return redirect("/", 303)
            raise SignInFailed("unknown_state")
        waiting = session.come_back(response.get("state"))
        if waiting is not None:
            return finish_payout(parts, session, waiting, response)
        session.sign_in(_finish(parts, session, response), parts.now())
        wanted, session.wanted_page = session.wanted_page, None
        return redirect(wanted or "/", 303)

    return doors


def _finish(parts: Parts, session: PortalSession, response: MultiDict[str, str]) -> SignedIn:
    """Who the authorization response signs in; raises SignInFailed. The state is used up either way."""
    try:
        check_response(parts, response)
        answer = parts.client.authorize_access_token()
        tokens = tokens_from(answer, parts.now())
        claims: Mapping[str, Any] = answer["userinfo"]
        person = {**claims, **read_userinfo(parts.provider, parts.http, tokens.access, claims["sub"])}
    except OAuthError as fault:
        raise SignInFailed(fault.error or "server_error") from fault
    except TokenRefused as fault:
        raise SignInFailed("invalid_token") from fault
    except (OSError, ValueError, ProviderUnavailable) as fault:
        raise SignInFailed("temporarily_unavailable") from fault
    finally:
        parts.client.framework.clear_state_data(session, response.get("state"))
    return SignedIn(
        subject=claims["sub"],
        provider_session=_text(claims.get("sid")),
        auth_time=claims["auth_time"] if isinstance(claims.get("auth_time"), int) else None,
        given_name=_text(person.get("given_name")),
        name=_text(person.get("name")),
        tokens=tokens,
    )


def _state_data(parts: Parts, session: PortalSession, state: str | None) -> Mapping[str, Any] | None:
    if not state:
        return None
    found: Mapping[str, Any] | None = parts.client.framework.get_state_data(session, state)
    return found


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
