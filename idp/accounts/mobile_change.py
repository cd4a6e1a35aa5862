"""A mobile number that a customer typed, on its way to being worth something (journey G).

::

    proving ──code answered──▶ pending ──48 h──────────────────▶ confirmed
       │                          ├──registry, admin, activation──▶ confirmed
       │                          ├──one press──▶ cancelled
       │                          └──a newer change──▶ cancelled
       ├──a newer change──▶ cancelled
       └──never answered──▶ expired

A pending number receives its own proof and nothing else: it is no username, no factor, no way to recover.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from idp.values import MobileNumber


class ChangeState(StrEnum):
    """Where a change stands."""

    PROVING = "proving"
    PENDING = "pending"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class ConfirmedBy(StrEnum):
    """What made a pending number good."""

    TIME = "time"
    REGISTRY = "registry"
    ADMIN = "admin"
    ACTIVATION = "activation"


@dataclass(frozen=True, slots=True)
class MobileChange:
    """One change; times are epoch seconds."""

    id: str
    sub: str
    mobile: MobileNumber = field(repr=False)
    # The number before was reported lost: nothing more is sent there.
    old_lost: bool
    state: ChangeState
    asked_at: int
    proven_at: int | None = None
    matures_at: int | None = None

    def under_way(self, now: int) -> bool:
        """Whether it still can come to something."""
        return self.state in (ChangeState.PROVING, ChangeState.PENDING) and not self.mature(now)

    def mature(self, now: int) -> bool:
        """Whether its time has come and nobody cancelled it."""
        return self.state is ChangeState.PENDING and self.matures_at is not None and self.matures_at <= now
