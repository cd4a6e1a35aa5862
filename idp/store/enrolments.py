"""Registrations under way. What was typed is sealed, and wiped when the enrolment ends."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from idp.accounts.enrolment import Enrolment, Typed
from idp.accounts.matching import Reason
from idp.accounts.offers import Offer
from idp.store.database import Tx
from idp.store.sealing import Sealer, Unsealable
from idp.store.tables import enrolments
from idp.values import ProfileKind


@dataclass(frozen=True, slots=True)
class EnrolmentRow:
    """An enrolment as it is stored; times are epoch seconds."""

    id: str
    customer_number: str | None
    profile: str
    sealed_typed: bytes = field(repr=False)
    password_hash: str | None = field(repr=False)
    reason: str | None
    case_number: str
    interaction_id: str | None
    language: str
    terms_version: str | None
    privacy_version: str | None
    terms_accepted_at: int | None
    created_at: int
    expires_at: int
    completed_at: int | None
    activation: str | None = field(repr=False)


def seal_typed(sealer: Sealer, enrolment_id: str, typed: Typed) -> bytes:
    """What was typed, as it is stored."""
    return sealer.seal(typed.to_json(), f"enrolments/sealed_typed/{enrolment_id}")


def seal_offer(sealer: Sealer, enrolment_id: str, offer: Offer) -> bytes:
    """The contacts that are shown, as they are stored."""
    return sealer.seal(offer.to_json(), f"enrolments/sealed_offer/{enrolment_id}")


def open_offer(sealer: Sealer, enrolment_id: str, sealed: bytes) -> Offer:
    """The contacts that were shown; raises ``Unsealable``."""
    return Offer.from_json(sealer.open(sealed, f"enrolments/sealed_offer/{enrolment_id}"))


def opened(sealer: Sealer, row: EnrolmentRow) -> Enrolment:
    """The enrolment itself; raises ``Unsealable``, also for a completed one, whose data are gone."""
    if not row.sealed_typed:
        raise Unsealable("enrolments/sealed_typed")
    typed = Typed.from_json(sealer.open(row.sealed_typed, f"enrolments/sealed_typed/{row.id}"))
    return Enrolment(
        id=row.id,
        profile=ProfileKind(row.profile),
        case_number=row.case_number,
        language=row.language,
        created_at=row.created_at,
        expires_at=row.expires_at,
        typed=typed,
        customer_number=row.customer_number,
        reason=Reason(row.reason) if row.reason else None,
        password_hash=row.password_hash,
        interaction_id=row.interaction_id,
        terms_version=row.terms_version,
        privacy_version=row.privacy_version,
        terms_accepted_at=row.terms_accepted_at,
        completed_at=row.completed_at,
        activation=row.activation,
    )


_COLUMNS = tuple(enrolments.c[name] for name in EnrolmentRow.__slots__)
_OPEN = (
    enrolments.c.id == bindparam("enrolment_id"),
    enrolments.c.completed_at.is_(None),
    enrolments.c.expires_at > bindparam("now"),
)
_FIND = select(*_COLUMNS).where(enrolments.c.handle_digest == bindparam("digest"))
_BY_ID = select(*_COLUMNS).where(enrolments.c.id == bindparam("enrolment_id"))
_RETYPE = (
    update(enrolments)
    .where(*_OPEN)
    .values(
        profile=bindparam("new_profile"),
        customer_number=bindparam("new_customer_number"),
        reason=bindparam("new_reason"),
        sealed_typed=bindparam("new_sealed_typed"),
        terms_version=bindparam("new_terms_version"),
        privacy_version=bindparam("new_privacy_version"),
        terms_accepted_at=bindparam("new_terms_accepted_at"),
        sealed_offer=None,
        activation=None,
        # It was judged against other data, and is no password of theirs.
        password_hash=None,
    )
    .returning(enrolments.c.id)
)
_OFFER = (
    update(enrolments)
    .where(*_OPEN)
    .values(sealed_offer=bindparam("new_sealed_offer"), activation=bindparam("new_activation"))
    .returning(enrolments.c.id)
)
_OFFERED = select(enrolments.c.sealed_offer).where(enrolments.c.id == bindparam("enrolment_id"))
_CHOOSE_CONTACT = (
    update(enrolments)
    .where(*_OPEN, enrolments.c.sealed_offer == bindparam("from_offer"))
    .values(
        customer_number=bindparam("new_customer_number"),
        reason=bindparam("new_reason"),
        sealed_typed=bindparam("new_sealed_typed"),
    )
    .returning(enrolments.c.id)
)
_CHOOSE_PASSWORD = (
    update(enrolments)
    .where(*_OPEN)
    .values(password_hash=bindparam("new_password_hash"))
    .returning(enrolments.c.id)
)
_COMPLETE = (
    update(enrolments)
    .where(
        *_OPEN,
        enrolments.c.customer_number == bindparam("expected_customer"),
        enrolments.c.password_hash.is_not(None),
    )
    .values(completed_at=bindparam("now"))
    .returning(*_COLUMNS)
)
_FINISHED_ELSEWHERE = (
    update(enrolments)
    .where(*_OPEN, enrolments.c.customer_number == bindparam("expected_customer"))
    .values(customer_number=None, reason=bindparam("new_reason"))
    .returning(enrolments.c.id)
)
_WIPE = (
    update(enrolments)
    .where(enrolments.c.id == bindparam("enrolment_id"))
    .values(sealed_typed=b"", password_hash=None)
)


def insert_enrolment(tx: Tx, enrolment: Enrolment, *, handle_digest: bytes, sealed_typed: bytes) -> None:
    """Keep a new enrolment, found again by its handle's digest."""
    tx.execute(
        insert(enrolments),
        {
            "id": enrolment.id,
            "handle_digest": handle_digest,
            "customer_number": enrolment.customer_number,
            "profile": enrolment.profile,
            "sealed_typed": sealed_typed,
            "password_hash": enrolment.password_hash,
            "reason": enrolment.reason,
            "case_number": enrolment.case_number,
            "interaction_id": enrolment.interaction_id,
            "language": enrolment.language,
            "terms_version": enrolment.terms_version,
            "privacy_version": enrolment.privacy_version,
            "terms_accepted_at": enrolment.terms_accepted_at,
            "created_at": enrolment.created_at,
            "expires_at": enrolment.expires_at,
            "completed_at": None,
            "activation": enrolment.activation,
        },
    )


def find(tx: Tx, handle_digest: bytes) -> EnrolmentRow | None:
    """The enrolment a cookie stands for, in whatever stage (``Enrolment.stage``)."""
    return _row(tx.execute(_FIND, {"digest": handle_digest}).one_or_none())


def by_id(tx: Tx, enrolment_id: str) -> EnrolmentRow | None:
    """The enrolment with this id."""
    return _row(tx.execute(_BY_ID, {"enrolment_id": enrolment_id}).one_or_none())


def retype(tx: Tx, enrolment: Enrolment, *, sealed_typed: bytes, now: int) -> bool:
    """Put newly typed data and their match in the place of the old; the password has to be chosen anew.

    False when it ended meanwhile. End its challenge in the same transaction.
    """
    values = {
        "enrolment_id": enrolment.id,
        "now": now,
        "new_profile": enrolment.profile,
        "new_customer_number": enrolment.customer_number,
        "new_reason": enrolment.reason,
        "new_sealed_typed": sealed_typed,
        "new_terms_version": enrolment.terms_version,
        "new_privacy_version": enrolment.privacy_version,
        "new_terms_accepted_at": enrolment.terms_accepted_at,
    }
    return tx.execute(_RETYPE, values).one_or_none() is not None


def keep_offer(
    tx: Tx, enrolment_id: str, sealed_offer: bytes, *, activation: str | None = None, now: int
) -> bool:
    """Keep the contacts that are shown, and the digest in hexadecimal of the activation code they are for.

    False when the enrolment ended meanwhile.
    """
    values = {
        "enrolment_id": enrolment_id,
        "new_sealed_offer": sealed_offer,
        "new_activation": activation,
        "now": now,
    }
    return tx.execute(_OFFER, values).one_or_none() is not None


def sealed_offer(tx: Tx, enrolment_id: str) -> bytes | None:
    """The contacts that were shown; None where none were."""
    found: bytes | None = tx.execute(_OFFERED, {"enrolment_id": enrolment_id}).scalar_one_or_none()
    return found


def choose_contact(tx: Tx, enrolment: Enrolment, *, sealed_typed: bytes, from_offer: bytes, now: int) -> bool:
    """Put the chosen contact and its match in the place of what stood there; the password stays.

    False when it ended meanwhile, or something else was offered since. End its challenge in the same
    transaction.
    """
    values = {
        "enrolment_id": enrolment.id,
        "from_offer": from_offer,
        "now": now,
        "new_customer_number": enrolment.customer_number,
        "new_reason": enrolment.reason,
        "new_sealed_typed": sealed_typed,
    }
    return tx.execute(_CHOOSE_CONTACT, values).one_or_none() is not None


def choose_password(tx: Tx, enrolment_id: str, password_hash: str, *, now: int) -> bool:
    """Keep the hash of the password that was chosen; False when the enrolment ended meanwhile."""
    values = {"enrolment_id": enrolment_id, "new_password_hash": password_hash, "now": now}
    return tx.execute(_CHOOSE_PASSWORD, values).one_or_none() is not None


def complete(tx: Tx, enrolment_id: str, *, customer_number: str, now: int) -> EnrolmentRow | None:
    """Finish it, once: the row as it stood for the one caller that does, None for everybody else.

    None also when it expired, has no password, or was matched with another customer than ``customer_number``
    since the caller read it. What was typed is wiped.
    """
    values = {"enrolment_id": enrolment_id, "expected_customer": customer_number, "now": now}
    done = _row(tx.execute(_COMPLETE, values).one_or_none())
    if done is not None:
        tx.execute(_WIPE, {"enrolment_id": enrolment_id})
    return done


def finish_elsewhere(tx: Tx, enrolment_id: str, *, customer_number: str, now: int) -> bool:
    """Note that its customer registered in another browser: True for the one caller that does.

    From then on the enrolment behaves as one whose customer was registered before it began, which for its
    browser looks like any other (journey B7).
    """
    values = {
        "enrolment_id": enrolment_id,
        "expected_customer": customer_number,
        "new_reason": Reason.ALREADY_REGISTERED,
        "now": now,
    }
    return tx.execute(_FINISHED_ELSEWHERE, values).one_or_none() is not None


def _row(row: Any) -> EnrolmentRow | None:
    return None if row is None else EnrolmentRow(*row)
