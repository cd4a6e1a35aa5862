"""``idp clients``: register, show, change and remove OAuth clients."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from idp.flows.clients import ClientIdTaken, NoSuchClient, Registered
    from idp.flows.idp import Idp
    from idp.oidc.client import Client

OpenIdp = Callable[[], "Idp"]

_KINDS = ("web", "spa", "native", "service", "api")
_CLASSES = ("urn:idp:acr:1", "urn:idp:acr:2", "urn:idp:acr:3")
_METHODS = ("none", "client_secret_basic", "client_secret_post", "private_key_jwt")
_PAGE = 500


@click.group()
def clients() -> None:
    """OAuth clients: who may ask customers to sign in, and who may call APIs."""


def _metadata_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(
        (
            click.option(
                "--redirect-uri", "redirect_uris", multiple=True, help="Where a sign-in goes back to."
            ),
            click.option(
                "--post-logout-redirect-uri",
                "post_logout_redirect_uris",
                multiple=True,
                help="Where a sign-out goes back to.",
            ),
            click.option("--backchannel-logout-uri", help="Told, from server to server, of sign-outs."),
            click.option("--scope", help='What it may ask for, as in "openid profile email".'),
            click.option("--grant", "grant_types", multiple=True, help="A grant type; by default by kind."),
            click.option(
                "--auth-method",
                "token_endpoint_auth_method",
                type=click.Choice(_METHODS),
                help="How it authenticates.",
            ),
            click.option(
                "--jwks",
                type=click.File("r", encoding="utf-8"),
                help="Its public keys, a JWK Set (for private_key_jwt).",
            ),
            click.option(
                "--alg",
                "id_token_signed_response_alg",
                type=click.Choice(("ES256", "RS256")),
                help="What its ID tokens are signed with (ES256).",
            ),
            click.option(
                "--audience", help="An API's audience; by default that of the only resource there is."
            ),
            click.option("--no-pkce", is_flag=True, help="Let a confidential client leave PKCE out."),
            click.option(
                "--require-par",
                "require_pushed_authorization_requests",
                is_flag=True,
                help="Take its authorization requests only when it pushes them.",
            ),
            click.option(
                "--dpop",
                "dpop_bound_access_tokens",
                is_flag=True,
                help="Bind every token of it to a key (DPoP).",
            ),
            click.option(
                "--authorization-details-type",
                "authorization_details_types",
                multiple=True,
                help="A type of operation it may ask customers to approve, as in payout.",
            ),
            click.option(
                "--minimum-acr",
                type=click.Choice(_CLASSES),
                help="The least class with which it is answered, whatever it asks for.",
            ),
            click.option("--first-party", is_flag=True, help="The insurer's own: no consent page."),
        )
    ):
        command = option(command)
    return command


_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@clients.command()
@click.option("--kind", required=True, type=click.Choice(_KINDS), help="What sort of program it is.")
@click.option("--name", required=True, help="What customers read on the consent page.")
@click.option("--id", "client_id", help="Its client_id; by default a new one.")
@_metadata_options
@_as_json
@click.pass_obj
def add(open_idp: OpenIdp, /, kind: str, name: str, client_id: str | None, **options: Any) -> None:
    """Register a client. Its secret is shown this once."""
    from idp.flows import clients as flow

    as_json = options.pop("as_json")
    metadata = {"client_kind": kind, "client_name": name, "client_id": client_id, **_metadata(options)}
    idp = open_idp()
    _print(_judged(lambda: flow.add(idp, metadata, now=idp.clock.now())), as_json=as_json)


@clients.command()
@click.argument("client_id")
@click.option("--name", help="What customers read on the consent page.")
@_metadata_options
@click.option("--pkce", is_flag=True, help="Demand PKCE again.")
@click.option("--no-require-par", is_flag=True, help="Take requests from the browser again.")
@click.option("--no-dpop", is_flag=True, help="Issue bearer tokens again.")
@click.option("--third-party", is_flag=True, help="Show the consent page again.")
@_as_json
@click.pass_obj
def update(open_idp: OpenIdp, /, client_id: str, name: str | None, **options: Any) -> None:
    """Change what is named; lists are replaced whole."""
    from idp.flows import clients as flow

    as_json = options.pop("as_json")
    undone = {
        metadata: value
        for option, contrary, metadata, value in _UNDOING
        if _undone(options.pop(option), options[contrary])
    }
    changes = {"client_name": name, **_metadata(options), **undone}
    idp = open_idp()
    _print(_judged(lambda: flow.update(idp, client_id, changes, now=idp.clock.now())), as_json=as_json)


@clients.command(name="list")
@_as_json
@click.pass_obj
def list_clients(open_idp: OpenIdp, /, *, as_json: bool) -> None:
    """List the clients."""
    from idp.flows import clients as flow

    idp = open_idp()
    after = ""
    found: list[Client] = []
    while page := flow.listing(idp, after=after, at_most=_PAGE):
        found += page
        after = page[-1].client_id
    if as_json:
        click.echo(
            json.dumps([flow.Registered(client).to_json() for client in found], ensure_ascii=False, indent=2)
        )
        return
    for client in found:
        state = "disabled" if client.disabled else "enabled"
        click.echo(f"{client.client_id:<32} {client.kind.value:<8} {state:<8} {client.name}")


@clients.command()
@click.argument("client_id")
@_as_json
@click.pass_obj
def show(open_idp: OpenIdp, /, client_id: str, *, as_json: bool) -> None:
    """Show one client's metadata; never its secret."""
    from idp.flows import clients as flow

    client = flow.find(open_idp(), client_id)
    _print(flow.NoSuchClient(client_id) if client is None else flow.Registered(client), as_json=as_json)


@clients.command(name="rotate-secret")
@click.argument("client_id")
@_as_json
@click.pass_obj
def rotate_secret(open_idp: OpenIdp, /, client_id: str, *, as_json: bool) -> None:
    """Give a client a new secret, shown this once; the old one is refused from now on."""
    from idp.flows import clients as flow

    idp = open_idp()
    _print(_judged(lambda: flow.rotate_secret(idp, client_id, now=idp.clock.now())), as_json=as_json)


@clients.command()
@click.argument("client_id")
@click.option("--undo", is_flag=True, help="Serve it again.")
@_as_json
@click.pass_obj
def disable(open_idp: OpenIdp, /, client_id: str, *, undo: bool, as_json: bool) -> None:
    """Refuse a client everywhere, its tokens included, within a second."""
    from idp.flows import clients as flow

    idp = open_idp()
    act = flow.enable if undo else flow.disable
    _print(act(idp, client_id, now=idp.clock.now()), as_json=as_json)


@clients.command()
@click.argument("client_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def remove(open_idp: OpenIdp, /, client_id: str, *, yes: bool) -> None:
    """Forget a client, the consents given to it and what was issued to it."""
    from idp.flows import clients as flow

    if not yes:
        click.confirm(f"Remove {client_id} and end everything issued to it?", abort=True)
    idp = open_idp()
    missing = flow.remove(idp, client_id, now=idp.clock.now())
    if missing is not None:
        _fail(f"there is no client {client_id}")


# Of `update`: what takes an option of `add` back, that option, and what it means.
_UNDOING = (
    ("pkce", "no_pkce", "pkce_required", True),
    (
        "no_require_par",
        "require_pushed_authorization_requests",
        "require_pushed_authorization_requests",
        False,
    ),
    ("no_dpop", "dpop_bound_access_tokens", "dpop_bound_access_tokens", False),
    ("third_party", "first_party", "first_party", False),
)


def _undone(undone: bool, done: bool) -> bool:
    if undone and done:
        raise click.UsageError("two options contradict each other")
    return undone


def _metadata(options: dict[str, Any]) -> dict[str, Any]:
    """The options that were given, by their metadata names."""
    found: dict[str, Any] = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in options.items()
        if value not in (None, (), False)
    }
    if found.pop("no_pkce", False):
        found["pkce_required"] = False
    file = found.pop("jwks", None)
    if file is not None:
        try:
            found["jwks"] = json.load(file)
        except ValueError:
            raise click.UsageError(f"{Path(file.name).name} is not JSON") from None
    return found


def _judged(
    act: Callable[[], "Registered | NoSuchClient | ClientIdTaken"],
) -> "Registered | NoSuchClient | ClientIdTaken":
    """The outcome; every fault of the metadata on standard error and exit code 1."""
    from idp.oidc.registration import InvalidMetadata

    try:
        return act()
    except InvalidMetadata as refused:
        for fault in refused.faults:
            click.echo(f"idp: {fault.name}: {fault.reason}", err=True)
        sys.exit(1)


def _print(outcome: "Registered | NoSuchClient | ClientIdTaken", *, as_json: bool) -> None:
    from idp.flows.clients import ClientIdTaken, NoSuchClient

    if isinstance(outcome, NoSuchClient):
        _fail(f"there is no client {outcome.client_id}")
    elif isinstance(outcome, ClientIdTaken):
        _fail(f"there is a client {outcome.client_id} already")
    else:
        metadata = outcome.to_json()
        if as_json:
            click.echo(json.dumps(metadata, ensure_ascii=False, indent=2))
            return
        for name, value in metadata.items():
            shown = json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict, bool)) else value
            click.echo(f"{name:<36} {shown}")


def _fail(reason: str) -> NoReturn:
    click.echo(f"idp: {reason}", err=True)
    sys.exit(1)
