"""The walks of the authenticator app and of recovery codes, without a browser."""

import re
from urllib.parse import unquote

from idp.accounts import recovery_codes as rules
from idp.accounts import totp
from idp.accounts.totp import Authenticator
from idp.store import authenticators
from idp.store import recovery_codes as kept_codes
from idp.store.recovery_codes import NewSet
from tests.journeys.account_walks import rows, signed_in, value
from tests.service.in_process import PASSWORD, InProcess
from tests.service.visitor import Visitor

APP, ADD, CODES = "/account/authenticator", "/account/authenticator/add", "/account/recovery-codes"

_KEY = re.compile(r'<code id="key">([A-Z2-7 ]+)</code>')
_CODE = re.compile(r"<li><code>([0-9A-Z]{5}-[0-9A-Z]{5})</code></li>")
_URI = re.compile(r'id="open-app" href="([^"]+)"')


def registered(service: InProcess, contact: str = "maria.rossi@posta.example") -> Visitor:
    """Maria, signed in by her password an hour after she registered."""
    service.register(service.visitor(), contact)
    service.clock.move(3600)
    return signed_in(service, contact)


def to(visitor: Visitor, path: str) -> None:
    """In front of a page of the account, confirmed by password where that is asked."""
    visitor.get(path)
    if visitor.page == "account-confirm":
        visitor.press(current_password=PASSWORD)


def secret_on(visitor: Visitor) -> str:
    """The key that the page shows."""
    found = _KEY.search(visitor.last.text)
    assert found is not None, visitor.page
    return found[1].replace(" ", "")


def uri_on(visitor: Visitor) -> str:
    """What the QR code of the page holds."""
    found = _URI.search(visitor.last.text)
    assert found is not None, visitor.page
    return unquote(found[1].replace("&amp;", "&"))


def code_of(service: InProcess, secret: str, steps: int = 0) -> str:
    """What the app shows now, or so many steps later."""
    return totp.code_at(secret, totp.counter_at(service.clock.now()) + steps)


def wrong_of(service: InProcess, *secrets: str) -> str:
    """Six digits that no such app shows around now."""
    shown = {code_of(service, secret, steps) for secret in secrets for steps in range(-3, 4)}
    return next(f"{number:06d}" for number in range(100) if f"{number:06d}" not in shown)


def add_app(service: InProcess, visitor: Visitor) -> str:
    """Set up an app; its secret."""
    to(visitor, ADD)
    assert visitor.page == "authenticator-add", (visitor.page, visitor.faults)
    secret = secret_on(visitor)
    visitor.press(code=code_of(service, secret))
    assert visitor.page == "authenticator", (visitor.page, visitor.faults)
    return secret


def make_codes(visitor: Visitor) -> list[str]:
    """Make recovery codes; what the page shows."""
    to(visitor, CODES)
    assert visitor.page == "recovery-codes", (visitor.page, visitor.faults)
    visitor.press(make="yes")
    assert visitor.page == "recovery-codes-made", (visitor.page, visitor.faults)
    return _CODE.findall(visitor.last.text)


# Of the two that follow the secret and the codes are known.
KNOWN_SECRET = totp.secret_of(b"12345678901234567890")
KNOWN_CODES = rules.fresh(b"".join(bytes(6) + bytes([number]) for number in range(100, 110)))


def with_app(service: InProcess, *, secret: str = KNOWN_SECRET, pending_until: int | None = None) -> str:
    """Maria, registered, with an app whose secret we know; her ``sub``."""
    if not rows(service, "SELECT COUNT(*) FROM accounts"):
        service.register(service.visitor())
    sub = str(value(service, "SELECT sub FROM accounts"))
    made = Authenticator(
        sub=sub,
        last_counter=0,
        created_at=service.clock.now(),
        pending_until=pending_until,
        sealed_secret=authenticators.seal_secret(service.idp.sealer, sub, secret),
    )
    with service.idp.writing() as tx:
        authenticators.keep(tx, made, cancel_digest=bytes(32))
    return sub


def with_codes(service: InProcess, *, pending_until: int | None = None) -> str:
    """Maria, registered, with recovery codes that we know; her ``sub``."""
    if not rows(service, "SELECT COUNT(*) FROM accounts"):
        service.register(service.visitor())
    sub = str(value(service, "SELECT sub FROM accounts"))
    digests = tuple(service.idp.sealer.recovery_code_digest(sub, code) for code in KNOWN_CODES)
    with service.idp.writing() as tx:
        kept_codes.keep(tx, NewSet(sub, digests, service.clock.now(), pending_until, bytes(32)))
    return sub
