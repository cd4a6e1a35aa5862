"""The service as real processes behind real sockets, prepared in a folder of its own."""

import contextlib
import html
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from idp.app import build
from idp.flows import clients
from idp.flows.clients import Registered
from idp.flows.idp import Idp
from idp.settings import load
from tests.parts.ports import free_port
from tests.service import in_process

ROOT = Path(__file__).parents[2]
PASSWORD = in_process.PASSWORD
VERIFIER_CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
"""RFC 7636 appendix B; for authorization requests whose code nobody redeems."""

DEVELOPMENT = """\
[service]
issuer = "http://localhost:{port}"
port = {port}
development = true
threads = 16

[database]
url = "{database_url}"
sqlite_synchronous = "NORMAL"

[keys]
directory = "{folder}/keys"

[password]
argon2_memory_kib = 64
argon2_iterations = 1

[assurance]
second_factor = "never"

[delivery]
inbox_path = "{folder}/inbox.jsonl"

[logout]
allow_loopback_callbacks = true

[resources.policies]
audience = "http://localhost:8003"
scopes = ["policies", "payout"]
"""


class HttpBrowser:
    """A browser without JavaScript over real HTTP: cookies, forms, redirects of one origin."""

    def __init__(self, origin: str, verify: Any = True) -> None:
        self.http = httpx.Client(verify=verify, timeout=15)
        self._origin = origin
        self.at = ""
        self.last: httpx.Response | None = None

    @property
    def text(self) -> str:
        """The page it sees."""
        assert self.last is not None
        return self.last.text

    @property
    def page(self) -> str | None:
        """The ``data-page`` of what it sees."""
        found = re.search(r'data-page="([^"]+)"', self.text)
        return found[1] if found else None

    @property
    def cookie(self) -> str:
        """The Cookie field it would send."""
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.http.cookies.jar)

    def get(self, url: str, **params: str) -> httpx.Response:
        """Ask for an address and follow redirects inside the origin."""
        address = url if "://" in url else self._origin + url
        return self._follow(self.http.get(address, params=params or None))

    def press(self, **fields: str) -> httpx.Response:
        """Send the form of the page it sees."""
        found = re.search(r'name="csrf" value="([^"]*)"', self.text)
        assert found is not None, self.page
        sent = {"csrf": html.unescape(found[1]), **fields}
        return self._follow(self.http.post(self.at, data=sent, headers={"Origin": self._origin}))

    def _follow(self, answer: httpx.Response) -> httpx.Response:
        for _ in range(12):
            target = answer.headers.get("location")
            if target is None or not (target.startswith(("/", self._origin + "/"))):
                break
            answer = self.http.get(str(answer.url.join(target)))
        self.last = answer
        self.at = str(answer.url)
        return answer


class RunningService:
    """A service that answers at ``issuer``; ``idp`` is the same service opened in this process."""

    def __init__(self, issuer: str, idp: Idp, *, verify: Any = True) -> None:
        self.issuer = issuer
        self.idp = idp
        self._verify = verify
        self._registered = False
        self._browsers: list[HttpBrowser] = []

    def browser(self) -> HttpBrowser:
        """A browser that was never here; it is closed with the service."""
        self._browsers.append(HttpBrowser(self.issuer, self._verify))
        return self._browsers[-1]

    def close(self) -> None:
        """Close what was opened from this process."""
        for browser in self._browsers:
            browser.http.close()
        self.idp.database.engine.dispose()

    def add_client(self, *, kind: str = "web", **metadata: Any) -> dict[str, Any]:
        """Register a client by RFC 7591 names; its metadata, with ``client_secret`` if it has one."""
        registered = clients.add(
            self.idp, {"client_kind": kind, "client_name": "A client", **metadata}, now=self.idp.clock.now()
        )
        assert isinstance(registered, Registered)
        # Other processes read their clients anew within a second.
        time.sleep(1.1)
        return registered.to_json()

    def signed_in_cookie(self) -> str:
        """The Cookie field of a browser that has just signed in."""
        return self.signed_in().cookie

    def signed_in(self) -> HttpBrowser:
        """A browser in which C100001 is signed in; she registers at the first call."""
        browser = self.browser()
        if not self._registered:
            self.register(browser)
            self._registered = True
            return browser
        callback = "http://localhost:9/never"
        client = self.add_client(kind="spa", redirect_uris=[callback], scope="openid", first_party=True)
        browser.get(
            "/authorize",
            client_id=client["client_id"],
            redirect_uri=callback,
            response_type="code",
            scope="openid",
            code_challenge=VERIFIER_CHALLENGE,
            code_challenge_method="S256",
        )
        assert browser.page == "login", browser.page
        answer = browser.press(username="maria.rossi@posta.example", password=PASSWORD)
        assert answer.headers.get("location", "").startswith(callback), browser.page
        return browser

    def register(self, browser: HttpBrowser) -> None:
        """Walk journey A as C100001."""
        browser.get("/register")
        browser.press(profile="person")
        browser.press(
            given_name="Maria", family_name="Rossi", username="maria.rossi@posta.example", accept_terms="yes"
        )
        browser.press(new_password=PASSWORD)
        assert browser.page == "register-verify", browser.page
        browser.press(code=self.code_for("maria.rossi@posta.example"))
        assert browser.page == "register-done", browser.page

    def code_for(self, contact: str, within: float = 5.0) -> str:
        """The newest code in the development inbox."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            for message in httpx.get(f"{self.issuer}/dev/inbox?format=json").json():
                if message["to"] == contact and message["code"]:
                    return str(message["code"])
            time.sleep(0.05)
        raise AssertionError("no code arrived")


@contextlib.contextmanager
def serving(
    folder: Path, config: str, *, processes: int = 1, port: int
) -> Iterator["subprocess.Popen[bytes]"]:
    """``idp serve`` with this configuration, stopped afterwards; raises AssertionError with its log."""
    file = folder / "idp.toml"
    file.write_text(config, "utf-8")
    log = folder / f"serve-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "idp.cli.main", "serve", "--config", str(file)),
                *("--port", str(port), "--processes", str(processes)),
            ],
            cwd=folder,
            env={**_environment(), "PYTHONPATH": str(ROOT)},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait(port, process, log)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(5)


@contextlib.contextmanager
def running_service(
    folder: Path, database_url: str, *, config: str = DEVELOPMENT
) -> Iterator[RunningService]:
    """The service in development mode on a free port, with the demo customers, one process."""
    port = free_port()
    config = config.format(port=port, folder=folder, database_url=database_url)
    file = folder / "idp.toml"
    file.write_text(config, "utf-8")
    settings = load(file, {})
    in_process.prepare(settings)
    with serving(folder, config, port=port):
        service = RunningService(settings.service.issuer, build.build(settings))
        yield service
        service.close()


def _environment() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("IDP")}


def _wait(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError("the service did not start:\n" + log.read_text(errors="replace"))
        time.sleep(0.05)
