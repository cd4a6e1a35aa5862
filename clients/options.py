"""Command-line options the relying parties have alike."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def origin_of(value: str) -> str:
    """`value` when it is an http(s) origin and nothing more; raises click.BadParameter."""
    parts = urlsplit(value)
    if (
        parts.scheme not in ("http", "https")
        or not parts.netloc
        or value != f"{parts.scheme}://{parts.netloc}"
    ):
        raise click.BadParameter(f"{value!r} is no origin such as http://localhost:8001")
    return value


def address(value: str) -> str:
    """`value` when it is an http(s) address without query and fragment; raises click.BadParameter."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise click.BadParameter(f"{value!r} is no http or https address")
    return value


def optional(
    check: Callable[[str], str],
) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """`check` as click calls it, for an option that may be missing."""
    return lambda _context, _option, value: None if value is None else check(value)


def _issuer(value: str) -> str:
    # The issuer is compared to the letter, so it is not tidied here: a slash too many is a fault to see.
    return address(value)


issuer: Decorator = click.option(
    "--issuer",
    default="http://localhost:8000",
    show_default=True,
    callback=optional(_issuer),
    help="The OpenID provider, to the letter as it names itself.",
)
ca_file: Decorator = click.option(
    "--ca-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Certificate authorities to trust besides the system's (PEM).",
)


def client_secret(*, required: bool) -> Decorator:
    """`--client-secret-file`: a file that holds the client's secret and nothing else."""
    return click.option(
        "--client-secret-file",
        required=required,
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="File with the client's secret.",
    )
