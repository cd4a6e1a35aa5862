"""``idp``: puts the commands together; each is loaded when it is called, so that none pays for another's
imports."""

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from idp.flows.idp import Idp
    from idp.settings import Settings

_COMMANDS = {
    "serve": ("idp.cli.serve", "serve"),
    "worker": ("idp.cli.worker", "worker"),
    "demo": ("idp.cli.demo", "demo"),
    "config": ("idp.cli.config", "config"),
    "db": ("idp.cli.database", "db"),
    "keys": ("idp.cli.keys", "keys"),
    "registry": ("idp.cli.registry", "registry"),
    "clients": ("idp.cli.clients", "clients"),
    "accounts": ("idp.cli.accounts", "accounts"),
    "audit": ("idp.cli.audit", "audit"),
}


NO_FILE = "there is no configuration file here: name one by --config or IDP_CONFIG (`make run` writes one)"


@dataclass
class Opener:
    """Opens the service a command works on; ``config`` is the file named by ``--config``, if any."""

    config: Path | None = None

    def settings(self) -> "Settings":
        """The settings; every fault at once on standard error, exit code 1."""
        from idp.settings import SettingsFaults, configuration_file, load, process_environment

        environ = process_environment()
        path = configuration_file(self.config, environ)
        try:
            return load(path, environ)
        except SettingsFaults as refused:
            if path is None:
                click.echo(f"idp: {NO_FILE}", err=True)
            for fault in refused.faults:
                click.echo(f"idp: {fault}", err=True)
            raise SystemExit(1) from None

    def __call__(self, *, listens: bool = False) -> "Idp":
        """The service, checked as before a start; every fault at once on standard error, exit code 1."""
        from idp.app import logs, start

        settings = self.settings()
        logs.configure(development=settings.service.development)
        try:
            return start.ready(settings, listens=listens)
        except start.CannotStart as refused:
            for fault in refused.faults:
                click.echo(f"idp: {fault}", err=True)
            raise SystemExit(1) from None


class _Commands(click.Group):
    """Commands by name, imported at their first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        room, name = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(room), name)
        _take_config(command)
        return command


def _take_config(command: click.Command) -> None:
    """Give every command without one the option ``--config``, so that it may stand where one expects it:
    last."""
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _take_config(inner)
    elif not any("--config" in parameter.opts for parameter in command.params):
        command.params.append(
            click.Option(
                ["--config"],
                type=click.Path(path_type=Path),
                expose_value=False,
                callback=_remember,
                help="The TOML file. Without it: $IDP_CONFIG, else config.toml here, else the demo's.",
            )
        )


def _remember(ctx: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    if value is not None:
        ctx.find_root().obj.config = value


@click.group(cls=_Commands)
@click.version_option(package_name="area-clienti-idp", prog_name="idp")
@click.pass_context
def main(ctx: click.Context) -> None:
    """The identity provider of the customer area."""
    ctx.obj = Opener()


if __name__ == "__main__":
    main()
