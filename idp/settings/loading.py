"""From a file and an environment to the one frozen tree, or to every fault at once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from idp.settings.checks import RULES
from idp.settings.faults import Fault, SettingsFaults
from idp.settings.sources import Gathered, gather, suggestion
from idp.settings.tree import Settings, keys_of, sections

USUAL_CONFIG = Path("config.toml")
# What `idp demo` writes; read last, so that a service of one's own never runs on it by mistake.
DEMO_CONFIG = Path("var/demo.toml")

_WANTED = {
    "bool_type": "true or false is wanted",
    "int_type": "a whole number is wanted",
    "string_type": "a text is wanted",
    "path_type": "the path of a file is wanted",
    "tuple_type": "a list is wanted",
    "dict_type": "a table is wanted",
    "mapping_type": "a table is wanted",
    "model_type": "a table is wanted",
    "missing": "a value is wanted",
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, and where each key that was set came from, by dotted path; the others are defaults."""

    settings: Settings
    origins: Mapping[str, str]

    def origin(self, path: str) -> str:
        """Where the value of a key came from."""
        return self.origins.get(path, "default")


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """The settings of a TOML file (none: defaults) overlaid by ``IDP__…`` variables.

    Raises ``SettingsFaults`` with every fault. Relative paths are meant from the working directory.
    """
    return read(path, environ).settings


def read(path: Path | None, environ: Mapping[str, str]) -> Loaded:
    """As ``load``, and tells where each value came from."""
    gathered = gather(path, environ)
    # a file that cannot be read says nothing about its keys: further faults would only be its echo
    if path is not None and any(fault.origin == str(path) for fault in gathered.faults):
        raise SettingsFaults(tuple(gathered.faults))
    settings = _validated(gathered)
    refused = {fault.path for fault in gathered.faults}
    for rule in RULES:
        for paths, message in rule(settings):
            if not any(_touches(path, refused) for path in paths):
                told_by = next((each for each in paths if each in gathered.origins), paths[0])
                gathered.fault(paths[0], gathered.origin(told_by), message)
    if gathered.faults:
        raise SettingsFaults(tuple(gathered.faults))
    return Loaded(settings, dict(gathered.origins))


def process_environment() -> Mapping[str, str]:
    """The environment of this process, as it is now."""
    return dict(os.environ)


def hand_down(variables: Mapping[str, str]) -> None:
    """Put variables into this process's environment, for the serving processes that it starts."""
    os.environ.update(variables)


def configuration_file(given: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The file to read: the one given, else ``$IDP_CONFIG``, else one of ours that exists here, else none.

    Ours are ``config.toml`` and, after it, the one that the demo wrote: the command line works on the demo's
    data with no further argument.
    """
    if given is not None:
        return given
    if named := environ.get("IDP_CONFIG"):
        return Path(named)
    return next((usual for usual in (USUAL_CONFIG, DEMO_CONFIG) if usual.exists()), None)


def _validated(gathered: Gathered) -> Settings:
    """The tree, with defaults in place of what was refused, so that rules over several keys still run."""
    _unset_empty(gathered)
    while True:
        try:
            return Settings.model_validate(gathered.tree)
        except ValidationError as error:
            for one in error.errors(include_url=False):
                path = _dotted(one["loc"])
                origin = gathered.origin(_dotted(one["loc"], indices=False))
                fault = Fault(path, origin, _message(gathered, one))
                if fault not in gathered.faults:
                    gathered.faults.append(fault)
                _drop(gathered.tree, one["loc"])


def _unset_empty(gathered: Gathered) -> None:
    """An empty text unsets an optional key: neither TOML nor an environment can say "nothing"."""
    for key in gathered.keys.values():
        section = gathered.tree.get(key.path.rpartition(".")[0])
        if key.optional and isinstance(section, dict) and section.get(key.name) == "":
            del section[key.name]


def _drop(tree: dict[str, Any], location: tuple[int | str, ...]) -> None:
    """Remove the key that a fault points at, or its whole section, or the whole of one resource."""
    section, inside = tree.get(str(location[0])), location[1:2]
    if inside and isinstance(section, dict):
        section.pop(inside[0], None)
    else:
        tree.pop(str(location[0]), None)


def _message(gathered: Gathered, error: Any) -> str:
    path = _dotted(error["loc"], indices=False)
    context = error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            return f"unknown key{suggestion(str(error['loc'][-1]), _siblings(error['loc']))}"
        case "literal_error":
            message = f"{context['expected']} is wanted"
        case "greater_than_equal":
            message = f"at least {context['ge']} is wanted"
        case "less_than_equal":
            message = f"at most {context['le']} is wanted"
        case "too_short" | "string_too_short":
            message = f"longer is wanted: at least {context['min_length']}"
        case "string_too_long":
            message = f"shorter is wanted: at most {context['max_length']}"
        case "value_error":
            return str(context["error"])
        case kind:
            message = _WANTED.get(kind, "this value is not allowed")
    key = gathered.keys.get(path)
    given = error.get("input")
    if key is None or key.secret or not isinstance(given, str | int | bool):
        return message
    return f"{message}, not {str(given)[:60]!r}"


def _siblings(location: tuple[int | str, ...]) -> tuple[str, ...]:
    models = dict(sections())
    if len(location) == 1:
        return tuple(Settings.model_fields)
    model = models.get(str(location[0]))
    if model is None:
        return ("audience", "scopes")
    return tuple(key.name for key in keys_of(str(location[0]), model))


def _dotted(location: tuple[int | str, ...], indices: bool = True) -> str:
    text = ""
    for step in location:
        if isinstance(step, int):
            text += f"[{step}]" if indices else ""
        else:
            text += f".{step}" if text else step
    return text


def _touches(path: str, refused: set[str]) -> bool:
    """Whether a fault is about this key, a part of it, or the table that holds it."""
    return any(
        bad == path or bad.startswith((path + ".", path + "[")) or (bad and path.startswith(bad + "."))
        for bad in refused
    )
