"""The insurer's registry goes away: registration, identification and recovery pause for everyone alike, and
nobody's sign-in feels it.

Security bar 5.1 and 7: 503 before anything is judged, no stack, no open gate, no error at sign-in.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from idp.settings import Settings
from idp.store.tables import ephemera, metadata
from tests.faults.service import CALLBACK, MortalService, mortal_service
from tests.journeys import identify_walks, recovery_walks
from tests.parts.registry_service import RegistryService, registry_service
from tests.service.in_process import (
    CALLBACK as PORTAL,
)
from tests.service.in_process import (
    PASSWORD,
    InProcess,
    open_in_process,
    settings_for,
)
from tests.service.running import HttpBrowser
from tests.service.visitor import Visitor

TOKEN = "a-token-of-the-registry"
KNOWN = {"given_name": "Giovanni", "family_name": "Bianchi", "username": "giovanni.bianchi@posta.example"}
OTHER_NAME = {**KNOWN, "family_name": "Verdi"}
UNKNOWN = {**KNOWN, "username": "nessuno@posta.example"}
EVERYBODY = [KNOWN, OTHER_NAME, UNKNOWN]

Outage = Callable[[RegistryService], None]
OUTAGES: dict[str, Outage] = {
    "it fails": lambda registry: registry.fail(500),
    "it hangs up": lambda registry: registry.hang_up(),
    "it hangs": lambda registry: registry.delay(30),
    "it talks nonsense": lambda registry: registry.say(b"<html>"),
    "it refuses us": lambda registry: registry.fail(401),
}


@pytest.fixture(scope="module")
def registry() -> Iterator[RegistryService]:
    """The insurer's service with the demo customers."""
    with (
        resources.as_file(resources.files("idp") / "demo" / "customers.csv") as file,
        registry_service([file], token=TOKEN) as running,
    ):
        yield running


@pytest.fixture(autouse=True)
def _sound_again(registry: RegistryService) -> None:
    registry.forget()


@pytest.fixture(params=["sqlite", "postgresql"])
def service(
    request: pytest.FixtureRequest, service_folder: Path, registry: RegistryService
) -> Iterator[InProcess]:
    """The service in this process, on each database, with its registry elsewhere."""
    name = {"sqlite": "prepared_sqlite_url", "postgresql": "prepared_postgres_url"}[request.param]
    opened = open_in_process(asking(registry, service_folder, str(request.getfixturevalue(name))))
    with opened.idp.writing() as tx:
        # Nothing may be found in our own tables.
        for table in ("customer_contacts", "agency_contacts", "customer_records"):
            tx.execute(metadata.tables[table].delete())
    yield opened
    opened.idp.registry.close()  # type: ignore[attr-defined]
    opened.idp.database.engine.dispose()


def asking(registry: RegistryService, folder: Path, url: str) -> Settings:
    """Settings of a service that asks this registry and leaves it alone after three failures."""
    told = {"adapter": "http", "url": registry.url, "token": TOKEN, "timeout": 1}
    return settings_for(folder, url, registry={**told, "breaker_failures": 3, "breaker_seconds": 1})


def written(service: InProcess) -> dict[str, list[Any]]:
    """All that stands in the database but short-lived counters."""
    with service.idp.reading() as tx:
        tables = [table for table in metadata.sorted_tables if table is not ephemera]
        return {table.name: sorted(map(repr, tx.execute(select(table)))) for table in tables}


def at_data(service: InProcess, source: str = "198.51.100.7") -> Visitor:
    """A visitor in front of the page that asks for the data."""
    visitor = service.visitor(source)
    visitor.get("/register")
    visitor.press(profile="person")
    assert visitor.page == "register-data"
    return visitor


def told(answer: TestResponse) -> tuple[int, str, list[tuple[str, str]]]:
    """An answer without what is different in each: the request's number and the keys of scripts and forms."""
    text = re.sub(r'id="request-id">[^<]*', "", answer.text)
    text = re.sub(r'(nonce|value)="[^"]*"', "", text)
    own = {"x-request-id", "set-cookie", "content-security-policy", "content-length"}
    return answer.status_code, text, sorted(h for h in answer.headers if h[0].lower() not in own)


@pytest.mark.parametrize("outage", OUTAGES)
def test_registration_pauses_before_anything_is_judged_the_same_for_everyone(
    service: InProcess, registry: RegistryService, outage: str
) -> None:
    visitors = [at_data(service, f"198.51.100.{number}") for number in range(3)]
    before = written(service)
    OUTAGES[outage](registry)
    answers = [
        visitor.press(**data, accept_terms="yes") for visitor, data in zip(visitors, EVERYBODY, strict=True)
    ]
    assert {answer.status_code for answer in answers} == {503}
    assert 1 <= int(answers[0].headers["Retry-After"]) <= 60
    assert all(visitor.page == "error" for visitor in visitors)
    assert len({str(told(answer)) for answer in answers}) == 1
    for trace in ("Traceback", "Registry", "registry", "httpcore", "Bianchi", "bianchi"):
        assert trace not in answers[0].text
    assert written(service) == before, "nothing is kept of what was typed"


def test_back_again_the_same_browser_goes_on_to_the_end(
    service: InProcess, registry: RegistryService
) -> None:
    visitor = at_data(service)
    registry.fail(500, times=1)
    visitor.press(**KNOWN, accept_terms="yes")
    assert visitor.last.status_code == 503
    visitor.get("/register/data")
    visitor.press(**KNOWN, accept_terms="yes")
    assert visitor.page == "register-password"
    visitor.press(new_password=PASSWORD)
    code = service.code_for(KNOWN["username"])
    verify = visitor.at
    # Once more, at the very last step: the account is born of the registry as it stands then.
    registry.hang_up(times=2)
    before = written(service)
    visitor.press(code=code)
    assert visitor.last.status_code == 503
    assert accounts(service) == []
    assert before["sessions"] == written(service)["sessions"]
    visitor.get(verify)
    visitor.press(code=code)
    assert visitor.page == "register-done"
    assert accounts(service) == ["C100002"]


# Somebody on file, on file without a contact that may be chosen, and nobody.
CODES = [identify_walks.CODES["C100002"], identify_walks.CODES["C100025"], identify_walks.NOBODY]


@pytest.mark.parametrize("outage", OUTAGES)
@pytest.mark.parametrize("door", ["/register/identify", "/recover"])
def test_identification_and_recovery_pause_the_same_for_everyone(
    service: InProcess, registry: RegistryService, outage: str, door: str
) -> None:
    visitors = [service.visitor(f"198.51.100.{number}") for number in range(len(CODES))]
    for visitor in visitors:
        visitor.get(door)
    before = written(service)
    OUTAGES[outage](registry)
    answers = [visitor.press(identifier=code) for visitor, code in zip(visitors, CODES, strict=True)]
    assert {answer.status_code for answer in answers} == {503}
    assert 1 <= int(answers[0].headers["Retry-After"]) <= 60
    assert all(visitor.page == "error" for visitor in visitors)
    assert len({str(told(answer)) for answer in answers}) == 1
    assert not any(code in answers[0].text for code in CODES)
    assert written(service) == before, "nothing is kept of what was typed"


@pytest.mark.parametrize(
    ("door", "contacts", "onward"),
    [
        ("/register/identify", "/register/contacts", "register-password"),
        ("/recover", "/recover/contacts", "recover-verify"),
    ],
)
def test_a_contact_is_chosen_when_the_registry_is_back(
    service: InProcess, registry: RegistryService, door: str, contacts: str, onward: str
) -> None:
    service.register(service.visitor("203.0.113.9"))
    visitors = [service.visitor(f"198.51.100.{number}") for number in range(len(CODES))]
    chosen = []
    for visitor, code in zip(visitors, CODES, strict=True):
        visitor.get(door)
        visitor.press(identifier=code)
        assert visitor.at == contacts
        chosen.append(identify_walks.options(visitor)[0][0])
    before = written(service)
    registry.fail(500)
    answers = [visitor.press(contact=handle) for visitor, handle in zip(visitors, chosen, strict=True)]
    assert {answer.status_code for answer in answers} == {503}
    assert len({str(told(answer)) for answer in answers}) == 1
    assert written(service) == before, "nothing is sent, nothing is judged"
    registry.forget()
    service.clock.move(1)
    for visitor, handle in zip(visitors, chosen, strict=True):
        visitor.get(contacts)
        visitor.press(contact=handle)
        assert visitor.page == onward


def test_a_recovery_ends_when_the_registry_is_back(service: InProcess, registry: RegistryService) -> None:
    service.register(service.visitor("203.0.113.9"))
    visitor = recovery_walks.to_password(service)
    at = visitor.at
    registry.hang_up(times=2)
    before = written(service)
    visitor.press(new_password=recovery_walks.NEW)
    assert visitor.last.status_code == 503
    assert written(service) == before, "the old password still is the password"
    visitor.get(at)
    visitor.press(new_password=recovery_walks.NEW)
    assert visitor.page == "recover-done"


def accounts(service: InProcess) -> list[str]:
    """The customer numbers that have an account."""
    table = metadata.tables["accounts"]
    with service.idp.reading() as tx:
        return list(tx.execute(select(table.c.customer_number)).scalars())


@pytest.mark.parametrize("outage", OUTAGES)
def test_who_is_registered_signs_in_and_a_known_browser_makes_no_call(
    service: InProcess, registry: RegistryService, outage: str
) -> None:
    service.client()
    service.register(service.visitor())
    OUTAGES[outage](registry)
    visitor = service.visitor("203.0.113.9")
    # On a new device the owner is told, wherever the registry knows of; it may be asked in vain.
    visitor.get("/account")
    visitor.press(username="maria.rossi@posta.example", password=PASSWORD)
    visitor.get("/account")
    assert visitor.page == "account"
    calls = len(registry.calls)
    visitor.get(
        "/authorize",
        prompt="login",
        client_id="portal",
        redirect_uri=PORTAL,
        response_type="code",
        scope="openid profile email",
        state="s",
        code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        code_challenge_method="S256",
    )
    assert visitor.page == "login"
    visitor.press(username="maria.rossi@posta.example", password=PASSWORD)
    assert visitor.location.startswith(PORTAL)
    assert len(registry.calls) == calls


def test_while_it_is_left_alone_nobody_waits_and_one_call_finds_it_back(
    service: InProcess, registry: RegistryService
) -> None:
    registry.fail(500)
    for number in range(3):
        at_data(service, f"198.51.100.{number}").press(**KNOWN, accept_terms="yes")
    registry.forget()
    visitor = at_data(service)
    assert visitor.press(**KNOWN, accept_terms="yes").status_code == 503
    assert registry.calls == []
    service.clock.move(1)
    visitor.get("/register/data")
    visitor.press(**KNOWN, accept_terms="yes")
    assert visitor.page == "register-password"


# --- under load ------------------------------------------------------------------------------------------


@pytest.fixture
def mortal(
    tmp_path_factory: pytest.TempPathFactory, prepared_folder: Path, registry: RegistryService
) -> Iterator[MortalService]:
    """Two processes of sixteen threads each, on SQLite, with that registry."""
    more = f"""
[registry]
adapter = "http"
url = "{registry.url}"
token = "{TOKEN}"
breaker_failures = 1000

[limits]
registrations_per_source = "100000/60"
"""
    with mortal_service(tmp_path_factory.mktemp("mortal"), prepared_folder, more=more) as started:
        yield started


DELAY = 2.5


@pytest.mark.slow
def test_no_sign_in_waits_while_registrations_hang(mortal: MortalService, registry: RegistryService) -> None:
    mortal.signed_in()
    client = mortal.add_client(kind="spa", redirect_uris=[CALLBACK], scope="openid", first_party=True)
    browsers = [mortal.browser() for _ in range(40)]
    for browser in browsers:
        browser.get("/register")
        browser.press(profile="person")
    over = threading.Event()
    # Slow, not dead: within the time an answer may take, so that nothing but the limit on calls helps.
    registry.delay(DELAY)
    statuses: list[int] = []

    def register(browser: HttpBrowser) -> None:
        data = browser.at
        while not over.is_set():
            statuses.append(browser.press(**KNOWN, accept_terms="yes").status_code)
            browser.get(data)

    with ThreadPoolExecutor(len(browsers)) as pool:
        for browser in browsers:
            pool.submit(register, browser)
        time.sleep(1)
        took = []
        try:
            for _ in range(15):
                began = time.monotonic()
                signs_in(mortal.browser(), client)
                took.append(time.monotonic() - began)
        finally:
            over.set()
            registry.forget()
    assert 503 in statuses, "more registered than could be"
    assert set(statuses) <= {200, 503}
    # Whoever stood behind a single call took as long as it did.
    assert sorted(took)[len(took) // 2] < DELAY, took
    assert "Traceback" not in mortal.log


def signs_in(browser: HttpBrowser, client: dict[str, Any]) -> None:
    """One whole sign-in of C100001, from the relying party and back."""
    browser.get(
        "/authorize",
        client_id=client["client_id"],
        redirect_uri=CALLBACK,
        response_type="code",
        scope="openid",
        code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        code_challenge_method="S256",
    )
    answer = browser.press(username="maria.rossi@posta.example", password=PASSWORD)
    assert answer.headers.get("location", "").startswith(CALLBACK), answer.status_code
