"""Reads TOML file, environment and secret files into one raw tree that knows where each value came from.

The environment wins over the file. Every ``IDP__SECTION__KEY`` name is listed, so that a mistyped one is a
fault and not silently without effect. A secret may stand in a file of its own: ``password_file = "…"`` or
``IDP__SMTP__PASSWORD_FILE=…`` in place of ``password``.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from idp.settings.faults import Fault
from idp.settings.lines import key_lines
from idp.settings.tree import Key, Kind, every_key

_OURS = re.compile(r"IDP_[A-Za-z0-9]*_.*")
_SECRET_BYTES = 65536
_WANTED = {
    Kind.BOOLEAN: "true or false is wanted",
    Kind.WHOLE: "a whole number is wanted",
    Kind.LIST: "texts separated by commas, or a JSON list, are wanted",
    Kind.TABLE: "a JSON object is wanted",
    Kind.SPOKEN: "a text is wanted, or a JSON object of texts by language",
}


class Gathered:
    """The raw tree under construction: values by section, their origins by dotted path, faults so far."""

    def __init__(self) -> None:
        self.tree: dict[str, Any] = {}
        self.origins: dict[str, str] = {}
        self.faults: list[Fault] = []
        self.keys = {key.path: key for key in every_key()}

    def origin(self, path: str) -> str:
        """Where the value of a path, or of what holds it, came from; ``default`` when nothing was said."""
        while path:
            if path in self.origins:
                return self.origins[path]
            path = path.rpartition(".")[0]
        return "default"

    def put(self, key: Key, value: Any, origin: str) -> None:
        """Set one known key, replacing what an earlier source said."""
        section, _, name = key.path.rpartition(".")
        inside = key.path + "."
        self.origins = {path: old for path, old in self.origins.items() if not path.startswith(inside)}
        if not section:
            self.tree[name] = value
        elif isinstance(self.tree.setdefault(section, {}), dict):
            self.tree[section][name] = value
        self.origins[key.path] = origin

    def fault(self, path: str, origin: str, message: str) -> None:
        """Note one thing that is wrong."""
        self.faults.append(Fault(path, origin, message))


def gather(path: Path | None, environ: Mapping[str, str]) -> Gathered:
    """Read file and environment; what is wrong is noted in ``faults``, nothing is raised."""
    gathered = Gathered()
    if path is not None:
        _read_toml(gathered, path)
    _read_environment(gathered, environ)
    return gathered


def suggestion(wrong: str, known: Iterable[str]) -> str:
    """`` (did you mean …?)`` when a known name is near, else nothing."""
    from difflib import get_close_matches  # costs a start-up that has no fault nothing

    near = get_close_matches(wrong, list(known), n=1, cutoff=0.75)
    return f" (did you mean {near[0]}?)" if near else ""


def _read_toml(gathered: Gathered, path: Path) -> None:
    try:
        text = path.read_text(encoding="utf-8")
        raw = tomllib.loads(text)
    except OSError as error:
        gathered.fault("", str(path), f"the file cannot be read: {error.strerror}")
        return
    except UnicodeDecodeError:
        gathered.fault("", str(path), "the file is not UTF-8 text")
        return
    except tomllib.TOMLDecodeError as error:
        gathered.fault("", str(path), f"the file is not TOML: {error}")
        return
    gathered.tree = {name: _frozen(value) for name, value in raw.items()}
    gathered.origins = {dotted: f"{path}, line {line}" for dotted, line in key_lines(text).items()}
    for name in raw:
        gathered.origins.setdefault(name, str(path))
    for key in gathered.keys.values():
        _take_secret_file(gathered, key)


def _take_secret_file(gathered: Gathered, key: Key) -> None:
    section = gathered.tree.get(key.path.rpartition(".")[0])
    named = key.name + "_file"
    if not key.secret or not isinstance(section, dict) or named not in section:
        return
    origin = gathered.origin(f"{key.path}_file")
    where = section.pop(named)
    if key.name in section:
        gathered.fault(key.path, origin, f"{key.name} and {named} are both given; one is wanted")
    elif not isinstance(where, str):
        gathered.fault(f"{key.path}_file", origin, "the path of a file is wanted")
    else:
        _put_secret(gathered, key, where, origin)


def _read_environment(gathered: Gathered, environ: Mapping[str, str]) -> None:
    plain = {key.variable: key for key in gathered.keys.values()}
    from_file = {f"{key.variable}_FILE": key for key in gathered.keys.values() if key.secret}
    for variable in sorted(environ):
        origin = f"environment {variable}"
        if variable in plain:
            if f"{variable}_FILE" in environ and plain[variable].secret:
                gathered.fault(plain[variable].path, origin, f"{variable} and {variable}_FILE are both given")
            else:
                _put_text(gathered, plain[variable], environ[variable], origin)
        elif variable in from_file:
            if variable.removesuffix("_FILE") not in environ:
                _put_secret(gathered, from_file[variable], environ[variable], origin)
        elif _OURS.fullmatch(variable) and "__" in variable:
            gathered.fault("", origin, f"unknown variable{suggestion(variable, (*plain, *from_file))}")


def _put_secret(gathered: Gathered, key: Key, where: str, origin: str) -> None:
    """Read a secret from its file, without the line end that editors add.

    A fault does not repeat the path: somebody may have put the secret itself in its place.
    """
    try:
        with open(where, "rb") as file:
            content = file.read(_SECRET_BYTES + 1)
        value = content.decode("utf-8").rstrip("\r\n")
    except OSError as error:
        gathered.fault(key.path, origin, f"the file cannot be read: {error.strerror}")
    except ValueError:
        gathered.fault(key.path, origin, "the file is not UTF-8 text, or its path is not one")
    else:
        if not value or len(content) > _SECRET_BYTES:
            gathered.fault(key.path, origin, "the file is empty or longer than 64 KiB")
        else:
            gathered.put(key, value, f"file {where}, named by {origin}")


def _put_text(gathered: Gathered, key: Key, text: str, origin: str) -> None:
    """Turn an environment's text into the kind of value that the key holds."""
    value: Any = text
    try:
        match key.kind:
            case Kind.BOOLEAN:
                value = {"true": True, "false": False}[text.strip().lower()]
            case Kind.WHOLE:
                value = int(text.strip())
            case Kind.LIST:
                value = _list_of(text)
            case Kind.TABLE:
                value = _table_of(text)
            case Kind.SPOKEN if text.lstrip().startswith("{"):
                value = _table_of(text)
    except (KeyError, ValueError):
        gathered.fault(key.path, origin, _WANTED[key.kind])
        return
    gathered.put(key, value, origin)


def _list_of(text: str) -> tuple[Any, ...]:
    if text.lstrip().startswith("["):
        return tuple(json.loads(text))
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _table_of(text: str) -> Any:
    value = _frozen(json.loads(text))
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _frozen(value: Any) -> Any:
    """Lists as tuples, at every depth: what the frozen tree holds."""
    if isinstance(value, dict):
        return {name: _frozen(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return tuple(_frozen(inner) for inner in value)
    return value
