"""The registration pages (journey A): profile, data, password, code, done.

Each page reads what it shows from the enrolment in the store, so going back loses nothing and skipping a step
leads back to it. What is shown never depends on whether the data matched (journey C1).
"""

from typing import Any

from flask import Blueprint, Response, request

from idp.flows import authorize, register
from idp.flows.register import (
    AlreadyDone,
    Begun,
    Limited,
    NotYet,
    PasswordRefused,
    Registered,
    Sent,
    UnderWay,
)
from idp.values import Malformed, ProfileKind, parse_contact
from idp.web.people.forms import (
    RegisterPasswordForm,
    RegisterPersonForm,
    RegisterProfileForm,
    RegisterVerifyForm,
)
from idp.web.people.visit import Face, Visit

STEPS = 4
PROFILES = (ProfileKind.PERSON,)
"""The profiles that can register; professionals and companies follow with journey B."""


def blueprint(face: Face) -> Blueprint:
    """``/register`` and the pages under it."""
    door = Blueprint("register", __name__)

    def arrive() -> tuple[Visit, str | None]:
        visit = Visit(face, request)
        visit.must_be_ours()
        interaction_id = visit.query.get("interaction")
        waiting = (
            authorize.waiting(face.idp, interaction_id, visit.browser, now=visit.now)
            if interaction_id
            else None
        )
        visit.belongs_to(waiting)
        return visit, None if waiting is None else waiting.id

    def under_way(visit: Visit) -> UnderWay | None:
        handle = face.cookies.handle(request, "enrolment")
        return None if handle is None else register.under_way(face.idp, handle, now=visit.now)

    def start(visit: Visit, interaction: str | None) -> Response:
        """Where a step without its enrolment leads: whoever goes back after the end is not to begin again.

        Of a form sent twice the second finds its enrolment done, and its session only in the next request.
        """
        ended = visit.pressed or register.who_is_signed_in(face.idp, visit.browser, now=visit.now) is not None
        return visit.go("/register/done" if ended else "/register", interaction=interaction)

    @door.route("/register", methods=["GET", "POST"])
    def profile() -> Response:
        visit, interaction = arrive()
        values: dict[str, Any] = {"profile": ProfileKind.PERSON}
        faults: dict[str, str] = {}
        if visit.pressed:
            if "cancel" in visit.form and interaction is not None:
                return _decline(visit, interaction)
            form = RegisterProfileForm.read(visit.form)
            values, faults = form.values(), form.faults()
            if not faults and values["profile"] not in PROFILES:
                faults = {"profile": "unknown"}
            if not faults:
                return visit.go("/register/data", interaction=interaction)
        return visit.page(
            "register-profile",
            step=1,
            steps=STEPS,
            profiles=PROFILES,
            back_url=None if interaction is None else f"/login?interaction={interaction}",
            can_cancel=interaction is not None,
            values=values,
            faults=faults,
        )

    @door.route("/register/data", methods=["GET", "POST"])
    def data() -> Response:
        visit, interaction = arrive()
        if not visit.pressed:
            known = under_way(visit)
            return _data_page(visit, interaction, {} if known is None else known.shown, {})
        form = RegisterPersonForm.read(visit.form)
        faults = form.faults()
        contact = None
        if "username" not in faults:
            try:
                contact = parse_contact(form.username.data or "")
            except Malformed as fault:
                faults["username"] = fault.reason
        if faults or contact is None:
            in_order = {
                name: faults[name] for name in (*(field.name for field in form), "page") if name in faults
            }
            return _data_page(visit, interaction, form.values(), in_order)
        outcome = register.begin(
            face.idp,
            given_name=form.given_name.data or "",
            family_name=form.family_name.data or "",
            username=contact,
            known=under_way(visit),
            interaction_id=interaction,
            language=visit.language,
            source=visit.browser.source,
            now=visit.now,
        )
        match outcome:
            case Limited(retry_after):
                response = _data_page(visit, interaction, form.values(), {"page": "throttled"}, status=429)
                response.headers["Retry-After"] = str(retry_after)
                return response
            case Begun(handle):
                onward = visit.go("/register/password", interaction=interaction)
                return onward if handle is None else visit.keep(onward, "enrolment", handle)

    @door.route("/register/password", methods=["GET", "POST"])
    def password() -> Response:
        visit, interaction = arrive()
        known = under_way(visit)
        if known is None:
            return start(visit, interaction)
        if not visit.pressed:
            return _password_page(visit, interaction, known, {})
        form = RegisterPasswordForm.read(visit.form)
        if faults := form.faults():
            return _password_page(visit, interaction, known, faults)
        outcome = register.choose_password(
            face.idp, known, form.new_password.data or "", source=visit.browser.source, now=visit.now
        )
        match outcome:
            case PasswordRefused(fault):
                return _password_page(visit, interaction, known, {"new_password": fault})
            case Limited(retry_after):
                response = _password_page(visit, interaction, known, {"page": "resend_limit"}, status=429)
                response.headers["Retry-After"] = str(retry_after)
                return response
            case Sent() | NotYet():
                return visit.go("/register/verify", interaction=interaction)

    @door.route("/register/verify", methods=["GET", "POST"])
    def verify() -> Response:
        visit, interaction = arrive()
        known = under_way(visit)
        if known is None:
            return start(visit, interaction)
        if known.challenge is None:
            return visit.go("/register/password", interaction=interaction)
        if not visit.pressed:
            return _verify_page(visit, interaction, known, {}, resent="sent" in visit.query)
        if "resend" in visit.form:
            match register.resend(face.idp, known, source=visit.browser.source, now=visit.now):
                case Sent():
                    return visit.go("/register/verify", interaction=interaction, sent="again")
                case NotYet():
                    return _verify_page(visit, interaction, known, {"page": "resend_too_early"}, status=429)
                case Limited():
                    return _verify_page(visit, interaction, known, {"page": "resend_limit"}, status=429)
        form = RegisterVerifyForm.read(visit.form)
        if faults := form.faults():
            return _verify_page(visit, interaction, known, faults)
        outcome = register.answer(
            face.idp, known, form.code.data or "", visit.browser, now=visit.now, now_ms=visit.now_ms
        )
        if isinstance(outcome, Registered):
            onward = visit.go("/register/done", interaction=interaction)
            return visit.forget(visit.signed_in(onward, outcome.begun), "enrolment")
        if isinstance(outcome, Limited):
            response = _verify_page(visit, interaction, known, {"page": "throttled"}, status=429)
            response.headers["Retry-After"] = str(outcome.retry_after)
            return response
        if isinstance(outcome, AlreadyDone):
            return visit.go("/register/done", interaction=interaction)
        return _verify_page(visit, interaction, known, {"code": outcome.fault}, tries_left=outcome.tries_left)

    @door.get("/register/identify")
    def identify() -> Response:
        visit, interaction = arrive()
        known = under_way(visit)
        return visit.page(
            "register-identify",
            back_url=_address("/register/verify", interaction),
            case_number=None if known is None else known.enrolment.case_number,
        )

    @door.route("/register/done", methods=["GET", "POST"])
    def done() -> Response:
        visit, interaction = arrive()
        who = register.who_is_signed_in(face.idp, visit.browser, now=visit.now)
        if who is None:
            return visit.go("/register", interaction=interaction)
        visit.speaks(who.language)
        # Whoever came by themselves goes on to the insurer's first portal.
        portal = next(iter(face.idp.settings.brand.portal_links.values()), None)
        if visit.pressed:
            if interaction is not None:
                return visit.go("/authorize/resume", interaction=interaction)
            return visit.page("no-interaction") if portal is None else visit.leave(portal)
        if interaction is None and portal is not None:
            visit.leads_to(portal)
        waiting = (
            authorize.waiting(face.idp, interaction, visit.browser, now=visit.now) if interaction else None
        )
        client = None if waiting is None else face.idp.clients.get(waiting.request.client_id)
        return visit.page(
            "register-done",
            username=who.username.readable,
            given_name=who.given_name or None,
            client_name=None if client is None else client.name,
        )

    def _decline(visit: Visit, interaction: str) -> Response:
        declined = authorize.decline(face.idp, interaction, visit.browser, now=visit.now)
        if isinstance(declined, authorize.Lost):
            return visit.page("no-interaction", status=400)
        return visit.answer(declined)

    def _data_page(
        visit: Visit,
        interaction: str | None,
        values: dict[str, Any],
        faults: dict[str, str],
        *,
        status: int = 200,
    ) -> Response:
        return visit.page(
            "register-data",
            status=status,
            step=2,
            steps=STEPS,
            profile=ProfileKind.PERSON,
            back_url=_address("/register", interaction),
            values=values,
            faults=faults,
        )

    def _password_page(
        visit: Visit, interaction: str | None, known: UnderWay, faults: dict[str, str], *, status: int = 200
    ) -> Response:
        rules = face.idp.settings.password
        return visit.page(
            "register-password",
            status=status,
            step=3,
            steps=STEPS,
            back_url=_address("/register/data", interaction),
            rules={
                "min": rules.min_length,
                "max": rules.max_length,
                "upper": rules.need_upper,
                "lower": rules.need_lower,
                "digit": rules.need_digit,
            },
            username=known.enrolment.typed.username.text,
            faults=faults,
        )

    def _verify_page(
        visit: Visit,
        interaction: str | None,
        known: UnderWay,
        faults: dict[str, str],
        *,
        status: int = 200,
        resent: bool = False,
        tries_left: int | None = None,
    ) -> Response:
        challenge = known.challenge
        gap = face.idp.settings.codes.resend_gap
        return visit.page(
            "register-verify",
            status=status,
            step=4,
            steps=STEPS,
            channel="email" if known.enrolment.typed.username.kind == "email" else "sms",
            sent_to=known.enrolment.typed.username.masked,
            # The last wrong try ended the code, whatever was read before it.
            expires_in=0
            if challenge is None or not challenge.live(visit.now) or faults.get("code") == "code_expired"
            else challenge.expires_at - visit.now,
            resend_in=0 if challenge is None else register.resend_wait(challenge.sent_at, gap, visit.now),
            resent=resent,
            tries_left=tries_left,
            identify_url=_address("/register/identify", interaction),
            back_url=_address("/register/password", interaction),
            case_number=known.enrolment.case_number,
            faults=faults,
        )

    return door


def _address(path: str, interaction: str | None) -> str:
    return path if interaction is None else f"{path}?interaction={interaction}"
