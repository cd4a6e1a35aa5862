"""Recoveries under way. Whom one is for is sealed with it and never rewritten; it is wiped at its end.

Each step is one statement that finds the step before it done, so that steps at once, twice or out of order
leave what the same steps one after the other would have left.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from idp.accounts import recovery as rules
from idp.accounts.challenge import Purpose
from idp.accounts.mobile_change import ChangeState
from idp.accounts.recovery import Obstacle, Owner, ProvenWay, Recovery
from idp.store import mobile_changes as changes
from idp.store.accounts import ACTIVE, TYPED
from idp.store.database import Tx
from idp.store.sealing import Sealer, Unsealable
from idp.store.tables import accounts, challenges, mobile_changes, proven_contacts, recoveries
from idp.values import ContactKind


@dataclass(frozen=True, slots=True)
class RecoveryRow:
    """A recovery as it is stored; times are epoch seconds."""

    id: str
    sub: str | None
    sealed_offer: bytes = field(repr=False)
    chosen: str | None
    reason: str | None
    case_number: str
    interaction_id: str | None
    language: str
    activation: str | None = field(repr=False)
    proven_at: int | None
    second_at: int | None
    created_at: int
    expires_at: int
    completed_at: int | None


def seal(sealer: Sealer, recovery: Recovery) -> bytes:
    """What of a recovery is stored sealed."""
    return sealer.seal(rules.to_json(recovery), f"recoveries/sealed_offer/{recovery.id}")


def opened(sealer: Sealer, row: RecoveryRow) -> Recovery:
    """The recovery itself; raises ``Unsealable``, also for a completed one, whose data are gone."""
    if not row.sealed_offer:
        raise Unsealable("recoveries/sealed_offer")
    stored = sealer.open(row.sealed_offer, f"recoveries/sealed_offer/{row.id}")
    return Recovery(
        id=row.id,
        case_number=row.case_number,
        language=row.language,
        created_at=row.created_at,
        expires_at=row.expires_at,
        identifier=rules.identifier_of(stored),
        options=rules.options_of(stored),
        chosen=row.chosen,
        owner=rules.owner_of(stored),
        obstacle=None if row.reason is None else Obstacle(row.reason),
        activation=row.activation,
        proven_at=row.proven_at,
        second_at=row.second_at,
        second_by=rules.second_by_of(stored),
        kept=rules.kept_of(stored),
        interaction_id=row.interaction_id,
        completed_at=row.completed_at,
    )


_COLUMNS = tuple(recoveries.c[name] for name in RecoveryRow.__slots__)
_OPEN = (
    recoveries.c.id == bindparam("recovery_id"),
    recoveries.c.completed_at.is_(None),
    recoveries.c.expires_at > bindparam("now"),
)
_FIND = select(*_COLUMNS).where(recoveries.c.handle_digest == bindparam("digest"))
_BY_ID = select(*_COLUMNS).where(recoveries.c.id == bindparam("recovery_id"))
_CHOOSE = (
    update(recoveries)
    .where(*_OPEN)
    .values(
        chosen=bindparam("new_chosen"),
        sub=bindparam("new_sub"),
        reason=bindparam("new_reason"),
        sealed_offer=bindparam("new_sealed_offer"),
        # What was proven was proven for another contact.
        activation=None,
        proven_at=None,
        second_at=None,
    )
    .returning(recoveries.c.id)
)
_PROVE = (
    update(recoveries)
    .where(
        *_OPEN,
        recoveries.c.chosen == bindparam("expected_choice"),
        recoveries.c.sub.is_not(None),
        recoveries.c.reason.is_(None),
        recoveries.c.proven_at.is_(None),
    )
    .values(proven_at=bindparam("now"))
    .returning(recoveries.c.id)
)
_PROVE_SECOND = (
    update(recoveries)
    .where(
        *_OPEN,
        recoveries.c.chosen == bindparam("expected_choice"),
        recoveries.c.proven_at.is_not(None),
        recoveries.c.second_at.is_(None),
    )
    .values(second_at=bindparam("now"))
    .returning(recoveries.c.id)
)
_PROVE_SECOND_BY = _PROVE_SECOND.values(sealed_offer=bindparam("new_sealed_offer"))
_KEEP = (
    update(recoveries)
    .where(
        *_OPEN,
        recoveries.c.chosen == bindparam("expected_choice"),
        recoveries.c.proven_at.is_not(None),
    )
    .values(sealed_offer=bindparam("new_sealed_offer"))
    .returning(recoveries.c.id)
)
_COMPLETE = (
    update(recoveries)
    .where(*_OPEN, recoveries.c.sub.is_not(None), recoveries.c.proven_at.is_not(None))
    .values(completed_at=bindparam("now"), sealed_offer=b"")
    .returning(*_COLUMNS)
)
_END_OTHERS = (
    update(recoveries)
    .where(
        recoveries.c.sub == bindparam("of_sub"),
        recoveries.c.id != bindparam("but"),
        recoveries.c.completed_at.is_(None),
        recoveries.c.proven_at.is_not(None),
        recoveries.c.expires_at > bindparam("now"),
    )
    .values(expires_at=bindparam("now"))
)
_OWNER = select(accounts.c.sub, accounts.c.state, accounts.c.password_changed_at).where(
    accounts.c.customer_number == bindparam("number")
)
_WAYS = (
    select(
        proven_contacts.c.contact_index,
        proven_contacts.c.kind,
        proven_contacts.c.proven_at,
        proven_contacts.c.lost_at,
        proven_contacts.c.source,
        proven_contacts.c.sealed_contact,
    )
    .where(proven_contacts.c.sub == bindparam("of_sub"))
    .order_by(proven_contacts.c.proven_at, proven_contacts.c.contact_index)
)
_PENDING = (
    select(
        mobile_changes.c.id,
        mobile_changes.c.mobile_index,
        mobile_changes.c.asked_at,
        mobile_changes.c.sealed_mobile,
    )
    .where(mobile_changes.c.sub == bindparam("of_sub"), mobile_changes.c.state == ChangeState.PENDING)
    .order_by(mobile_changes.c.asked_at, mobile_changes.c.id)
)
_SECOND_SENT = (
    select(challenges.c.id, challenges.c.sealed_contact)
    .where(challenges.c.subject == bindparam("recovery_id"), challenges.c.purpose == Purpose.RECOVERY_SECOND)
    .order_by(challenges.c.sent_at.desc(), challenges.c.tries_left, challenges.c.id)
    .limit(1)
)
_REMOVE_WAY = delete(proven_contacts).where(
    proven_contacts.c.sub == bindparam("of_sub"), proven_contacts.c.contact_index == bindparam("index")
)
_SET_PASSWORD = (
    update(accounts)
    .where(
        accounts.c.sub == bindparam("of_sub"),
        accounts.c.state == ACTIVE,
        # Absent (an account that has had no password) is told from every time.
        accounts.c.password_changed_at.is_not_distinct_from(bindparam("seen_changed_at")),
    )
    .values(
        password_hash=bindparam("new_hash"),
        password_changed_at=bindparam("new_changed_at"),
        limited_until=bindparam("new_limited_until"),
        recovered_at=bindparam("now"),
    )
    .returning(accounts.c.sub)
)


def insert_recovery(tx: Tx, recovery: Recovery, *, handle_digest: bytes, sealed_offer: bytes) -> None:
    """Keep a new recovery, found again by its handle's digest."""
    tx.execute(
        insert(recoveries),
        {
            "id": recovery.id,
            "handle_digest": handle_digest,
            "sub": None if recovery.owner is None else recovery.owner.sub,
            "sealed_offer": sealed_offer,
            "chosen": recovery.chosen,
            "reason": recovery.obstacle,
            "case_number": recovery.case_number,
            "interaction_id": recovery.interaction_id,
            "language": recovery.language,
            "activation": recovery.activation,
            "proven_at": recovery.proven_at,
            "second_at": recovery.second_at,
            "created_at": recovery.created_at,
            "expires_at": recovery.expires_at,
            "completed_at": None,
        },
    )


def find(tx: Tx, handle_digest: bytes) -> RecoveryRow | None:
    """The recovery a browser's handle stands for, in whatever stage (``Recovery.stage``)."""
    return _row(tx.execute(_FIND, {"digest": handle_digest}).one_or_none())


def by_id(tx: Tx, recovery_id: str) -> RecoveryRow | None:
    """The recovery with this id."""
    return _row(tx.execute(_BY_ID, {"recovery_id": recovery_id}).one_or_none())


def choose(tx: Tx, recovery: Recovery, *, sealed_offer: bytes, now: int) -> bool:
    """Note which option was chosen, and its owner or obstacle; what was proven before is to be proven anew.

    False when it ended meanwhile.
    """
    values = {
        "recovery_id": recovery.id,
        "new_chosen": recovery.chosen,
        "new_sub": None if recovery.owner is None else recovery.owner.sub,
        "new_reason": recovery.obstacle,
        "new_sealed_offer": sealed_offer,
        "now": now,
    }
    return tx.execute(_CHOOSE, values).one_or_none() is not None


def prove(tx: Tx, recovery_id: str, *, chosen: str, now: int) -> bool:
    """Note that the chosen contact is proven: True for the one caller that does.

    False where another option was chosen since, or where the option recovers nothing.
    """
    values = {"recovery_id": recovery_id, "expected_choice": chosen, "now": now}
    return tx.execute(_PROVE, values).one_or_none() is not None


def prove_second(tx: Tx, recovery_id: str, *, chosen: str, now: int) -> bool:
    """Note that a second way is proven too: True for the one caller that does, after ``prove`` alone."""
    values = {"recovery_id": recovery_id, "expected_choice": chosen, "now": now}
    return tx.execute(_PROVE_SECOND, values).one_or_none() is not None


def prove_second_by(tx: Tx, recovery: Recovery, *, sealed_offer: bytes, now: int) -> bool:
    """The same by what the sealed data name (``second_by``); they take the place of those that do not."""
    values = {
        "recovery_id": recovery.id,
        "expected_choice": recovery.chosen,
        "new_sealed_offer": sealed_offer,
        "now": now,
    }
    return tx.execute(_PROVE_SECOND_BY, values).one_or_none() is not None


def keep(tx: Tx, recovery: Recovery, *, sealed_offer: bytes, now: int) -> bool:
    """Put the sealed data with the ways to keep in the place of those without.

    False before ``prove``, and where another option was chosen since.
    """
    values = {
        "recovery_id": recovery.id,
        "expected_choice": recovery.chosen,
        "new_sealed_offer": sealed_offer,
        "now": now,
    }
    return tx.execute(_KEEP, values).one_or_none() is not None


def complete(tx: Tx, recovery_id: str, *, now: int) -> RecoveryRow | None:
    """End it for good, once: the row as it stands for the one caller that does, None for everybody else.

    None also where nothing was proven. Whether a second way was wanted is the caller's to judge.
    """
    values = {"recovery_id": recovery_id, "now": now}
    return _row(tx.execute(_COMPLETE, values).one_or_none())


def end_others(tx: Tx, sub: str, *, but: str, now: int) -> None:
    """End every other recovery of this account in which its contact was proven already.

    The others end by the changed password when somebody proves theirs: until then none may look different.
    """
    tx.execute(_END_OTHERS, {"of_sub": sub, "but": but, "now": now})


def owner_of(tx: Tx, customer_number: str) -> tuple[Owner, bool] | None:
    """The account of this customer, and whether it is active."""
    row = tx.execute(_OWNER, {"number": customer_number}).one_or_none()
    return None if row is None else (Owner(row.sub, row.password_changed_at), row.state == ACTIVE)


def ways_of(tx: Tx, sub: str) -> tuple[ProvenWay, ...]:
    """The contacts that were proven for an account, the oldest proof first; then a mobile that is pending."""
    rows = tx.execute(_WAYS, {"of_sub": sub}).all()
    pending = tuple(
        ProvenWay(
            row.mobile_index, ContactKind.MOBILE, row.asked_at, pending=row.id, sealed=row.sealed_mobile
        )
        for row in tx.execute(_PENDING, {"of_sub": sub}).all()
    )
    proven = tuple(
        ProvenWay(
            row.contact_index,
            ContactKind(row.kind),
            row.proven_at,
            lost=row.lost_at is not None,
            typed=row.source == TYPED,
            sealed=row.sealed_contact,
        )
        for row in rows
    )
    return proven + pending


def second_sent(tx: Tx, recovery_id: str) -> tuple[str, bytes] | None:
    """The last code that went to a second way: the challenge's id and its contact, sealed."""
    row = tx.execute(_SECOND_SENT, {"recovery_id": recovery_id}).one_or_none()
    return None if row is None else (row.id, row.sealed_contact)


def remove_way(tx: Tx, sub: str, way: ProvenWay, *, now: int) -> None:
    """Take a contact from those the account confirms with, or cancel the change in which it waits."""
    if way.pending is not None:
        changes.cancel(tx, way.pending, now=now)
    else:
        tx.execute(_REMOVE_WAY, {"of_sub": sub, "index": way.contact_index})


def set_password(
    tx: Tx, sub: str, password_hash: str, *, seen: int | None, limited_until: int | None, now: int
) -> bool:
    """Give an active account another password, if it still has the one of ``seen``, the time of its last
    change.

    Of several callers who saw the same one wins. ``limited_until``: see ``AccountRow``.
    """
    values = {
        "of_sub": sub,
        "seen_changed_at": seen,
        "new_hash": password_hash,
        # Another time than before, also within one second: by it a change is known.
        "new_changed_at": now if seen is None else max(now, seen + 1),
        "new_limited_until": limited_until,
        "now": now,
    }
    return tx.execute(_SET_PASSWORD, values).one_or_none() is not None


def _row(row: Any) -> RecoveryRow | None:
    return None if row is None else RecoveryRow(*row)
