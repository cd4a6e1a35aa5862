"""Whoever types the tax codes of others learns nothing from what is offered, and sends nobody anything
(security bar 5.1)."""

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from stdnum.it import codicefiscale

from idp.accounts.offers import Offer
from idp.app import build
from idp.flows import offering
from idp.flows.browser import Browser
from idp.store.sealing import Sealer
from idp.values import Handle, parse_identifier
from tests.journeys.identify_walks import (
    ACTIVATE,
    CODES,
    IDENTIFY,
    NOBODY,
    choose,
    identified,
    issued,
    masks,
    options,
    sent,
    to_verify,
)
from tests.journeys.test_enumeration import stripped
from tests.service.in_process import PASSWORD, InProcess, open_in_process, settings_for
from tests.service.visitor import Visitor

UNKNOWN_TO_US = (NOBODY, "C100016", "C100022", "C100025", "C100027", "C100028")
"""Nobody, and customers with nothing to offer."""


@pytest.fixture
def service(clean_service: InProcess) -> InProcess:
    """The service, with nobody registered."""
    return clean_service


@dataclass(frozen=True)
class Answer:
    """What a step looked like, and what it cost."""

    status: int
    headers: tuple[str, ...]
    page: str | None
    body: str
    statements: tuple[str, ...]
    commits: int
    hashes: int
    messages: int


def looked_at(service: InProcess, visitor: Visitor, act: Callable[[], object]) -> Answer:
    hashes, rows = service.idp.hasher.hashes, outbox_rows(service)
    with service.counting() as counts:
        act()
    return Answer(
        visitor.last.status_code,
        tuple(sorted(name for name, _ in visitor.last.headers)),
        visitor.page,
        without_choices(visitor.last.text),
        tuple(counts.statements),
        counts.commits,
        service.idp.hasher.hashes - hashes,
        outbox_rows(service) - rows,
    )


def outbox_rows(service: InProcess) -> int:
    with service.idp.reading() as tx:
        return int(tx.exec_driver_sql("SELECT count(*) FROM outbox").scalar_one())


def without_choices(text: str) -> str:
    """The page without the list, which is another one for every code, and without what is drawn anew."""
    before, fieldset, rest = text.partition('<fieldset class="field')
    if not fieldset:
        return stripped(text)
    return stripped(before + rest.partition("</fieldset>")[2])


def walk(service: InProcess, identifier: str, kind: str) -> dict[str, Answer]:
    """From the identifier to wrong answers, with the first contact of one kind."""
    service.clock.move(3600 - service.clock.now() % 3600)
    visitor = service.visitor()
    visitor.get(IDENTIFY)
    seen = {"identify": looked_at(service, visitor, lambda: visitor.press(identifier=identifier))}
    mask = next(mask for mask in masks(visitor) if ("@" in mask) is (kind == "email"))
    seen["choose"] = looked_at(service, visitor, lambda: choose(visitor, mask))
    seen["password"] = looked_at(service, visitor, lambda: visitor.press(new_password=PASSWORD))
    for number in range(5):
        press = partial(visitor.press, code=unlikely(service))
        seen[f"wrong {number}"] = looked_at(service, visitor, press)
    service.clock.move(61)
    seen["resend"] = looked_at(service, visitor, lambda: visitor.press(resend="yes"))
    visitor.get("/register/contacts")
    seen["again"] = looked_at(service, visitor, lambda: choose(visitor, mask))
    return seen


def unlikely(service: InProcess) -> str:
    used = {message["code"] for message in service.post()[:40]}
    return next(code for code in ("111111", "222222", "333333") if code not in used)


@pytest.mark.parametrize("customer", ["C100001", "C100020", "C100018", *UNKNOWN_TO_US])
def test_every_step_looks_and_costs_the_same_for_everybody(service: InProcess, customer: str) -> None:
    kind = "email" if any("@" in mask for mask in masks(identified(service, code_of(customer)))) else "mobile"
    known = "C100002" if kind == "email" else "C100003"
    walk(service, CODES[known], kind)
    expected, seen = walk(service, CODES[known], kind), walk(service, code_of(customer), kind)
    assert seen.keys() == expected.keys()
    for step, answer in expected.items():
        assert seen[step] == answer, step


def code_of(customer: str) -> str:
    return CODES.get(customer, customer)


def work_of(service: InProcess, monkeypatch: pytest.MonkeyPatch, identifier: str) -> Counter[str]:
    """What is sealed, opened and hashed for one identifier: time tells no more than that."""
    done: Counter[str] = Counter()

    def counted(kind: str, real: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            done[kind] += 1
            return real(*arguments, **named)

        return call

    visitor = service.visitor()
    visitor.get(IDENTIFY)
    with monkeypatch.context() as patch:
        for name in ("seal", "open", "contact_index", "tax_index", "vat_index", "pseudonym"):
            kind = "sealed or opened" if name in ("seal", "open") else name
            patch.setattr(Sealer, name, counted(kind, getattr(Sealer, name)))
        visitor.send(IDENTIFY, {"csrf": visitor.csrf, "identifier": identifier})
    assert visitor.last.status_code == 303
    return done


def test_a_code_on_file_is_no_more_work_than_one_that_is_not(
    service: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    customers = ("C100001", "C100002", "C100013", *UNKNOWN_TO_US)
    works = {customer: work_of(service, monkeypatch, code_of(customer)) for customer in customers}
    assert len({tuple(sorted(work.items())) for work in works.values()}) == 1, works


# --- what is shown --------------------------------------------------------------------------------------


def offered(service: InProcess, typed: str, *, browser: str = "one", source: str = "192.0.2.9") -> Offer:
    asking = Browser(Handle(browser), source=source)
    made = offering.offer(service.idp, parse_identifier(typed), browser=asking, now=service.clock.now())
    assert isinstance(made, Offer)
    return made


def test_decoys_are_the_same_after_a_restart_on_another_node_and_from_anywhere(
    service_folder: Path, prepared_sqlite_url: str, tmp_path: Path
) -> None:
    other = tmp_path / "other.sqlite3"
    shutil.copy(prepared_sqlite_url.removeprefix("sqlite:///"), other)
    seen = []
    for url, source in ((prepared_sqlite_url, "192.0.2.1"), (f"sqlite:///{other}", "2001:db8::7")):
        node = open_in_process(settings_for(service_folder, url))
        lists = [masks(identified(node, code_of(customer), source)) for customer in UNKNOWN_TO_US]
        seen.append(lists)
        node.idp.database.engine.dispose()
    assert seen[0] == seen[1]
    assert len({tuple(shown) for shown in seen[0]}) > 1


def test_decoys_outlive_a_new_secret(service_folder: Path, prepared_sqlite_url: str) -> None:
    settings = settings_for(service_folder, prepared_sqlite_url)
    first = open_in_process(settings)
    before = masks(identified(first, NOBODY))
    build.keyring(settings).load().create_symmetric("decoys")
    second = open_in_process(settings)
    assert len(second.idp.keyring.symmetric("decoys")) == 2
    assert masks(identified(second, NOBODY)) == before
    for each in (first, second):
        each.idp.database.engine.dispose()


@pytest.mark.parametrize("customer", ["C100001", "C100013", *UNKNOWN_TO_US])
def test_repeating_shows_the_same_list_in_the_same_order_by_other_handles(
    service: InProcess, customer: str
) -> None:
    first, second = identified(service, code_of(customer)), identified(service, code_of(customer))
    assert masks(first) == masks(second)
    assert not {handle for handle, _ in options(first)} & {handle for handle, _ in options(second)}


def test_variants_of_one_code_are_one_code(service: InProcess) -> None:
    plain = NOBODY[:15]
    variant = plain[:6] + plain[6].translate(str.maketrans("0123456789", "LMNPQRSTUV")) + plain[7:]
    spelled = variant + codicefiscale.calc_check_digit(variant)
    assert spelled != NOBODY
    assert masks(identified(service, spelled)) == masks(identified(service, NOBODY))


def test_a_handle_says_nothing_and_is_good_in_its_own_browser_alone(service: InProcess) -> None:
    mine, theirs = identified(service, CODES["C100001"]), identified(service, CODES["C100001"])
    taken = options(theirs)[0][0]
    assert len(taken) == 22
    mine.press(contact=taken)
    assert (mine.page, mine.faults) == ("register-contacts", ["contact"])
    with service.idp.reading() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM challenges").scalar_one() == 0


def test_the_list_in_the_database_is_sealed(service: InProcess) -> None:
    identified(service, CODES["C100001"])
    with service.idp.reading() as tx:
        sealed = tx.exec_driver_sql("SELECT sealed_offer, sealed_typed FROM enrolments").one()
    for secret in (b"maria.rossi", b"3331234501", CODES["C100001"].encode()):
        assert secret not in sealed[0] + sealed[1]


# --- what it costs, and whom ----------------------------------------------------------------------------


@pytest.mark.parametrize("customer", UNKNOWN_TO_US)
def test_a_decoy_costs_no_message_and_is_limited_like_any_contact(service: InProcess, customer: str) -> None:
    statuses = {}
    for who in (customer, "C100001"):
        service.clock.move(900 - service.clock.now() % 900)
        at = []
        for _ in range(5):
            visitor = identified(service, code_of(who))
            choose(visitor, masks(visitor)[0])
            visitor.press(new_password=PASSWORD)
            at.append((visitor.last.status_code, visitor.page))
        statuses[who] = at
    assert statuses[customer] == statuses["C100001"]
    assert statuses[customer][-1][0] == 429
    assert {to for to, _ in sent(service)} == {"maria.rossi@posta.example"}


def press_identifiers(visitor: Visitor, *typed: str) -> list[int]:
    statuses = []
    for identifier in typed:
        visitor.get(IDENTIFY)
        visitor.press(identifier=identifier)
        statuses.append(visitor.last.status_code)
    return statuses


def nobodys(number: int) -> str:
    """A tax code that is right in form and nobody's."""
    plain = f"RSSMRA50A{number % 28 + 1:02}F{number:03}"
    return plain + codicefiscale.calc_check_digit(plain)


def test_a_browser_asks_about_three_codes_known_or_not_and_repeats_are_free(service: InProcess) -> None:
    three = (CODES["C100001"], nobodys(205), CODES["C100002"])
    visitor = service.visitor()
    assert press_identifiers(visitor, *three, *three * 3) == [200] * 12
    assert press_identifiers(visitor, nobodys(839), CODES["C100003"]) == [429, 429]
    assert (visitor.page, visitor.faults) == ("register-identify", ["page"])
    assert int(visitor.last.headers["Retry-After"]) > 0
    assert press_identifiers(visitor, *three) == [200] * 3
    with service.idp.reading() as tx:
        names = tx.exec_driver_sql("SELECT name FROM audit_events").scalars().all()
    assert names.count("identification_throttled") == 1


def test_a_source_asks_about_so_many_codes_with_however_many_browsers(
    service_folder: Path, prepared_sqlite_url: str
) -> None:
    settings = settings_for(
        service_folder,
        prepared_sqlite_url,
        limits={"identifiers_per_source_ipv4": "5/3600", "registrations_per_source": "1000/3600"},
    )
    service = open_in_process(settings)
    service.clock.move(3600 - service.clock.now() % 3600)
    typed = [CODES["C100001"], nobodys(205), CODES["C100002"], nobodys(501), CODES["C100003"]]
    for identifier in typed * 3:
        assert press_identifiers(service.visitor(), identifier) == [200]
    refused = {}
    for identifier in (CODES["C100013"], nobodys(839)):
        visitor = service.visitor()
        assert press_identifiers(visitor, identifier) == [429]
        refused[identifier] = stripped(visitor.last.text, identifier)
    assert len(set(refused.values())) == 1
    assert press_identifiers(service.visitor("192.0.2.200"), nobodys(839)) == [200]
    service.idp.database.engine.dispose()


# --- activation codes -----------------------------------------------------------------------------------


def press_code(visitor: Visitor, identifier: str, code: str) -> None:
    visitor.get(ACTIVATE)
    visitor.press(identifier=identifier, activation_code=code)


def test_wrong_codes_of_every_kind_look_and_cost_the_same(service: InProcess) -> None:
    used, replaced = issued(service, "C100002"), issued(service, "C100003")
    live = issued(service, "C100003")
    owner = service.visitor()
    press_code(owner, CODES["C100002"], used)
    choose(owner, masks(owner)[0])
    owner.press(new_password=PASSWORD)
    assert owner.page == "register-done"
    expired = issued(service, "C100001")
    service.clock.move(7 * 86400)
    live = issued(service, "C100003")
    cases = {
        "unknown": (CODES["C100001"], "0000-1111-2222-3333"),
        "unknown, and nobody": (NOBODY, "0000-1111-2222-3333"),
        "expired": (CODES["C100001"], expired),
        "used": (CODES["C100002"], used),
        "replaced": (CODES["C100003"], replaced),
        "of another": (CODES["C100001"], live),
        "of another, and nobody": (NOBODY, live),
        "of a dead man": (CODES["C100027"], "0000-1111-2222-3333"),
    }
    seen = {}
    for name, (identifier, code) in cases.items():
        visitor = service.visitor()
        visitor.get(ACTIVATE)
        press = partial(visitor.press, identifier=identifier, activation_code=code)
        answer = looked_at(service, visitor, press)
        # What was typed stands in the field again.
        body = answer.body.replace(identifier, "TYPED")
        seen[name] = (answer.status, answer.headers, body, answer.statements, answer.commits, visitor.faults)
    assert len({repr(each) for each in seen.values()}) == 1
    assert seen["unknown"][-1] == ["activation_code"]


def test_whoever_scans_for_codes_is_slowed_down_and_the_owner_is_not(service: InProcess) -> None:
    service.clock.move(3600 - service.clock.now() % 3600)
    code = issued(service, "C100001")
    guesser = service.visitor("203.0.113.9")
    statuses = []
    for number in range(12):
        press_code(guesser, CODES["C100001"], f"0000-0000-0000-{number:04}")
        statuses.append(guesser.last.status_code)
    assert statuses == [200] * 10 + [429] * 2
    press_code(guesser, CODES["C100001"], code)
    assert guesser.last.status_code == 429
    owner = service.visitor()
    press_code(owner, CODES["C100001"], code)
    assert owner.page == "register-contacts"


def test_a_scan_with_ever_new_browsers_is_slowed_down_by_source(
    service_folder: Path, prepared_sqlite_url: str
) -> None:
    settings = settings_for(
        service_folder, prepared_sqlite_url, limits={"login_failures_per_source": "6/3600"}
    )
    service = open_in_process(settings)
    service.clock.move(3600 - service.clock.now() % 3600)
    statuses = []
    for number in range(8):
        guesser = service.visitor("203.0.113.9")
        press_code(guesser, CODES["C100001"], f"0000-0000-0000-{number:04}")
        statuses.append(guesser.last.status_code)
    assert statuses == [200] * 6 + [429] * 2
    service.idp.database.engine.dispose()


def test_a_code_of_one_customer_opens_no_other(service: InProcess) -> None:
    code = issued(service, "C100002")
    visitor = service.visitor()
    press_code(visitor, CODES["C100001"], code)
    assert (visitor.page, visitor.faults) == ("register-activate", ["activation_code"])


def test_nothing_of_an_activation_code_is_written_down(service: InProcess) -> None:
    code = issued(service, "C100001")
    visitor = service.visitor()
    press_code(visitor, CODES["C100001"], code)
    with service.idp.reading() as tx:
        trail = repr(tx.exec_driver_sql("SELECT * FROM audit_events").all())
        kept = repr(tx.exec_driver_sql("SELECT * FROM enrolments").all())
    for spelled in (code, code.replace("-", "")):
        assert spelled not in trail + kept + visitor.last.text


def test_a_victims_enrolment_is_not_moved_by_whoever_identifies_as_them(service: InProcess) -> None:
    owner = to_verify(service, CODES["C100001"], "m•••••@•••••")
    code = service.code_for("maria.rossi@posta.example")
    attacker = to_verify(service, CODES["C100001"], "+39 ••• ••• ••01")
    attacker.press(code=code)
    assert attacker.faults == ["code"]
    owner.press(code=code)
    assert owner.page == "register-done"
