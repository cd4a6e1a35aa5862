"""A thousand customers and a thousand strangers register, and are identified: nobody can tell which is which
(security bar 5.1). Recovery is asked the same way in ``tests/journeys/test_h_enumeration.py``.

Among the customers are some who may register, some who have, and some whose name is another. Compared are
status, header names, addresses, bodies (without what is drawn anew for each browser, and what was typed),
statements in order, commits, hashes and rows.
"""

import difflib
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from idp.adapters.registry_file import RegistryFile
from idp.flows.registry import importing
from idp.store import accounts
from idp.values import parse_contact
from tests.data import many_customers
from tests.journeys.identify_walks import options
from tests.journeys.link_walks import ENROLMENT
from tests.journeys.test_enumeration import stripped
from tests.service.in_process import PASSWORD, InProcess, open_in_process, settings_for
from tests.store.racing import account

pytestmark = pytest.mark.slow

MANY = 1000
BOUNDLESS = "1000000/3600"
LIMITS = {
    "registrations_per_source": BOUNDLESS,
    "identifiers_per_session": BOUNDLESS,
    "identifiers_per_source_ipv4": BOUNDLESS,
    "sends_per_source_ipv4": BOUNDLESS,
    "sends_per_prefix": BOUNDLESS,
    "otp_breaker_failures": BOUNDLESS,
    "otp_breaker_accounts": BOUNDLESS,
    "otp_breaker_accounts_per_source": BOUNDLESS,
    "sms_conversion_percent": 0,
    "sms_daily_cap": 0,
}
TABLES = ("enrolments", "challenges", "outbox", "audit_events", "accounts", "sessions")


@pytest.fixture(scope="module")
def populous(prepared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """A service with a thousand customers more, every third of them with an account."""
    folder = tmp_path_factory.mktemp("thousands")
    shutil.copytree(prepared_folder / "keys", folder / "keys")
    shutil.copy(prepared_folder / "idp.sqlite3", folder / "idp.sqlite3")
    service = open_in_process(settings_for(folder, f"sqlite:///{folder / 'idp.sqlite3'}", limits=LIMITS))
    many_customers.write(folder / "many.csv", MANY)
    importing.import_file(service.idp, RegistryFile(folder / "many.csv"), now=service.clock.now())
    with service.idp.writing() as tx:
        for number in range(0, MANY, 3):
            index = service.idp.sealer.contact_index(parse_contact(email_of(number)))
            made = account(f"sub-{number}", customer_number=f"M{number:07d}", username_index=index)
            assert accounts.insert_account(tx, made)
    yield service
    service.idp.database.engine.dispose()


def email_of(number: int) -> str:
    """A customer's below ``MANY``, nobody's beyond."""
    return f"cliente{number}@posta.example"


def mobile_of(number: int) -> str:
    """The same."""
    return f"+39333{number:07d}"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a step looked like and what it cost."""

    status: int
    headers: tuple[str, ...]
    location: str
    page: str | None
    body: str
    statements: tuple[str, ...]
    commits: int
    hashes: int


@dataclass
class Walker:
    """One browser, with a new registration for each that it asks about; notes what it sees, by step."""

    service: InProcess
    found: dict[str, Counter[Seen]] = field(default_factory=lambda: defaultdict(Counter))

    def __post_init__(self) -> None:
        self.visitor = self.service.visitor()
        self.visitor.get("/register/identify")
        self.csrf = self.visitor.csrf

    def step(self, kind: str, address: str, typed: tuple[str, ...], fields: dict[str, str] | None) -> None:
        """One request; a form, unless there are no fields."""
        visitor, hasher = self.visitor, self.service.idp.hasher
        hashes = hasher.hashes
        with self.service.counting() as counts:
            if fields is None:
                visitor.fetch("GET", address)
            else:
                visitor.send(address, {"csrf": self.csrf, **fields})
        name = f"{kind}: {'GET' if fields is None else 'POST'} {address} {' '.join(fields or ())}"
        seen = Seen(
            visitor.last.status_code,
            tuple(sorted(header for header, _ in visitor.last.headers)),
            visitor.last.headers.get("Location", ""),
            visitor.page,
            without_choices(stripped(visitor.last.text, *typed)),
            tuple(counts.statements),
            counts.commits,
            hasher.hashes - hashes,
        )
        self.found[name][seen] += 1

    def registers(self, number: int) -> None:
        """A registration with a contact, answered wrongly at the end."""
        self.visitor.set_cookie(ENROLMENT, "")
        contact = email_of(number) if number % 2 else mobile_of(number)
        given, family = ("Carla" if number % 5 == 1 else "Anna"), f"Prova{number}"
        kind, typed = ("email" if number % 2 else "mobile"), (given, family, contact)
        data = {"given_name": given, "family_name": family, "username": contact, "accept_terms": "yes"}
        self.step(kind, "/register/data", typed, data)
        self.step(kind, "/register/password", typed, {"new_password": PASSWORD})
        self.step(kind, "/register/verify", typed, None)
        self.step(kind, "/register/verify", typed, {"code": "000000"})

    def is_identified(self, number: int) -> None:
        """An identification up to the message, to the first or the last contact of the list."""
        self.visitor.set_cookie(ENROLMENT, "")
        code = many_customers.tax_code(number)
        self.step("code", "/register/identify", (code,), {"identifier": code})
        self.step("code", "/register/contacts", (code,), None)
        handle, mask = options(self.visitor)[-(number % 2)]
        kind = "email" if "@" in mask else "mobile"
        self.step(kind, "/register/contacts", (code,), {"contact": handle})
        self.step(kind, "/register/password", (code,), {"new_password": PASSWORD})


def without_choices(body: str) -> str:
    """The page without the list of contacts, whose length and letters are each code's own; without the last
    two digits or first letter as a mask is spoken; and a second may have passed."""
    body = re.sub(r'data-seconds="\d+"', "SECONDS", body)
    body = re.sub(r'(?s)<fieldset class="field.*?</fieldset>', "LIST", body)
    return re.sub(r'<span class="visually-hidden">[^<]*</span>', "SPOKEN", body)


def differences(seen: Counter[Seen]) -> list[str]:
    """Where the rarest of these differs from the commonest."""
    (usual, _), *_, (rare, _) = seen.most_common()
    names = [name for name in Seen.__slots__ if getattr(usual, name) != getattr(rare, name)]
    return [*names, *difflib.unified_diff(usual.body.split("\n"), rare.body.split("\n"), n=0)]


def walked(service: InProcess, way: str, numbers: range) -> tuple[dict[str, Counter[Seen]], dict[str, int]]:
    """What was seen on the ways of these, and the rows they left."""

    def counted() -> dict[str, int]:
        with service.idp.reading() as tx:
            return {t: tx.exec_driver_sql(f"SELECT count(*) FROM {t}").scalar_one() for t in TABLES}

    walker, before = Walker(service), counted()
    for number in numbers:
        getattr(walker, way)(number)
    after = counted()
    return walker.found, {table: after[table] - before[table] for table in TABLES}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("way", ["registers", "is_identified"])
def test_a_thousand_customers_and_a_thousand_strangers_look_and_cost_the_same(
    populous: InProcess, way: str
) -> None:
    # Counters live in fixed windows: begin with new ones; and with caches that are warm.
    populous.clock.move(86_400 - populous.clock.now() % 86_400)
    walked(populous, way, range(9 * MANY, 9 * MANY + 4))
    customers, their_rows = walked(populous, way, range(MANY))
    strangers, other_rows = walked(populous, way, range(MANY, 2 * MANY))
    assert customers.keys() == strangers.keys()
    for step, seen in customers.items():
        assert len(seen) == 1, (step, differences(seen))
        assert seen.keys() == strangers[step].keys(), (step, differences(seen | strangers[step]))
    assert their_rows == other_rows
    assert their_rows["challenges"] == their_rows["outbox"] == MANY
    assert their_rows["accounts"] == their_rows["sessions"] == 0


def test_among_the_customers_are_some_of_every_kind(populous: InProcess) -> None:
    """Else the comparison would compare strangers with strangers."""
    populous.clock.move(86_400)
    now = populous.clock.now()
    walked(populous, "registers", range(30))
    with populous.idp.reading() as tx:
        reasons = tx.exec_driver_sql(f"SELECT reason FROM enrolments WHERE created_at >= {now}").scalars()
        kinds = Counter(reasons)
        addressed = tx.exec_driver_sql(f"SELECT addressed FROM outbox WHERE created_at >= {now}").scalars()
        told = [bool(each) for each in addressed]
    assert kinds == {"already_registered": 8, "name_differs": 6, None: 16}
    assert told == [True] * 30
