"""What is next for a request, and its answer when the time for one has come."""

from dataclasses import dataclass

from idp.flows import approved
from idp.flows import push as pushes
from idp.flows import sessions as session_flows
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.oidc.authorization import response
from idp.oidc.authorization.request import AuthorizationRequest
from idp.oidc.authorization.response import AuthorizationResponse
from idp.oidc.client import Client
from idp.oidc.errors import OAuthError
from idp.oidc.interaction import Refuse, Step, grant_matters, next_step
from idp.store import approvals, sessions, tokens
from idp.store import authorize as store
from idp.store.approvals import Approval
from idp.store.authorize import Interaction
from idp.store.database import Tx
from idp.store.sessions import SessionRow


@dataclass(frozen=True, slots=True)
class Answered:
    """The relying party gets its answer."""

    response: AuthorizationResponse


@dataclass(frozen=True, slots=True)
class Lost:
    """No such request waits in this browser: it ended, expired, or belongs to another."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known when the question "what next?" is asked."""

    request: AuthorizationRequest
    client: Client
    session: SessionRow | None
    asked_at: int
    step: Step | Refuse
    # Of the request's operation, where it has one that was approved.
    approval: Approval | None = None


def standing_of(
    idp: Idp,
    tx: Tx,
    request: AuthorizationRequest,
    client: Client,
    browser: Browser,
    *,
    asked_at: int,
    interaction: Interaction | None = None,
    now: int,
    now_ms: int,
) -> Standing:
    """Ask what is next, of all that stands in one transaction."""
    row = session_flows.begun_here(idp, tx, browser, now=now)
    grant = None
    if row is not None and grant_matters(request, client):
        grant = store.grant_of(tx, row.session.sub, client.client_id)
    session = None if row is None else row.session
    approval = None
    if session is not None and interaction is not None and request.operation is not None:
        bound = approved.bound_to(idp, interaction, approved.opened(idp, interaction), session)
        approval = approvals.find(tx, bound, now=now)
    step = next_step(
        request,
        client,
        session,
        grant,
        scopes=idp.settings.assurance.scopes,
        asked_at=asked_at,
        now=now_ms,
        approved=approval is not None,
    )
    return Standing(request, client, row, asked_at, step, approval)


def answer(idp: Idp, standing: Standing, interaction: Interaction | None, *, now: int) -> Answered | None:
    """The answer, when the time for one has come. None when a person is to be asked, or another tab was
    faster."""
    request = standing.request
    if isinstance(standing.step, Refuse):
        if not may_answer(idp, request, now=now):
            return None
        if interaction is not None:
            with idp.writing() as tx:
                if not store.end(tx, interaction.id, now=now):
                    return None
        return Answered(failure(idp, request, standing.step.fault))
    if standing.step is not Step.ISSUE or standing.session is None:
        return None
    if not may_answer(idp, request, now=now):
        return None
    code = idp.entropy.handle()
    authorization_id = idp.entropy.identifier()
    lifetimes = idp.settings.lifetimes
    refreshes = "refresh_token" in standing.client.grant_types and request.operation is None
    session, sealed_details = standing.session.session, None
    if standing.approval is not None and interaction is not None:
        # It is the approval that the token tells of, and how that was given.
        session = approved.session_of(session, standing.approval)
        details = approved.opened(idp, interaction).details
        sealed_details = tokens.seal_details(idp.sealer, authorization_id, details)
    with idp.writing() as tx:
        if standing.approval is not None and not approvals.use(tx, standing.approval.id, now=now):
            return None
        if interaction is not None and not store.end(tx, interaction.id, now=now):
            return None
        if now - standing.session.last_seen_at >= session_flows.SEEN_EVERY:
            sessions.seen(tx, standing.session.session.id, now=now)
        store.issue(
            tx,
            authorization_id=authorization_id,
            code_digest=code.digest,
            request=request,
            session=session,
            now=now,
            code_life=lifetimes.authorization_code,
            family_life=lifetimes.refresh_absolute
            if refreshes
            else lifetimes.authorization_code + lifetimes.access_token,
            sealed_details=sealed_details,
        )
    return Answered(
        response.success(
            redirect_uri=request.redirect_uri,
            response_mode=request.response_mode,
            state=request.state,
            issuer=idp.issuer,
            code=code.secret,
        )
    )


def may_answer(idp: Idp, request: AuthorizationRequest, *, now: int) -> bool:
    """Whether nobody answered it yet, if it was pushed; any other is answered as often as it is sent."""
    return request.pushed is None or pushes.answer_once(idp, request.pushed, now=now)


def failure(idp: Idp, request: AuthorizationRequest, fault: OAuthError) -> AuthorizationResponse:
    """The answer that says what is wrong."""
    return response.failure(
        redirect_uri=request.redirect_uri,
        response_mode=request.response_mode,
        state=request.state,
        issuer=idp.issuer,
        fault=fault,
    )
