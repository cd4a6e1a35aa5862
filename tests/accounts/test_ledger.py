"""Proof → hold: nothing new is worth more than what was proven when it was added (journey E)."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts import ledger
from idp.accounts.ledger import WORTH, Circumstances
from idp.oidc.session import Session
from idp.values import Acr, Proof, ProofKind

NOW = 1_800_000_000
DAY = 86400
STRONG = {ProofKind.ACTIVATION_CODE, ProofKind.PASSKEY, ProofKind.TOTP}
WEAK = {ProofKind.PASSWORD, ProofKind.EMAIL_CODE, ProofKind.RECOVERY_CODE, ProofKind.NEW_CONTACT}

kinds = st.sampled_from(ProofKind)
proofs = st.lists(st.builds(Proof, kinds, st.just(NOW * 1000), st.none(), st.booleans()), max_size=5)
circumstances = st.builds(Circumstances, st.booleans(), st.none() | st.integers(NOW - 3 * DAY, NOW))


def held(given_proofs: list[Proof], around: Circumstances) -> bool:
    return ledger.is_held(given_proofs, around, after_recovery=DAY, now=NOW)


def test_every_proof_stands_in_the_table() -> None:
    assert set(WORTH) == set(ProofKind)


@given(st.lists(st.sampled_from(sorted(WEAK)), max_size=4), circumstances)
def test_what_is_weak_alone_is_always_held(weak: list[ProofKind], around: Circumstances) -> None:
    assert held([Proof(kind, NOW * 1000) for kind in weak], around)


@given(proofs, circumstances)
def test_soon_after_a_recovery_everything_is_held(given_proofs: list[Proof], around: Circumstances) -> None:
    if around.recovered_at is not None and NOW - around.recovered_at < DAY:
        assert held(given_proofs, around)


@given(proofs, circumstances)
def test_what_is_not_held_stands_on_a_proof_that_is_neither_weak_nor_held(
    given_proofs: list[Proof], around: Circumstances
) -> None:
    if not held(given_proofs, around):
        good = {proof.kind for proof in given_proofs if not proof.held}
        assert good & STRONG or (ProofKind.SMS_CODE in good and around.settled_mobile)


@given(proofs, circumstances, kinds)
def test_a_held_way_lifts_nothing_and_takes_nothing_away(
    given_proofs: list[Proof], around: Circumstances, kind: ProofKind
) -> None:
    more = [*given_proofs, Proof(kind, NOW * 1000, held=True)]
    assert held(more, around) == held(given_proofs, around)


@given(proofs, proofs, circumstances)
def test_more_proof_never_makes_it_worse(
    some: list[Proof], others: list[Proof], around: Circumstances
) -> None:
    assert held([*some, *others], around) == (held(some, around) and held(others, around))


@given(proofs, st.none() | st.integers(NOW - 3 * DAY, NOW))
def test_a_newer_mobile_is_worth_no_more_than_an_older_one(
    given_proofs: list[Proof], recovered_at: int | None
) -> None:
    newer, older = Circumstances(False, recovered_at), Circumstances(True, recovered_at)
    assert held(given_proofs, newer) or not held(given_proofs, older)


def test_the_table_line_by_line() -> None:
    settled, fresh = Circumstances(True, None), Circumstances(False, None)
    for kind in ProofKind:
        (proof,) = [Proof(kind, NOW * 1000)]
        assert held([proof], settled) == (kind in WEAK), kind
        assert held([proof], fresh) == (kind not in STRONG), kind
    for one, other in combinations([ProofKind.PASSWORD, ProofKind.EMAIL_CODE], 2):
        assert held([Proof(one, 1), Proof(other, 1)], settled)
    recovered = Circumstances(True, NOW - DAY)
    assert not held([Proof(ProofKind.PASSKEY, 1)], recovered)
    assert held([Proof(ProofKind.PASSKEY, 1)], Circumstances(True, NOW - DAY + 1))


@pytest.mark.parametrize(
    ("pending_until", "flagged_at", "confirms"),
    [
        (None, None, True),
        (NOW + 1, None, False),
        (NOW, None, True),
        (NOW - 1, None, True),
        # Whatever its time: a key that was copied confirms no more.
        (None, NOW - DAY, False),
        (NOW - 1, 0, False),
    ],
)
def test_a_way_confirms_from_the_second_its_hold_ends_and_never_once_it_was_flagged(
    pending_until: int | None, flagged_at: int | None, confirms: bool
) -> None:
    assert ledger.confirms(pending_until, flagged_at, NOW) is confirms


@given(st.integers(-30 * DAY, 0), st.integers(-30 * DAY, 0), st.booleans())
def test_a_contact_that_is_new_on_file_is_free_with_the_first_of_two_times(
    changed: int, added: int, waited: bool
) -> None:
    until = ledger.on_file_held_until(
        NOW + changed, NOW + added, waited=waited, contact_age=7 * DAY, hold=2 * DAY, now=NOW
    )
    settled = changed <= -7 * DAY or added <= -2 * DAY
    assert (until is None) == (settled or waited)
    assert until is None or until in (NOW + changed + 7 * DAY, NOW + added + 2 * DAY)
    assert until is None or NOW < until <= NOW + min(changed + 7 * DAY, added + 2 * DAY)


def test_a_recovery_without_a_second_proof_limits_and_one_with_it_does_not() -> None:
    assert ledger.limited_until(second_proof=False, limit=DAY, now=NOW) == NOW + DAY
    assert ledger.limited_until(second_proof=True, limit=DAY, now=NOW) is None


def test_the_table_that_is_read_says_what_is_computed() -> None:
    lines = [line.split() for line in (ledger.__doc__ or "").splitlines()]
    said = {line[0]: line[1:3] for line in lines if line and line[0] in set(ProofKind)}
    assert set(said) == set(ProofKind)
    for kind in ProofKind:
        with_password = (Proof(ProofKind.PASSWORD, NOW * 1000), Proof(kind, NOW * 1000))
        assert said[kind] == [Session("s", "sub", with_password).acr, WORTH[kind]], kind
        waiting = (with_password[0], replace(with_password[1], held=True))
        assert Session("s", "sub", waiting).acr is Acr.SINGLE, "what is held earns the lowest"


@pytest.mark.parametrize(
    ("born_on", "settled_mobile", "held"),
    [
        # An email, and a mobile that is new on file: signs in and reads, confirms nothing yet.
        (ProofKind.EMAIL_CODE, False, True),
        (ProofKind.EMAIL_CODE, True, True),
        (ProofKind.SMS_CODE, False, True),
        # A mobile on file for a while, and whoever showed an identity document: full at once.
        (ProofKind.SMS_CODE, True, False),
        (ProofKind.ACTIVATION_CODE, False, False),
    ],
)
def test_what_an_account_is_born_as(born_on: ProofKind, settled_mobile: bool, held: bool) -> None:
    until = ledger.born_held_until(born_on, settled_mobile=settled_mobile, hold=2 * DAY, now=NOW)
    assert until == (NOW + 2 * DAY if held else None)


@given(kinds, st.booleans(), st.integers(1, 30 * DAY))
def test_an_account_is_born_as_whatever_would_be_added_on_the_same_proof(
    born_on: ProofKind, settled_mobile: bool, hold: int
) -> None:
    until = ledger.born_held_until(born_on, settled_mobile=settled_mobile, hold=hold, now=NOW)
    added_is_held = ledger.is_held(
        [Proof(born_on, NOW * 1000)], Circumstances(settled_mobile, None), after_recovery=DAY, now=NOW
    )
    assert (until is not None) == added_is_held
    assert until is None or until == NOW + hold
