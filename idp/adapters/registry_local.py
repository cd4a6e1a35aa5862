"""The agency registry in our own tables, filled by ``idp registry import``."""

from collections.abc import Sequence

from idp.accounts import nobody
from idp.accounts.records import CustomerRecord
from idp.accounts.registry import RECORDS_OF_ONE, Standing
from idp.store import registry as store
from idp.store.database import Database, Tx
from idp.store.registry import SealedRecord
from idp.store.sealing import Sealer
from idp.values import Contact, Identifier


class LocalRegistry:
    """Answers from the imported records, by the same statements whatever is found.

    In the place of records that are not there others are fetched and opened, which is what finding costs:
    real ones, so that they weigh as much and are as rarely at hand (security bar 5.1). Nothing looks at them.

    It stands in the service's own database: ``DatabaseDown`` is raised where others raise ``RegistryDown``.
    """

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer
        someone = nobody.someone()
        self._nobody = SealedRecord(someone.customer_number, store.seal(sealer, someone))

    def by_contact(self, contact: Contact) -> tuple[CustomerRecord, ...]:
        """The records on which a contact stands."""
        index = self._sealer.contact_index(contact)
        with self._database.reading() as tx:
            found = store.records_by_contact(tx, index)
            others = self._others(tx, index, RECORDS_OF_ONE - len(found))
        return self._opened(found, others)

    def by_identifier(self, identifier: Identifier) -> tuple[CustomerRecord, ...]:
        """The records with this tax code or this VAT number; eleven digits may be either."""
        tax_code, vat_number = identifier.tax_code, identifier.vat_number
        tax_index = None if tax_code is None else self._sealer.tax_index(tax_code)
        vat_index = None if vat_number is None else self._sealer.vat_index(vat_number)
        with self._database.reading() as tx:
            found = store.records_by_identifier(tx, tax_index, vat_index)
            others = self._others(tx, tax_index or vat_index or b"", RECORDS_OF_ONE - len(found))
        return self._opened(found, others)

    def by_customer_number(self, number: str) -> CustomerRecord | None:
        """The record of this customer."""
        # Numbers lie close together, and what stands in for one that is not there should not.
        index = store.holder_index(self._sealer, number, None, None)
        with self._database.reading() as tx:
            found = store.record_by_customer_number(tx, number)
            others = self._others(tx, index, 0 if found is not None else 1)
        opened = self._opened((found,) if found is not None else (), others)
        return opened[0] if opened else None

    def standings(self, contacts: Sequence[Contact]) -> tuple[Standing, ...]:
        """Whose each of these contacts is, in the order given."""
        indexes = [self._sealer.contact_index(contact) for contact in contacts]
        with self._database.reading() as tx:
            known = store.standings(tx, indexes)
        return tuple(known.get(index, Standing()) for index in indexes)

    def _others(self, tx: Tx, index: bytes, missing: int) -> tuple[SealedRecord, ...]:
        there = store.others(tx, index, at_most=missing)
        # Beyond the last of them, and before the first import, somebody made up.
        return there + (self._nobody,) * (missing - len(there))

    def _opened(
        self, found: Sequence[SealedRecord], others: Sequence[SealedRecord]
    ) -> tuple[CustomerRecord, ...]:
        opened = [store.opened(self._sealer, sealed) for sealed in (*found, *others)]
        return tuple(opened[: len(found)])
