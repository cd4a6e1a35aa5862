"""What a relying party's test needs of a provider, and the certified one that serves as control."""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

import httpx

from idp.flows import clients
from idp.flows.clients import Registered
from tests.parts.node import Node
from tests.service.running import RunningService
from tests.third_party.browser import Browser

FOLDER = Path(__file__).parents[1] / "bench/peer"
SIGN_IN_REDIRECT_URI = "http://localhost:9/signed-in"


@dataclass(frozen=True)
class ResourceServer:
    """A protected resource with credentials of its own; ``scope`` is what a token for it must hold."""

    client_id: str
    client_secret: str
    scope: str


class Provider(Protocol):
    """An OpenID provider that runs, with one customer who can be signed in."""

    @property
    def issuer(self) -> str: ...

    @property
    def resource_server(self) -> ResourceServer | None:
        """Who may introspect; None where every client may ask about its own tokens."""
        ...

    def add_client(self, *, kind: str, **metadata: Any) -> dict[str, Any]:
        """Register a client (RFC 7591 member names); its metadata, with `client_secret` if it has one."""
        ...

    def signed_in_cookie(self) -> str:
        """The Cookie field of a browser that has just signed in."""
        ...


class OurProvider:
    """Our service; it tells about tokens only the resource server they are for (RFC 7662 §2.1)."""

    def __init__(self, service: RunningService) -> None:
        self._service = service
        self.issuer = service.issuer

    @cached_property
    def resource_server(self) -> ResourceServer:
        """The policies API, registered at the first need."""
        api = self.add_client(kind="api", audience="http://localhost:8003")
        return ResourceServer(api["client_id"], api["client_secret"], "policies")

    def add_client(self, *, kind: str, **metadata: Any) -> dict[str, Any]:
        # Nothing to wait for: a client that nobody has asked for yet is read at once.
        registered = clients.add(
            self._service.idp,
            {"client_kind": kind, "client_name": "A client", **metadata},
            now=self._service.idp.clock.now(),
        )
        assert isinstance(registered, Registered)
        return registered.to_json()

    def signed_in_cookie(self) -> str:
        return self._service.signed_in_cookie()


class ReferenceProvider:
    """npm oidc-provider: certified, every sign-in and consent answered by itself."""

    resource_server: ResourceServer | None = None

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer

    def add_client(self, *, kind: str, **metadata: Any) -> dict[str, Any]:
        metadata.pop("first_party", None)
        if kind == "spa":
            metadata["token_endpoint_auth_method"] = "none"
        metadata.setdefault("grant_types", ["authorization_code", "refresh_token"])
        if metadata.get("token_endpoint_auth_method") == "private_key_jwt":
            metadata["token_endpoint_auth_signing_alg"] = metadata["jwks"]["keys"][0]["alg"]
        answer = httpx.post(f"{self.issuer}/reg", json=metadata)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def signed_in_cookie(self) -> str:
        client = self.add_client(kind="spa", redirect_uris=[SIGN_IN_REDIRECT_URI])
        query = {
            "client_id": client["client_id"],
            "response_type": "code",
            "redirect_uri": SIGN_IN_REDIRECT_URI,
            "scope": "openid",
            "state": "signing-in",
            # RFC 7636 appendix B; the code is never redeemed.
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "code_challenge_method": "S256",
        }
        browser = Browser("")
        browser.open(f"{self.issuer}/auth?{urlencode(query)}", SIGN_IN_REDIRECT_URI)
        return browser.cookie


@contextlib.contextmanager
def reference_provider(node: Node, log: Path) -> Iterator[ReferenceProvider]:
    """Yield the control provider on a free port, its packages installed; raises TimeoutError if it hangs."""
    node.install(FOLDER)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "PORT": str(port), "REGISTRATION": "1", "NODE_ENV": "production"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [node.node, "server.js"],
            cwd=FOLDER,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        issuer = f"http://localhost:{port}"
        _wait_until_ready(issuer, process, log)
        yield ReferenceProvider(issuer)
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait_until_ready(issuer: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 20.0
    while True:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{issuer}/.well-known/openid-configuration").status_code == 200:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            raise TimeoutError(f"oidc-provider does not answer:\n{log.read_text(errors='replace')}")
        time.sleep(0.05)
