"""The requests that wait: one row each, bound to the browser they came with."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace

from idp.flows import approved
from idp.flows.authorize import answering
from idp.flows.authorize.answering import Standing
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.oidc.authorization.request import AuthorizationRequest
from idp.oidc.interaction import Refuse, Step
from idp.store import authorize as store
from idp.store.authorize import Interaction


def new(idp: Idp, request: AuthorizationRequest, *, asked_at: int, now: int) -> Interaction:
    """A request as it is kept while it waits, with what is personal in it sealed."""
    interaction_id = idp.entropy.identifier()
    request = approved.sealed(idp, request, interaction_id)
    if request.login_hint is not None:
        # Mostly somebody's username: it waits as all personal data do, sealed.
        sealed = idp.sealer.seal(request.login_hint, _place_of_hint(interaction_id))
        request = replace(request, login_hint=urlsafe_b64encode(sealed).decode())
    return Interaction(interaction_id, request, asked_at, now + idp.settings.lifetimes.interaction)


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


def _place_of_hint(interaction_id: str) -> str:
    return f"interactions/login_hint/{interaction_id}"


def stands_at(
    idp: Idp, interaction_id: str, browser: Browser, *, now: int, now_ms: int
) -> tuple[Interaction, Step | Refuse] | None:
    """A request that waits in this browser, and what is next for it; nothing is done."""
    if browser.digest is None:
        return None
    with idp.reading() as tx:
        interaction = store.find(tx, interaction_id, browser.digest, now=now)
    standing = None if interaction is None else standing_of(idp, interaction, browser, now=now, now_ms=now_ms)
    return None if interaction is None or standing is None else (interaction, standing.step)


def standing_of(
    idp: Idp, interaction: Interaction, browser: Browser, *, now: int, now_ms: int
) -> Standing | None:
    """Where a request that waits stands; None where its client is gone or disabled."""
    client = idp.clients.get(interaction.request.client_id)
    if client is None or client.disabled:
        return None
    with idp.reading() as tx:
        return answering.standing_of(
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
