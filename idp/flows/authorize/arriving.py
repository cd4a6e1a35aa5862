"""A request arrives, is pushed, or comes back when its person has done something."""

from dataclasses import dataclass, field

from idp.flows import push as pushes
from idp.flows.authorize import answering, interactions, validating
from idp.flows.authorize.answering import Answered, Lost
from idp.flows.authorize.validating import Shown
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.flows.push import Pushed
from idp.oidc.authorization import pushed
from idp.oidc.authorization.checks import DISPLAYED, Asked, first_fault
from idp.oidc.client import Client
from idp.oidc.dpop import invalid_proof
from idp.oidc.interaction import Step
from idp.oidc.parameters import Parameters
from idp.store import authorize as store
from idp.values import Handle


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


def begin_silently(
    idp: Idp, parameters: Parameters, browser: Browser, *, now: int, now_ms: int
) -> Answered | None:
    """The code, for a request by GET about which nobody is asked; None: nothing was done, ``begin`` it."""
    validated = validating.validated(idp, parameters, now=now)
    if not isinstance(validated, tuple) or validated[0].response_mode != "query":
        return None
    request, client = validated
    with idp.reading() as tx:
        standing = answering.standing_of(
            idp, tx, request, client, browser, asked_at=now_ms, now=now, now_ms=now_ms
        )
    return answering.answer(idp, standing, None, now=now) if standing.step is Step.ISSUE else None


def begin(
    idp: Idp, parameters: Parameters, browser: Browser, *, now: int, now_ms: int
) -> Shown | Answered | Waiting:
    """Take a request that came by GET."""
    validated = validating.validated(idp, parameters, now=now)
    if not isinstance(validated, tuple):
        return validated
    request, client = validated
    with idp.reading() as tx:
        standing = answering.standing_of(
            idp, tx, request, client, browser, asked_at=now_ms, now=now, now_ms=now_ms
        )
    answered = answering.answer(idp, standing, None, now=now)
    if answered is not None:
        return answered
    step = standing.step
    if not isinstance(step, Step) or step is Step.ISSUE:
        # Another tab has just answered the pushed request.
        return Shown(pushed.unknown())
    handle = browser.handle or idp.entropy.handle()
    interaction = interactions.new(idp, request, asked_at=now_ms, now=now)
    with idp.writing() as tx:
        store.wait(tx, interaction, handle.digest)
    return Waiting(step, interaction.id, None if browser.handle else handle)


def begin_posted(idp: Idp, parameters: Parameters, *, now: int, now_ms: int) -> Shown | Answered | Unclaimed:
    """Take a request that came by POST, from another site and thus without our cookies (OpenID Connect Core
    §3.1.2.1)."""
    validated = validating.validated(idp, parameters, now=now)
    if not isinstance(validated, tuple):
        return validated
    interaction = interactions.new(idp, validated[0], asked_at=now_ms, now=now)
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
    asked = Asked(Parameters(kept), client, validating.policy_of(idp), given.reference)
    fault = first_fault(DISPLAYED, asked) or validating.redirected_fault(idp, asked)[0]
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
    if interaction is None:
        return Lost()
    standing = interactions.standing_of(idp, interaction, browser, now=now, now_ms=now_ms)
    if standing is None:
        return Lost()
    if isinstance(standing.step, Step) and standing.step is not Step.ISSUE:
        return Waiting(standing.step, interaction.id, None if browser.handle else handle)
    return answering.answer(idp, standing, interaction, now=now) or Lost()
