"""One's own account: what there is, and changing what one signs in with (journeys G, H, I)."""

from flask import Blueprint

from idp.web.people.account import (
    activity,
    apps,
    authenticator,
    browsers,
    close,
    confirm,
    confirm_way,
    data,
    front,
    language,
    mobile,
    passkeys,
    password,
    recovery_codes,
    sessions,
    undo,
    username,
)
from idp.web.people.visit import Face


def blueprint(face: Face) -> Blueprint:
    """``/account`` and every page under it."""
    door = Blueprint("account", __name__)
    for page in (
        front,
        confirm,
        confirm_way,
        password,
        username,
        mobile,
        passkeys,
        undo,
        sessions,
        apps,
        activity,
        language,
        authenticator,
        recovery_codes,
        browsers,
        data,
        close,
    ):
        page.install(door, face)
    return door
