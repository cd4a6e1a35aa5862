"""Asking for a payout in the portal: the form, the pushed request, the one token, the result."""

import html
import json
import re
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from clients.portal.challenges import StepUp, step_up_in
from clients.portal.payout_form import Order, Typed, read_amount
from tests.clients.fake_provider import FakeProvider, Misbehaviour

NUMBER = "RCA-100001"
IBAN = "IT60X0542811101000000123456"
TYPED = {"amount": "1.500,00", "iban": "IT60 X054 2811 1010 0000 0123 456", "beneficiary": "Maria  Rossi"}
DETAILS = {
    "type": "payout",
    "policy_number": NUMBER,
    "amount": {"value": "1500.00", "currency": "EUR"},
    "iban": IBAN,
    "beneficiary": "Maria Rossi",
}


def page_of(answer: httpx.Response) -> str:
    found = re.search(r'<main[^>]* data-page="([^"]+)"', answer.text)
    assert found is not None, answer.text[:500]
    return found.group(1)


def notice_of(answer: httpx.Response) -> str | None:
    found = re.search(r'data-notice="([^"]+)"', answer.text)
    return found and found.group(1)


def values(answer: httpx.Response) -> dict[str, str]:
    """What stands in the form."""
    found = re.findall(r'<input id="(\w+)" name="\w+" value="([^"]*)"', answer.text)
    return {name: html.unescape(value) for name, value in found}


@pytest.fixture
def form(portal: str, visitor: httpx.Client) -> str:
    """The address of the form, for somebody who is signed in."""
    visitor.headers["Accept-Language"] = "it"
    visitor.get(f"{portal}/login")
    return f"{portal}/policies/{NUMBER}/payout"


def send(visitor: httpx.Client, form: str, typed: dict[str, str] | None = None) -> httpx.Response:
    shown = visitor.get(form)
    found = re.search(r'name="form_token" value="([^"]+)"', shown.text)
    assert found is not None
    return visitor.post(form, data={**TYPED, **(typed or {}), "form_token": found.group(1)})


def payouts_made(visitor: httpx.Client, form: str) -> int:
    home = visitor.get(form.partition("/policies/")[0] + "/")
    return len(set(re.findall(r'href="(/policies/[^"]+/payouts/[^"]+)"', home.text)))


def test_a_payout_is_confirmed_at_the_provider_and_accepted(
    form: str, visitor: httpx.Client, provider: FakeProvider
) -> None:
    done = send(visitor, form)
    assert page_of(done) == "portal-payout-done"
    assert "1.500,00\xa0€" in done.text
    assert "Maria Rossi" in done.text
    assert "IBAN che finisce con 3456" in done.text
    (pushed,) = provider.asked("/par")
    assert json.loads(pushed["authorization_details"]) == [DETAILS]
    assert pushed["acr_values"] == "urn:idp:acr:2"
    assert pushed["max_age"] == "300"
    assert pushed["scope"] == "openid payout"
    assert pushed["code_challenge_method"] == "S256"
    assert pushed["ui_locales"] == "it"
    assert pushed["id_token_hint"].count(".") == 2


def test_nothing_of_the_payout_travels_through_the_browser(
    form: str, visitor: httpx.Client, provider: FakeProvider
) -> None:
    done = send(visitor, form)
    assert sorted(provider.asked("/authorize")[-1]) == ["client_id", "request_uri"]
    addresses = [str(step.url) for step in [*done.history, done]]
    for address in addresses:
        assert "1500" not in address
        assert IBAN not in address
        assert "Rossi" not in address


def test_loading_the_result_or_the_answer_again_pays_nothing_again(
    form: str, visitor: httpx.Client, provider: FakeProvider
) -> None:
    done = send(visitor, form)
    answer = next(str(step.url) for step in done.history if "/callback" in str(step.url))
    for _ in range(2):
        assert page_of(visitor.get(str(done.url))) == "portal-payout-done"
    visitor.get(answer)
    assert payouts_made(visitor, form) == 1
    assert len(provider.one_time) == 1


def test_the_one_token_never_joins_those_of_the_session(
    form: str, visitor: httpx.Client, provider: FakeProvider
) -> None:
    assert page_of(send(visitor, form)) == "portal-payout-done"
    provider.log.clear()
    portal = form.partition("/policies/")[0]
    # The session still reads with its own: the one-time token has not the scope to.
    assert page_of(visitor.get(f"{portal}/")) == "portal-policies"
    assert page_of(send(visitor, form)) == "portal-payout-done"
    assert len(provider.asked("/par")) == 1
    assert provider.asked("/token")[-1]["grant_type"] == "authorization_code"


def test_who_refuses_finds_the_form_as_it_was_and_nothing_paid(
    form: str, visitor: httpx.Client, provider: FakeProvider
) -> None:
    provider.wrong = Misbehaviour(confirmation="access_denied")
    back = send(visitor, form)
    assert page_of(back) == "portal-payout"
    assert notice_of(back) == "cancelled"
    assert values(back) == TYPED
    assert payouts_made(visitor, form) == 0
    # Told once: the next visit begins anew.
    assert notice_of(visitor.get(form)) is None
    provider.wrong = Misbehaviour()
    assert page_of(send(visitor, form)) == "portal-payout-done"


@pytest.mark.parametrize(
    ("wrong", "notice"),
    [
        pytest.param(
            Misbehaviour(confirmation="unmet_authentication_requirements"), "cannot_confirm", id="no way"
        ),
        pytest.param(Misbehaviour(confirmation="temporarily_unavailable"), "unavailable", id="down"),
        pytest.param(Misbehaviour(confirmation="invented"), "not_confirmed", id="another error"),
        pytest.param(Misbehaviour(token_error="invalid_grant"), "not_confirmed", id="code too old"),
        pytest.param(Misbehaviour(token_type="DPoP"), "not_confirmed", id="another type of token"),
        pytest.param(
            Misbehaviour(response={"iss": "http://localhost:1"}), "not_confirmed", id="other issuer"
        ),
        pytest.param(Misbehaviour(approved_by="person-2"), "not_confirmed", id="another person"),
        pytest.param(Misbehaviour(approval={"acr": "urn:idp:acr:1"}), "not_confirmed", id="still too weak"),
        pytest.param(
            Misbehaviour(approval={"authorization_details": [{**DETAILS, "iban": "DE1"}]}),
            "not_confirmed",
            id="another operation",
        ),
        pytest.param(Misbehaviour(approval={"jti": None}), "not_confirmed", id="a token that is none"),
    ],
)
def test_what_goes_wrong_on_the_way_leads_back_to_the_form(
    form: str, visitor: httpx.Client, provider: FakeProvider, wrong: Misbehaviour, notice: str
) -> None:
    visitor.get(form)
    provider.wrong = wrong
    back = send(visitor, form)
    assert page_of(back) == "portal-payout"
    assert notice_of(back) == notice
    assert values(back) == TYPED
    provider.wrong = Misbehaviour()
    assert payouts_made(visitor, form) == 0


@pytest.mark.parametrize("wrong", [Misbehaviour(push_error="invalid_authorization_details")])
def test_a_request_the_provider_does_not_take_is_not_paid(
    form: str, visitor: httpx.Client, provider: FakeProvider, wrong: Misbehaviour
) -> None:
    provider.wrong = wrong
    back = send(visitor, form)
    assert back.status_code == 503
    assert (page_of(back), notice_of(back)) == ("portal-payout", "unavailable")
    assert values(back) == TYPED


def test_a_provider_that_is_down_leaves_the_form_as_it_was(
    form: str, visitor: httpx.Client, provider: FakeProvider
) -> None:
    visitor.get(form)
    shown = visitor.get(form)
    token = re.search(r'name="form_token" value="([^"]+)"', shown.text)
    assert token is not None
    provider.stop()
    back = visitor.post(form, data={**TYPED, "form_token": token.group(1)})
    assert (back.status_code, notice_of(back), values(back)) == (503, "unavailable", TYPED)


@pytest.mark.parametrize(
    ("typed", "faults"),
    [
        ({"amount": ""}, ["amount"]),
        ({"amount": "0"}, ["amount"]),
        ({"amount": "mille"}, ["amount"]),
        ({"amount": "-1500"}, ["amount"]),
        ({"iban": "IT60X0542811101000000123457"}, ["iban"]),
        ({"iban": "IT60"}, ["iban"]),
        ({"iban": "ＩＴ60X0542811101000000123456"}, ["iban"]),
        ({"beneficiary": "  "}, ["beneficiary"]),
        ({"beneficiary": "x" * 71}, ["beneficiary"]),
        ({"amount": "x", "iban": "", "beneficiary": ""}, ["amount", "iban", "beneficiary"]),
    ],
    ids=str,
)
def test_a_bad_field_is_named_and_what_was_typed_stays(
    form: str, visitor: httpx.Client, provider: FakeProvider, typed: dict[str, str], faults: list[str]
) -> None:
    back = send(visitor, form, typed)
    assert back.status_code == 400
    assert "<title>Errore: Richiedi una liquidazione" in back.text
    assert re.findall(r'id="(\w+)-error"', back.text) == faults
    assert values(back) == {**TYPED, **typed}
    assert provider.asked("/par") == []


def test_in_another_language_the_faults_are_told_again_and_what_was_typed_stays(
    form: str, visitor: httpx.Client
) -> None:
    bad = {"amount": "mille", "iban": "IT60"}
    back = send(visitor, form, bad)
    for language, title in (("en", "Error: "), ("it", "Errore: ")):
        (address,) = re.findall(rf'href="([^"]+)" hreflang="{language}"', back.text)
        back = visitor.get(httpx.URL(form).join(html.unescape(address)))
        assert f"<title>{title}" in back.text
        assert re.findall(r'id="(\w+)-error"', back.text) == ["amount", "iban"]
        assert values(back) == {**TYPED, **bad}
    # Whoever comes back another time begins anew.
    assert values(visitor.get(form))["amount"] == ""


def test_in_another_language_the_reason_is_told_again_and_what_was_typed_stays(
    form: str, visitor: httpx.Client, provider: FakeProvider
) -> None:
    provider.wrong = Misbehaviour(confirmation="access_denied")
    send(visitor, form)
    for _ in range(2):
        back = visitor.get(form, params={"lang": "en"})
        assert (notice_of(back), values(back)) == ("cancelled", TYPED)
    assert notice_of(visitor.get(form)) is None


def test_markup_typed_into_the_form_comes_back_as_text(form: str, visitor: httpx.Client) -> None:
    back = send(visitor, form, {"amount": '"><script>alert(1)</script>'})
    assert "<script" not in back.text
    assert values(back)["amount"] == '"><script>alert(1)</script>'


@pytest.mark.parametrize("token", [{}, {"form_token": "guessed"}])
def test_a_form_from_elsewhere_asks_for_nothing(
    form: str, visitor: httpx.Client, provider: FakeProvider, token: dict[str, str]
) -> None:
    assert visitor.post(form, data={**TYPED, **token}).status_code == 400
    assert provider.asked("/par") == []


def test_who_is_not_signed_in_asks_for_nothing(portal: str, provider: FakeProvider) -> None:
    answer = httpx.post(f"{portal}/policies/{NUMBER}/payout", data=TYPED, trust_env=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert provider.asked("/par") == []


@pytest.mark.parametrize("number", ["RCA-100002", "NONE"])
def test_a_policy_of_another_customer_pays_nothing(form: str, visitor: httpx.Client, number: str) -> None:
    assert visitor.get(form.replace(NUMBER, number)).status_code == 404
    found = re.search(r'name="form_token" value="([^"]+)"', visitor.get(form).text)
    assert found is not None
    data = {**TYPED, "form_token": found.group(1)}
    assert visitor.post(form.replace(NUMBER, number), data=data).status_code == 404


def test_a_result_that_is_not_there_is_a_page_that_is_not_there(form: str, visitor: httpx.Client) -> None:
    assert visitor.get(f"{form}s/LQ-0000-0000").status_code == 404


def test_the_answer_meant_for_another_browser_pays_nothing(
    form: str, visitor: httpx.Client, provider: FakeProvider, portal: str
) -> None:
    shown = visitor.get(form)
    found = re.search(r'name="form_token" value="([^"]+)"', shown.text)
    assert found is not None
    left = visitor.post(form, data={**TYPED, "form_token": found.group(1)}, follow_redirects=False)
    answer = httpx.get(left.headers["location"], trust_env=False).headers["location"]
    assert parse_qs(urlsplit(answer).query)["code"]
    with httpx.Client(follow_redirects=True, trust_env=False) as other:
        other.get(f"{portal}/login")
        assert page_of(other.get(answer)) == "portal-policies"
        assert payouts_made(other, form) == 0
    assert provider.one_time == []


def test_the_account_holder_is_suggested(form: str, visitor: httpx.Client) -> None:
    assert values(visitor.get(form)) == {"amount": "", "iban": "", "beneficiary": "Maria Rossi"}


# --- the parts by themselves -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "language", "amount"),
    [
        ("1500", "it", "1500"),
        ("1500,00", "it", "1500"),
        ("1500.5", "it", "1500.50"),
        ("1.500,00 €", "it", "1500"),
        ("1.500", "it", "1500"),
        ("1\xa0500,00", "it", "1500"),
        ("€ 12,34", "it", "12.34"),
        ("1.234.567,89", "it", "1234567.89"),
        ("1,500", "it", None),
        ("1,500.00", "it", None),
        ("1,500.00", "en", "1500"),
        ("1,500", "en", "1500"),
        ("1.500", "en", None),
        ("1.500,00", "en", None),
        ("15.00.00", "it", None),
        ("0,00", "it", None),
        ("1e3", "it", None),
        ("١٥٠٠", "it", None),
        ("12345678901", "it", None),
    ],
)
def test_an_amount_is_read_as_its_language_writes_it_or_not_at_all(
    typed: str, language: str, amount: str | None
) -> None:
    assert read_amount(typed, language) == (None if amount is None else Decimal(amount))


def test_what_is_typed_becomes_the_order_to_approve() -> None:
    order = Typed(**TYPED).order(NUMBER, "it")
    assert order == Order(NUMBER, Decimal(1500), IBAN, "Maria Rossi")
    assert order.details == DETAILS


def test_a_name_is_asked_for_in_composed_letters() -> None:
    order = Typed("1", IBAN, "Niccolo\u0300").order(NUMBER, "it")
    assert isinstance(order, Order)
    assert order.beneficiary == "Niccol\xf2"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (
            'Bearer realm="p", error="insufficient_user_authentication", acr_values="a b", max_age="300"',
            StepUp("a b", 300, None),
        ),
        ('Bearer error="insufficient_scope", scope="payout"', StepUp(None, None, "payout")),
        ('Bearer error="insufficient_scope", max_age="-1"', StepUp(None, None, None)),
        ('Bearer error="insufficient_scope", max_age="soon"', StepUp(None, None, None)),
        ('Bearer error="invalid_token", DPoP error="insufficient_scope"', None),
        ('Bearer realm="p"', None),
        ("", None),
    ],
)
def test_a_challenge_is_read_for_what_it_asks(header: str, found: StepUp | None) -> None:
    assert step_up_in(header) == found


def test_an_order_is_the_same_for_the_api_and_for_the_approval() -> None:
    order: Any = Typed(**TYPED).order(NUMBER, "it")
    assert order.body == {"amount": "1500.00", "currency": "EUR", "iban": IBAN, "beneficiary": "Maria Rossi"}
