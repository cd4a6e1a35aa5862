"""What happens next: one pure question (OpenID Connect Core §3.1.2.3 to §3.1.2.6, Prompt Create 1.0)."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.oidc.authorization.request import AuthorizationRequest
from idp.oidc.client import Client, ClientKind
from idp.oidc.interaction import Grant, Refuse, Step, grant_matters, next_step
from idp.oidc.operations.operation import Operation
from idp.oidc.session import Session
from idp.values import Proof, ProofKind

CALLBACK = "https://portal.example/callback"
PRIVATE = "it.insurer.app:/callback"
NOW = 1_800_000_000_000
ASKED = NOW - 60_000
OLDER, NEWER = ASKED - 600_000, ASKED + 1
SCOPE = ("openid", "profile")

FIRST_PARTY = Client("portal", "Portal", ClientKind.WEB, redirect_uris=(CALLBACK,), first_party=True)
STRANGER = Client("stranger", "Stranger", ClientKind.WEB, redirect_uris=(CALLBACK,))
APP = Client("app", "App", ClientKind.NATIVE, redirect_uris=(PRIVATE,), first_party=True)


def request(
    prompt: str = "", *, max_age: int | None = None, hinted: str | None = None, redirect_uri: str = CALLBACK
) -> AuthorizationRequest:
    return AuthorizationRequest(
        "portal", redirect_uri, SCOPE, prompt=tuple(prompt.split()), max_age=max_age, hinted_sub=hinted
    )


def session(at: int, sub: str = "maria") -> Session:
    return Session("sid", sub, (Proof(ProofKind.PASSWORD, at),))


def step(
    asked: AuthorizationRequest, client: Client, who: Session | None, grant: Grant | None = None
) -> Step | str:
    """The step, or the error code of a refusal."""
    found = next_step(asked, client, who, grant, asked_at=ASKED, now=NOW)
    return found.fault.error if isinstance(found, Refuse) else found


NOBODY, EARLIER, JUST_NOW = None, session(OLDER), session(NEWER)
OTHER_EARLIER, OTHER_NOW = session(OLDER, "carlo"), session(NEWER, "carlo")


@pytest.mark.parametrize(
    ("prompt", "who", "expected"),
    [
        ("", NOBODY, Step.LOGIN),
        ("", EARLIER, Step.ISSUE),
        ("", JUST_NOW, Step.ISSUE),
        ("none", NOBODY, "login_required"),
        ("none", EARLIER, Step.ISSUE),
        ("none", JUST_NOW, Step.ISSUE),
        ("login", NOBODY, Step.LOGIN),
        ("login", EARLIER, Step.LOGIN),
        ("login", JUST_NOW, Step.ISSUE),
        ("consent", NOBODY, Step.LOGIN),
        ("consent", EARLIER, Step.CONSENT),
        ("consent", JUST_NOW, Step.CONSENT),
        ("login consent", EARLIER, Step.LOGIN),
        ("login consent", JUST_NOW, Step.CONSENT),
        ("create", NOBODY, Step.REGISTER),
        ("create", EARLIER, Step.REGISTER),
        ("create", JUST_NOW, Step.ISSUE),
        ("create login", EARLIER, Step.REGISTER),
        ("create login", JUST_NOW, Step.ISSUE),
        ("create consent", JUST_NOW, Step.CONSENT),
    ],
)
def test_each_prompt_with_each_session(prompt: str, who: Session | None, expected: Step | str) -> None:
    assert step(request(prompt), FIRST_PARTY, who) == expected


@pytest.mark.parametrize(
    ("max_age", "who", "expected"),
    [
        (0, EARLIER, Step.LOGIN),
        (0, JUST_NOW, Step.ISSUE),
        (1, EARLIER, Step.LOGIN),
        (659, EARLIER, Step.LOGIN),
        (660, EARLIER, Step.ISSUE),
        (10_000, EARLIER, Step.ISSUE),
        (10_000, NOBODY, Step.LOGIN),
        (999_999_999, EARLIER, Step.ISSUE),
    ],
)
def test_max_age_counts_from_the_newest_proof(max_age: int, who: Session | None, expected: Step) -> None:
    assert step(request(max_age=max_age), FIRST_PARTY, who) == expected


def test_a_session_too_old_is_refused_silently() -> None:
    assert step(request("none", max_age=1), FIRST_PARTY, EARLIER) == "login_required"


def test_a_later_proof_of_another_kind_makes_the_session_young() -> None:
    both = Session("sid", "maria", (Proof(ProofKind.PASSWORD, OLDER), Proof(ProofKind.SMS_CODE, NEWER)))
    assert step(request("login"), FIRST_PARTY, both) is Step.ISSUE


@pytest.mark.parametrize(
    ("prompt", "who", "expected"),
    [
        ("", EARLIER, Step.ISSUE),
        ("none", EARLIER, Step.ISSUE),
        ("", OTHER_EARLIER, Step.LOGIN),
        ("none", OTHER_EARLIER, "login_required"),
        # Asking again would never end.
        ("", OTHER_NOW, "login_required"),
        ("create", OTHER_NOW, "login_required"),
        ("", NOBODY, Step.LOGIN),
    ],
)
def test_a_hint_is_for_one_person(prompt: str, who: Session | None, expected: Step | str) -> None:
    assert step(request(prompt, hinted="maria"), FIRST_PARTY, who) == expected


BEFORE, SINCE = ASKED - 1, ASKED + 1
WHOLE, PART = frozenset(SCOPE), frozenset({"openid"})


@pytest.mark.parametrize(
    ("client", "prompt", "grant", "expected"),
    [
        (FIRST_PARTY, "", None, Step.ISSUE),
        (FIRST_PARTY, "consent", None, Step.CONSENT),
        (FIRST_PARTY, "consent", Grant(WHOLE, BEFORE), Step.CONSENT),
        (FIRST_PARTY, "consent", Grant(WHOLE, SINCE), Step.ISSUE),
        (STRANGER, "", None, Step.CONSENT),
        (STRANGER, "", Grant(WHOLE, BEFORE), Step.ISSUE),
        (STRANGER, "", Grant(PART, BEFORE), Step.CONSENT),
        (STRANGER, "", Grant(PART, SINCE), Step.CONSENT),
        (STRANGER, "none", None, "consent_required"),
        (STRANGER, "none", Grant(PART, BEFORE), "consent_required"),
        (STRANGER, "none", Grant(WHOLE, BEFORE), Step.ISSUE),
        (STRANGER, "consent", Grant(WHOLE, BEFORE), Step.CONSENT),
        (STRANGER, "consent", Grant(WHOLE, SINCE), Step.ISSUE),
        # What was just allowed in another tab was less than this request asks for.
        (STRANGER, "consent", Grant(PART, SINCE), Step.CONSENT),
        (FIRST_PARTY, "consent", Grant(PART, SINCE), Step.CONSENT),
    ],
)
def test_who_must_be_asked(client: Client, prompt: str, grant: Grant | None, expected: Step | str) -> None:
    assert step(request(prompt), client, EARLIER, grant) == expected


@pytest.mark.parametrize(
    ("grant", "expected"),
    [
        (None, Step.CONSENT),
        (Grant(WHOLE, BEFORE), Step.CONSENT),
        (Grant(PART, SINCE), Step.CONSENT),
        (Grant(WHOLE, SINCE), Step.ISSUE),
    ],
)
def test_a_private_use_scheme_is_never_passed_unseen(grant: Grant | None, expected: Step) -> None:
    # RFC 8252 §8.6: another app may have claimed the scheme.
    assert step(request(redirect_uri=PRIVATE), APP, EARLIER, grant) == expected
    assert step(request("none", redirect_uri=PRIVATE), APP, EARLIER, grant) == (
        Step.ISSUE if expected is Step.ISSUE else "consent_required"
    )


prompts = st.sampled_from(
    ["", "none", "login", "consent", "create", "login consent", "create login", "create consent"]
)
times = st.integers(ASKED - 10_000_000, NOW)
sessions = st.none() | st.builds(session, times, st.sampled_from(["maria", "carlo"]))
grants = st.none() | st.builds(Grant, st.sampled_from([WHOLE, PART]), times)
requests = st.builds(
    request,
    prompts,
    max_age=st.none() | st.integers(0, 20_000),
    hinted=st.none() | st.just("maria"),
    redirect_uri=st.sampled_from([CALLBACK, PRIVATE]),
)


@given(requests, st.sampled_from([FIRST_PARTY, STRANGER, APP]), sessions, grants)
def test_a_code_leaves_only_with_a_session_that_satisfies_the_request(
    asked: AuthorizationRequest, client: Client, who: Session | None, grant: Grant | None
) -> None:
    found = next_step(asked, client, who, grant, asked_at=ASKED, now=NOW)
    if found is not Step.ISSUE:
        return
    assert who is not None
    if {"login", "create"} & set(asked.prompt):
        assert who.proven_at > ASKED
    if asked.max_age is not None:
        assert who.proven_at > ASKED or NOW - who.proven_at <= asked.max_age * 1000
    if asked.hinted_sub is not None:
        assert who.sub == asked.hinted_sub
    if "consent" in asked.prompt or asked.redirect_uri == PRIVATE:
        assert grant is not None
        assert grant.granted_at > ASKED
    if "consent" in asked.prompt or asked.redirect_uri == PRIVATE or not client.first_party:
        assert grant is not None
        assert set(asked.scope) <= grant.scope


@given(requests, st.sampled_from([FIRST_PARTY, STRANGER, APP]), sessions, grants)
def test_a_silent_request_never_asks(
    asked: AuthorizationRequest, client: Client, who: Session | None, grant: Grant | None
) -> None:
    found = next_step(asked, client, who, grant, asked_at=ASKED, now=NOW)
    if "none" in asked.prompt:
        assert found is Step.ISSUE or isinstance(found, Refuse)
        if isinstance(found, Refuse):
            assert found.fault.error in {"login_required", "consent_required", "interaction_required"}


@given(requests, st.sampled_from([FIRST_PARTY, STRANGER, APP]), sessions, grants)
def test_a_grant_that_is_not_read_would_not_matter(
    asked: AuthorizationRequest, client: Client, who: Session | None, grant: Grant | None
) -> None:
    if not grant_matters(asked, client):
        with_it = next_step(asked, client, who, grant, asked_at=ASKED, now=NOW)
        without = next_step(asked, client, who, None, asked_at=ASKED, now=NOW)
        assert isinstance(with_it, Refuse) == isinstance(without, Refuse)
        assert isinstance(with_it, Refuse) or with_it is without


@pytest.mark.parametrize(
    ("prompt", "who", "grant"),
    list(product(["", "login", "consent", "create"], [NOBODY, EARLIER], [None, Grant(PART, BEFORE)])),
)
def test_answering_every_step_ends_in_a_code(prompt: str, who: Session | None, grant: Grant | None) -> None:
    asked, at = request(prompt), NEWER
    for _ in range(4):
        found = step(asked, STRANGER, who, grant)
        if found is Step.ISSUE:
            return
        at += 1
        if found in (Step.LOGIN, Step.REGISTER):
            who = session(at)
        else:
            grant = Grant(WHOLE, at)
    raise AssertionError("it went on asking")


# --- an operation to be approved --------------------------------------------------------------------------

OPERATION = Operation("payout", "payout", "{}")


def approval(
    prompt: str = "", *, approved: bool, who: Session | None, max_age: int | None = None
) -> Step | str:
    """The step of a request with an operation."""
    asked = replace(request(prompt, max_age=max_age), operation=OPERATION)
    found = next_step(asked, FIRST_PARTY, who, None, asked_at=ASKED, now=NOW, approved=approved)
    return found.fault.error if isinstance(found, Refuse) else found


def test_an_operation_is_approved_after_the_sign_in_and_before_the_code() -> None:
    assert approval(approved=False, who=NOBODY) == Step.LOGIN
    assert approval(approved=False, who=EARLIER) == Step.OPERATION
    assert approval(approved=False, who=JUST_NOW) == Step.OPERATION
    assert approval(approved=True, who=EARLIER) == Step.ISSUE


def test_an_operation_is_never_approved_in_silence() -> None:
    assert approval("none", approved=False, who=NOBODY) == "login_required"
    assert approval("none", approved=False, who=EARLIER) == "interaction_required"


def test_the_approval_is_younger_than_any_max_age_and_prompt_login_still_asks() -> None:
    assert approval(approved=False, who=EARLIER, max_age=1) == Step.OPERATION
    assert approval("login", approved=False, who=EARLIER) == Step.LOGIN


@pytest.mark.parametrize(
    "proof",
    [
        Proof(ProofKind.SMS_CODE, OLDER),
        Proof(ProofKind.EMAIL_CODE, OLDER),
        Proof(ProofKind.PASSKEY, OLDER, held=True),
    ],
)
def test_one_factor_confirms_no_operation(proof: Proof) -> None:
    assert approval(approved=False, who=Session("sid", "maria", (proof,))) == Step.LOGIN


def test_an_operation_comes_before_the_consent() -> None:
    asked = replace(request(), operation=OPERATION)
    for approved, step_wanted in ((False, Step.OPERATION), (True, Step.CONSENT)):
        found = next_step(asked, STRANGER, EARLIER, None, asked_at=ASKED, now=NOW, approved=approved)
        assert found is step_wanted
