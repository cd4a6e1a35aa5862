"""The policies API and tokens bound to a key (RFC 9449 §4.3, §7): each field of the proof, and replay."""

import base64
import hashlib
import json
import secrets
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from clients.policies import proof as proofs
from tests.clients.fake_provider import Clock, FakeProvider


@pytest.fixture(scope="module")
def key() -> ECKey:
    return ECKey.generate_key("P-256")


@pytest.fixture
def token(provider: FakeProvider, policies: str, key: ECKey) -> str:
    return provider.access_token(client_id="app", cnf={"jkt": key.thumbprint()})


def public(key: ECKey) -> dict[str, Any]:
    return {name: value for name, value in key.as_dict(private=False).items() if name != "kid"}


def proof(
    key: ECKey,
    api: str,
    clock: Clock,
    token: str,
    header: dict[str, Any] | None = None,
    **changed: Any,
) -> str:
    """A proof that is right in every way; ``changed`` replaces claims, None among them removes one."""
    claims = {
        "jti": secrets.token_urlsafe(12),
        "htm": "GET",
        "htu": f"{api}/policies",
        "iat": clock(),
        "ath": base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode(),
        **changed,
    }
    protected = {"typ": "dpop+jwt", "alg": "ES256", "jwk": public(key), **(header or {})}
    return jwt.encode(
        {name: value for name, value in protected.items() if value is not None},
        {name: value for name, value in claims.items() if value is not None},
        key,
        algorithms=["ES256"],
        default_type=None,
    )


def read(api: str, token: str, *proofs: str, scheme: str = "DPoP") -> httpx.Response:
    headers = [("Authorization", f"{scheme} {token}"), *(("DPoP", each) for each in proofs)]
    return httpx.get(f"{api}/policies", headers=headers, trust_env=False)


def is_refused(answer: httpx.Response, error: str, scheme: str = "DPoP") -> None:
    assert answer.status_code == 401
    told = answer.headers["www-authenticate"]
    assert told.startswith(f'{scheme} realm="policies", error="{error}"')
    assert told.endswith('algs="ES256"')


@pytest.mark.parametrize("scheme", ["DPoP", "dpop", "DPOP"])
def test_a_bound_token_opens_with_a_proof(
    policies: str, clock: Clock, key: ECKey, token: str, scheme: str
) -> None:
    assert read(policies, token, proof(key, policies, clock, token), scheme=scheme).status_code == 200


def test_a_query_is_none_of_the_proofs_business(policies: str, clock: Clock, key: ECKey, token: str) -> None:
    headers = {"Authorization": f"DPoP {token}", "DPoP": proof(key, policies, clock, token)}
    assert httpx.get(f"{policies}/policies?x=1", headers=headers, trust_env=False).status_code == 200


def test_a_bound_token_is_no_bearer_token(policies: str, clock: Clock, key: ECKey, token: str) -> None:
    is_refused(read(policies, token, scheme="Bearer"), "invalid_token", "Bearer")
    with_proof = read(policies, token, proof(key, policies, clock, token), scheme="Bearer")
    is_refused(with_proof, "invalid_token", "Bearer")


def test_a_bearer_token_is_no_bound_token(
    policies: str, provider: FakeProvider, clock: Clock, key: ECKey
) -> None:
    loose = provider.access_token()
    is_refused(read(policies, loose, proof(key, policies, clock, loose)), "invalid_token")


@pytest.mark.parametrize("cnf", [{"x5t#S256": "x"}, {}, "x", {"jkt": 7}])
def test_a_token_bound_to_something_unknown_is_refused(
    policies: str, provider: FakeProvider, clock: Clock, key: ECKey, cnf: Any
) -> None:
    odd = provider.access_token(cnf=cnf)
    is_refused(read(policies, odd, proof(key, policies, clock, odd)), "invalid_token")


def test_no_proof_and_two_are_refused(policies: str, clock: Clock, key: ECKey, token: str) -> None:
    is_refused(read(policies, token), "invalid_dpop_proof")
    two = [proof(key, policies, clock, token) for _ in range(2)]
    is_refused(read(policies, token, *two), "invalid_dpop_proof")
    is_refused(read(policies, token, ", ".join(two)), "invalid_dpop_proof")


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"jti": None}, id="no jti"),
        pytest.param({"jti": 7}, id="jti a number"),
        pytest.param({"jti": ""}, id="jti empty"),
        pytest.param({"htm": None}, id="no htm"),
        pytest.param({"htm": "POST"}, id="htm POST"),
        pytest.param({"htm": "get"}, id="htm in another case"),
        pytest.param({"htu": None}, id="no htu"),
        pytest.param({"htu": "http://localhost:1/policies"}, id="another host"),
        pytest.param({"iat": None}, id="no iat"),
        pytest.param({"iat": "1"}, id="iat text"),
        pytest.param({"iat": True}, id="iat a truth"),
        pytest.param({"iat": 1}, id="iat long ago"),
        pytest.param({"iat": 9_999_999_999}, id="iat to come"),
        pytest.param({"ath": None}, id="no ath"),
        pytest.param({"ath": "x"}, id="another ath"),
        pytest.param({"ath": 7}, id="ath a number"),
    ],
)
def test_a_proof_for_something_else_is_refused(
    policies: str, clock: Clock, key: ECKey, token: str, changed: dict[str, Any]
) -> None:
    is_refused(read(policies, token, proof(key, policies, clock, token, **changed)), "invalid_dpop_proof")


@pytest.mark.parametrize("tail", ["/x", "?x=1", "#x", "/"])
def test_a_proof_for_another_address_is_refused(
    policies: str, clock: Clock, key: ECKey, token: str, tail: str
) -> None:
    bad = proof(key, policies, clock, token, htu=f"{policies}/policies{tail}")
    is_refused(read(policies, token, bad), "invalid_dpop_proof")


@pytest.mark.parametrize(
    "header",
    [
        pytest.param({"typ": "JWT"}, id="typ JWT"),
        pytest.param({"typ": "at+jwt"}, id="typ at+jwt"),
        pytest.param({"typ": None}, id="no typ"),
        pytest.param({"jwk": None}, id="no jwk"),
        pytest.param({"jwk": {"kty": "oct", "k": "eA"}}, id="symmetric"),
        pytest.param({"jwk": {"kty": "EC", "crv": "P-256"}}, id="half a key"),
        pytest.param({"jwk": public(ECKey.generate_key("P-256"))}, id="another key in the header"),
    ],
)
def test_a_header_that_is_wrong_is_refused(
    policies: str, clock: Clock, key: ECKey, token: str, header: dict[str, Any]
) -> None:
    is_refused(read(policies, token, proof(key, policies, clock, token, header)), "invalid_dpop_proof")


def test_a_private_key_in_the_header_is_refused(policies: str, clock: Clock, key: ECKey, token: str) -> None:
    bad = proof(key, policies, clock, token, {"jwk": key.as_dict(private=True)})
    is_refused(read(policies, token, bad), "invalid_dpop_proof")


def test_a_thief_with_a_key_of_his_own_is_refused(policies: str, clock: Clock, token: str) -> None:
    thief = ECKey.generate_key("P-256")
    is_refused(read(policies, token, proof(thief, policies, clock, token)), "invalid_dpop_proof")


def test_a_proof_that_was_changed_is_refused(policies: str, clock: Clock, key: ECKey, token: str) -> None:
    head, body, signature = proof(key, policies, clock, token, htm="POST").split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    other = base64.urlsafe_b64encode(json.dumps({**claims, "htm": "GET"}).encode()).rstrip(b"=").decode()
    is_refused(read(policies, token, f"{head}.{other}.{signature}"), "invalid_dpop_proof")
    is_refused(read(policies, token, f"{head}.{body}."), "invalid_dpop_proof")


@pytest.mark.parametrize("off", [-proofs.LEEWAY, 0, proofs.LEEWAY])
def test_a_proof_opens_once_as_long_as_it_lives(
    policies: str, provider: FakeProvider, clock: Clock, key: ECKey, token: str, off: int
) -> None:
    one = proof(key, policies, clock, token, iat=clock() + off)
    assert read(policies, token, one).status_code == 200
    is_refused(read(policies, token, one), "invalid_dpop_proof")
    clock.advance(off + proofs.LEEWAY)
    is_refused(read(policies, token, one), "invalid_dpop_proof")
    clock.advance(1)
    is_refused(read(policies, token, one), "invalid_dpop_proof")


@pytest.fixture
def small_memory(monkeypatch: pytest.MonkeyPatch) -> int:
    """Room for three proofs."""
    monkeypatch.setattr(proofs, "MOST_REMEMBERED", 3)
    return 3


def test_what_is_remembered_is_bounded(
    policies: str, clock: Clock, key: ECKey, token: str, small_memory: int
) -> None:
    def come() -> httpx.Response:
        return read(policies, token, proof(key, policies, clock, token))

    assert [come().status_code for _ in range(small_memory)] == [200] * small_memory
    is_refused(come(), "invalid_dpop_proof")
    clock.advance(proofs.LEEWAY + 1)
    assert come().status_code == 200
