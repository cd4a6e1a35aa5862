"""The agency registry in our own tables, filled by ``idp registry import``."""

from collections.abc import Sequence

from idp.accounts.records import CustomerRecord
from idp.accounts.registry import Standing
from idp.store import registry as store
from idp.store.database import Database
from idp.store.sealing import Sealer
from idp.values import Contact, Identifier


class LocalRegistry:
    """Answers from the imported records; one statement for each question, whatever is found.

    It stands in the service's own database: ``DatabaseDown`` is raised where others raise ``RegistryDown``.
    """

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    def by_contact(self, contact: Contact) -> tuple[CustomerRecord, ...]:
        """The records on which a contact stands."""
        index = self._sealer.contact_index(contact)
        with self._database.reading() as tx:
            found = store.records_by_contact(tx, index)
        return self._opened(found)

    def by_identifier(self, identifier: Identifier) -> tuple[CustomerRecord, ...]:
        """The records with this tax code or this VAT number; eleven digits may be either."""
        tax_code, vat_number = identifier.tax_code, identifier.vat_number
        tax_index = None if tax_code is None else self._sealer.tax_index(tax_code)
        vat_index = None if vat_number is None else self._sealer.vat_index(vat_number)
        with self._database.reading() as tx:
            found = store.records_by_identifier(tx, tax_index, vat_index)
        return self._opened(found)

    def by_customer_number(self, number: str) -> CustomerRecord | None:
        """The record of this customer."""
        with self._database.reading() as tx:
            found = store.record_by_customer_number(tx, number)
        return self._opened((found,))[0] if found is not None else None

    def standings(self, contacts: Sequence[Contact]) -> tuple[Standing, ...]:
        """Whose each of these contacts is, in the order given."""
        indexes = [self._sealer.contact_index(contact) for contact in contacts]
        with self._database.reading() as tx:
            known = store.standings(tx, indexes)
        return tuple(known.get(index, Standing()) for index in indexes)

    def _opened(self, found: Sequence[store.SealedRecord]) -> tuple[CustomerRecord, ...]:
        return tuple(store.opened(self._sealer, sealed) for sealed in found)
