"""``idp accounts activation-code``: a code for a customer whose identity document was seen."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from idp.flows.idp import Idp

_WHY = {
    "unknown_customer": "the registry has no customer with this number",
    "deceased": "the registry says that this customer has died",
    "under_age": "this customer is too young to register",
    "no_policy": "this customer has no policy",
}


@click.command("activation-code")
@click.argument("customer_number")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def activation_code(open_idp: "Callable[[], Idp]", /, customer_number: str, *, as_json: bool) -> None:
    """Issue an activation code; codes of this customer that were not used end.

    It is printed once and kept nowhere: hand it over only to who showed an identity document.
    """
    from idp.accounts.registry import RegistryDown
    from idp.flows import activation
    from idp.flows.activation import NotIssued

    idp = open_idp()
    try:
        outcome = activation.issue(idp, customer_number, issued_by="cli", now=idp.clock.now())
    except RegistryDown:
        raise click.ClickException("the registry does not answer") from None
    if isinstance(outcome, NotIssued):
        raise click.ClickException(_WHY[outcome.why])
    until = datetime.fromtimestamp(outcome.expires_at, UTC)
    if as_json:
        facts = {
            "customer_number": customer_number,
            "activation_code": outcome.code,
            "expires_at": until.isoformat(),
        }
        click.echo(json.dumps(facts))
        return
    click.echo(outcome.code)
    click.echo(f"For customer {customer_number}, once, until {until:%Y-%m-%d %H:%M} UTC.", err=True)
