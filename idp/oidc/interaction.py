"""What happens next in an authorization: one pure question, asked again after every step.

    request ──► next_step ──► REGISTER ─┐
                   ▲    ├──► LOGIN ─────┤   each page does one thing and comes back to the question;
                   │    ├──► OPERATION ─┤   no step sends the person to another one
                   │    ├──► CONSENT ───┤
                   └────┴───────────────┘
                        ├──► ISSUE          a code leaves
                        └──► Refuse(error)  an error leaves

Freshness needs no flags: a proof given after the request first arrived always satisfies it; an older one does
when it is at most ``max_age`` old and ``prompt`` has no ``login``. An operation is always approved anew: that
is younger than any ``max_age``. All times here are in milliseconds.

The second factor, step-up and the passkey offer will be further answers between LOGIN and CONSENT.
"""

from dataclasses import dataclass
from enum import StrEnum

from idp.oidc.authorization.redirect_uri import uses_private_scheme
from idp.oidc.authorization.request import AuthorizationRequest
from idp.oidc.client import Client
from idp.oidc.errors import OAuthError
from idp.oidc.session import Session


class Step(StrEnum):
    """What a person has to do, or ``ISSUE`` when there is nothing left to do."""

    REGISTER = "register"
    LOGIN = "login"
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
    asked_at: int,
    now: int,
    approved: bool = False,
) -> Step | Refuse:
    """The one thing to do next (OpenID Connect Core §3.1.2.3 to §3.1.2.6).

    ``approved``: this person approved the request's operation, in this session, for this very request.
    """
    silent = "none" in request.prompt
    fresh = session is not None and session.proven_at > asked_at
    if "create" in request.prompt and not fresh:
        return Step.REGISTER
    if session is None or not _young_enough(request, session, asked_at=asked_at, now=now):
        return _ask(Step.LOGIN, silent, "login_required")
    if request.hinted_sub is not None and request.hinted_sub != session.sub:
        # Someone else than the one hinted at has just signed in: asking again would never end.
        return (
            Refuse(OAuthError("login_required", "another person signed in"))
            if fresh
            else _ask(Step.LOGIN, silent, "login_required")
        )
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
