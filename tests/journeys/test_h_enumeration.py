"""Two thousand identifiers, half of them customers': recovery looks and costs the same (security bar 5.1).

Among the customers are some who registered, some who did not, some whose contacts are of this week, whose
account is locked, or who have no contact at all. Compared are status, header names, body (without what is
drawn anew for each browser, and the masks) and work: statements in order, commits, hashes, rows.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from stdnum.it import codicefiscale

from idp.adapters.registry_file import RegistryFile
from idp.flows.registry import importing
from idp.store import accounts
from idp.values import parse_contact
from tests.journeys.recovery_walks import RECOVERY, options, rows, sent
from tests.service.in_process import InProcess, open_in_process, settings_for
from tests.store.racing import account

pytestmark = pytest.mark.slow

COUNT = 1000
KINDS = ("registered", "unregistered", "fresh", "locked", "without contacts")
HEADER = [
    *("customer_number", "profile", "state", "given_name", "family_name", "company_name", "tax_code"),
    *("vat_number", "birth_date", "emails", "mobiles", "policies", "agency_name", "agency_phone"),
    *("agency_email", "updated_on"),
]


def tax_code(number: int) -> str:
    """A tax code of its own for each number, of people born in 1980."""
    letters = "BCDFGHLMNPQRSTVZ"
    name = "".join(letters[number // 16**place % 16] for place in range(6))
    stem = f"{name}80A{1 + number % 28:02}H501"
    return stem + codicefiscale.calc_check_digit(stem)


@dataclass(frozen=True)
class Customer:
    """One of the thousand."""

    number: int

    @property
    def kind(self) -> str:
        """What kind of customer."""
        return KINDS[self.number % len(KINDS)]

    @property
    def email(self) -> str:
        """Their email, where they have one."""
        return (
            ""
            if self.kind == "without contacts"
            else f"{'abcdefgilmnopqrstuvz'[self.number % 20]}{self.number}@posta.example"
        )

    @property
    def mobile(self) -> str:
        """Their mobile, where they have one."""
        has = self.kind != "without contacts" and self.number % 3
        return f"+39347{5_000_000 + self.number * 37}" if has else ""


CUSTOMERS = [Customer(number) for number in range(COUNT)]
UNKNOWN = [tax_code(number) for number in range(500_000, 500_000 + COUNT)]


@pytest.fixture(scope="module")
def service(prepared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """A service of a thousand customers, with limits that let one browser ask about all of them."""
    folder = tmp_path_factory.mktemp("thousands")
    many = "1000000/3600"
    limits = {
        "identifiers_per_session": many,
        "identifiers_per_source_ipv4": many,
        "registrations_per_source": many,
        "sends_per_source_ipv4": many,
        "sends_per_prefix": many,
        "otp_breaker_failures": many,
        "otp_breaker_accounts": many,
        "otp_breaker_accounts_per_source": many,
        "sms_conversion_percent": 0,
        "sms_daily_cap": 0,
    }
    settings = settings_for(
        folder,
        f"sqlite:///{folder / 'idp.sqlite3'}",
        limits=limits,
        keys={"directory": prepared_folder / "keys"},
    )
    (folder / "idp.sqlite3").write_bytes((prepared_folder / "idp.sqlite3").read_bytes())
    opened = open_in_process(settings)
    populate(opened, folder / "customers.csv")
    yield opened
    opened.idp.database.engine.dispose()


def populate(service: InProcess, file: Path) -> None:
    """Import the customers, and give an account to those who have one."""
    today = datetime.fromtimestamp(service.clock.now(), UTC).date()
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, HEADER)
        writer.writeheader()
        for one in CUSTOMERS:
            changed = today - timedelta(days=2 if one.kind == "fresh" else 400)
            writer.writerow(
                {
                    "customer_number": f"D{one.number}",
                    "profile": "person",
                    "state": "active",
                    "given_name": "Chiara",
                    "family_name": "Rinaldi",
                    "tax_code": tax_code(one.number),
                    "birth_date": "1980-01-01",
                    "emails": one.email and f"{one.email};{changed}",
                    "mobiles": one.mobile and f"{one.mobile};{changed}",
                    "policies": f"RCA-{one.number}:Auto:active",
                    "updated_on": str(changed),
                }
            )
    importing.import_file(service.idp, RegistryFile(file), now=service.clock.now())
    with service.idp.writing() as tx:
        for one in CUSTOMERS:
            if one.kind in ("registered", "fresh", "locked"):
                index = service.idp.sealer.contact_index(parse_contact(one.email))
                row = account(f"sub-{one.number}", customer_number=f"D{one.number}", username_index=index)
                state = "locked" if one.kind == "locked" else accounts.ACTIVE
                assert accounts.insert_account(tx, replace(row, state=state))


@dataclass(frozen=True)
class Seen:
    """What a step looked like and what it cost."""

    status: int
    headers: tuple[str, ...]
    location: str
    body: str
    statements: tuple[str, ...]
    commits: int
    hashes: int


def stripped(text: str, code: str) -> str:
    """The body without token, case number, handles, masks, and the identifier that was typed."""
    text = re.sub(r'name="csrf" value="[^"]*"', "", text)
    text = re.sub(r'name="contact" value="[^"]*"', "HANDLE", text)
    text = re.sub(r"[2-9A-Z]{3}-[2-9A-Z]{3}", "CASE", text)
    text = re.sub(r"(?:[a-z0-9]•+(?:<wbr>)?@•+|\+[0-9•]{2} ••• ••• ••[0-9]{2})", "MASKED", text)
    # A second may have passed.
    text = re.sub(r'data-seconds="\d+"', "SECONDS", text)
    # How a mask is spoken: its first letter, or its last two digits.
    text = re.sub(r'<span class="visually-hidden">[^<]*</span>', "SPOKEN", text)
    return text.replace(code, "TYPED")


class Walker:
    """One browser that asks about one identifier after the other, and notes what it sees."""

    def __init__(self, service: InProcess) -> None:
        self.service = service
        self.visitor = service.visitor()
        self.visitor.get("/recover")
        self.csrf = self.visitor.csrf
        self.found: dict[tuple[str, str], set[Seen]] = defaultdict(set)

    def seen(self, code: str, address: str, fields: dict[str, str] | None = None) -> Seen:
        """One request."""
        visitor, hasher = self.visitor, self.service.idp.hasher
        hashes = hasher.hashes
        with self.service.counting() as counts:
            if fields is None:
                visitor.fetch("GET", address)
            else:
                visitor.send(address, {"csrf": self.csrf, **fields})
        return Seen(
            visitor.last.status_code,
            tuple(sorted(header for header, _ in visitor.last.headers)),
            visitor.last.headers.get("Location", ""),
            stripped(visitor.last.text, code),
            tuple(counts.statements),
            counts.commits,
            hasher.hashes - hashes,
        )

    def walk(self, code: str) -> None:
        """Every step of a recovery that answers wrongly; noted by step and by the shape of the list."""
        self.visitor.set_cookie(RECOVERY, "")
        steps = {
            "identifier": self.seen(code, "/recover", {"identifier": code}),
            "contacts": self.seen(code, "/recover/contacts"),
        }
        offered = options(self.visitor)
        kinds = ["email" if "@" in mask else "mobile" for _, mask in offered]
        shape = f"{' '.join(kinds)}, the last chosen"
        steps["choose"] = self.seen(code, "/recover/contacts", {"contact": offered[-1][0]})
        steps["verify"] = self.seen(code, "/recover/verify")
        steps["answer"] = self.seen(code, "/recover/verify", {"code": "000000"})
        steps["skip"] = self.seen(code, "/recover/password", {"new_password": "Aurora9verde"})
        for name, seen in steps.items():
            self.found[name, shape].add(seen)


def walked(service: InProcess, codes: list[str]) -> dict[tuple[str, str], set[Seen]]:
    """What was seen on the way of each of these codes."""
    walker = Walker(service)
    for code in codes:
        walker.walk(code)
    return walker.found


@pytest.mark.timeout(900)
def test_a_thousand_known_and_a_thousand_unknown_identifiers_look_and_cost_the_same(
    service: InProcess,
) -> None:
    # Caches are warm then; repeating an identifier would cost less, so by others.
    walked(service, [tax_code(number) for number in range(700_000, 700_010)])
    tables = ("recoveries", "challenges", "outbox", "audit_events")

    def counted() -> dict[str, int]:
        return {table: rows(service, f"SELECT count(*) FROM {table}") for table in tables}

    before = counted()
    known = walked(service, [tax_code(one.number) for one in CUSTOMERS])
    between = counted()
    unknown = walked(service, UNKNOWN)
    after = counted()
    assert {t: between[t] - before[t] for t in tables} == {t: after[t] - between[t] for t in tables}
    both = known.keys() & unknown.keys()
    assert len({shape for _, shape in both}) >= 3
    for key in both:
        assert len(known[key]) == 1, key
        assert known[key] == unknown[key], key
    # A shape that only one side has would tell: of decoys there are all that customers have.
    assert known.keys() <= unknown.keys()
    told = {purpose for _, purpose in sent(service)}
    assert told == {"recovery_code", "recovery_no_account", "recovery_fresh_contact"}
