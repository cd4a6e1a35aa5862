"""Changing the password: the one of today and the next one."""

from flask import Blueprint, Response

from idp.flows import credentials
from idp.flows.credentials import AlreadyChanged, Changed, Same
from idp.flows.login import Throttled, Wrong
from idp.flows.passwords import PasswordRefused
from idp.web.people.account.doors import PASSWORD
from idp.web.people.account.entering import enter
from idp.web.people.forms import AccountPasswordForm
from idp.web.people.register import password_rules
from idp.web.people.visit import Face, later
from idp.web.people.words import again_in


def install(door: Blueprint, face: Face) -> None:
    """``/account/password``."""

    @door.route(PASSWORD.path, methods=["GET", "POST"])
    def password() -> Response:
        here = enter(face, PASSWORD)
        if isinstance(here, Response):
            return here
        visit = here.visit

        def page(faults: dict[str, str], *, status: int = 200) -> Response:
            return here.page(
                "account-password",
                status=status,
                username=here.owner.profile.username.text,
                rules=password_rules(face),
                back_url="/account",
                faults=faults,
            )

        if not visit.pressed:
            return page({})
        form = AccountPasswordForm.read(visit.form)
        if faults := form.faults():
            return page(faults)
        outcome = credentials.change_password(
            face.idp,
            here.owner,
            form.current_password.data or "",
            form.new_password.data or "",
            visit.browser,
            now=visit.now,
            now_ms=visit.now_ms,
        )
        match outcome:
            case Changed(begun):
                return visit.signed_in(visit.go("/account", done="password"), begun)
            case AlreadyChanged():
                return visit.go("/account", done="password")
            case Wrong():
                return page({"current_password": "password_wrong"})
            case Same():
                return page({"new_password": "password_same"})
            case PasswordRefused(fault):
                return page({"new_password": fault})
            case Throttled(retry_after):
                return later(page({"page": again_in("throttled", retry_after)}, status=429), retry_after)
