"""One line of a registry file: from the cells of a CSV row to a customer record, or to all that is wrong.

The columns and their syntax are the file format's (``docs/registry.md``). Faults name the column and a stable
code; they never repeat what the cell held, since faults reach terminals, logs and tickets.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TypeVar

from idp.accounts.records import Agency, CustomerRecord, Policy, RecordContact
from idp.values import (
    Contact,
    EmailAddress,
    Malformed,
    MobileNumber,
    ProfileKind,
    RecordState,
    TaxCode,
    VatNumber,
)

COLUMNS = (
    "customer_number",
    "profile",
    "state",
    "given_name",
    "family_name",
    "company_name",
    "tax_code",
    "vat_number",
    "birth_date",
    "emails",
    "mobiles",
    "policies",
    "agency_name",
    "agency_phone",
    "agency_email",
    "updated_on",
)

Cells = Mapping[str, str]

_MEANINGS = {
    "missing": "must not be empty",
    "too_long": "is too long",
    "control_character": "holds a control character",
    "invalid_customer_number": "may have letters, digits, dot, hyphen, slash and underscore, 64 at most",
    "unknown_profile": "is not person, professional or company",
    "unknown_state": "is not active, ended or deceased",
    "invalid_tax_code": "is no codice fiscale: its form or its check character is wrong",
    "invalid_vat_number": "is no partita IVA: its form or its check digit is wrong",
    "invalid_date": "is no date of the form YYYY-MM-DD",
    "impossible_date": "is before 1850 or after the day the line was updated",
    "invalid_email": "holds something that is no email address",
    "invalid_mobile": "holds something that is no telephone number",
    "invalid_policy": "holds something that is not NUMBER:PRODUCT:active|inactive[:collective]",
    "not_mobile": "holds a number that is no mobile: it is left out and never offered",
    "duplicate_contact": "holds a contact twice: the newer date counts",
    "duplicate_policy": "holds a policy twice",
    "birth_date_differs": "is not the date in the codice fiscale",
    "no_tax_code": "is empty: this customer cannot be found by it",
    "duplicate_customer": "stands on an earlier line too",
    "too_few_cells": "the line has fewer cells than the header",
    "too_many_cells": "the line has more cells than the header",
    "not_utf8": "the line is not UTF-8",
    "not_csv": "the file is no CSV from here on",
    "empty_file": "the file is empty",
    "empty_snapshot": "the file names no customer: as a snapshot it would end everybody",
    "wrong_separator": "the cells are to be separated by commas",
    "missing_column": "this column is missing from the header",
    "unknown_column": "the header holds a column that is not known",
    "duplicate_column": "the header holds this column twice",
}


@dataclass(frozen=True, slots=True)
class LineFault:
    """Something wrong in one line, numbered as an editor does (the header is 1); a ``warning`` may pass."""

    line: int
    column: str | None
    code: str
    detail: str = ""
    warning: bool = False

    def __str__(self) -> str:
        where = f"line {self.line}" + (f", {self.column}" if self.column else "")
        return f"{where}: {_MEANINGS[self.code]}" + (f" ({self.detail})" if self.detail else "")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a line says: a record, unless one of the faults is more than a warning."""

    record: CustomerRecord | None
    faults: tuple[LineFault, ...]


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line as its source gave it: cells by column, None where it could not be cut into them.

    ``read``: octets of the source up to its end. ``fatal``: nothing can be read after it.
    """

    line: int
    cells: Cells | None
    read: int
    faults: tuple[LineFault, ...] = ()
    fatal: bool = False


def read_line(line: int, cells: Cells) -> Reading:
    """Read the cells of one line; ``cells`` has every column."""
    return _Reader(line, cells).read()


def customer_number_of(cells: Cells) -> str | None:
    """The customer number of a line that may be faulty elsewhere; None when that itself is."""
    number = cells.get("customer_number", "").strip()
    return number if _CUSTOMER_NUMBER.fullmatch(number) else None


_Value = TypeVar("_Value")
_CUSTOMER_NUMBER = re.compile(r"[A-Za-z0-9._/-]{1,64}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_EARLIEST = date(1850, 1, 1)
_LONGEST_TEXT = 200
_MONTHS = "ABCDEHLMPRST"


@lru_cache(maxsize=4096)
def _agency_email(text: str) -> EmailAddress:
    # It stands on every line of the agency's customers.
    return EmailAddress.parse(text)


class _Reader:
    """Reads one line and gathers its faults on the way."""

    def __init__(self, line: int, cells: Cells) -> None:
        self._line = line
        self._cells = cells
        self._faults: list[LineFault] = []

    def read(self) -> Reading:
        number = self._customer_number()
        profile = self._choice("profile", ProfileKind, "unknown_profile")
        state = self._choice("state", RecordState, "unknown_state")
        updated_on = self._date("updated_on", required=True)
        given_name, family_name, company_name = self._names(profile)
        tax_code = self._parsed("tax_code", TaxCode.parse)
        vat_number = self._vat_number(profile)
        birth_date = self._birth_date(updated_on, tax_code)
        contacts = self._contacts(updated_on or _EARLIEST)
        policies = self._policies()
        agency = self._agency()
        if not self._cells["tax_code"].strip():
            self._note("tax_code", "no_tax_code", warning=True)
        faults = tuple(self._faults)
        if number is None or profile is None or state is None or updated_on is None:
            return Reading(None, faults)
        if not all(fault.warning for fault in faults):
            return Reading(None, faults)
        record = CustomerRecord(
            customer_number=number,
            profile=profile,
            state=state,
            updated_on=updated_on,
            given_name=given_name,
            family_name=family_name,
            company_name=company_name,
            tax_code=tax_code,
            vat_number=vat_number,
            birth_date=birth_date,
            contacts=contacts,
            policies=policies,
            agency=agency,
        )
        return Reading(record, faults)

    def _note(self, column: str, code: str, detail: str = "", *, warning: bool = False) -> None:
        self._faults.append(LineFault(self._line, column, code, detail, warning))

    def _text(self, column: str, *, required: bool = False) -> str:
        text = self._cells[column].strip()
        if not text and required:
            self._note(column, "missing")
        if _CONTROL.search(text):
            self._note(column, "control_character")
        return text

    def _name(self, column: str, *, required: bool = False) -> str:
        name = self._text(column, required=required)
        if len(name) > _LONGEST_TEXT:
            self._note(column, "too_long", f"{_LONGEST_TEXT} characters at most")
        return name

    def _customer_number(self) -> str | None:
        number = self._text("customer_number", required=True)
        if number and not _CUSTOMER_NUMBER.fullmatch(number):
            self._note("customer_number", "invalid_customer_number")
            return None
        return number or None

    def _choice(self, column: str, kind: Callable[[str], _Value], code: str) -> _Value | None:
        text = self._text(column, required=True)
        try:
            return kind(text) if text else None
        except ValueError:
            self._note(column, code)
            return None

    def _parsed(self, column: str, parse: Callable[[str], _Value]) -> _Value | None:
        text = self._text(column)
        try:
            return parse(text) if text else None
        except Malformed as fault:
            self._note(column, fault.reason)
            return None

    def _names(self, profile: ProfileKind | None) -> tuple[str, str, str]:
        people = profile in (ProfileKind.PERSON, ProfileKind.PROFESSIONAL)
        return (
            self._name("given_name", required=people),
            self._name("family_name", required=people),
            self._name("company_name", required=profile is ProfileKind.COMPANY),
        )

    def _vat_number(self, profile: ProfileKind | None) -> VatNumber | None:
        number = self._parsed("vat_number", VatNumber.parse)
        business = profile in (ProfileKind.PROFESSIONAL, ProfileKind.COMPANY)
        if business and not self._cells["vat_number"].strip():
            self._note("vat_number", "missing")
        return number

    def _date(self, column: str, *, required: bool = False) -> date | None:
        text = self._text(column, required=required)
        return self._as_date(column, text) if text else None

    def _as_date(self, column: str, text: str, detail: str = "") -> date | None:
        try:
            if not _DATE.fullmatch(text):
                raise ValueError
            return date.fromisoformat(text)
        except ValueError:
            self._note(column, "invalid_date", detail)
            return None

    def _birth_date(self, updated_on: date | None, tax_code: TaxCode | None) -> date | None:
        born = self._date("birth_date")
        if born is None:
            return None
        if born < _EARLIEST or (updated_on is not None and born > updated_on):
            self._note("birth_date", "impossible_date")
        if tax_code is not None and len(tax_code.text) == 16:
            plain = tax_code.plain
            told = (int(plain[6:8]), _MONTHS.index(plain[8]) + 1, int(plain[9:11]) % 40)
            if told != (born.year % 100, born.month, born.day):
                self._note("birth_date", "birth_date_differs", warning=True)
        return born

    def _contacts(self, updated_on: date) -> tuple[RecordContact, ...]:
        newest: dict[Contact, date] = {}
        for column, parse in (("emails", EmailAddress.parse), ("mobiles", MobileNumber.parse)):
            cell = self._text(column)
            for place, item in enumerate(cell.split("|") if cell else (), start=1):
                text, _, changed = item.strip().partition(";")
                changed_on = (
                    self._as_date(column, changed.strip(), f"number {place}") if changed else updated_on
                )
                contact = self._contact(column, parse, text, place)
                if contact is None or changed_on is None:
                    continue
                if contact in newest:
                    self._note(column, "duplicate_contact", f"number {place}", warning=True)
                newest[contact] = max(changed_on, newest.get(contact, changed_on))
        return tuple(RecordContact(contact, changed_on) for contact, changed_on in newest.items())

    def _contact(self, column: str, parse: Callable[[str], Contact], text: str, place: int) -> Contact | None:
        try:
            return parse(text)
        except Malformed as fault:
            # A landline cannot take a code: the customer is told of the other contacts only.
            self._note(column, fault.reason, f"number {place}", warning=fault.reason == "not_mobile")
            return None

    def _policies(self) -> tuple[Policy, ...]:
        cell = self._text("policies")
        found: dict[str, Policy] = {}
        for place, item in enumerate(cell.split("/") if cell else (), start=1):
            parts = [part.strip() for part in item.split(":")]
            collective = len(parts) == 4 and parts[3] == "collective"
            if (
                not (len(parts) == 3 or collective)
                or not parts[0]
                or not parts[1]
                or parts[2] not in ("active", "inactive")
                or len(item) > _LONGEST_TEXT
            ):
                self._note("policies", "invalid_policy", f"number {place}")
                continue
            if parts[0] in found:
                self._note("policies", "duplicate_policy", f"number {place}")
                continue
            found[parts[0]] = Policy(parts[0], parts[1], parts[2] == "active", collective)
        return tuple(found.values())

    def _agency(self) -> Agency:
        phone = self._text("agency_phone")
        if len(phone) > 40:
            self._note("agency_phone", "too_long", "40 characters at most")
        return Agency(self._name("agency_name"), phone, self._parsed("agency_email", _agency_email))
