"""Customers who are not there, and the work that they would have been: so that time does not tell whether
some are (security bar 5.1)."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache

from idp.accounts.records import Agency, CustomerRecord, Policy, RecordContact
from idp.flows.idp import Idp
from idp.store import registry
from idp.store.registry import SealedRecord
from idp.store.sealing import Sealer
from idp.values import EmailAddress, Identifier, MobileNumber, ProfileKind, RecordState, TaxCode

_RECORDS_OF_ONE = 2
"""Records that a customer has at most, but for a rare few: their own, and the one by VAT number."""

LONG_AGO = date(1900, 1, 1)
"""When whatever is made up has happened."""


def someone(identifier: Identifier | None = None) -> CustomerRecord:
    """A customer who is not there, with as many contacts and policies as most have."""
    code = identifier or Identifier(TaxCode("00000000000"))
    return CustomerRecord(
        customer_number="-",
        profile=ProfileKind.PERSON,
        state=RecordState.ACTIVE,
        updated_on=LONG_AGO,
        given_name="Nessuno",
        family_name="Nessuno",
        tax_code=code.tax_code,
        vat_number=code.vat_number,
        contacts=(
            RecordContact(EmailAddress("someone@nobody.invalid"), LONG_AGO),
            RecordContact(MobileNumber("+3900000000000"), LONG_AGO),
        ),
        policies=(Policy("", "", active=True),) * 2,
        agency=Agency("-", "-", EmailAddress("agency@nobody.invalid")),
    )


def work_as_if_found(
    idp: Idp,
    found: Sequence[CustomerRecord],
    made_up: CustomerRecord,
    further: Callable[[CustomerRecord], object],
) -> None:
    """Spend on records that were not found what opening them costs, and ``further`` what is done with each
    besides."""
    for _ in range(_RECORDS_OF_ONE - len(found)):
        open_as_if_found(idp)
        further(made_up)


def open_as_if_found(idp: Idp) -> None:
    """Spend what opening one record costs."""
    registry.opened(idp.sealer, _sealed(idp.sealer))


@lru_cache(maxsize=8)
def _sealed(sealer: Sealer) -> SealedRecord:
    # Sealed once: sealing and opening are alike, but what is made from the record costs as much again.
    made_up = someone()
    return SealedRecord(made_up.customer_number, registry.seal(sealer, made_up))
