"""The chain of checks, one question each (OpenID Connect Core §3.1.2.1, RFC 6749 §4.1.1, RFC 7636 §4.3)."""

from dataclasses import replace
from types import MappingProxyType

import pytest

from idp.oidc.authorization.checks import (
    DISPLAYED,
    REDIRECTED,
    Asked,
    Policy,
    first_fault,
    request_from,
    scope_of,
)
from idp.oidc.authorization.request import AuthorizationRequest
from idp.oidc.client import Client, ClientKind
from idp.oidc.parameters import Parameters

CALLBACK = "https://portal.example/callback"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
POLICY = Policy(audiences={"policies": "https://policies.example", "claims": "https://claims.example"})
PORTAL = Client(
    "portal",
    "Portal",
    ClientKind.WEB,
    redirect_uris=(CALLBACK,),
    scopes=frozenset({"openid", "profile", "offline_access", "policies", "claims"}),
    grant_types=frozenset({"authorization_code", "refresh_token"}),
    auth_method="client_secret_basic",
)
RIGHT = {
    "client_id": "portal",
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "openid profile",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def asked(client: Client | None = PORTAL, /, **changed: str | None) -> Asked:
    whole = {name: value for name, value in {**RIGHT, **changed}.items() if value is not None}
    return Asked(Parameters(MappingProxyType(whole)), client, POLICY)


def displayed(question: Asked) -> str | None:
    fault = first_fault(DISPLAYED, question)
    return None if fault is None else fault.error


def redirected(question: Asked) -> str | None:
    assert displayed(question) is None
    fault = first_fault(REDIRECTED, question)
    return None if fault is None else fault.error


def test_a_right_request_passes_every_check() -> None:
    assert displayed(asked()) is None
    assert redirected(asked()) is None


@pytest.mark.parametrize(
    ("question", "error"),
    [
        (asked(client_id=None), "invalid_request"),
        (asked(None), "invalid_client"),
        (asked(replace(PORTAL, disabled=True)), "invalid_client"),
        (asked(redirect_uri=None), "invalid_request"),
        (asked(redirect_uri="https://portal.example/callback/"), "invalid_request"),
        (asked(replace(PORTAL, redirect_uris=())), "invalid_request"),
        (asked(state="s" * 2049), "invalid_request"),
    ],
)
def test_what_is_shown_and_not_redirected(question: Asked, error: str) -> None:
    assert displayed(question) == error


def test_a_client_without_redirect_uri_in_the_request_gets_none_by_default() -> None:
    # RFC 6749 §3.1.2.3 lets a server fall back to the only one; an answer nobody asked for could be injected.
    only_one = replace(PORTAL, redirect_uris=(CALLBACK,))
    assert displayed(asked(only_one, redirect_uri=None)) == "invalid_request"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_mode": "query"}, None),
        ({"response_mode": "form_post"}, None),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "web_message"}, "invalid_request"),
        ({"response_mode": "jwt"}, "invalid_request"),
        ({"response_mode": "FORM_POST"}, "invalid_request"),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
        ({"request_uri": "https://portal.example/r"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"response_type": "none"}, "unsupported_response_type"),
        ({"response_type": "Code"}, "unsupported_response_type"),
        ({"response_type": "code code"}, "unsupported_response_type"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "unknown"}, "invalid_scope"),
        ({"scope": 'openid "quoted"'}, "invalid_scope"),
        ({"scope": "openid pèrsona"}, "invalid_scope"),
        ({"scope": "openid back\\slash"}, "invalid_scope"),
        ({"scope": "openid  profile"}, "invalid_scope"),
        ({"scope": "openid policies claims"}, "invalid_scope"),
        ({"scope": "openid policies"}, None),
        ({"scope": "openid unknown"}, None),
        ({"scope": "policies"}, None),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": CHALLENGE + "="}, "invalid_request"),
        ({"code_challenge": CHALLENGE[:-1]}, "invalid_request"),
        ({"code_challenge": CHALLENGE + "A"}, "invalid_request"),
        ({"code_challenge": CHALLENGE[:-1] + "+"}, "invalid_request"),
        ({"prompt": "none"}, None),
        ({"prompt": "login consent"}, None),
        ({"prompt": "create"}, None),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "none create"}, "invalid_request"),
        ({"prompt": "select_account"}, "invalid_request"),
        ({"prompt": "NONE"}, "invalid_request"),
        ({"prompt": "whatever"}, "invalid_request"),
        ({"max_age": "0"}, None),
        ({"max_age": "10000"}, None),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "1.5"}, "invalid_request"),
        ({"max_age": "1e3"}, "invalid_request"),
        ({"max_age": "١"}, "invalid_request"),
        ({"max_age": "1" * 10}, "invalid_request"),
        ({"max_age": " 1"}, "invalid_request"),
        ({"nonce": "n" * 2048}, None),
        ({"nonce": "n" * 2049}, "invalid_request"),
        ({"login_hint": "h" * 254}, None),
        ({"login_hint": "h" * 255}, "invalid_request"),
        ({"state": "s" * 2048}, None),
        # Never an error (OpenID Connect Core §3.1.2.1).
        ({"display": "page"}, None),
        ({"display": "wap"}, None),
        ({"ui_locales": "tlh-Latn zz"}, None),
        ({"claims_locales": "se"}, None),
        ({"claims": '{"userinfo":{"name":{"essential":true}}}'}, None),
        ({"acr_values": "urn:unknown:1"}, None),
        ({"extra": "whatever"}, None),
    ],
)
def test_what_the_relying_party_is_told(changed: dict[str, str | None], error: str | None) -> None:
    assert redirected(asked(**changed)) == error


@pytest.mark.parametrize("challenge", [None, CHALLENGE])
def test_a_flagged_client_may_leave_pkce_out_and_use_it(challenge: str | None) -> None:
    flagged = replace(PORTAL, pkce_required=False)
    method = "S256" if challenge else None
    assert redirected(asked(flagged, code_challenge=challenge, code_challenge_method=method)) is None


@pytest.mark.parametrize("method", ["plain", None, ""])
def test_a_flagged_client_gets_no_weaker_pkce(method: str | None) -> None:
    flagged = replace(PORTAL, pkce_required=False)
    assert redirected(asked(flagged, code_challenge_method=method)) == "invalid_request"


def test_a_method_without_challenge_is_a_stripped_challenge() -> None:
    flagged = replace(PORTAL, pkce_required=False)
    assert redirected(asked(flagged, code_challenge=None)) == "invalid_request"


def test_a_client_without_the_code_grant_gets_no_code() -> None:
    service = replace(PORTAL, grant_types=frozenset({"client_credentials"}))
    assert redirected(asked(service)) == "unauthorized_client"


@pytest.mark.parametrize(
    ("grants", "scopes", "asked_for", "granted"),
    [
        (
            {"refresh_token"},
            {"openid", "offline_access"},
            "openid offline_access",
            ("openid", "offline_access"),
        ),
        (set(), {"openid", "offline_access"}, "openid offline_access", ("openid",)),
        ({"refresh_token"}, {"openid"}, "openid offline_access", ("openid",)),
        (set(), {"openid", "email"}, "email openid email profile", ("email", "openid")),
        # Registered with a scope that no resource offers any more.
        (set(), {"openid", "payout"}, "openid payout", ("openid",)),
    ],
)
def test_no_more_scope_than_the_client_may_have(
    grants: set[str], scopes: set[str], asked_for: str, granted: tuple[str, ...]
) -> None:
    client = replace(PORTAL, grant_types=frozenset({"authorization_code", *grants}), scopes=frozenset(scopes))
    assert scope_of(asked(client, scope=asked_for)) == granted


def test_the_request_is_what_was_asked_and_survives_being_stored() -> None:
    question = asked(
        state="s p+ä", nonce="n", prompt="login consent", max_age="60", login_hint="maria", ui_locales="en it"
    )
    made = request_from(question, hinted_sub="sub")
    assert made == AuthorizationRequest(
        "portal",
        CALLBACK,
        ("openid", "profile"),
        state="s p+ä",
        nonce="n",
        code_challenge=CHALLENGE,
        prompt=("login", "consent"),
        max_age=60,
        login_hint="maria",
        ui_locales=("en", "it"),
        hinted_sub="sub",
    )
    assert AuthorizationRequest.from_json(made.to_json()) == made


def test_a_client_is_not_asked_for_before_it_was_checked() -> None:
    with pytest.raises(LookupError, match="before it was checked"):
        _ = asked(None).known_client
