"""Sign-in and step-up in random orders: empty bodies, missing fields, skipped steps, replays.

No class is ever told that was not earned, and nobody is signed in before the second factor (security bar 4).
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.service import in_process
from tests.service.in_process import PASSWORD, InProcess
from tests.service.relying_party import RelyingParty, answer_of, portal
from tests.service.visitor import Visitor

pytestmark = pytest.mark.slow

MOBILE = "+393331234501"
ONE, TWO = "urn:idp:acr:1", "urn:idp:acr:2"
TOGETHER = 600
PAGES = ("login", "login-code", "step-up", "account-confirm")
ADDRESSES = (
    "/login/code",
    "/step-up",
    "/account",
    "/account/password",
    "/account/confirm",
    "/authorize/resume",
)


class Walks(RuleBasedStateMachine):
    """One browser, and what was really proven in it; both are told apart by what relying parties get."""

    service: InProcess
    party: RelyingParty

    def __init__(self) -> None:
        super().__init__()
        self.service.wipe()
        type(self).party = portal(self.service)
        self.service.register(self.service.visitor(), MOBILE)
        self.service.clock.move(3600)
        self.visitor: Visitor = self.service.visitor()
        # When a right password and a right code were given in the session that goes on, in seconds.
        self.password_at: int | None = None
        self.code_at: int | None = None
        self.trusted = False
        self.used: set[str] = set()
        self.visitor.get("/account")

    @property
    def now(self) -> int:
        return self.service.clock.now()

    def newest(self) -> str | None:
        """The newest code by SMS, whatever it is for; None before the first, and once it was used."""
        found = [m for m in self.service.post() if m["purpose"] in ("sign_in_code", "step_up_code")]
        code = str(found[0]["code"]) if found else None
        return None if code in self.used else code

    def press(self, **fields: str) -> None:
        if self.visitor.page in PAGES:
            self.visitor.press(**fields)

    @rule(demand=st.sampled_from([None, ONE, TWO, f"{TWO} {ONE}", "unknown"]), aged=st.booleans())
    def asks(self, demand: str | None, aged: bool) -> None:
        self.party.ask(self.visitor, acr_values=demand, max_age="60" if aged else None)
        self.judge()

    @rule(address=st.sampled_from(ADDRESSES))
    def jumps(self, address: str) -> None:
        self.visitor.get(address)

    @precondition(lambda self: self.visitor.page == "login")
    @rule()
    def gives_the_password(self) -> None:
        self.press(username=MOBILE, password=PASSWORD)
        if self.visitor.last.status_code != 429:
            signed_in = self.password_at is not None and (self.code_at is not None or self.trusted)
            self.password_at = self.now
            if not signed_in:
                self.code_at = None
        self.judge()

    @rule(
        fields=st.dictionaries(
            st.sampled_from(
                ["code", "username", "password", "trust_browser", "give_up", "credential", "resend"]
            ),
            st.sampled_from(["", "yes", "000000", MOBILE, "{}", "0" * 70]),
            max_size=3,
        )
    )
    def presses_anything(self, fields: dict[str, str]) -> None:
        if self.newest() not in fields.values():
            self.press(**fields)
            self.judge()

    @precondition(lambda self: self.visitor.page in ("login-code", "step-up"))
    @rule(trust=st.booleans())
    def gives_the_code(self, trust: bool) -> None:
        code, page = self.newest(), self.visitor.page
        if code is None:
            return
        self.press(code=code, **({"trust_browser": "yes"} if trust else {}))
        if self.visitor.page != page or self.visitor.last.status_code == 303:
            self.code_at = self.now
            self.used.add(code)
            self.trusted = self.trusted or (trust and page == "login-code")
        self.judge()

    @precondition(lambda self: self.used)
    @rule()
    def replays_a_code(self) -> None:
        before = self.visitor.page
        if before in ("login-code", "step-up"):
            self.press(code=min(self.used))
            assert self.visitor.page == before
            self.judge()

    @rule(seconds=st.sampled_from([1, 61, 301, 601]))
    def waits(self, seconds: int) -> None:
        self.service.clock.move(seconds)

    @invariant()
    def what_a_silent_request_is_told_was_earned(self) -> None:
        page, at = self.visitor.response, self.visitor.at
        self.party.ask(self.visitor, prompt="none")
        self.judge()
        self.visitor.response, self.visitor.at = page, at

    def judge(self) -> None:
        """Whatever leaves for the relying party tells no more than what was proven."""
        response = self.visitor.last
        if response.status_code != 303 or "code=" not in response.headers.get("Location", ""):
            return
        reply = self.party.redeem(answer_of(self.visitor)["code"])
        if reply.status_code != 200:
            return
        claims: dict[str, Any] = self.party.read(reply.get_json()["id_token"])
        assert self.password_at is not None
        assert self.code_at is not None or self.trusted, "a password alone signed somebody in"
        if claims["acr"] == TWO:
            assert self.code_at is not None
            assert max(self.password_at, self.code_at) - self.code_at <= TOGETHER
        else:
            assert claims["acr"] == ONE
        assert ("sms" in claims["amr"]) <= (self.code_at is not None)


def test_no_walk_is_told_a_class_that_was_not_earned(prepared_folder: Path) -> None:
    folder = Path(tempfile.mkdtemp(prefix="walks"))
    try:
        shutil.copytree(prepared_folder / "keys", folder / "keys")
        shutil.copy(prepared_folder / "idp.sqlite3", folder / "idp.sqlite3")
        made = in_process.settings_for(
            folder,
            f"sqlite:///{folder / 'idp.sqlite3'}",
            assurance={"second_factor": "untrusted"},
            # What is tried here is not how often.
            limits={"sends_per_contact": "1000/900", "sends_per_contact_per_day": 1000},
        )
        Walks.service = in_process.open_in_process(made)
        run_state_machine_as_test(
            Walks,
            settings=settings(
                max_examples=20,
                stateful_step_count=14,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        Walks.service.idp.database.engine.dispose()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
