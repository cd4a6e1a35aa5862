"""The person lets a client have what it asks for."""

from dataclasses import dataclass

from idp.accounts.audit import Event
from idp.flows import sessions as session_flows
from idp.flows.authorize import interactions
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.store import accounts, audit
from idp.store import authorize as store
from idp.store.authorize import Interaction


@dataclass(frozen=True, slots=True)
class ConsentAsked:
    """What the consent page shows. ``days`` is how long the permission lasts; None: until the person signs
    out."""

    interaction: Interaction
    client_name: str
    username: str
    language: str
    days: int | None


def asked(idp: Idp, interaction_id: str | None, browser: Browser, *, now: int) -> ConsentAsked | None:
    """The waiting request and who is to allow it; None when nobody is signed in or nothing waits."""
    interaction = interactions.waiting(idp, interaction_id, browser, now=now)
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
