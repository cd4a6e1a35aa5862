"""Sign-in and step-up in random orders: empty bodies, missing fields, skipped steps, replays.

No class is ever told that was not earned, nobody is signed in before the second factor, and no relying party
is answered with less than it demanded (security bar 4). What is earned is worked out in
``tests.attacks.earned``.
"""

import json
import re
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.attacks import earned
from tests.attacks.assured_customer import LIVES, Customer, customer
from tests.attacks.earned import DEMANDS, THREE, TWO, Given
from tests.journeys.account_walks import EMAIL, MOBILE, others
from tests.journeys.factor_walks import code_of
from tests.service import in_process
from tests.service.in_process import InProcess
from tests.service.relying_party import RelyingParty, answer_of, portal
from tests.service.visitor import Visitor

pytestmark = pytest.mark.slow

# What a code is for, by the page that asks for it.
LETTERS = {"login-code": "sign_in_code", "step-up": "step_up_code", "account-confirm": "confirm_code"}
PAGES = ("login", *LETTERS)
ADDRESSES = (
    "/login/code",
    "/step-up",
    "/account",
    "/account/passkeys/add",
    "/account/authenticator",
    "/account/confirm",
    "/account/confirm?to=passkey-add",
    "/account/confirm?to=passkey-add&by=code",
    "/account/confirm?to=mobile",
    "/authorize/resume",
)


class Walks(RuleBasedStateMachine):
    """One browser, and what was really given in it; both are told apart by what relying parties get."""

    service: InProcess
    party: RelyingParty
    tally: Counter[str]

    @initialize(life=st.sampled_from(LIVES), elsewhere=st.booleans())
    def begins(self, life: str, elsewhere: bool) -> None:
        self.service.wipe()
        self.asked: dict[str, tuple[str | None, int, int | None]] = {}
        self.given: list[Given] = []
        # Whether a second factor, or a browser that is trusted, let anybody in.
        self.inside = True
        self.trusted = False
        self.used: list[dict[str, str]] = []
        self.party = portal(self.service, scope="openid payout")
        self.who: Customer
        self.visitor: Visitor
        self.who, self.visitor, self.given = customer(self.service, life)
        if elsewhere or not self.given:
            self.service.clock.move(3600)
            self.visitor, self.given, self.inside = self.service.visitor(), [], False
        self.visitor.get("/account")

    # --- what it sees ------------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        return self.service.clock.now()

    @property
    def stage(self) -> str | None:
        """What the page waits for: an own code by its kind, a code that was sent, a press that sends one."""
        field = re.search(r'<input class="code"[^>]*>', self.visitor.last.text)
        if field is None:
            return None
        if 'maxlength="16"' in field[0]:
            return "sent"
        return "app" if "inputmode" in field[0] else "printed"

    def newest(self) -> dict[str, Any] | None:
        """The newest code that was sent for this page; None where there is none, or it was used."""
        purpose = LETTERS.get(self.visitor.page or "")
        found = next((m for m in self.service.post() if m["purpose"] == purpose), None)
        return None if found is None or {"code": found["code"]} in self.used else found

    # --- what it does ------------------------------------------------------------------------------------

    @rule(demand=st.sampled_from(DEMANDS), max_age=st.sampled_from([None, None, 60, 0]), again=st.booleans())
    def asks(self, demand: tuple[dict[str, str], str | None], max_age: int | None, again: bool) -> None:
        more = {} if max_age is None else {"max_age": str(max_age)}
        more |= {"prompt": "login"} if again and max_age == 0 else {}
        self.ask({**demand[0], **more}, demand[1], max_age)

    def ask(self, fields: dict[str, str], least: str | None, max_age: int | None = None) -> None:
        """Come from the relying party, which remembers under ``state`` what it demanded."""
        state = f"state-{len(self.asked)}"
        self.asked[state] = (least, self.now, max_age)
        self.party.ask(self.visitor, state=state, **fields)
        self.judge()

    @rule(address=st.sampled_from(ADDRESSES))
    def jumps(self, address: str) -> None:
        self.visitor.get(address)

    @precondition(lambda self: self.visitor.page in LETTERS)
    @rule(number=st.integers(0, 5))
    def takes_another_way(self, number: int) -> None:
        links = list(others(self.visitor).values())
        if links:
            self.visitor.get(links[number % len(links)])

    @rule(
        presses=st.integers(1, 5),
        demand=st.sampled_from(DEMANDS),
        finger=st.booleans(),
        trust=st.booleans(),
    )
    def goes_on(
        self, presses: int, demand: tuple[dict[str, str], str | None], finger: bool, trust: bool
    ) -> None:
        """Do what the page asks for, and the next one; come back with a demand where none asks anything."""
        if self.visitor.page not in PAGES:
            self.ask(*demand)
        for _ in range(presses):
            match self.visitor.page, self.stage:
                case "login" | "step-up", _ if finger and self.who.device is not None:
                    self.gives_the_passkey(None)
                case "login", _:
                    self.answer("password", username=self.who.username, password=self.who.password)
                case "login-code" | "step-up" | "account-confirm", stage:
                    self.gives_a_code(stage, trust)

    def gives_a_code(self, stage: str | None, trust: bool) -> None:
        """Type the code that the page asks for, or have one sent."""
        message = self.newest()
        if "current_password" in self.visitor.last.text:
            self.answer("password", current_password=self.who.password)
        elif stage is None:
            self.visitor.press()
            if self.stage is None and (links := others(self.visitor)):
                # A passkey comes first.
                self.visitor.get(next(iter(links.values())))
        elif stage == "sent" and message is not None:
            kind = {MOBILE: "sms", EMAIL: "email"}[str(message["to"])]
            self.answer(kind, trust=trust, code=str(message["code"]))
        elif stage == "app" and self.who.secret is not None:
            self.answer("app", trust=trust, code=code_of(self.service, self.who.secret))
        elif stage == "printed" and self.who.printed:
            self.answer("printed", trust=trust, code=self.who.printed[0])
            if {"code": self.who.printed[0]} in self.used:
                self.who.printed.pop(0)

    @precondition(lambda self: self.who.device is not None and self.visitor.page in PAGES)
    @rule(through=st.sampled_from([None, None, None, "/login/passkey", "/account/confirm/passkey"]))
    def gives_the_passkey(self, through: str | None) -> None:
        """The device's answer to the page's own question, or to one that another page would ask."""
        asking = {
            "login": "/login/passkey",
            "login-code": "/login/code/passkey?" + self.visitor.at.partition("?")[2],
            "step-up": "/step-up/passkey?" + self.visitor.at.partition("?")[2],
            "account-confirm": "/account/confirm/passkey",
        }[self.visitor.page or ""]
        page, at, csrf = self.visitor.last, self.visitor.at, self.visitor.csrf
        reply = self.visitor.send(through or asking, {"csrf": csrf})
        self.visitor.response, self.visitor.at = page, at
        question = json.loads(reply.text) if reply.status_code == 200 else None
        if not question or "challenge" not in question or self.who.device is None:
            return
        credential = json.dumps(self.who.device.get(question))
        before = list(self.given)
        self.answer("passkey", credential=credential)
        if through not in (None, asking):
            assert self.given == before, "an answer to another page's question was taken"

    @rule(
        fields=st.dictionaries(
            st.sampled_from(
                [
                    "code",
                    "username",
                    "password",
                    "current_password",
                    "trust_browser",
                    "give_up",
                    "cancel",
                    "credential",
                    "resend",
                    "csrf",
                ]
            ),
            st.sampled_from(["", "yes", "000000", MOBILE, "{}", "0" * 70]),
            max_size=3,
        )
    )
    def presses_anything(self, fields: dict[str, str]) -> None:
        message = self.newest() if self.visitor.page in PAGES else None
        if self.visitor.page in PAGES and (message is None or message["code"] not in fields.values()):
            self.visitor.press(**fields)
            self.judge()

    @precondition(lambda self: self.used and self.visitor.page in PAGES)
    @rule(number=st.integers(0, 9))
    def replays_an_answer(self, number: int) -> None:
        # Were it taken, the next token would tell of a proof that is younger than any that was given.
        self.service.clock.move(1)
        self.visitor.press(**self.used[number % len(self.used)])
        self.judge()

    @precondition(lambda self: self.visitor.page in LETTERS)
    @rule()
    def gives_a_code_for_another_page(self) -> None:
        wanted = {name for name in LETTERS.values() if name != LETTERS[self.visitor.page or ""]}
        code = next((str(m["code"]) for m in self.service.post() if m["purpose"] in wanted), None)
        if code is not None:
            self.service.clock.move(1)
            self.visitor.press(code=code)
            self.judge()

    @rule(seconds=st.sampled_from([1, 31, 61, 301, 601, 601, 2 * 86400]))
    def waits(self, seconds: int) -> None:
        self.service.clock.move(seconds)
        page, at = self.visitor.response, self.visitor.at
        self.visitor.get("/account")
        if self.visitor.page == "login":
            # It grew too old; whatever was given in it is over with it.
            self.given, self.inside = [], False
        self.visitor.response, self.visitor.at = page, at

    @invariant()
    def what_a_silent_request_is_told_was_earned(self) -> None:
        page, at = self.visitor.response, self.visitor.at
        self.party.ask(self.visitor, prompt="none", state="silent")
        self.judge()
        self.visitor.response, self.visitor.at = page, at

    # --- what it earned ----------------------------------------------------------------------------------

    def answer(self, kind: str, *, trust: bool = False, **fields: str) -> None:
        """Give a right answer; it is given where the page is left behind, or comes again without a fault."""
        page, at, inside = self.visitor.page, self.now, self.inside
        self.visitor.press(**fields, **({"trust_browser": "yes"} if trust else {}))
        if self.visitor.page != page or not self.visitor.faults:
            if page == "login" and kind == "passkey" and not inside:
                # Somebody else's for all we know: what waited for its second factor is not joined.
                self.given = []
            self.given.append(self.who.gives(kind, at))
            self.inside = inside or kind != "password" or self.trusted
            self.trusted = self.trusted or (trust and page == "login-code")
            self.tally[f"{kind} at {page}"] += 1
            if kind != "password":
                self.used.append({name: value for name, value in fields.items() if name != "username"})
        self.judge()

    def judge(self) -> None:
        """Whatever leaves for the relying party tells what was given, and no less than what was asked for."""
        response = self.visitor.last
        if response.status_code != 303 or "code=" not in response.headers.get("Location", ""):
            return
        left = answer_of(self.visitor)
        reply = self.party.redeem(left["code"])
        if reply.status_code != 200:
            return
        claims: dict[str, Any] = self.party.read(reply.get_json()["id_token"])
        assert self.given, "nobody had proven anything"
        assert self.inside, "a password alone signed somebody in"
        assert claims["acr"] == earned.acr_of(self.given), self.given
        assert set(claims["amr"]) <= earned.amr_of(self.given), self.given
        assert claims["auth_time"] == earned.newest(self.given), self.given
        least, asked_at, max_age = self.asked.get(left["state"], (None, 0, None))
        assert earned.is_enough(claims["acr"], least)
        if max_age is not None:
            assert claims["auth_time"] >= asked_at - max_age
            if least in (TWO, THREE):
                assert earned.factor_at(self.given, least) >= asked_at - max_age
        self.tally[claims["acr"]] += 1


AT_RANDOM = settings(
    max_examples=45,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
)


def missed(tally: Counter[str]) -> list[str]:
    """What no walk reached so far: one of the classes, a step-up, a second factor at sign-in."""
    done = {name.partition(" at ")[2] for name in tally if not name.startswith("password")}
    wanted = {"login", "login-code", "step-up"}
    return [*(acr for acr in earned.CLASSES if not tally[acr]), *(wanted - done)]


def test_no_walk_is_told_a_class_that_was_not_earned(prepared_folder: Path) -> None:
    folder = Path(tempfile.mkdtemp(prefix="walks"))
    try:
        shutil.copytree(prepared_folder / "keys", folder / "keys")
        shutil.copy(prepared_folder / "idp.sqlite3", folder / "idp.sqlite3")
        made = in_process.settings_for(
            folder,
            f"sqlite:///{folder / 'idp.sqlite3'}",
            assurance={"second_factor": "untrusted", "scopes": {"payout": TWO}},
            # What is tried here is not how often.
            limits={"sends_per_contact": "1000/900", "sends_per_contact_per_day": 1000},
        )
        Walks.service = in_process.open_in_process(made)
        Walks.tally = Counter()
        for _ in range(5):
            run_state_machine_as_test(Walks, settings=AT_RANDOM)
            if not missed(Walks.tally):
                break
        Walks.service.idp.database.engine.dispose()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    # Walks that never get anywhere would prove nothing.
    assert not missed(Walks.tally), Walks.tally
