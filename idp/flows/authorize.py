"""The authorization endpoint: a request arrives, waits for a person as long as it must, and is answered.

    begin ──► Shown                      the request cannot be trusted: a page, no redirect
          ──► Answered                   a code or an error leaves for the relying party
          ──► Waiting(step)              the person is asked; every answer of theirs leads to ``resume``
    resume ─► Answered | Waiting | Lost
    push ───► Pushed                     kept for the browser that brings its address to ``begin``

A silent request costs one read and one commit; one that has to ask keeps one row (performance §7.4).
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field, replace

from idp.accounts.audit import Event
from idp.flows import approved
from idp.flows import push as pushes
from idp.flows import sessions as session_flows
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.flows.push import Pushed
from idp.flows.signing import InvalidToken
from idp.oidc.assurance import demanded
from idp.oidc.authorization import pushed, response
from idp.oidc.authorization.checks import DISPLAYED, REDIRECTED, Asked, Policy, first_fault, request_from
from idp.oidc.authorization.request import AuthorizationRequest
from idp.oidc.authorization.response import AuthorizationResponse
from idp.oidc.client import Client
from idp.oidc.dpop import invalid_proof
from idp.oidc.errors import OAuthError
from idp.oidc.interaction import Refuse, Step, grant_matters, next_step
from idp.oidc.parameters import Parameters
from idp.store import accounts, approvals, audit, sessions, tokens
from idp.store import authorize as store
from idp.store.approvals import Approval
from idp.store.authorize import Interaction
from idp.store.database import Tx
from idp.store.sessions import SessionRow
from idp.values import Acr, Handle


@dataclass(frozen=True, slots=True)
class Shown:
    """The request is not to be answered by a redirect: a page says what is wrong."""

    fault: OAuthError


@dataclass(frozen=True, slots=True)
class Answered:
    """The relying party gets its answer."""

    response: AuthorizationResponse


@dataclass(frozen=True, slots=True)
class Waiting:
    """The person has to do ``step``; ``browser`` is the handle to set where the browser had none."""

    step: Step
    interaction_id: str
    browser: Handle | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """A cross-site POST brought no cookies: the request is kept, its continuation is a GET that brings
    them."""

    interaction_id: str


@dataclass(frozen=True, slots=True)
class Lost:
    """No such request waits in this browser: it ended, expired, or belongs to another."""


@dataclass(frozen=True, slots=True)
class _Standing:
    """What is known when the question "what next?" is asked."""

    request: AuthorizationRequest
    client: Client
    session: SessionRow | None
    asked_at: int
    step: Step | Refuse
    # Of the request's operation, where it has one that was approved.
    approval: Approval | None = None


def begin_silently(
    idp: Idp, parameters: Parameters, browser: Browser, *, now: int, now_ms: int
) -> Answered | None:
    """The code, for a request by GET about which nobody is asked; None: nothing was done, ``begin`` it."""
    validated = _validated(idp, parameters, now=now)
    if not isinstance(validated, tuple) or validated[0].response_mode != "query":
        return None
    request, client = validated
    with idp.reading() as tx:
        standing = _standing(idp, tx, request, client, browser, asked_at=now_ms, now=now, now_ms=now_ms)
    return _answer(idp, standing, None, now=now) if standing.step is Step.ISSUE else None


def begin(
    idp: Idp, parameters: Parameters, browser: Browser, *, now: int, now_ms: int
) -> Shown | Answered | Waiting:
    """Take a request that came by GET."""
    validated = _validated(idp, parameters, now=now)
    if not isinstance(validated, tuple):
        return validated
    request, client = validated
    with idp.reading() as tx:
        standing = _standing(idp, tx, request, client, browser, asked_at=now_ms, now=now, now_ms=now_ms)
    answered = _answer(idp, standing, None, now=now)
    if answered is not None:
        return answered
    step = standing.step
    if not isinstance(step, Step) or step is Step.ISSUE:
        # Another tab has just answered the pushed request.
        return Shown(pushed.unknown())
    handle = browser.handle or idp.entropy.handle()
    interaction = _interaction(idp, request, asked_at=now_ms, now=now)
    with idp.writing() as tx:
        store.wait(tx, interaction, handle.digest)
    return Waiting(step, interaction.id, None if browser.handle else handle)


def begin_posted(idp: Idp, parameters: Parameters, *, now: int, now_ms: int) -> Shown | Answered | Unclaimed:
    """Take a request that came by POST, from another site and thus without our cookies (OpenID Connect Core
    §3.1.2.1)."""
    validated = _validated(idp, parameters, now=now)
    if not isinstance(validated, tuple):
        return validated
    interaction = _interaction(idp, validated[0], asked_at=now_ms, now=now)
    with idp.writing() as tx:
        store.wait(tx, interaction, None)
    return Unclaimed(interaction.id)


def push(
    idp: Idp, client: Client, parameters: Parameters, *, key_thumbprint: str | None = None, now: int
) -> Pushed:
    """Judge and keep a request that its authenticated client pushes (RFC 9126 §2.1).

    A push with a DPoP proof binds the code to its key, whose thumbprint this is (RFC 9449 §10.1).
    Raises ``OAuthError``, ``EphemeraDown`` and ``DatabaseDown``.
    """
    kept = pushed.to_keep(parameters, client.client_id, most_bytes=idp.settings.par.bytes)
    if key_thumbprint is not None and kept.setdefault("dpop_jkt", key_thumbprint) != key_thumbprint:
        raise invalid_proof("it is not made with the key of dpop_jkt")
    given = pushes.address(idp.entropy, idp.settings.par.lifetime)
    asked = Asked(Parameters(kept), client, policy_of(idp), given.reference)
    fault = first_fault(DISPLAYED, asked) or _redirected_fault(idp, asked)[0]
    if fault is not None:
        raise fault
    pushes.keep(idp, given, kept, now=now)
    return given


def resume(
    idp: Idp, interaction_id: str, browser: Browser, *, now: int, now_ms: int
) -> Answered | Waiting | Lost:
    """Ask again what is next for a request that waits in this browser."""
    handle = browser.handle or idp.entropy.handle()
    with idp.reading() as tx:
        interaction = store.find(tx, interaction_id, handle.digest, now=now)
    if interaction is None:
        with idp.writing() as tx:
            interaction = store.claim(tx, interaction_id, handle.digest, now=now, now_ms=now_ms)
    client = idp.clients.get(interaction.request.client_id) if interaction is not None else None
    if interaction is None or client is None or client.disabled:
        return Lost()
    with idp.reading() as tx:
        standing = _standing(
            idp,
            tx,
            interaction.request,
            client,
            browser,
            asked_at=interaction.asked_at,
            interaction=interaction,
            now=now,
            now_ms=now_ms,
        )
    if isinstance(standing.step, Step) and standing.step is not Step.ISSUE:
        return Waiting(standing.step, interaction.id, None if browser.handle else handle)
    return _answer(idp, standing, interaction, now=now) or Lost()


def stands_at(
    idp: Idp, interaction_id: str, browser: Browser, *, now: int, now_ms: int
) -> tuple[Interaction, Step | Refuse] | None:
    """A request that waits in this browser, and what is next for it; nothing is done."""
    if browser.digest is None:
        return None
    with idp.reading() as tx:
        interaction = store.find(tx, interaction_id, browser.digest, now=now)
    client = None if interaction is None else idp.clients.get(interaction.request.client_id)
    if interaction is None or client is None or client.disabled:
        return None
    with idp.reading() as tx:
        standing = _standing(
            idp,
            tx,
            interaction.request,
            client,
            browser,
            asked_at=interaction.asked_at,
            interaction=interaction,
            now=now,
            now_ms=now_ms,
        )
    return interaction, standing.step


def decline(idp: Idp, interaction_id: str, browser: Browser, *, now: int) -> Answered | Lost:
    """The person will not: the relying party is told ``access_denied`` (RFC 6749 §4.1.2.1)."""
    if browser.digest is None:
        return Lost()
    with idp.writing() as tx:
        interaction = store.find(tx, interaction_id, browser.digest, now=now)
        if interaction is None or not store.end(tx, interaction.id, now=now):
            return Lost()
        row = session_flows.current(idp, tx, browser, now=now)
        audit.add(
            tx,
            Event.CONSENT_REFUSED,
            at=now,
            actor=None if row is None else idp.sealer.pseudonym(f"sub:{row.session.sub}"),
            client_id=interaction.request.client_id,
            details={"scope": " ".join(interaction.request.scope)[:200]},
        )
    if not _may_answer(idp, interaction.request, now=now):
        return Lost()
    return Answered(_failure(idp, interaction.request, OAuthError("access_denied", "the person declined")))


def turn_away(idp: Idp, interaction: Interaction, fault: OAuthError, *, now: int) -> Answered | Lost:
    """Answer a waiting request with an error; the caller has ended it (``store.authorize.end``)."""
    if not _may_answer(idp, interaction.request, now=now):
        return Lost()
    return Answered(_failure(idp, interaction.request, fault))


def not_met(
    idp: Idp, interaction_id: str, browser: Browser, *, wanted: Acr, held: bool, now: int
) -> Answered | Lost:
    """What is demanded cannot be earned: the relying party is told so (OpenID Connect Core Error Code
    unmet_authentication_requirements 1.0). ``held``: something waits that could earn it later."""
    if browser.digest is None:
        return Lost()
    with idp.writing() as tx:
        interaction = store.find(tx, interaction_id, browser.digest, now=now)
        if interaction is None or not store.end(tx, interaction.id, now=now):
            return Lost()
        row = session_flows.current(idp, tx, browser, now=now)
        audit.add(
            tx,
            Event.STEP_UP_REFUSED,
            at=now,
            actor=None if row is None else idp.sealer.pseudonym(f"sub:{row.session.sub}"),
            client_id=interaction.request.client_id,
            details={"session": None if row is None else row.session.id, "wanted": wanted, "held": held},
        )
    if not _may_answer(idp, interaction.request, now=now):
        return Lost()
    fault = OAuthError("unmet_authentication_requirements", "the person cannot confirm as is demanded")
    return Answered(_failure(idp, interaction.request, fault))


@dataclass(frozen=True, slots=True)
class StepUpAsked:
    """What the step-up page serves: the request that waits, who asks, and the least class it demands."""

    interaction: Interaction
    client_name: str
    wanted: Acr


def step_up_asked(idp: Idp, interaction_id: str | None, browser: Browser, *, now: int) -> StepUpAsked | None:
    """The request that waits for a step-up in this browser, None where none does."""
    interaction = waiting(idp, interaction_id, browser, now=now)
    client = None if interaction is None else idp.clients.get(interaction.request.client_id)
    if interaction is None or client is None:
        return None
    wanted = demanded(interaction.request, client, idp.settings.assurance.scopes)
    return StepUpAsked(interaction, client.name, wanted)


def allow(idp: Idp, interaction_id: str, browser: Browser, *, now: int, now_ms: int) -> bool:
    """The person lets the client have what it asks for; False when no request of theirs waits here."""
    if browser.digest is None:
        return False
    with idp.writing() as tx:
        interaction = store.find(tx, interaction_id, browser.digest, now=now)
        row = session_flows.current(idp, tx, browser, now=now)
        if interaction is None or row is None:
            return False
        store.allow(
            tx,
            row.session.sub,
            interaction.request.client_id,
            frozenset(interaction.request.scope),
            at_ms=now_ms,
        )
        audit.add(
            tx,
            Event.CONSENT_GIVEN,
            at=now,
            actor=idp.sealer.pseudonym(f"sub:{row.session.sub}"),
            client_id=interaction.request.client_id,
            details={"scope": " ".join(interaction.request.scope)[:200]},
        )
    return True


def waiting(idp: Idp, interaction_id: str | None, browser: Browser, *, now: int) -> Interaction | None:
    """The request that waits in this browser: the one named, or the newest where none is named."""
    if browser.digest is None:
        return None
    with idp.reading() as tx:
        if interaction_id is None:
            return store.latest(tx, browser.digest, now=now)
        return store.find(tx, interaction_id, browser.digest, now=now)


def login_hint(idp: Idp, interaction: Interaction) -> str | None:
    """Who is going to sign in, as the waiting request's client believes; raises ``Unsealable``."""
    kept = interaction.request.login_hint
    if kept is None:
        return None
    return str(idp.sealer.open(urlsafe_b64decode(kept), _place_of_hint(interaction.id)))


@dataclass(frozen=True, slots=True)
class ConsentAsked:
    """What the consent page shows. ``days`` is how long the permission lasts; None: until the person signs
    out."""

    interaction: Interaction
    client_name: str
    username: str
    language: str
    days: int | None


def consent_asked(idp: Idp, interaction_id: str | None, browser: Browser, *, now: int) -> ConsentAsked | None:
    """The waiting request and who is to allow it; None when nobody is signed in or nothing waits."""
    interaction = waiting(idp, interaction_id, browser, now=now)
    client = None if interaction is None else idp.clients.get(interaction.request.client_id)
    if interaction is None or client is None:
        return None
    with idp.reading() as tx:
        row = session_flows.current(idp, tx, browser, now=now)
        account = None if row is None else accounts.by_sub(tx, row.session.sub)
    if account is None:
        return None
    profile = accounts.open_profile(idp.sealer, account)
    lasting = "offline_access" in interaction.request.scope
    days = idp.settings.lifetimes.refresh_absolute // 86400 if lasting else None
    return ConsentAsked(interaction, client.name, profile.username.readable, account.language, days)


def policy_of(idp: Idp) -> Policy:
    """What the settings say about authorization requests."""
    limits = idp.settings.limits
    return Policy(idp.audiences, limits.state_bytes, limits.state_bytes, operation_types=idp.operation_types)


def _validated(
    idp: Idp, parameters: Parameters, *, now: int
) -> tuple[AuthorizationRequest, Client] | Shown | Answered:
    client_id, uri = parameters.get("client_id"), parameters.get("request_uri")
    reference = None
    if uri is not None and pushed.is_reference(uri):
        found = pushes.find(idp, uri, client_id, now=now)
        if found is None:
            return Shown(pushed.unknown())
        # Judged again: the client may have changed since.
        reference, parameters = found
    client = None if client_id is None else idp.clients.get(client_id)
    asked = Asked(parameters, client, policy_of(idp), reference)
    fault = first_fault(DISPLAYED, asked)
    if fault is not None:
        return Shown(fault)
    fault, hinted_sub = _redirected_fault(idp, asked)
    if fault is not None:
        mode = parameters.get("response_mode") or "query"
        return Answered(
            response.failure(
                redirect_uri=parameters.get("redirect_uri") or "",
                response_mode=mode,
                state=parameters.get("state"),
                issuer=idp.issuer,
                fault=fault,
            )
        )
    return request_from(asked, hinted_sub=hinted_sub), asked.known_client


def _redirected_fault(idp: Idp, asked: Asked) -> tuple[OAuthError | None, str | None]:
    """What the relying party is to be told is wrong, if anything; else the ``sub`` of its hint, if any."""
    fault = first_fault(REDIRECTED, asked)
    hint = asked.get("id_token_hint")
    if fault is not None or hint is None:
        return fault, None
    hinted_sub = _hinted_sub(idp, hint, asked.known_client)
    if hinted_sub is None:
        return OAuthError("invalid_request", "id_token_hint is not an ID token of this client"), None
    return None, hinted_sub


def _may_answer(idp: Idp, request: AuthorizationRequest, *, now: int) -> bool:
    """Whether nobody answered it yet, if it was pushed; any other is answered as often as it is sent."""
    return request.pushed is None or pushes.answer_once(idp, request.pushed, now=now)


def _hinted_sub(idp: Idp, hint: str, client: Client) -> str | None:
    # An expired ID token is a good hint (OpenID Connect Core §3.1.2.1); one for another client is not.
    try:
        claims = idp.signers.verify(hint, typ="JWT", algs=("ES256", "RS256"))
    except InvalidToken:
        return None
    audience = claims.get("aud")
    if claims.get("iss") != idp.issuer or client.client_id not in (
        audience if isinstance(audience, list) else [audience]
    ):
        return None
    return str(claims["sub"])


def _standing(
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
) -> _Standing:
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
    return _Standing(request, client, row, asked_at, step, approval)


def _answer(idp: Idp, standing: _Standing, interaction: Interaction | None, *, now: int) -> Answered | None:
    """The answer, when the time for one has come. None when a person is to be asked, or another tab was
    faster."""
    request = standing.request
    if isinstance(standing.step, Refuse):
        if not _may_answer(idp, request, now=now):
            return None
        if interaction is not None:
            with idp.writing() as tx:
                if not store.end(tx, interaction.id, now=now):
                    return None
        return Answered(_failure(idp, request, standing.step.fault))
    if standing.step is not Step.ISSUE or standing.session is None:
        return None
    if not _may_answer(idp, request, now=now):
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


def _failure(idp: Idp, request: AuthorizationRequest, fault: OAuthError) -> AuthorizationResponse:
    return response.failure(
        redirect_uri=request.redirect_uri,
        response_mode=request.response_mode,
        state=request.state,
        issuer=idp.issuer,
        fault=fault,
    )


def _interaction(idp: Idp, request: AuthorizationRequest, *, asked_at: int, now: int) -> Interaction:
    interaction_id = idp.entropy.identifier()
    request = approved.sealed(idp, request, interaction_id)
    if request.login_hint is not None:
        # Mostly somebody's username: it waits as all personal data do, sealed.
        sealed = idp.sealer.seal(request.login_hint, _place_of_hint(interaction_id))
        request = replace(request, login_hint=urlsafe_b64encode(sealed).decode())
    return Interaction(interaction_id, request, asked_at, now + idp.settings.lifetimes.interaction)


def _place_of_hint(interaction_id: str) -> str:
    return f"interactions/login_hint/{interaction_id}"
