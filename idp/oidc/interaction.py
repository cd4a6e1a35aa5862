"""What happens next in an authorization: one pure question, asked again after every step.

    request ──► next_step ──► REGISTER ─┐
                   ▲    ├──► LOGIN ─────┤   each page does one thing and comes back to the question;
                   │    ├► SECOND_FACTOR┤   no step sends the person to another one
                   │    ├──► STEP_UP ───┤
                   │    ├──► OPERATION ─┤
                   │    ├──► CONSENT ───┤
                   └────┴───────────────┘
                        ├──► ISSUE          a code leaves
                        └──► Refuse(error)  an error leaves

Freshness needs no flags: a proof given after the request first arrived always satisfies it; an older one does
when it is at most ``max_age`` old and ``prompt`` has no ``login``. An operation is always approved anew: that
is younger than any ``max_age``. All times here are in milliseconds.

A session that is too old is made young by a step-up where one is wanted anyway: a code given now is an
authentication now, and the password stays known while the session lives (``oidc.session``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from idp.oidc.assurance import demanded, satisfies
from idp.oidc.authorization.redirect_uri import uses_private_scheme
from idp.oidc.authorization.request import AuthorizationRequest
from idp.oidc.client import Client
from idp.oidc.errors import OAuthError
from idp.oidc.session import Session
from idp.values import Acr

NO_POLICY: Mapping[str, Acr] = MappingProxyType({})


class Step(StrEnum):
    """What a person has to do, or ``ISSUE`` when there is nothing left to do."""

    REGISTER = "register"
    LOGIN = "login"
    # The second factor of a sign-in under way.
    SECOND_FACTOR = "second_factor"
    # More than was proven so far.
    STEP_UP = "step_up"
    OPERATION = "operation"
    CONSENT = "consent"
    ISSUE = "issue"


@dataclass(frozen=True, slots=True)
class Refuse:
    """The request ends here, with an error for the relying party."""

    fault: OAuthError


@dataclass(frozen=True, slots=True)
class Grant:
    """What a person allowed a client to have, and when that was last said (milliseconds)."""

    scope: frozenset[str]
    granted_at: int


def next_step(
    request: AuthorizationRequest,
    client: Client,
    session: Session | None,
    grant: Grant | None,
    *,
    scopes: Mapping[str, Acr] = NO_POLICY,
    asked_at: int,
    now: int,
    approved: bool = False,
) -> Step | Refuse:
    """The one thing to do next (OpenID Connect Core §3.1.2.3 to §3.1.2.6).

    ``scopes``: the classes that scopes demand by policy.
    ``approved``: this person approved the request's operation, in this session, for this very request.
    """
    silent = "none" in request.prompt
    fresh = session is not None and session.proven_at > asked_at
    if "create" in request.prompt and not fresh:
        return Step.REGISTER
    if session is None:
        return _ask(Step.LOGIN, silent, "login_required")
    if session.is_due:
        # Nobody is signed in yet, whatever is asked for.
        return _ask(Step.SECOND_FACTOR, silent, "login_required")
    wanted = demanded(request, client, scopes)
    # Approving an operation is two factors of its own, dated now, or the passkey that is demanded.
    step_up = request.operation is None and _must_step_up(
        request, session, wanted, asked_at=asked_at, now=now
    )
    young = _young_enough(request, session, asked_at=asked_at, now=now)
    if not young and not (step_up and session.knows_password and "login" not in request.prompt):
        return _ask(Step.LOGIN, silent, "login_required")
    if request.hinted_sub is not None and request.hinted_sub != session.sub:
        # Someone else than the one hinted at has just signed in: asking again would never end.
        return (
            Refuse(OAuthError("login_required", "another person signed in"))
            if fresh
            else _ask(Step.LOGIN, silent, "login_required")
        )
    if step_up:
        # A code makes two factors only of a password that is known here; a passkey is offered there too.
        if wanted is Acr.TWO_FACTOR and not session.knows_password:
            return _ask(Step.LOGIN, silent, "login_required")
        return _ask(Step.STEP_UP, silent, "interaction_required")
    if request.operation is not None and not approved:
        if not session.has_first_factor:
            # A code to confirm with would be all there is: one factor confirms no operation.
            return _ask(Step.LOGIN, silent, "login_required")
        return _ask(Step.OPERATION, silent, "interaction_required")
    if _must_consent(request, client, grant, asked_at=asked_at):
        return _ask(Step.CONSENT, silent, "consent_required")
    return Step.ISSUE


def grant_matters(request: AuthorizationRequest, client: Client) -> bool:
    """Whether an earlier or present consent can change the answer; a silent first-party request saves the
    read."""
    return not client.first_party or "consent" in request.prompt or uses_private_scheme(request.redirect_uri)


def _ask(step: Step, silent: bool, error: str) -> Step | Refuse:
    return Refuse(OAuthError(error, "the person would have to be asked")) if silent else step


def _must_step_up(
    request: AuthorizationRequest, session: Session, wanted: Acr, *, asked_at: int, now: int
) -> bool:
    since = None if request.max_age is None else now - request.max_age * 1000
    prompted = "login" in request.prompt
    return not satisfies(session, wanted, since=since, asked_at=asked_at, prompted=prompted)


def _young_enough(request: AuthorizationRequest, session: Session, *, asked_at: int, now: int) -> bool:
    if session.proven_at > asked_at:
        return True
    if "login" in request.prompt:
        return False
    if request.max_age is None or request.operation is not None:
        return True
    return now - session.proven_at <= request.max_age * 1000


def _must_consent(
    request: AuthorizationRequest, client: Client, grant: Grant | None, *, asked_at: int
) -> bool:
    # Another tab of the same client may have asked for less, so what was said is compared as well.
    covered = grant is not None and set(request.scope) <= grant.scope
    said_now = covered and grant is not None and grant.granted_at > asked_at
    # Another app on the device may have claimed the scheme, so nothing passes there unseen (RFC 8252 §8.6).
    if "consent" in request.prompt or uses_private_scheme(request.redirect_uri):
        return not said_now
    return not (client.first_party or covered)
