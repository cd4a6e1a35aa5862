"""A living access token for the signed-in customer, renewed when it has aged."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from authlib.integrations.flask_client import OAuthError

from clients.portal.parts import Parts
from clients.portal.policies_reader import PoliciesUnavailable, TokenNotAccepted
from clients.portal.sessions import PortalSession
from clients.provider import ProviderUnavailable
from clients.tokens import TokenRefused

EARLY = 20
"""Seconds before its end an access token is renewed, so that it does not die on the way."""

Answer = TypeVar("Answer")


class SignInNeeded(Exception):
    """The provider no longer vouches for this session; it was ended here too."""


def with_access_token(parts: Parts, session: PortalSession, call: Callable[[str], Answer]) -> Answer:
    """What `call` answers with a living access token; a refused one is renewed and tried once more.

    Raises SignInNeeded when the provider renews no more, PoliciesUnavailable when somebody does not answer.
    """
    token = _living_token(parts, session, refused=None)
    try:
        return call(token)
    except TokenNotAccepted:
        token = _living_token(parts, session, refused=token)
    try:
        return call(token)
    except TokenNotAccepted as fault:
        raise PoliciesUnavailable("a fresh token is not accepted") from fault


def _living_token(parts: Parts, session: PortalSession, refused: str | None) -> str:
    # One request at a time: a refresh token used twice looks stolen and ends the session (RFC 9700 §4.14).
    with session.renewing:
        who = session.signed_in
        if who is None:
            raise SignInNeeded
        tokens = who.tokens
        if tokens.access != refused and tokens.expires_at - EARLY > parts.now():
            return tokens.access
        if tokens.refresh is None:
            raise _ended(session)
        try:
            renewed = parts.client.refresh(tokens, who.subject)
        except (OAuthError, TokenRefused) as fault:
            raise _ended(session) from fault
        except (OSError, ValueError, ProviderUnavailable) as fault:
            raise PoliciesUnavailable("the provider does not answer") from fault
        if session.signed_in is None:
            raise SignInNeeded
        session.signed_in = replace(who, tokens=renewed)
        return renewed.access


def _ended(session: PortalSession) -> SignInNeeded:
    session.sign_out()
    return SignInNeeded()
