"""A service of two processes that can be killed and started again on the same data."""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx
import psutil

from idp.app import build
from idp.settings import load
from tests.parts.ports import free_port
from tests.service.running import DEVELOPMENT, HttpBrowser, RunningService, serving

CALLBACK = "http://localhost:9/callback"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
"""RFC 7636 appendix B."""
AUDIENCE = "http://localhost:8003"

Result = TypeVar("Result")


class MortalService(RunningService):
    """A running service with the power over its processes' life."""

    def __init__(self, folder: Path, config: str, port: int) -> None:
        self._folder, self._config, self._port = folder, config, port
        self._life = contextlib.ExitStack()
        self.process = self._start()
        # Each call on a connection of its own: a kept one would be found broken after a kill.
        self.http = httpx.Client(limits=httpx.Limits(max_keepalive_connections=0), timeout=30)
        super().__init__(f"http://localhost:{port}", build.build(load(folder / "idp.toml", {})))

    def _start(self) -> "subprocess.Popen[bytes]":
        return self._life.enter_context(serving(self._folder, self._config, processes=2, port=self._port))

    @property
    def log(self) -> str:
        """What its processes have written."""
        return (self._folder / f"serve-{self._port}.log").read_text("utf-8", errors="replace")

    def serving_processes(self) -> list[psutil.Process]:
        """The processes that answer requests."""
        return psutil.Process(self.process.pid).children()

    def kill_serving_processes(self) -> None:
        """kill -9 both that answer; the one that watches over them starts others."""
        victims = self.serving_processes()
        assert len(victims) == 2
        for process in victims:
            process.kill()

    def kill_everything(self) -> None:
        """kill -9 all of it at once, as a power cut does to processes."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def restart(self) -> None:
        """Start again on the same data."""
        self._life.close()
        self.process = self._start()

    def wait_until_ready(self, seconds: float = 30.0) -> float:
        """Return when it answers as ready; how many seconds that took."""
        began = time.monotonic()
        while True:
            with contextlib.suppress(httpx.TransportError):
                if self.http.get(f"{self.issuer}/health/ready", timeout=5).status_code == 200:
                    return time.monotonic() - began
            assert time.monotonic() - began < seconds, self.log
            time.sleep(0.05)

    def stop(self) -> None:
        """End it."""
        self.http.close()
        self.close()
        self._life.close()

    # --- what relying parties do --------------------------------------------------------------------------

    def code(self, browser: HttpBrowser, client: Mapping[str, Any], scope: str) -> str:
        """A fresh authorization code for a signed-in browser."""
        answer = browser.get(
            "/authorize",
            client_id=client["client_id"],
            redirect_uri=CALLBACK,
            response_type="code",
            scope=scope,
            code_challenge=CHALLENGE,
            code_challenge_method="S256",
        )
        location = answer.headers.get("location", "")
        assert location.startswith(CALLBACK), (answer.status_code, browser.page)
        (code,) = parse_qs(urlsplit(str(location)).query)["code"]
        return code

    def redeem(self, client: Mapping[str, Any], code: str) -> httpx.Response:
        """Exchange a code."""
        return self.token(
            client, grant_type="authorization_code", code=code, redirect_uri=CALLBACK, code_verifier=VERIFIER
        )

    def refresh(self, client: Mapping[str, Any], refresh_token: str) -> httpx.Response:
        """Use a refresh token."""
        return self.token(client, grant_type="refresh_token", refresh_token=refresh_token)

    def token(self, client: Mapping[str, Any], **form: str) -> httpx.Response:
        """Ask the token endpoint."""
        return self.http.post(f"{self.issuer}/token", data={"client_id": client["client_id"], **form})

    def userinfo(self, access_token: str) -> httpx.Response:
        """Ask who a token speaks for."""
        bearer = {"Authorization": f"Bearer {access_token}"}
        return self.http.get(f"{self.issuer}/userinfo", headers=bearer)

    def introspect(self, api: Mapping[str, Any], token: str) -> Any:
        """Ask, as an API, whether a token is alive."""
        answer = self.http.post(
            f"{self.issuer}/introspect",
            data={"token": token},
            auth=(api["client_id"], api["client_secret"]),
        )
        assert answer.status_code == 200, answer.text
        return answer.json()


@contextlib.contextmanager
def mortal_service(
    folder: Path, prepared_folder: Path, database_url: str | None = None, more: str = ""
) -> Iterator[MortalService]:
    """Two processes on a copy of the prepared data; without ``database_url`` on SQLite, flushed at commit."""
    shutil.copytree(prepared_folder / "keys", folder / "keys")
    if database_url is None:
        shutil.copy(prepared_folder / "idp.sqlite3", folder / "idp.sqlite3")
        database_url = f"sqlite:///{folder / 'idp.sqlite3'}"
    port = free_port()
    config = DEVELOPMENT.format(port=port, folder=folder, database_url=database_url) + more
    service = MortalService(folder, config.replace('"NORMAL"', '"FULL"'), port)
    try:
        yield service
    finally:
        service.stop()


def at_once(count: int, work: Callable[[int], Result]) -> list[Result]:
    """What so many callers get who call ``work(number)`` at the same moment."""
    gate = threading.Barrier(count)
    results: dict[int, Result] = {}

    def one(number: int) -> None:
        gate.wait()
        results[number] = work(number)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [results[number] for number in range(count)]
