"""What we sign by hand, an independent library reads; what we verify is read by the letter."""

import json
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from idp.oidc.jose import InvalidToken, Signer, VerifyingKey, peek, public_key, verify
from idp.ports import SigningKey


def signing_key(alg: str) -> SigningKey:
    key = ECKey.generate_key("P-256") if alg == "ES256" else RSAKey.generate_key(2048)
    public = {**key.as_dict(private=False), "kid": "k1", "alg": alg, "use": "sig"}
    return SigningKey("k1", alg, key, MappingProxyType({n: str(v) for n, v in public.items()}))


def always(key: SigningKey) -> Callable[[str | None, str], VerifyingKey]:
    """A table in which every name finds this key."""
    return lambda _kid, _alg: public_key(key.public)


@pytest.fixture(scope="module")
def ec() -> SigningKey:
    return signing_key("ES256")


@pytest.fixture(scope="module")
def rsa() -> SigningKey:
    return signing_key("RS256")


CLAIMS: dict[str, Any] = {"sub": 'à ☃ "quoted" \\ </script>', "n": 1, "list": ["a"], "nested": {"deep": None}}


def test_joserfc_reads_every_token_we_sign(ec: SigningKey, rsa: SigningKey) -> None:
    for key in (ec, rsa):
        signer = Signer(key)
        # Often enough that r or s begins with zero octets: their width is fixed (RFC 7518 §3.4).
        for number in range(300 if key is ec else 3):
            token = signer.sign({**CLAIMS, "number": number}, "at+jwt")
            read = jwt.decode(token, key.private, algorithms=[key.alg])
            assert read.claims == {**CLAIMS, "number": number}
            assert read.header == {"alg": key.alg, "kid": "k1", "typ": "at+jwt"}
            assert len(token.rpartition(".")[2]) == (86 if key is ec else 342)


def test_each_type_has_its_own_header(ec: SigningKey) -> None:
    signer = Signer(ec)
    for typ in ("at+jwt", "JWT", "logout+jwt", "at+jwt"):
        assert jwt.decode(signer.sign({}, typ), ec.private, algorithms=["ES256"]).header["typ"] == typ


def test_we_read_what_joserfc_signs(ec: SigningKey, rsa: SigningKey) -> None:
    for key in (ec, rsa):
        header = {"alg": key.alg, "kid": "k1", "typ": "JWT"}
        token = jwt.encode(header, CLAIMS, key.private, algorithms=[key.alg])
        assert verify(token, always(key), typ="JWT", algs=("ES256", "RS256")) == CLAIMS


def test_a_key_is_used_with_its_own_algorithm_only(ec: SigningKey, rsa: SigningKey) -> None:
    for key, other in ((ec, rsa), (rsa, ec)):
        token = Signer(key).sign({}, "JWT")
        with pytest.raises(InvalidToken):
            verify(token, always(other), typ="JWT", algs=("ES256", "RS256"))
    pss = VerifyingKey("k1", "PS256", public_key(rsa.public).key)
    with pytest.raises(InvalidToken):
        verify(Signer(rsa).sign({}, "JWT"), lambda kid, alg: pss, typ="JWT", algs=("RS256", "PS256"))


def test_the_algorithm_must_be_wanted_here(rsa: SigningKey) -> None:
    with pytest.raises(InvalidToken):
        verify(Signer(rsa).sign({}, "at+jwt"), always(rsa), typ="at+jwt", algs=("ES256",))


@pytest.mark.parametrize("claims", [{"deep": [[[[]]]]}, {"big": 10**300}, {"empty": ""}])
def test_odd_claims_survive(ec: SigningKey, claims: dict[str, Any]) -> None:
    token = Signer(ec).sign(claims, "JWT")
    assert verify(token, always(ec), typ="JWT", algs=("ES256",)) == claims
    assert peek(token) == claims


def test_a_token_is_sixteen_kilobytes_at_most(ec: SigningKey) -> None:
    # Behind the limits of parameters and headers: the reader does not rely on who calls it.
    for octets, good in ((11_000, True), (13_000, False)):
        token = Signer(ec).sign({"filler": "x" * octets}, "JWT")
        assert (len(token) <= 16 * 1024) is good
        if good:
            assert verify(token, always(ec), typ="JWT", algs=("ES256",))["filler"] == "x" * octets
            continue
        for read in (peek, lambda t: verify(t, always(ec), typ="JWT", algs=("ES256",))):
            with pytest.raises(InvalidToken):
                read(token)


def test_what_is_no_json_is_never_signed(ec: SigningKey) -> None:
    for claims in ({"a": float("nan")}, {"a": float("inf")}, {"a": b"bytes"}):
        with pytest.raises((ValueError, TypeError)):
            Signer(ec).sign(claims, "JWT")


def test_peek_refuses_what_verify_would_refuse_to_read() -> None:
    for token in ("", "a.b", "a.b.c.d", "e30.W10.e30", "e30.bm9uc2Vuc2U.e30", "A" * 17_000, "é.é.é"):
        with pytest.raises(InvalidToken):
            peek(token)


@pytest.mark.parametrize(
    "jwk",
    [
        {"kty": "oct", "k": "AAAA"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"},
        {"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "P-256", "x": 7, "y": []},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA"},
        {},
    ],
)
def test_only_p256_and_strong_rsa_keys_are_keys(jwk: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        public_key(jwk)


def test_a_private_jwk_is_never_taken_for_a_public_one(ec: SigningKey) -> None:
    private = ec.private.as_dict(private=True)
    with pytest.raises(ValueError, match="private"):
        public_key(json.loads(json.dumps(private)))
