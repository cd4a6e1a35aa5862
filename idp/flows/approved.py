"""What an approval is bound to, and what it makes of a session: read by whoever asks, answers and issues.

The operation of a request that waits stands sealed with it, as all personal data do.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace

from idp.flows.idp import Idp
from idp.oidc.authorization.request import AuthorizationRequest
from idp.oidc.operations.operation import Operation
from idp.oidc.session import Session
from idp.store.approvals import Approval, Bound
from idp.store.authorize import Interaction


def sealed(idp: Idp, request: AuthorizationRequest, interaction_id: str) -> AuthorizationRequest:
    """The request as it waits in the database."""
    if request.operation is None:
        return request
    box = idp.sealer.seal(request.operation.canonical, _place(interaction_id))
    kept = urlsafe_b64encode(box).decode()
    return replace(request, operation=replace(request.operation, canonical=kept))


def opened(idp: Idp, interaction: Interaction) -> Operation:
    """The operation that a waiting request asks for; raises ``Unsealable``, ``LookupError`` where it has
    none."""
    kept = interaction.request.operation
    if kept is None:
        raise LookupError("this request asks for no operation")
    text = idp.sealer.open(urlsafe_b64decode(kept.canonical), _place(interaction.id))
    return replace(kept, canonical=str(text))


def digest(idp: Idp, operation: Operation) -> bytes:
    """The keyed digest of the canonical details, 32 bytes.

    Keyed: an amount and an IBAN could be guessed from a plain one.
    """
    return idp.sealer.fingerprint(operation.details)


def bound_to(idp: Idp, interaction: Interaction, operation: Operation, session: Session) -> Bound:
    """Everything that an approval of this operation, by this person, is bound to."""
    request = interaction.request
    return Bound(
        reference=request.pushed or "",
        interaction_id=interaction.id,
        session_id=session.id,
        sub=session.sub,
        client_id=request.client_id,
        details=digest(idp, operation),
    )


def subject_of(idp: Idp, bound: Bound) -> str:
    """The same in 22 characters: what codes and passkeys' questions belong to."""
    parts = (bound.reference, bound.interaction_id, bound.session_id, bound.sub, bound.client_id)
    return idp.sealer.pseudonym(":".join(("operation", *parts, bound.details.hex())))


def session_of(session: Session, approval: Approval) -> Session:
    """The session as the approval's token tells of it; the session itself gains nothing by an approval."""
    proofs = {proof.kind: proof for proof in session.proofs}
    proofs[approval.proof.kind] = approval.proof
    return replace(session, proofs=tuple(proofs.values()))


def _place(interaction_id: str) -> str:
    return f"interactions/operation/{interaction_id}"
