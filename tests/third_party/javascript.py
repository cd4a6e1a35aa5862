"""Runs a relying party of `tests/clients_js` and reads what it tells of each step."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from joserfc.jwk import ECKey

from tests.parts.node import Node
from tests.third_party.provider import Provider

FOLDER = Path(__file__).parents[1] / "clients_js"
REDIRECT_URI = "http://localhost:9/callback"
POST_LOGOUT_REDIRECT_URI = "http://localhost:9/good-bye"

AuthMethod = Literal["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]
METHODS: tuple[AuthMethod, ...] = (
    "none",
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
)


@dataclass(frozen=True)
class Steps:
    """What the script printed, step by step."""

    told: tuple[dict[str, Any], ...]

    @property
    def names(self) -> list[str]:
        return [step["step"] for step in self.told]

    def of(self, name: str) -> dict[str, Any]:
        """What was told of one step; raises KeyError when it was not taken."""
        for step in self.told:
            if step["step"] == name:
                return step
        raise KeyError(name)


def complete(
    script: str,
    node: Node,
    provider: Provider,
    method: AuthMethod,
    alg: str = "ES256",
    *,
    pushes: bool = False,
    dpop: bool = False,
) -> Steps:
    """Register a client for `method`, run the script to its end, and give its steps.

    With `pushes` the client may ask in no other way than by pushed requests (RFC 9126), with `dpop` its
    tokens are bound to a key (RFC 9449).

    Raises AssertionError with the failing step when the script ends before the end.
    """
    node.install(FOLDER)
    metadata: dict[str, Any] = {}
    environment: dict[str, str] = {}
    scope = "openid profile email"
    if api := provider.resource_server:
        scope += f" {api.scope}"
        environment |= {"RESOURCE_SERVER_ID": api.client_id, "RESOURCE_SERVER_SECRET": api.client_secret}
    if method == "private_key_jwt":
        key = ECKey.generate_key("P-256", {"kid": "third-party", "alg": "ES256", "use": "sig"})
        metadata["jwks"] = {"keys": [key.as_dict(private=False)]}
        environment["CLIENT_JWK"] = json.dumps(key.as_dict(private=True))
    if pushes:
        metadata["require_pushed_authorization_requests"] = True
        environment["PUSHES"] = "1"
    if dpop:
        metadata["dpop_bound_access_tokens"] = True
        environment["DPOP"] = "1"
    client = provider.add_client(
        kind="spa" if method == "none" else "web",
        redirect_uris=[REDIRECT_URI],
        post_logout_redirect_uris=[POST_LOGOUT_REDIRECT_URI],
        token_endpoint_auth_method=method,
        id_token_signed_response_alg=alg,
        scope=scope,
        first_party=True,
        **metadata,
    )
    done = subprocess.run(
        [node.node, script],
        cwd=FOLDER,
        env={
            **os.environ,
            **environment,
            "ISSUER": provider.issuer,
            "CLIENT_ID": client["client_id"],
            "CLIENT_SECRET": client.get("client_secret", ""),
            "AUTH_METHOD": method,
            "REDIRECT_URI": REDIRECT_URI,
            "POST_LOGOUT_REDIRECT_URI": POST_LOGOUT_REDIRECT_URI,
            "SCOPE": scope,
            "ID_TOKEN_ALG": alg,
            "COOKIE": provider.signed_in_cookie(),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{script} with {method}:\n{done.stdout}{done.stderr}"
    return Steps(tuple(json.loads(line) for line in done.stdout.splitlines()))
