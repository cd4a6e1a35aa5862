"""Recovery codes: a set an account, each code used by one statement."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import bindparam, delete, func, insert, select, update

from idp.accounts import ledger
from idp.store.database import Tx
from idp.store.passkeys import lock
from idp.store.tables import recovery_codes


@dataclass(frozen=True, slots=True)
class CodeSet:
    """What is left of an account's codes; times are epoch seconds."""

    sub: str
    created_at: int
    pending_until: int | None
    suspended_at: int | None
    left: int

    @property
    def usable(self) -> bool:
        """Whether its codes do at all."""
        return self.suspended_at is None

    def held_until(self, now: int) -> int | None:
        """Until when its codes confirm nothing (epoch seconds), None where they do."""
        return ledger.held_until(self.pending_until, now)


@dataclass(frozen=True, slots=True)
class NewSet:
    """A set that is to be kept; ``digests`` by ``Sealer.recovery_code_digest``."""

    sub: str
    digests: tuple[bytes, ...] = field(repr=False)
    created_at: int
    pending_until: int | None
    cancel_digest: bytes = field(repr=False)


_SET = select(
    recovery_codes.c.sub,
    recovery_codes.c.created_at,
    recovery_codes.c.pending_until,
    recovery_codes.c.suspended_at,
    func.count() - func.count(recovery_codes.c.used_at),
).group_by(
    recovery_codes.c.sub,
    recovery_codes.c.created_at,
    recovery_codes.c.pending_until,
    recovery_codes.c.suspended_at,
)
_OF = _SET.where(recovery_codes.c.sub == bindparam("of_sub"))
_BY_CANCEL = _SET.where(recovery_codes.c.cancel_digest == bindparam("digest"))
_IS_UNUSED = select(recovery_codes.c.sub).where(
    recovery_codes.c.digest == bindparam("of_digest"),
    recovery_codes.c.sub == bindparam("of_sub"),
    recovery_codes.c.used_at.is_(None),
    recovery_codes.c.suspended_at.is_(None),
)
_USE = (
    update(recovery_codes)
    .where(
        recovery_codes.c.digest == bindparam("of_digest"),
        recovery_codes.c.sub == bindparam("of_sub"),
        recovery_codes.c.used_at.is_(None),
        recovery_codes.c.suspended_at.is_(None),
    )
    .values(used_at=bindparam("now"))
    .returning(recovery_codes.c.digest)
)
_RELEASE = (
    update(recovery_codes)
    .where(recovery_codes.c.sub == bindparam("of_sub"), recovery_codes.c.pending_until > bindparam("now"))
    .values(pending_until=None)
    .returning(recovery_codes.c.digest)
)
_SUSPEND_SINCE = (
    update(recovery_codes)
    .where(
        recovery_codes.c.sub == bindparam("of_sub"),
        recovery_codes.c.created_at >= bindparam("since"),
        recovery_codes.c.suspended_at.is_(None),
    )
    .values(suspended_at=bindparam("now"))
    .returning(recovery_codes.c.digest)
)
_RESTORE = (
    update(recovery_codes)
    .where(recovery_codes.c.sub == bindparam("of_sub"), recovery_codes.c.suspended_at.is_not(None))
    .values(suspended_at=None)
    .returning(recovery_codes.c.digest)
)
_REMOVE_SINCE = (
    delete(recovery_codes)
    .where(recovery_codes.c.sub == bindparam("of_sub"), recovery_codes.c.created_at >= bindparam("since"))
    .returning(recovery_codes.c.digest)
)


def keep(tx: Tx, new: NewSet) -> None:
    """Keep a new set; the one before it is gone."""
    # Two at once would leave two sets.
    lock(tx, new.sub)
    remove_since(tx, new.sub, 0)
    tx.execute(insert(recovery_codes), list(_rows(new)))


def _rows(new: NewSet) -> Iterable[dict[str, object]]:
    for digest in new.digests:
        yield {
            "digest": digest,
            "sub": new.sub,
            "created_at": new.created_at,
            "pending_until": new.pending_until,
            "cancel_digest": new.cancel_digest,
        }


def of_account(tx: Tx, sub: str) -> CodeSet | None:
    """The set of an account, however much is left of it."""
    row = tx.execute(_OF, {"of_sub": sub}).one_or_none()
    return None if row is None else CodeSet(*row)


def by_cancel_token(tx: Tx, digest: bytes) -> CodeSet | None:
    """The set that a notice's link cancels."""
    row = tx.execute(_BY_CANCEL, {"digest": digest}).one_or_none()
    return None if row is None else CodeSet(*row)


def is_unused(tx: Tx, sub: str, digest: bytes) -> bool:
    """Whether it is a code of this account that does."""
    return tx.execute(_IS_UNUSED, {"of_sub": sub, "of_digest": digest}).one_or_none() is not None


def use(tx: Tx, sub: str, digest: bytes, *, now: int) -> bool:
    """Use a code up: True for the one caller that does."""
    values = {"of_sub": sub, "of_digest": digest, "now": now}
    return tx.execute(_USE, values).one_or_none() is not None


def release(tx: Tx, sub: str, *, now: int) -> bool:
    """Let codes that are held confirm at once; False where none are."""
    return bool(tx.execute(_RELEASE, {"of_sub": sub, "now": now}).scalars().all())


def suspend_since(tx: Tx, sub: str, since: int, *, now: int) -> bool:
    """Let codes that were made at ``since`` or later do nothing any more; False where there are none."""
    return bool(tx.execute(_SUSPEND_SINCE, {"of_sub": sub, "since": since, "now": now}).scalars().all())


def restore(tx: Tx, sub: str) -> bool:
    """Let suspended codes do again what they did; False where there are none."""
    return bool(tx.execute(_RESTORE, {"of_sub": sub}).scalars().all())


def remove_since(tx: Tx, sub: str, since: int) -> bool:
    """Remove the codes that were made at ``since`` or later: True for the one caller that does."""
    return bool(tx.execute(_REMOVE_SINCE, {"of_sub": sub, "since": since}).scalars().all())
