"""What the product's own policy, a second factor in every browser that is not trusted, costs the database.

A code is sent and judged once in a while; silent requests and tokens come all day, and cost what they cost
without it.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.journeys.account_walks import MOBILE
from tests.service import in_process
from tests.service.in_process import PASSWORD, InProcess
from tests.service.relying_party import RelyingParty, answer_of, portal
from tests.service.visitor import Visitor

Costs = tuple[int, int]
HOUR = 3600


@pytest.fixture(params=["sqlite", "postgresql"])
def under(request: pytest.FixtureRequest, service_folder: Path) -> Iterator[Callable[[str], InProcess]]:
    """The service under a policy, with Maria registered by her mobile an hour ago."""
    name = {"sqlite": "prepared_sqlite_url", "postgresql": "prepared_postgres_url"}[request.param]
    url = str(request.getfixturevalue(name))
    opened: list[InProcess] = []

    def open_under(policy: str) -> InProcess:
        settings = in_process.settings_for(service_folder, url, assurance={"second_factor": policy})
        service = in_process.open_in_process(settings)
        if not opened:
            service.register(service.visitor("203.0.113.9"), MOBILE)
        else:
            service.clock.move(opened[0].clock.now() - service.clock.now())
        service.clock.move(HOUR)
        opened.append(service)
        return service

    yield open_under
    for service in opened:
        service.idp.database.engine.dispose()


def to_login(service: InProcess, visitor: Visitor) -> dict[str, str]:
    """In front of the sign-in page; what is typed there."""
    visitor.get("/account")
    assert visitor.page == "login", visitor.page
    return {"csrf": visitor.csrf, "username": MOBILE, "password": PASSWORD}


def signed_in(service: InProcess, visitor: Visitor, *, trust: bool = False) -> None:
    """Sign in, with a code where it is asked for."""
    visitor.press(**to_login(service, visitor))
    if visitor.page == "login-code":
        visitor.press(code=service.code_for(MOBILE), **({"trust_browser": "yes"} if trust else {}))
    assert visitor.page == "account", (visitor.page, visitor.faults)


def press(service: InProcess, visitor: Visitor, fields: dict[str, str]) -> Costs:
    """What a press on the page costs that leads on."""
    with service.counting() as counts:
        answer = visitor.send(visitor.at, fields)
    assert answer.status_code == 303
    return counts.like()


def test_a_sign_in_in_a_new_browser_costs_a_message_and_its_answer(
    under: Callable[[str], InProcess],
) -> None:
    service = under("untrusted")
    visitor = service.visitor()
    # One commit writes the session and one the message; nine count it. PostgreSQL takes a lock besides.
    lock = service.idp.database.engine.dialect.name == "postgresql"
    assert press(service, visitor, to_login(service, visitor)) == (38 + lock, 11)
    visitor.get(visitor.location)
    code = service.code_for(MOBILE)
    # A try is spent, the answer counted, the wait of the contact ended, the proof written.
    assert press(service, visitor, {"csrf": visitor.csrf, "code": code}) == (31, 4)


def test_a_sign_in_in_a_trusted_browser_costs_one_commit(under: Callable[[str], InProcess]) -> None:
    service = under("untrusted")
    visitor = service.visitor()
    signed_in(service, visitor, trust=True)
    service.clock.move(HOUR)
    trusted = press(service, visitor, to_login(service, visitor))
    never = under("never")
    known = never.visitor()
    signed_in(never, known)
    never.clock.move(HOUR)
    assert press(never, known, to_login(never, known)) == (8, 1)
    # Whether somebody guessed at the password is looked up, and that the trust was used is noted.
    assert trusted == (10, 1)


def day(service: InProcess, party: RelyingParty) -> tuple[Costs, Costs, Costs]:
    """What a silent request, its code and a refresh cost whoever is signed in."""
    visitor = service.visitor()
    signed_in(service, visitor)
    party.ask(visitor)
    tokens = party.redeem(answer_of(visitor)["code"]).get_json()
    with service.counting() as silent:
        party.ask(visitor)
    with service.counting() as exchange:
        assert party.redeem(answer_of(visitor)["code"]).status_code == 200
    with service.counting() as refresh:
        assert party.refresh(tokens["refresh_token"]).status_code == 200
    return silent.like(), exchange.like(), refresh.like()


def test_silent_requests_and_tokens_cost_the_same_under_every_policy(
    under: Callable[[str], InProcess],
) -> None:
    never = under("never")
    party = portal(never, scope="openid profile")
    assert day(never, party) == ((2, 1), (4, 1), (4, 1))
    other = under("untrusted")
    assert day(other, RelyingParty(other, party.registered)) == ((2, 1), (4, 1), (4, 1))
