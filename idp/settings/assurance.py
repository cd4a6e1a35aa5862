"""What is asked to be sure who somebody is, beyond a password."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from idp.settings.section import Section
from idp.values import Acr


def _classes(given: object) -> object:
    if not isinstance(given, Mapping):
        raise ValueError("a table of scope = class is wanted")
    known = {acr.value: acr for acr in Acr}
    for value in given.values():
        if value not in known:
            raise ValueError(f"a class is one of {', '.join(known)}")
    return {str(scope): known[value] for scope, value in given.items()}


def _closed(given: Mapping[str, Acr]) -> Mapping[str, Acr]:
    return MappingProxyType(dict(given))


Scopes = Annotated[
    Mapping[str, Acr],
    BeforeValidator(_classes),
    AfterValidator(_closed),
]


class Assurance(Section):
    """How sure we are who somebody is: the second factor, and what confirms (see docs/assurance.md)."""

    second_factor: Literal["untrusted", "unusual", "never"] = Field(
        default="untrusted",
        description="When a sign-in by password asks for a code too: `untrusted`, in every browser the "
        "customer does not trust; `unusual`, when it is unlike the ones before; `never`, only when a client "
        "or a scope demands it.",
    )
    unusual_failures: int = Field(
        default=5,
        ge=1,
        le=1000,
        description="Wrong passwords for one account in the window of `limits.login_failures_per_account` "
        "after which a sign-in is unusual.",
    )
    scopes: Scopes = Field(
        default={"payout": Acr.TWO_FACTOR},
        validate_default=True,
        description="What a scope demands, as scope = class: no request for it is answered with less.",
    )
    sms_beside_passkey: Literal["allow", "refuse"] = Field(
        default="allow",
        description="Whether a customer with fingerprint or face may confirm by SMS too, which is weaker "
        "(`allow`), or not (`refuse`). Credentials are never changed by SMS then.",
    )
