"""How sure a request wants us to be of who somebody is, and whether a session is (OpenID Connect Core §2, RFC
9470).

What a client's registration and the scopes' policy demand stands, whatever a request says; a request can only
ask for more. Of several classes it names, the weakest is enough: any of them, or a stronger one, does.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from idp.oidc.authorization.request import AuthorizationRequest
from idp.oidc.client import Client
from idp.oidc.session import Session
from idp.values import Acr

_ORDER = (Acr.SINGLE, Acr.TWO_FACTOR, Acr.PASSKEY)


def at_least(acr: Acr, wanted: Acr) -> bool:
    """Whether a class is one or stronger than it."""
    return _ORDER.index(acr) >= _ORDER.index(wanted)


def strongest(classes: Iterable[Acr]) -> Acr:
    """The strongest of these; the lowest class where there are none."""
    return max(classes, key=_ORDER.index, default=Acr.SINGLE)


def known(values: Iterable[str]) -> tuple[Acr, ...]:
    """The classes of ours among those that somebody names; unknown ones are nobody's."""
    ours = set(_ORDER)
    return tuple(Acr(value) for value in values if value in ours)


def demanded(request: AuthorizationRequest, client: Client, scopes: Mapping[str, Acr]) -> Acr:
    """The least class with which this request is answered; ``scopes``: what each demands by policy."""
    wanted = [client.minimum_acr, *(scopes[scope] for scope in request.scope if scope in scopes)]
    named = (known(request.acr_values), known(request.essential_acr))
    return strongest((*wanted, *(min(one, key=_ORDER.index) for one in named if one)))


def satisfies(session: Session, wanted: Acr, *, since: int | None, asked_at: int, prompted: bool) -> bool:
    """Whether a session is of the class that is wanted, and its factor young enough.

    ``since``: the oldest time of the factor (milliseconds), None where its age does not matter;
    ``prompted``: it must be newer than the request itself.
    """
    if not at_least(session.acr, wanted):
        return False
    factor_at = session.factor_at(wanted)
    if wanted is Acr.SINGLE or factor_at > asked_at:
        return True
    return not prompted and (since is None or factor_at >= since)


@dataclass(frozen=True, slots=True)
class ClaimsAsked:
    """What the ``claims`` parameter says that we act on (OpenID Connect Core §5.5.1).

    ``essential``: classes of which one must be earned; ``voluntary``: classes asked for like ``acr_values``.
    ``sub``: the one person it must be.
    """

    essential: tuple[str, ...] = ()
    voluntary: tuple[str, ...] = ()
    sub: str | None = None


def claims_asked(parameter: str | None) -> ClaimsAsked:
    """Read the ``claims`` parameter; what we do not know of is ignored. Raises ``ValueError`` for what is no
    such object."""
    if parameter is None:
        return ClaimsAsked()
    try:
        asked = json.loads(parameter)
    except RecursionError:
        raise ValueError("claims are nested too deeply") from None
    members = [_object(_object(asked).get(name)) for name in ("id_token", "userinfo")]
    acr = _object(members[0].get("acr"))
    named = _named(acr)
    essential = acr.get("essential") is True
    subs = {value for member in members for value in _named(_object(member.get("sub")))}
    if len(subs) > 1:
        raise ValueError("claims name two persons")
    return ClaimsAsked(
        essential=named if essential else (),
        voluntary=() if essential else named,
        sub=next(iter(subs), None),
    )


def _object(value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError("claims is not an object of objects")
    return value


def _named(claim: Mapping[str, Any]) -> tuple[str, ...]:
    value, values = claim.get("value"), claim.get("values")
    found = [*([] if value is None else [value]), *(values if isinstance(values, list) else [])]
    if not all(isinstance(one, str) for one in found):
        raise ValueError("a claim's value is not a text")
    return tuple(dict.fromkeys(found))[:10]
