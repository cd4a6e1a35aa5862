"""``python -m tests.drills``: run every drill and print what came out; exit 1 when one misses its line."""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
import httpx

from idp.flows import clients
from tests.drills import many_customers, strangers
from tests.drills.samples import Comparison, compare
from tests.service.running import (
    DEVELOPMENT,
    PASSWORD,
    VERIFIER_CHALLENGE,
    HttpBrowser,
    RunningService,
    running_service,
)

# Hashes at their real price, and room for thousands of failures.
CONFIG = (
    DEVELOPMENT.replace("argon2_memory_kib = 64\nargon2_iterations = 1\n", "")
    + """
[limits]
login_failures_per_account_and_source = "1000000/900"
login_failures_per_account = "1000000/3600"
login_failures_per_source = "1000000/3600"
registrations_per_source = "1000000/3600"
identifiers_per_session = "1000000/3600"
identifiers_per_source_ipv4 = "1000000/3600"
identifiers_per_source_ipv6_64 = "1000000/3600"
sends_per_source_ipv4 = "1000000/3600"
sends_per_source_ipv6_64 = "1000000/3600"
sends_per_prefix = "1000000/3600"
sms_conversion_percent = 0
sms_daily_cap = 0
"""
)
CALLBACK = "http://localhost:9/drill"


@click.command()
@click.option("--samples", default=500, show_default=True, help="Requests of each kind.")
@click.option("--customers", type=int, help="Only import a registry file of so many lines, twice.")
def main(samples: int, customers: int | None) -> None:
    """Run the drills."""
    missed = 0
    if customers is not None:
        met, words = many_customers.drill(customers)
        print(f"{'ok  ' if met else 'MISS'}  a long registry file takes no more memory: {words}")
        sys.exit(0 if met else 1)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_service(Path(folder), f"sqlite:///{folder}/idp.sqlite3", config=CONFIG) as service,
    ):
        service.signed_in()
        for name, drill in DRILLS.items():
            met, words = drill(service, samples)
            missed += not met
            print(f"{'ok  ' if met else 'MISS'}  {name}: {words}", flush=True)
    sys.exit(1 if missed else 0)


def sign_in_tells_nothing(service: RunningService, samples: int) -> tuple[bool, str]:
    """A wrong password for a known and for an unknown username (security bar 5.1, 5.4)."""
    browser = _at_sign_in(service)

    def attempt(username: str) -> Callable[[], float]:
        return lambda: _timed(browser, username=username, password="Sbagliata9x")

    return _judged(
        compare(attempt("maria.rossi@posta.example"), attempt("nobody.here@posta.example"), samples)
    )


def strangers_are_not_told_apart(service: RunningService, samples: int) -> tuple[bool, str]:
    """Customers and strangers register, are identified, recover (security bar 5.1, 5.4)."""
    met, lines = True, []
    with strangers.customers_in(service, samples):
        for name in strangers.WAYS:
            one, words = _judged(strangers.told_apart(service, name, samples))
            met = met and one
            lines.append(f"\n      {'ok  ' if one else 'MISS'}  {name}: {words}")
    return met, "".join(lines)


def a_code_leaves_within_a_second(service: RunningService, _samples: int) -> tuple[bool, str]:
    """From the answer of the page to the message in the inbox (contract: serve)."""
    browser = service.browser()
    browser.get("/register")
    browser.press(profile="person")
    browser.press(given_name="Luca", family_name="Verdi", username="+393471234502", accept_terms="yes")
    browser.press(new_password=PASSWORD)
    began = time.monotonic()
    service.code_for("+393471234502")
    took = time.monotonic() - began
    return took < 1, f"{took * 1000:.0f} ms after the page"


def a_disabled_client_is_refused_within_a_second(service: RunningService, _samples: int) -> tuple[bool, str]:
    """From the command to the first refusal in another process (security bar 7.4.2)."""
    client = service.add_client(kind="service", scope="policies")
    auth = (client["client_id"], client["client_secret"])
    form = {"grant_type": "client_credentials", "scope": "policies"}
    assert httpx.post(f"{service.issuer}/token", data=form, auth=auth).status_code == 200
    clients.disable(service.idp, client["client_id"], now=service.idp.clock.now())
    began = time.monotonic()
    while httpx.post(f"{service.issuer}/token", data=form, auth=auth).status_code == 200:
        if time.monotonic() - began > 5:
            return False, "still served after 5 s"
        time.sleep(0.02)
    took = time.monotonic() - began
    return took <= 1.1, f"{took * 1000:.0f} ms"


def forged_tokens_are_refused_at_once(service: RunningService, _samples: int) -> tuple[bool, str]:
    """The slowest of a handful of hostile tokens at userinfo (security bar A11: 50 ms)."""
    forged = {
        "alg none": "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.e30.",
        "huge": "eyJhbGciOiJFUzI1NiJ9." + "A" * 7000 + ".AA",
        "not base64": "!.!.!",
        "deep": "e30." + "W1tb" * 1500 + ".AA",
    }
    took = []
    with httpx.Client() as http:
        for token in forged.values():
            began = time.monotonic()
            answer = http.get(f"{service.issuer}/userinfo", headers={"Authorization": f"Bearer {token}"})
            took.append(time.monotonic() - began)
            assert answer.status_code in (400, 401), answer.status_code
    return max(took) < 0.05, f"slowest {max(took) * 1000:.1f} ms"


DRILLS: dict[str, Callable[[RunningService, int], tuple[bool, str]]] = {
    "a code leaves within a second of its page": a_code_leaves_within_a_second,
    "a disabled client is refused within a second": a_disabled_client_is_refused_within_a_second,
    "forged tokens are refused within 50 ms": forged_tokens_are_refused_at_once,
    "sign-in: known and unknown usernames take the same time": sign_in_tells_nothing,
    "customers and strangers take the same time": strangers_are_not_told_apart,
}


def _judged(comparison: Comparison) -> tuple[bool, str]:
    median = statistics.median(comparison.first) * 1000
    return comparison.indistinguishable, (
        f"AUC {comparison.auc:.3f}, p {comparison.p:.2f}, medians differ by {comparison.delta_ms:+.2f} ms "
        f"of {median:.1f} ms, {len(comparison.first)} samples each"
    )


def _timed(browser: HttpBrowser, **fields: str) -> float:
    at, last = browser.at, browser.last
    began = time.monotonic()
    browser.press(**fields)
    took = time.monotonic() - began
    # The next attempt starts from the same page.
    browser.at, browser.last = at, last
    return took


def _at_sign_in(service: RunningService) -> HttpBrowser:
    client = service.add_client(kind="spa", redirect_uris=[CALLBACK], scope="openid", first_party=True)
    browser = service.browser()
    browser.get(
        "/authorize",
        client_id=client["client_id"],
        redirect_uri=CALLBACK,
        response_type="code",
        scope="openid",
        code_challenge=VERIFIER_CHALLENGE,
        code_challenge_method="S256",
    )
    assert browser.page == "login", browser.page
    return browser


if __name__ == "__main__":
    main()
