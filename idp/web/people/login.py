"""The sign-in page (journey D)."""

from collections.abc import Callable

from flask import Blueprint, Response, request

from idp.flows import authorize, login, register
from idp.flows.authorize import Lost
from idp.flows.login import SignedIn, Throttled, Wrong
from idp.web.people.account import doors
from idp.web.people.account.doors import Door
from idp.web.people.forms import LoginForm
from idp.web.people.visit import Face, Visit


def blueprint(face: Face) -> Blueprint:
    """``/login``."""
    door = Blueprint("login", __name__)

    @door.route("/login", methods=["GET", "POST"])
    def sign_in() -> Response:
        visit = Visit(face, request)
        visit.must_be_ours()
        named = visit.query.get("interaction")
        to = doors.named(visit.query.get("to")) if named is None else None
        if to is not None:
            return _own(visit, to)
        interaction = authorize.waiting(face.idp, named, visit.browser, now=visit.now)
        if interaction is None:
            return visit.page("no-interaction", status=400)
        if named is None:
            # Neither shown nor answered without its name: another may come meanwhile.
            return visit.go("/login", interaction=interaction.id)
        visit.belongs_to(interaction)
        client = face.idp.clients.get(interaction.request.client_id)
        name = None if client is None else client.name

        def page(status: int, values: dict[str, object], faults: dict[str, str]) -> Response:
            return visit.page(
                "login",
                status=status,
                client_name=name,
                register_url=f"/register?interaction={interaction.id}",
                recover_url=f"/recover?interaction={interaction.id}",
                can_cancel=True,
                values=values,
                faults=faults,
            )

        if not visit.pressed:
            return page(200, {"username": authorize.login_hint(face.idp, interaction) or ""}, {})
        if "cancel" in visit.form:
            declined = authorize.decline(face.idp, interaction.id, visit.browser, now=visit.now)
            if isinstance(declined, Lost):
                return visit.page("no-interaction", status=400)
            return visit.answer(declined, client_name=name)
        return _sign_in(
            visit,
            page,
            client_id=interaction.request.client_id,
            onward=lambda: visit.go("/authorize/resume", interaction=interaction.id),
            choose=lambda: visit.go("/account/username", interaction=interaction.id),
        )

    def _own(visit: Visit, to: Door) -> Response:
        """Sign in for oneself, without a relying party that waits."""
        if not visit.pressed and register.who_is_signed_in(face.idp, visit.browser, now=visit.now):
            return visit.go(to.path)

        def page(status: int, values: dict[str, object], faults: dict[str, str]) -> Response:
            return visit.page(
                "login",
                status=status,
                client_name=None,
                register_url="/register",
                recover_url="/recover",
                can_cancel=False,
                values=values,
                faults=faults,
            )

        if not visit.pressed:
            return page(200, {}, {})
        return _sign_in(
            visit,
            page,
            client_id=None,
            onward=lambda: visit.go(to.path),
            choose=lambda: visit.go("/account/username"),
        )

    def _sign_in(
        visit: Visit,
        page: Callable[[int, dict[str, object], dict[str, str]], Response],
        *,
        client_id: str | None,
        onward: Callable[[], Response],
        choose: Callable[[], Response],
    ) -> Response:
        """Take username and password; ``choose`` is for whoever needs another username (journey L)."""
        form = LoginForm.read(visit.form)
        if faults := form.faults():
            return page(200, form.values(), faults)
        outcome = login.sign_in(
            face.idp,
            form.username.data or "",
            form.password.data or "",
            visit.browser,
            client_id=client_id,
            now=visit.now,
            now_ms=visit.now_ms,
        )
        match outcome:
            case SignedIn(begun, username_ends):
                return visit.signed_in(choose() if username_ends else onward(), begun)
            case Wrong():
                return page(200, form.values(), {"password": "credentials_wrong"})
            case Throttled(retry_after):
                response = page(429, form.values(), {"page": "throttled"})
                response.headers["Retry-After"] = str(retry_after)
                return response

    return door
