"""PKCE at the token endpoint (RFC 7636 §4.5, §4.6; RFC 9700 §2.1.1, §4.8)."""

import pytest

from tests.specs.house import VERIFIER, House, challenge_of


@pytest.mark.parametrize(
    "verifier",
    [
        None,
        "another-verifier-of-forty-three-characters-or-so",
        VERIFIER + "A",
        VERIFIER[:-1],
        VERIFIER[:42],
        "A" * 129,
        challenge_of(VERIFIER),
        VERIFIER.upper(),
    ],
)
@pytest.mark.parametrize("kind", ["web", "spa", "native"])
def test_a_wrong_verifier_uses_the_code_up_4_6(house: House, kind: str, verifier: str | None) -> None:
    client = house.add(kind)
    code = house.code(client.client, house.holder())
    reply = house.exchange(client, code, code_verifier=verifier)
    assert (reply.status, reply.error) == (400, "invalid_grant")
    assert house.exchange(client, code).error == "invalid_grant"


@pytest.mark.parametrize("length", [43, 128])
def test_a_verifier_has_43_to_128_characters_4_1(house: House, length: int) -> None:
    app = house.add("spa")
    verifier = ("aZ09-._~" * 16)[:length]
    code = house.code(app.client, house.holder(), verifier=verifier)
    assert house.exchange(app, code, code_verifier=verifier).status == 200


@pytest.mark.parametrize("length", [42, 129])
def test_a_verifier_of_another_length_is_refused_even_if_it_matches_4_1(house: House, length: int) -> None:
    app = house.add("spa")
    verifier = "a" * length
    code = house.code(app.client, house.holder(), verifier=verifier)
    assert house.exchange(app, code, code_verifier=verifier).error == "invalid_grant"


def test_the_challenge_itself_is_no_verifier(house: House) -> None:
    # What `plain` would accept (RFC 7636 §4.6).
    app = house.add("spa")
    challenge = challenge_of(VERIFIER)
    code = house.code(app.client, house.holder())
    assert house.exchange(app, code, code_verifier=challenge).error == "invalid_grant"


def test_a_verifier_for_a_code_without_challenge_is_refused(house: House) -> None:
    # RFC 9700 §4.8.2: somebody stripped the challenge from the authorization request.
    portal = house.add(pkce_required=False)
    code = house.code(portal.client, house.holder(), verifier=None)
    assert house.exchange(portal, code).error == "invalid_grant"


def test_a_flagged_confidential_client_may_leave_pkce_out(house: House) -> None:
    portal = house.add(pkce_required=False)
    code = house.code(portal.client, house.holder(), verifier=None)
    assert house.exchange(portal, code, code_verifier=None).status == 200


def test_a_challenge_holds_for_a_flagged_client_too(house: House) -> None:
    portal = house.add(pkce_required=False)
    code = house.code(portal.client, house.holder())
    assert house.exchange(portal, code, code_verifier=None).error == "invalid_grant"


def test_a_code_without_challenge_is_worth_nothing_to_a_client_that_must_use_pkce(house: House) -> None:
    portal = house.add()
    code = house.code(portal.client, house.holder(), verifier=None)
    assert house.exchange(portal, code, code_verifier=None).error == "invalid_grant"
