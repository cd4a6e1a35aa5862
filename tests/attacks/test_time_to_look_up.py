"""A stranger takes the time of an answer: a customer's contact or tax code must cost what another does.

The clock of one test run tells too little, so the work is counted: what is sealed and opened and how heavy it
is, what is judged, the statements, and the calls of the interpreter (docs/performance.md, *Drills*).
"""

import re
import shutil
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from idp.accounts.matching import PersonRegistrant
from idp.adapters.registry_file import RegistryFile
from idp.flows.registry import importing
from idp.store import accounts
from idp.store.sealing import Sealer
from idp.store.tables import metadata
from idp.values import parse_contact
from tests.data import many_customers
from tests.service.in_process import InProcess, open_in_process, settings_for
from tests.service.visitor import Visitor
from tests.store.racing import account

BOUNDLESS = "1000000/3600"
LIMITS = dict.fromkeys(
    (
        "registrations_per_source",
        "identifiers_per_session",
        "identifiers_per_source_ipv4",
        "sends_per_source_ipv4",
        "sends_per_prefix",
    ),
    BOUNDLESS,
)
CUSTOMERS, STRANGERS, WARMING = 1_000_000, 5_000_000, 9_000_000
EACH, WARM = 7, 3
# Of some thousand calls.
TOLERATED = 0.005


@pytest.fixture(scope="module")
def populous(prepared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """A service whose customers all weigh the same."""
    folder = tmp_path_factory.mktemp("weighed")
    shutil.copytree(prepared_folder / "keys", folder / "keys")
    shutil.copy(prepared_folder / "idp.sqlite3", folder / "idp.sqlite3")
    service = open_in_process(settings_for(folder, f"sqlite:///{folder / 'idp.sqlite3'}", limits=LIMITS))
    with service.idp.writing() as tx:
        for table in ("customer_contacts", "agency_contacts", "customer_records"):
            tx.execute(metadata.tables[table].delete())
    many_customers.write(folder / "many.csv", 2 * len(DOORS) * (EACH + WARM), first=CUSTOMERS)
    importing.import_file(service.idp, RegistryFile(folder / "many.csv"), now=service.clock.now())
    yield service
    service.idp.database.engine.dispose()


@dataclass(frozen=True, slots=True)
class Cost:
    """What one answer took; ``octets`` are those of records that were opened."""

    done: tuple[tuple[str, int], ...]
    statements: tuple[str, ...]
    commits: int
    calls: int
    octets: int


class Asking:
    """A browser that asks about somebody, and what one answer costs."""

    def __init__(self, service: InProcess, visitor: Visitor, patch: pytest.MonkeyPatch) -> None:
        self.service, self.visitor = service, visitor
        self._done: Counter[str] | None = None
        for name in ("seal", "open"):
            patch.setattr(Sealer, name, self._weighed(name, getattr(Sealer, name)))
        patch.setattr(PersonRegistrant, "disagreement", self._counted(PersonRegistrant.disagreement))

    def _weighed(self, name: str, real: Any) -> Any:
        def call(sealer: Sealer, value: Any, place: str) -> Any:
            made = real(sealer, value, place)
            if self._done is not None:
                self._done[f"{name} {place.rpartition('/')[0]}"] += 1
                if place.startswith("customer_records/"):
                    self._done["octets of records opened"] += len(value)
            return made

        return call

    def _counted(self, real: Any) -> Any:
        def call(*arguments: Any) -> Any:
            if self._done is not None:
                self._done["judged"] += 1
            return real(*arguments)

        return call

    def begin(self) -> None:
        """Come as a browser that was never here."""
        self.visitor.forget_cookies()
        self.visitor.get("/register/identify")

    def first_contact(self, path: str) -> str:
        """The handle of the first contact that is offered there."""
        self.visitor.get(path)
        return str(re.findall(r'name="contact" value="([^"]+)"', self.visitor.last.text)[0])

    def post(self, path: str, onward: str, **fields: str) -> Cost:
        """What the answer costs."""
        done = self._done = Counter()

        def called(_frame: FrameType, event: str, _argument: object) -> None:
            done["calls"] += event == "call"

        form = {"csrf": self.visitor.csrf, **fields}
        with self.service.counting() as counts:
            sys.setprofile(called)
            try:
                answer = self.visitor.send(path, form)
            finally:
                sys.setprofile(None)
                self._done = None
        assert answer.headers["Location"].partition("?")[0] == onward
        calls, octets = done.pop("calls"), done.pop("octets of records opened")
        return Cost(tuple(sorted(done.items())), tuple(counts.statements), counts.commits, calls, octets)


def registers(asking: Asking, number: int) -> Cost:
    return asking.post(
        "/register/data",
        "/register/password",
        given_name="Anna",
        family_name=f"Prova{number}",
        username=f"cliente{number}@posta.example",
        accept_terms="yes",
    )


def is_identified(asking: Asking, number: int) -> Cost:
    code = many_customers.tax_code(number)
    return asking.post("/register/identify", "/register/contacts", identifier=code)


def chooses_a_contact(asking: Asking, number: int) -> Cost:
    is_identified(asking, number)
    contact = asking.first_contact("/register/contacts")
    return asking.post("/register/contacts", "/register/password", contact=contact)


def recovers(asking: Asking, number: int) -> Cost:
    code = many_customers.tax_code(number)
    return asking.post("/recover", "/recover/contacts", identifier=code)


def recovers_by_a_contact(asking: Asking, number: int) -> Cost:
    recovers(asking, number)
    contact = asking.first_contact("/recover/contacts")
    return asking.post("/recover/contacts", "/recover/verify", contact=contact)


DOORS = (registers, is_identified, chooses_a_contact, recovers, recovers_by_a_contact)


@pytest.mark.parametrize("registered", [False, True], ids=("customer", "registered"))
@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_a_customer_costs_what_a_stranger_costs(
    populous: InProcess,
    monkeypatch: pytest.MonkeyPatch,
    door: Callable[[Asking, int], Cost],
    registered: bool,
) -> None:
    # Nobody is asked about twice: a code that was counted before costs less, whoever's it is.
    place = 2 * DOORS.index(door) + registered
    first = CUSTOMERS + place * (EACH + WARM)
    if registered:
        for number in range(first, first + EACH + WARM):
            _register(populous, number)
    asking = Asking(populous, populous.visitor(), monkeypatch)

    def about(number: int) -> Cost:
        asking.begin()
        return door(asking, number)

    for number in range(WARM):
        about(first + EACH + number)
        about(WARMING + place * WARM + number)
    customers = [about(first + number) for number in range(EACH)]
    secret = populous.idp.keyring.symmetric("decoys")[-1].secret
    alike = many_customers.strangers(STRANGERS + 1000 * place, secret)
    strangers = [about(number) for number in islice(alike, EACH)]
    for same in ("done", "statements", "commits"):
        assert {getattr(cost, same) for cost in customers} == {getattr(cost, same) for cost in strangers}
    for weight in ("calls", "octets"):
        known, unknown = (
            statistics.median(getattr(cost, weight) for cost in costs) for costs in (customers, strangers)
        )
        assert abs(known - unknown) <= TOLERATED * known, (weight, known, unknown)


def _register(service: InProcess, number: int) -> None:
    username = parse_contact(f"cliente{number}@posta.example")
    index = service.idp.sealer.contact_index(username)
    made = account(f"sub-{number}", customer_number=f"M{number:07d}", username_index=index)
    with service.idp.writing() as tx:
        assert accounts.insert_account(tx, made)


KNOWN = (
    ("Giovanni", "Bianchi", "giovanni.bianchi@posta.example"),
    ("Luca", "Verdi", "+393471234502"),
    ("Gaspare", "Verdi", "+393471234502"),
)
UNKNOWN = (
    ("Giovanni", "Bianchi", "giovanni.bianco@posta.example"),
    ("Luca", "Verdi", "+393471234999"),
)


def test_one_record_or_two_or_another_name_are_judged_as_often_as_none(
    service: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = Asking(service, service.visitor(), monkeypatch)

    def work(given_name: str, family_name: str, username: str) -> tuple[tuple[str, int], ...]:
        asking.begin()
        cost = asking.post(
            "/register/data",
            "/register/password",
            given_name=given_name,
            family_name=family_name,
            username=username,
            accept_terms="yes",
        )
        # Of customers some have more on file than others.
        assert cost.octets > 500
        return cost.done

    works = {person: work(*person) for person in (*KNOWN, *UNKNOWN)}
    assert len(set(works.values())) == 1, works
