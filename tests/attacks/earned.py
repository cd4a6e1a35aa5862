"""What somebody has earned by what they really gave, worked out by hand from docs/assurance.md.

Nothing of the product is asked here: neither its table of proofs nor its classes.
"""

import json
from dataclasses import dataclass

ONE, TWO, THREE = "urn:idp:acr:1", "urn:idp:acr:2", "urn:idp:acr:3"
CLASSES = (ONE, TWO, THREE)
HOLD, LIMITED = 48 * 3600, 24 * 3600
"""Seconds for which what is new, and whoever recovered without a second proof, earns the lowest class."""

TOGETHER = 600
"""Seconds of the newest proof for which a second factor counts."""

_SECOND = frozenset({"sms", "app", "printed"})
_METHODS = {
    "password": {"pwd"},
    "email": {"otp"},
    "sms": {"otp", "sms"},
    "app": {"otp"},
    "printed": {"otp"},
    "passkey": {"hwk", "user", "mfa"},
}


def acr_claim(*values: str, essential: bool) -> str:
    """The ``claims`` parameter that asks for these classes."""
    return json.dumps({"id_token": {"acr": {"essential": essential, "values": list(values)}}})


DEMANDS: tuple[tuple[dict[str, str], str | None], ...] = (
    ({}, None),
    ({"acr_values": ONE}, ONE),
    ({"acr_values": TWO}, TWO),
    ({"acr_values": THREE}, THREE),
    ({"acr_values": f"{TWO} {ONE}"}, ONE),
    ({"acr_values": f"{THREE} {TWO}"}, TWO),
    ({"acr_values": "unknown"}, None),
    ({"scope": "openid payout"}, TWO),
    ({"claims": acr_claim(TWO, essential=True)}, TWO),
    ({"claims": acr_claim(THREE, essential=True)}, THREE),
    ({"claims": acr_claim(THREE, TWO, essential=True)}, TWO),
    ({"claims": acr_claim(THREE, essential=False)}, THREE),
)
"""What relying parties demand, each with the least that answers it."""


@dataclass(frozen=True, slots=True)
class Given:
    """A right answer that was taken: what it was, when (epoch seconds), and whether it still waits."""

    kind: str
    at: int
    waits: bool = False


def newest(given: list[Given]) -> int:
    """When somebody last proved who they are: the ``auth_time`` they have, epoch seconds."""
    return max(one.at for one in given)


def acr_of(given: list[Given]) -> str:
    """The class that these earn together."""
    counts = {one.kind for one in _lately(given) if not one.waits}
    if "passkey" in counts:
        return THREE
    # A password is known for as long as the session lives.
    known = any(one.kind == "password" for one in given)
    return TWO if known and counts & _SECOND else ONE


def amr_of(given: list[Given]) -> set[str]:
    """The most that can be said of how it was proven."""
    methods = {method for one in _lately(given) for method in _METHODS[one.kind]}
    methods |= {"pwd"} if any(one.kind == "password" for one in given) else set()
    return methods | ({"mfa"} if acr_of(given) == TWO else set())


def is_enough(earned: str, least: str | None) -> bool:
    """Whether a class is what was demanded, or more."""
    return least is None or CLASSES.index(earned) >= CLASSES.index(least)


def factor_at(given: list[Given], least: str) -> int:
    """When that was given which makes a class more than a password, epoch seconds; 0 for never."""
    strong = {"passkey"} if least == THREE else {*_SECOND, "passkey"}
    return max((one.at for one in given if one.kind in strong and not one.waits), default=0)


def _lately(given: list[Given]) -> list[Given]:
    return [one for one in given if newest(given) - one.at <= TOGETHER]
