"""One deployment for the whole room, and a browser that knows its hosts."""

import hashlib
import shutil
import ssl
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Browser, BrowserContext

from tests.parts import chromium as chromium_part
from tests.parts import sms_gateway as sms_gateway_part
from tests.parts.postgres import PostgresServer
from tests.parts.smtp_sink import SmtpSink
from tests.parts.tls import Authority
from tests.production import deployment as deployments
from tests.production.deployment import Deployment
from tests.service import in_process


@pytest.fixture(scope="session")
def deployment(
    tmp_path_factory: pytest.TempPathFactory,
    prepared_folder: Path,
    postgres_server: PostgresServer,
    valkey_server_url: str,
    smtp_server: SmtpSink,
    authority: Authority,
) -> Iterator[Deployment]:
    """The service and its relying parties as a deployment has them, started once."""
    folder = tmp_path_factory.mktemp("deployment")
    shutil.copytree(prepared_folder / "keys", folder / "keys")
    template = postgres_server.template(
        "prepared", lambda url: in_process.prepare(in_process.settings_for(prepared_folder, url))
    )
    with redis.Redis.from_url(valkey_server_url) as client:
        client.flushdb()
    with (
        postgres_server.database(template) as url,
        sms_gateway_part.sms_gateway() as sms,
        deployments.deployment(
            folder,
            database_url=url,
            ephemera_url=valkey_server_url,
            authority=authority,
            mail=smtp_server,
            sms=sms,
        ) as running,
    ):
        yield running


@pytest.fixture(autouse=True)
def mail_is_taken(smtp_server: SmtpSink) -> None:
    """No refusal is left over from tests of delivery, which share the mail server."""
    smtp_server.relent()


@pytest.fixture(scope="session")
def outside(chromium: Browser, deployment: Deployment) -> Iterator[Browser]:
    """A Chromium that finds the deployment's hosts and trusts exactly their keys."""
    binary = chromium_part.find_chromium()
    assert binary is not None
    keys = ",".join(_key_digest(site.proxy.port) for site in deployment.sites)
    browser = chromium.browser_type.launch(
        executable_path=binary.path,
        args=[
            binary.headless,
            *chromium_part.ARGUMENTS,
            "--host-resolver-rules=MAP *.example.test 127.0.0.1",
            f"--ignore-certificate-errors-spki-list={keys}",
        ],
        env={**binary.environment} or None,
    )
    yield browser
    browser.close()


@pytest.fixture
def customer(outside: Browser) -> Iterator[BrowserContext]:
    """An Italian customer's browser, never here before."""
    context = outside.new_context(locale="it-IT", timezone_id="Europe/Rome")
    context.set_default_timeout(15_000)
    yield context
    context.close()


def _key_digest(port: int) -> str:
    """What the browser's list of trusted keys wants: the digest of the host's public key."""
    certificate = x509.load_pem_x509_certificate(ssl.get_server_certificate(("127.0.0.1", port)).encode())
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b64encode(hashlib.sha256(spki).digest()).decode()
