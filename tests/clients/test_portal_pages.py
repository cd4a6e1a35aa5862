"""What the portal's pages say and carry, signed in or not."""

import json
import re
import string
from pathlib import Path

import httpx
import pytest

from clients.portal.languages import LANGUAGES
from clients.portal.settings import PortalSettings
from tests.clients.fake_provider import FakeProvider

PORTAL = Path(__file__).parents[2] / "clients/portal"


def catalogue(code: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((PORTAL / f"messages/{code}.json").read_text("utf-8"))
    return found


def gaps(message: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(message) if name is not None}


def test_every_language_says_everything_with_the_same_gaps() -> None:
    first = catalogue(LANGUAGES[0])
    for code in LANGUAGES[1:]:
        other = catalogue(code)
        assert other.keys() == first.keys()
        for key in first:
            assert gaps(other[key]) == gaps(first[key]), key


def test_every_message_a_template_names_exists() -> None:
    known = catalogue("it").keys()
    named = {
        key
        for template in (PORTAL / "templates").glob("*.html")
        for key in re.findall(r't\("([a-z_.\-]+)"(?! ~)', template.read_text("utf-8"))
    }
    assert len(named) > 40
    assert named <= known


@pytest.mark.parametrize(
    ("query", "header", "language"),
    [
        ("", "it-IT,it;q=0.9", "it"),
        ("", "en-GB,en;q=0.9", "en"),
        ("", "fr-FR", "it"),
        ("?lang=en", "it-IT", "en"),
        ("?lang=xx", "en", "en"),
    ],
)
def test_the_language_is_the_one_asked_for(
    portal: str, visitor: httpx.Client, query: str, header: str, language: str
) -> None:
    page = visitor.get(f"{portal}/{query}", headers={"Accept-Language": header})
    assert f'<html lang="{language}">' in page.text
    assert page.headers["content-language"] == language


def test_a_chosen_language_is_remembered(portal: str, visitor: httpx.Client) -> None:
    visitor.get(f"{portal}/?lang=en", headers={"Accept-Language": "it"})
    assert '<html lang="en">' in visitor.get(f"{portal}/", headers={"Accept-Language": "it"}).text


def test_the_public_page_offers_to_sign_in_and_to_register(portal: str, visitor: httpx.Client) -> None:
    page = visitor.get(f"{portal}/")
    assert 'id="login" href="/login"' in page.text
    assert 'id="register" href="/register"' in page.text
    assert "set-cookie" not in page.headers


def test_every_page_has_a_strict_policy_and_is_kept_by_no_cache(
    portal: str, provider: FakeProvider, visitor: httpx.Client
) -> None:
    for path in ("/", "/login", "/callback?state=x", "/nowhere"):
        answer = visitor.get(portal + path)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' ")
        assert "frame-ancestors 'none'" in policy
        assert "base-uri 'none'" in policy
        assert "script-src" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_no_page_holds_script_or_inline_style(portal: str, visitor: httpx.Client) -> None:
    pages = [visitor.get(portal + path).text for path in ("/", "/login", "/policies/RCA-100001/payout")]
    for text in pages:
        assert "<script" not in text
        assert "style=" not in text


def test_demo_data_is_marked_as_such(portal: str, visitor: httpx.Client) -> None:
    assert "Dati dimostrativi" in visitor.get(f"{portal}/login").text


def test_documents_of_each_policy_are_listed_and_open(portal: str, visitor: httpx.Client) -> None:
    home = visitor.get(f"{portal}/login")
    addresses = re.findall(r'href="(/policies/[^"]+/documents/[^"]+)"', home.text)
    assert len(addresses) == 6
    sheet = visitor.get(portal + addresses[0])
    assert 'data-page="portal-document"' in sheet.text
    assert "Esempio senza valore contrattuale" in sheet.text
    assert "Maria Rossi" in sheet.text


@pytest.mark.parametrize("path", ["/policies/RCA-100002/payout", "/policies/RCA-100001/documents/none"])
def test_what_is_not_the_customers_is_not_there(portal: str, visitor: httpx.Client, path: str) -> None:
    visitor.get(f"{portal}/login")
    page = visitor.get(portal + path)
    assert page.status_code == 404
    assert 'data-page="portal-error"' in page.text


def test_asking_for_a_payout_says_that_confirmation_follows_and_whom_to_call(
    portal: str, visitor: httpx.Client
) -> None:
    visitor.get(f"{portal}/login")
    page = visitor.get(f"{portal}/policies/RCA-100001/payout")
    assert "Poi confermi che sei tu" in page.text
    assert 'href="tel:+390655500101"' in page.text


def test_a_name_is_text_whatever_is_in_it(portal: str, provider: FakeProvider, visitor: httpx.Client) -> None:
    provider.customer = {**provider.customer, "given_name": "<b>Maria</b>"}
    page = visitor.get(f"{portal}/login")
    assert "Ciao, &lt;b&gt;Maria&lt;/b&gt;" in page.text


def test_a_customer_without_a_given_name_is_greeted_by_the_name(
    portal: str, provider: FakeProvider, visitor: httpx.Client
) -> None:
    provider.customer = {
        "sub": "company-1",
        "name": "Officine Meccaniche Bruno S.r.l.",
        "customer_number": "C100009",
    }
    page = visitor.get(f"{portal}/login")
    assert "Ciao, Officine Meccaniche Bruno S.r.l." in page.text
    assert 'data-policy="FLT-100009"' in page.text
    assert "Premio trimestrale" in page.text


def test_another_host_name_leads_to_the_portals_own(portal: str) -> None:
    port = portal.rpartition(":")[2]
    answer = httpx.get(f"http://127.0.0.1:{port}/login", trust_env=False)
    assert answer.status_code == 302
    assert answer.headers["location"] == f"{portal}/login"
    spoofed = httpx.get(f"{portal}/login", headers={"Host": "evil.example"}, trust_env=False)
    assert spoofed.headers["location"] == f"{portal}/login"


def test_cookies_are_host_bound_on_https_and_carry_the_port_elsewhere() -> None:
    def cookie(url: str) -> str:
        return PortalSettings(url, "https://idp.example", "portal", "s", "https://api.example").cookie(
            "session"
        )

    assert cookie("https://portal.example") == "__Host-portal_session"
    assert cookie("http://localhost:8001") == "portal_session_8001"


def test_the_client_secret_is_not_in_the_settings_words() -> None:
    settings = PortalSettings(
        "http://localhost:8001", "http://localhost:8000", "portal", "hidden", "http://x"
    )
    assert "hidden" not in repr(settings)
