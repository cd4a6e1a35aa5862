"""A registry service's answer is read strictly: each field is right or the whole answer is refused."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.records import Policy
from idp.accounts.registry import MOST_RECORDS
from idp.accounts.registry_line import COLUMNS
from idp.adapters.registry_answer import UnreadableAnswer, UnreadableRecord, customers, standings

MARIA: dict[str, Any] = {
    "customer_number": "C100001",
    "profile": "person",
    "state": "active",
    "given_name": "Maria",
    "family_name": "Rossi",
    "company_name": None,
    "tax_code": "RSSMRA80D52H501K",
    "vat_number": None,
    "birth_date": "1980-04-12",
    "emails": [{"contact": "maria.rossi@posta.example", "changed_on": None}],
    "mobiles": [{"contact": "+393331234501", "changed_on": "2023-05-06"}],
    "policies": [{"number": "2024/1:7", "product": "Auto", "active": True, "collective": False}],
    "agency_name": "Agenzia Roma Prati",
    "agency_phone": "+39 06 5550 0101",
    "agency_email": "roma.prati@agenzie.example",
    "updated_on": "2024-03-01",
}


def answer(*records: Any) -> bytes:
    """An answer with these records."""
    return json.dumps({"customers": list(records)}).encode()


def changed(path: str, value: Any) -> dict[str, Any]:
    """Maria's record with another value at a path such as ``emails.0.contact``."""
    record = copy.deepcopy(MARIA)
    *steps, last = path.split(".")
    at: Any = record
    for step in steps:
        at = at[int(step)] if step.isdigit() else at[step]
    at[last] = value
    return record


def test_a_right_record_is_read_whole() -> None:
    (record,) = customers(answer(MARIA))
    assert record.customer_number == "C100001"
    assert (record.given_name, record.family_name, record.company_name) == ("Maria", "Rossi", "")
    assert [(c.contact.text, c.changed_on.isoformat()) for c in record.contacts] == [
        ("maria.rossi@posta.example", "2024-03-01"),
        ("+393331234501", "2023-05-06"),
    ]
    # Slashes and colons, which a file could not tell from its separators.
    assert record.policies == (Policy("2024/1:7", "Auto", active=True),)
    assert record.agency.email is not None
    assert record.agency.email.text == "roma.prati@agenzie.example"


def test_null_and_an_empty_text_are_the_same() -> None:
    names = [name for name, value in MARIA.items() if value is None]
    assert customers(answer({**MARIA, **dict.fromkeys(names, "")})) == customers(answer(MARIA))


def test_a_landline_among_the_mobiles_is_left_out_as_in_a_file() -> None:
    (record,) = customers(answer(changed("mobiles.0.contact", "06 5550 0101")))
    assert [c.contact.text for c in record.contacts] == ["maria.rossi@posta.example"]


@pytest.mark.parametrize(
    ("path", "value", "code", "where"),
    [
        ("customer_number", "", "missing", "customer_number"),
        ("customer_number", "C 1", "invalid_customer_number", "customer_number"),
        ("customer_number", 100001, "not_a_text", "customer_number"),
        ("profile", "human", "unknown_profile", "profile"),
        ("state", None, "missing", "state"),
        ("given_name", None, "missing", "given_name"),
        ("given_name", "Ma\u0000ria", "control_character", "given_name"),
        ("given_name", "Ma\ud800ria", "not_unicode", "given_name"),
        ("family_name", "R" * 201, "too_long", "family_name"),
        ("family_name", ["Rossi"], "not_a_text", "family_name"),
        ("tax_code", "RSSMRA80D52H501X", "invalid_tax_code", "tax_code"),
        ("vat_number", "12345678901", "invalid_vat_number", "vat_number"),
        ("birth_date", "1980-13-12", "invalid_date", "birth_date"),
        ("birth_date", "2025-01-01", "impossible_date", "birth_date"),
        ("updated_on", None, "missing", "updated_on"),
        ("emails", None, "not_a_list", "emails"),
        ("emails", "maria.rossi@posta.example", "not_a_list", "emails"),
        ("emails", ["maria.rossi@posta.example"], "not_an_object", "emails"),
        ("emails", [{"contact": "a@posta.example", "changed_on": None}] * 65, "too_many", "emails"),
        ("emails.0.contact", "maria.rossi", "invalid_email", "emails"),
        ("emails.0.contact", None, "invalid_contact", "emails"),
        ("emails.0.contact", "a@posta.example|b@posta.example", "invalid_contact", "emails"),
        ("emails.0.contact", "a@posta.example;2024-01-01", "invalid_contact", "emails"),
        ("emails.0.changed_on", "2024-01-01|b@posta.example", "invalid_contact", "emails"),
        ("emails.0.changed_on", "01/01/2024", "invalid_date", "emails"),
        ("emails.0.changed_on", 20240101, "not_a_text", "emails"),
        ("emails.0.verified", True, "unknown_field", "emails"),
        ("mobiles.0.contact", "+39 333", "invalid_mobile", "mobiles"),
        ("policies.0.number", "", "invalid_policy", "policies"),
        ("policies.0.product", " ", "invalid_policy", "policies"),
        ("policies.0.number", "1\n2", "invalid_policy", "policies"),
        ("policies.0.active", "false", "not_true_or_false", "policies"),
        ("policies.0.active", 1, "not_true_or_false", "policies"),
        ("policies.0.collective", None, "not_true_or_false", "policies"),
        ("policies", [MARIA["policies"][0]] * 2, "duplicate_policy", "policies"),
        ("agency_email", "agenzia", "invalid_email", "agency_email"),
        ("phone", "+393331234501", "unknown_field", ""),
    ],
)
def test_a_field_that_is_wrong_refuses_the_answer(path: str, value: Any, code: str, where: str) -> None:
    with pytest.raises(UnreadableRecord) as refused:
        customers(answer({**MARIA, "customer_number": "C1"}, changed(path, value)))
    assert refused.value.code == code
    assert refused.value.where == f"customers[1].{where}".rstrip(".")


@pytest.mark.parametrize("column", COLUMNS)
def test_a_field_that_is_missing_refuses_the_answer(column: str) -> None:
    record = {name: value for name, value in MARIA.items() if name != column}
    with pytest.raises(UnreadableRecord) as refused:
        customers(answer(record))
    assert refused.value.where == f"customers[0].{column}"


def test_a_customer_stands_once_and_in_order() -> None:
    numbers = ["C3", "C1", "C2"]
    records = [{**MARIA, "customer_number": number} for number in numbers]
    assert [record.customer_number for record in customers(answer(*records))] == ["C1", "C2", "C3"]
    with pytest.raises(UnreadableRecord):
        customers(answer(MARIA, MARIA))


def test_no_more_records_are_taken_than_were_asked_for() -> None:
    records = [{**MARIA, "customer_number": f"C{number}"} for number in range(MOST_RECORDS + 1)]
    assert len(customers(answer(*records[:-1]))) == MOST_RECORDS
    with pytest.raises(UnreadableRecord):
        customers(answer(*records))


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PATHS = (
    *COLUMNS,
    *(f"{kind}.0.{name}" for kind in ("emails", "mobiles") for name in ("contact", "changed_on")),
    *(f"policies.0.{name}" for name in ("number", "product", "active", "collective")),
)


@given(path=st.sampled_from(PATHS), value=JUNK)
def test_whatever_stands_in_a_field_it_is_read_or_refused(path: str, value: Any) -> None:
    try:
        (record,) = customers(answer(changed(path, value)))
    except UnreadableAnswer:
        return
    # What was taken can be stored and read again: it holds nothing that only looks like a value.
    assert type(record).from_json(json.loads(json.dumps(record.to_json()).encode())) == record


@given(body=st.binary(max_size=60) | JUNK.map(lambda value: json.dumps(value).encode()))
def test_no_answer_breaks_the_reader(body: bytes) -> None:
    for read in (customers, lambda answered: standings(answered, 1)):
        with pytest.raises(UnreadableAnswer):
            read(body)
