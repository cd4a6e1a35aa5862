"""What the insurer's registry service answered (docs/registry-http.md): read whole and strictly, or refused.

Each record passes the very checks of a line of an imported file, so that neither way lets in what the other
would not. A fault tells a place and a code and never repeats what stood there.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from idp.accounts.records import CustomerRecord, Policy
from idp.accounts.registry import MOST_RECORDS, Standing
from idp.accounts.registry_line import COLUMNS, read_line

_LISTS = ("emails", "mobiles", "policies")
_TEXTS = tuple(name for name in COLUMNS if name not in _LISTS)
_LONGEST_LIST = 64
_LONGEST_TEXT = 400
_MOST_HOLDERS = 10**9


class UnreadableAnswer(Exception):
    """The answer is not one of ours to read. ``code`` and ``where`` say what is wrong, not with what."""

    def __init__(self, code: str, where: str = "") -> None:
        super().__init__(f"{where}: {code}" if where else code)
        self.code = code
        self.where = where


class UnreadableRecord(UnreadableAnswer):
    """The service speaks as agreed; what it told this once cannot be taken."""


def customers(body: bytes) -> tuple[CustomerRecord, ...]:
    """The records of an answer, in the order of their customer numbers.

    Raises ``UnreadableAnswer``, and of its kind ``UnreadableRecord``.
    """
    given = _list(_only(_parsed(body), "customers"), "customers")
    if len(given) > MOST_RECORDS:
        raise UnreadableRecord("too_many", "customers")
    records = [_record(one, f"customers[{place}]") for place, one in enumerate(given)]
    if len({record.customer_number for record in records}) != len(records):
        raise UnreadableRecord("duplicate_customer", "customers")
    return tuple(sorted(records, key=lambda record: record.customer_number))


def standings(body: bytes, count: int) -> tuple[Standing, ...]:
    """As many standings as there were contacts; raises ``UnreadableAnswer``."""
    given = _list(_only(_parsed(body), "standings"), "standings")
    if len(given) != count:
        raise UnreadableAnswer("not_as_many_as_asked", "standings")
    return tuple(_standing(one, f"standings[{place}]") for place, one in enumerate(given))


def pretend(times: int) -> None:
    """Spend what reading that many records costs, so that time does not tell whether there were any."""
    for _ in range(times):
        _record(_NOBODY, "nobody")


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_once_each, parse_constant=_no_constant)
    except UnreadableAnswer:
        raise
    except (ValueError, RecursionError):
        # Without its cause: the message of the parser may quote the text.
        raise UnreadableAnswer("not_json") from None


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UnreadableAnswer("duplicate_field")
    return found


def _no_constant(_name: str) -> Any:
    raise UnreadableAnswer("not_json")


def _only(given: Any, name: str) -> Any:
    if not isinstance(given, dict) or set(given) != {name}:
        raise UnreadableAnswer("not_an_object_with_just_this_field", name)
    return given[name]


def _list(given: Any, where: str) -> list[Any]:
    if not isinstance(given, list):
        raise UnreadableAnswer("not_a_list", where)
    return given


def _standing(given: Any, where: str) -> Standing:
    fields = _fields(given, where, ("holders", "of_agency"), kind=UnreadableAnswer)
    holders, of_agency = fields["holders"], fields["of_agency"]
    if type(holders) is not int or not 0 <= holders <= _MOST_HOLDERS:
        raise UnreadableAnswer("not_a_count", f"{where}.holders")
    if type(of_agency) is not bool:
        raise UnreadableAnswer("not_true_or_false", f"{where}.of_agency")
    return Standing(holders, of_agency)


def _record(given: Any, where: str) -> CustomerRecord:
    fields = _fields(given, where, COLUMNS)
    cells = {name: _text(fields[name], f"{where}.{name}") for name in _TEXTS}
    for name in ("emails", "mobiles"):
        items = _items(fields[name], f"{where}.{name}", ("contact", "changed_on"))
        cells[name] = "|".join(_contact(item, f"{where}.{name}") for item in items)
    # Numbers of policies hold slashes and colons elsewhere, which separate them in a file.
    policies = _policies(fields["policies"], f"{where}.policies")
    reading = read_line(0, {**cells, "policies": ""})
    if reading.record is None:
        fault = next(fault for fault in reading.faults if not fault.warning)
        raise UnreadableRecord(fault.code, f"{where}.{fault.column}")
    return replace(reading.record, policies=policies)


def _contact(item: Mapping[str, Any], where: str) -> str:
    text, changed_on = _text(item["contact"], where), _text(item["changed_on"], where)
    if not text.strip() or any(mark in text + changed_on for mark in "|;"):
        raise UnreadableRecord("invalid_contact", where)
    return f"{text};{changed_on}" if changed_on else text


def _policies(given: Any, where: str) -> tuple[Policy, ...]:
    found: dict[str, Policy] = {}
    for item in _items(given, where, ("number", "product", "active", "collective")):
        number, product = _text(item["number"], where).strip(), _text(item["product"], where).strip()
        active, collective = item["active"], item["collective"]
        if not number or not product or not (number + product).isprintable():
            raise UnreadableRecord("invalid_policy", where)
        if type(active) is not bool or type(collective) is not bool:
            raise UnreadableRecord("not_true_or_false", where)
        if number in found:
            raise UnreadableRecord("duplicate_policy", where)
        found[number] = Policy(number, product, active, collective)
    return tuple(found.values())


def _items(given: Any, where: str, names: tuple[str, ...]) -> list[dict[str, Any]]:
    if not isinstance(given, list):
        raise UnreadableRecord("not_a_list", where)
    if len(given) > _LONGEST_LIST:
        raise UnreadableRecord("too_many", where)
    return [_fields(item, where, names) for item in given]


def _fields(
    given: Any,
    where: str,
    names: tuple[str, ...],
    *,
    kind: Callable[[str, str], UnreadableAnswer] = UnreadableRecord,
) -> dict[str, Any]:
    """The fields of an object that has all of these and no other: a misspelt one must not be lost."""
    if not isinstance(given, dict):
        raise kind("not_an_object", where)
    missing = next((name for name in names if name not in given), None)
    if missing is not None:
        raise kind("missing_field", f"{where}.{missing}")
    if len(given) != len(names):
        raise kind("unknown_field", where)
    return given


def _text(given: Any, where: str) -> str:
    """A text; null stands for an empty one."""
    if given is None:
        return ""
    if not isinstance(given, str):
        raise UnreadableRecord("not_a_text", where)
    if len(given) > _LONGEST_TEXT:
        raise UnreadableRecord("too_long", where)
    # Half of a surrogate pair can be written in JSON and nowhere else.
    if any("\ud800" <= character <= "\udfff" for character in given):
        raise UnreadableRecord("not_unicode", where)
    return given


_NOBODY: Mapping[str, Any] = {
    **dict.fromkeys(_TEXTS, ""),
    "customer_number": "0",
    "profile": "person",
    "state": "active",
    "given_name": "-",
    "family_name": "-",
    "tax_code": "RSSMRA80A01H501U",
    "birth_date": "1980-01-01",
    "emails": [{"contact": "nobody@customers.example", "changed_on": "2000-01-01"}],
    "mobiles": [{"contact": "+393331234567", "changed_on": "2000-01-01"}],
    "policies": [{"number": "0", "product": "-", "active": True, "collective": False}],
    "agency_name": "-",
    "agency_phone": "+390655500101",
    "agency_email": "agency@agencies.example",
    "updated_on": "2000-01-01",
}
