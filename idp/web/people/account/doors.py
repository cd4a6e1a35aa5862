"""Where a sign-in or a fresh authentication may lead: names of our own pages, never an address."""

from collections.abc import Mapping
from dataclasses import dataclass

from idp.flows.fresh import Needs


@dataclass(frozen=True, slots=True)
class Door:
    """A page of one's own account; ``needs`` is what it wants proven anew, None where a session is enough."""

    name: str
    path: str
    needs: Needs | None = None


ACCOUNT = Door("account", "/account")
PASSWORD = Door("password", "/account/password")
USERNAME = Door("username", "/account/username", Needs.ANY)
MOBILE = Door("mobile", "/account/mobile", Needs.CONTACT)
MOBILE_CONFIRM = Door("mobile-confirm", "/account/mobile/confirm", Needs.ANY)
PASSKEYS = Door("passkeys", "/account/passkeys", Needs.ANY)
PASSKEY_ADD = Door("passkey-add", "/account/passkeys/add", Needs.ANY)
SESSIONS = Door("sessions", "/account/sessions")
APPS = Door("apps", "/account/apps")
ACTIVITY = Door("activity", "/account/activity")
LANGUAGE = Door("language", "/account/language")
AUTHENTICATOR = Door("authenticator", "/account/authenticator", Needs.ANY)
AUTHENTICATOR_ADD = Door("authenticator-add", "/account/authenticator/add", Needs.ANY)
RECOVERY_CODES = Door("recovery-codes", "/account/recovery-codes", Needs.ANY)
BROWSERS = Door("browsers", "/account/browsers")
DATA = Door("data", "/account/data", Needs.ANY)
CLOSE = Door("close", "/account/close", Needs.CONTACT)

NEWS = 120
"""Seconds for which a page says what was just done."""

DOORS: Mapping[str, Door] = {
    door.name: door
    for door in (
        ACCOUNT,
        PASSWORD,
        USERNAME,
        MOBILE,
        MOBILE_CONFIRM,
        PASSKEYS,
        PASSKEY_ADD,
        SESSIONS,
        APPS,
        ACTIVITY,
        LANGUAGE,
        AUTHENTICATOR,
        AUTHENTICATOR_ADD,
        RECOVERY_CODES,
        BROWSERS,
        DATA,
        CLOSE,
    )
}


def named(name: str | None) -> Door | None:
    """The door of this name; None for whatever else somebody wrote into an address."""
    return None if name is None else DOORS.get(name)
