"""Somebody who has the password guesses at the codes, or presses while the owner throws them out."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from idp.flows import authenticator, fresh, login, passkey_sign_in, second_proof
from idp.flows import sessions as session_flows
from idp.flows.browser import Browser
from idp.flows.fresh import Owner
from idp.flows.idp import Idp
from idp.flows.login import SignedIn
from idp.flows.second_proof import AT_ACCOUNT, AT_SIGN_IN, AlreadyProven, Proven
from idp.ports import Entropy
from idp.values import Handle
from tests.journeys.account_walks import BROWSER, EMAIL, MOBILE, SESSION, ask_code, prove, rows, run
from tests.journeys.factor_walks import KNOWN_SECRET, code_of, with_app
from tests.journeys.operation_walks import bring, portal, sent, signed_in
from tests.journeys.passkey_walks import enrolled
from tests.service import in_process
from tests.service.in_process import PASSWORD, InProcess
from tests.service.visitor import Visitor

CLOSE = "/account/close"


@pytest.fixture
def maria(clean_service: InProcess) -> Visitor:
    """Maria, with a confirmed mobile beside her email, signed in by password an hour later."""
    clean_service.register(clean_service.visitor("203.0.113.9"))
    prove(clean_service, MOBILE)
    run(clean_service, "UPDATE accounts SET held_until = NULL")
    clean_service.clock.move(3600)
    return signed_in(clean_service, EMAIL)


def browser_of(visitor: Visitor) -> Browser:
    return Browser(
        handle=Handle(visitor.cookie(BROWSER) or ""),
        session=Handle(visitor.cookie(SESSION) or ""),
        source="198.51.100.7",
    )


def wrong(right: str) -> str:
    return "000000" if right != "000000" else "111111"


def to_email_code(service: InProcess, visitor: Visitor) -> str:
    """In front of the code to the email that closing the account asks for; the right one."""
    visitor.get(CLOSE)
    assert visitor.page == "account-confirm", visitor.page
    ask_code(visitor, EMAIL)
    return service.code_for(EMAIL)


def guess(service: InProcess, visitor: Visitor, times: int) -> None:
    """Type a wrong code for the operation so often that one challenge ends."""
    right = sent(service, visitor)
    for _ in range(times):
        visitor.press(code=wrong(right))
    service.clock.move(61)


def test_wrong_codes_for_an_operation_close_every_other_door(
    clean_service: InProcess, maria: Visitor
) -> None:
    bring(maria, portal(clean_service))
    for _ in range(2):
        guess(clean_service, maria, 5)
    code = to_email_code(clean_service, maria)
    maria.press(code=code)
    assert (maria.page, maria.last.status_code) == ("account-confirm", 429)


def test_wrong_codes_of_the_app_close_every_other_door(clean_service: InProcess, maria: Visitor) -> None:
    known = fresh.owner(clean_service.idp, browser_of(maria), now=clean_service.clock.now())
    assert known is not None
    code = to_email_code(clean_service, maria)
    for _ in range(10):
        authenticator.check(
            clean_service.idp,
            known.account.sub,
            "000000",
            source="198.51.100.7",
            now=clean_service.clock.now(),
        )
    maria.press(code=code)
    assert (maria.page, maria.last.status_code) == ("account-confirm", 429)


def test_wrong_codes_to_confirm_again_close_the_operation(clean_service: InProcess, maria: Visitor) -> None:
    right = to_email_code(clean_service, maria)
    for _ in range(2):
        for _ in range(5):
            maria.press(code=wrong(right))
        clean_service.clock.move(61)
        maria.press(resend="yes")
        right = clean_service.code_for(EMAIL)
    bring(maria, portal(clean_service))
    maria.press(code=sent(clean_service, maria))
    assert (maria.page, maria.last.status_code) == ("step-up", 429)


# --- while it is thrown out --------------------------------------------------------------------------------


@pytest.fixture
def asking(prepared_sqlite_url: str, service_folder: Path) -> Iterator[InProcess]:
    """The service that asks for a second factor, with Maria registered by her mobile an hour ago."""
    settings = in_process.settings_for(
        service_folder, prepared_sqlite_url, assurance={"second_factor": "untrusted"}
    )
    opened = in_process.open_in_process(settings)
    opened.register(opened.visitor("203.0.113.9"), MOBILE)
    opened.clock.move(3600)
    yield opened
    opened.idp.database.engine.dispose()


@pytest.mark.parametrize("by", ["sms", "app"])
def test_a_code_that_comes_while_every_session_is_ended_trusts_nothing(asking: InProcess, by: str) -> None:
    idp, now = asking.idp, asking.clock.now()
    if by == "app":
        with_app(asking)
    thief = asking.visitor()
    thief.get("/account")
    thief.press(username=MOBILE, password=PASSWORD)
    assert thief.page == "login-code"
    browser = browser_of(thief)
    known = second_proof.owner(idp, browser, AT_SIGN_IN, now=now)
    assert known is not None
    found = second_proof.standing(idp, known, AT_SIGN_IN, None, now=now)
    # What was read so far is what a request has in hand while the owner says "it was not me".
    sub = known.account.sub
    session_flows.leaving(idp, sub, lambda tx, leaving: leaving.end_all(tx, now=now), now=now)
    typed = asking.code_for(MOBILE) if by == "sms" else code_of(asking, KNOWN_SECRET)
    outcome = second_proof.by_code(
        idp, known, AT_SIGN_IN, found, typed, browser, trust=True, now=now, now_ms=now * 1000
    )
    assert not isinstance(outcome, Proven)
    assert rows(asking, "SELECT COUNT(*) FROM trusted_browsers") == 0
    assert rows(asking, "SELECT COUNT(*) FROM known_browsers") == 0
    thief.get("/account")
    assert thief.page == "login"


class Meanwhile:
    """Randomness as it is; when the first handle of a new session is drawn, something happens."""

    def __init__(self, real: Entropy, happens: Callable[[], None]) -> None:
        self._real = real
        self._happens: list[Callable[[], None]] = [happens]

    def handle(self) -> Handle:
        """A handle, after what happens once."""
        if self._happens:
            self._happens.pop()()
        return self._real.handle()

    def identifier(self) -> str:
        """As it is."""
        return self._real.identifier()

    def digits(self, count: int) -> str:
        """As it is."""
        return self._real.digits(count)

    def octets(self, count: int) -> bytes:
        """As it is."""
        return self._real.octets(count)


def end_everything(service: InProcess) -> None:
    """The owner ends every session, from elsewhere."""
    idp, now = service.idp, service.clock.now()
    (sub,) = _column(service, "SELECT sub FROM accounts")
    session_flows.leaving(idp, sub, lambda tx, leaving: leaving.end_all(tx, now=now), now=now)


def _column(service: InProcess, query: str) -> list[str]:
    with service.idp.reading() as tx:
        return [str(value) for value in tx.exec_driver_sql(query).scalars()]


def interrupted(service: InProcess) -> Idp:
    """The service in which every session is ended while one is about to be written."""
    happens = Meanwhile(service.idp.entropy, lambda: end_everything(service))
    return replace(service.idp, entropy=happens)


def live_sessions(service: InProcess) -> list[str]:
    return _column(service, "SELECT id FROM sessions WHERE ended_at IS NULL")


def test_a_password_that_comes_while_its_session_is_ended_begins_another(asking: InProcess) -> None:
    visitor = asking.visitor()
    visitor.get("/account")
    visitor.press(username=MOBILE, password=PASSWORD)
    visitor.press(code=asking.code_for(MOBILE))
    assert visitor.page == "account"
    (before,) = set(live_sessions(asking)) & {_session_of(asking, visitor)}
    idp, now = interrupted(asking), asking.clock.now()
    outcome = login.sign_in(
        idp, MOBILE, PASSWORD, browser_of(visitor), client_id=None, now=now, now_ms=now * 1000
    )
    assert isinstance(outcome, SignedIn)
    assert live_sessions(asking) == [outcome.begun.session.id]
    assert outcome.begun.session.id != before
    # What the ended one had proven, its second factor too, counts no more.
    assert outcome.begun.session.is_due
    assert [proof.kind for proof in outcome.begun.session.proofs] == ["password"]


def _session_of(service: InProcess, visitor: Visitor) -> str:
    known = fresh.owner(service.idp, browser_of(visitor), now=service.clock.now())
    assert known is not None
    return known.session_id


def test_a_passkey_that_comes_while_its_session_is_ended_begins_another(clean_service: InProcess) -> None:
    visitor, device = enrolled(clean_service)
    before, browser = _session_of(clean_service, visitor), browser_of(visitor)
    idp, now = interrupted(clean_service), clean_service.clock.now()
    asked = passkey_sign_in.options(idp, browser, now=now)
    typed = json.dumps(device.get(asked))
    outcome = passkey_sign_in.sign_in(idp, typed, browser, client_id=None, now=now, now_ms=now * 1000)
    assert isinstance(outcome, SignedIn)
    assert live_sessions(clean_service) == [outcome.begun.session.id]
    assert outcome.begun.session.id != before
    assert [proof.kind for proof in outcome.begun.session.proofs] == ["passkey"]


def _confirmed_by(service: InProcess, visitor: Visitor, by: str) -> object:
    """What confirming once more comes to while every session is ended."""
    now, browser = service.clock.now(), browser_of(visitor)
    known = fresh.owner(service.idp, browser, now=now)
    assert isinstance(known, Owner)
    found = second_proof.standing(service.idp, known, AT_ACCOUNT, None, now=now)
    idp = interrupted(service)
    if by == "password":
        return second_proof.by_password(idp, known, AT_ACCOUNT, PASSWORD, browser, now=now, now_ms=now * 1000)
    typed = code_of(service, KNOWN_SECRET)
    return second_proof.by_code(idp, known, AT_ACCOUNT, found, typed, browser, now=now, now_ms=now * 1000)


@pytest.mark.parametrize("by", ["password", "app"])
def test_confirming_once_more_while_every_session_is_ended_keeps_nobody_in(
    clean_service: InProcess, maria: Visitor, by: str
) -> None:
    with_app(clean_service)
    outcome = _confirmed_by(clean_service, maria, by)
    assert isinstance(outcome, AlreadyProven), "the next page asks to sign in"
    assert live_sessions(clean_service) == []
    assert rows(clean_service, "SELECT COUNT(*) FROM known_browsers") == 0
    maria.get(CLOSE)
    assert maria.page == "login"


def test_a_passkey_confirms_nobody_whose_sessions_are_ended_meanwhile(clean_service: InProcess) -> None:
    visitor, device = enrolled(clean_service, strong=True)
    now, browser = clean_service.clock.now(), browser_of(visitor)
    known = fresh.owner(clean_service.idp, browser, now=now)
    assert known is not None
    asked = second_proof.passkey_options(clean_service.idp, known, AT_ACCOUNT, "own", now=now)
    assert asked is not None
    typed = json.dumps(device.get(asked))
    outcome = second_proof.by_passkey(
        interrupted(clean_service), known, AT_ACCOUNT, "own", typed, browser, now=now, now_ms=now * 1000
    )
    assert not isinstance(outcome, Proven)
    assert live_sessions(clean_service) == []
