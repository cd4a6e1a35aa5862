"""``idp audit``: what the trail keeps, for auditors who hold the keys."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from idp.flows.idp import Idp

OpenIdp = Callable[[], "Idp"]


@click.group()
def audit() -> None:
    """The audit trail."""


@audit.command()
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="From this day on (UTC), as in 2026-11-01.")
@click.option("--at-most", type=click.IntRange(1, 100_000), default=1000, show_default=True, help="Lines.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
@click.pass_obj
def operations(open_idp: OpenIdp, /, since: datetime | None, at_most: int, *, as_json: bool) -> None:
    """List the operations that customers approved or refused, opened with this node's keys, oldest first."""
    from idp.flows import operations as flow

    begin = 0 if since is None else int(since.replace(tzinfo=UTC).timestamp())
    for told in flow.trail(open_idp(), since=begin, at_most=at_most):
        at = datetime.fromtimestamp(told.at, UTC).isoformat().replace("+00:00", "Z")
        if as_json:
            line = {"at": at, "event": told.event, "actor": told.actor, "client_id": told.client_id}
            click.echo(json.dumps({**line, **told.details, "operation": told.operation}, ensure_ascii=False))
        else:
            shown = json.dumps(told.operation, ensure_ascii=False) if told.operation else "(no key opens it)"
            how = told.details.get("proof") or told.details.get("reason")
            click.echo(f"{at} {told.event:<20} {told.actor} {told.client_id} {how} {shown}")
