"""The registration pages (journeys A and B): profile, data, password, code, done.

Each page reads what it shows from the enrolment in the store, so going back loses nothing and skipping a step
leads back to it. What is shown never depends on whether the data matched (journey C1), unless the insurer
chose to tell.
"""

from typing import Any

from flask import Blueprint, Response

from idp.accounts.enrolment import Typed
from idp.flows import fresh, identify, passkeys, register, register_by_code
from idp.flows.authorize import answering, interactions, refusing
from idp.flows.birth import Registered
from idp.flows.fresh import NotFresh
from idp.flows.identify import NotOffered
from idp.flows.passkeys import Added, NotAdded
from idp.flows.passwords import PasswordRefused
from idp.flows.proving import Limited, NotYet, Sent
from idp.flows.register import AlreadyDone, Begun, NotRecognised, UnderWay
from idp.flows.register_by_code import Void
from idp.values import Malformed, ProfileKind, VatNumber, parse_contact
from idp.web.people.account import doors
from idp.web.people.account.entering import Entered
from idp.web.people.account.passkeys import AGAIN, OPTIONS, added
from idp.web.people.enrolling import ENROLMENT, STEPS, Arrival, arrive
from idp.web.people.forms import (
    REGISTER_DATA_FORMS,
    PageForm,
    RegisterPasswordForm,
    RegisterProfileForm,
    RegisterVerifyForm,
)
from idp.web.people.second_proof import code_facts
from idp.web.people.visit import Face, Visit, later
from idp.web.people.words import again_in

PROFILES = tuple(ProfileKind)


def blueprint(face: Face) -> Blueprint:
    """``/register`` and the pages of the usual way under it."""
    door = Blueprint("register", __name__)

    @door.route("/register", methods=["GET", "POST"])
    def profile() -> Response:
        arrival = arrive(face)
        visit, interaction = arrival.visit, arrival.interaction
        values: dict[str, Any] = {"profile": ProfileKind.PERSON}
        faults: dict[str, str] = {}
        if visit.pressed:
            if "cancel" in visit.form and interaction is not None:
                return _decline(visit, interaction)
            form = RegisterProfileForm.read(visit.form)
            values, faults = form.values(), form.faults()
            if not faults:
                return arrival.go("/register/data", profile=values["profile"])
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
        arrival = arrive(face)
        visit = arrival.visit
        known = arrival.under_way()
        chosen = _profile_of(visit, known)
        if not visit.pressed:
            shown = known is not None and known.enrolment.profile is chosen
            return _data_page(arrival, chosen, known.shown if known is not None and shown else {}, {})
        form = REGISTER_DATA_FORMS[chosen].read(visit.form)
        typed, faults = _typed(form, chosen, asks_vat=_asks_vat())
        if typed is None:
            return _data_page(arrival, chosen, form.values(), faults)
        outcome = register.begin(
            face.idp,
            typed,
            known=known,
            interaction_id=arrival.interaction,
            language=visit.language,
            source=visit.browser.source,
            now=visit.now,
        )
        match outcome:
            case Limited(retry_after):
                response = _data_page(
                    arrival, chosen, form.values(), {"page": again_in("throttled", retry_after)}, status=429
                )
                return later(response, retry_after)
            case NotRecognised(handle, case_number):
                told = _data_page(
                    arrival, chosen, form.values(), {"page": "data_not_recognised"}, case_number=case_number
                )
                return told if handle is None else visit.keep(told, ENROLMENT, handle)
            case Begun(handle):
                onward = arrival.go("/register/password")
                return onward if handle is None else visit.keep(onward, ENROLMENT, handle)

    @door.route("/register/password", methods=["GET", "POST"])
    def password() -> Response:
        arrival = arrive(face)
        visit, known = arrival.visit, arrival.under_way()
        if known is None:
            return arrival.start()
        if identify.nothing_chosen(known):
            return arrival.go("/register/contacts")
        if not visit.pressed:
            return _password_page(arrival, known, {})
        form = RegisterPasswordForm.read(visit.form)
        if faults := form.faults():
            return _password_page(arrival, known, faults)
        chosen, browser = form.new_password.data or "", visit.browser
        outcome = (
            register.choose_password(face.idp, known, chosen, source=browser.source, now=visit.now)
            if known.enrolment.activation is None
            else register_by_code.choose_password(
                face.idp, known, chosen, browser, now=visit.now, now_ms=visit.now_ms
            )
        )
        match outcome:
            case Registered() | AlreadyDone():
                return arrival.finish(outcome)
            case NotOffered():
                return arrival.go("/register/contacts")
            case Void():
                return arrival.go("/register/activate", over="yes")
            case PasswordRefused(fault):
                return _password_page(arrival, known, {"new_password": fault})
            case Limited(retry_after):
                response = _password_page(
                    arrival, known, {"page": again_in("resend_limit", retry_after)}, status=429
                )
                return later(response, retry_after)
            case NotYet(wait) if known.challenge is None:
                # Another browser, or an earlier try, had one sent there.
                response = _password_page(
                    arrival, known, {"page": again_in("resend_too_early", wait)}, status=429
                )
                return later(response, wait)
            case Sent() | NotYet():
                return arrival.go("/register/verify")

    @door.route("/register/verify", methods=["GET", "POST"])
    def verify() -> Response:
        arrival = arrive(face)
        visit, known = arrival.visit, arrival.under_way()
        if known is None:
            return arrival.start()
        if known.challenge is None:
            return arrival.go("/register/password")
        if not visit.pressed:
            return _verify_page(arrival, known, {}, resent="sent" in visit.query)
        if "resend" in visit.form:
            match register.resend(face.idp, known, source=visit.browser.source, now=visit.now):
                case Sent():
                    return arrival.go("/register/verify", sent="again")
                case NotYet(wait):
                    early = {"page": again_in("resend_too_early", wait)}
                    response = _verify_page(arrival, known, early, status=429)
                    return later(response, wait)
                case Limited(wait):
                    often = {"page": again_in("resend_limit", wait)}
                    response = _verify_page(arrival, known, often, status=429)
                    return later(response, wait)
        form = RegisterVerifyForm.read(visit.form)
        if faults := form.faults():
            return _verify_page(arrival, known, faults)
        outcome = register.answer(
            face.idp, known, form.code.data or "", visit.browser, now=visit.now, now_ms=visit.now_ms
        )
        if isinstance(outcome, Registered | AlreadyDone):
            return arrival.finish(outcome)
        if isinstance(outcome, Limited):
            response = _verify_page(
                arrival, known, {"page": again_in("throttled", outcome.retry_after)}, status=429
            )
            return later(response, outcome.retry_after)
        return _verify_page(arrival, known, {"code": outcome.fault}, tries_left=outcome.tries_left)

    @door.route("/register/done", methods=["GET", "POST"])
    def done() -> Response:
        arrival = arrive(face)
        visit, interaction = arrival.visit, arrival.interaction
        who = register.who_is_signed_in(face.idp, visit.browser, now=visit.now)
        if who is None:
            return arrival.go("/register")
        visit.speaks(who.language)
        # Whoever came by themselves goes on to the insurer's first portal.
        portal = next(iter(face.idp.settings.brand.portal_links.values()), None)
        fault = _enrol(arrival) if visit.pressed else None
        if isinstance(fault, Response):
            return fault
        if visit.pressed and fault is None:
            if interaction is not None:
                return visit.go("/authorize/resume", interaction=interaction)
            return visit.page("no-interaction") if portal is None else visit.leave(portal)
        if interaction is None and portal is not None:
            visit.leads_to(portal)
        waiting = (
            interactions.waiting(face.idp, interaction, visit.browser, now=visit.now) if interaction else None
        )
        client = None if waiting is None else face.idp.clients.get(waiting.request.client_id)
        return visit.page(
            "register-done",
            username=who.username.readable,
            given_name=who.given_name or None,
            client_name=None if client is None else client.name,
            passkey=_offered(arrival),
            faults={} if fault is None else {"page": fault},
        )

    def _offered(arrival: Arrival) -> dict[str, str] | None:
        """Where fingerprint or face are asked for, if they are offered (journey A8)."""
        owner = fresh.owner(face.idp, arrival.visit.browser, now=arrival.visit.now)
        if owner is None or not passkeys.to_offer(face.idp, owner.account.sub, now=arrival.visit.now):
            return None
        return {"options_url": OPTIONS, "again_url": AGAIN}

    def _enrol(arrival: Arrival) -> str | Response | None:
        """Take the answer to the offer, if there is one; what the page is to say, or where it leads."""
        visit = arrival.visit
        owner = fresh.owner(face.idp, visit.browser, now=visit.now)
        if owner is None:
            return None
        if "never" in visit.form:
            passkeys.never_offer(face.idp, owner, now=visit.now)
        if "credential" not in visit.form or not passkeys.to_offer(
            face.idp, owner.account.sub, now=visit.now
        ):
            return None
        match added(Entered(arrival, owner), face):
            case Added():
                return None
            case NotAdded(fault):
                return fault
            case NotFresh():
                return visit.go("/account/confirm", to=doors.PASSKEY_ADD.name)

    def _asks_vat() -> bool:
        return face.idp.settings.registration.vat_number == "asked"

    def _decline(visit: Visit, interaction: str) -> Response:
        declined = refusing.decline(face.idp, interaction, visit.browser, now=visit.now)
        if isinstance(declined, answering.Lost):
            return visit.page("no-interaction", status=400)
        return visit.answer(declined)

    def _data_page(
        arrival: Arrival,
        profile: ProfileKind,
        values: dict[str, Any],
        faults: dict[str, str],
        *,
        status: int = 200,
        case_number: str | None = None,
    ) -> Response:
        return arrival.visit.page(
            "register-data",
            status=status,
            step=2,
            steps=STEPS,
            profile=profile,
            ask_vat_number=_asks_vat(),
            back_url=arrival.address("/register"),
            identify_url=arrival.address("/register/identify"),
            case_number=case_number,
            values=values,
            faults=faults,
        )

    def _password_page(
        arrival: Arrival, known: UnderWay, faults: dict[str, str], *, status: int = 200
    ) -> Response:
        typed = known.enrolment.typed
        return arrival.visit.page(
            "register-password",
            status=status,
            step=3,
            steps=STEPS,
            back_url=arrival.address("/register/data" if typed.identifier is None else "/register/contacts"),
            rules=password_rules(face),
            # Where it was chosen by its mask, the page does not know more than the customer saw.
            username=typed.username.text if typed.identifier is None else None,
            faults=faults,
        )

    def _verify_page(
        arrival: Arrival,
        known: UnderWay,
        faults: dict[str, str],
        *,
        status: int = 200,
        resent: bool = False,
        tries_left: int | None = None,
    ) -> Response:
        visit, typed = arrival.visit, known.enrolment.typed
        code = code_facts(visit, known.challenge, typed.username, faults, tries_left)
        return visit.page(
            "register-verify",
            status=status,
            step=4,
            steps=STEPS,
            # Behind an activation code nothing is compared any more: it was sent.
            certain=known.enrolment.activation is not None,
            profile=typed.profile,
            linked=register.has_link(known.enrolment),
            identified=typed.identifier is not None,
            identify_url=arrival.address(
                "/register/contacts" if typed.identifier is not None else "/register/identify"
            ),
            activate_url=arrival.address("/register/activate"),
            finished_elsewhere_url=arrival.sign_in,
            back_url=arrival.address("/register/password"),
            case_number=known.enrolment.case_number,
            faults=faults,
            **{**code, "resent": resent},
        )

    return door


def password_rules(face: Face) -> dict[str, Any]:
    """What a password must be, for a page that shows each rule being met."""
    rules = face.idp.settings.password
    return {
        "min": rules.min_length,
        "max": rules.max_length,
        "upper": rules.need_upper,
        "lower": rules.need_lower,
        "digit": rules.need_digit,
    }


def _profile_of(visit: Visit, known: UnderWay | None) -> ProfileKind:
    """The profile this page is for: the one just chosen, else the one under way, else a person's."""
    named = visit.query.get("profile")
    if named in PROFILES:
        return ProfileKind(named)
    return ProfileKind.PERSON if known is None else known.enrolment.profile


def _typed(form: PageForm, profile: ProfileKind, *, asks_vat: bool) -> tuple[Typed | None, dict[str, str]]:
    """What was typed, or the faults in the order of the page."""
    faults = form.faults()
    values = form.values()
    contact = vat_number = None
    if not asks_vat:
        faults.pop("vat_number", None)
    elif "vat_number" in values and "vat_number" not in faults:
        try:
            vat_number = VatNumber.parse(values["vat_number"])
        except Malformed:
            faults["vat_number"] = "vat_number_malformed"
    if "username" not in faults:
        try:
            contact = parse_contact(values["username"])
        except Malformed as fault:
            faults["username"] = fault.reason
    if faults or contact is None:
        return None, {name: faults[name] for name in (*(f.name for f in form), "page") if name in faults}
    return (
        Typed(
            username=contact,
            profile=profile,
            given_name=values.get("given_name", ""),
            family_name=values.get("family_name", ""),
            company_name=values.get("company_name", ""),
            vat_number=vat_number,
            acting_name=values.get("acting_name", ""),
        ),
        {},
    )
