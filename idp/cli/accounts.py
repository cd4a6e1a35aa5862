"""``idp accounts``: find customers' accounts and look after them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

import click

from idp.cli.activation_codes import activation_code
from idp.cli.cases import case

if TYPE_CHECKING:
    from idp.flows.idp import Idp
    from idp.flows.people import Done, NoSuchAccount, NothingToDo, PersonView

OpenIdp = Callable[[], "Idp"]

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_account = click.argument("username")


@click.group()
def accounts() -> None:
    """Customers' accounts, named by username in any spelling, by sub or by customer number."""


accounts.add_command(activation_code)
accounts.add_command(case)


@accounts.command()
@click.argument("query")
@_as_json
@click.pass_obj
def find(open_idp: OpenIdp, /, query: str, *, as_json: bool) -> None:
    """Find accounts by username, sub, customer number, tax code or VAT number."""
    from idp.accounts.registry import RegistryDown
    from idp.flows import people

    idp = open_idp()
    try:
        found = people.find(idp, query, now=idp.clock.now())
    except RegistryDown:
        raise click.ClickException("the registry does not answer") from None
    if as_json:
        click.echo(json.dumps([_to_json(one) for one in found], ensure_ascii=False, indent=2))
        return
    if not found:
        raise click.ClickException("no account is called so")
    for one in found:
        click.echo(f"{one.customer_number:<12} {one.state:<10} {one.username.text:<40} {one.name}")


@accounts.command()
@_account
@_as_json
@click.pass_obj
def show(open_idp: OpenIdp, /, username: str, *, as_json: bool) -> None:
    """Show one account."""
    from idp.flows import people

    idp = open_idp()
    shown = people.show(idp, username, now=idp.clock.now())
    if isinstance(shown, people.NoSuchAccount):
        _nobody()
    _print(shown, as_json=as_json)


@accounts.command()
@_account
@_as_json
@click.pass_obj
def lock(open_idp: OpenIdp, /, username: str, *, as_json: bool) -> None:
    """Close an account: it signs in nowhere, and its sessions and tokens end."""
    from idp.flows import people

    idp = open_idp()
    outcome = people.lock(idp, username, now=idp.clock.now())
    _tell(outcome, "only an active account can be locked", as_json=as_json)


@accounts.command()
@_account
@_as_json
@click.pass_obj
def unlock(open_idp: OpenIdp, /, username: str, *, as_json: bool) -> None:
    """Open a locked account again; what was issued before stays dead."""
    from idp.flows import people

    idp = open_idp()
    outcome = people.unlock(idp, username, now=idp.clock.now())
    _tell(outcome, "the account is not locked", as_json=as_json)


@accounts.command("end-sessions")
@_account
@_as_json
@click.pass_obj
def end_sessions(open_idp: OpenIdp, /, username: str, *, as_json: bool) -> None:
    """End every session of an account, and everything issued to it."""
    from idp.flows import people

    idp = open_idp()
    _tell(people.end_sessions(idp, username, now=idp.clock.now()), "", as_json=as_json)


@accounts.command("confirm-mobile")
@_account
@_as_json
@click.pass_obj
def confirm_mobile(open_idp: OpenIdp, /, username: str, *, as_json: bool) -> None:
    """Make the mobile good that waits at an account: its owner's identity was seen."""
    from idp.accounts.registry import RegistryDown
    from idp.flows import people

    idp = open_idp()
    try:
        outcome = people.confirm_mobile(idp, username, now=idp.clock.now())
    except RegistryDown:
        raise click.ClickException("the registry does not answer") from None
    _tell(outcome, "no mobile number waits at this account", as_json=as_json)


@accounts.command()
@_account
@click.pass_obj
def export(open_idp: OpenIdp, /, username: str) -> None:
    """Print everything that is held of a customer, as the JSON that they can download themselves."""
    from idp.accounts.registry import RegistryDown
    from idp.flows import people

    idp = open_idp()
    try:
        document = people.export(idp, username, now=idp.clock.now())
    except RegistryDown:
        raise click.ClickException("the registry does not answer") from None
    if isinstance(document, people.NoSuchAccount):
        _nobody()
    click.echo(document.decode())


@accounts.command()
@_account
@click.option("--yes", is_flag=True, help="Do not ask.")
@_as_json
@click.pass_obj
def erase(open_idp: OpenIdp, /, username: str, *, yes: bool, as_json: bool) -> None:
    """Close an account for good: credentials, contacts and sessions are erased at once."""
    from idp.flows import people

    idp = open_idp()
    if not yes:
        click.confirm(f"Erase the account of {username} for good?", abort=True, err=True)
    erased = people.erase(idp, username, now=idp.clock.now())
    if isinstance(erased, people.NoSuchAccount):
        _nobody()
    shown = {"sub": erased.sub, "customer_number": erased.customer_number, "state": "erased"}
    click.echo(json.dumps(shown, indent=2) if as_json else f"{erased.customer_number} is erased")


def _tell(outcome: "Done | NoSuchAccount | NothingToDo", otherwise: str, *, as_json: bool) -> None:
    from idp.flows import people

    match outcome:
        case people.NoSuchAccount():
            _nobody()
        case people.NothingToDo():
            raise click.ClickException(otherwise)
        case people.Done(person):
            _print(person, as_json=as_json)


def _nobody() -> NoReturn:
    raise click.ClickException("no account is called so")


def _print(person: "PersonView", *, as_json: bool) -> None:
    shown = _to_json(person)
    if as_json:
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    for name, value in shown.items():
        click.echo(f"{name:<22} {', '.join(value) if isinstance(value, list) else value}")


def _to_json(person: "PersonView") -> dict[str, Any]:
    whole = {
        "sub": person.sub,
        "customer_number": person.customer_number,
        "profile": person.profile.value,
        "username": person.username.text,
        "name": person.name,
        "acting_name": person.acting_name,
        "state": person.state,
        "language": person.language,
        "proven_contacts": [contact.text for contact in person.proven],
        "mobile_pending": person.mobile_pending,
        "created_at": _moment(person.created_at),
        "password_changed_at": _moment(person.password_changed_at),
        "username_ends_at": _moment(person.username_ends_at),
        "limited_until": _moment(person.limited_until),
    }
    return {name: value for name, value in whole.items() if value is not None}


def _moment(at: int | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
