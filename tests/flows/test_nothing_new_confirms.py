"""Nothing new confirms an operation before its hold ends, and everything does after it (journeys E, G, H, L).

Births, additions, recoveries and changes in the registry at random; what is expected is worked out by hand
from docs/journeys/e.md and h.md, and asked of the one place where every page asks (``flows.confirming``).
"""

from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from idp.accounts import ledger
from idp.accounts.ledger import Circumstances
from idp.flows import confirming
from idp.flows.confirming import Use
from idp.store import accounts
from idp.values import Proof, ProofKind
from tests.flows.test_confirming import owner
from tests.journeys.account_walks import MOBILE, prove, run, value
from tests.journeys.passkey_walks import enrolled
from tests.service.in_process import InProcess

HOUR, DAY, HOLD, WEEK = 3600, 86400, 2 * 86400, 7 * 86400
CHANGED = 1_709_251_200
"""When the demo's contacts came on file: the change in the registry that all of this happens around."""

hours = st.integers(0, 20 * 24).map(lambda number: number * HOUR)
STRONG = (ProofKind.ACTIVATION_CODE, ProofKind.PASSKEY, ProofKind.TOTP)


@dataclass(frozen=True)
class Life:
    """What happened to an account, in seconds after the change in the registry.

    ``recovered``: when, and whether with a second proof.
    """

    born: int
    born_on: ProofKind
    proven: int
    added: int
    added_on: ProofKind
    recovered: tuple[int, bool] | None


lives = st.builds(
    Life,
    born=hours,
    born_on=st.sampled_from([ProofKind.EMAIL_CODE, ProofKind.SMS_CODE, ProofKind.ACTIVATION_CODE]),
    proven=hours,
    added=hours,
    added_on=st.sampled_from(ProofKind),
    recovered=st.none() | st.tuples(hours, st.booleans()),
)


def account_is_free_at(life: Life) -> int:
    """From when nothing of the account itself keeps it from confirming."""
    weak = life.born_on is ProofKind.EMAIL_CODE or (life.born_on is ProofKind.SMS_CODE and life.born < WEEK)
    limited = life.recovered[0] + DAY if life.recovered is not None and not life.recovered[1] else 0
    return max(life.born + HOLD if weak else 0, limited)


def passkey_is_free_at(life: Life) -> int:
    """From when the passkey that was added confirms."""
    strong = life.added_on in STRONG or (life.added_on is ProofKind.SMS_CODE and life.added >= WEEK)
    lately = life.recovered is not None and life.recovered[0] <= life.added < life.recovered[0] + DAY
    return life.added if strong and not lately else life.added + HOLD


def mobile_is_free_at(life: Life) -> int:
    """From when the mobile confirms that came on file with the change."""
    return min(WEEK, life.proven + HOLD)


def live(service: InProcess, life: Life) -> None:
    """Write down what the ledger says of this life."""
    lifetimes, age = service.idp.settings.lifetimes, service.idp.settings.recovery.contact_age
    held = ledger.born_held_until(
        life.born_on,
        settled_mobile=life.born >= age,
        hold=lifetimes.pending_hold,
        now=CHANGED + life.born,
    )
    limited = None
    recovered_at = None
    if life.recovered is not None:
        at, second = life.recovered
        limited = ledger.limited_until(
            second_proof=second, limit=lifetimes.limited_after_recovery, now=CHANGED + at
        )
        recovered_at = CHANGED + at if at <= life.added else None
    added = CHANGED + life.added
    waits = ledger.is_held(
        [Proof(life.added_on, added * 1000)],
        Circumstances(life.added >= age, recovered_at),
        after_recovery=lifetimes.held_after_recovery,
        now=added,
    )
    until = f"{added + lifetimes.pending_hold}" if waits else "NULL"
    run(service, f"UPDATE accounts SET held_until = {held or 'NULL'}, limited_until = {limited or 'NULL'}")
    run(service, f"UPDATE passkeys SET pending_until = {until}")
    run(service, f"UPDATE proven_contacts SET proven_at = {CHANGED + life.proven} WHERE kind = 'mobile'")


def test_nothing_new_confirms_an_operation_before_its_hold_ends_and_everything_does_after_it(
    service: InProcess,
) -> None:
    visitor, _ = enrolled(service)
    prove(service, MOBILE)
    known = owner(service, visitor)
    seen: set[tuple[bool, bool]] = set()

    def confirming_at(moment: int) -> set[ProofKind]:
        with service.idp.reading() as tx:
            account = accounts.by_sub(tx, known.account.sub)
        assert account is not None
        today = replace(known, account=account)
        return {way.kind for way in confirming.ways(service.idp, today, Use.OPERATION, now=moment).open}

    @settings(max_examples=200, deadline=None)
    @given(lives, hours)
    def holds(life: Life, later: int) -> None:
        live(service, life)
        account = account_is_free_at(life)
        free = {
            ProofKind.PASSKEY: max(account, passkey_is_free_at(life)),
            ProofKind.SMS_CODE: max(account, mobile_is_free_at(life)),
        }
        happened = max(life.born, life.proven, life.added, life.recovered[0] if life.recovered else 0)
        edges = {edge + by for edge in (*free.values(), happened + later) for by in (-1, 0)}
        for moment in sorted(edge for edge in edges if edge >= happened):
            found = confirming_at(CHANGED + moment)
            assert found == {kind for kind, at in free.items() if moment >= at}, (life, moment)
            seen.add((ProofKind.PASSKEY in found, ProofKind.SMS_CODE in found))

    holds()
    assert value(service, "SELECT COUNT(*) FROM passkeys") == 1
    assert seen == {(False, False), (False, True), (True, False), (True, True)}
