"""What an authorization request says of its operation (RFC 9396 §2), read without guessing.

One array of one object, whose type is registered, whose fields are those of the type and nothing else. What
is kept is the object's one canonical spelling: of the same operation there is one text, and one digest.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from idp.oidc.errors import OAuthError
from idp.oidc.operations.kinds import NotThis
from idp.oidc.operations.types import OperationType

LONGEST = 4096
"""Characters of ``authorization_details``."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, judged; ``canonical`` is its object as JSON, names in order, no space between.

    While the request waits for a person, ``canonical`` stands sealed in the database.
    """

    type: str
    # What its token is for, and for nothing else.
    scope: str
    canonical: str = field(repr=False)

    @property
    def details(self) -> dict[str, Any]:
        """The authorization details object."""
        read: dict[str, Any] = json.loads(self.canonical)
        return read


def invalid_details(description: str) -> OAuthError:
    """The details are malformed, or of no type that this client may ask for (RFC 9396 §5)."""
    return OAuthError("invalid_authorization_details", description)


def read(sent: str, types: Mapping[str, OperationType], allowed: frozenset[str]) -> Operation:
    """The operation of the parameter ``authorization_details``, if it is of an ``allowed`` type.

    Raises ``OAuthError``.
    """
    if len(sent) > LONGEST:
        raise invalid_details("authorization_details is too long")
    try:
        read = json.loads(sent, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise invalid_details("authorization_details is not JSON, or says a name twice") from None
    if not isinstance(read, list) or len(read) != 1 or not isinstance(read[0], dict):
        raise invalid_details("authorization_details is an array of one object")
    return judged(read[0], types, allowed)


def judged(sent: Mapping[str, Any], types: Mapping[str, OperationType], allowed: frozenset[str]) -> Operation:
    """The operation of one object. Raises ``OAuthError``."""
    name = sent.get("type")
    kind = types.get(name) if isinstance(name, str) else None
    if kind is None or kind.name not in allowed:
        raise invalid_details("type is none that this client may ask for")
    wanted = {one.name for one in kind.fields}
    if sent.keys() - wanted - {"type"}:
        raise invalid_details("the object has a field that its type does not have")
    kept: dict[str, Any] = {"type": kind.name}
    for one in kind.fields:
        if one.name not in sent:
            raise invalid_details(f"{one.name} is missing")
        try:
            kept[one.name] = one.kind.canonical(sent[one.name])
        except NotThis as fault:
            raise invalid_details(f"{one.name}: {fault}") from None
    return Operation(kind.name, kind.scope, canonical(kept))


def canonical(details: Mapping[str, Any]) -> str:
    """The one spelling of a details object."""
    return json.dumps(details, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a name stands there twice")
    return read


def _no_constant(_name: str) -> None:
    raise ValueError("not JSON")
