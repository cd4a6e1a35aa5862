"""The whole tree of settings, and a walk over its keys."""

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AfterValidator, Field, SecretStr
from pydantic.fields import FieldInfo

from idp.settings.appearance import Brand, Languages
from idp.settings.assurance import Assurance
from idp.settings.lifetimes import Lifetimes
from idp.settings.limits import Limits
from idp.settings.messages import Delivery, Logout, Sms, Smtp
from idp.settings.passkeys import Passkeys
from idp.settings.people import Codes, Password, Recovery, Registration
from idp.settings.registry import Registry
from idp.settings.requests import Dpop, Operations, Par
from idp.settings.section import HoldsCredentials, Rate, Section, Spoken
from idp.settings.service import Database, Ephemera, Keys, Resource, Service


def _closed(given: Mapping[str, Resource]) -> Mapping[str, Resource]:
    return types.MappingProxyType(dict(given))


Resources = Annotated[Mapping[str, Resource], AfterValidator(_closed)]


class Settings(Section):
    """Everything the service can be told, checked once at start and immutable after."""

    service: Service = Field(default_factory=Service)
    database: Database = Field(default_factory=Database)
    ephemera: Ephemera = Field(default_factory=Ephemera)
    keys: Keys = Field(default_factory=Keys)
    brand: Brand = Field(default_factory=Brand)
    languages: Languages = Field(default_factory=Languages)
    lifetimes: Lifetimes = Field(default_factory=Lifetimes)
    par: Par = Field(default_factory=Par)
    dpop: Dpop = Field(default_factory=Dpop)
    operations: Operations = Field(default_factory=Operations)
    registry: Registry = Field(default_factory=Registry)
    registration: Registration = Field(default_factory=Registration)
    recovery: Recovery = Field(default_factory=Recovery)
    password: Password = Field(default_factory=Password)
    assurance: Assurance = Field(default_factory=Assurance)
    passkeys: Passkeys = Field(default_factory=Passkeys)
    codes: Codes = Field(default_factory=Codes)
    limits: Limits = Field(default_factory=Limits)
    delivery: Delivery = Field(default_factory=Delivery)
    smtp: Smtp = Field(default_factory=Smtp)
    sms: Sms = Field(default_factory=Sms)
    logout: Logout = Field(default_factory=Logout)
    resources: Resources = Field(
        default={},
        validate_default=True,
        description="The APIs access tokens are issued for, as `resources.ID = { audience, scopes }`.",
    )

    @cached_property
    def audiences(self) -> Mapping[str, str]:
        """Every API scope, with the audience of the resource it belongs to."""
        resources = self.resources.values()
        return types.MappingProxyType(
            {scope: resource.audience for resource in resources for scope in resource.scopes}
        )


class Kind(StrEnum):
    """What a key's value is, in the words of the reference page."""

    BOOLEAN = "true or false"
    WHOLE = "whole number"
    TEXT = "text"
    SECRET = "secret text"
    FILE = "file path"
    LIST = "list of texts"
    TABLE = "table"
    RATE = "count/seconds"
    SPOKEN = "text, or table of texts by language"


@dataclass(frozen=True, slots=True)
class Key:
    """One settable key: its dotted path, its names in the environment, its kind, default and meaning."""

    path: str
    kind: Kind
    default: Any
    optional: bool
    choices: tuple[str, ...]
    description: str
    holds_credentials: bool

    @property
    def secret(self) -> bool:
        """Whether its value is never shown whole and may be read from a file named by ``KEY_file``."""
        return self.kind is Kind.SECRET or self.holds_credentials

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return "IDP__" + self.path.upper().replace(".", "__")

    @property
    def name(self) -> str:
        """Its name inside its section."""
        return self.path.rpartition(".")[2]


def sections() -> Iterator[tuple[str, type[Section]]]:
    """The sections with their models, in the order of the reference page; ``resources`` is not one."""
    for name, info in Settings.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, Section):
            yield name, info.annotation


def keys_of(section: str, model: type[Section]) -> tuple[Key, ...]:
    """The keys of one section, in order."""
    return tuple(_key(f"{section}.{name}", info) for name, info in model.model_fields.items())


def every_key() -> tuple[Key, ...]:
    """Every key that a file or the environment may set."""
    inside = tuple(key for name, model in sections() for key in keys_of(name, model))
    return (*inside, _key("resources", Settings.model_fields["resources"]))


def _key(path: str, info: FieldInfo) -> Key:
    annotation, optional = _bare(info.annotation)
    return Key(
        path=path,
        kind=_kind(annotation),
        default=None if info.is_required() else info.default,
        optional=optional,
        choices=get_args(annotation) if get_origin(annotation) is Literal else (),
        description=info.description or "",
        holds_credentials=any(isinstance(mark, HoldsCredentials) for mark in info.metadata),
    )


def _bare(annotation: Any) -> tuple[Any, bool]:
    """The annotation without ``Annotated`` and ``| None``, and whether there was a ``| None``."""
    optional = False
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in (Union, types.UnionType):
            (annotation,) = (part for part in get_args(annotation) if part is not type(None))
            optional = True
        else:
            return annotation, optional


def _kind(annotation: Any) -> Kind:
    plain = {bool: Kind.BOOLEAN, int: Kind.WHOLE, str: Kind.TEXT, SecretStr: Kind.SECRET, Path: Kind.FILE}
    if annotation in plain:
        return plain[annotation]
    if annotation is Rate:
        return Kind.RATE
    if annotation is Spoken:
        return Kind.SPOKEN
    return {Literal: Kind.TEXT, tuple: Kind.LIST, Mapping: Kind.TABLE}[get_origin(annotation)]
