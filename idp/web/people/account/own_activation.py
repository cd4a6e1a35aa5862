"""The form in which customers who are signed in type an activation code of their own (journeys E and G)."""

from collections.abc import Callable
from typing import TypeVar

from flask import Response

from idp.flows.activation import Wrong
from idp.flows.proving import Limited
from idp.values import Malformed
from idp.web.people.forms import OwnActivationForm
from idp.web.people.visit import Visit, later
from idp.web.people.words import again_in

Outcome = TypeVar("Outcome")


def typed_code(
    visit: Visit, page: Callable[..., Response], confirm: Callable[[str], Outcome | Wrong | Limited]
) -> Response | Outcome:
    """What the code that was typed leads to; ``page`` again, with its fault, where it is none that does.

    ``page`` takes faults by field and a status, ``confirm`` the code as typed.
    """
    form = OwnActivationForm.read(visit.form)
    if faults := form.faults():
        return page(
            {name: "activation_malformed" if fault == "too_long" else fault for name, fault in faults.items()}
        )
    try:
        outcome = confirm(form.activation_code.data or "")
    except Malformed:
        return page({"activation_code": "activation_malformed"})
    if isinstance(outcome, Wrong):
        return page({"activation_code": "activation_wrong"})
    if isinstance(outcome, Limited):
        wait = outcome.retry_after
        return later(page({"page": again_in("throttled", wait)}, status=429), wait)
    return outcome
