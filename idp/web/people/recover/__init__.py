"""The pages of recovery (journey H): who it is, a contact, a code, a second proof, what to keep, a password.

Each page asks the store where the recovery stands and leads there when it is not here; nothing is taken from
the browser but what its own form asks. Up to the right answer no page depends on whether there is an account.
"""

from flask import Blueprint

from idp.web.people.recover import beginning, ending, first_proof, second_proof
from idp.web.people.visit import Face


def blueprint(face: Face) -> Blueprint:
    """``/recover`` and every page under it."""
    door = Blueprint("recover", __name__)
    for page in (beginning, first_proof, second_proof, ending):
        page.install(door, face)
    return door
