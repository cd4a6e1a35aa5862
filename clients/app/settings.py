"""What the app is told at start."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AppSettings:
    """One app: its own address, its provider, its client and the API it reads from."""

    url: str
    issuer: str
    client_id: str
    policies_url: str
    post_logout_redirect_uri: str | None = None
    """Where the provider sends the browser after sign-out; must be registered. Without it the provider's own
    signed-out page is the end."""
    account_url: str | None = None
    """The provider's page where customers look after their access; not linked when there is none."""
