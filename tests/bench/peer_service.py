"""The peer: npm oidc-provider, one process, on the Redis adapter beside `server.js`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from urllib.parse import urljoin

import httpx

from tests.bench.databases import Valkey
from tests.bench.measured import CannotRunError, Cores, Process
from tests.bench.scripts import authorization_query
from tests.bench.services import Client, Seeds, cookie_field
from tests.parts.node import Node, find_node
from tests.parts.ports import free_port

FOLDER = Path(__file__).resolve().parent / "peer"
REDIRECT_URI = "http://localhost:9/callback"
WEB = Client("bench-web", "bench-web-secret-0123456789abcdef")
SERVICE = Client("bench", "bench-service-secret-0123456789abcdef")
SCOPE = "openid profile email"
CLIENTS = [
    {
        "client_id": SERVICE.client_id,
        "client_secret": SERVICE.client_secret,
        "grant_types": ["client_credentials"],
        "response_types": [],
        "redirect_uris": [],
        "scope": "policies",
    },
    {
        "client_id": WEB.client_id,
        "client_secret": WEB.client_secret,
        "grant_types": ["authorization_code", "refresh_token"],
        "redirect_uris": [REDIRECT_URI],
        "id_token_signed_response_alg": "ES256",
    },
]


def install() -> Node:
    """Install the peer's packages from their lock file, give the Node.js found; raises CannotRunError."""
    node = find_node()
    if node is None:
        raise CannotRunError("the peer needs Node.js 20 or later with npm: apt-get install nodejs npm")
    try:
        node.install(FOLDER)
    except subprocess.CalledProcessError as failed:
        raise CannotRunError(f"npm ci failed in {FOLDER}, its reason is above") from failed
    return node


class PeerService:
    """oidc-provider on one core; `seeds` holds one signed-in browser per connection."""

    name = "peer"

    def __init__(self, folder: Path, cores: Cores, sessions: int) -> None:
        self._node = install()
        self.port = free_port()
        self._folder, self._cores, self._sessions = folder, cores, sessions
        self._valkey = Valkey(folder, cores.others)
        self._process: Process | None = None
        self._seeds: Seeds | None = None

    @property
    def process(self) -> Process:
        assert self._process is not None, "not started"
        return self._process

    @property
    def seeds(self) -> Seeds:
        assert self._seeds is not None, "not started"
        return self._seeds

    def start(self, processes: int = 1) -> float:
        """Start one process (the peer is measured per core) and sign its browsers in."""
        assert processes == 1, "the peer is measured on one core"
        self._process = Process(
            [str(self._node.node), "server.js"],
            cores=self._cores.service,
            log=self._folder / "peer.log",
            cwd=FOLDER,
            env={
                "PORT": str(self.port),
                "REDIS_SOCKET": str(self._valkey.socket),
                "CLIENTS": json.dumps(CLIENTS),
                "NODE_ENV": "production",
            },
        )
        seconds = self._process.wait_for(self.port, "/.well-known/openid-configuration")
        if self._seeds is None:
            self._seeds = Seeds(
                web=WEB,
                service=SERVICE,
                introspecting=WEB,
                redirect_uri=REDIRECT_URI,
                scope=SCOPE,
                service_form={"grant_type": "client_credentials", "scope": "policies"},
                sessions=tuple(self._sign_in(number) for number in range(self._sessions)),
            )
        return seconds

    def _sign_in(self, number: int) -> str:
        """The Cookie field of a browser that has just signed in and consented."""
        start = f"http://localhost:{self.port}"
        query = authorization_query(WEB.client_id, REDIRECT_URI, SCOPE, f"seed{number}")
        at = f"{start}/auth?{query}"
        with httpx.Client() as browser:
            for _ in range(12):
                answer = browser.get(at)
                at = urljoin(at, answer.headers.get("location", ""))
                if at.startswith(f"{REDIRECT_URI}?code="):
                    return cookie_field(browser.cookies)
        raise CannotRunError(f"the peer does not sign in: {at}\n{self.process.tail()}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()

    def close(self) -> None:
        """Stop it together with its database."""
        self.stop()
        self._valkey.stop()
