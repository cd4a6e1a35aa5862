"""npm openid-client 6 (a certified relying party) completes a sign-in's whole life."""

import pytest

from tests.parts.node import Node
from tests.third_party.javascript import METHODS, AuthMethod, complete
from tests.third_party.provider import Provider, ReferenceProvider

pytestmark = pytest.mark.third_party

SCRIPT = "openid_client.mjs"


@pytest.mark.parametrize("method", METHODS)
def test_openid_client_completes(provider: Provider, node: Node, method: AuthMethod) -> None:
    steps = complete(SCRIPT, node, provider, method)
    assert steps.of("code")["refresh_token"] is True
    assert steps.of("authorization")["parameters"] == ["code", "iss", "state"]
    assert steps.of("refresh")["rotated"] is True
    assert steps.of("refresh_after_revocation")["error"] == "invalid_grant"
    assert steps.of("silent_sign_in")["same_subject"] is True
    assert ("introspection" in steps.names) is (method != "none" or provider.resource_server is not None)
    told_to_nobody_else = method != "none" and provider.resource_server is not None
    assert ("introspection_is_for_resource_servers" in steps.names) is told_to_nobody_else


def test_openid_client_accepts_id_tokens_signed_with_rs256(provider: Provider, node: Node) -> None:
    steps = complete(SCRIPT, node, provider, "client_secret_basic", alg="RS256")
    assert "code" in steps.names


def test_openid_client_comes_back_from_the_end_of_its_session(provider: Provider, node: Node) -> None:
    steps = complete(SCRIPT, node, provider, "client_secret_basic")
    if isinstance(provider, ReferenceProvider):
        # The control always asks before it ends a session.
        assert steps.of("end_session")["outcome"] == "page"
    else:
        assert steps.of("end_session")["outcome"] == "redirected"
        assert steps.of("silent_sign_in_after_logout")["error"] == "login_required"


@pytest.mark.parametrize("method", METHODS)
def test_openid_client_completes_by_pushed_requests(
    provider: Provider, node: Node, method: AuthMethod
) -> None:
    steps = complete(SCRIPT, node, provider, method, pushes=True)
    assert steps.of("authorization")["parameters"] == ["code", "iss", "state"]
    assert steps.of("refresh")["rotated"] is True
    assert steps.of("silent_sign_in")["same_subject"] is True


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("pushes", [False, True])
def test_openid_client_completes_with_tokens_bound_to_a_key(
    provider: Provider, node: Node, method: AuthMethod, pushes: bool
) -> None:
    steps = complete(SCRIPT, node, provider, method, pushes=pushes, dpop=True)
    assert steps.of("code")["token_type"] == "dpop"
    assert steps.of("a_bound_token_is_no_bearer_token")["ok"] is True
    assert steps.of("refresh")["rotated"] is True
    assert steps.of("silent_sign_in")["same_subject"] is True
