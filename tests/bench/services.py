"""What every measured service has in common: a port, seeds to measure with, and its endpoints."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from tests.bench.measured import CannotRunError, Process
from tests.bench.scripts import CODE_VERIFIER, authorization_query, basic, code_in, path_of


@dataclass(frozen=True)
class Client:
    """A registered client with a secret."""

    client_id: str
    client_secret: str

    @property
    def authorization(self) -> str:
        return basic(self.client_id, self.client_secret)


@dataclass(frozen=True)
class Login:
    """A customer who can sign in by password from a trusted browser (`trusted_cookie`: its Cookie field)."""

    username: str
    password: str
    trusted_cookie: str


@dataclass(frozen=True)
class Seeds:
    """What a service was prepared with.

    `sessions` are Cookie fields of signed-in browsers, one per connection; `logins` is empty where the
    service has no password sign-in of its own; `service_form` is what the service client posts for a token.
    """

    web: Client
    service: Client
    introspecting: Client
    redirect_uri: str
    scope: str
    service_form: Mapping[str, str]
    sessions: tuple[str, ...]
    logins: tuple[Login, ...] = ()


@dataclass(frozen=True)
class Endpoints:
    """Paths of the endpoints, as the discovery document names them."""

    authorize: str
    token: str
    introspect: str
    userinfo: str
    jwks: str
    discovery: str = "/.well-known/openid-configuration"

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Endpoints:
        """Raises CannotRunError when the document lacks one."""
        names = {
            "authorize": "authorization_endpoint",
            "token": "token_endpoint",
            "introspect": "introspection_endpoint",
            "userinfo": "userinfo_endpoint",
            "jwks": "jwks_uri",
        }
        if missing := [name for name in names.values() if name not in document]:
            raise CannotRunError(f"the discovery document lacks {', '.join(missing)}")
        return cls(**{field: path_of(document[name]) for field, name in names.items()})


class Service(Protocol):
    """A service that can be started for measurement."""

    @property
    def name(self) -> str: ...

    @property
    def port(self) -> int: ...

    @property
    def process(self) -> Process: ...

    @property
    def seeds(self) -> Seeds: ...

    def start(self, processes: int = 1) -> float:
        """Start it; seconds until discovery answered 200."""
        ...

    def stop(self) -> None: ...


def origin(service: Service) -> str:
    return f"http://localhost:{service.port}"


def endpoints(service: Service) -> Endpoints:
    """The service's endpoints, asked of itself."""
    answer = httpx.get(f"{origin(service)}/.well-known/openid-configuration")
    return Endpoints.of(answer.json())


def fresh_tokens(service: Service, count: int) -> list[Mapping[str, str]]:
    """Complete sets of tokens, one per session, by authorize and exchange; raises CannotRunError."""
    at, seeds, tokens = endpoints(service), service.seeds, []
    with httpx.Client(base_url=origin(service)) as browser:
        for number in range(count):
            query = authorization_query(seeds.web.client_id, seeds.redirect_uri, seeds.scope, f"t{number}")
            cookie = seeds.sessions[number % len(seeds.sessions)]
            asked = browser.get(f"{at.authorize}?{query}", headers={"Cookie": cookie})
            browser.cookies.clear()
            code = code_in(
                asked.headers.get("location", f"{asked.status_code} {asked.text[:200]}"), seeds.redirect_uri
            )
            form = {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": seeds.redirect_uri,
                "code_verifier": CODE_VERIFIER,
            }
            answer = browser.post(at.token, data=form, headers={"Authorization": seeds.web.authorization})
            if answer.status_code != 200:
                raise CannotRunError(
                    f"{service.name} refuses the code: {answer.status_code} {answer.text[:300]}"
                )
            tokens.append(answer.json())
    return tokens


def cookie_field(jar: httpx.Cookies) -> str:
    """The Cookie field a browser with this jar sends to `/` of localhost."""
    return "; ".join(f"{each.name}={each.value}" for each in jar.jar if re.match("/$", each.path or "/"))
