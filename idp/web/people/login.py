"""The sign-in page (journey D)."""

from flask import Blueprint, Response, request

from idp.flows import authorize, login
from idp.flows.authorize import Lost
from idp.flows.login import SignedIn, Throttled, Wrong
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
        form = LoginForm.read(visit.form)
        if faults := form.faults():
            return page(200, form.values(), faults)
        outcome = login.sign_in(
            face.idp,
            form.username.data or "",
            form.password.data or "",
            visit.browser,
            client_id=interaction.request.client_id,
            now=visit.now,
            now_ms=visit.now_ms,
        )
        match outcome:
            case SignedIn(begun):
                return visit.signed_in(visit.go("/authorize/resume", interaction=interaction.id), begun)
            case Wrong():
                return page(200, form.values(), {"password": "credentials_wrong"})
            case Throttled(retry_after):
                response = page(429, form.values(), {"page": "throttled"})
                response.headers["Retry-After"] = str(retry_after)
                return response

    return door
