"""The link of a registration's message (journeys B6, B7).

Opening it changes nothing (``opened_link``): pressing the button does.
"""

from flask import Blueprint, Response, request

from idp.flows import dead_link, link, logout, register
from idp.flows.authorize import interactions
from idp.flows.birth import Registered
from idp.flows.link import VAT_NUMBER, Claim, Differs, Elsewhere, Here, Occupied, Over
from idp.flows.passwords import PasswordRefused
from idp.flows.proving import Limited, NotYet, Sent
from idp.flows.register import AlreadyDone, UnderWay
from idp.oidc import parameters
from idp.values import Handle, Malformed, VatNumber
from idp.web.people.enrolling import ENROLMENT, Arrival
from idp.web.people.forms import LINK_FORMS, PageForm
from idp.web.people.opened_link import OpenedLink
from idp.web.people.register import password_rules
from idp.web.people.visit import Face, Visit, later
from idp.web.people.words import again_in

PAGE = "/register/link"


def blueprint(face: Face) -> Blueprint:
    """``/register/link/…`` and ``/register/link``."""
    door = Blueprint("link", __name__)
    opened_link = OpenedLink(PAGE, "link", face.idp.settings.codes.registration_life)

    @door.get(f"{register.LINK}<token>")
    def open_link(token: str) -> Response:
        return opened_link.open(face, token)

    @door.route(PAGE, methods=["GET", "POST"])
    def page() -> Response:
        visit = Visit(face, request)
        visit.must_be_ours()
        token = opened_link.token(face)
        arrival, known = _arrive(visit)
        if visit.pressed and "resend" in visit.form and known is not None:
            return _resend(arrival, known)
        opened = link.opened(face.idp, token, known, visit.browser, now=visit.now)
        match opened:
            case Here():
                return _confirm(arrival, opened) if visit.pressed else _page(arrival, opened)
            case Elsewhere():
                return _claim(arrival, opened) if visit.pressed else _page(arrival, opened)
            case Occupied():
                leaves = visit.pressed and "sign_out" in visit.form
                return _sign_out(visit) if leaves else _page(arrival, opened)
            case Over():
                sends = visit.pressed and "resend" in visit.form
                return _send_anew(arrival, token) if sends else _over(arrival, known, token)

    def _arrive(visit: Visit) -> tuple[Arrival, UnderWay | None]:
        """The visit with the request that waits *here*: the enrolment's own, where this browser began it."""
        known = Arrival(face, visit, None).under_way()
        asked = None if known is None else known.enrolment.interaction_id
        waiting = (
            None if asked is None else interactions.waiting(face.idp, asked, visit.browser, now=visit.now)
        )
        visit.belongs_to(waiting)
        return Arrival(face, visit, None if waiting is None else waiting.id), known

    def _confirm(arrival: Arrival, here: Here) -> Response:
        visit = arrival.visit
        match link.confirm(face.idp, here, visit.browser, now=visit.now, now_ms=visit.now_ms):
            case Registered(begun):
                done = visit.signed_in(arrival.go("/register/done"), begun)
                return opened_link.used(visit.forget(done, ENROLMENT), visit)
            case AlreadyDone():
                return arrival.go("/register/done")
            case Over():
                return _gone(visit)

    def _claim(arrival: Arrival, elsewhere: Elsewhere) -> Response:
        visit = arrival.visit
        form = LINK_FORMS[elsewhere.asks].read(visit.form)
        typed, faults = _typed(form, elsewhere.asks)
        if typed is None:
            return _page(arrival, elsewhere, form.values(), faults)
        outcome = link.claim(face.idp, elsewhere, typed, visit.browser, now=visit.now, now_ms=visit.now_ms)
        match outcome:
            case Registered(begun):
                # The request that waits in the first browser stays there; here there is none to go on with.
                return opened_link.used(visit.signed_in(visit.go("/register/done"), begun), visit)
            case PasswordRefused(fault):
                return _page(arrival, elsewhere, form.values(), {"new_password": fault})
            case Differs(tries_left):
                differs = {elsewhere.asks: "details_differ"}
                return _page(arrival, elsewhere, form.values(), differs, tries_left=tries_left)
            case Limited(retry_after):
                response = _page(
                    arrival,
                    elsewhere,
                    form.values(),
                    {"page": again_in("throttled", retry_after)},
                    status=429,
                )
                return later(response, retry_after)
            case Over():
                return _gone(visit)

    def _gone(visit: Visit) -> Response:
        # Of a form sent twice the second finds the link used, and its session only in the next request.
        return opened_link.used(visit.go(PAGE), visit)

    def _sign_out(visit: Visit) -> Response:
        logout.sign_out(face.idp, parameters.NONE, visit.browser, confirmed=True, now=visit.now)
        return visit.forget(visit.go(PAGE), "session")

    def _over(arrival: Arrival, known: UnderWay | None, token: Handle | None) -> Response:
        visit = arrival.visit
        if visit.pressed:
            return _gone(visit)
        if token is None and register.who_is_signed_in(face.idp, visit.browser, now=visit.now) is not None:
            return arrival.go("/register/done")
        if known is not None:
            return _expired(arrival, known, register.resend_wait(face.idp, known, now=visit.now), {})
        resent = request.args.get("sent") == "again"
        wait = dead_link.wait(face.idp, token, now=visit.now) if resent else 0
        return _expired(arrival, None, wait, {}, resent=resent)

    def _send_anew(arrival: Arrival, token: Handle | None) -> Response:
        visit = arrival.visit
        match dead_link.send_anew(
            face.idp, token, language=visit.language, source=visit.browser.source, now=visit.now
        ):
            case Sent():
                return visit.go(PAGE, sent="again")
            case refused:
                return _not_sent(arrival, None, refused)

    def _resend(arrival: Arrival, known: UnderWay) -> Response:
        if known.challenge is None:
            return arrival.go("/register/password")
        visit = arrival.visit
        match register.resend(face.idp, known, source=visit.browser.source, now=visit.now):
            case Sent():
                return opened_link.used(arrival.go("/register/verify", sent="again"), visit)
            case refused:
                return _not_sent(arrival, known, refused)

    def _not_sent(arrival: Arrival, known: UnderWay | None, refused: NotYet | Limited) -> Response:
        match refused:
            case NotYet(wait):
                faults = {"page": again_in("resend_too_early", wait)}
                return later(_expired(arrival, known, wait, faults, status=429), wait)
            case Limited(retry_after):
                faults = {"page": again_in("resend_limit", retry_after)}
                return later(_expired(arrival, known, 0, faults, status=429), retry_after)

    def _page(
        arrival: Arrival,
        opened: Here | Elsewhere | Occupied,
        values: dict[str, object] | None = None,
        faults: dict[str, str] | None = None,
        *,
        status: int = 200,
        tries_left: int | None = None,
    ) -> Response:
        enrolment = opened.enrolment
        return arrival.visit.page(
            "link",
            status=status,
            stage=_STAGES[type(opened)],
            asks=opened.asks if isinstance(opened, Elsewhere) else None,
            signed_in_as=opened.who.username.readable if isinstance(opened, Occupied) else None,
            sent_to=enrolment.typed.username.masked,
            begun_at=enrolment.created_at,
            case_number=enrolment.case_number,
            rules=password_rules(face),
            tries_left=tries_left,
            values=values or {},
            faults=faults or {},
        )

    def _expired(
        arrival: Arrival,
        known: UnderWay | None,
        resend_in: int,
        faults: dict[str, str],
        *,
        status: int = 410,
        resent: bool = False,
    ) -> Response:
        return arrival.visit.page(
            "link-expired",
            status=status,
            resent=resent,
            resend_in=resend_in,
            register_url=arrival.address("/register"),
            login_url=arrival.sign_in,
            case_number=None if known is None else known.enrolment.case_number,
            faults=faults,
        )

    return door


_STAGES = {Here: "press", Elsewhere: "ask", Occupied: "signed-in"}


def _typed(form: PageForm, asks: str) -> tuple[Claim | None, dict[str, str]]:
    """What was typed, or the faults in the order of the page."""
    faults, values = form.faults(), form.values()
    vat_number = None
    if asks == VAT_NUMBER and asks not in faults:
        try:
            vat_number = VatNumber.parse(values[asks])
        except Malformed:
            faults[asks] = "vat_number_malformed"
    if faults:
        return None, {field.name: faults[field.name] for field in form if field.name in faults}
    password = str(form["new_password"].data)
    return Claim(password, str(values.get("family_name", "")), vat_number), {}
