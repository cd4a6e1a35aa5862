"""docs/registry-http.md tells what is really exchanged, and the settings as they are."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idp.accounts.registry import MOST_RECORDS
from idp.accounts.registry_line import COLUMNS
from idp.adapters.registry_http import LONGEST_ANSWER, HttpRegistry
from idp.settings import Registry
from idp.values import Identifier, TaxCode, VatNumber, parse_contact
from tests.parts.registry_service import registry_service
from tests.ports import registry_world as world

PAGE = Path(__file__).parents[2].joinpath("docs/registry-http.md").read_text("utf-8")
BLOCKS = re.findall(r"```(http|json)\n(.*?)\n```", PAGE, flags=re.DOTALL)
TOKEN = "8JbDp2QmX0s7WqTz"


def asked_by(body: dict[str, Any]) -> Callable[[HttpRegistry], Any]:
    """The question of the port that leads to this body."""
    if "contacts" in body:
        contacts = [parse_contact(contact) for contact in body["contacts"]]
        return lambda registry: registry.standings(contacts)
    if "contact" in body:
        return lambda registry: registry.by_contact(parse_contact(body["contact"]))
    if "customer_number" in body:
        return lambda registry: registry.by_customer_number(body["customer_number"])
    tax_code = TaxCode(body["tax_code"]) if "tax_code" in body else None
    vat_number = VatNumber(body["vat_number"]) if "vat_number" in body else None
    return lambda registry: registry.by_identifier(Identifier(tax_code, vat_number))


def test_the_examples_are_what_is_really_exchanged(tmp_path: Path) -> None:
    seen: list[str] = []
    with (
        registry_service(world.files(tmp_path), token=TOKEN) as service,
        world.asking(world.settings_for(f"{service.url}/v1", token=TOKEN)) as registry,
    ):
        for kind, text in BLOCKS:
            if kind == "json" and "at_most" not in text:
                # An answer stands after its question.
                assert json.loads(text) == json.loads(service.calls[-1].answer)
                seen.append("answer")
                continue
            head, _, body = text.rpartition("\n\n")
            asked_by(json.loads(body or text))(registry)
            call = service.calls[-1]
            assert call.body.decode() == (body or text)
            if head:
                wanted = {line.partition(": ")[0]: line.partition(": ")[2] for line in head.split("\n")[1:]}
                assert head.split("\n")[0] == f"POST {call.path} HTTP/1.1"
                sent = dict(call.headers.items())
                assert list(sent) == list(wanted)
                for own in ("Host", "Idp-Call"):
                    assert sent.pop(own)
                    assert wanted.pop(own)
                assert sent == wanted
            seen.append("question")
    assert seen == ["question", "answer", "question", "question", "question", "answer", "question", "answer"]


def test_a_record_on_the_page_has_every_field() -> None:
    (record,) = json.loads(BLOCKS[1][1])["customers"]
    assert set(record) == set(COLUMNS)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        (r"`registry.timeout` \((\d+) s", "timeout"),
        (r"`registry.breaker_failures` failures in a row \((\d+)\)", "breaker_failures"),
        (r"`registry.breaker_seconds` \((\d+)\)", "breaker_seconds"),
        (r"`registry.connections` calls \((\d+)\)", "connections"),
    ],
)
def test_the_defaults_on_the_page_are_the_settings(said: str, field: str) -> None:
    found = re.search(said, PAGE)
    assert found is not None
    assert int(found[1]) == Registry.model_fields[field].default


def test_the_bounds_on_the_page_are_kept() -> None:
    assert f"{LONGEST_ANSWER // 1024} KiB" in PAGE
    assert f'"at_most":{MOST_RECORDS}' in PAGE
    assert set(re.findall(r"`registry\.([a-z_]+)`", PAGE)) <= set(Registry.model_fields)
