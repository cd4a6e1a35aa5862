"""`python -m clients.policies`: the policies API on the loopback addresses."""

from pathlib import Path

import click

from clients.options import ca_file, client_secret, issuer, origin_of
from clients.policies.api import create_api
from clients.policies.settings import Introspection, PoliciesSettings
from clients.serving import serve


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8003, show_default=True)
@issuer
@click.option("--audience", help="The `aud` of tokens meant for this API.  [default: http://localhost:PORT]")
@click.option(
    "--allow-origin",
    "allow_origin",
    multiple=True,
    default=["http://localhost:8002"],
    show_default=True,
    callback=lambda _context, _option, values: tuple(origin_of(value) for value in values),
    help="Origin whose pages may call the API; may be repeated.",
)
@click.option(
    "--payouts-file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("var/payouts.sqlite3"),
    show_default=True,
    help="Where accepted payouts, and the approvals they used, are kept (SQLite).",
)
@click.option(
    "--introspect/--no-introspect",
    default=False,
    show_default=True,
    help="Ask the provider whether a token is alive before documents are listed or money is paid.",
)
@click.option("--client-id", help="The API's own client, for introspection.")
@client_secret(required=False)
@ca_file
def main(
    port: int,
    issuer: str,
    audience: str | None,
    allow_origin: tuple[str, ...],
    payouts_file: Path,
    introspect: bool,
    client_id: str | None,
    client_secret_file: Path | None,
    ca_file: Path | None,
) -> None:
    """The insurer's policies API. Every option can also be set as POLICIES_… in the environment."""
    introspection = None
    if introspect:
        if client_id is None or client_secret_file is None:
            raise click.UsageError("--introspect needs --client-id and --client-secret-file")
        introspection = Introspection(client_id, client_secret_file.read_text("utf-8").strip())
    settings = PoliciesSettings(
        issuer=issuer,
        audience=audience or f"http://localhost:{port}",
        payouts_file=payouts_file,
        allowed_origins=frozenset(allow_origin),
        introspection=introspection,
        ca_file=ca_file,
    )
    serve("policies", lambda: create_api(settings), port)


if __name__ == "__main__":
    main(auto_envvar_prefix="POLICIES")
