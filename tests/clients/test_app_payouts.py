"""Asking for a payout in the app: pushed, bound to a key, confirmed once, and nothing of it left behind."""

import json
from typing import Any

import pytest
from joserfc.jwk import ECKey
from playwright.sync_api import Page, expect

from tests.clients.fake_provider import FakeProvider, Misbehaviour
from tests.clients.test_app_in_a_browser import STORED
from tests.service.on_screen import on_page

NUMBER = "RCA-100001"
IBAN = "IT60X0542811101000000123456"
TYPED = {"amount": "1.500,00", "iban": "IT60 X054 2811 1010 0000 0123 456", "beneficiary": "Maria Rossi"}
DETAILS = {
    "type": "payout",
    "policy_number": NUMBER,
    "amount": {"value": "1500.00", "currency": "EUR"},
    "iban": IBAN,
    "beneficiary": "Maria Rossi",
}


def fill_in(page: Page, app: str, typed: dict[str, str] | None = None) -> None:
    """From the app's first page to the form, filled; nothing is sent."""
    page.goto(app)
    on_page(page, "app-policies")
    page.locator(f'[data-policy="{NUMBER}"] button').click()
    on_page(page, "app-payout")
    for name, value in {**TYPED, **(typed or {})}.items():
        page.fill(f"#{name}", value)


def holds(page: Page, typed: dict[str, str]) -> None:
    for name, value in typed.items():
        expect(page.locator(f"#{name}")).to_have_value(value)


def payouts_made(page: Page, app: str) -> Any:
    page.goto(app)
    on_page(page, "app-policies")
    return page.locator(f'[data-policy="{NUMBER}"] .payouts li')


def test_a_payout_is_confirmed_at_the_provider_and_accepted(
    app: str, provider: FakeProvider, phone: Page
) -> None:
    fill_in(phone, app)
    phone.click("#continue")
    on_page(phone, "app-payout-done")
    expect(phone.locator(".sum")).to_have_text("1.500,00\xa0€")
    expect(phone.locator("main")).to_contain_text("IBAN che finisce con 3456")
    (pushed,) = provider.asked("/par")
    assert json.loads(pushed["authorization_details"]) == [DETAILS]
    assert pushed["client_id"] == "app"
    assert pushed["acr_values"] == "urn:idp:acr:2"
    assert pushed["max_age"] == "300"
    assert pushed["scope"] == "openid payout"
    assert pushed["code_challenge_method"] == "S256"
    brought = next(asked for asked in provider.asked("/authorize") if "request_uri" in asked)
    assert sorted(brought) == ["client_id", "request_uri"]


def test_the_one_token_is_bound_to_a_key_of_its_own(app: str, provider: FakeProvider, phone: Page) -> None:
    fill_in(phone, app)
    phone.click("#continue")
    on_page(phone, "app-payout-done")
    keys = [header["jwk"]["x"] for path, header, _ in provider.proofs if path == "/token"]
    # The session before, the payout, and the session of the page that began anew.
    assert len(set(keys)) == len(keys) == 3
    (pushed,) = provider.asked("/par")
    redeemed = [header["jwk"] for path, header, _ in provider.proofs if path == "/token"][1]
    assert pushed["dpop_jkt"] == ECKey.import_key(redeemed).thumbprint()


def test_loading_the_result_again_pays_nothing_and_leaves_nothing(
    app: str, provider: FakeProvider, phone: Page
) -> None:
    fill_in(phone, app)
    phone.click("#continue")
    on_page(phone, "app-payout-done")
    assert phone.evaluate(STORED) == f'[{{}},{{}},"","{app}/"]'
    phone.reload()
    on_page(phone, "app-policies")
    expect(payouts_made(phone, app)).to_have_count(1)
    assert len(provider.one_time) == 1
    assert len(provider.asked("/par")) == 1


@pytest.mark.parametrize(
    ("wrong", "notice"),
    [
        pytest.param(Misbehaviour(confirmation="access_denied"), "cancelled", id="refused"),
        pytest.param(
            Misbehaviour(confirmation="unmet_authentication_requirements"), "cannot_confirm", id="no way"
        ),
        pytest.param(Misbehaviour(approval={"acr": "urn:idp:acr:1"}), "not_confirmed", id="still too weak"),
        pytest.param(Misbehaviour(approval={"jti": None}), "not_confirmed", id="a token that is none"),
        pytest.param(Misbehaviour(approved_by="person-2"), "not_confirmed", id="another person"),
        pytest.param(Misbehaviour(push_error="invalid_request"), "unavailable", id="not pushed"),
    ],
)
def test_what_is_not_confirmed_leads_back_to_the_form_as_it_was(
    app: str, provider: FakeProvider, phone: Page, wrong: Misbehaviour, notice: str
) -> None:
    fill_in(phone, app)
    provider.wrong = wrong
    phone.click("#continue")
    expect(phone.locator(f'[data-notice="{notice}"]')).to_be_visible()
    holds(phone, TYPED)
    provider.wrong = Misbehaviour()
    expect(payouts_made(phone, app)).to_have_count(0)


@pytest.mark.parametrize(
    ("typed", "faults"),
    [
        ({"amount": "mille"}, ["amount"]),
        ({"amount": "1,500"}, ["amount"]),
        ({"amount": "0"}, ["amount"]),
        ({"iban": "IT60X0542811101000000123457"}, ["iban"]),
        ({"iban": "", "beneficiary": " "}, ["iban", "beneficiary"]),
    ],
    ids=str,
)
def test_a_bad_field_is_named_focused_and_kept(
    app: str, provider: FakeProvider, phone: Page, typed: dict[str, str], faults: list[str]
) -> None:
    fill_in(phone, app, typed)
    phone.click("#continue")
    for name in faults:
        expect(phone.locator(f"#{name}-error")).to_be_visible()
        expect(phone.locator(f"#{name}")).to_have_attribute("aria-describedby", f"{name}-hint {name}-error")
    expect(phone.locator('[aria-invalid="true"]')).to_have_count(len(faults))
    expect(phone.locator(f"#{faults[0]}")).to_be_focused()
    expect(phone).to_have_title("Errore: Area Clienti")
    holds(phone, {**TYPED, **typed})
    assert provider.asked("/par") == []


def test_what_the_api_finds_at_fault_is_named_too(app: str, provider: FakeProvider, phone: Page) -> None:
    # Its check digits hold; Belgium has others within, which do not.
    fill_in(phone, app, {"iban": "BE41 5390 0754 7035"})
    with phone.expect_response("**/payouts") as answered:
        phone.click("#continue")
    assert answered.value.status == 400
    expect(phone.locator("#iban-error")).to_be_visible()
    assert provider.asked("/par") == []


def test_the_form_can_be_left(app: str, phone: Page) -> None:
    fill_in(phone, app)
    phone.click("#cancel")
    on_page(phone, "app-policies")
