"""The policies API: which tokens it takes (RFC 9068), how it refuses the others (RFC 6750)."""

import base64
import json
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey

from clients.provider import KEYS_LIFE, REFETCH_GAP, STALE_KEYS_LIFE
from tests.clients.fake_provider import Clock, FakeProvider, sign


def read(api: str, token: str | None, path: str = "/policies", **headers: str) -> httpx.Response:
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return httpx.get(api + path, headers=headers, trust_env=False)


def test_a_customer_reads_the_own_policies(policies: str, provider: FakeProvider) -> None:
    answer = read(policies, provider.access_token())
    assert answer.status_code == 200
    body = answer.json()
    assert body["customer_number"] == "C100001"
    assert body["demo"] is True
    assert [policy["number"] for policy in body["policies"]] == ["RCA-100001", "VITA-100001"]
    assert body["policies"][0]["premium"] == {"amount": "505.00", "currency": "EUR", "every": "year"}
    assert answer.headers["cache-control"] == "no-store"


def test_a_customer_without_policies_reads_an_empty_list(policies: str, provider: FakeProvider) -> None:
    assert read(policies, provider.access_token(customer_number="C999999")).json()["policies"] == []


@pytest.mark.parametrize(("wish", "title"), [("it", "Auto"), ("en", "Car"), ("fr", "Auto")])
def test_policies_speak_the_language_asked_for(
    policies: str, provider: FakeProvider, wish: str, title: str
) -> None:
    answer = read(policies, provider.access_token(), **{"Accept-Language": wish})
    assert answer.json()["policies"][0]["title"] == title


def test_without_a_token_the_challenge_names_no_error(policies: str) -> None:
    answer = read(policies, None)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="policies", DPoP algs="ES256"'


@pytest.mark.parametrize("offered", ["Basic dTpw", "Bearer2 x", "Token x", ""])
def test_another_scheme_counts_as_no_token(policies: str, offered: str) -> None:
    answer = httpx.get(f"{policies}/policies", headers={"Authorization": offered}, trust_env=False)
    assert answer.status_code == 401
    assert "error" not in answer.headers["www-authenticate"]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_read_in_any_case(policies: str, provider: FakeProvider, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {provider.access_token()}"}
    assert httpx.get(f"{policies}/policies", headers=headers, trust_env=False).status_code == 200


@pytest.mark.parametrize("offered", ["Bearer", "Bearer a b", "Bearer a,b"])
def test_a_malformed_token_is_an_invalid_request(policies: str, offered: str) -> None:
    answer = httpx.get(f"{policies}/policies", headers={"Authorization": offered}, trust_env=False)
    assert answer.status_code == 400
    assert 'error="invalid_request"' in answer.headers["www-authenticate"]


def test_a_token_in_the_query_is_refused_even_beside_a_good_one(
    policies: str, provider: FakeProvider
) -> None:
    token = provider.access_token()
    answer = read(policies, token, f"/policies?access_token={token}")
    assert answer.status_code == 400
    assert token not in answer.text


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"iss": "http://localhost:1"}, id="another issuer"),
        pytest.param({"aud": "http://localhost:1"}, id="another audience"),
        pytest.param({"aud": ["a", "b"]}, id="other audiences"),
        pytest.param({"aud": None}, id="no audience"),
        pytest.param({"exp": 1}, id="expired"),
        pytest.param({"exp": None}, id="no end"),
        pytest.param({"exp": "9999999999"}, id="end is text"),
        pytest.param({"exp": float("inf")}, id="end is infinite"),
        pytest.param({"exp": True}, id="end is a truth"),
        pytest.param({"iat": 9_999_999_999}, id="from the future"),
        pytest.param({"nbf": 9_999_999_999}, id="not valid yet"),
        pytest.param({"sub": None}, id="nobody"),
        pytest.param({"client_id": None}, id="no client"),
        pytest.param({"jti": None}, id="no jti"),
    ],
)
def test_a_token_that_does_not_hold_is_invalid(
    policies: str, provider: FakeProvider, changes: dict[str, Any]
) -> None:
    answer = read(policies, provider.access_token(**changes))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith('Bearer realm="policies", error="invalid_token"')


def test_a_token_lives_until_its_end(policies: str, provider: FakeProvider, clock: Clock) -> None:
    token = provider.access_token()
    clock.advance(provider.access_life - 1)
    assert read(policies, token).status_code == 200
    clock.advance(12)
    assert read(policies, token).status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": "logout+jwt"},
        {"typ": None},
        {"kid": "unknown"},
        {"kid": "rsa-1"},
        {"kid": ""},
        {"kid": "../../etc/passwd"},
        {"crit": ["kid"]},
    ],
    ids=str,
)
def test_a_header_that_does_not_fit_is_invalid(
    policies: str, provider: FakeProvider, header: dict[str, Any]
) -> None:
    wanted = {"kid": provider.kid, "typ": "at+jwt", **header}
    claims = json.loads(base64.urlsafe_b64decode(provider.access_token().split(".")[1] + "=="))
    token = sign(provider.key, {name: value for name, value in wanted.items() if value is not None}, claims)
    answer = read(policies, token)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize("spelling", ["at+jwt", "AT+JWT", "application/at+jwt"])
def test_the_kind_of_token_is_read_in_any_spelling(
    policies: str, provider: FakeProvider, spelling: str
) -> None:
    claims = json.loads(base64.urlsafe_b64decode(provider.access_token().split(".")[1] + "=="))
    token = sign(provider.key, {"kid": provider.kid, "typ": spelling}, claims)
    assert read(policies, token).status_code == 200


def test_a_token_by_a_foreign_key_is_invalid(policies: str, provider: FakeProvider) -> None:
    claims = json.loads(base64.urlsafe_b64decode(provider.access_token().split(".")[1] + "=="))
    token = sign(ECKey.generate_key("P-256"), {"kid": provider.kid, "typ": "at+jwt"}, claims)
    assert read(policies, token).status_code == 401


@pytest.mark.parametrize("alg", ["none", "nOnE", "HS256", "RS256", "ES384"])
def test_another_algorithm_is_invalid(policies: str, provider: FakeProvider, alg: str) -> None:
    header, claims, signature = provider.access_token().split(".")
    changed = json.loads(base64.urlsafe_b64decode(header + "==")) | {"alg": alg}
    again = base64.urlsafe_b64encode(json.dumps(changed).encode()).rstrip(b"=").decode()
    for end in (signature, ""):
        assert read(policies, f"{again}.{claims}.{end}").status_code == 401


@pytest.mark.parametrize(
    "shape", ["x", "..", "a.b.c", "e30.e30.e30", "a" * 17_000, "{header}.{claims}.", "{header}.{claims}"]
)
def test_what_is_no_token_is_invalid(policies: str, provider: FakeProvider, shape: str) -> None:
    header, claims, _ = provider.access_token().split(".")
    assert read(policies, shape.format(header=header, claims=claims)).status_code == 401


@pytest.mark.parametrize("scope", ["openid profile", "policies2", "", None, ["policies"]])
def test_a_token_without_the_scope_is_not_enough(
    policies: str, provider: FakeProvider, scope: object
) -> None:
    answer = read(policies, provider.access_token(scope=scope))
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert 'scope="policies"' in answer.headers["www-authenticate"]


def test_a_token_that_speaks_for_no_customer_reads_nothing(policies: str, provider: FakeProvider) -> None:
    assert read(policies, provider.access_token(customer_number=None)).status_code == 403


@pytest.mark.parametrize("number", ["RCA-100002", "NONE-1"])
def test_documents_of_others_and_of_nobody_get_the_same_answer(
    policies: str, provider: FakeProvider, number: str
) -> None:
    answer = read(policies, provider.access_token(), f"/policies/{number}/documents")
    assert answer.status_code == 404
    assert answer.json() == {"error": "not_found"}


def test_documents_are_listed(policies: str, provider: FakeProvider) -> None:
    body = read(policies, provider.access_token(), "/policies/RCA-100001/documents").json()
    assert [document["id"] for document in body["documents"]] == ["condizioni", "quietanza", "allegato"]
    assert not provider.asked("/introspect")


def test_a_revoked_token_lists_no_documents_where_the_provider_is_asked(
    introspecting_policies: str, provider: FakeProvider
) -> None:
    token = provider.access_token()
    path = "/policies/RCA-100001/documents"
    assert read(introspecting_policies, token, path).status_code == 200
    provider.active = False
    answer = read(introspecting_policies, token, path)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert read(introspecting_policies, token).status_code == 200
    assert provider.asked("/introspect")[0]["token"] == token


def test_documents_stay_closed_while_the_provider_cannot_be_asked(
    introspecting_policies: str, provider: FakeProvider
) -> None:
    token = provider.access_token()
    assert read(introspecting_policies, token).status_code == 200
    provider.stop()
    answer = read(introspecting_policies, token, "/policies/RCA-100001/documents")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"


def test_keys_are_read_once_for_many_requests(policies: str, provider: FakeProvider) -> None:
    for _ in range(5):
        assert read(policies, provider.access_token()).status_code == 200
    assert len(provider.asked("/jwks")) == 1


def test_a_new_key_is_found_and_forged_names_do_not_hammer_the_provider(
    policies: str, provider: FakeProvider, clock: Clock
) -> None:
    assert read(policies, provider.access_token()).status_code == 200
    provider.key, provider.kid = ECKey.generate_key("P-256"), "key-2"
    clock.advance(REFETCH_GAP)
    assert read(policies, provider.access_token()).status_code == 200
    provider.kid = "forged"
    for _ in range(5):
        assert read(policies, provider.access_token()).status_code == 401
    assert len(provider.asked("/jwks")) == 2


def test_a_withdrawn_key_is_not_believed_for_long(
    policies: str, provider: FakeProvider, clock: Clock
) -> None:
    assert read(policies, provider.access_token()).status_code == 200
    stolen, name = provider.key, provider.kid
    provider.key, provider.kid = ECKey.generate_key("P-256"), "key-2"
    clock.advance(KEYS_LIFE)
    provider_now = provider.access_token()
    assert read(policies, provider_now).status_code == 200
    claims = json.loads(base64.urlsafe_b64decode(provider_now.split(".")[1] + "=="))
    assert read(policies, sign(stolen, {"kid": name, "typ": "at+jwt"}, claims)).status_code == 401


def test_known_keys_outlive_a_provider_that_is_down_for_a_while(
    policies: str, provider: FakeProvider, clock: Clock
) -> None:
    assert read(policies, provider.access_token()).status_code == 200
    provider.stop()
    clock.advance(KEYS_LIFE)
    assert read(policies, provider.access_token()).status_code == 200
    clock.advance(STALE_KEYS_LIFE)
    assert read(policies, provider.access_token()).status_code == 503


def test_without_any_keys_the_api_says_to_come_later_and_recovers(
    policies: str, provider: FakeProvider
) -> None:
    token = provider.access_token()
    provider.stop()
    assert read(policies, token).status_code == 503
    provider.start()
    assert read(policies, token).status_code == 200


def test_only_the_apps_origin_may_read_from_a_browser(
    policies: str, provider: FakeProvider, app_port: int
) -> None:
    ours, theirs = f"http://localhost:{app_port}", "http://localhost:1"
    answer = read(policies, provider.access_token(), Origin=ours)
    assert answer.headers["access-control-allow-origin"] == ours
    assert answer.headers["access-control-expose-headers"] == "WWW-Authenticate"
    assert "access-control-allow-credentials" not in answer.headers
    assert "Origin" in answer.headers["vary"]
    assert "access-control-allow-origin" not in read(policies, provider.access_token(), Origin=theirs).headers


def test_a_preflight_allows_token_and_proof(policies: str, app_port: int) -> None:
    headers = {"Origin": f"http://localhost:{app_port}", "Access-Control-Request-Method": "GET"}
    answer = httpx.options(f"{policies}/policies", headers=headers, trust_env=False)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-headers"] == "Authorization, Content-Type, DPoP"
    assert answer.headers["access-control-allow-methods"] == "GET, POST"


def test_health_needs_no_token_and_no_provider(policies: str, provider: FakeProvider) -> None:
    provider.stop()
    assert read(policies, None, "/health").json() == {"status": "ok"}


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("POST", "/policies", 405)])
def test_other_faults_are_json_too(policies: str, method: str, path: str, status: int) -> None:
    answer = httpx.request(method, policies + path, trust_env=False)
    assert answer.status_code == status
    assert "error" in answer.json()
