"""The sign-in page (journeys D and E)."""

from collections.abc import Callable

from flask import Blueprint, Response, request

from idp.accounts.ceremonies import encoded
from idp.flows import ceremonies, login, passkey_sign_in, passkeys, register
from idp.flows.authorize import interactions, refusing
from idp.flows.authorize.answering import Lost
from idp.flows.login import SignedIn, Throttled, Wrong
from idp.flows.own_passkey import NotAccepted
from idp.flows.recover import ending
from idp.oidc.assurance import demanded
from idp.oidc.authorization.request import AuthorizationRequest
from idp.oidc.client import Client
from idp.values import Acr
from idp.web.people import login_code
from idp.web.people.account import doors
from idp.web.people.account.doors import Door
from idp.web.people.forms import LoginForm
from idp.web.people.login_code import CODE
from idp.web.people.passkey_offer import OFFER, SIGN_IN_OPTIONS
from idp.web.people.recover.recovering import RECOVERY
from idp.web.people.visit import Face, Visit, later
from idp.web.people.words import again_in


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
        interaction = interactions.waiting(face.idp, named, visit.browser, now=visit.now)
        if interaction is None:
            return visit.page("no-interaction", status=400)
        if named is None:
            # Neither shown nor answered without its name: another may come meanwhile.
            return visit.go("/login", interaction=interaction.id)
        visit.belongs_to(interaction)
        client = face.idp.clients.get(interaction.request.client_id)
        name = None if client is None else client.name

        # Who is asked once more is told why, and need not type the username again.
        here = register.who_is_signed_in(face.idp, visit.browser, now=visit.now)
        hinted = interaction.request.hinted_sub
        if here is not None and hinted not in (None, here.sub):
            here = None

        def page(
            status: int, values: dict[str, object], faults: dict[str, str], unknown: bytes | None = None
        ) -> Response:
            return visit.page(
                "login",
                status=status,
                client_name=name,
                again=here is not None,
                passkey_url=SIGN_IN_OPTIONS,
                passkey_first=_passkey_first(interaction.request, client),
                unknown_passkey=_unknown(unknown),
                # Where one certain person is expected, they have an account.
                register_url=f"/register?interaction={interaction.id}" if hinted is None else None,
                recover_url=f"/recover?interaction={interaction.id}",
                can_cancel=True,
                values=values,
                faults=faults,
            )

        if not visit.pressed:
            recovered_name = _recovered(visit)
            if recovered_name is not None:
                return visit.forget(page(200, {"username": recovered_name}, {}), RECOVERY)
            hint = interactions.login_hint(face.idp, interaction)
            return page(200, {"username": hint or ("" if here is None else here.username.readable)}, {})
        if "cancel" in visit.form:
            declined = refusing.decline(face.idp, interaction.id, visit.browser, now=visit.now)
            if isinstance(declined, Lost):
                return visit.page("no-interaction", status=400)
            return visit.answer(declined, client_name=name)
        return _sign_in(
            visit,
            page,
            client_id=interaction.request.client_id,
            onward=lambda: visit.go("/authorize/resume", interaction=interaction.id),
            second=lambda: visit.go(CODE, interaction=interaction.id),
            choose=lambda: visit.go("/account/username", interaction=interaction.id),
            offer=lambda: visit.go(OFFER, interaction=interaction.id),
        )

    def _recovered(visit: Visit) -> str | None:
        """The username that a recovery in this browser has just shown."""
        handle = face.cookies.handle(request, RECOVERY)
        ended = None if handle is None else ending.finished(face.idp, handle, visit.browser, now=visit.now)
        return None if ended is None else ended.username.readable

    def _own(visit: Visit, to: Door) -> Response:
        """Sign in for oneself, without a relying party that waits."""
        if not visit.pressed and register.who_is_signed_in(face.idp, visit.browser, now=visit.now):
            return visit.go(to.path)

        def page(
            status: int, values: dict[str, object], faults: dict[str, str], unknown: bytes | None = None
        ) -> Response:
            return visit.page(
                "login",
                status=status,
                client_name=None,
                again=False,
                passkey_url=SIGN_IN_OPTIONS,
                passkey_first=False,
                unknown_passkey=_unknown(unknown),
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
            second=lambda: visit.go(CODE, to=to.name),
            choose=lambda: visit.go("/account/username"),
            offer=lambda: visit.go(OFFER, to=to.name),
        )

    def _sign_in(
        visit: Visit,
        page: Callable[..., Response],
        *,
        client_id: str | None,
        onward: Callable[[], Response],
        second: Callable[[], Response],
        choose: Callable[[], Response],
        offer: Callable[[], Response],
    ) -> Response:
        """Take username and password, or a passkey.

        ``second`` is for whoever is to confirm in a second way before they are signed in.
        ``choose`` is for whoever needs another username (journey L), ``offer`` for whoever could sign in with
        fingerprint or face and does not yet (journey A8).
        """
        if "credential" in visit.form:
            return _by_passkey(visit, page, client_id=client_id, onward=onward, choose=choose)
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
            case SignedIn(begun) if begun.session.is_due:
                login_code.send_first(visit, begun)
                return visit.signed_in(second(), begun)
            case SignedIn(begun, username_ends):
                if username_ends:
                    return visit.signed_in(choose(), begun)
                # Its own page says whether this device can: it fills the field in.
                offered = visit.form.get("passkey_ready") == "yes" and passkeys.to_offer(
                    face.idp, begun.session.sub, now=visit.now
                )
                return visit.signed_in(offer() if offered else onward(), begun)
            case Wrong():
                return page(200, form.values(), {"password": "credentials_wrong"})
            case Throttled(retry_after):
                response = page(429, form.values(), {"page": again_in("throttled", retry_after)})
                return later(response, retry_after)

    def _by_passkey(
        visit: Visit,
        page: Callable[..., Response],
        *,
        client_id: str | None,
        onward: Callable[[], Response],
        choose: Callable[[], Response],
    ) -> Response:
        outcome = passkey_sign_in.sign_in(
            face.idp,
            visit.form.get("credential", ""),
            visit.browser,
            client_id=client_id,
            now=visit.now,
            now_ms=visit.now_ms,
        )
        match outcome:
            case SignedIn(begun, username_ends):
                return visit.signed_in(choose() if username_ends else onward(), begun)
            case NotAccepted(unknown):
                return page(200, {}, {"page": "passkey_refused"}, unknown)

    def _passkey_first(request: AuthorizationRequest, client: Client | None) -> bool:
        """Whether nothing less would do, or the relying party likes it best: of several classes the first
        (OpenID Connect Core §3.1.2.1)."""
        if request.acr_values[:1] == (Acr.PASSKEY,):
            return True
        scopes = face.idp.settings.assurance.scopes
        return client is not None and demanded(request, client, scopes) is Acr.PASSKEY

    def _unknown(credential_id: bytes | None) -> dict[str, str] | None:
        if credential_id is None:
            return None
        return {"rp_id": ceremonies.site(face.idp).rp_id, "credential_id": encoded(credential_id)}

    return door
