"""What the proofs of a session are worth: what happened and never more (contract: assurance, RFC 8176)."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.oidc.session import TOGETHER, Session
from idp.values import Acr, Amr, Proof, ProofKind

PASSWORD, EMAIL, SMS = ProofKind.PASSWORD, ProofKind.EMAIL_CODE, ProofKind.SMS_CODE
APP, PRINTED = ProofKind.TOTP, ProofKind.RECOVERY_CODE
HOUR = 60 * 60 * 1000


def session(*kinds: ProofKind, at: int = 1_800_000_000_000) -> Session:
    return Session("sid", "sub", tuple(Proof(kind, at + n) for n, kind in enumerate(kinds)))


@pytest.mark.parametrize(
    ("kinds", "acr", "amr"),
    [
        ((PASSWORD,), Acr.SINGLE, ("pwd",)),
        ((EMAIL,), Acr.SINGLE, ("otp",)),
        ((SMS,), Acr.SINGLE, ("otp", "sms")),
        # A code by email earns only the lowest class (journey D).
        ((PASSWORD, EMAIL), Acr.SINGLE, ("pwd", "otp")),
        ((EMAIL, SMS), Acr.SINGLE, ("otp", "sms")),
        ((PASSWORD, SMS), Acr.TWO_FACTOR, ("pwd", "otp", "sms", "mfa")),
        ((SMS, PASSWORD), Acr.TWO_FACTOR, ("otp", "sms", "pwd", "mfa")),
        ((PASSWORD, EMAIL, SMS), Acr.TWO_FACTOR, ("pwd", "otp", "sms", "mfa")),
        ((APP,), Acr.SINGLE, ("otp",)),
        ((PASSWORD, APP), Acr.TWO_FACTOR, ("pwd", "otp", "mfa")),
        ((PASSWORD, PRINTED), Acr.TWO_FACTOR, ("pwd", "otp", "mfa")),
        # What two things that are had make is no second kind of factor.
        ((SMS, APP), Acr.SINGLE, ("otp", "sms")),
        ((PASSWORD, ProofKind.ACTIVATION_CODE), Acr.SINGLE, ("pwd", "otp")),
    ],
)
def test_what_each_set_of_proofs_is_worth(
    kinds: tuple[ProofKind, ...], acr: Acr, amr: tuple[str, ...]
) -> None:
    assert session(*kinds).acr is acr
    assert session(*kinds).amr == amr


def test_every_set_of_proofs_names_each_method_once_and_no_other() -> None:
    for count in (1, 2, 3):
        for kinds in combinations(ProofKind, count):
            amr = session(*kinds).amr
            assert len(set(amr)) == len(amr)
            assert ("pwd" in amr) == (PASSWORD in kinds)
            assert ("sms" in amr) == (SMS in kinds)
            assert ("mfa" in amr) == (session(*kinds).acr is not Acr.SINGLE)


@pytest.mark.parametrize("key", [Amr.HARDWARE_KEY, Amr.SOFTWARE_KEY])
def test_a_passkey_earns_the_highest_class_and_names_its_kind_of_key(key: Amr) -> None:
    passkey = Proof(ProofKind.PASSKEY, 1_000_000, key=key)
    assert Session("sid", "sub", (passkey,)).acr is Acr.PASSKEY
    assert Session("sid", "sub", (passkey,)).amr == (key, "user", "mfa")
    with_password = Session("sid", "sub", (Proof(PASSWORD, 1_000_000), passkey))
    assert with_password.acr is Acr.PASSKEY
    assert with_password.amr == ("pwd", key, "user", "mfa")


def test_a_passkey_that_is_held_earns_the_lowest_and_hides_nothing() -> None:
    held = Proof(ProofKind.PASSKEY, 1_000_000, key=Amr.SOFTWARE_KEY, held=True)
    assert Session("sid", "sub", (held,)).acr is Acr.SINGLE
    assert Session("sid", "sub", (held,)).amr == ("swk", "user", "mfa")
    assert Session("sid", "sub", (held, Proof(PASSWORD, 1_000_000))).acr is Acr.SINGLE
    both = Session("sid", "sub", (held, Proof(PASSWORD, 1_000_000), Proof(SMS, 1_000_000)))
    assert both.acr is Acr.TWO_FACTOR


def test_auth_time_is_when_the_newest_proof_was_given() -> None:
    newest_first = Session("sid", "sub", (Proof(SMS, 2_000_999), Proof(PASSWORD, 1_000_000)))
    assert newest_first.proven_at == 2_000_999
    assert newest_first.auth_time == 2000


def test_a_code_of_an_hour_ago_makes_no_second_factor_of_a_password_given_now() -> None:
    hour = 60 * 60 * 1000
    old = Session(
        "sid", "sub", (Proof(ProofKind.SMS_CODE, 1_000_000), Proof(ProofKind.PASSWORD, 1_000_000 + hour))
    )
    assert old.acr is Acr.SINGLE
    assert old.amr == ("pwd",)


@pytest.mark.parametrize("code", [SMS, APP, PRINTED])
def test_a_code_given_now_makes_two_factors_with_the_password_of_this_morning(code: ProofKind) -> None:
    stepped = Session("sid", "sub", (Proof(PASSWORD, 1_000_000), Proof(code, 1_000_000 + 5 * HOUR)))
    assert stepped.acr is Acr.TWO_FACTOR
    assert {"pwd", "otp", "mfa"} <= set(stepped.amr)
    assert stepped.auth_time == (1_000_000 + 5 * HOUR) // 1000


def test_a_code_by_email_given_now_makes_nothing_of_the_password_of_this_morning() -> None:
    stepped = Session("sid", "sub", (Proof(PASSWORD, 1_000_000), Proof(EMAIL, 1_000_000 + HOUR)))
    assert stepped.acr is Acr.SINGLE
    assert stepped.amr == ("otp",)


@pytest.mark.parametrize("code", [SMS, APP, PRINTED])
def test_a_second_factor_that_is_held_earns_nothing(code: ProofKind) -> None:
    waits = Session("sid", "sub", (Proof(PASSWORD, 1_000_000), Proof(code, 1_000_001, held=True)))
    assert waits.acr is Acr.SINGLE
    assert "mfa" not in waits.amr


def test_a_passkey_of_this_morning_earns_nothing_for_a_password_given_now() -> None:
    passkey = Proof(ProofKind.PASSKEY, 1_000_000, key=Amr.HARDWARE_KEY)
    later = Session("sid", "sub", (passkey, Proof(PASSWORD, 1_000_000 + HOUR)))
    assert later.acr is Acr.SINGLE
    assert later.amr == ("pwd",)


@given(
    st.lists(
        st.builds(
            Proof,
            st.sampled_from(ProofKind),
            st.integers(0, 3 * HOUR),
            st.just(Amr.HARDWARE_KEY),
            st.booleans(),
        ),
        min_size=1,
        max_size=6,
        unique_by=lambda proof: proof.kind,
    )
)
def test_no_class_is_earned_without_what_it_stands_for(proofs: list[Proof]) -> None:
    earned = Session("sid", "sub", tuple(proofs))
    newest = max(proof.at for proof in proofs)
    lately = {proof.kind for proof in proofs if newest - proof.at <= TOGETHER and not proof.held}
    ever = {proof.kind for proof in proofs if not proof.held}
    if earned.acr is Acr.PASSKEY:
        assert ProofKind.PASSKEY in lately
    if earned.acr is Acr.TWO_FACTOR:
        assert PASSWORD in ever
        assert lately & {SMS, APP, PRINTED}
