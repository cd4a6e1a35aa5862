"""Proof → hold: nothing new is worth more than what was proven when it was added (journey E)."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts import ledger
from idp.accounts.ledger import WORTH, Circumstances
from idp.values import Proof, ProofKind

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


@given(st.none() | st.integers(0, 2 * NOW), st.none() | st.integers(0, 2 * NOW))
def test_nothing_confirms_before_its_hold_ends_nor_after_it_was_flagged(
    pending_until: int | None, flagged_at: int | None
) -> None:
    if ledger.confirms(pending_until, flagged_at, NOW):
        assert flagged_at is None
        assert pending_until is None or pending_until <= NOW


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
