"""A customer of the random walks: how they registered, what they added on it, and what of that waits.

The five lives are written down by hand from docs/journeys/e.md and h.md; the pages are walked for real.
"""

from dataclasses import dataclass, field

from tests.attacks.earned import HOLD, LIMITED, Given
from tests.journeys.account_walks import EMAIL, MOBILE, prove
from tests.journeys.factor_walks import add_app, make_codes
from tests.journeys.passkey_walks import add
from tests.journeys.recovery_walks import NEW, boxes, proven
from tests.parts.soft_authenticator import SoftAuthenticator
from tests.service.in_process import PASSWORD, InProcess
from tests.service.visitor import Visitor

LIVES = ("settled", "added on a password", "born on an email", "recovered", "nothing added")


@dataclass
class Customer:
    """Maria. ``account_waits`` and ``added_waits``: until when what she gives earns the lowest class, epoch
    seconds."""

    life: str
    username: str
    password: str = PASSWORD
    device: SoftAuthenticator | None = None
    secret: str | None = None
    printed: list[str] = field(default_factory=list)
    account_waits: int = 0
    added_waits: int = 0

    def gives(self, kind: str, now: int) -> Given:
        """What a right answer of this kind is worth now."""
        waits = kind != "password" and now < self.account_waits
        waits = waits or (kind in ("passkey", "app", "printed") and now < self.added_waits)
        return Given(kind, now, waits)


def customer(service: InProcess, life: str) -> tuple[Customer, Visitor, list[Given]]:
    """Maria with this life, the browser in which she registered, and what she gave there."""
    visitor = service.visitor()
    made = Customer(life, EMAIL if life == "born on an email" else MOBILE)
    service.register(visitor, made.username)
    born = service.clock.now()
    if life == "born on an email":
        made.account_waits = born + HOLD
        prove(service, MOBILE)
    given = [made.gives("sms" if made.username == MOBILE else "email", born)]
    if life == "recovered":
        _recovered(service)
        made.password, made.account_waits = NEW, service.clock.now() + LIMITED
        return made, service.visitor(), []
    if life == "nothing added":
        return made, visitor, given
    if life == "added on a password":
        # Long enough for the code of the registration to be forgotten as a proof of the last minutes.
        service.clock.move(700)
        given.append(made.gives("password", service.clock.now()))
    made.device = SoftAuthenticator()
    add(visitor, made.device)
    made.secret = add_app(service, visitor)
    made.printed = make_codes(visitor)
    if life != "settled":
        made.added_waits = service.clock.now() + HOLD
    return made, visitor, given


def _recovered(service: InProcess) -> None:
    """Recover the account by its mobile alone, and keep what there is."""
    visitor = proven(service, MOBILE)
    if visitor.page == "recover-factors":
        visitor.press(**{name: "yes" for name, _ in boxes(visitor)})
    visitor.press(new_password=NEW)
    assert visitor.page == "recover-done", (visitor.page, visitor.faults)
