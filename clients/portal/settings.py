"""What the portal is told at start."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class PortalSettings:
    """One portal: its own address, its provider, its client and the API it reads from."""

    url: str
    """The portal's public origin; every address it hands out begins with it, whatever Host says."""
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    policies_url: str
    account_url: str | None = None
    """The provider's page where customers look after their access; not linked when there is none."""
    ca_file: Path | None = None

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends the browser after sign-in."""
        return f"{self.url}/callback"

    @property
    def post_logout_redirect_uri(self) -> str:
        """Where the provider sends the browser after sign-out."""
        return f"{self.url}/"

    @property
    def is_https(self) -> bool:
        """Whether the portal is reached over TLS, so that its cookies must be too."""
        return self.url.startswith("https://")

    def cookie(self, name: str) -> str:
        """The full name of a cookie: `__Host-` on https, else with the port, since browsers ignore ports."""
        if self.is_https:
            return f"__Host-portal_{name}"
        _, _, port = self.url.rpartition(":")
        return f"portal_{name}_{port}" if port.isdigit() else f"portal_{name}"
