"""Approving an operation (RFC 9396, journey F): the person sees it whole, and confirms exactly that.

::

    waiting ──code or passkey──▶ approved ──resume──▶ one code, one access token
       ├──"do not confirm"──▶ access_denied
       └──no way to confirm──▶ unmet_authentication_requirements

The code and the passkey's question belong to browser session, request, client and digest of the details
(``approved.subject_of``): given for anything else they are worth nothing. Of any number of answers at once
one approves. The authenticator app and an email confirm no amounts.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from idp.accounts.audit import Detail, Event
from idp.accounts.ceremonies import Purpose as Ceremony
from idp.accounts.ceremonies import Reason
from idp.accounts.ceremonies import Refused as NotSigned
from idp.accounts.challenge import Purpose
from idp.flows import approved, asking, confirming, fresh, own_passkey, sms_beside_passkey, throttle
from idp.flows.asking import Asking, SentTo
from idp.flows.authorize import interactions, refusing
from idp.flows.authorize.answering import Answered, Lost
from idp.flows.browser import Browser
from idp.flows.confirming import Use, Way, Ways
from idp.flows.fresh import Owner
from idp.flows.idp import Idp
from idp.flows.own_passkey import NotAccepted
from idp.flows.proving import Late, Limited, NotYet, Refused, Sent
from idp.flows.wording import Purpose as Letter
from idp.oidc.assurance import at_least, demanded, strongest
from idp.oidc.errors import OAuthError
from idp.oidc.interaction import Step
from idp.oidc.operations.operation import Operation
from idp.oidc.operations.types import OperationType
from idp.store import approvals, audit, challenges, outbox
from idp.store import authorize as store
from idp.store.approvals import Approval, Bound
from idp.store.authorize import Interaction
from idp.store.database import Tx
from idp.store.sealing import Unsealable
from idp.values import Acr, Amr, Proof, ProofKind


@dataclass(frozen=True, slots=True)
class Wanted:
    """An operation that waits in this browser for whoever is signed in here."""

    interaction: Interaction
    owner: Owner
    operation: Operation = field(repr=False)
    type: OperationType
    client_name: str
    bound: Bound
    # Of ``bound``: what a code and a passkey's question belong to.
    subject: str
    ways: Ways
    # The contact whose code is asked for, and its challenge.
    sent: SentTo | None = None

    @property
    def by_passkey(self) -> bool:
        """Whether a passkey of theirs confirms."""
        return any(way.kind is ProofKind.PASSKEY for way in self.ways.open)

    @property
    def codes(self) -> tuple[Way, ...]:
        """Where a code can go."""
        return tuple(way for way in self.ways.open if way.kind is ProofKind.SMS_CODE)


@dataclass(frozen=True, slots=True)
class Approved:
    """It is approved, by this answer or by one that was faster: ask what is next."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """No such contact here."""


def wanted(
    idp: Idp, interaction_id: str, browser: Browser, *, now: int, now_ms: int
) -> Wanted | Interaction | None:
    """The operation this request waits with; the request alone where it waits for something else; None where
    there is no such request here. Raises ``RegistryDown``."""
    found = interactions.stands_at(idp, interaction_id, browser, now=now, now_ms=now_ms)
    if found is None:
        return None
    interaction, step = found
    owner = fresh.owner(idp, browser, now=now) if step is Step.OPERATION else None
    client = idp.clients.get(interaction.request.client_id)
    if owner is None or client is None:
        return interaction
    operation = approved.opened(idp, interaction)
    kind = idp.operation_types.get(operation.type)
    if kind is None:
        return interaction
    bound = approved.bound_to(idp, interaction, operation, owner.row.session)
    subject = approved.subject_of(idp, bound)
    least = strongest((Acr.TWO_FACTOR, demanded(interaction.request, client, idp.settings.assurance.scopes)))
    open_ways = _earning(owner, confirming.ways(idp, owner, Use.OPERATION, now=now), least, now_ms=now_ms)
    wanted = Wanted(interaction, owner, operation, kind, client.name, bound, subject, open_ways)
    return replace(wanted, sent=asking.sent_to(idp, _asking(idp, wanted), wanted.codes))


def _earning(owner: Owner, found: Ways, least: Acr, *, now_ms: int) -> Ways:
    """Those of the open ways that earn what is demanded; two factors at least.

    A code beside a passkey alone is one factor again.
    """

    def earns(way: Way) -> bool:
        proof = Proof(way.kind, now_ms, key=Amr.SOFTWARE_KEY if way.kind is ProofKind.PASSKEY else None)
        return at_least(approved.session_of(owner.row.session, Approval("", proof)).acr, least)

    return replace(found, open=tuple(way for way in found.open if earns(way)))


def language_of(idp: Idp, owner: Owner) -> str:
    """The language in which a message reaches them."""
    offered, chosen = idp.settings.languages, owner.account.language
    return chosen if chosen in offered.offered else offered.default


def send(
    idp: Idp, wanted: Wanted, handle: str, *, source: str, now: int
) -> Sent | NotYet | Limited | Unknown:
    """Send a code that is good for this operation alone; the message says the operation."""
    way = next((way for way in wanted.codes if way.handle == handle), None)
    if way is None:
        return Unknown()
    return asking.send(idp, _asking(idp, wanted), way, wanted.sent, source=source, now=now)


def by_code(
    idp: Idp, wanted: Wanted, code: str, browser: Browser, *, now: int, now_ms: int
) -> Approved | Refused | Limited:
    """Take an answer to the code; every one costs a try before it is looked at."""
    sent = wanted.sent
    if sent is None:
        return Refused("code_expired")
    verdict = asking.judge(idp, _asking(idp, wanted), sent, code, source=browser.source, now=now)
    match verdict:
        case Refused() | Limited():
            return verdict
        case Late():
            return _late(idp, wanted, now=now)
    told = sms_beside_passkey.notices(idp, wanted.owner.account, wanted.ways, sent.way, now=now)

    def settle(tx: Tx) -> bool:
        if not asking.spend(tx, sent, now=now):
            return False
        outbox.add(tx, *told)
        return True

    if _approve(idp, wanted, Proof(sent.way.kind, now_ms), browser, settle, now=now):
        if told:
            idp.post_waiting.set()
        return Approved()
    return _late(idp, wanted, now=now)


def passkey_options(idp: Idp, wanted: Wanted, *, now: int) -> dict[str, Any] | None:
    """What a passkey of theirs is asked for this operation alone; None where none may confirm."""
    if not wanted.by_passkey:
        return None
    return own_passkey.options(idp, wanted.owner, Ceremony.OPERATION, wanted.subject, now=now)


def by_passkey(
    idp: Idp, wanted: Wanted, typed: str, browser: Browser, *, now: int, now_ms: int
) -> Approved | NotAccepted:
    """Take a passkey's answer. Raises ``RegistryDown`` where its owner is to be told of a copied key."""
    try:
        read = own_passkey.judged(
            idp, wanted.owner, typed, Ceremony.OPERATION, wanted.subject, now=now, now_ms=now_ms
        )
        if not wanted.by_passkey:
            raise NotSigned(Reason.OWNER)

        def settle(tx: Tx) -> bool:
            own_passkey.spend(tx, read.row, read.used, now=now)
            return True

        # One that came second found an approval: of the same person, for the same operation.
        _approve(idp, wanted, read.proof, browser, settle, now=now)
    except NotSigned as refused:
        return own_passkey.note(idp, refused, Ceremony.OPERATION, typed, browser, now=now)
    return Approved()


def _asking(idp: Idp, wanted: Wanted) -> Asking:
    """A code that is good for this operation alone; the message says the operation."""
    language = language_of(idp, wanted.owner)
    return Asking(
        wanted.owner,
        Purpose.OPERATION,
        wanted.subject,
        Letter.OPERATION_CODE,
        language,
        signed_in=True,
        facts={"operation": wanted.type.sentence(wanted.operation.details, language)},
    )


def decline(idp: Idp, wanted: Wanted, browser: Browser, *, now: int) -> Answered | Lost:
    """The person does not want it: the relying party is told ``access_denied``."""
    fault = OAuthError("access_denied", "the person declined the operation")
    return _refuse(idp, wanted, fault, "declined", browser, now=now)


def give_up(idp: Idp, wanted: Wanted, browser: Browser, *, now: int) -> Answered | Lost:
    """They cannot confirm it now, and go back (Unmet Authentication Requirements 1.0 §2)."""
    fault = OAuthError("unmet_authentication_requirements", "the person has no way to confirm this now")
    return _refuse(idp, wanted, fault, "unmet", browser, now=now)


class _Beaten(Exception):
    """Another answer approved it first: nothing of this one is to stay."""


def _approve(
    idp: Idp,
    wanted: Wanted,
    proof: Proof,
    browser: Browser,
    settle: Callable[[Tx], bool],
    *,
    now: int,
) -> bool:
    """Keep the approval, if nobody was faster; ``settle`` uses up what it was given by."""
    approval = Approval(idp.entropy.identifier(), proof)
    details = _details(idp, wanted, approval.id) | {"proof": proof.kind}
    expires_at = now + idp.settings.operations.approval
    try:
        with idp.writing() as tx:
            if not settle(tx) or not approvals.give(
                tx, approval, wanted.bound, now=now, expires_at=expires_at
            ):
                raise _Beaten
            _note(idp, tx, Event.OPERATION_APPROVED, wanted, browser, details, now=now)
    except _Beaten:
        return False
    return True


def _refuse(
    idp: Idp, wanted: Wanted, fault: OAuthError, reason: str, browser: Browser, *, now: int
) -> Answered | Lost:
    details = _details(idp, wanted, idp.entropy.identifier()) | {"reason": reason}
    with idp.writing() as tx:
        if not store.end(tx, wanted.interaction.id, now=now):
            return Lost()
        challenges.end_all(tx, wanted.subject, now=now)
        _note(idp, tx, Event.OPERATION_REFUSED, wanted, browser, details, now=now)
    return refusing.turn_away(idp, wanted.interaction, fault, now=now)


def _details(idp: Idp, wanted: Wanted, event_id: str) -> dict[str, Detail]:
    """What the trail keeps of an operation: sealed, so that whoever has the keys can read it."""
    sealed = idp.sealer.seal(wanted.operation.details, place_in_trail(event_id))
    return {
        "approval": event_id,
        "session": wanted.bound.session_id,
        "type": wanted.type.name,
        "digest": urlsafe_b64encode(wanted.bound.details).rstrip(b"=").decode(),
        "sealed": urlsafe_b64encode(sealed).decode(),
    }


def place_in_trail(event_id: str) -> str:
    """For where the details of an approval or refusal are sealed."""
    return f"audit_events/details/{event_id}"


def _note(
    idp: Idp,
    tx: Tx,
    event: Event,
    wanted: Wanted,
    browser: Browser,
    details: dict[str, Detail],
    *,
    now: int,
) -> None:
    audit.add(
        tx,
        event,
        at=now,
        actor=idp.sealer.pseudonym(f"sub:{wanted.bound.sub}"),
        client_id=wanted.bound.client_id,
        source=throttle.pseudonym_of_source(idp, browser.source),
        details=details,
    )


def _late(idp: Idp, wanted: Wanted, *, now: int) -> Approved | Refused:
    """What an answer that came too late finds: of a form sent twice, the second the first one's work."""
    asking.settled(idp)
    with idp.reading() as tx:
        given = approvals.given(tx, wanted.bound, now=now)
    return Approved() if given else Refused("code_expired")


@dataclass(frozen=True, slots=True)
class Told:
    """An event of the trail about an operation; ``operation`` is None where no key of this node opens it."""

    at: int
    event: str
    actor: str | None
    client_id: str | None
    details: Mapping[str, Any]
    operation: Mapping[str, Any] | None = field(repr=False)


def trail(idp: Idp, *, since: int, at_most: int) -> tuple[Told, ...]:
    """What the trail keeps of operations since a time (epoch seconds), the oldest first."""
    names = (Event.OPERATION_APPROVED, Event.OPERATION_REFUSED)
    with idp.reading() as tx:
        rows = audit.named(tx, names, since=since, at_most=at_most)
    found = []
    for row in rows:
        details, operation = opened_details(idp, row.details)
        found.append(Told(row.at, row.name, row.actor, row.client_id, details, operation))
    return tuple(found)


def opened_details(idp: Idp, kept: Mapping[str, Any]) -> tuple[dict[str, Any], Mapping[str, Any] | None]:
    """What the trail keeps beside an operation, and the operation; None where no key of ours opens it."""
    details = dict(kept)
    sealed, event_id = details.pop("sealed"), str(details["approval"])
    try:
        return details, idp.sealer.open(urlsafe_b64decode(str(sealed)), place_in_trail(event_id))
    except Unsealable:
        return details, None
