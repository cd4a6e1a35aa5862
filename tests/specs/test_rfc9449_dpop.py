"""Tokens bound to a key (RFC 9449; FAPI 2.0 modules of the security bar §1.3; A28)."""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from idp.flows.clients import Registered
from idp.oidc.authorization.request import AuthorizationRequest
from idp.store import authorize
from tests.specs.house import ISSUER, POLICIES, VERIFIER, House, Reply, basic, challenge_of, encoded, hs256

Key = ECKey | RSAKey | OKPKey


@pytest.fixture(scope="session")
def key() -> ECKey:
    return ECKey.generate_key("P-256")


@pytest.fixture(scope="session")
def other_key() -> ECKey:
    return ECKey.generate_key("P-256")


@pytest.fixture(scope="session")
def rsa_key() -> RSAKey:
    return RSAKey.generate_key(2048)


def public(key: Key) -> dict[str, Any]:
    jwk = key.as_dict(private=False)
    return {name: jwk[name] for name in jwk if name != "kid"}


def ath(token: str) -> str:
    return encoded(hashlib.sha256(token.encode()).digest())


def claims_for(house: House, method: str, path: str, **changed: Any) -> dict[str, Any]:
    """A proof's claims, right in every way; ``changed`` replaces them (None removes)."""
    claims = {
        "jti": house.idp.entropy.identifier(),
        "htm": method,
        "htu": f"{ISSUER}{path}",
        "iat": house.clock.now(),
        **changed,
    }
    return {name: value for name, value in claims.items() if value is not None}


def made(key: Key, claims: Mapping[str, Any], **header: Any) -> str:
    """A proof; ``header`` replaces members (None removes)."""
    alg = {"EC": "ES256", "RSA": "PS256", "OKP": "Ed25519"}[key.key_type]
    protected = {"typ": "dpop+jwt", "alg": alg, "jwk": public(key), **header}
    protected = {name: value for name, value in protected.items() if value is not None}
    registry = jws.JWSRegistry(algorithms=[*jws.JWSRegistry.recommended, alg], strict_check_header=False)
    return jws.serialize_compact(protected, json.dumps(claims), key, registry=registry)


def proof(house: House, key: Key, method: str = "POST", path: str = "/token", **changed: Any) -> str:
    """A proof for a request; ``changed`` replaces claims."""
    return made(key, claims_for(house, method, path, **changed))


def send(
    house: House,
    registered: Registered,
    form: Mapping[str, str | None],
    proof: str | None,
    path: str = "/token",
) -> Reply:
    """Send a form as a client, with a proof if one is given."""
    headers = {} if proof is None else {"DPoP": proof}
    if registered.secret is None:
        return house.caller.post(path, {"client_id": registered.client.client_id, **form}, headers=headers)
    headers["Authorization"] = basic(registered.client.client_id, registered.secret)
    return house.caller.post(path, form, headers=headers)


def code_form(house: House, registered: Registered, **request: Any) -> dict[str, str | None]:
    """The form that redeems a fresh code of an authorization request with these members."""
    return {
        "grant_type": "authorization_code",
        "code": code_of(house, registered, **request),
        "redirect_uri": registered.client.redirect_uris[0],
        "code_verifier": VERIFIER,
    }


def code_of(
    house: House, registered: Registered, *, scope: str = "openid", dpop_jkt: str | None = None
) -> str:
    """A fresh code, as the authorization endpoint leaves it."""
    session = house.holder().session
    handle = house.idp.entropy.handle()
    request = AuthorizationRequest(
        client_id=registered.client.client_id,
        redirect_uri=registered.client.redirect_uris[0],
        scope=tuple(scope.split()),
        code_challenge=challenge_of(VERIFIER),
        dpop_jkt=dpop_jkt,
    )
    with house.idp.writing() as tx:
        authorize.issue(
            tx,
            authorization_id=house.idp.entropy.identifier(),
            code_digest=handle.digest,
            request=request,
            session=session,
            now=house.clock.now(),
            code_life=60,
            family_life=600,
        )
    return handle.secret


def bound(house: House, registered: Registered, key: Key, **request: Any) -> dict[str, Any]:
    """The tokens of a code flow whose token request brought a proof."""
    reply = send(house, registered, code_form(house, registered, **request), proof(house, key))
    assert reply.status == 200, reply.body
    return reply.json


def refresh(house: House, app: Registered, token: str, proof: str | None) -> Reply:
    return send(house, app, {"grant_type": "refresh_token", "refresh_token": token}, proof)


def ask(house: House, token: str, proof: str | None, scheme: str = "DPoP", method: str = "GET") -> Reply:
    """Ask for the person's claims."""
    headers = {"Authorization": f"{scheme} {token}"}
    if proof is not None:
        headers["DPoP"] = proof
    return house.caller.call(method, "/userinfo", headers=headers)


def user_proof(house: House, key: Key, token: str, **changed: Any) -> str:
    return proof(house, key, **{"method": "GET", "path": "/userinfo", "ath": ath(token), **changed})


# --- §5, §6 tokens are bound --------------------------------------------------------------------------


def test_a_token_is_bound_to_the_proofs_key_5_6_1(either_house: House, key: ECKey) -> None:
    house = either_house
    app, api = house.add("spa"), house.add("api")
    tokens = bound(house, app, key, scope="openid policies")
    assert tokens["token_type"] == "DPoP"
    claims = house.read(tokens["access_token"]).claims
    # The thumbprint by another library (RFC 7638).
    assert claims["cnf"] == {"jkt": key.thumbprint()}
    assert claims["aud"] == POLICIES
    told = house.introspect(api, tokens["access_token"]).json
    assert (told["token_type"], told["cnf"]) == ("DPoP", {"jkt": key.thumbprint()})
    assert "cnf" not in house.read(tokens["id_token"]).claims


def test_without_a_proof_tokens_are_bearer_tokens_5(house: House) -> None:
    app, api = house.add("spa"), house.add("api")
    reply = send(house, app, code_form(house, app, scope="policies"), None)
    assert reply.json["token_type"] == "Bearer"
    assert "cnf" not in house.read(reply.json["access_token"]).claims
    told = house.introspect(api, reply.json["access_token"]).json
    assert (told["token_type"], "cnf" in told) == ("Bearer", False)


def test_an_rsa_key_binds_as_well(house: House, rsa_key: RSAKey) -> None:
    app = house.add("spa")
    tokens = bound(house, app, rsa_key)
    assert house.read(tokens["access_token"]).claims["cnf"] == {"jkt": rsa_key.thumbprint()}
    token = tokens["access_token"]
    assert ask(house, token, user_proof(house, rsa_key, token)).status == 200


def test_a_clients_own_token_is_bound_too(house: House, key: ECKey) -> None:
    service = house.add("service")
    reply = send(house, service, {"grant_type": "client_credentials"}, proof(house, key))
    assert reply.json["token_type"] == "DPoP"
    assert house.read(reply.json["access_token"]).claims["cnf"] == {"jkt": key.thumbprint()}


def test_the_metadata_tells_of_it_5_1(house: House) -> None:
    told = house.caller.get("/.well-known/openid-configuration").json
    assert told["dpop_signing_alg_values_supported"] == ["ES256", "PS256"]


def test_scripts_may_send_proofs(house: House) -> None:
    house.add("spa")
    for path in ("/token", "/userinfo", "/par"):
        asked = {"Origin": "https://portal.insurer.example", "Access-Control-Request-Method": "POST"}
        reply = house.caller.call("OPTIONS", path, headers=asked)
        assert "DPoP" in (reply.header("Access-Control-Allow-Headers") or "")


# --- §5 refresh tokens --------------------------------------------------------------------------------


def test_a_public_clients_refresh_token_needs_its_key_5(
    either_house: House, key: ECKey, other_key: ECKey
) -> None:
    house = either_house
    app = house.add("spa")
    token = bound(house, app, key)["refresh_token"]
    for wrong in (None, proof(house, other_key)):
        reply = refresh(house, app, token, wrong)
        assert (reply.status, reply.error) == (400, "invalid_grant")
    # Who has only seen it cannot spoil it; and its successor is bound as well.
    renewed = refresh(house, app, token, proof(house, key))
    assert renewed.json["token_type"] == "DPoP"
    successor = renewed.json["refresh_token"]
    assert refresh(house, app, successor, None).error == "invalid_grant"
    assert refresh(house, app, successor, proof(house, key)).status == 200


def test_a_public_clients_refresh_token_stays_single_use_5(house: House, key: ECKey) -> None:
    app = house.add("spa")
    first = bound(house, app, key)["refresh_token"]
    second = refresh(house, app, first, proof(house, key)).json["refresh_token"]
    assert refresh(house, app, first, proof(house, key)).error == "invalid_grant"
    # The whole family died of it.
    assert refresh(house, app, second, proof(house, key)).error == "invalid_grant"


def test_a_public_client_binds_at_a_refresh_what_was_not_bound_before(house: House, key: ECKey) -> None:
    app = house.add("spa")
    loose = send(house, app, code_form(house, app), None).json["refresh_token"]
    tied = refresh(house, app, loose, proof(house, key)).json["refresh_token"]
    assert refresh(house, app, tied, None).error == "invalid_grant"


def test_a_confidential_clients_refresh_token_is_bound_to_its_secret_5(
    house: House, key: ECKey, other_key: ECKey
) -> None:
    portal = house.add()
    token = bound(house, portal, key)["refresh_token"]
    renewed = refresh(house, portal, token, proof(house, other_key)).json
    assert house.read(renewed["access_token"]).claims["cnf"] == {"jkt": other_key.thumbprint()}


# --- §5.2 clients that bind every token ---------------------------------------------------------------


@pytest.mark.parametrize("kind", ["web", "spa", "service"])
def test_a_client_registered_for_it_gets_nothing_without_a_proof_5_2(
    house: House, key: ECKey, kind: str
) -> None:
    client = house.add(kind, dpop_bound_access_tokens=True)
    if kind == "service":
        form: dict[str, str | None] = {"grant_type": "client_credentials"}
    else:
        form = code_form(house, client)
    reply = send(house, client, form, None)
    assert (reply.status, reply.error) == (400, "invalid_dpop_proof")
    # Nothing was spent.
    assert send(house, client, form, proof(house, key)).json["token_type"] == "DPoP"


# --- §4.3 the proof, field by field -------------------------------------------------------------------


def tampered(token: str) -> str:
    head, body, signature = token.split(".")
    other = encoded(json.dumps({**json.loads(base64.urlsafe_b64decode(body + "==")), "x": 1}).encode())
    return f"{head}.{other}.{signature}"


def unsigned(house: House, key: Key) -> str:
    head = encoded(json.dumps({"typ": "dpop+jwt", "alg": "none", "jwk": public(key)}).encode())
    return f"{head}.{encoded(json.dumps(claims_for(house, 'POST', '/token')).encode())}."


def symmetric(house: House, key: Key) -> str:
    body = encoded(json.dumps(claims_for(house, "POST", "/token")).encode())
    header = {"typ": "dpop+jwt", "alg": "HS256", "jwk": {"kty": "oct", "k": encoded(b"x" * 32)}}
    return hs256(header, body, b"x" * 32)


def forged(house: House, jwk: object) -> str:
    """A proof with a header that no library would write."""
    head = encoded(json.dumps({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}).encode())
    body = encoded(json.dumps(claims_for(house, "POST", "/token")).encode())
    return f"{head}.{body}.{encoded(bytes(64))}"


def raw(house: House, key: ECKey, jwk: Mapping[str, Any]) -> str:
    """A proof whose signature is the key's, whatever the header says of it."""
    return made(key, claims_for(house, "POST", "/token"), jwk=jwk)


def padded(jwk: Mapping[str, Any]) -> dict[str, Any]:
    """The same point with a zero before x: another spelling, another thumbprint."""
    x = base64.urlsafe_b64decode(jwk["x"] + "=" * (-len(jwk["x"]) % 4))
    return {**jwk, "x": encoded(b"\x00" + x)}


Make = Callable[[House, ECKey], str]
BAD_PROOFS: dict[str, Make] = {
    "empty": lambda house, key: "",
    "no JWT": lambda house, key: "nonsense",
    "two proofs": lambda house, key: f"{proof(house, key)}, {proof(house, key)}",
    "a changed payload": lambda house, key: tampered(proof(house, key)),
    "no signature": lambda house, key: proof(house, key).rpartition(".")[0] + ".",
    "alg none": unsigned,
    "a symmetric key": symmetric,
    "no typ": lambda house, key: made(key, claims_for(house, "POST", "/token"), typ=None),
    "typ JWT": lambda house, key: made(key, claims_for(house, "POST", "/token"), typ="JWT"),
    "typ at+jwt": lambda house, key: made(key, claims_for(house, "POST", "/token"), typ="at+jwt"),
    "no jwk": lambda house, key: made(key, claims_for(house, "POST", "/token"), jwk=None),
    "jwk text": lambda house, key: forged(house, "x"),
    "a private key": lambda house, key: raw(house, key, key.as_dict(private=True)),
    "another key": lambda house, key: raw(house, key, public(ECKey.generate_key("P-256"))),
    "a longer coordinate": lambda house, key: raw(house, key, padded(public(key))),
    "a key for encryption": lambda house, key: raw(house, key, {**public(key), "use": "enc"}),
    "a key of another alg": lambda house, key: raw(house, key, {**public(key), "alg": "PS256"}),
    "a jku": lambda house, key: made(key, claims_for(house, "POST", "/token"), jku="https://evil.example/"),
    "an x5u": lambda house, key: made(key, claims_for(house, "POST", "/token"), x5u="https://evil.example/"),
    "a curve we do not take": lambda house, key: made(
        OKPKey.generate_key("Ed25519"), claims_for(house, "POST", "/token")
    ),
    "no jti": lambda house, key: proof(house, key, jti=None),
    "jti a number": lambda house, key: proof(house, key, jti=7),
    "jti empty": lambda house, key: proof(house, key, jti=""),
    "jti too long": lambda house, key: proof(house, key, jti="x" * 257),
    "no htm": lambda house, key: proof(house, key, htm=None),
    "htm GET": lambda house, key: proof(house, key, htm="GET"),
    "htm in another case": lambda house, key: proof(house, key, htm="post"),
    "no htu": lambda house, key: proof(house, key, htu=None),
    "htu a number": lambda house, key: proof(house, key, htu=7),
    "htu of another endpoint": lambda house, key: proof(house, key, htu=f"{ISSUER}/userinfo"),
    "htu of another host": lambda house, key: proof(house, key, htu="https://evil.example/token"),
    "htu of another port": lambda house, key: proof(house, key, htu="http://localhost:8001/token"),
    "htu of another scheme": lambda house, key: proof(house, key, htu="https://localhost:8000/token"),
    "htu with a query": lambda house, key: proof(house, key, htu=f"{ISSUER}/token?x=1"),
    "htu with an empty query": lambda house, key: proof(house, key, htu=f"{ISSUER}/token?"),
    "htu with a fragment": lambda house, key: proof(house, key, htu=f"{ISSUER}/token#x"),
    "htu with a user": lambda house, key: proof(house, key, htu="http://a@localhost:8000/token"),
    "htu with a slash": lambda house, key: proof(house, key, htu=f"{ISSUER}/token/"),
    "htu with a line end": lambda house, key: proof(house, key, htu=f"{ISSUER}/to\nken"),
    "htu a path": lambda house, key: proof(house, key, htu="/token"),
    "no iat": lambda house, key: proof(house, key, iat=None),
    "iat text": lambda house, key: proof(house, key, iat=str(house.clock.now())),
    "iat a truth": lambda house, key: proof(house, key, iat=True),
    "iat a fraction": lambda house, key: proof(house, key, iat=house.clock.now() + 0.5),
    "iat long ago": lambda house, key: proof(house, key, iat=house.clock.now() - 61),
    "iat to come": lambda house, key: proof(house, key, iat=house.clock.now() + 61),
    "too large": lambda house, key: proof(house, key, extra="x" * 20_000),
}


@pytest.mark.parametrize("name", BAD_PROOFS)
def test_dpop_negative_tests(house: House, key: ECKey, name: str) -> None:
    app = house.add("spa")
    form = code_form(house, app)
    reply = send(house, app, form, BAD_PROOFS[name](house, key))
    assert (reply.status, reply.error) == (400, "invalid_dpop_proof")
    # The code was not spent by it.
    assert send(house, app, form, proof(house, key)).status == 200


@pytest.mark.parametrize(
    "htu", ["HTTP://localhost:8000/token", "http://LOCALHOST:8000/token", "http://localhost:8000/token"]
)
def test_scheme_and_host_are_read_in_any_case_4_3(house: House, key: ECKey, htu: str) -> None:
    app = house.add("spa")
    assert send(house, app, code_form(house, app), proof(house, key, htu=htu)).status == 200


def test_the_address_is_ours_and_not_the_hosts(house: House, key: ECKey) -> None:
    app = house.add("spa")
    sent = {"client_id": app.client.client_id, **code_form(house, app)}
    headers = {
        "DPoP": proof(house, key, htu="https://evil.example/token"),
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
    }
    assert house.caller.post("/token", sent, headers=headers).error == "invalid_dpop_proof"


def test_an_rsa_exponent_of_somebodys_choice_is_refused(house: House) -> None:
    app = house.add("spa")
    # A short one stands for all: its signature would hold.
    odd = RSAKey.import_key(
        rsa.generate_private_key(public_exponent=3, key_size=2048).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    reply = send(house, app, code_form(house, app), proof(house, odd))
    assert (reply.status, reply.error) == (400, "invalid_dpop_proof")


@pytest.mark.parametrize("off", [-60, -10, 10, 60])
def test_ensure_dpopproof_with_iat_before_and_after_succeeds(house: House, key: ECKey, off: int) -> None:
    app = house.add("spa")
    made_then = proof(house, key, iat=house.clock.now() + off)
    assert send(house, app, code_form(house, app), made_then).status == 200


def test_check_dpop_proof_nbf_exp(house: House, key: ECKey) -> None:
    app = house.add("spa")
    told: dict[str, Any] = {"nbf": house.clock.now() + 8, "exp": house.clock.now() + 60}
    assert send(house, app, code_form(house, app), proof(house, key, **told)).status == 200


# --- §11.1 replay -------------------------------------------------------------------------------------


@pytest.mark.parametrize("off", [-60, 0, 60])
def test_a28_a_proof_is_good_once_as_long_as_it_lives_11_1(house: House, key: ECKey, off: int) -> None:
    app = house.add("spa")
    one = proof(house, key, iat=house.clock.now() + off)
    assert send(house, app, code_form(house, app), one).status == 200
    assert send(house, app, code_form(house, app), one).error == "invalid_dpop_proof"
    house.clock.move(off + 60)
    assert send(house, app, code_form(house, app), one).error == "invalid_dpop_proof"
    house.clock.move(1)
    assert send(house, app, code_form(house, app), one).error == "invalid_dpop_proof"


def test_the_jti_is_each_keys_own(house: House, key: ECKey, other_key: ECKey) -> None:
    app = house.add("spa")
    for each in (key, other_key):
        assert send(house, app, code_form(house, app), proof(house, each, jti="same")).status == 200


def test_of_many_at_once_one_proof_is_taken(house: House, key: ECKey) -> None:
    service, one = house.add("service"), proof(house, key)
    with ThreadPoolExecutor(8) as pool:
        asked = [
            pool.submit(send, house, service, {"grant_type": "client_credentials"}, one) for _ in range(16)
        ]
    statuses = sorted(each.result().status for each in asked)
    assert statuses == [200, *[400] * 15]


def test_a_client_that_is_refused_spends_no_proof(house: House, key: ECKey) -> None:
    service, one = house.add("service"), proof(house, key)
    wrong = {"Authorization": basic(service.client.client_id, "wrong"), "DPoP": one}
    assert house.caller.post("/token", {"grant_type": "client_credentials"}, headers=wrong).status == 401
    assert send(house, service, {"grant_type": "client_credentials"}, one).status == 200


# --- §7 userinfo --------------------------------------------------------------------------------------


@pytest.fixture
def token(house: House, key: ECKey) -> str:
    return str(bound(house, house.add("spa"), key)["access_token"])


@pytest.mark.parametrize("scheme", ["DPoP", "dpop", "DPOP", "dPoP"])
def test_access_token_type_header_case_sensitivity(house: House, key: ECKey, token: str, scheme: str) -> None:
    assert ask(house, token, user_proof(house, key, token), scheme).status == 200


def test_a_post_is_proven_as_a_post(house: House, key: ECKey, token: str) -> None:
    assert ask(house, token, user_proof(house, key, token, method="POST"), method="POST").status == 200
    assert ask(house, token, user_proof(house, key, token), method="POST").status == 401


@pytest.mark.parametrize("with_proof", [True, False])
def test_a_bound_token_is_no_bearer_token_7_2(house: House, key: ECKey, token: str, with_proof: bool) -> None:
    given = user_proof(house, key, token) if with_proof else None
    reply = ask(house, token, given, "Bearer")
    assert (reply.status, reply.error) == (401, "invalid_token")
    told = reply.header("WWW-Authenticate") or ""
    assert told.startswith("Bearer ")
    assert told.endswith(', DPoP algs="ES256 PS256"')


def test_a_bound_token_in_the_body_is_refused(house: House, key: ECKey, token: str) -> None:
    given = {"DPoP": user_proof(house, key, token, method="POST")}
    assert house.caller.post("/userinfo", {"access_token": token}, headers=given).status == 401


def test_a_bearer_token_is_no_bound_token_7_1(house: House, key: ECKey) -> None:
    app = house.add("spa")
    loose = send(house, app, code_form(house, app), None).json["access_token"]
    reply = ask(house, loose, user_proof(house, key, loose))
    assert (reply.status, reply.error) == (401, "invalid_token")
    assert house.userinfo(loose).status == 200


def test_without_a_proof_the_challenge_says_so_7_1(house: House, token: str) -> None:
    reply = ask(house, token, None)
    assert (reply.status, reply.error) == (401, "invalid_dpop_proof")
    told = reply.header("WWW-Authenticate") or ""
    assert told.startswith('DPoP realm="http://localhost:8000", error="invalid_dpop_proof"')
    assert told.endswith('algs="ES256 PS256"')


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"ath": None}, "invalid_dpop_proof"),
        ({"ath": ath("another token")}, "invalid_dpop_proof"),
        ({"ath": 7}, "invalid_dpop_proof"),
        ({"ath": "\ud800"}, "invalid_dpop_proof"),
        ({"htm": "POST"}, "invalid_dpop_proof"),
        ({"htu": f"{ISSUER}/token"}, "invalid_dpop_proof"),
        ({"htu": f"{POLICIES}/userinfo"}, "invalid_dpop_proof"),
        ({"iat": 1}, "invalid_dpop_proof"),
    ],
)
def test_a28_a_proof_made_for_something_else_is_refused_7_1(
    house: House, key: ECKey, token: str, changed: dict[str, Any], error: str
) -> None:
    reply = ask(house, token, user_proof(house, key, token, **changed))
    assert (reply.status, reply.error) == (401, error)
    assert (reply.header("WWW-Authenticate") or "").startswith("DPoP ")


def test_a_proof_by_another_key_is_refused_7_1(house: House, other_key: ECKey, token: str) -> None:
    reply = ask(house, token, user_proof(house, other_key, token))
    assert (reply.status, reply.error) == (401, "invalid_token")


def test_a28_a_proof_opens_once_7_1(house: House, key: ECKey, token: str) -> None:
    one = user_proof(house, key, token)
    assert ask(house, token, one).status == 200
    assert ask(house, token, one).error == "invalid_dpop_proof"


@pytest.mark.parametrize("header", ["DPoP", "DPoP ", "DPoP a b", "DPoP a,b", 'DPoP "a"', "DPoP é"])
def test_a_malformed_header_is_refused(house: House, header: str) -> None:
    reply = house.caller.get("/userinfo", headers={"Authorization": header})
    assert (reply.status, reply.error) == (400, "invalid_request")
    assert (reply.header("WWW-Authenticate") or "").startswith("DPoP ")


def test_nonsense_spends_no_proof(house: House, key: ECKey, token: str) -> None:
    one = user_proof(house, key, token)
    assert ask(house, token + "A", one).error == "invalid_token"
    assert ask(house, token, one).status == 200


def test_too_little_scope_is_told_under_the_scheme_used(house: House, key: ECKey) -> None:
    token = bound(house, house.add("spa"), key, scope="policies")["access_token"]
    reply = ask(house, token, user_proof(house, key, token))
    assert (reply.status, reply.error) == (403, "insufficient_scope")
    assert (reply.header("WWW-Authenticate") or "").startswith("DPoP ")


# --- §10 codes bound to a key -------------------------------------------------------------------------


def test_ensure_dpop_auth_code_binding_success(either_house: House, key: ECKey) -> None:
    house = either_house
    app = house.add("spa")
    assert bound(house, app, key, dpop_jkt=key.thumbprint())["token_type"] == "DPoP"


@pytest.mark.parametrize("kind", ["web", "spa"])
@pytest.mark.parametrize("with_proof", [True, False])
def test_ensure_token_endpoint_fails_with_mismatched_dpop_jkt(
    house: House, key: ECKey, other_key: ECKey, kind: str, with_proof: bool
) -> None:
    client = house.add(kind)
    form = code_form(house, client, dpop_jkt=key.thumbprint())
    reply = send(house, client, form, proof(house, other_key) if with_proof else None)
    assert (reply.status, reply.error) == (400, "invalid_grant")
    # A code in wrong hands is used up, as with a wrong verifier.
    assert send(house, client, form, proof(house, key)).error == "invalid_grant"


def pushing(house: House, app: Registered, proof: str | None, **changed: str | None) -> Reply:
    request: dict[str, str | None] = {
        "response_type": "code",
        "redirect_uri": app.client.redirect_uris[0],
        "scope": "openid",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
        **changed,
    }
    return send(house, app, request, proof, "/par")


def test_ensure_mismatched_dpop_jkt_fails(house: House, key: ECKey, other_key: ECKey) -> None:
    given = proof(house, key, path="/par")
    reply = pushing(house, house.add("spa"), given, dpop_jkt=other_key.thumbprint())
    assert (reply.status, reply.error) == (400, "invalid_dpop_proof")


def test_a_push_may_name_the_key_and_prove_it(house: House, key: ECKey) -> None:
    given = proof(house, key, path="/par")
    assert pushing(house, house.add("spa"), given, dpop_jkt=key.thumbprint()).status == 201


def test_a_proof_for_the_token_endpoint_is_none_for_the_push(house: House, key: ECKey) -> None:
    reply = pushing(house, house.add("spa"), proof(house, key))
    assert (reply.status, reply.error) == (400, "invalid_dpop_proof")


@pytest.mark.parametrize("jkt", ["x", "A" * 42, "A" * 44, "A" * 42 + "=", "A" * 42 + "é", "A" * 42 + "/"])
def test_what_can_name_no_key_is_refused_10(house: House, jkt: str) -> None:
    reply = pushing(house, house.add("spa"), None, dpop_jkt=jkt)
    assert (reply.status, reply.error) == (400, "invalid_request")
