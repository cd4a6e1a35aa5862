"""A deployment on one machine: provider and relying parties as processes of their own, TLS before each.

``idp serve --processes 2 --no-worker`` and ``idp worker`` share PostgreSQL and Valkey. Mail leaves by SMTP
with STARTTLS and a password, SMS by the signed webhook. Nothing is in development mode.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.parts.ports import free_ports, wait_for_port
from tests.parts.proxy import Proxy, tls_proxy
from tests.parts.sms_gateway import SmsGateway
from tests.parts.smtp_sink import SmtpSink
from tests.parts.tls import Authority

ROOT = Path(__file__).parents[2]
HOSTS = Path(__file__).parent / "hosts"
SMS_SECRET = "one secret between the provider and its gateway"
SENDER = "area-clienti@example.test"

Processes = dict[str, "subprocess.Popen[bytes]"]

CONFIG = """\
[service]
issuer = "{issuer}"
port = {port}
trusted_proxies = 1
extra_ca_file = "{ca_file}"

[database]
url = "{database_url}"

[ephemera]
url = "{ephemera_url}"

[keys]
directory = "{folder}/keys"

[brand]
insurer_name = "Assicurazioni Esempio"

[brand.portal_links]
"Area Clienti" = "{portal}/"

[delivery]
email = "smtp"
sms = "webhook"
sender_email = "{sender}"
sms_sender = "Esempio"

[smtp]
host = "{smtp_host}"
port = {smtp_port}
username = "{smtp_username}"
password_file = "{folder}/smtp.password"
ca_file = "{ca_file}"

[sms]
url = "{sms_url}"
secret_file = "{folder}/sms.secret"

[resources.policies]
audience = "{policies}"
scopes = ["policies", "payout"]
"""


@dataclass(frozen=True)
class Site:
    """One host as the world sees it, and the port behind its proxy."""

    proxy: Proxy
    upstream: int

    @property
    def url(self) -> str:
        """Its origin."""
        return self.proxy.url


@dataclass(frozen=True)
class Deployment:
    """The running deployment's face for tests."""

    idp: Site
    portal: Site
    app: Site
    policies: Site
    folder: Path
    config: Path
    authority: Authority
    mail: SmtpSink
    sms: SmsGateway
    processes: Mapping[str, "subprocess.Popen[bytes]"] = field(repr=False)

    @property
    def issuer(self) -> str:
        """The provider."""
        return self.idp.url

    @property
    def sites(self) -> tuple[Site, ...]:
        """Every host."""
        return (self.idp, self.portal, self.app, self.policies)

    def log(self, name: str) -> str:
        """What a process has written."""
        return (self.folder / f"{name}.log").read_text("utf-8", errors="replace")

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run an ``idp`` command on this deployment's data."""
        return _idp(self.folder, self.config, *arguments)

    def http(self) -> httpx.Client:
        """A client that knows the hosts and their authority; it follows no redirect."""
        return httpx.Client(
            transport=_ByName(self.authority), timeout=15, trust_env=False, follow_redirects=False
        )


class _ByName(httpx.HTTPTransport):
    """Leads every host of the deployment to this machine; certificate and Host stay the name's."""

    def __init__(self, authority: Authority) -> None:
        super().__init__(verify=authority.client_context())

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        # A request of its own: the client files cookies under the host of the one it made.
        led = httpx.Request(
            request.method,
            request.url.copy_with(host="127.0.0.1"),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": request.url.host},
        )
        return super().handle_request(led)


@contextlib.contextmanager
def deployment(
    folder: Path,
    *,
    database_url: str,
    ephemera_url: str,
    authority: Authority,
    mail: SmtpSink,
    sms: SmsGateway,
) -> Iterator[Deployment]:
    """Start everything over a prepared database and ``folder``/keys, and stop it as an operator does."""
    ports = free_ports(4)
    (folder / "data").mkdir()
    _secret(folder / "smtp.password", mail.password)
    _secret(folder / "sms.secret", SMS_SECRET)
    with contextlib.ExitStack() as stack:
        sites = [
            Site(stack.enter_context(tls_proxy(authority, [port], f"{name}.example.test")), port)
            for name, port in zip(("auth", "portal", "app", "api"), ports, strict=True)
        ]
        idp, portal, app, policies = sites
        config = folder / "idp.toml"
        config.write_text(
            CONFIG.format(
                issuer=idp.url,
                port=idp.upstream,
                ca_file=authority.ca_file,
                folder=folder,
                database_url=database_url,
                ephemera_url=ephemera_url,
                portal=portal.url,
                policies=policies.url,
                sender=SENDER,
                smtp_host=mail.host,
                smtp_port=mail.port,
                smtp_username=mail.username,
                sms_url=sms.url,
            ),
            "utf-8",
        )
        _register(folder, config, portal, app, policies)
        processes = stack.enter_context(_running(folder, _commands(folder, config, authority, *sites)))
        for site in sites:
            wait_for_port(site.upstream, 30)
        running = Deployment(idp, portal, app, policies, folder, config, authority, mail, sms, processes)
        _wait_until_ready(running)
        yield running


def _commands(
    folder: Path, config: Path, authority: Authority, idp: Site, portal: Site, app: Site, policies: Site
) -> dict[str, list[str]]:
    ca = ["--ca-file", str(authority.ca_file)]
    issuer = ["--issuer", idp.url]
    return {
        "serve": ["idp.cli.main", "serve", "--processes", "2", "--no-worker", "--config", str(config)],
        "worker": ["idp.cli.main", "worker", "--config", str(config)],
        "portal": [
            *("clients.portal", "--port", str(portal.upstream), "--url", portal.url, *issuer, *ca),
            *("--client-secret-file", str(folder / "portal.secret"), "--policies-url", policies.url),
        ],
        "app": [
            *("clients.app", "--port", str(app.upstream), "--url", app.url, *issuer),
            *("--policies-url", policies.url),
        ],
        "policies": [
            *("clients.policies", "--port", str(policies.upstream), "--audience", policies.url, *issuer, *ca),
            *("--allow-origin", app.url, "--introspect", "--client-id", "policies"),
            *("--client-secret-file", str(folder / "policies.secret")),
            *("--payouts-file", str(folder / "payouts.sqlite3")),
        ],
    }


def _register(folder: Path, config: Path, portal: Site, app: Site, policies: Site) -> None:
    """Register the relying parties as an operator does, on the command line."""
    scope = "openid profile email phone offline_access policies payout"
    wanted: dict[str, Sequence[str]] = {
        "portal": (
            *("--kind", "web", "--name", "Area Clienti", "--scope", scope, "--first-party"),
            *("--redirect-uri", f"{portal.url}/callback", "--post-logout-redirect-uri", f"{portal.url}/"),
            *("--backchannel-logout-uri", f"{portal.url}/backchannel-logout"),
        ),
        "app": (
            *("--kind", "spa", "--name", "Area Clienti per telefono", "--first-party"),
            *("--scope", "openid profile email phone policies payout"),
            *("--redirect-uri", f"{app.url}/callback"),
        ),
        "policies": ("--kind", "api", "--name", "Polizze", "--audience", policies.url),
    }
    for client_id, options in wanted.items():
        added = _idp(folder, config, "clients", "add", "--id", client_id, *options, "--json")
        assert added.returncode == 0, added.stderr
        secret = json.loads(added.stdout).get("client_secret")
        if secret is not None:
            _secret(folder / f"{client_id}.secret", secret)


def _secret(file: Path, value: str) -> None:
    file.touch(mode=0o600)
    file.write_text(value, "utf-8")


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("IDP")}
    return {**kept, "PYTHONPATH": os.pathsep.join((str(HOSTS), str(ROOT)))}


def _idp(folder: Path, config: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "idp.cli.main", *arguments, "--config", str(config)],
        cwd=folder,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextlib.contextmanager
def _running(folder: Path, commands: Mapping[str, list[str]]) -> Iterator[Processes]:
    """Start every command; at the end all are told to stop before any is waited for."""
    processes: Processes = {}
    try:
        for name, command in commands.items():
            with (folder / f"{name}.log").open("wb") as log:
                processes[name] = subprocess.Popen(
                    [sys.executable, "-m", *command],
                    cwd=folder,
                    env=_environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        yield processes
    finally:
        for process in processes.values():
            process.terminate()
        for process in processes.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _wait_until_ready(running: Deployment, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    with running.http() as http:
        while True:
            with contextlib.suppress(httpx.TransportError):
                ready = http.get(f"{running.issuer}/health/ready").status_code == 200
                if ready and "worker is running" in running.log("worker"):
                    return
            gone = [name for name, process in running.processes.items() if process.poll() is not None]
            if gone or time.monotonic() > deadline:
                raise AssertionError({name: running.log(name) for name in gone or running.processes})
            time.sleep(0.1)


def code_in(text: str) -> str:
    """The one-time code that stands in a message."""
    found = re.search(r"\b\d{6}\b", text)
    assert found is not None, text
    return found[0]


def sign_in_code(deployment: Deployment, contact: str) -> str:
    """The newest code to sign in that went to a contact, by SMS or by mail."""
    deadline = time.monotonic() + 5
    while True:
        texts = [
            str(post.json["text"])
            for post in deployment.sms.posts
            if (post.json["to"], post.json["purpose"]) == (contact, "sign_in_code")
        ]
        texts += [
            mail.text
            for mail in deployment.mail.received
            if contact in mail.recipients and "codice per accedere" in str(mail.message["Subject"])
        ]
        if texts:
            return code_in(texts[-1])
        assert time.monotonic() < deadline, deployment.log("worker")
        time.sleep(0.05)
