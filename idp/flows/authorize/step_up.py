"""More is demanded than was proven: what the page that asks for it says."""

from dataclasses import dataclass

from idp.flows.authorize import interactions
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.oidc.assurance import demanded
from idp.store.authorize import Interaction
from idp.values import Acr


@dataclass(frozen=True, slots=True)
class StepUpAsked:
    """What the step-up page serves: the request that waits, who asks, and the least class it demands."""

    interaction: Interaction
    client_name: str
    wanted: Acr


def asked(idp: Idp, interaction_id: str | None, browser: Browser, *, now: int) -> StepUpAsked | None:
    """The request that waits for a step-up in this browser, None where none does."""
    interaction = interactions.waiting(idp, interaction_id, browser, now=now)
    client = None if interaction is None else idp.clients.get(interaction.request.client_id)
    if interaction is None or client is None:
        return None
    wanted = demanded(interaction.request, client, idp.settings.assurance.scopes)
    return StepUpAsked(interaction, client.name, wanted)
