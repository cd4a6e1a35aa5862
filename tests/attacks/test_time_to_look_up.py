"""A stranger takes the time of a registration's answer: a customer's contact must cost what another does.

The clock of one test run tells too little, so the work is counted: what is sealed, opened and judged.
"""

from collections import Counter
from typing import Any

import pytest

from idp.accounts.matching import PersonRegistrant
from idp.flows import nobody
from idp.store.sealing import Sealer
from tests.service.in_process import InProcess

KNOWN = (
    ("Giovanni", "Bianchi", "giovanni.bianchi@posta.example"),
    ("Luca", "Verdi", "+393471234502"),
    ("Gaspare", "Verdi", "+393471234502"),
)
UNKNOWN = (
    ("Giovanni", "Bianchi", "giovanni.bianco@posta.example"),
    ("Luca", "Verdi", "+393471234999"),
)


def _work(service: InProcess, monkeypatch: pytest.MonkeyPatch, person: tuple[str, str, str]) -> Counter[str]:
    done: Counter[str] = Counter()

    def counted(kind: str, real: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            done[kind] += 1
            return real(*arguments, **named)

        return call

    visitor = service.visitor()
    visitor.get("/register/data")
    with monkeypatch.context() as patch:
        patch.setattr(Sealer, "seal", counted("sealed or opened", Sealer.seal))
        patch.setattr(Sealer, "open", counted("sealed or opened", Sealer.open))
        patch.setattr(PersonRegistrant, "disagreement", counted("judged", PersonRegistrant.disagreement))
        given, family, username = person
        fields = {"given_name": given, "family_name": family, "username": username, "accept_terms": "yes"}
        visitor.send("/register/data", {"csrf": visitor.csrf, **fields})
    assert visitor.last.status_code == 303
    return done


def test_a_contact_on_file_is_no_more_work_than_one_that_is_not(
    service: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first stranger of a process has one made up for all that follow.
    nobody.open_as_if_found(service.idp)
    works = {person: _work(service, monkeypatch, person) for person in (*KNOWN, *UNKNOWN)}
    assert len({tuple(sorted(work.items())) for work in works.values()}) == 1, works
