"""A certificate authority for the length of a test session."""

import contextlib
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path

import trustme


class Authority:
    """Issues server certificates and the contexts that trust them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ca = trustme.CA(organization_name="Test authority")
        self.ca_file = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(self.ca_file)

    def server_context(self, *names: str) -> ssl.SSLContext:
        """Return a context that serves a certificate for `names` (host names or addresses)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*names).configure_cert(context)
        return context

    def demand_certificates(self, context: ssl.SSLContext) -> None:
        """Make a server's context refuse who shows no certificate of this authority (mutual TLS)."""
        context.verify_mode = ssl.CERT_REQUIRED
        self._ca.configure_trust(context)

    def client_context(self) -> ssl.SSLContext:
        """Return a context that trusts this authority and no other."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._ca.configure_trust(context)
        return context

    def server_files(self, *names: str) -> tuple[Path, Path]:
        """Write a certificate chain and its private key for `names`; return the two paths."""
        issued = self._ca.issue_cert(*names)
        chain, key = self._folder / f"{names[0]}.pem", self._folder / f"{names[0]}.key"
        chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(key)
        key.chmod(0o600)
        return chain, key


@contextlib.contextmanager
def authority() -> Iterator[Authority]:
    """Yield a new authority; its files vanish afterwards."""
    with tempfile.TemporaryDirectory(prefix="tls") as folder:
        yield Authority(Path(folder))
