"""A stranger owns a mailbox that looks like a customer's to a computer: it stays another mailbox.

``ß`` and ``ss``, ``ς`` and ``σ`` are different letters of a domain name (IDNA 2008, RFC 5894 §3.1.3), and
anybody may buy the other domain. Were they one contact to us, the code would go to the other domain.
"""

import csv
from importlib import resources
from pathlib import Path

import pytest

from idp.adapters.registry_file import RegistryFile
from idp.flows.registry import importing
from idp.flows.registry.importing import Imported
from idp.values import EmailAddress
from tests.service.in_process import PASSWORD, InProcess

PAIRS = (
    ("paolo@straße.example", "paolo@strasse.example"),
    ("paolo@βόλος.example", "paolo@βόλοσ.example"),
    ("paolo.weiß@posta.example", "paolo.weiss@posta.example"),
    ("paolo.roſſi@posta.example", "paolo.rossi@posta.example"),
    ("ﬁore@posta.example", "fiore@posta.example"),
)


@pytest.mark.parametrize(("theirs", "lookalike"), PAIRS)
def test_two_mailboxes_are_never_one_contact(theirs: str, lookalike: str) -> None:
    assert EmailAddress.parse(theirs) != EmailAddress.parse(lookalike)
    assert EmailAddress.parse(theirs.upper().replace("SS", "ß")).text.count("@") == 1


@pytest.mark.parametrize("case", [str.lower, str.upper, str.title])
def test_case_still_folds(case: type[str]) -> None:
    assert EmailAddress.parse(case("maria.rossi@posta.example")).text == "maria.rossi@posta.example"


@pytest.mark.parametrize(("theirs", "lookalike"), PAIRS[:3])
def test_no_code_goes_to_the_lookalike(
    service: InProcess, tmp_path: Path, theirs: str, lookalike: str
) -> None:
    with resources.files("idp").joinpath("demo/customers.csv").open(encoding="utf-8") as file:
        rows = {row["customer_number"]: row for row in csv.DictReader(file)}
    changed = tmp_path / "changed.csv"
    with changed.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows["C100002"])
        writer.writeheader()
        writer.writerow({**rows["C100002"], "emails": theirs})
    outcome = importing.import_file(service.idp, RegistryFile(changed), now=service.clock.now())
    assert isinstance(outcome, Imported)
    for typed in (lookalike, theirs):
        visitor = service.visitor()
        visitor.get("/register")
        visitor.press(profile="person")
        visitor.press(given_name="Giovanni", family_name="Bianchi", username=typed, accept_terms="yes")
        visitor.press(new_password=PASSWORD)
        assert visitor.page == "register-verify"
    assert {message["to"] for message in service.post()} == {theirs}
