"""``idp registry``: check and import files of the agency registry, find a customer in it."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from idp.flows.idp import Idp
    from idp.flows.registry.reading import Faults, Report

_MOST_LINES = 100
"""Faults that are printed for people; ``--json`` gives all that were kept."""

_FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group()
def registry() -> None:
    """Check, import and search the agency registry."""


@registry.command("import")
@click.argument("file", type=_FILE)
@click.option("--skip-invalid", is_flag=True, help="Leave faulty lines out instead of refusing the file.")
@click.option("--snapshot", is_flag=True, help="The file is the whole registry: end who is not in it.")
@_as_json
@click.pass_obj
def import_(
    open_idp: "Callable[[], Idp]", file: Path, skip_invalid: bool, snapshot: bool, as_json: bool
) -> None:
    """Bring the registry to what FILE says; one that was cut short goes on where it stopped."""
    from idp.adapters.registry_file import RegistryFile
    from idp.flows.registry.importing import Busy, import_file
    from idp.flows.registry.staging import Rejected
    from idp.ports import EphemeraDown
    from idp.store.database import DatabaseDown

    idp = open_idp()
    if idp.settings.registry.adapter == "http":
        raise click.ClickException(
            "the service asks the insurer's own registry (registry.adapter is http): nothing would read what "
            "is imported; for imported records set registry.adapter to local"
        )
    try:
        with _progress(shown=not as_json) as report:
            outcome = import_file(
                idp,
                RegistryFile(file),
                now=idp.clock.now(),
                skip_invalid=skip_invalid,
                snapshot=snapshot,
                report=report,
            )
    except (DatabaseDown, EphemeraDown):
        raise click.ClickException("the database does not answer; the same command goes on later") from None
    except OSError as fault:
        raise click.ClickException(f"the file cannot be read: {fault.strerror}") from None
    if isinstance(outcome, Busy):
        raise click.ClickException(
            f"another import is under way, or was cut short; try again in {outcome.retry_after} seconds"
        )
    applied = not isinstance(outcome, Rejected)
    counts = asdict(outcome.counts)
    if as_json:
        kept = not isinstance(outcome, Rejected) and outcome.kept_unnamed
        _print_json({"applied": applied, **counts, "kept_unnamed": kept, **_faults_json(outcome.faults)})
    else:
        _print_faults(outcome.faults)
        if isinstance(outcome, Rejected):
            click.echo(f"Nothing was changed: {_lines(counts['refused'])} refused.", err=True)
        else:
            told = ", ".join(f"{count} {name}" for name, count in counts.items())
            click.echo(("Went on with an import that was cut short: " if outcome.resumed else "") + told)
            if outcome.kept_unnamed:
                click.echo(
                    "Nobody was ended: a refused line does not tell its customer number.",
                    err=True,
                )
    if not applied:
        raise SystemExit(1)


@registry.command()
@click.argument("file", type=_FILE)
@_as_json
def check(file: Path, as_json: bool) -> None:
    """Tell everything that is wrong with FILE, and change nothing."""
    from idp.adapters.registry_file import RegistryFile
    from idp.flows.registry.reading import check as check_file

    try:
        with _progress(shown=not as_json) as report:
            checked = check_file(RegistryFile(file), report)
    except OSError as fault:
        raise click.ClickException(f"the file cannot be read: {fault.strerror}") from None
    if as_json:
        _print_json(
            {
                "ok": checked.refused == 0,
                "lines": checked.lines,
                "refused": checked.refused,
                "warnings": checked.warnings,
                **_faults_json(checked.faults),
            }
        )
    else:
        _print_faults(checked.faults)
        click.echo(f"{_lines(checked.lines)}, {checked.refused} refused, {checked.warnings} warnings")
    if checked.refused:
        raise SystemExit(1)


@registry.command()
@click.argument("query")
@_as_json
@click.pass_obj
def find(open_idp: "Callable[[], Idp]", query: str, as_json: bool) -> None:
    """Find records by customer number, codice fiscale, partita IVA, email or mobile."""
    from idp.accounts.registry import RegistryDown
    from idp.flows.record_search import find as find_records

    idp = open_idp()
    try:
        found = find_records(idp, query, now=idp.clock.now())
    except RegistryDown:
        raise click.ClickException("the registry does not answer") from None
    if as_json:
        _print_json([{**one.record.to_json(), "registered": one.registered} for one in found])
    elif not found:
        click.echo("No record was found.", err=True)
    else:
        for one in found:
            _print_record(one.record.to_json(), one.registered)
    if not found:
        raise SystemExit(1)


@registry.command()
@_as_json
@click.pass_obj
def reconcile(open_idp: "Callable[[], Idp]", as_json: bool) -> None:
    """Ask the registry for the record of every account, and carry out what changed."""
    from idp.accounts.registry import RegistryDown
    from idp.flows import life
    from idp.ports import EphemeraDown
    from idp.store.database import DatabaseDown

    idp = open_idp()
    try:
        changed = life.reconcile(idp, now=idp.clock.now())
    except RegistryDown:
        raise click.ClickException("the registry does not answer; the same command goes on later") from None
    except (DatabaseDown, EphemeraDown):
        raise click.ClickException("the database does not answer; the same command goes on later") from None
    if as_json:
        _print_json({"changed": changed})
    else:
        click.echo(f"{changed} account{'' if changed == 1 else 's'} changed")


def _print_record(record: dict[str, Any], registered: bool) -> None:
    name = record["company_name"] or f"{record['given_name']} {record['family_name']}"
    click.echo(f"{record['customer_number']}  {name}  ({record['profile']}, {record['state']})")
    click.echo(f"  account: {'yes' if registered else 'no'}")
    for label, value in (("tax code", record["tax_code"]), ("VAT number", record["vat_number"])):
        if value:
            click.echo(f"  {label}: {value}")
    for _kind, contact, changed_on in record["contacts"]:
        click.echo(f"  contact: {contact} (since {changed_on})")
    for number, product, active, collective in record["policies"]:
        state = "active" if active else "inactive"
        click.echo(f"  policy: {number} {product}, {state}{', collective' if collective else ''}")
    agency, phone, email = record["agency"]
    click.echo(f"  agency: {', '.join(part for part in (agency, phone, email) if part)}")


def _print_json(answer: object) -> None:
    click.echo(json.dumps(answer, ensure_ascii=False))


def _print_faults(faults: "Faults") -> None:
    for fault in faults.shown[:_MOST_LINES]:
        click.echo(f"{'warning' if fault.warning else 'fault'}: {fault}", err=True)
    more = faults.count - min(len(faults.shown), _MOST_LINES)
    if more:
        click.echo(f"… and {more} more (--json shows the first {max(len(faults.shown), 1)})", err=True)


def _faults_json(faults: "Faults") -> dict[str, Any]:
    shown = [{**asdict(fault), "message": str(fault)} for fault in faults.shown]
    return {"faults": shown, "more_faults": faults.count - len(shown)}


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count} lines"


@contextmanager
def _progress(*, shown: bool) -> "Iterator[Report | None]":
    """A bar on standard error while it is a terminal, else nothing."""
    if not shown or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        tasks: dict[str, Any] = {}

        def report(phase: str, done: int, of: int) -> None:
            if phase not in tasks:
                tasks[phase] = bar.add_task(phase, total=of or None)
            bar.update(tasks[phase], completed=done, total=of or None)

        yield report
