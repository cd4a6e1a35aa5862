"""``idp db``: bring the schema up to date, remove what is over."""

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from idp.cli.main import Opener


@click.group()
def db() -> None:
    """Upgrade and sweep the database."""


@db.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def upgrade(opener: "Opener", as_json: bool) -> None:
    """Bring the schema to the one this version wants; does nothing when it is there already."""
    from idp.app import build
    from idp.store import schema
    from idp.store.database import DatabaseDown

    # Not through the opened service, which refuses to open on another schema.
    database = build.database(opener.settings())
    try:
        changed = schema.upgrade(database)
        revision = schema.current(database)
    except DatabaseDown as fault:
        raise click.ClickException(f"the database does not answer: {_first_line(fault)}") from None
    except schema.SchemaMismatch as fault:
        raise click.ClickException(str(fault)) from None
    finally:
        database.engine.dispose()
    if as_json:
        click.echo(json.dumps({"changed": changed, "schema": revision}))
    else:
        click.echo(f"The schema is {'now' if changed else 'already'} {revision}.")


@db.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def sweep(opener: "Opener", as_json: bool) -> None:
    """Remove what is over: expired codes, tokens, sessions, messages; in small transactions."""
    from idp.flows.sweep import sweep as sweep_once
    from idp.ports import EphemeraDown
    from idp.store.database import DatabaseDown

    idp = opener()
    try:
        swept = sweep_once(idp, idp.clock.now())
    except (DatabaseDown, EphemeraDown):
        raise click.ClickException("the database does not answer") from None
    if as_json:
        click.echo(json.dumps(swept.removed))
    else:
        told = ", ".join(
            f"{count} {name.replace('_', ' ')}" for name, count in swept.removed.items() if count
        )
        click.echo(f"Removed {told}." if told else "Nothing was over.")


def _first_line(fault: Exception) -> str:
    return str(fault.__cause__ or fault).partition("\n")[0]
