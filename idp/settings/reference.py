"""The settings as people read them: the example file, the reference page, and the values in force.

All three are written from the tree itself, so they cannot tell anything else than what is checked.
"""

import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import wrap
from typing import Any

from pydantic import SecretStr

from idp.settings.section import Rate, Section, Spoken
from idp.settings.service import Resource
from idp.settings.tree import Key, Kind, Settings, every_key, keys_of, sections

MASK = "********"

_EXAMPLE_HEAD = """\
# Configuration of the identity provider: every key with its default. Take the "# " off a line to change it.
# Written by `idp config example`; `idp config check` tells whether a file is right.
#
# Each key can also be set by an environment variable, which wins: IDP__SERVICE__PORT=8080.
# A secret can stand in a file of its own: password_file = "…" here, or IDP__SMTP__PASSWORD_FILE=….
# Relative paths are meant from the folder in which the service is started.
"""

_REFERENCE_HEAD = """\
# Configuration

<!-- Written by `idp config reference` from the settings themselves; a test compares the two. -->

The service reads one TOML file (`--config FILE`, else `$IDP_CONFIG`, else `config.toml` in the working
folder, else the demo's `var/demo.toml`) and then the environment, which wins. `config.example.toml` shows
every key with its default.

- An unknown key, an unknown `IDP__…` variable, a bad value or a file that cannot be read refuses the start;
  all faults are told at once, each with its key and where it came from. `idp config check` tells the same
  without starting anything, and `idp config show` prints what is in force, secrets masked.
- In the environment `true` and `false` are written so, lists with commas (`it,en`) and tables as JSON. An
  empty text leaves an optional key unset.
- **Secrets from files**: a key marked *secret* may be replaced by the same name with `_file`
  (`password_file = "/run/secrets/smtp"`, `IDP__SMTP__PASSWORD_FILE=/run/secrets/smtp`). The file's content,
  without its last line end, is the value.
- Relative paths are meant from the folder in which the service is started.
- Times are in seconds unless the name says otherwise. A rate `"10/900"` means at most 10 in 900 seconds.
"""

_RESOURCES = """\
One table per API (RFC 8707), none by default. In the environment all of them are one JSON object in
`IDP__RESOURCES`. A scope belongs to one API only, and OpenID's own scopes belong to none.
"""


def example() -> str:
    """The text of ``config.example.toml``: every key commented out at its default."""
    blocks = [_EXAMPLE_HEAD]
    for name, model in sections():
        blocks.append(
            "\n".join([f"# {_promise(model)}", f"[{name}]", *_example_lines(keys_of(name, model))]) + "\n"
        )
    blocks.append(
        "# The APIs that access tokens are issued for: one table each, named as you like.\n"
        "# [resources.policies]\n"
        f"# # {Resource.model_fields['audience'].description}\n"
        '# audience = "https://api.example.com"\n'
        f"# # {Resource.model_fields['scopes'].description}\n"
        '# scopes = ["policies"]\n'
    )
    return "\n".join(blocks)


def reference() -> str:
    """The text of ``docs/configuration.md``."""
    blocks = [_REFERENCE_HEAD]
    for name, model in sections():
        rows = [_row(key) for key in keys_of(name, model)]
        blocks.append("\n".join([f"## {name}", "", _promise(model), "", *_TABLE_HEAD, *rows]) + "\n")
    rows = [
        f"| `{key.path}` | {key.kind.value} | | {key.description} |"
        for key in keys_of("resources.ID", Resource)
    ]
    blocks.append("\n".join(["## resources", "", _RESOURCES, *_TABLE_HEAD, *rows]) + "\n")
    return "\n".join(blocks)


def shown(settings: Settings) -> Iterator[tuple[Key, Any]]:
    """Every key with the value in force, secrets masked; values are what JSON can write."""
    for key in every_key():
        section, _, name = key.path.rpartition(".")
        yield key, masked(key, getattr(getattr(settings, section) if section else settings, name))


def masked(key: Key, value: Any) -> Any:
    """A value as it may be shown: a secret hidden whole, an address without user, password and query."""
    if isinstance(value, SecretStr):
        return MASK
    if key.holds_credentials and isinstance(value, str):
        value = re.sub(r"//.*@", f"//{MASK}@", value, flags=re.DOTALL)
        return re.sub(r"\?.*", f"?{MASK}", value, flags=re.DOTALL)
    return _plain(value)


def toml(value: Any) -> str:
    """A plain value as TOML writes it; ``None`` as the empty text that unsets."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case None:
            return '""'
        case list() | tuple():
            return f"[{', '.join(toml(each) for each in value)}]"
        case Mapping():
            inside = ", ".join(f"{_name(str(name))} = {toml(each)}" for name, each in value.items())
            return f"{{ {inside} }}" if inside else "{}"
        case _:
            return _quoted(str(value))


_TABLE_HEAD = ("| key | value | default | meaning |", "|---|---|---|---|")


def _plain(value: Any) -> Any:
    match value:
        case Rate() | Path():
            return str(value)
        case Spoken():
            return dict(value.by_language) or value.always
        case tuple():
            return [_plain(each) for each in value]
        case Section():
            return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
        case Mapping():
            return {name: _plain(each) for name, each in value.items()}
        case _:
            return value


def _example_lines(keys: tuple[Key, ...]) -> Iterator[str]:
    for key in keys:
        yield from wrap(key.description, 100, initial_indent="# ", subsequent_indent="#   ")
        if key.kind is Kind.SECRET:
            yield f'# {key.name}_file = "/run/secrets/{key.path.replace(".", "_")}"'
        yield f"# {key.name} = {toml(_plain(key.default))}"


def _row(key: Key) -> str:
    kind = " or ".join(f"`{choice}`" for choice in key.choices) or key.kind.value
    if key.secret and key.kind is not Kind.SECRET:
        kind += " (*secret*)"
    elif key.secret:
        kind = "text (*secret*)"
    default = "unset" if key.default is None else f"`{toml(_plain(key.default))}`"
    meaning = key.description.replace("|", "\\|")
    return f"| `{key.path}`<br>`{key.variable}` | {kind} | {default} | {meaning} |"


def _promise(model: type[Section]) -> str:
    return (inspect.getdoc(model) or "").partition("\n")[0]


def _name(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _quoted(text: str) -> str:
    spelt = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return '"' + "".join(spelt.get(c, c if ord(c) >= 32 else f"\\u{ord(c):04x}") for c in text) + '"'
