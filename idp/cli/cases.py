"""``idp accounts case``: what happened under a case number, and what to tell who calls about it."""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from idp.flows.idp import Idp


@click.command("case")
@click.argument("number")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def case(open_idp: "Callable[[], Idp]", /, number: str, *, as_json: bool) -> None:
    """Show a case by the number that a page showed, as in 7K2-4QF.

    It names nobody and repeats nothing that was typed: whoever calls may be a stranger.
    """
    from idp.flows import cases

    idp = open_idp()
    found = cases.case(idp, number, now=idp.clock.now())
    if found is None:
        raise click.ClickException("there is no such case")
    if as_json:
        click.echo(json.dumps(asdict(found), ensure_ascii=False, indent=2))
        return
    click.echo(
        f"{found.number}  {found.journey}, {found.state.replace('_', ' ')}, began {_moment(found.began_at)}"
    )
    for event in found.history:
        click.echo(f"  {_moment(event.at)}  {event.name}{f' ({event.reason})' if event.reason else ''}")
    click.echo(found.advice)


def _moment(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
