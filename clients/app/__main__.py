"""`python -m clients.app`: the app's files on the loopback addresses."""

import click

from clients.app.settings import AppSettings
from clients.app.site import create_site
from clients.options import address, issuer, optional, origin_of
from clients.serving import serve


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8002, show_default=True)
@click.option(
    "--url", callback=optional(origin_of), help="The app's public origin.  [default: http://localhost:PORT]"
)
@issuer
@click.option("--client-id", default="app", show_default=True)
@click.option(
    "--policies-url",
    default="http://localhost:8003",
    show_default=True,
    callback=optional(origin_of),
    help="The policies API.",
)
@click.option(
    "--post-logout-redirect-uri",
    callback=optional(address),
    help="A registered address to come back to after sign-out; none by default.",
)
@click.option(
    "--account-url",
    callback=optional(address),
    help="The provider's page for a customer's own access, such as ISSUER/account; not linked by default.",
)
def main(
    port: int,
    url: str | None,
    issuer: str,
    client_id: str,
    policies_url: str,
    post_logout_redirect_uri: str | None,
    account_url: str | None,
) -> None:
    """The customers' phone app. Every option can also be set as APP_… in the environment."""
    settings = AppSettings(
        url=url or f"http://localhost:{port}",
        issuer=issuer,
        client_id=client_id,
        policies_url=policies_url,
        post_logout_redirect_uri=post_logout_redirect_uri,
        account_url=account_url,
    )
    serve("app", lambda: create_site(settings), port)


if __name__ == "__main__":
    main(auto_envvar_prefix="APP")
