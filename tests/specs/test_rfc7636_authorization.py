"""PKCE at the authorization endpoint (RFC 7636 §4.2 to §4.4; RFC 9700 §2.1.1, §4.8; security bar A2, A3)."""

import pytest

from idp.oidc.registration import InvalidMetadata
from tests.service.in_process import InProcess
from tests.service.relying_party import (
    VERIFIER,
    RelyingParty,
    answer_of,
    challenge_of,
    portal,
    registered,
    stranger,
)
from tests.service.visitor import Visitor


@pytest.fixture(scope="module")
def party(standing_service: InProcess) -> RelyingParty:
    """A client that must use PKCE."""
    return portal(standing_service)


@pytest.fixture(scope="module")
def flagged(standing_service: InProcess) -> RelyingParty:
    """A client that may leave PKCE out."""
    return stranger(standing_service, pkce_required=False)


@pytest.fixture(scope="module")
def maria(standing_service: InProcess, flagged: RelyingParty) -> Visitor:
    """A browser in which Maria is signed in, and has nothing left to allow."""
    visitor = registered(standing_service)
    flagged.ask(visitor)
    visitor.press()
    return visitor


CHALLENGE = challenge_of(VERIFIER)


@pytest.mark.parametrize(
    ("challenge", "method"),
    [
        (None, None),
        (None, "S256"),
        (CHALLENGE, None),
        (CHALLENGE, "plain"),
        (CHALLENGE, "s256"),
        (CHALLENGE, "S512"),
        (VERIFIER, "plain"),
        (CHALLENGE + "=", "S256"),
        (CHALLENGE + "%3D", "S256"),
        (CHALLENGE[:-1], "S256"),
        (CHALLENGE + "A", "S256"),
        (CHALLENGE.replace(CHALLENGE[5], "+"), "S256"),
        ("", "S256"),
        ("A" * 128, "S256"),
    ],
)
def test_a3_what_is_no_s256_challenge_is_refused_4_4_1(
    party: RelyingParty, maria: Visitor, challenge: str | None, method: str | None
) -> None:
    party.ask(maria, code_challenge=challenge, code_challenge_method=method)
    answer = answer_of(maria)
    assert answer["error"] == "invalid_request"
    assert answer["error_description"].startswith("code_challenge")
    assert "code" not in answer


def test_oidcc_ensure_request_with_valid_pkce_succeeds(party: RelyingParty, maria: Visitor) -> None:
    party.ask(maria)
    assert party.redeem(answer_of(maria)["code"]).status_code == 200


@pytest.mark.parametrize("length", [43, 128])
def test_a_verifier_may_have_43_to_128_characters(party: RelyingParty, maria: Visitor, length: int) -> None:
    verifier = ("aZ09-._~" * 16)[:length]
    party.ask(maria, code_challenge=challenge_of(verifier))
    assert party.redeem(answer_of(maria)["code"], code_verifier=verifier).status_code == 200


@pytest.mark.parametrize("verifier", ["a" * 42, "a" * 129, VERIFIER[:-1] + "!", None, CHALLENGE])
def test_a3_a_verifier_that_is_none_redeems_nothing(
    party: RelyingParty, maria: Visitor, verifier: str | None
) -> None:
    challenge = challenge_of(verifier) if verifier else CHALLENGE
    party.ask(maria, code_challenge=CHALLENGE if verifier == CHALLENGE else challenge)
    reply = party.redeem(answer_of(maria)["code"], code_verifier=verifier)
    assert (reply.status_code, reply.get_json()["error"]) == (400, "invalid_grant")


def test_a3_a_verifier_for_a_code_without_challenge_is_refused(flagged: RelyingParty, maria: Visitor) -> None:
    # RFC 9700 §4.8.2: somebody on the way stripped the challenge.
    flagged.ask(maria, code_challenge=None, code_challenge_method=None)
    code = answer_of(maria)["code"]
    assert flagged.redeem(code).get_json()["error"] == "invalid_grant"


def test_a_flagged_client_may_leave_it_out(flagged: RelyingParty, maria: Visitor) -> None:
    flagged.ask(maria, code_challenge=None, code_challenge_method=None)
    assert flagged.redeem(answer_of(maria)["code"], code_verifier=None).status_code == 200


def test_a_public_client_cannot_be_flagged(standing_service: InProcess) -> None:
    with pytest.raises(InvalidMetadata, match="pkce_required"):
        standing_service.client("spa", "spa", pkce_required=False)


def test_a2_an_injected_code_fails_by_its_verifier(
    standing_service: InProcess, party: RelyingParty, maria: Visitor
) -> None:
    # The attacker put the victim's code into a flow of their own at the same client: another verifier.
    party.ask(maria, code_challenge=challenge_of("the-verifier-of-the-victims-own-browser-session"))
    stolen = answer_of(maria)["code"]
    assert party.redeem(stolen).get_json()["error"] == "invalid_grant"
