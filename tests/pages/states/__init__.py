"""Every page in every state worth looking at: empty, with faults, with long names, without what may lack.

One module a door; each has its `STATES`.
"""

from tests.pages.states import (
    account,
    error,
    factors,
    identify,
    link,
    login,
    operation,
    own,
    passkeys,
    recover,
    register,
    rest,
)
from tests.pages.states.base import BARE, BRAND, LONG, State
from tests.pages.states.rest import FORM_POST

STATES: tuple[State, ...] = (
    *login.STATES,
    *register.STATES,
    *identify.STATES,
    *link.STATES,
    *recover.STATES,
    *account.STATES,
    *own.STATES,
    *passkeys.STATES,
    *operation.STATES,
    *factors.STATES,
    *rest.STATES,
    *error.STATES,
)

__all__ = ["BARE", "BRAND", "FORM_POST", "LONG", "STATES", "State"]
