"""Which contacts are shown to whoever types a tax code or a VAT number (journeys C3 and H).

Everybody gets a list: of a known customer their own contacts, of an unknown one, and of a known one with
nothing to offer, decoys. The same code gives the same list in the same order, to registration and recovery,
whoever asks from wherever, and costs the same statements and the same work (security bar 5.1).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from idp.accounts import offers as rules
from idp.accounts.audit import Event
from idp.accounts.lockout import Throttled as Braked
from idp.accounts.matching import Reason, as_nobody, bears
from idp.accounts.records import Agency, CustomerRecord, Policy, RecordContact
from idp.accounts.registry import Standing
from idp.flows import throttle
from idp.flows.idp import Idp
from idp.flows.proving import Limited
from idp.store import audit, claims, registry
from idp.values import (
    Contact,
    ContactKind,
    EmailAddress,
    Identifier,
    MobileNumber,
    ProfileKind,
    RecordState,
    TaxCode,
    parse_identifier,
)
from idp.values.contacts import stored_contact

__all__ = ["Limited", "Offer", "Option", "offer", "opened", "own", "seal"]


@dataclass(frozen=True, slots=True)
class Option:
    """One contact to choose. ``handle`` is random and good in this offer alone.

    A decoy belongs to no customer; its ``contact`` is nobody's, is masked as it was shown, counts under
    brakes like any other, and must never be addressed.
    """

    handle: str
    contact: Contact
    customer_number: str | None

    @property
    def kind(self) -> ContactKind:
        """Whether an email would be sent or an SMS."""
        return self.contact.kind

    @property
    def decoy(self) -> bool:
        """Whether it is nobody's."""
        return self.customer_number is None


@dataclass(frozen=True, slots=True)
class Offer:
    """What was shown for an identifier."""

    identifier: Identifier = field(repr=False)
    options: tuple[Option, ...]
    # Why these are decoys; None where they are a customer's. For case and trail, never for a page.
    reason: Reason | None = None

    def chosen(self, handle: str) -> Option | None:
        """The option with this handle; None for one of another offer."""
        return next((option for option in self.options if option.handle == handle), None)

    def to_json(self) -> dict[str, Any]:
        """A JSON object from which ``from_json`` makes the same."""
        return {
            "identifier": self.identifier.text,
            "reason": self.reason,
            "options": [
                [option.handle, option.contact.kind, option.contact.text, option.customer_number]
                for option in self.options
            ],
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Offer":
        """What ``to_json`` wrote."""
        return cls(
            parse_identifier(stored["identifier"]),
            tuple(
                Option(handle, stored_contact(kind, text), number)
                for handle, kind, text, number in stored["options"]
            ),
            Reason(stored["reason"]) if stored["reason"] else None,
        )


def seal(idp: Idp, made: Offer, place: str) -> bytes:
    """An offer as it is stored; ``place`` as ``enrolments/sealed_offer/ID``."""
    return idp.sealer.seal(made.to_json(), place)


def opened(idp: Idp, sealed: bytes, place: str) -> Offer:
    """The offer itself; raises ``Unsealable``."""
    return Offer.from_json(idp.sealer.open(sealed, place))


def offer(
    idp: Idp,
    identifier: Identifier,
    *,
    browser: str,
    source: str,
    now: int,
    profile: ProfileKind | None = None,
    born: date | None = None,
) -> Offer | Limited:
    """The contacts to show for an identifier; its handles are new each time, the list is not.

    ``browser`` names the browser session for counting (``throttle.identify_brakes``). ``profile`` says which
    of one person's two records is wanted where both have a contact. With ``born``, a record of somebody born
    on another day counts as unknown. Raises ``RegistryDown``.
    """
    brakes = throttle.identify_brakes(idp, browser, source)
    # Guessing the birth date of one code is guessing, too.
    counted = identifier.canonical if born is None else f"{identifier.canonical}:{born.isoformat()}"
    decision = throttle.spend_distinct(idp, brakes, counted, now=now)
    if isinstance(decision, Braked):
        if throttle.first_refusal(idp, brakes, decision, now=now):
            with idp.writing() as tx:
                audit.add(
                    tx,
                    Event.IDENTIFICATION_THROTTLED,
                    at=now,
                    source=throttle.pseudonym_of_source(idp, source),
                    details={"brake": decision.by},
                )
        return Limited(decision.retry_after)
    found = idp.registry.by_identifier(identifier)
    work_as_if_found(idp, found)
    records = tuple(r for r in found if bears(r, identifier) and _born_on(r, born))
    genuine = own(idp, identifier, records, profile, now=now)
    # Drawn for everybody; of several secrets the first there was, so that a new one changes no list.
    decoys = rules.decoys(identifier, idp.keyring.symmetric("decoys")[-1].secret)
    options = tuple(
        Option(idp.entropy.identifier(), option.contact, option.customer_number)
        for option in genuine or decoys
    )
    return Offer(identifier, options, None if genuine else _why_decoys(idp, records, now=now))


def own(
    idp: Idp,
    identifier: Identifier,
    records: Sequence[CustomerRecord],
    profile: ProfileKind | None,
    *,
    now: int,
) -> tuple[rules.Option, ...]:
    """The contacts of these records that may be chosen, if there are any; one look-up in the registry and one
    in our own accounts. Raises ``RegistryDown``."""
    made_up = _someone(identifier)
    on_file = rules.contacts_of(records) or rules.contacts_of((made_up,))
    # Asked always about as many, so that the statements do not tell how many there are.
    missing = _ASKED - len(on_file) % _ASKED
    asked = on_file + tuple(EmailAddress(f"{number}@nobody.invalid") for number in range(missing))
    standings: dict[Contact, Standing] = dict(zip(asked, idp.registry.standings(asked), strict=True))
    indexes = {idp.sealer.contact_index(contact): contact for contact in asked}
    numbers = [record.customer_number for record in records]
    numbers += [""] * (_ASKED - len(numbers))
    with idp.reading() as tx:
        known = claims.of_contacts(tx, tuple(indexes), numbers)
    usernames = {indexes[index]: number for index, number in known.owners.items()}

    def offered(of: Sequence[CustomerRecord]) -> tuple[rules.Option, ...]:
        facts = (standings, usernames, known.registered, idp.settings.registration, now)
        return rules.offered(identifier, of, *facts, profile=profile)

    options = offered(records)
    if not options:
        # Choosing among contacts takes a while, and so does fetching what is known of them, which would tell
        # that there are some.
        CustomerRecord.from_json(made_up.to_json())
        standings.update(dict.fromkeys(rules.contacts_of((made_up,)), Standing(1)))
        offered((made_up,))
    return options


_RECORDS_OF_ONE = 2
"""Records that a customer has at most, but for a rare few."""

_ASKED = 8
"""Contacts, and customers, that are asked about at once; nearly nobody has more."""


def _born_on(record: CustomerRecord, born: date | None) -> bool:
    return born is None or record.birth_date is None or record.birth_date == born


def _why_decoys(idp: Idp, records: Sequence[CustomerRecord], *, now: int) -> Reason:
    if not records:
        return Reason.UNKNOWN_IDENTIFIER
    today = datetime.fromtimestamp(now, UTC).date()
    nobody = [as_nobody(record, idp.settings.registration, today) for record in records]
    return next((reason for reason in nobody if reason is not None), Reason.NOTHING_OFFERED)


def work_as_if_found(idp: Idp, found: Sequence[CustomerRecord]) -> None:
    """Spend on records that were not found what opening them costs; sealing costs the same."""
    for _ in range(_RECORDS_OF_ONE - len(found)):
        made_up = _someone(_SOMEBODYS)
        registry.seal(idp.sealer, made_up)
        CustomerRecord.from_json(made_up.to_json())


def _someone(identifier: Identifier) -> CustomerRecord:
    """A customer who is not there, with as many contacts as most have."""
    return CustomerRecord(
        customer_number="-",
        profile=ProfileKind.PERSON,
        state=RecordState.ACTIVE,
        updated_on=_LONG_AGO,
        given_name="Nessuno",
        family_name="Nessuno",
        tax_code=identifier.tax_code,
        vat_number=identifier.vat_number,
        contacts=(
            RecordContact(EmailAddress("someone@nobody.invalid"), _LONG_AGO),
            RecordContact(MobileNumber("+3900000000000"), _LONG_AGO),
        ),
        policies=(Policy("", "", active=True),) * 2,
        agency=Agency("-", "-", EmailAddress("agency@nobody.invalid")),
    )


_LONG_AGO = date(1900, 1, 1)
_SOMEBODYS = Identifier(TaxCode("00000000000"))
