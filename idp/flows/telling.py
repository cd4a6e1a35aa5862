"""Tells a customer what was done to their account, at every contact of their own (OWASP ASVS 6.3.7)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from idp.accounts.records import CustomerRecord
from idp.flows import post
from idp.flows.idp import Idp
from idp.flows.wording import Purpose as Letter
from idp.store import accounts
from idp.store.accounts import AccountRow
from idp.store.outbox import Parcel
from idp.values import Contact

_LIFE = 24 * 3600
"""Seconds for which a notice is tried."""


@dataclass(frozen=True, slots=True)
class Own:
    """What is a customer's own, and nobody else's; ``record`` is None where the registry has none."""

    record: CustomerRecord | None
    contacts: tuple[Contact, ...]


def own(idp: Idp, account: AccountRow) -> Own:
    """The contacts of an account that are its customer's alone: those on file first, then those that were
    proven without being there. Raises ``RegistryDown``."""
    record = idp.registry.by_customer_number(account.customer_number)
    on_file = () if record is None else tuple(one.contact for one in record.contacts)
    with idp.reading() as tx:
        proven = accounts.proven_contacts_of(tx, account.sub)
    opened = (accounts.open_contact(idp.sealer, account.sub, one) for one in proven)
    return Own(record, unshared(idp, dict.fromkeys((*on_file, *opened))))


def own_on_file(idp: Idp, record: CustomerRecord) -> tuple[Contact, ...]:
    """The contacts of a record that are its customer's alone. Raises ``RegistryDown``."""
    return unshared(idp, (on_record.contact for on_record in record.contacts))


def unshared(idp: Idp, contacts: Iterable[Contact]) -> tuple[Contact, ...]:
    """Those that are nobody else's (journeys, *Shared contact*). Raises ``RegistryDown``."""
    asked = tuple(contacts)
    standings = idp.registry.standings(asked) if asked else ()
    return tuple(contact for contact, standing in zip(asked, standings, strict=True) if not standing.shared)


def notices(
    idp: Idp,
    account: AccountRow,
    contacts: Iterable[Contact],
    letter: Letter,
    *,
    now: int,
    facts: Mapping[str, str | int | None] | None = None,
    link: str | None = None,
) -> tuple[Parcel, ...]:
    """The same letter to each of these contacts, once."""
    return tuple(
        post.prepare(
            idp,
            to=to,
            purpose=letter,
            language=account.language,
            now=now,
            expires_at=now + _LIFE,
            facts=facts,
            link=link,
            about=account.sub,
        )
        for to in dict.fromkeys(contacts)
    )
