"""``idp keys``: the life of the keys that sign tokens, and the files of all the others."""

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from idp.cli.main import Opener
    from idp.flows.idp import Idp

_ALGORITHMS = ("ES256", "RS256")

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def keys() -> None:
    """Signing keys: announced (next), active, retired."""


@keys.command()
@click.pass_obj
def init(opener: "Opener") -> None:
    """Make what a new installation lacks: key files, and an active signing key of each algorithm."""
    from idp.app import build
    from idp.flows import keys as flow

    made = build.keyring(opener.settings()).create_missing()
    idp = _open(opener)
    activated = flow.init(idp, now=idp.clock.now())
    for kid in made:
        click.echo(f"made      {kid}")
    for kid in activated:
        click.echo(f"activated {kid}")
    if not made and not activated:
        click.echo("Nothing was missing.", err=True)


@keys.command(name="list")
@_as_json
@click.pass_obj
def list_keys(opener: "Opener", *, as_json: bool) -> None:
    """List the signing keys, oldest first."""
    from idp.flows import keys as flow

    idp = _open(opener)
    rows = flow.listing(idp)
    held = idp.keyring.signing_keys()
    if as_json:
        listed = [
            {
                "kid": row.kid,
                "alg": row.alg,
                "state": row.state,
                "created_at": row.created_at,
                "activated_at": row.activated_at,
                "retired_at": row.retired_at,
                "on_file": row.kid in held,
            }
            for row in rows
        ]
        click.echo(json.dumps(listed, indent=2))
        return
    for row in rows:
        file = "" if row.kid in held or row.state == "retired" else "  its file is missing on this node"
        since = _day(row.retired_at or row.activated_at or row.created_at)
        click.echo(f"{row.kid}  {row.alg}  {row.state:<8}  since {since}{file}")


@keys.command()
@click.argument("alg", type=click.Choice(_ALGORITHMS))
@click.pass_obj
def new(opener: "Opener", alg: str) -> None:
    """Make a key and publish it; it signs once it is activated."""
    from idp.flows import keys as flow

    idp = _open(opener)
    click.echo(flow.new(idp, alg, now=idp.clock.now()))


@keys.command()
@click.argument("kid")
@click.option("--now", "at_once", is_flag=True, help="Do not wait until old copies of the JWK Set are gone.")
@click.pass_obj
def activate(opener: "Opener", kid: str, *, at_once: bool) -> None:
    """Let a published key sign; the one that signed is retired."""
    from idp.flows import keys as flow

    idp = _open(opener)
    outcome = flow.activate(idp, kid, now=idp.clock.now(), at_once=at_once)
    if isinstance(outcome, flow.TooEarly):
        ready = _moment(outcome.ready_at)
        _fail(f"too early: relying parties may not know the key before {ready} (or use --now)")
    if isinstance(outcome, flow.NoSuchKey):
        _fail(f"no published key {kid} waits here, or its file is missing on this node")


@keys.command()
@click.argument("kid")
@click.option("--compromised", is_flag=True, help="Believe nothing any more that the key signed.")
@click.pass_obj
def retire(opener: "Opener", kid: str, *, compromised: bool) -> None:
    """Take a key that does not sign out of use; for the active one, rotate."""
    from idp.flows import keys as flow

    idp = _open(opener)
    outcome = flow.retire(idp, kid, now=idp.clock.now(), compromised=compromised)
    if isinstance(outcome, flow.NoSuchKey):
        _fail(
            f"there is no key {kid} that could be retired so; the active one is replaced by `idp keys rotate`"
        )


@keys.command()
@click.option("--now", "at_once", is_flag=True, help="Make new keys and let them sign at once.")
@click.option(
    "--compromised", is_flag=True, help="As --now, and forget all older keys with what they signed."
)
@click.pass_obj
def rotate(opener: "Opener", *, at_once: bool, compromised: bool) -> None:
    """Move every key one step on if it is time: publish, activate, forget. Safe to run every hour."""
    from idp.flows import keys as flow

    idp = _open(opener)
    done = flow.rotate(idp, now=idp.clock.now(), at_once=at_once, compromised=compromised)
    for word, kids in (
        ("published", done.announced),
        ("activated", done.activated),
        ("forgotten", done.forgotten),
    ):
        for kid in kids:
            click.echo(f"{word:<9} {kid}")
    if not (done.announced or done.activated or done.forgotten):
        click.echo("Nothing was due.", err=True)


def _open(opener: "Opener") -> "Idp":
    """The service, also where no key is active yet: that is what these commands are for."""
    from idp.adapters.keyring import KeyFilesRefused
    from idp.app import build
    from idp.store import schema
    from idp.store.database import DatabaseDown
    from idp.store.schema import SchemaMismatch

    try:
        idp = build.build(opener.settings())
        schema.check(idp.database)
    except KeyFilesRefused as refused:
        for fault in refused.faults:
            click.echo(f"idp: keys: {fault}", err=True)
        sys.exit(1)
    except KeyError as absent:
        _fail(f"keys: there is no key for {absent}; run `idp keys init`")
    except SchemaMismatch as mismatch:
        _fail(f"database: {mismatch}")
    except DatabaseDown:
        _fail("database: it does not answer at database.url")
    return idp


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def _fail(reason: str) -> NoReturn:
    click.echo(f"idp: {reason}", err=True)
    sys.exit(1)
