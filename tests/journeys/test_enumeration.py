"""A stranger learns nothing: match, mismatch, unknown and taken look and cost the same (security bar 5.1).

Compared are status, header names, page and body (without what is drawn anew for each browser and without what
was typed), and the work: statements in order, commits, hashes, rows.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from idp.adapters.registry_file import RegistryFile
from idp.flows.registry import importing
from tests.data import many_customers
from tests.service.in_process import PASSWORD, InProcess, open_in_process, settings_for
from tests.service.relying_party import RelyingParty, portal
from tests.service.visitor import Visitor

MARIA = "maria.rossi@posta.example"


@dataclass(frozen=True)
class Typed:
    """What somebody types on the data page."""

    given_name: str
    family_name: str
    username: str


MATCH = Typed("Luca", "Verdi", "+393471234502")
CASES = {
    "a match": MATCH,
    "a match by email": Typed("Giovanni", "Bianchi", "giovanni.bianchi@posta.example"),
    "another name": Typed("Carla", "Verdi", "+393471234502"),
    "nobody's": Typed("Luca", "Verdi", "+393471234599"),
    "shared": Typed("Francesca", "Gallo", "gallo.lecce@posta.example"),
    "taken": Typed("Maria", "Rossi", MARIA),
    "an agency's": Typed("Elena", "Moretti", "milano.navigli@agenzie.example"),
    "a dead man's": Typed("Ernesto", "Sartori", "+393711234521"),
    "a child's": Typed("Nina", "Serra", "nina.serra@posta.example"),
    "a professional's": Typed("Giulia", "Romano", "+393351234506"),
    "without the plus part": Typed("Giorgia", "Leone", "giorgia.leone@posta.example"),
    "nobody's email": Typed("Luca", "Verdi", "luca.verdi@posta.example"),
}
SMS_CASES = [name for name, typed in CASES.items() if typed.username.startswith("+")]


@pytest.fixture(scope="module")
def service(standing_service: InProcess) -> InProcess:
    """The service, with Maria registered and its caches warm."""
    standing_service.register(standing_service.visitor("192.0.2.1"))
    for _ in range(2):
        walk(standing_service, Typed("Olena", "Kovalenko", "+393271234516"))
    return standing_service


@pytest.fixture(scope="module")
def walks(service: InProcess) -> "dict[str, dict[str, Seen]]":
    """Every case's walk, one after the other."""
    return {name: walk(service, typed) for name, typed in CASES.items()}


@dataclass(frozen=True)
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

    @property
    def without_words(self) -> tuple[object, ...]:
        """All but the body, which says "email" or "text message", and the counters that SMS have besides."""
        return (self.status, self.headers, self.location, self.page, self.hashes)


def stripped(text: str, *typed: str) -> str:
    """The body without token, case number, request number and what this browser typed."""
    text = re.sub(r'name="csrf" value="[^"]*"', "", text)
    text = re.sub(r"[2-9A-Z]{3}-[2-9A-Z]{3}", "CASE", text)
    text = re.sub(r"(?:[a-z0-9]•+(?:<wbr>)?@•+|\+[0-9•]{2} ••• ••• ••[0-9]{2})", "MASKED", text)
    text = re.sub(r"interaction=[A-Za-z0-9_-]+", "", text)
    # Two walks are not taken in the same second.
    text = re.sub(r'data-seconds="[0-9]+"', "", text)
    text = re.sub(r"\btra [0-9]+ (?:second|minut|or)[aeio]\b", "tra poco", text)
    for word in sorted(typed, key=len, reverse=True):
        text = text.replace(word, "TYPED")
    return text


def observed(service: InProcess, visitor: Visitor, typed: Typed, act: Callable[[], object]) -> Seen:
    hashes = service.idp.hasher.hashes
    with service.counting() as counts:
        act()
    headers = tuple(sorted(name for name, _ in visitor.last.headers))
    return Seen(
        visitor.last.status_code,
        headers,
        re.sub(r"interaction=[^&]*", "", visitor.last.headers.get("Location", "")),
        visitor.page,
        stripped(visitor.last.text, typed.given_name, typed.family_name, typed.username),
        tuple(counts.statements),
        counts.commits,
        service.idp.hasher.hashes - hashes,
    )


def walk(service: InProcess, typed: Typed) -> dict[str, Seen]:
    """Every step of a registration that answers wrongly, as seen from outside and from inside."""
    # Counters live in fixed windows: every walk begins with new ones.
    service.clock.move(3600 - service.clock.now() % 3600)
    visitor = service.visitor()
    visitor.get("/register")
    visitor.press(profile="person")
    seen: dict[str, Seen] = {}

    def step(name: str, **fields: str) -> None:
        at, csrf = visitor.at, visitor.csrf

        def press() -> None:
            visitor.send(at, {"csrf": csrf, **fields})

        seen[name] = observed(service, visitor, typed, press)
        if visitor.last.status_code == 303:
            target = visitor.location
            seen[f"{name}, then"] = observed(service, visitor, typed, lambda: visitor.get(target))
        else:
            visitor.at = at

    step("data", accept_terms="yes", **asdict(typed))
    step("password refused", new_password="corta")
    step("password", new_password=PASSWORD)
    step("malformed", code="12345")
    code = unlikely(service)
    for number in range(5):
        step(f"verify {number}", code=code)
    step("verify when over", code=code)
    step("resend too early", resend="yes")
    service.clock.move(61)
    step("resend", resend="yes")
    code = unlikely(service)
    step("verify the new one", code=code)
    service.clock.move(601)
    step("verify too late", code=code)
    service.clock.move(61)
    step("resend again", resend="yes")
    for number in range(5):
        step(f"verify until slowed down {number}", code=code)
    return seen


def unlikely(service: InProcess) -> str:
    """A code that was sent to nobody."""
    used = {message["code"] for message in service.post()[:40]}
    return next(code for code in ("111111", "222222", "333333") if code not in used)


@pytest.mark.parametrize("name", [name for name in CASES if name != "a match"])
def test_every_step_looks_and_costs_the_same(walks: dict[str, dict[str, Seen]], name: str) -> None:
    like = "a match" if name in SMS_CASES else "a match by email"
    assert walks[name].keys() == walks[like].keys()
    for step, expected in walks[like].items():
        assert walks[name][step] == expected, step


def test_the_channel_changes_words_alone(walks: dict[str, dict[str, Seen]]) -> None:
    for step, expected in walks["a match"].items():
        assert walks["a match by email"][step].without_words == expected.without_words, step


def test_wrong_codes_are_slowed_down_for_everybody(walks: dict[str, dict[str, Seen]]) -> None:
    statuses = {
        name: [seen.status for step, seen in walk.items() if "until slowed down" in step]
        for name, walk in walks.items()
    }
    assert set(map(tuple, statuses.values())) == {(200, 200, 200, 200, 429)}


def test_a_password_costs_one_hash(walks: dict[str, dict[str, Seen]]) -> None:
    hashes = {step: seen.hashes for step, seen in walks["nobody's"].items() if seen.hashes}
    assert hashes == {"password": 1}


def test_both_branches_leave_the_same_rows(service: InProcess) -> None:
    tables = ("enrolments", "challenges", "outbox", "audit_events", "sessions", "accounts")

    def counted() -> dict[str, int]:
        with service.idp.reading() as tx:
            return {t: tx.exec_driver_sql(f"SELECT count(*) FROM {t}").scalar_one() for t in tables}

    grown = []
    for typed in (MATCH, CASES["nobody's"], CASES["taken"], CASES["a dead man's"]):
        before = counted()
        walk(service, typed)
        after = counted()
        grown.append({table: after[table] - before[table] for table in tables})
    assert grown[0] == grown[1] == grown[2] == grown[3]


def test_too_many_sends_look_the_same_for_everybody(service: InProcess) -> None:
    def refused(typed: Typed) -> Seen:
        service.clock.move(900 - service.clock.now() % 900)
        for _ in range(3):
            began(service, typed)
            service.clock.move(61)
        visitor = service.visitor()
        visitor.get("/register/data")
        visitor.press(accept_terms="yes", **asdict(typed))
        return observed(service, visitor, typed, lambda: visitor.press(new_password=PASSWORD))

    right, other = refused(MATCH), refused(CASES["nobody's"])
    assert right.status == 429
    assert right == other


def test_a_send_too_early_looks_the_same_for_everybody(service: InProcess) -> None:
    def refused(typed: Typed) -> Seen:
        service.clock.move(900)
        began(service, typed)
        visitor = service.visitor()
        visitor.get("/register/data")
        visitor.press(accept_terms="yes", **asdict(typed))
        return observed(service, visitor, typed, lambda: visitor.press(new_password=PASSWORD))

    seen = [refused(typed) for typed in (MATCH, CASES["nobody's"], CASES["taken"], CASES["a dead man's"])]
    assert seen[0].status == 429
    assert seen[0] == seen[1] == seen[2] == seen[3]


def began(service: InProcess, typed: Typed) -> None:
    """A registration whose code, if there is one, was just sent."""
    visitor = service.visitor()
    visitor.get("/register")
    visitor.press(profile="person")
    visitor.press(accept_terms="yes", **asdict(typed))
    visitor.press(new_password=PASSWORD)


# --- signing in -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def party(service: InProcess) -> RelyingParty:
    """Where one signs in to."""
    return portal(service)


def sign_in(party: RelyingParty, username: str, *, source: str = "203.0.113.5") -> Seen:
    visitor = party.service.visitor(source)
    party.ask(visitor)
    form = {"csrf": visitor.csrf, "username": username, "password": "Sbagliata7"}
    at = visitor.at
    return observed(
        party.service, visitor, Typed(username, username, username), lambda: visitor.send(at, form)
    )


@pytest.mark.parametrize(
    "username",
    [
        "nobody@posta.example",
        "+393400000000",
        "maria",
        "not a contact at all",
        "maria.rossi@posta.example.evil",
    ],
)
def test_an_unknown_username_looks_and_costs_as_a_known_one(party: RelyingParty, username: str) -> None:
    sign_in(party, "warm@posta.example")
    known, unknown = sign_in(party, MARIA), sign_in(party, username)
    assert known.status == 200
    assert known.hashes == 1
    assert unknown == known


def test_a_locked_account_looks_as_an_unknown_one(service: InProcess, party: RelyingParty) -> None:
    sign_in(party, "warm@posta.example")
    try:
        with service.idp.writing() as tx:
            tx.exec_driver_sql("UPDATE accounts SET state = 'locked'")
        visitor = service.visitor("203.0.113.6")
        party.ask(visitor)
        visitor.press(username=MARIA, password=PASSWORD)
        assert visitor.faults == ["password"]
        assert sign_in(party, MARIA) == sign_in(party, "nobody@posta.example")
    finally:
        with service.idp.writing() as tx:
            tx.exec_driver_sql("UPDATE accounts SET state = 'active'")


def test_throttling_looks_the_same_too(party: RelyingParty) -> None:
    for username in (MARIA, "nobody@posta.example"):
        for _ in range(10):
            assert sign_in(party, username, source="203.0.113.200").status == 200
    known = sign_in(party, MARIA, source="203.0.113.200")
    unknown = sign_in(party, "nobody@posta.example", source="203.0.113.200")
    assert known.status == 429
    assert known.hashes == 0
    assert unknown == known


def test_nothing_says_whether_a_customer_registered(service: InProcess, party: RelyingParty) -> None:
    # The sign-in page with a hint of a customer, of an account, of nobody.
    pages = set()
    for hint in (MARIA, "giovanni.bianchi@posta.example", "nobody@posta.example"):
        visitor = service.visitor()
        party.ask(visitor, login_hint=hint)
        pages.add(stripped(visitor.last.text, hint))
    assert len(pages) == 1


# --- identification: many codes, known and unknown -----------------------------------------------------


@pytest.fixture(scope="module")
def populous(
    prepared_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[InProcess, int]]:
    """A service with a hundred customers more, where nobody asks about too many codes."""
    folder = tmp_path_factory.mktemp("populous")
    shutil.copytree(prepared_folder / "keys", folder / "keys")
    shutil.copy(prepared_folder / "idp.sqlite3", folder / "idp.sqlite3")
    most = "1000000/3600"
    limits = {
        "identifiers_per_session": most,
        "identifiers_per_source_ipv4": most,
        "registrations_per_source": most,
    }
    service = open_in_process(settings_for(folder, f"sqlite:///{folder / 'idp.sqlite3'}", limits=limits))
    many_customers.write(folder / "many.csv", _MANY)
    importing.import_file(service.idp, RegistryFile(folder / "many.csv"), now=service.clock.now())
    yield service, _MANY
    service.idp.database.engine.dispose()


_MANY = 100


def identify(service: InProcess, visitor: Visitor, identifier: str) -> tuple[object, ...]:
    """What is seen of the answer and of the contacts, and what they cost."""
    visitor.get("/register/identify")
    form = {"csrf": visitor.csrf, "identifier": identifier}
    with service.counting() as counts:
        visitor.send("/register/identify", form)
        seen = [visitor.last.status_code, tuple(visitor.last.headers.keys()), visitor.location]
        visitor.get(visitor.location)
    text = visitor.last.text
    lists = re.findall(r'<fieldset class="field.*?</fieldset>', text, re.DOTALL)
    choices = lists[0].count('name="contact"')
    assert 1 <= choices <= 3
    body = stripped(text.replace(lists[0], ""))
    counted = (tuple(counts.statements), counts.commits)
    return (*seen, visitor.page, tuple(visitor.last.headers.keys()), body, counted)


def test_known_and_unknown_codes_look_and_cost_the_same(populous: tuple[InProcess, int]) -> None:
    service, known = populous
    service.clock.move(3600 - service.clock.now() % 3600)
    visitor = service.visitor()
    identify(service, visitor, many_customers.tax_code(2 * known))
    seen: dict[bool, set[tuple[object, ...]]] = {True: set(), False: set()}
    for number in range(60):
        for is_known in (True, False):
            code = many_customers.tax_code(number if is_known else known + number)
            seen[is_known].add(identify(service, visitor, code))
    assert len(seen[True]) == 1
    assert seen[True] == seen[False]


def test_known_and_unknown_codes_have_lists_of_the_same_lengths(populous: tuple[InProcess, int]) -> None:
    service, _ = populous
    service.clock.move(3600 - service.clock.now() % 3600)
    lengths = set()
    for number in range(60):
        visitor = service.visitor()
        identify(service, visitor, many_customers.tax_code(5000 + number))
        lengths.add(visitor.last.text.count('name="contact"'))
    assert {1, 2} <= lengths <= {1, 2, 3}
