"""An account is born: account, proven contact, session, notices and trail, everything at once or nothing.

Three things may stand for the customer at that moment: the code typed in the browser that asked, the link
pressed, or an activation code. Each says how it is used up; of several at once one wins.
"""

from collections.abc import Callable
from dataclasses import dataclass

from idp.accounts import ledger
from idp.accounts.audit import Event
from idp.accounts.enrolment import Enrolment
from idp.accounts.records import CustomerRecord
from idp.accounts.recovery import settled
from idp.flows import sessions as session_flows
from idp.flows import telling, throttle
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.flows.wording import Purpose as Letter
from idp.store import accounts, audit, closures, outbox
from idp.store.accounts import ON_FILE, TYPED, AccountProfile, AccountRow, ProvenContact
from idp.store.database import Tx
from idp.values import Contact, ContactKind, Proof, ProofKind


@dataclass(frozen=True, slots=True)
class Evidence:
    """What stands for the customer, and the statements that use it up.

    ``spend`` runs first in the transaction; where it answers False, somebody else was faster and nothing is
    written.
    """

    kind: ProofKind
    born_by: str
    spend: Callable[[Tx], bool]


@dataclass(frozen=True, slots=True)
class Registered:
    """The account exists and its owner is signed in."""

    begun: session_flows.Begun


@dataclass(frozen=True, slots=True)
class Beaten:
    """Another request was faster, or the username is taken: nothing was written."""


def proof_by(contact: Contact) -> ProofKind:
    """What answering a challenge at this contact proves."""
    return ProofKind.SMS_CODE if contact.kind is ContactKind.MOBILE else ProofKind.EMAIL_CODE


class _Late(Exception):
    """Somebody was faster: nothing of this is to stay."""


def give(
    idp: Idp,
    enrolment: Enrolment,
    record: CustomerRecord,
    password_hash: str,
    evidence: Evidence,
    browser: Browser,
    *,
    now: int,
    now_ms: int,
) -> Registered | Beaten:
    """Make the account of ``record`` with the enrolment's username, and sign its owner in here.

    Raises ``RegistryDown``.
    """
    username = enrolment.typed.username
    with idp.reading() as tx:
        before = session_flows.current(idp, tx, browser, now=now)
    account = _account(idp, enrolment, record, password_hash, evidence, now=now)
    proven = ProvenContact(
        idp.sealer.contact_index(username),
        username.kind,
        accounts.seal_contact(idp.sealer, account.sub, username),
        now,
        ON_FILE if any(on_record.contact == username for on_record in record.contacts) else TYPED,
    )
    proof = Proof(evidence.kind, now_ms, held=account.held_until is not None)
    begun = session_flows.prepare(idp, browser, account.sub, proof, before=before, now=now)
    # One to every contact of the customer that is nobody else's (journey A7).
    told = telling.own_on_file(idp, record)
    notices = telling.notices(idp, account, told, Letter.ACCOUNT_CREATED, now=now)
    try:
        with idp.writing() as tx:
            if closures.was_used(tx, account.sub):
                raise _Late
            if not (evidence.spend(tx) and accounts.insert_account(tx, account)):
                raise _Late
            accounts.prove_contact(tx, account.sub, proven)
            session_flows.begin(idp, tx, begun, now=now)
            outbox.add(tx, *notices)
            audit.add(
                tx,
                Event.REGISTRATION_COMPLETED,
                at=now,
                actor=idp.sealer.pseudonym(f"customer:{record.customer_number}"),
                source=throttle.pseudonym_of_source(idp, browser.source),
                details={
                    "enrolment": enrolment.id,
                    "case": enrolment.case_number,
                    "profile": enrolment.profile,
                    "proof": evidence.kind,
                    "session": begun.session.id,
                },
            )
    except _Late:
        return Beaten()
    idp.post_waiting.set()
    return Registered(begun)


def _account(
    idp: Idp,
    enrolment: Enrolment,
    record: CustomerRecord,
    password_hash: str,
    evidence: Evidence,
    *,
    now: int,
) -> AccountRow:
    sub = idp.entropy.identifier()
    username = enrolment.typed.username
    profile = AccountProfile(
        username=username,
        given_name=record.given_name,
        family_name=record.family_name,
        company_name=record.company_name,
        birth_date=record.birth_date,
        acting_name=enrolment.typed.acting_name,
    )
    return AccountRow(
        sub=sub,
        customer_number=record.customer_number,
        profile=record.profile,
        state=accounts.ACTIVE,
        username_kind=username.kind,
        username_index=idp.sealer.contact_index(username),
        sealed_profile=accounts.seal_profile(idp.sealer, sub, profile),
        password_hash=password_hash,
        password_changed_at=now,
        language=enrolment.language,
        terms_version=enrolment.terms_version or "",
        privacy_version=enrolment.privacy_version or "",
        terms_accepted_at=enrolment.terms_accepted_at or now,
        terms_language=enrolment.language,
        created_at=now,
        updated_at=now,
        born_by=evidence.born_by,
        held_until=ledger.born_held_until(
            evidence.kind,
            settled_mobile=settled(record, username, idp.settings.recovery.contact_age, now),
            hold=idp.settings.lifetimes.pending_hold,
            now=now,
        ),
    )
