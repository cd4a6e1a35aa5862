"""`python -m clients.portal`: the portal on the loopback addresses."""

from pathlib import Path

import click

from clients.options import address, ca_file, client_secret, issuer, optional, origin_of
from clients.portal.application import create_portal
from clients.portal.settings import PortalSettings
from clients.serving import serve


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8001, show_default=True)
@click.option(
    "--url",
    callback=optional(origin_of),
    help="The portal's public origin.  [default: http://localhost:PORT]",
)
@issuer
@click.option("--client-id", default="portal", show_default=True)
@client_secret(required=True)
@click.option(
    "--policies-url",
    default="http://localhost:8003",
    show_default=True,
    callback=optional(origin_of),
    help="The policies API.",
)
@click.option(
    "--account-url",
    callback=optional(address),
    help="The provider's page for a customer's own access, such as ISSUER/account; not linked by default.",
)
@ca_file
def main(
    port: int,
    url: str | None,
    issuer: str,
    client_id: str,
    client_secret_file: Path,
    policies_url: str,
    account_url: str | None,
    ca_file: Path | None,
) -> None:
    """The customers' portal. Every option can also be set as PORTAL_… in the environment."""
    settings = PortalSettings(
        url=url or f"http://localhost:{port}",
        issuer=issuer,
        client_id=client_id,
        client_secret=client_secret_file.read_text("utf-8").strip(),
        policies_url=policies_url,
        account_url=account_url,
        ca_file=ca_file,
    )
    serve("portal", lambda: create_portal(settings), port)


if __name__ == "__main__":
    main(auto_envvar_prefix="PORTAL")
