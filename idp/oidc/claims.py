"""Standard claims about a person, by the scopes that ask for them (OpenID Connect Core §5.1, §5.4)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

CLAIMS_OF_SCOPE = {
    "openid": ("sub",),
    "profile": ("name", "given_name", "family_name", "birthdate", "locale", "updated_at"),
    "email": ("email", "email_verified"),
    "phone": ("phone_number", "phone_number_verified"),
}


@dataclass(frozen=True, slots=True)
class ProvenContact:
    """A contact that its holder proved; ``kind`` is ``email`` or ``mobile``."""

    kind: str
    text: str = field(repr=False)
    proven_at: int


@dataclass(frozen=True, slots=True)
class Person:
    """What we know of a person that a relying party may be told."""

    sub: str
    language: str
    updated_at: int
    username: str = field(repr=False)
    given_name: str | None = field(repr=False, default=None)
    family_name: str | None = field(repr=False, default=None)
    company_name: str | None = field(repr=False, default=None)
    birth_date: str | None = field(repr=False, default=None)
    contacts: Sequence[ProvenContact] = field(repr=False, default=())


def claims_of(person: Person, scope: Collection[str]) -> dict[str, Any]:
    """The claims that this scope may have; what we do not know is left out, never empty (§5.3.2).

    An address or number counts as verified because only proven ones are told at all.
    """
    claims: dict[str, Any] = {"sub": person.sub}
    if "profile" in scope:
        claims |= _profile(person)
    if "email" in scope and (email := _chosen(person, "email")) is not None:
        claims |= {"email": email, "email_verified": True}
    if "phone" in scope and (number := _chosen(person, "mobile")) is not None:
        claims |= {"phone_number": number, "phone_number_verified": True}
    return claims


def _profile(person: Person) -> dict[str, Any]:
    whole = " ".join(name for name in (person.given_name, person.family_name) if name)
    told = {
        "name": person.company_name or whole,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "birthdate": person.birth_date,
        "locale": person.language,
        "updated_at": person.updated_at,
    }
    return {name: value for name, value in told.items() if value}


def _chosen(person: Person, kind: str) -> str | None:
    """The contact of a kind to tell: the username, where it is one, else the one proven last."""
    of_kind = [contact for contact in person.contacts if contact.kind == kind]
    if not of_kind:
        return None
    return max(of_kind, key=lambda contact: (contact.text == person.username, contact.proven_at)).text
