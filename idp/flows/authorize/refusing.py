"""A request that waits ends with an error: its person will not do what is asked, or cannot."""

from collections.abc import Callable

from idp.accounts.audit import Detail, Event
from idp.flows import sessions as session_flows
from idp.flows.authorize import answering
from idp.flows.authorize.answering import Answered, Lost
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.oidc.errors import OAuthError
from idp.store import audit
from idp.store import authorize as store
from idp.store.authorize import Interaction
from idp.store.sessions import SessionRow
from idp.values import Acr


def decline(idp: Idp, interaction_id: str, browser: Browser, *, now: int) -> Answered | Lost:
    """The person will not: the relying party is told ``access_denied`` (RFC 6749 §4.1.2.1)."""

    def said(interaction: Interaction, _row: SessionRow | None) -> dict[str, Detail]:
        return {"scope": " ".join(interaction.request.scope)[:200]}

    fault = OAuthError("access_denied", "the person declined")
    return _end(idp, interaction_id, browser, fault, Event.CONSENT_REFUSED, said, now=now)


def not_met(
    idp: Idp, interaction_id: str, browser: Browser, *, wanted: Acr, held: bool, now: int
) -> Answered | Lost:
    """What is demanded cannot be earned: the relying party is told so (OpenID Connect Core Error Code
    unmet_authentication_requirements 1.0). ``held``: something waits that could earn it later."""

    def said(_interaction: Interaction, row: SessionRow | None) -> dict[str, Detail]:
        return {"session": None if row is None else row.session.id, "wanted": wanted, "held": held}

    fault = OAuthError("unmet_authentication_requirements", "the person cannot confirm as is demanded")
    return _end(idp, interaction_id, browser, fault, Event.STEP_UP_REFUSED, said, now=now)


def turn_away(idp: Idp, interaction: Interaction, fault: OAuthError, *, now: int) -> Answered | Lost:
    """Answer a waiting request with an error; the caller has ended it (``store.authorize.end``)."""
    if not answering.may_answer(idp, interaction.request, now=now):
        return Lost()
    return Answered(answering.failure(idp, interaction.request, fault))


def _end(
    idp: Idp,
    interaction_id: str,
    browser: Browser,
    fault: OAuthError,
    event: Event,
    said: Callable[[Interaction, SessionRow | None], dict[str, Detail]],
    *,
    now: int,
) -> Answered | Lost:
    """End the request, note it with what is ``said`` of it, and answer."""
    if browser.digest is None:
        return Lost()
    with idp.writing() as tx:
        interaction = store.find(tx, interaction_id, browser.digest, now=now)
        if interaction is None or not store.end(tx, interaction.id, now=now):
            return Lost()
        row = session_flows.current(idp, tx, browser, now=now)
        audit.add(
            tx,
            event,
            at=now,
            actor=None if row is None else idp.sealer.pseudonym(f"sub:{row.session.sub}"),
            client_id=interaction.request.client_id,
            details=said(interaction, row),
        )
    return turn_away(idp, interaction, fault, now=now)
