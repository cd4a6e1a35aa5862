"""Customers who are not there, on whom is spent what one who is would cost (security bar 5.1)."""

from datetime import date

from idp.accounts.records import Agency, CustomerRecord, Policy, RecordContact
from idp.values import EmailAddress, Identifier, MobileNumber, ProfileKind, RecordState, TaxCode

LONG_AGO = date(1900, 1, 1)
"""When whatever is made up has happened."""

_BORN = "NSSNSS00A01H501L"


def someone(identifier: Identifier | None = None) -> CustomerRecord:
    """A customer who is not there, with as much on file as most have."""
    code = identifier or Identifier(TaxCode(_BORN))
    return CustomerRecord(
        customer_number="-",
        profile=ProfileKind.PERSON,
        state=RecordState.ACTIVE,
        updated_on=LONG_AGO,
        given_name="Nessuno",
        family_name="Nessuno",
        tax_code=code.tax_code,
        vat_number=code.vat_number,
        birth_date=LONG_AGO,
        contacts=(
            RecordContact(EmailAddress("someone@nobody.invalid"), LONG_AGO),
            RecordContact(MobileNumber("+3900000000000"), LONG_AGO),
        ),
        policies=(Policy("", "", active=True),) * 2,
        agency=Agency("-", "-", EmailAddress("agency@nobody.invalid")),
    )
