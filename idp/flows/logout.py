"""Signing out: this browser's session and its tokens end at once, and confidential clients are told.

Every request is judged anew, also the one that a person confirms: nothing is taken from the page but the
parameters that the relying party sent.
"""

from dataclasses import dataclass

from idp.accounts.audit import Event
from idp.flows import sessions as session_flows
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.flows.signing import InvalidToken
from idp.oidc.errors import OAuthError
from idp.oidc.logout import LogoutRequest, judge
from idp.oidc.parameters import Parameters
from idp.store import audit, outbox, sessions
from idp.store.sessions import SessionRow


@dataclass(frozen=True, slots=True)
class Ended:
    """Nobody is signed in here any more; ``landing`` is where the relying party wants the browser."""

    landing: str | None


@dataclass(frozen=True, slots=True)
class AskFirst:
    """The person is to confirm; ``landing`` is where the browser may then go, for the page's form-action."""

    landing: str | None
    client_name: str | None


@dataclass(frozen=True, slots=True)
class Refused:
    """The request does not hold together: a page says so, nothing ends, nothing is redirected (§3)."""

    fault: OAuthError


def sign_out(
    idp: Idp, parameters: Parameters, browser: Browser, *, confirmed: bool, now: int
) -> Ended | AskFirst | Refused:
    """Take a logout request (RP-Initiated Logout 1.0 §2), or the person's own wish without parameters."""
    hint_text = parameters.get("id_token_hint")
    hint = None
    if hint_text is not None:
        try:
            hint = idp.signers.verify(hint_text, typ="JWT", algs=("ES256", "RS256"))
        except InvalidToken:
            hint = None
        if hint is not None and hint.get("iss") != idp.issuer:
            hint = None
    client_id = parameters.get("client_id")
    audience = None if hint is None else hint.get("aud")
    named = client_id or (audience if isinstance(audience, str) else None)
    with idp.reading() as tx:
        row = session_flows.begun_here(idp, tx, browser, now=now)
    judged = judge(
        hint=hint,
        hint_sent=hint_text is not None,
        client_id=client_id,
        client=None if named is None else idp.clients.get(named),
        post_logout_redirect_uri=parameters.get("post_logout_redirect_uri"),
        state=parameters.get("state"),
        session=None if row is None else row.session,
    )
    if isinstance(judged, OAuthError):
        return Refused(judged)
    if row is None:
        return Ended(judged.landing)
    if not (confirmed or judged.confirmed_by_hint):
        return _ask(judged)
    _end(idp, row, now=now)
    return Ended(judged.landing)


def _ask(judged: LogoutRequest) -> AskFirst:
    return AskFirst(judged.landing, None if judged.client is None else judged.client.name)


def _end(idp: Idp, row: SessionRow, *, now: int) -> None:
    session = row.session
    farewells = session_flows.farewells(idp, session, now=now)
    with idp.writing() as tx:
        if sessions.end(tx, session.id, now=now):
            for parcel in farewells:
                outbox.add(tx, parcel)
            audit.add(
                tx,
                Event.SIGNED_OUT,
                at=now,
                actor=idp.sealer.pseudonym(f"sub:{session.sub}"),
                details={"session": session.id, "clients": len(farewells)},
            )
    idp.post_waiting.set()
