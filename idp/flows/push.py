"""Where pushed authorization requests wait for their browser (RFC 9126): sealed, for minutes, in Ephemera.

A login hint is mostly somebody's username, so what is kept is sealed as personal data are. Nothing here may
run while a writing transaction is open.
"""

from dataclasses import dataclass, field

from idp.flows.idp import Idp
from idp.oidc.authorization.pushed import could_be_ours, kept_under, request_uri
from idp.oidc.parameters import Parameters
from idp.ports import Entropy


@dataclass(frozen=True, slots=True)
class Pushed:
    """A pushed request, and for how many seconds a browser may come with its address."""

    request_uri: str = field(repr=False)
    expires_in: int

    @property
    def reference(self) -> str:
        """What it is kept under."""
        return kept_under(self.request_uri)


def address(entropy: Entropy, life: int) -> Pushed:
    """A fresh address that nobody can guess (RFC 9126 §7.1)."""
    return Pushed(request_uri(entropy.handle().secret), life)


def keep(idp: Idp, pushed: Pushed, parameters: dict[str, str], *, now: int) -> None:
    """Keep what was pushed. Raises ``EphemeraDown``."""
    reference = pushed.reference
    sealed = idp.sealer.seal(parameters, _place(reference))
    idp.ephemera.put(_waiting(reference), sealed, pushed.expires_in, now)


def find(idp: Idp, uri: str, client_id: str | None, *, now: int) -> tuple[str, Parameters] | None:
    """The request behind an address that this client pushed, with what it is kept under.

    None when there is none, or none any more. It stays, so that a page can be loaded again. Raises
    ``EphemeraDown``.
    """
    if not could_be_ours(uri):
        return None
    reference = kept_under(uri)
    sealed = idp.ephemera.peek(_waiting(reference), now)
    if sealed is None:
        return None
    parameters: dict[str, str] = idp.sealer.open(sealed, _place(reference))
    if parameters["client_id"] != client_id:
        return None
    return reference, Parameters(parameters)


def answer_once(idp: Idp, reference: str, *, now: int) -> bool:
    """Whether the request may be answered now: one caller of many may, and afterwards nobody finds it.

    Several tabs may have come with it, and may stay at their page after the address expired: the mark lives
    longer than they do. Raises ``EphemeraDown``.
    """
    life = idp.settings.par.lifetime + idp.settings.lifetimes.interaction
    if not idp.ephemera.add(f"par-answered:{reference}", b"1", life, now):
        return False
    idp.ephemera.drop(_waiting(reference))
    return True


def _waiting(reference: str) -> str:
    return f"par:{reference}"


def _place(reference: str) -> str:
    return f"ephemera/par/{reference}"
