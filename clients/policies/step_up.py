"""Step-up for an API, in one file: may this token do this operation, and if not, what has to be asked for?

Copy the idea. It needs the claims of an access token whose signature, issuer, audience and lifetime were
verified before, and the operation as the caller asks for it:

    1. How well, and how lately, did the person prove who they are?   acr, auth_time          RFC 9470 §3
    2. Was the client given leave for such operations?                scope                   RFC 6750 §3.1
    3. Did the person approve this very operation?                    authorization_details   RFC 9396 §9.1
    4. Is the approval used for the first time?                       jti                     RFC 9068 §2.2

`challenge` answers the first three. The fourth belongs in the transaction that does the operation: keep the
`jti` beside it under a unique index (payouts.py), or two requests at once are both the first.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LADDER = ("urn:idp:acr:1", "urn:idp:acr:2", "urn:idp:acr:3")
"""The provider's classes of authentication, weakest first; a class that is not here is worth nothing."""


@dataclass(frozen=True)
class Demand:
    """What an operation asks of a token: at least `acr`, proven at most `max_age` seconds ago; `scope`."""

    acr: str
    max_age: int
    scope: str


PAYOUT = Demand(acr="urn:idp:acr:2", max_age=300, scope="payout")


@dataclass(frozen=True)
class Challenge:
    """Why the token does not do, and what would: `WWW-Authenticate` tells the client all of it."""

    status: int
    error: str
    description: str
    demand: Demand

    @property
    def attributes(self) -> dict[str, str]:
        """What the client has to ask the provider for (RFC 9470 §3, RFC 6750 §3)."""
        return {
            "acr_values": self.demand.acr,
            "max_age": str(self.demand.max_age),
            "scope": self.demand.scope,
        }


def challenge(
    claims: Mapping[str, Any], operation: Mapping[str, Any], demand: Demand, now: int
) -> Challenge | None:
    """None when the token may do `operation` at `now` (epoch seconds), else the challenge to answer with.

    `operation` is the one authorization details object that describes it, to the letter.
    """
    if not strong_enough(claims.get("acr"), demand.acr):
        return _stronger("a stronger authentication is needed", demand)
    if not young_enough(claims.get("auth_time"), demand.max_age, now):
        return _stronger("a more recent authentication is needed", demand)
    scope = claims.get("scope")
    if not isinstance(scope, str) or demand.scope not in scope.split(" "):
        return _narrow(f"the scope {demand.scope} is needed", demand)
    approved = claims.get("authorization_details")
    # One approval, one operation: a list of several would leave open which of them was meant.
    if not isinstance(approved, list) or len(approved) != 1 or approved[0] != operation:
        return _narrow("the customer has not approved this operation", demand)
    return None


def strong_enough(acr: Any, wanted: str) -> bool:
    """Whether `acr` is the wanted class or a higher one."""
    return acr in LADDER and LADDER.index(acr) >= LADDER.index(wanted)


def young_enough(auth_time: Any, max_age: int, now: int) -> bool:
    """Whether the person proved who they are within `max_age` seconds before `now`, and not after it."""
    if isinstance(auth_time, bool) or not isinstance(auth_time, (int, float)) or not math.isfinite(auth_time):
        return False
    # Two machines' clocks may differ by moments; a proof from further ahead is from nowhere.
    return -10 <= now - auth_time <= max_age


def _stronger(description: str, demand: Demand) -> Challenge:
    return Challenge(401, "insufficient_user_authentication", description, demand)


def _narrow(description: str, demand: Demand) -> Challenge:
    return Challenge(403, "insufficient_scope", description, demand)
