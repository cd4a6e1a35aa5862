"""Which contacts are shown to whoever types a tax code or a VAT number (journeys C3 and H).

Everybody gets a list: of a known customer their own contacts, of an unknown one, and of a known one with
nothing to offer, decoys. The same code gives the same list in the same order, to registration and recovery,
whoever asks from wherever, and costs the same statements and the same work (security bar 5.1).
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

from idp.accounts import nobody
from idp.accounts import offers as rules
from idp.accounts.audit import Event
from idp.accounts.lockout import Throttled as Braked
from idp.accounts.matching import Reason, as_nobody, bears
from idp.accounts.offers import Candidate, Offer, Option
from idp.accounts.records import CustomerRecord
from idp.accounts.registry import RECORDS_OF_ONE, Standing
from idp.flows import throttle
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.flows.proving import Limited
from idp.store import audit, claims
from idp.values import (
    Contact,
    EmailAddress,
    Identifier,
    ProfileKind,
)


def offer(
    idp: Idp,
    identifier: Identifier,
    *,
    browser: Browser,
    now: int,
    profile: ProfileKind | None = None,
    born: date | None = None,
) -> Offer | Limited:
    """The contacts to show for an identifier; its handles are new each time, the list is not.

    It is counted by browser and by source. ``profile`` says which of one person's two records is wanted where
    both have a contact. With ``born``, a record of somebody born on another day counts as unknown. Raises
    ``RegistryDown``.
    """
    brakes = throttle.identify_brakes(idp, browser.name, browser.source)
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
                    source=throttle.pseudonym_of_source(idp, browser.source),
                    details={"brake": decision.by},
                )
        return Limited(decision.retry_after)
    found = idp.registry.by_identifier(identifier)
    made_up = (nobody.someone(identifier),) * (RECORDS_OF_ONE - len(found))
    meant = [bears(record, identifier) and _born_on(record, born) for record in (*found, *made_up)]
    records = tuple(record for record, is_it in zip(found, meant, strict=False) if is_it)
    genuine = own(idp, identifier, records, profile, now=now)
    # Drawn for everybody; of several secrets the first there was, so that a new one changes no list.
    decoys = rules.decoys(identifier, idp.keyring.symmetric("decoys")[-1].secret)
    options = shown(idp, genuine or decoys)
    return Offer(identifier, options, None if genuine else _why_decoys(idp, records, now=now))


def shown(idp: Idp, candidates: Iterable[Candidate]) -> tuple[Option, ...]:
    """These contacts, each under a handle of this offer."""
    return tuple(Option(idp.entropy.identifier(), one.contact, one.customer_number) for one in candidates)


def own(
    idp: Idp,
    identifier: Identifier,
    records: Sequence[CustomerRecord],
    profile: ProfileKind | None,
    *,
    now: int,
) -> tuple[Candidate, ...]:
    """The contacts of these records that may be chosen, if there are any; one look-up in the registry and one
    in our own accounts. Raises ``RegistryDown``."""
    made_up = nobody.someone(identifier)
    on_file = rules.contacts_of(records) or rules.contacts_of((made_up,))
    # Asked always about as many, so that the statements do not tell how many there are.
    missing = claims.ASKED - len(on_file) % claims.ASKED
    asked = on_file + tuple(EmailAddress(f"{number}@nobody.invalid") for number in range(missing))
    standings: dict[Contact, Standing] = dict(zip(asked, idp.registry.standings(asked), strict=True))
    indexes = {idp.sealer.contact_index(contact): contact for contact in asked}
    numbers = claims.as_always(record.customer_number for record in records)
    with idp.reading() as tx:
        known = claims.of_contacts(tx, tuple(indexes), numbers)
    usernames = {indexes[index]: number for index, number in known.owners.items()}

    facts = (standings, usernames, known.registered, idp.settings.registration, now)
    # Choosing among contacts takes a while, which would tell that there are some.
    options = rules.offered(identifier, records or (made_up,), *facts, profile=profile)
    return options if records else ()


def _born_on(record: CustomerRecord, born: date | None) -> bool:
    return born is None or record.birth_date is None or record.birth_date == born


def _why_decoys(idp: Idp, records: Sequence[CustomerRecord], *, now: int) -> Reason:
    if not records:
        return Reason.UNKNOWN_IDENTIFIER
    today = datetime.fromtimestamp(now, UTC).date()
    nobody = [as_nobody(record, idp.settings.registration, today) for record in records]
    return next((reason for reason in nobody if reason is not None), Reason.NOTHING_OFFERED)
