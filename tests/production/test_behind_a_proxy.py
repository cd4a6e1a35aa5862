"""What a browser and a proxy see of the service in production: cookies, headers, addresses, nothing else."""

import time
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import BrowserContext

from tests.production.deployment import Deployment
from tests.service.on_screen import on_page
from tests.service.running import VERIFIER_CHALLENGE

pytestmark = [pytest.mark.production, pytest.mark.slow]


@pytest.fixture
def http(deployment: Deployment) -> Iterator[httpx.Client]:
    """A client outside the proxy."""
    with deployment.http() as client:
        yield client


def ask_to_sign_in(deployment: Deployment, http: httpx.Client, **headers: str) -> httpx.Response:
    """Send the portal's authorization request."""
    params = {
        "client_id": "portal",
        "redirect_uri": f"{deployment.portal.url}/callback",
        "response_type": "code",
        "scope": "openid",
        "state": "s",
        "code_challenge": VERIFIER_CHALLENGE,
        "code_challenge_method": "S256",
    }
    return http.get(f"{deployment.issuer}/authorize", params=params, headers=headers)


def login_page(deployment: Deployment, http: httpx.Client, **headers: str) -> httpx.Response:
    """The sign-in page that an authorization request leads to."""
    asked = ask_to_sign_in(deployment, http, **headers)
    assert asked.status_code == 303, asked.text
    return http.get(str(asked.url.join(asked.headers["location"])), headers=headers)


def test_our_cookies_are_host_bound_secure_http_only_and_lax(
    deployment: Deployment, customer: BrowserContext
) -> None:
    page = customer.new_page()
    page.goto(f"{deployment.portal.url}/login")
    on_page(page, "login")
    ours = [c for c in customer.cookies(deployment.issuer) if "idp" in str(c.get("name"))]
    assert ours
    for cookie in ours:
        assert str(cookie.get("name")).startswith("__Host-idp_")
        assert cookie.get("secure") is True
        assert cookie.get("httpOnly") is True
        assert cookie.get("sameSite") == "Lax"
        assert cookie.get("path") == "/"
        assert cookie.get("domain") == "auth.example.test"


def test_every_answer_asks_for_https_ever_after_and_runs_nothing_foreign(
    deployment: Deployment, http: httpx.Client
) -> None:
    page = login_page(deployment, http)
    style = page.text.split('rel="stylesheet" href="')[1].split('"')[0]
    answers = [
        page,
        http.get(f"{deployment.issuer}/.well-known/openid-configuration"),
        http.get(f"{deployment.issuer}/jwks"),
        http.post(f"{deployment.issuer}/token", data={}),
        http.get(f"{deployment.issuer}/no-such-page"),
        http.get(f"{deployment.issuer}{style}"),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 400, 404, 200]
    for answer in answers:
        assert "max-age=63072000" in answer.headers["strict-transport-security"], answer.url
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert "gunicorn" not in answer.headers.get("server", "").lower()
    assert answers[0].headers["cache-control"] == "no-store"
    form_action = answers[0].headers["content-security-policy"].split("form-action ")[1].split(";")[0]
    assert form_action.split() == ["'self'", deployment.portal.url]


def test_a20_an_address_with_a_files_ending_behind_it_is_no_page(
    deployment: Deployment, http: httpx.Client
) -> None:
    for path in ("/login/x.css", "/authorize/x.css", "/userinfo/a.js", "/login.css", "/token/.css"):
        assert http.get(f"{deployment.issuer}{path}").status_code == 404, path


def test_every_address_in_discovery_is_https_and_of_the_issuer(
    deployment: Deployment, http: httpx.Client
) -> None:
    told = http.get(f"{deployment.issuer}/.well-known/openid-configuration").json()
    assert told["issuer"] == deployment.issuer
    addresses = {name: value for name, value in told.items() if isinstance(value, str) and "://" in value}
    assert len(addresses) > 5
    assert {name for name, value in addresses.items() if not value.startswith(deployment.issuer)} == set()


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Proto": "http"},
        {"X-Forwarded-Port": "80"},
        {"X-Forwarded-Prefix": "/evil"},
        {"Forwarded": "for=198.51.100.1;host=evil.example;proto=http"},
        {"X-Original-URL": "/dev/inbox"},
        {"X-Rewrite-URL": "/dev/inbox"},
        {"X-Host": "evil.example"},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_a19_a_spoofed_forwarding_header_changes_no_address(
    deployment: Deployment, http: httpx.Client, headers: dict[str, str]
) -> None:
    told = http.get(f"{deployment.issuer}/.well-known/openid-configuration", headers=headers)
    assert told.json()["issuer"] == deployment.issuer
    asked = ask_to_sign_in(deployment, http, **headers)
    assert asked.headers["location"].startswith(("/login?", f"{deployment.issuer}/login?"))
    assert all(value.startswith("__Host-") for value in asked.headers.get_list("set-cookie"))
    page = login_page(deployment, http, **headers)
    assert page.status_code == 200
    assert "evil" not in page.text
    assert "evil" not in str(page.headers)


@pytest.mark.parametrize("host", ["evil.example", "auth.example.test.evil.example", "auth.example.test:1"])
def test_a19_an_unknown_host_is_refused(deployment: Deployment, http: httpx.Client, host: str) -> None:
    for path in ("/.well-known/openid-configuration", "/login", "/register"):
        answer = http.get(f"{deployment.issuer}{path}", headers={"Host": host})
        assert answer.status_code == 400, (host, path)
        assert "evil" not in answer.text


def test_limits_count_the_address_the_proxy_saw_not_the_one_the_client_wrote(
    deployment: Deployment, http: httpx.Client
) -> None:
    """A guesser who invents X-Forwarded-For entries stays in one bucket (trusted_proxies = 1)."""
    # Counters live in fixed windows of fifteen minutes: not astride of two.
    if time.time() % 900 > 885:
        time.sleep(16)
    page = login_page(deployment, http)
    csrf = page.text.split('name="csrf" value="')[1].split('"')[0]
    answers = [
        http.post(
            str(page.url),
            data={"csrf": csrf, "username": "nobody@posta.example", "password": "Sbagliata1"},
            headers={"X-Forwarded-For": f"198.51.100.{number}", "Origin": deployment.issuer},
        )
        for number in range(12)
    ]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) > 0


def test_nothing_of_development_is_there(deployment: Deployment, http: httpx.Client) -> None:
    assert http.get(f"{deployment.issuer}/dev/inbox").status_code == 404
    assert http.get(f"{deployment.issuer}/metrics").status_code in (401, 404)


def test_two_processes_serve_and_neither_sends_messages(deployment: Deployment) -> None:
    import psutil

    serving = psutil.Process(deployment.processes["serve"].pid).children()
    assert len(serving) == 2
    log = deployment.log("serve")
    assert "Traceback" not in log
    assert "fault" not in log


def test_no_personal_datum_and_no_secret_reaches_the_logs(deployment: Deployment, http: httpx.Client) -> None:
    page = login_page(deployment, http)
    csrf = page.text.split('name="csrf" value="')[1].split('"')[0]
    http.post(
        str(page.url),
        data={"csrf": csrf, "username": "qualcuno.speciale@posta.example", "password": "Molto5egreta"},
        headers={"Origin": deployment.issuer},
    )
    for name in deployment.processes:
        log = deployment.log(name)
        for word in ("qualcuno.speciale", "Molto5egreta", "maria.rossi", "+3934712", "code_challenge", csrf):
            assert word not in log, (name, word)


def test_the_commands_work_beside_the_running_service(deployment: Deployment) -> None:
    listed = deployment.command("clients", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    assert '"portal"' in listed.stdout
    checked = deployment.command("config", "check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
