"""A mail scanner opens the link before its owner does: nothing changes, nothing is lost, nothing is gained
(security bar 5.2)."""

import pytest

from idp.store.tables import metadata
from tests.journeys.link_walks import (
    BRUNO,
    EVERYBODY,
    MARIA,
    NEW_PASSWORD,
    SESSION,
    Customer,
    accounts,
    began,
    link_for,
    rows,
)
from tests.service.in_process import InProcess
from tests.service.visitor import Visitor

ELSEWHERE = "203.0.113.44"


@pytest.fixture
def service(clean_service: InProcess) -> InProcess:
    """The service, with nobody registered."""
    return clean_service


def everything(service: InProcess) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with service.idp.reading() as tx:
        return {
            table.name: sorted((tuple(row) for row in tx.execute(table.select())), key=repr)
            for table in metadata.sorted_tables
        }


@pytest.mark.parametrize("who", EVERYBODY, ids=lambda who: who.number)
def test_a_scanner_without_cookies_changes_no_row_and_the_link_still_works(
    service: InProcess, who: Customer
) -> None:
    began(service, who)
    link = link_for(service, who.contact)
    before = everything(service)
    for method in ("HEAD", "GET", "GET", "GET", "OPTIONS"):
        scanner = service.visitor(ELSEWHERE)
        scanner.fetch(method, link)
        assert scanner.last.status_code in (200, 303)
        target = scanner.last.headers.get("Location")
        if target is not None:
            scanner.forget_cookies()
            scanner.fetch("HEAD" if method == "HEAD" else "GET", target)
            assert scanner.last.status_code == 410
    assert everything(service) == before
    other = service.visitor()
    other.get(link)
    other.press(**who.knows, new_password=NEW_PASSWORD)
    assert other.page == "register-done"


def test_a_scanner_that_follows_with_its_cookies_changes_no_row(service: InProcess) -> None:
    began(service)
    link = link_for(service)
    before = everything(service)
    scanner = service.visitor(ELSEWHERE)
    for _ in range(3):
        scanner.get(link)
        assert scanner.page == "link"
        scanner.fetch("HEAD", "/register/link")
        scanner.get("/register/link", sign_out="yes", resend="yes", family_name="Rossi")
    with service.counting() as counts:
        scanner.get(link)
    assert counts.commits == 0
    assert everything(service) == before


def test_a_scanner_that_posts_the_form_gains_nothing(service: InProcess) -> None:
    first = began(service)
    link = link_for(service)
    scanner = service.visitor(ELSEWHERE)
    scanner.get(link)
    # It presses every button it finds, and fills in what it takes for the name.
    scanner.press()
    assert (scanner.page, scanner.faults) == ("link", ["family_name", "new_password"])
    scanner.press(family_name="m", new_password=NEW_PASSWORD)
    assert (scanner.page, scanner.faults) == ("link", ["family_name"])
    assert scanner.cookie(SESSION) is None
    assert accounts(service) == rows(service, "SELECT count(*) FROM sessions") == 0
    first.get(link)
    first.press()
    assert first.page == "register-done"


def test_a_scanner_that_knows_the_name_signs_in_nobody_but_itself(service: InProcess) -> None:
    first = began(service, BRUNO)
    owner = service.visitor()
    link = link_for(service, BRUNO.contact)
    owner.get(link)
    scanner = service.visitor(ELSEWHERE)
    scanner.get(link)
    scanner.press(**BRUNO.knows, new_password=NEW_PASSWORD)
    assert scanner.page == "register-done"
    # The account is made in the browser that knew the number, and every contact of the customer is told.
    assert first.cookie(SESSION) is None
    assert owner.cookie(SESSION) is None
    told = {m["to"] for m in service.post() if m["purpose"] == "account_created"}
    assert told == {BRUNO.contact, *BRUNO.others}


def without_csrf(visitor: Visitor) -> dict[str, str]:
    visitor.get("/register/link")
    return {"family_name": "Rossi", "new_password": NEW_PASSWORD}


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_press_from_elsewhere_is_refused(service: InProcess, headers: dict[str, str]) -> None:
    began(service)
    victim = service.visitor()
    victim.get(link_for(service))
    form = without_csrf(victim)
    if headers:
        form["csrf"] = victim.csrf
    victim.send("/register/link", form, **headers)
    assert victim.last.status_code == 403
    assert accounts(service) == 0
    assert rows(service, "SELECT tries_left FROM challenges") == 5


def test_a_link_is_worth_nothing_as_a_code_and_a_code_nothing_as_a_link(service: InProcess) -> None:
    first = began(service)
    code, token = service.code_for(MARIA.contact), link_for(service).rpartition("/")[2]
    first.press(code=token)
    assert first.faults == ["code"]
    other = service.visitor(ELSEWHERE)
    other.get(f"/register/link/{code}")
    assert other.page == "link-expired"
    for field in ("code", "link", "token"):
        other.get("/register/link")
        other.press(**{field: code, "family_name": "Rossi", "new_password": NEW_PASSWORD})
        assert other.page == "link-expired"
    assert accounts(service) == 0
