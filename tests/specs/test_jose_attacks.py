"""Forged and malformed tokens, at every endpoint that reads one (RFC 8725; security bar A11).

A refusal is quick, asks nothing of the network, and says nothing of the reason. Client assertions, which
are read by the same function, are attacked in ``test_rfc7523.py``.
"""

import base64
import json
import shutil
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from idp.flows.clients import Registered
from tests.specs.house import ISSUER, House, encoded, hs256, open_house

QUICK = 0.05
"""Seconds of this thread that a refusal may take."""

Token = dict[str, Any]


def segment(value: Any) -> str:
    return encoded(json.dumps(value).encode())


def parts(token: str) -> tuple[Token, Token, str]:
    header, payload, signature = token.split(".")

    def read(text: str) -> Token:
        content = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        assert isinstance(content, dict)
        return content

    return read(header), read(payload), signature


def signed(house: House, header: Token, payload: str) -> str:
    """A JWS under our own key, made by hand: what a fault of ours, or a library's, might once sign."""
    key = next(key for key in house.idp.keyring.signing_keys().values() if key.alg == "ES256")
    message = f"{segment(header)}.{encoded(payload.encode())}"
    signature = key.private.private_key.sign(message.encode(), ec.ECDSA(SHA256()))
    r, s = decode_dss_signature(signature)
    return f"{message}.{encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


@pytest.fixture(scope="module")
def house(prepared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One service for all attacks: none of them may leave a trace."""
    file = tmp_path_factory.mktemp("attacked") / "idp.sqlite3"
    shutil.copy(prepared_folder / "idp.sqlite3", file)
    made = open_house(f"sqlite:///{file}", prepared_folder / "keys")
    yield made
    made.idp.database.engine.dispose()


@pytest.fixture(scope="module")
def portal(house: House) -> Registered:
    return house.add()


@pytest.fixture(scope="module")
def token(house: House, portal: Registered) -> str:
    return str(house.tokens(portal, house.holder(), "openid policies")["access_token"])


@pytest.fixture(scope="module")
def api(house: House) -> Registered:
    return house.add("api")


@pytest.fixture
def refused(
    house: House, portal: Registered, api: Registered, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """Asserts that no endpoint takes a token for one of ours, quickly and without leaving the process."""

    def outside(*_: Any, **__: Any) -> None:
        raise AssertionError("a token made us call somebody")

    def check(forged: str) -> None:
        house.userinfo("warm.up.now")
        monkeypatch.setattr(socket, "create_connection", outside)
        monkeypatch.setattr(socket.socket, "connect", outside)
        began = time.thread_time()
        replies = [
            house.caller.post("/userinfo", {"access_token": forged}),
            house.introspect(api, forged),
            house.as_client(portal, "/revoke", {"token": forged}),
        ]
        spent = time.thread_time() - began
        monkeypatch.undo()
        assert replies[0].status in (400, 401)
        assert replies[1].status == 400 or replies[1].json == {"active": False}
        assert replies[2].status in (200, 400)
        assert spent < 3 * QUICK
        with house.idp.reading() as tx:
            assert tx.exec_driver_sql("SELECT count(*) FROM revoked_tokens").scalar_one() == 0

    return check


def test_the_token_itself_is_good(house: House, token: str) -> None:
    assert house.userinfo(token).status == 200
    # And the forger's tools work: what they sign is refused for what it says, not for how it was made.
    header, payload, _ = parts(token)
    assert house.userinfo(signed(house, header, json.dumps(payload))).status == 200


@pytest.mark.parametrize("alg", ["none", "nOnE", "NONE", "", None, 0, ["ES256"], {"ES256": 1}])
@pytest.mark.parametrize("signature", ["", "AA", None])
def test_no_signature_is_no_signature(
    refused: Callable[[str], None], token: str, alg: Any, signature: str | None
) -> None:
    header, payload, right = parts(token)
    header["alg"] = alg
    refused(f"{segment(header)}.{segment(payload)}.{right if signature is None else signature}")


@pytest.mark.parametrize(
    "alg",
    ["HS256", "HS512", "RS256", "PS256", "ES384", "ES512", "EdDSA", "Ed25519", "ES256K", "RSA1_5", "dir"],
)
def test_another_algorithm_is_refused(refused: Callable[[str], None], token: str, alg: str) -> None:
    header, payload, signature = parts(token)
    header["alg"] = alg
    refused(f"{segment(header)}.{segment(payload)}.{signature}")


def test_our_public_key_is_no_shared_secret(house: House, refused: Callable[[str], None], token: str) -> None:
    header, payload, _ = parts(token)
    for jwk in house.caller.get("/jwks").json["keys"]:
        key = (ECKey if jwk["kty"] == "EC" else RSAKey).import_key(jwk)
        for secret in (key.as_pem(private=False), key.as_der(private=False), json.dumps(jwk).encode(), b""):
            refused(hs256({**header, "alg": "HS256", "kid": jwk["kid"]}, segment(payload), secret))


@pytest.mark.parametrize(
    "kid",
    [
        None,
        "",
        "unknown",
        "../../../../dev/null",
        "' OR '1'='1",
        "https://evil.example/key",
        ["a", "b"],
        {"kid": "x"},
        7,
        "\x00",
        "k" * 1500,
    ],
)
def test_keys_are_found_by_name_in_our_table_only(
    refused: Callable[[str], None], token: str, kid: Any
) -> None:
    header, payload, signature = parts(token)
    header["kid"] = kid
    refused(f"{segment(header)}.{segment(payload)}.{signature}")


def test_a_missing_kid_finds_no_key(refused: Callable[[str], None], token: str) -> None:
    header, payload, signature = parts(token)
    del header["kid"]
    refused(f"{segment(header)}.{segment(payload)}.{signature}")


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c", "kid"])
def test_a_key_of_the_attackers_is_not_taken_from_the_header(
    refused: Callable[[str], None], token: str, name: str
) -> None:
    header, payload, _ = parts(token)
    attacker = ECKey.generate_key("P-256")
    header[name] = {
        "jwk": attacker.as_dict(private=False),
        "jku": "https://evil.example/jwks",
        "x5u": "https://evil.example/cert",
        "x5c": ["MIIB"],
        "kid": "evil",
    }[name]
    refused(jws.serialize_compact(header, json.dumps(payload).encode(), attacker, algorithms=["ES256"]))


@pytest.mark.parametrize(
    "extra",
    [
        {"crit": ["exp"]},
        {"crit": []},
        {"crit": ["unheard-of"], "unheard-of": 1},
        {"b64": False, "crit": ["b64"]},
        {"b64": False},
        {"zip": "DEF"},
        {"enc": "A256GCM"},
        {"p2c": 2**31 - 1, "p2s": "AAAA"},
        {"epk": {}},
    ],
)
def test_headers_that_change_the_meaning_are_refused_even_if_signed(
    house: House, refused: Callable[[str], None], token: str, extra: Token
) -> None:
    header, payload, _ = parts(token)
    refused(signed(house, {**header, **extra}, json.dumps(payload)))


@pytest.mark.parametrize("typ", [None, "JWT", "logout+jwt", "dpop+jwt", "at+jwt+x", 7, ["at+jwt"]])
def test_another_type_of_ours_is_refused_even_if_signed(
    house: House, refused: Callable[[str], None], token: str, typ: Any
) -> None:
    header, payload, _ = parts(token)
    refused(signed(house, {**header, "typ": typ}, json.dumps(payload)))
    del header["typ"]
    refused(signed(house, header, json.dumps(payload)))


@pytest.mark.parametrize(
    "octets",
    [
        bytes(64),
        bytes(32) + b"\x01" * 32,
        b"\xff" * 64,
        b"\x01" * 63,
        b"\x01" * 65,
        b"\x01",
        bytes.fromhex("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551") * 2,
    ],
)
def test_degenerate_signatures_are_refused(refused: Callable[[str], None], token: str, octets: bytes) -> None:
    head, _, _ = token.rpartition(".")
    refused(f"{head}.{encoded(octets)}")


def test_a_der_signature_is_refused(refused: Callable[[str], None], token: str) -> None:
    head, _, signature = token.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    refused(f"{head}.{encoded(der)}")


def test_a_signature_on_another_curve_is_refused(refused: Callable[[str], None], token: str) -> None:
    header, payload, _ = parts(token)
    other = ECKey.generate_key("P-384")
    header["alg"] = "ES384"
    refused(jws.serialize_compact(header, json.dumps(payload).encode(), other, algorithms=["ES384"]))


def test_another_payload_under_a_good_signature_is_refused(
    refused: Callable[[str], None], token: str
) -> None:
    header, payload, signature = parts(token)
    payload["scope"] = "openid payout"
    refused(f"{segment(header)}.{segment(payload)}.{signature}")


@pytest.mark.parametrize(
    "mangle",
    [
        lambda t: t[:-1],
        lambda t: t[:-4],
        lambda t: t + "A",
        lambda t: t + "=",
        lambda t: t + ".",
        lambda t: "." + t,
        lambda t: t + "." + t,
        lambda t: t.replace(".", "..", 1),
        lambda t: t.replace(".", ".A", 1),
        lambda t: t + "\u00e9",
        lambda t: " " + t,
        lambda t: t.replace("_", "/").replace("-", "+") + ("" if "_" in t or "-" in t else "/"),
        lambda t: t.rpartition(".")[0] + ".",
        lambda t: t.rpartition(".")[0],
        lambda t: "..",
        lambda t: "",
        lambda t: t.partition(".")[0] + ".." + t.rpartition(".")[2],
    ],
)
def test_a_token_is_read_in_its_one_spelling(
    refused: Callable[[str], None], token: str, mangle: Callable[[str], str]
) -> None:
    refused(mangle(token))


def test_stray_bits_in_the_last_character_are_refused(refused: Callable[[str], None], token: str) -> None:
    # 64 octets take 86 characters: the last holds two bits that mean nothing and must be zero.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(token[-1])
    assert last % 16 == 0
    for stray in range(1, 16):
        refused(token[:-1] + alphabet[last + stray])


@pytest.mark.parametrize(
    "header",
    [
        b'{"alg":"ES256","alg":"none","typ":"at+jwt"}',
        b'{"alg":"none","alg":"ES256","typ":"at+jwt"}',
        b"[]",
        b"null",
        b'"at+jwt"',
        b"7",
        b"{",
        b"\xff\xfe",
        b'{"alg":"ES256"}garbage',
        b'{"alg":NaN}',
        b"[" * 1000,
        b'{"a":' * 700,
        b'{"alg":"ES256","x":' + b"9" * 1900 + b"}",
        b" " * 3000,
    ],
)
def test_a_header_is_one_small_json_object(refused: Callable[[str], None], token: str, header: bytes) -> None:
    refused(f"{encoded(header)}.{token.partition('.')[2]}")


@pytest.mark.parametrize("twice", ["sub", "aud", "exp", "jti"])
def test_a_claim_stands_once_even_if_signed(
    house: House, refused: Callable[[str], None], token: str, twice: str
) -> None:
    header, payload, _ = parts(token)
    refused(signed(house, header, json.dumps(payload)[:-1] + f', "{twice}": {json.dumps(payload[twice])}}}'))


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": "9999999999"},
        {"exp": 9999999999.5},
        {"exp": None},
        {"exp": [9999999999]},
        {"iss": "https://evil.example"},
        {"iss": [ISSUER]},
        {"aud": ["http://localhost:8003"]},
        {"sub": 7},
        {"sub": None},
        {"jti": 7},
        {"jti": "x" * 65},
        {"jti": None},
        {"client_id": ["portal"]},
        {"scope": ["openid", "policies"]},
        {"scope": None},
    ],
)
def test_a_claim_of_another_type_is_refused_even_if_signed(
    house: House, refused: Callable[[str], None], token: str, changed: Token
) -> None:
    header, payload, _ = parts(token)
    content = {name: value for name, value in {**payload, **changed}.items() if value is not None}
    refused(signed(house, header, json.dumps(content)))


def test_a_family_that_never_was_is_refused_even_if_signed(house: House, token: str) -> None:
    header, payload, _ = parts(token)
    for jti in ("unknown.x", ".x", "x.", "' OR 1=1 --.x"):
        forged = signed(house, header, json.dumps({**payload, "jti": jti}))
        assert house.userinfo(forged).status == 401
        refused_by_introspection = house.introspect(house.add("api"), forged)
        assert refused_by_introspection.json == {"active": False}


@pytest.mark.parametrize(
    "huge",
    [
        "A" * 17_000,
        "A" * 40_000 + ".A.A",
        ("A" * 20_000 + ".") * 3,
        ".".join(["A"] * 5),
        "." * 4000,
    ],
)
def test_an_oversized_token_is_refused_before_it_is_read(refused: Callable[[str], None], huge: str) -> None:
    refused(huge)


def test_an_encrypted_token_is_not_opened(refused: Callable[[str], None]) -> None:
    header = {
        "alg": "PBES2-HS256+A128KW",
        "enc": "A128CBC-HS256",
        "p2c": 2**31 - 1,
        "p2s": "AAAA",
        "zip": "DEF",
    }
    bomb = zlib.compress(b"0" * 1_000_000)[2:-4]
    refused(
        ".".join([segment(header), encoded(b"key"), encoded(b"iv"), encoded(bomb[:2000]), encoded(b"tag")])
    )
    header = {"alg": "RSA1_5", "enc": "A128GCM"}
    refused(".".join([segment(header), "AAAA", "AAAA", "AAAA", "AAAA"]))


def test_a_json_serialisation_is_no_compact_one(refused: Callable[[str], None], token: str) -> None:
    protected, payload, signature = token.split(".")
    refused(json.dumps({"payload": payload, "protected": protected, "signature": signature}))


@pytest.mark.parametrize("where", ["/userinfo", "/introspect", "/revoke", "/token"])
def test_no_kind_of_token_passes_for_another(house: House, portal: Registered, where: str) -> None:
    """The cross-use matrix (ASVS 9.2.2): each kind of token at each endpoint that is not its own."""
    holder, api = house.holder(), house.add("api")
    tokens = house.tokens(portal, holder, "openid policies")
    code = house.code(portal.client, holder, "openid policies")
    if where == "/userinfo":
        for foreign in (tokens["id_token"], tokens["refresh_token"], code, portal.secret or ""):
            assert house.userinfo(foreign).status == 401
    elif where == "/introspect":
        for foreign in (tokens["id_token"], tokens["refresh_token"], code, portal.secret or ""):
            assert house.introspect(api, foreign).json == {"active": False}
    elif where == "/revoke":
        for foreign in (tokens["id_token"], code):
            assert house.as_client(portal, "/revoke", {"token": foreign}).status == 200
        assert house.userinfo(tokens["access_token"]).status == 200
        assert house.exchange(portal, code).status == 200
    else:
        for foreign in (tokens["id_token"], tokens["access_token"], code):
            assert house.refresh(portal, foreign).error == "invalid_grant"
        for foreign in (tokens["id_token"], tokens["access_token"], tokens["refresh_token"]):
            assert house.exchange(portal, foreign).error == "invalid_grant"


# The pinned library keeps what we rely on: a bad upgrade fails here (security bar, section 4).


def test_the_library_refuses_what_is_not_in_the_list_of_algorithms() -> None:
    from joserfc.errors import JoseError

    key = ECKey.generate_key("P-256")
    made = jws.serialize_compact({"alg": "ES256"}, b"x", key, algorithms=["ES256"])
    for algorithms in (["RS256"], ["ES384"], ["HS256"]):
        with pytest.raises((JoseError, ValueError)):
            jws.deserialize_compact(made, key, algorithms=algorithms)
    unsigned = f"{segment({'alg': 'none'})}.{encoded(b'x')}."
    for forged in (unsigned, unsigned + "AA"):
        with pytest.raises((JoseError, ValueError)):
            jws.deserialize_compact(forged, key, algorithms=["ES256"])


def test_the_library_does_not_take_a_key_from_the_token() -> None:
    from joserfc.errors import JoseError

    ours, theirs = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
    header = {"alg": "ES256", "jwk": theirs.as_dict(private=False)}
    made = jws.serialize_compact(header, b"x", theirs, algorithms=["ES256"])
    with pytest.raises(JoseError):
        jws.deserialize_compact(made, ours, algorithms=["ES256"])


def test_the_library_does_not_take_a_public_key_for_a_secret() -> None:
    from joserfc.jwk import OctKey

    pem = RSAKey.generate_key(2048).as_pem(private=False)
    with pytest.raises(ValueError, match="oct"):
        OctKey.import_key(pem)
