"""OpenID Connect Discovery 1.0: the document tells what works, and nothing else."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from authlib.oidc.discovery import OpenIDProviderMetadata

from tests.specs.house import ISSUER, House

PATH = "/.well-known/openid-configuration"
# What the specifications we follow register; a certification run warns of any other name.
REGISTERED = frozenset(
    {
        *("issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"),
        *("introspection_endpoint", "revocation_endpoint", "end_session_endpoint"),
        *("scopes_supported", "claims_supported", "claim_types_supported"),
        *("response_types_supported", "response_modes_supported", "grant_types_supported"),
        *("subject_types_supported", "acr_values_supported", "prompt_values_supported"),
        *("ui_locales_supported", "id_token_signing_alg_values_supported"),
        *("code_challenge_methods_supported", "token_endpoint_auth_methods_supported"),
        "token_endpoint_auth_signing_alg_values_supported",
        "revocation_endpoint_auth_methods_supported",
        *("pushed_authorization_request_endpoint", "dpop_signing_alg_values_supported"),
        # RFC 9396 §10.
        "authorization_details_types_supported",
        "revocation_endpoint_auth_signing_alg_values_supported",
        "introspection_endpoint_auth_methods_supported",
        "introspection_endpoint_auth_signing_alg_values_supported",
        *("authorization_response_iss_parameter_supported", "backchannel_logout_supported"),
        *("backchannel_logout_session_supported", "claims_parameter_supported"),
        *("request_parameter_supported", "request_uri_parameter_supported"),
    }
)


@pytest.fixture
def document(house: House) -> dict[str, Any]:
    reply = house.caller.get(PATH)
    assert reply.status == 200
    assert reply.header("Content-Type") == "application/json"
    return reply.json


def test_the_issuer_is_the_prefix_of_its_address_4_3(document: dict[str, Any]) -> None:
    assert document["issuer"] == ISSUER


def test_an_independent_reader_finds_it_valid(document: dict[str, Any]) -> None:
    # The reader insists on https; the addresses of a deployment differ in nothing else.
    secure = {
        name: value.replace("http://", "https://") if isinstance(value, str) else value
        for name, value in document.items()
    }
    OpenIDProviderMetadata(secure).validate()


def test_no_name_is_unregistered(document: dict[str, Any]) -> None:
    assert document.keys() == REGISTERED


def test_only_what_is_done_is_offered(document: dict[str, Any]) -> None:
    assert document["response_types_supported"] == ["code"]
    assert document["response_modes_supported"] == ["query", "form_post"]
    assert document["grant_types_supported"] == ["authorization_code", "refresh_token", "client_credentials"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["subject_types_supported"] == ["public"]
    assert document["prompt_values_supported"] == ["none", "login", "consent", "create"]
    assert document["request_parameter_supported"] is False
    assert document["request_uri_parameter_supported"] is False
    assert document["claims_parameter_supported"] is True
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["backchannel_logout_supported"] is True
    assert document["backchannel_logout_session_supported"] is True


def test_rs256_is_offered_and_none_is_not_15_1(document: dict[str, Any]) -> None:
    for name, value in document.items():
        if name.endswith("_alg_values_supported"):
            assert "none" not in value
            assert not [alg for alg in value if alg.startswith("HS")]
    assert "RS256" in document["id_token_signing_alg_values_supported"]


def test_scopes_are_legal_and_hold_openid_and_the_resources(document: dict[str, Any]) -> None:
    scopes = document["scopes_supported"]
    assert scopes == ["openid", "profile", "email", "phone", "offline_access", "claims", "payout", "policies"]
    assert all(re.fullmatch(r"[\x21\x23-\x5b\x5d-\x7e]+", scope) for scope in scopes)


def test_locales_are_language_tags(document: dict[str, Any]) -> None:
    assert document["ui_locales_supported"] == ["it", "en", "de"]


def test_every_machine_endpoint_it_names_answers(house: House, document: dict[str, Any]) -> None:
    for name in (
        "token_endpoint",
        "userinfo_endpoint",
        "jwks_uri",
        "introspection_endpoint",
        "revocation_endpoint",
    ):
        assert document[name].startswith(ISSUER)
        reply = house.caller.call("BREW", urlsplit(document[name]).path)
        assert reply.status == 405, name


def test_every_claim_it_names_is_told_somewhere(house: House, document: dict[str, Any]) -> None:
    portal, holder = house.add(), house.holder()
    tokens = house.tokens(portal, holder, "openid profile email phone")
    told = house.userinfo(tokens["access_token"]).json.keys() | house.read(tokens["id_token"]).claims.keys()
    # The register of customers in this house has no birth dates.
    assert set(document["claims_supported"]) - told == {"birthdate"}


def test_it_may_be_kept_and_is_asked_for_by_etag(house: House) -> None:
    first = house.caller.get(PATH)
    assert first.header("Cache-Control") == "public, max-age=300"
    again = house.caller.get(PATH, headers={"If-None-Match": first.header("ETag") or ""})
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Proto": "https"},
        {"Forwarded": "host=evil.example;proto=https"},
        {"X-Forwarded-Port": "444"},
        {"X-Original-URL": "/evil"},
    ],
)
def test_no_header_changes_it(house: House, headers: dict[str, str]) -> None:
    assert house.caller.get(PATH, headers=headers).body == house.caller.get(PATH).body


def test_it_costs_no_database(house: House) -> None:
    house.caller.get(PATH)
    with house.counting() as counted:
        house.caller.get(PATH)
    assert counted.statements == []
