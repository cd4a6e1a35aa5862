"""What the portal is put together from; handed to every door."""

from dataclasses import dataclass

import httpx
from flask import session

from clients.clock import Clock
from clients.portal.logout_token import SeenTokens
from clients.portal.oidc_client import PortalClient
from clients.portal.policies_reader import PoliciesReader
from clients.portal.sessions import PortalSession, SessionStore
from clients.portal.settings import PortalSettings
from clients.provider import Provider


@dataclass(frozen=True)
class Parts:
    """The portal's parts, made once at start."""

    settings: PortalSettings
    now: Clock
    http: httpx.Client
    provider: Provider
    client: PortalClient
    sessions: SessionStore
    seen: SeenTokens
    policies: PoliciesReader


def current_session() -> PortalSession:
    """The session of the request being answered."""
    found = session._get_current_object()  # type: ignore[attr-defined]  # Flask hands out a proxy
    if not isinstance(found, PortalSession):
        raise TypeError("another session interface is in use")
    return found
