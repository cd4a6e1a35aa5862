"""Registered types of operations: data, one TOML file each (docs/operation-approval.md shows one whole).

A type names its fields in the order in which a person reads them, the scope its token has, and its words in
every language: a title, and the sentence of the text message.
"""

import re
import string
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from idp.oidc.operations.kinds import Amount, Iban, Kind, Text, Value

MOST_FIELDS = 12
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,64}")
_LONGEST_TEXT = 200
_KINDS = frozenset({"text", "amount", "iban"})


class BadType(Exception):
    """A type's file says something that cannot be; the message tells what."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name in the object, its kind, and what it is called, by language."""

    name: str
    kind: Kind
    label: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of what a person is shown."""

    name: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class OperationType:
    """One registered type; texts are by language."""

    name: str
    scope: str
    fields: tuple[Field, ...]
    title: Mapping[str, str] = field(hash=False)
    message: Mapping[str, str] = field(hash=False)

    def called(self, language: str) -> str:
        """What it is, in a word or two."""
        return self.title[language]

    def rows(self, details: Mapping[str, Any], language: str) -> tuple[Row, ...]:
        """The whole operation as a page shows it."""
        return tuple(
            Row(one.name, one.label[language], one.kind.spoken(_value(details, one), language))
            for one in self.fields
        )

    def sentence(self, details: Mapping[str, Any], language: str) -> str:
        """The operation in the sentence of the text message."""
        written = {one.name: one.kind.written(_value(details, one), language) for one in self.fields}
        return self.message[language].format_map(written)


def _value(details: Mapping[str, Any], one: Field) -> Value:
    value: Value = details[one.name]
    return value


def read(text: str, *, languages: Collection[str]) -> OperationType:
    """The type that a file describes, with words in each of these languages. Raises ``BadType``."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise BadType(f"not TOML: {fault}") from None
    _only(said, {"type", "scope", "title", "message", "fields"}, "the file")
    name, scope = said["type"], said["scope"]
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BadType("type: lower-case letters, digits and underscores are wanted")
    if not isinstance(scope, str) or not _SCOPE.fullmatch(scope):
        raise BadType("scope: one scope is wanted")
    given = said["fields"]
    if not isinstance(given, dict) or not 1 <= len(given) <= MOST_FIELDS:
        raise BadType(f"fields: 1 to {MOST_FIELDS} are wanted")
    fields = tuple(_field(one, what, languages) for one, what in given.items())
    message = _words(said["message"], "message", languages)
    for language, sentence in message.items():
        _placeholders(sentence, {one.name for one in fields}, f"message.{language}")
    return OperationType(name, scope, fields, _words(said["title"], "title", languages), message)


def _field(name: str, said: Any, languages: Collection[str]) -> Field:
    where = f"fields.{name}"
    if not _NAME.fullmatch(name) or name == "type":
        raise BadType(f"{where}: lower-case letters, digits and underscores are wanted")
    if not isinstance(said, dict) or said.get("kind") not in _KINDS:
        raise BadType(f"{where}.kind: text, amount or iban is wanted")
    match said["kind"]:
        case "text":
            _only(said, {"kind", "label", "longest"}, where)
            longest = said["longest"]
            if type(longest) is not int or not 1 <= longest <= _LONGEST_TEXT:
                raise BadType(f"{where}.longest: a number from 1 to {_LONGEST_TEXT} is wanted")
            kind: Kind = Text(longest)
        case "amount":
            _only(said, {"kind", "label", "currencies"}, where)
            kind = Amount(_currencies(said["currencies"], where))
        case _:
            _only(said, {"kind", "label"}, where)
            kind = Iban()
    return Field(name, kind, _words(said["label"], f"{where}.label", languages))


def _currencies(said: Any, where: str) -> Mapping[str, int]:
    right = isinstance(said, dict) and said
    if not right or not all(
        _CURRENCY.fullmatch(code) and type(places) is int and 0 <= places <= 4
        for code, places in said.items()
    ):
        raise BadType(f"{where}.currencies: codes of ISO 4217 with their decimals are wanted")
    return MappingProxyType(dict(said))


def _words(said: Any, where: str, languages: Collection[str]) -> Mapping[str, str]:
    if not isinstance(said, dict):
        raise BadType(f"{where}: a text for each language is wanted")
    for language in languages:
        text = said.get(language)
        if not isinstance(text, str) or not text.strip() or not text.isprintable():
            raise BadType(f"{where}.{language}: a text is wanted, since the language is offered")
    return MappingProxyType({language: str(text) for language, text in said.items()})


def _placeholders(sentence: str, names: Collection[str], where: str) -> None:
    try:
        parts = tuple(string.Formatter().parse(sentence))
    except ValueError:
        raise BadType(f"{where}: braces go in pairs, around the name of a field") from None
    for _, name, form, conversion in parts:
        if name is not None and (name not in names or form or conversion):
            raise BadType(f"{where}: {{{name}}} is no field of this type")


def _only(said: Mapping[str, Any], names: Collection[str], where: str) -> None:
    for name in sorted(names - said.keys()):
        raise BadType(f"{where}: {name} is missing")
    for name in sorted(said.keys() - set(names)):
        raise BadType(f"{where}: {name} is unknown")
