"""The phone app in a real browser: single sign-on, what it refuses, and what it leaves behind."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import ECKey
from playwright.sync_api import Page, expect

from tests.clients.fake_provider import Clock, FakeProvider, Misbehaviour, sign

STORED = "() => JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie, location.href])"
KEYS = """async () => {
    if (!(await indexedDB.databases()).some(({ name }) => name === "app_keys")) return [];
    const done = (asked) => new Promise((resolve) => { asked.onsuccess = () => resolve(asked.result); });
    const database = await done(indexedDB.open("app_keys"));
    const store = database.transaction("waiting").objectStore("waiting");
    const [states, kept] = await Promise.all([done(store.getAllKeys()), done(store.getAll())]);
    database.close();
    return Promise.all(kept.map(async ({ privateKey }, at) => [
        states[at],
        privateKey.extractable,
        await crypto.subtle.exportKey("jwk", privateKey).then(() => "taken", () => "kept"),
    ]));
}"""
"""Each key that waits for an answer: of which, and whether it can be taken out."""


def main(page: Page) -> Any:
    return expect(page.locator("main"))


def is_on(page: Page, name: str) -> None:
    main(page).to_have_attribute("data-page", name)


def test_who_is_signed_in_elsewhere_is_already_signed_in(
    app: str, provider: FakeProvider, phone: Page
) -> None:
    phone.goto(app)
    is_on(phone, "app-policies")
    expect(phone.locator("h1")).to_have_text("Ciao, Maria")
    expect(phone.locator("[data-policy]")).to_have_count(2)
    expect(phone.locator('[data-policy="RCA-100001"]')).to_contain_text("505,00")
    (asked,) = provider.asked("/authorize")
    assert asked["prompt"] == "none"
    assert asked["scope"] == "openid profile policies"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"{app}/callback"
    assert phone.url == f"{app}/"


def test_who_is_not_signed_in_is_asked_once_and_then_offered_the_doors(
    app: str, provider: FakeProvider, phone: Page
) -> None:
    provider.signed_in = False
    phone.goto(app)
    is_on(phone, "app-home")
    expect(phone.locator("#login")).to_be_visible()
    expect(phone.locator("#register")).to_be_visible()
    expect(phone.locator("[data-fault]")).to_have_count(0)
    phone.wait_for_timeout(300)
    assert len(provider.asked("/authorize")) == 1


@pytest.mark.parametrize(
    ("door", "prompt", "acr_values"),
    [
        ("#login", None, None),
        ("#biometric", None, "urn:idp:acr:3 urn:idp:acr:1"),
        ("#register", "create", None),
    ],
)
def test_each_door_leads_to_the_provider_and_back_signed_in(
    app: str, provider: FakeProvider, phone: Page, door: str, prompt: str | None, acr_values: str | None
) -> None:
    provider.signed_in = False
    phone.goto(app)
    phone.locator(door).click()
    is_on(phone, "app-policies")
    assert provider.asked("/authorize")[1].get("prompt") == prompt
    assert provider.asked("/authorize")[1].get("acr_values") == acr_values


def test_fingerprint_or_face_is_offered_before_anything_else(
    app: str, provider: FakeProvider, phone: Page
) -> None:
    provider.signed_in = False
    phone.goto(app)
    is_on(phone, "app-home")
    first = phone.locator(".doors button").first
    expect(first).to_have_text("Entra con impronta o volto")
    expect(first).to_have_class(re.compile("primary"))


def test_nothing_is_left_in_the_browser(app: str, phone: Page) -> None:
    phone.goto(app)
    is_on(phone, "app-policies")
    assert phone.evaluate(STORED) == f'[{{}},{{}},"","{app}/"]'
    assert phone.evaluate(KEYS) == []


def test_only_the_attempt_waits_in_the_session_storage(app: str, provider: FakeProvider, phone: Page) -> None:
    provider.signed_in = False
    phone.goto(app)
    is_on(phone, "app-home")
    phone.route("**/authorize?*", lambda route: route.fulfill(status=204))
    phone.locator("#login").click()
    phone.wait_for_function("() => sessionStorage.length === 1")
    waiting = phone.evaluate("() => Object.keys(JSON.parse(Object.values(sessionStorage)[0])).sort()")
    assert waiting == ["language", "nonce", "prompt", "state", "verifier"]


def test_signing_out_forgets_everything_and_goes_by_the_provider(
    app: str, provider: FakeProvider, phone: Page
) -> None:
    phone.goto(app)
    is_on(phone, "app-policies")
    phone.locator("#logout").click()
    is_on(phone, "signed-out")
    asked = provider.asked("/logout")[0]
    assert asked["client_id"] == "app"
    assert asked["id_token_hint"].count(".") == 2
    assert "post_logout_redirect_uri" not in asked
    phone.goto(app)
    is_on(phone, "app-home")


def foreign(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return sign(ECKey.generate_key("P-256"), header, claims)


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    head, body, _ = foreign({**header}, claims).split(".")
    none = "eyJhbGciOiJub25lIiwia2lkIjoia2V5LTEifQ"
    assert head != none
    return f"{none}.{body}."


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(Misbehaviour(id_token_claims={"iss": "http://localhost:1"}), id="another issuer"),
        pytest.param(Misbehaviour(id_token_claims={"aud": "portal"}), id="another audience"),
        pytest.param(Misbehaviour(id_token_claims={"aud": ["app", "portal"]}), id="two audiences"),
        pytest.param(Misbehaviour(id_token_claims={"azp": "portal"}), id="issued to another client"),
        pytest.param(Misbehaviour(id_token_claims={"nonce": "another"}), id="another nonce"),
        pytest.param(Misbehaviour(id_token_dropped=("nonce",)), id="no nonce"),
        pytest.param(Misbehaviour(id_token_claims={"exp": 1}), id="expired"),
        pytest.param(Misbehaviour(id_token_dropped=("exp",)), id="no end"),
        pytest.param(Misbehaviour(id_token_claims={"iat": 9_999_999_999}), id="from the future"),
        pytest.param(Misbehaviour(id_token_claims={"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}), id="wrong at_hash"),
        pytest.param(Misbehaviour(id_token_header={"kid": "unknown"}), id="unknown key"),
        pytest.param(Misbehaviour(id_token_dropped=("kid",)), id="no key named"),
        pytest.param(Misbehaviour(id_token_header={"typ": "logout+jwt"}), id="a logout token"),
        pytest.param(Misbehaviour(make_id_token=foreign), id="foreign key"),
        pytest.param(Misbehaviour(make_id_token=unsigned), id="alg none"),
        pytest.param(Misbehaviour(make_id_token=lambda _h, _c: "no token"), id="no token at all"),
        pytest.param(Misbehaviour(omit_id_token=True), id="ID token missing"),
        pytest.param(Misbehaviour(response={"iss": "http://localhost:1"}), id="answer of another issuer"),
        pytest.param(Misbehaviour(response={"iss": None}), id="answer without issuer"),
    ],
)
def test_what_does_not_hold_signs_nobody_in(
    app: str, provider: FakeProvider, phone: Page, wrong: Misbehaviour
) -> None:
    provider.wrong = wrong
    phone.goto(app)
    is_on(phone, "app-home")
    expect(phone.locator('[data-fault="unsafe"]')).to_be_visible()
    assert "eyJ" not in phone.evaluate(STORED)


def test_an_answer_with_another_state_signs_nobody_in_and_redeems_nothing(
    app: str, provider: FakeProvider, phone: Page
) -> None:
    provider.wrong = Misbehaviour(response={"state": "invented"})
    phone.goto(app)
    expect(phone.locator('[data-fault="interrupted"]')).to_be_visible()
    assert not provider.asked("/token")


def test_a_callback_nobody_waits_for_signs_nobody_in(app: str, provider: FakeProvider, phone: Page) -> None:
    code = urlsplit(
        httpx.get(
            f"{provider.issuer}/authorize",
            params={"state": "s", "redirect_uri": f"{app}/callback", "client_id": "app"},
            trust_env=False,
        ).headers["location"]
    ).query
    assert "code" in parse_qs(code)
    phone.goto(f"{app}/callback?{code}")
    expect(phone.locator('[data-fault="interrupted"]')).to_be_visible()
    assert not provider.asked("/token")


def test_a_refusal_of_the_customer_is_told_without_alarm(
    app: str, provider: FakeProvider, phone: Page
) -> None:
    provider.wrong = Misbehaviour(response={"error": "access_denied", "code": None})
    phone.goto(app)
    expect(phone.locator('[data-fault="cancelled"]')).to_be_visible()


def test_a_provider_that_is_down_is_said_and_tried_again(
    app: str, provider: FakeProvider, phone: Page
) -> None:
    provider.stop()
    phone.goto(app)
    is_on(phone, "app-error")
    provider.start()
    phone.locator("#retry").click()
    is_on(phone, "app-policies")


def test_an_aged_access_token_is_renewed(app: str, provider: FakeProvider, clock: Clock, phone: Page) -> None:
    provider.access_life = 1
    phone.goto(app)
    is_on(phone, "app-policies")
    phone.locator('[data-tab="documents"]').click()
    is_on(phone, "app-documents")
    expect(phone.locator(".documents li")).to_have_count(6)
    assert any(form["grant_type"] == "refresh_token" for form in provider.asked("/token"))


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda fake: fake.refresh_tokens.clear(), id="refresh token withdrawn"),
        pytest.param(
            lambda fake: setattr(fake, "wrong", Misbehaviour(id_token_claims={"sub": "person-2"})),
            id="renewed for another person",
        ),
    ],
)
def test_a_session_that_ended_elsewhere_ends_here(
    app: str, provider: FakeProvider, phone: Page, end: Callable[[FakeProvider], None]
) -> None:
    provider.access_life = 1
    phone.goto(app)
    is_on(phone, "app-policies")
    end(provider)
    provider.signed_in = False
    phone.locator('[data-tab="documents"]').click()
    is_on(phone, "app-home")


def test_the_tabs_work(app: str, phone: Page) -> None:
    phone.goto(app)
    is_on(phone, "app-policies")
    phone.locator('[data-tab="help"]').click()
    is_on(phone, "app-help")
    phone.locator('[data-tab="me"]').click()
    is_on(phone, "app-me")
    expect(phone.locator("main")).to_contain_text("C100001")
    phone.locator('[data-language="en"]').click()
    expect(phone.locator("h1")).to_have_text("Profile")
    expect(phone.locator("html")).to_have_attribute("lang", "en")


def test_names_are_text_whatever_is_in_them(app: str, provider: FakeProvider, phone: Page) -> None:
    provider.customer = {**provider.customer, "given_name": "<img src=x onerror=alert(1)>"}
    phone.goto(app)
    expect(phone.locator("h1")).to_have_text("Ciao, <img src=x onerror=alert(1)>")


def test_the_browser_finds_nothing_against_the_content_policy(app: str, phone: Page) -> None:
    complaints: list[str] = []
    phone.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    phone.goto(app)
    is_on(phone, "app-policies")
    for tab in ("documents", "help", "me", "policies"):
        phone.locator(f'[data-tab="{tab}"]').click()
        is_on(phone, f"app-{tab}")
    assert complaints == []


def test_the_content_policy_is_strict(app: str, provider: FakeProvider, policies: str) -> None:
    policy = httpx.get(app, trust_env=False).headers["content-security-policy"]
    assert policy.startswith(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        f"connect-src 'self' {provider.issuer} {policies}; form-action 'none'; frame-ancestors 'none'; "
        "base-uri 'none'"
    )


def test_the_settings_hold_no_secret(app: str) -> None:
    config = httpx.get(f"{app}/config.json", trust_env=False).json()
    assert config.keys() == {
        "issuer",
        "client_id",
        "redirect_uri",
        "post_logout_redirect_uri",
        "policies_url",
        "account_url",
        "scope",
    }


def test_both_languages_say_the_same_things() -> None:
    from clients.app import site

    source = site.__file__.replace("site.py", "static/words.js")
    with open(source, encoding="utf-8") as file:
        italian, english = re.split(r"\n  en: \{", file.read(), maxsplit=1)
    keys = [re.findall(r'^    "?([\w.-]+)"?: "', half, re.MULTILINE) for half in (italian, english)]
    assert len(keys[0]) > 40
    assert keys[0] == keys[1]


def test_every_request_with_a_token_proves_the_key(app: str, provider: FakeProvider, phone: Page) -> None:
    phone.goto(app)
    is_on(phone, "app-policies")
    phone.locator('[data-tab="documents"]').click()
    is_on(phone, "app-documents")
    exchange, userinfo = provider.proofs
    for path, method, (at, header, claims) in (
        ("/token", "POST", exchange),
        ("/userinfo", "GET", userinfo),
    ):
        assert at == path
        assert header.keys() == {"typ", "alg", "jwk"}
        assert header["jwk"].keys() == {"kty", "crv", "x", "y"}
        assert (claims["htm"], claims["htu"]) == (method, provider.issuer + path)
    assert "ath" not in exchange[2]
    assert "ath" in userinfo[2]
    assert exchange[1]["jwk"] == userinfo[1]["jwk"]
    assert exchange[2]["jti"] != userinfo[2]["jti"]


def test_a_renewed_token_is_bound_to_the_same_key(app: str, provider: FakeProvider, phone: Page) -> None:
    provider.access_life = 1
    phone.goto(app)
    is_on(phone, "app-policies")
    phone.locator('[data-tab="documents"]').click()
    is_on(phone, "app-documents")
    asked = [form.get("grant_type") for form in provider.asked("/token")]
    assert asked[:2] == ["authorization_code", "refresh_token"]
    keys = [json.dumps(header["jwk"]) for _, header, _ in provider.proofs]
    assert len(set(keys)) == 1
    phone.goto(app)
    is_on(phone, "app-policies")
    # A new page is a new key.
    assert json.dumps(provider.proofs[-1][1]["jwk"]) != keys[0]


def test_the_key_cannot_be_taken_out(app: str, phone: Page) -> None:
    phone.goto(app)
    is_on(phone, "app-policies")
    # What a script in the page would see of every key that signs there.
    phone.add_init_script(
        """
        window.used = new Set();
        const sign = crypto.subtle.sign.bind(crypto.subtle);
        crypto.subtle.sign = async (algorithm, key, message) => {
          used.add(key);
          return sign(algorithm, key, message);
        };
        """
    )
    phone.goto(app)
    is_on(phone, "app-policies")
    told = phone.evaluate(
        """
        async () => Promise.all([...used].map(async (key) => {
          const taken = crypto.subtle.exportKey("jwk", key);
          return [key.extractable, await taken.then(() => "taken", () => "kept")];
        }))
        """
    )
    assert told == [[False, "kept"]]


def test_the_request_names_the_key_with_which_its_code_is_redeemed(
    app: str, provider: FakeProvider, phone: Page
) -> None:
    phone.goto(app)
    is_on(phone, "app-policies")
    (asked,) = provider.asked("/authorize")
    (path, header, _), *_ = provider.proofs
    assert path == "/token"
    assert asked["dpop_jkt"] == ECKey.import_key(header["jwk"]).thumbprint()


def test_the_key_waits_closed_while_the_provider_has_the_browser(
    app: str, provider: FakeProvider, phone: Page
) -> None:
    provider.signed_in = False
    phone.goto(app)
    is_on(phone, "app-home")
    phone.route("**/authorize?*", lambda route: route.fulfill(status=204))
    with phone.expect_request("**/authorize?*") as left:
        phone.locator("#login").click()
    (state,) = parse_qs(urlsplit(left.value.url).query)["state"]
    assert phone.evaluate(KEYS) == [[state, False, "kept"]]


def test_a_key_whose_answer_never_came_is_dropped(app: str, provider: FakeProvider, phone: Page) -> None:
    provider.signed_in = False
    phone.clock.install()
    phone.goto(app)
    is_on(phone, "app-home")
    phone.route("**/authorize?*", lambda route: route.fulfill(status=204))
    states = []
    for hours in (0, 2):
        phone.clock.fast_forward(hours * 3_600_000)
        with phone.expect_request("**/authorize?*") as left:
            phone.locator("#login").click()
        states += parse_qs(urlsplit(left.value.url).query)["state"]
    assert [state for state, *_ in phone.evaluate(KEYS)] == states[1:]


def test_a_code_without_the_key_of_its_request_is_not_even_tried(
    app: str, provider: FakeProvider, phone: Page
) -> None:
    provider.signed_in = False
    phone.goto(app)
    is_on(phone, "app-home")
    provider.log.clear()
    phone.route("**/authorize?*", lambda route: route.fulfill(status=204))
    with phone.expect_request("**/authorize?*") as left:
        phone.locator("#login").click()
    asked = left.value.url
    phone.evaluate("() => new Promise((done) => { indexedDB.deleteDatabase('app_keys').onsuccess = done; })")
    phone.unroute("**/authorize?*")
    phone.goto(asked)
    expect(phone.locator('[data-fault="interrupted"]')).to_be_visible()
    assert provider.asked("/token") == []


def test_a_bearer_token_where_a_bound_one_was_promised_is_refused(
    app: str, provider: FakeProvider, phone: Page
) -> None:
    provider.wrong.token_type = "Bearer"
    phone.goto(app)
    is_on(phone, "app-home")
    expect(phone.locator("[data-fault]")).to_have_count(1)


def test_a_provider_that_binds_no_tokens_is_used_with_bearer_tokens(
    app: str, provider: FakeProvider, phone: Page
) -> None:
    provider.binds_tokens = False
    phone.goto(app)
    is_on(phone, "app-policies")
    assert provider.proofs == []
