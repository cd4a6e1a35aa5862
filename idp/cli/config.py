"""``idp config``: check the configuration, show what is in force, write the example and the reference."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from idp.settings import (
    Loaded,
    Password,
    SettingsFaults,
    configuration_file,
    process_environment,
    read,
    warnings,
)

_MEASURED_HASHES = 5


def _from_file(command: Callable[..., None]) -> Callable[..., None]:
    """The ``--config`` option, the same for every command that reads the configuration."""
    return click.option(
        "--config",
        "given",
        type=click.Path(path_type=Path),
        help="The TOML file. Without it: $IDP_CONFIG, else config.toml here, else the demo's, else defaults.",
    )(command)


@click.group()
def config() -> None:
    """Check, show and document the configuration."""


@config.command()
@_from_file
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(given: Path | None, as_json: bool) -> None:
    """Tell every fault at once, or that there is none; and what one password hash costs here."""
    environ = process_environment()
    path = configuration_file(given, environ)
    try:
        settings = read(path, environ).settings
    except SettingsFaults as refused:
        _tell_faults(refused, as_json)
        raise SystemExit(1) from None
    spent = argon2id_milliseconds(settings.password)
    if as_json:
        answer = {
            "ok": True,
            "faults": [],
            "warnings": list(warnings(settings)),
            "argon2id_ms": round(spent, 1),
        }
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    for warning in warnings(settings):
        click.echo(f"warning: {warning}", err=True)
    click.echo(f"The configuration is right ({path or 'defaults and environment'}).")
    click.echo(f"One password hash takes {spent:.1f} ms here (Argon2id, {_cost(settings.password)}).")


@config.command()
@_from_file
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(given: Path | None, as_json: bool) -> None:
    """Print every key in force and where its value came from, secrets masked."""
    from idp.settings.reference import toml

    environ = process_environment()
    try:
        loaded = read(configuration_file(given, environ), environ)
    except SettingsFaults as refused:
        _tell_faults(refused, as_json)
        raise SystemExit(1) from None
    entries = tuple(_entries(loaded))
    if as_json:
        answer = {path: {"value": value, "origin": origin} for path, value, origin in entries}
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    for path, value, origin in entries:
        said = "" if origin == "default" else f"  # {origin}"
        click.echo(f"{path} = {toml(value)}{said}")


@config.command()
def example() -> None:
    """Print config.example.toml: every key, commented out at its default."""
    from idp.settings.reference import example as text

    click.echo(text(), nl=False)


@config.command()
def reference() -> None:
    """Print docs/configuration.md: the reference of every key."""
    from idp.settings.reference import reference as text

    click.echo(text(), nl=False)


def argon2id_milliseconds(password: Password) -> float:
    """What hashing one password costs on this machine: the median of a few, in milliseconds."""
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    from idp.adapters.clock import SystemClock
    from idp.adapters.entropy import SystemEntropy

    clock, salt = SystemClock(), SystemEntropy().octets(16)
    spent = []
    for _ in range(_MEASURED_HASHES):
        begun = clock.monotonic()
        Argon2id(
            salt=salt,
            length=32,
            iterations=password.argon2_iterations,
            lanes=password.argon2_lanes,
            memory_cost=password.argon2_memory_kib,
        ).derive(b"a password of sixteen")
        spent.append(clock.monotonic() - begun)
    return sorted(spent)[_MEASURED_HASHES // 2] * 1000


def _cost(password: Password) -> str:
    memory, passes = password.argon2_memory_kib, password.argon2_iterations
    return f"m={memory} KiB, t={passes}, p={password.argon2_lanes}"


def _entries(loaded: Loaded) -> Iterator[tuple[str, Any, str]]:
    from idp.settings.reference import shown

    for key, value in shown(loaded.settings):
        yield key.path, value, loaded.origin(key.path)


def _tell_faults(refused: SettingsFaults, as_json: bool) -> None:
    if as_json:
        faults = [
            {"path": fault.path, "origin": fault.origin, "message": fault.message} for fault in refused.faults
        ]
        click.echo(json.dumps({"ok": False, "faults": faults}, ensure_ascii=False))
        return
    count = len(refused.faults)
    click.echo(f"The configuration has {count} fault{'' if count == 1 else 's'}:", err=True)
    for fault in refused.faults:
        click.echo(f"  {fault}", err=True)
