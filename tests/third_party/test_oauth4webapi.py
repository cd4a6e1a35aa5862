"""npm oauth4webapi 3, the strictest of the clients, completes and sees refused what must be refused."""

import pytest

from tests.parts.node import Node
from tests.third_party.javascript import METHODS, AuthMethod, complete
from tests.third_party.provider import Provider, ReferenceProvider

pytestmark = pytest.mark.third_party

SCRIPT = "oauth4webapi.mjs"
REFUSALS = (
    "refresh_after_revocation",
    "a_wrong_verifier_is_refused",
    "reuse_of_a_code_revokes_what_it_issued",
    "reuse_of_a_refresh_token_kills_its_family",
)


@pytest.mark.parametrize("method", METHODS)
def test_oauth4webapi_completes(provider: Provider, node: Node, method: AuthMethod) -> None:
    steps = complete(SCRIPT, node, provider, method)
    assert steps.of("discovery")["iss_in_response"] is True
    assert steps.of("userinfo_refuses_a_wrong_token")["error"] == "invalid_token"
    assert {name: steps.of(name)["error"] for name in REFUSALS} == dict.fromkeys(REFUSALS, "invalid_grant")
    assert steps.of("a_code_is_redeemed_once")["same_subject"] is True
    assert ("introspection" in steps.names) is (method != "none" or provider.resource_server is not None)
    told_to_nobody_else = method != "none" and provider.resource_server is not None
    assert ("introspection_is_for_resource_servers" in steps.names) is told_to_nobody_else
    expected = "page" if isinstance(provider, ReferenceProvider) else "redirected"
    assert steps.of("end_session")["outcome"] == expected


def test_oauth4webapi_accepts_id_tokens_signed_with_rs256(provider: Provider, node: Node) -> None:
    steps = complete(SCRIPT, node, provider, "none", alg="RS256")
    assert "code" in steps.names
