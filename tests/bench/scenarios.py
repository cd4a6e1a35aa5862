"""The measured endpoints: for each, what every connection of the load generator says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.bench.scripts import get, post
from tests.bench.services import Endpoints, Seeds, Service, endpoints, fresh_tokens

Plan = Mapping[str, Any]
# Endpoints whose answer depends on no row of the database are measured on SQLite only.
WITHOUT_DATABASE = ("client_credentials", "discovery", "jwks")


def same(message: bytes, must_contain: str) -> Plan:
    return {"kind": "same", "message": message.decode("latin-1"), "must_contain": must_contain}


def client_credentials(service: Service, at: Endpoints, connections: int) -> list[Plan]:
    seeds = service.seeds
    message = post(
        host(service), at.token, seeds.service_form, {"Authorization": seeds.service.authorization}
    )
    # "eyJ" begins every JWS: an opaque token would be a different measurement.
    return [same(message, '"eyJ')] * connections


def sso_code(service: Service, at: Endpoints, connections: int) -> list[Plan]:
    seeds = service.seeds
    return [
        {
            "kind": "code",
            "host": host(service),
            "authorize_path": at.authorize,
            "token_path": at.token,
            "authorization": seeds.web.authorization,
            "client_id": seeds.web.client_id,
            "redirect_uri": seeds.redirect_uri,
            "scope": seeds.scope,
            "cookie": seeds.sessions[number % len(seeds.sessions)],
        }
        for number in range(connections)
    ]


def refresh(service: Service, at: Endpoints, connections: int) -> list[Plan]:
    return [
        {
            "kind": "refresh",
            "host": host(service),
            "token_path": at.token,
            "authorization": service.seeds.web.authorization,
            "refresh_token": tokens["refresh_token"],
        }
        for tokens in fresh_tokens(service, connections)
    ]


def introspection(service: Service, at: Endpoints, connections: int) -> list[Plan]:
    fields = {"Authorization": service.seeds.introspecting.authorization}
    return [
        same(post(host(service), at.introspect, {"token": tokens["access_token"]}, fields), '"active":true')
        for tokens in fresh_tokens(service, connections)
    ]


def userinfo(service: Service, at: Endpoints, connections: int) -> list[Plan]:
    return [
        same(get(host(service), at.userinfo, {"Authorization": f"Bearer {tokens['access_token']}"}), '"sub":')
        for tokens in fresh_tokens(service, connections)
    ]


def discovery(service: Service, at: Endpoints, connections: int) -> list[Plan]:
    return [same(get(host(service), at.discovery), '"issuer":')] * connections


def jwks(service: Service, at: Endpoints, connections: int) -> list[Plan]:
    return [same(get(host(service), at.jwks), '"keys":')] * connections


def password_logins(service: Service, at: Endpoints, connections: int, *, whole: bool) -> list[Plan]:
    """Sign-ins from trusted browsers: from authorization request to code, or the sign-in endpoint alone."""
    seeds: Seeds = service.seeds
    return [
        {
            "kind": "login" if whole else "login_post",
            "origin": f"http://localhost:{service.port}",
            "authorize_path": at.authorize,
            "client_id": seeds.web.client_id,
            "redirect_uri": seeds.redirect_uri,
            "scope": seeds.scope,
            "trusted_cookie": login.trusted_cookie,
            "username": login.username,
            "password": login.password,
        }
        for number in range(connections)
        for login in (seeds.logins[number % len(seeds.logins)],)
    ]


SCENARIOS: Mapping[str, Callable[[Service, Endpoints, int], Sequence[Plan]]] = {
    "client_credentials": client_credentials,
    "sso_code": sso_code,
    "refresh": refresh,
    "introspection": introspection,
    "userinfo": userinfo,
    "discovery": discovery,
    "jwks": jwks,
}


def host(service: Service) -> str:
    return f"localhost:{service.port}"


def plan(name: str, service: Service, connections: int) -> list[Plan]:
    """The scripts of one scenario, with tokens fresh enough for a run of a minute."""
    return list(SCENARIOS[name](service, endpoints(service), connections))
