"""Payouts at the policies API: nothing is paid but what its customer approved, strongly, lately and once."""

import json
import re
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey

from clients.policies.api import create_api
from clients.policies.orders import Malformed, Order, read_order
from clients.policies.payouts import AlreadyUsed, Payouts
from clients.policies.settings import PoliciesSettings
from clients.policies.step_up import LADDER, PAYOUT, challenge, strong_enough, young_enough
from tests.clients.conftest import served
from tests.clients.fake_provider import Clock, FakeProvider
from tests.clients.test_policies_proofs import proof
from tests.parts.ports import free_port

NUMBER = "RCA-100001"
BODY = {
    "amount": "1500.00",
    "currency": "EUR",
    "iban": "IT60X0542811101000000123456",
    "beneficiary": "Maria Rossi",
}
DETAILS: dict[str, Any] = {
    "type": "payout",
    "policy_number": NUMBER,
    "amount": {"value": "1500.00", "currency": "EUR"},
    "iban": "IT60X0542811101000000123456",
    "beneficiary": "Maria Rossi",
}
STRONGER = {"acr_values": "urn:idp:acr:2", "max_age": "300", "scope": "payout"}


def approval(provider: FakeProvider, **changes: Any) -> str:
    """An access token that approves the order of BODY; None among the changes leaves a claim out."""
    claims = {
        "scope": "payout",
        "acr": "urn:idp:acr:2",
        "auth_time": provider.clock(),
        "authorization_details": [DETAILS],
        **changes,
    }
    return provider.access_token(**claims)


def pay(api: str, token: str, number: str = NUMBER, body: Any = None, **headers: str) -> httpx.Response:
    return httpx.post(
        f"{api}/policies/{number}/payouts",
        json=BODY if body is None else body,
        headers={"Authorization": f"Bearer {token}", **headers},
        trust_env=False,
    )


def told(answer: httpx.Response) -> dict[str, str]:
    """The attributes of the Bearer challenge."""
    own, _, _ = answer.headers["www-authenticate"].partition(", DPoP ")
    assert own.startswith("Bearer ")
    return dict(re.findall(r'(\w+)="([^"]*)"', own))


def listed(api: str, provider: FakeProvider) -> list[dict[str, Any]]:
    """The payouts that the policy shows."""
    headers = {"Authorization": f"Bearer {provider.access_token()}"}
    found = httpx.get(f"{api}/policies", headers=headers, trust_env=False).json()["policies"]
    payouts: list[dict[str, Any]] = next(each for each in found if each["number"] == NUMBER)["payouts"]
    return payouts


def test_an_approved_payout_is_accepted_and_stands_on_its_policy(
    policies: str, provider: FakeProvider, clock: Clock
) -> None:
    answer = pay(policies, approval(provider))
    assert answer.status_code == 201
    accepted = answer.json()
    assert accepted["status"] == "accepted"
    assert accepted["demo"] is True
    assert listed(policies, provider) == [
        {
            "reference": accepted["reference"],
            "amount": {"value": "1500.00", "currency": "EUR"},
            "iban_ends_in": "3456",
            "beneficiary": "Maria Rossi",
            "accepted_at": clock(),
        }
    ]
    assert "IT60X0542811101000000123456" not in json.dumps(listed(policies, provider))


def test_one_approval_pays_once(policies: str, provider: FakeProvider) -> None:
    token = approval(provider)
    assert pay(policies, token).status_code == 201
    again = pay(policies, token)
    assert again.status_code == 401
    assert told(again)["error"] == "invalid_token"
    assert len(listed(policies, provider)) == 1


def test_a_second_approval_of_the_same_pays_again(policies: str, provider: FakeProvider) -> None:
    assert pay(policies, approval(provider)).status_code == 201
    assert pay(policies, approval(provider)).status_code == 201
    assert len({payout["reference"] for payout in listed(policies, provider)}) == 2


def test_many_requests_at_once_with_one_approval_are_one_payout(
    policies: str, provider: FakeProvider
) -> None:
    token, answers, gate = approval(provider), [0] * 12, threading.Barrier(12)

    def ask(place: int) -> None:
        gate.wait()
        answers[place] = pay(policies, token).status_code

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [201] + [401] * 11
    assert len(listed(policies, provider)) == 1


@pytest.fixture
def restarted(
    policies: str, provider: FakeProvider, clock: Clock, payouts_file: Path
) -> Iterator[tuple[str, str]]:
    """The API, and the one that begins anew on the same file."""
    settings = PoliciesSettings(provider.issuer, policies, payouts_file)
    for after in served(create_api(settings, clock), free_port()):
        yield policies, after


def test_an_approval_that_paid_is_remembered_after_a_restart(
    restarted: tuple[str, str], provider: FakeProvider
) -> None:
    before, after = restarted
    token = approval(provider)
    assert pay(before, token).status_code == 201
    assert pay(after, token).status_code == 401
    assert len(listed(after, provider)) == 1


def test_the_file_of_the_payouts_is_for_its_owner_only(policies: str, payouts_file: Path) -> None:
    assert policies
    assert payouts_file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"acr": "urn:idp:acr:1"}, id="one factor"),
        pytest.param({"acr": None}, id="no class"),
        pytest.param({"acr": "urn:idp:acr:9"}, id="a class nobody knows"),
        pytest.param({"acr": ["urn:idp:acr:2"]}, id="a list"),
        pytest.param({"auth_time": None}, id="no time"),
        pytest.param({"auth_time": 1}, id="long ago"),
        pytest.param({"auth_time": 9_999_999_999}, id="in the future"),
        pytest.param({"auth_time": "now"}, id="a time that is text"),
        pytest.param({"auth_time": True}, id="a time that is a truth"),
        pytest.param({"scope": "policies", "acr": "urn:idp:acr:1"}, id="the session's own token"),
    ],
)
def test_a_weak_or_old_authentication_is_asked_to_be_renewed(
    policies: str, provider: FakeProvider, changes: dict[str, Any]
) -> None:
    answer = pay(policies, approval(provider, **changes))
    assert answer.status_code == 401
    attributes = told(answer)
    assert attributes["error"] == "insufficient_user_authentication"
    assert {name: attributes[name] for name in STRONGER} == STRONGER
    assert listed(policies, provider) == []


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"scope": "openid policies"}, id="no leave for payouts"),
        pytest.param({"scope": "payouts"}, id="a scope of a like name"),
        pytest.param({"authorization_details": None}, id="nothing approved"),
        pytest.param({"authorization_details": []}, id="an empty list"),
        pytest.param({"authorization_details": DETAILS}, id="no list"),
        pytest.param({"authorization_details": [DETAILS, DETAILS]}, id="approved twice"),
        pytest.param({"authorization_details": [{**DETAILS, "type": "refund"}]}, id="another type"),
        pytest.param(
            {"authorization_details": [{**DETAILS, "policy_number": "VITA-100001"}]}, id="another policy"
        ),
        pytest.param(
            {"authorization_details": [{**DETAILS, "amount": {"value": "15.00", "currency": "EUR"}}]},
            id="another amount",
        ),
        pytest.param(
            {"authorization_details": [{**DETAILS, "amount": {"value": "1500.00", "currency": "USD"}}]},
            id="another currency",
        ),
        pytest.param(
            {"authorization_details": [{**DETAILS, "iban": "DE89370400440532013000"}]}, id="another IBAN"
        ),
        pytest.param({"authorization_details": [{**DETAILS, "beneficiary": "M Rossi"}]}, id="another name"),
        pytest.param({"authorization_details": [{**DETAILS, "more": "than asked"}]}, id="something more"),
    ],
)
def test_what_was_not_approved_is_not_paid(
    policies: str, provider: FakeProvider, changes: dict[str, Any]
) -> None:
    answer = pay(policies, approval(provider, **changes))
    assert answer.status_code == 403
    attributes = told(answer)
    assert attributes["error"] == "insufficient_scope"
    assert attributes["scope"] == "payout"
    assert listed(policies, provider) == []


def test_a_refused_attempt_does_not_use_the_approval_up(policies: str, provider: FakeProvider) -> None:
    token = approval(provider)
    assert pay(policies, token, body={**BODY, "amount": "1500.01"}).status_code == 403
    assert pay(policies, token).status_code == 201


def test_an_approval_ages_within_five_minutes(policies: str, provider: FakeProvider, clock: Clock) -> None:
    provider.access_life = 600
    early, late = approval(provider), approval(provider)
    clock.advance(300)
    assert pay(policies, early).status_code == 201
    clock.advance(1)
    refused = pay(policies, late)
    assert refused.status_code == 401
    assert told(refused)["error"] == "insufficient_user_authentication"


def test_a_passkey_is_more_than_enough(policies: str, provider: FakeProvider) -> None:
    assert pay(policies, approval(provider, acr="urn:idp:acr:3")).status_code == 201


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"amount": "0.00"}, ["amount"]),
        ({"amount": "-5.00"}, ["amount"]),
        ({"amount": "1500"}, ["amount"]),
        ({"amount": "1.500,00"}, ["amount"]),
        ({"amount": 1500.0}, ["amount"]),
        ({"amount": "01.00"}, ["amount"]),
        ({"amount": "١.00"}, ["amount"]),
        ({"amount": "10000000000.00"}, ["amount"]),
        ({"currency": "USD"}, ["currency"]),
        ({"iban": "IT60X0542811101000000123457"}, ["iban"]),
        ({"iban": "IT60 X054 2811 1010 0000 0123 456"}, ["iban"]),
        ({"iban": "it60x0542811101000000123456"}, ["iban"]),
        ({"iban": "IT60X0542811101000000123456\n"}, ["iban"]),
        ({"beneficiary": ""}, ["beneficiary"]),
        ({"beneficiary": "x" * 71}, ["beneficiary"]),
        ({"beneficiary": " Maria"}, ["beneficiary"]),
        ({"beneficiary": "Maria\nRossi"}, ["beneficiary"]),
        ({"beneficiary": "Niccolo\u0300"}, ["beneficiary"]),
        ({"beneficiary": "Maria \u202eRossi"}, ["beneficiary"]),
        ({"amount": "x", "iban": "y"}, ["amount", "iban"]),
        ({"more": "1"}, ["amount", "currency", "iban", "beneficiary"]),
    ],
    ids=str,
)
def test_an_order_that_cannot_be_read_is_refused_before_anything_is_asked_of_the_customer(
    policies: str, provider: FakeProvider, changed: dict[str, Any], fields: list[str]
) -> None:
    answer = pay(policies, provider.access_token(), body={**BODY, **changed})
    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_request", "fields": fields}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"x"', b"null"])
def test_a_body_that_is_no_object_is_refused(policies: str, provider: FakeProvider, content: bytes) -> None:
    answer = httpx.post(
        f"{policies}/policies/{NUMBER}/payouts",
        content=content,
        headers={"Authorization": f"Bearer {approval(provider)}", "Content-Type": "application/json"},
        trust_env=False,
    )
    assert answer.status_code == 400


@pytest.mark.parametrize("number", ["RCA-100002", "NONE-1"])
def test_what_is_not_the_customers_is_not_there_to_be_paid(
    policies: str, provider: FakeProvider, number: str
) -> None:
    details = [{**DETAILS, "policy_number": number}]
    answer = pay(policies, approval(provider, authorization_details=details), number)
    assert (answer.status_code, answer.json()) == (404, {"error": "not_found"})


def test_an_ended_policy_pays_nothing(policies: str, provider: FakeProvider) -> None:
    token = approval(provider, customer_number="C100006")
    headers = {"Authorization": f"Bearer {provider.access_token(customer_number='C100006')}"}
    held = httpx.get(f"{policies}/policies", headers=headers, trust_env=False).json()["policies"]
    ended = next(policy["number"] for policy in held if not policy["active"])
    answer = pay(policies, token, ended)
    assert (answer.status_code, answer.json()) == (409, {"error": "policy_ended"})


def test_a_token_for_no_customer_pays_nobody(policies: str, provider: FakeProvider) -> None:
    assert pay(policies, approval(provider, customer_number=None)).status_code == 403


def test_without_a_token_nothing_is_asked_but_a_token(policies: str) -> None:
    answer = httpx.post(f"{policies}/policies/{NUMBER}/payouts", json=BODY, trust_env=False)
    assert answer.status_code == 401
    assert "error" not in answer.headers["www-authenticate"]


def test_a_bound_approval_is_paid_to_whoever_has_its_key(
    policies: str, provider: FakeProvider, clock: Clock
) -> None:
    key = ECKey.generate_key("P-256")
    token = approval(provider, client_id="app", cnf={"jkt": key.thumbprint()})
    assert pay(policies, token).status_code == 401
    address = f"{policies}/policies/{NUMBER}/payouts"
    shown = {"Authorization": f"DPoP {token}"}
    wrong = proof(key, policies, clock, token, htu=address, htm="GET")
    assert pay(policies, token, **shown, DPoP=wrong).status_code == 401
    right = proof(key, policies, clock, token, htu=address, htm="POST")
    assert pay(policies, token, **shown, DPoP=right).status_code == 201
    weak = provider.access_token(client_id="app", cnf={"jkt": key.thumbprint()})
    shown = {"Authorization": f"DPoP {weak}"}
    refused = pay(policies, weak, **shown, DPoP=proof(key, policies, clock, weak, htu=address, htm="POST"))
    assert refused.headers["www-authenticate"].startswith(
        'DPoP realm="policies", error="insufficient_user_authentication"'
    )


def test_an_approval_that_was_taken_back_pays_nothing(
    introspecting_policies: str, provider: FakeProvider
) -> None:
    provider.active = False
    token = approval(provider)
    assert told(pay(introspecting_policies, token))["error"] == "invalid_token"
    provider.active = True
    assert pay(introspecting_policies, token).status_code == 201


def test_a_page_of_a_listed_origin_may_send_an_order(policies: str, app_port: int) -> None:
    headers = {
        "Origin": f"http://localhost:{app_port}",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type, dpop",
    }
    answer = httpx.options(f"{policies}/policies/{NUMBER}/payouts", headers=headers, trust_env=False)
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "Content-Type" in answer.headers["access-control-allow-headers"]


# --- the rule by itself ------------------------------------------------------------------------------------


def test_only_a_class_of_the_ladder_that_stands_as_high_is_strong_enough() -> None:
    for have, acr in enumerate(LADDER):
        for want, wanted in enumerate(LADDER):
            assert strong_enough(acr, wanted) is (have >= want)
    assert not strong_enough("", LADDER[0])


@pytest.mark.parametrize(
    ("age", "good"), [(-11, False), (-10, True), (0, True), (300, True), (300.5, False), (301, False)]
)
def test_the_age_of_a_proof_has_an_end_on_either_side(age: float, good: bool) -> None:
    assert young_enough(1_000_000 - age, 300, 1_000_000) is good


@pytest.mark.parametrize("value", [None, "1000000", float("nan"), float("inf"), True, [1_000_000]])
def test_what_is_no_time_is_never_young(value: Any) -> None:
    assert not young_enough(value, 300, 1_000_000)


def test_no_claims_at_all_earn_nothing() -> None:
    needed = challenge({}, DETAILS, PAYOUT, 1_000_000)
    assert needed is not None
    assert needed.attributes == STRONGER


def test_an_order_says_itself_as_what_has_to_be_approved() -> None:
    assert read_order(NUMBER, BODY) == Order(NUMBER, **BODY)
    assert read_order(NUMBER, BODY).details == DETAILS
    with pytest.raises(Malformed):
        read_order(NUMBER, None)


def test_payouts_are_kept_newest_first_and_by_policy(tmp_path: Path) -> None:
    payouts = Payouts(tmp_path / "new" / "payouts.sqlite3")
    payouts.prepare()
    order = read_order(NUMBER, BODY)
    first, second = payouts.accept(order, "one", 100), payouts.accept(order, "two", 100)
    assert payouts.on(NUMBER) == [second, first]
    assert payouts.on("VITA-100001") == []
    with pytest.raises(AlreadyUsed):
        payouts.accept(order, "one", 101)
    payouts.prepare()
    assert payouts.on(NUMBER) == [second, first]


def test_a_reference_is_drawn_anew(tmp_path: Path) -> None:
    payouts = Payouts(tmp_path / "payouts.sqlite3")
    payouts.prepare()
    order = read_order(NUMBER, BODY)
    drawn = {payouts.accept(order, secrets.token_hex(8), 1).reference for _ in range(20)}
    assert len(drawn) == 20
