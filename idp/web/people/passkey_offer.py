"""Offering fingerprint or face to whoever signed in by password (journey A8), and what a passkey is asked on
the sign-in page."""

from flask import Blueprint, Response, request

from idp.flows import fresh, passkey_sign_in, passkeys
from idp.flows.fresh import NotFresh
from idp.flows.passkeys import Added, NotAdded
from idp.web.people.account import doors
from idp.web.people.account.entering import Entered
from idp.web.people.account.passkeys import AGAIN, OPTIONS, added, json_answer
from idp.web.people.enrolling import arrive
from idp.web.people.visit import Face, Visit

SIGN_IN_OPTIONS = "/login/passkey"
OFFER = "/login/offer"


def blueprint(face: Face) -> Blueprint:
    """``/login/passkey`` and ``/login/offer``."""
    door = Blueprint("passkey_offer", __name__)
    idp = face.idp

    @door.post(SIGN_IN_OPTIONS)
    def options() -> Response:
        visit = Visit(face, request)
        visit.must_be_ours()
        return json_answer(passkey_sign_in.options(idp, visit.browser, now=visit.now))

    @door.route(OFFER, methods=["GET", "POST"])
    def offer() -> Response:
        arrival = arrive(face)
        visit = arrival.visit
        to = doors.named(visit.query.get("to")) or doors.ACCOUNT
        interaction = arrival.interaction
        owner = fresh.owner(idp, visit.browser, now=visit.now)
        if owner is None:
            return visit.go("/login", interaction=interaction, to=None if interaction else to.name)
        visit.speaks(owner.account.language)

        def onward() -> Response:
            if interaction is not None:
                return visit.go("/authorize/resume", interaction=interaction)
            return visit.go(to.path)

        def page(faults: dict[str, str]) -> Response:
            return visit.page("passkey-offer", options_url=OPTIONS, again_url=AGAIN, faults=faults)

        if not passkeys.to_offer(idp, owner.account.sub, now=visit.now):
            # Also of a form sent twice, the second: the first one's work is done.
            return onward()
        if not visit.pressed:
            return page({})
        if "never" in visit.form:
            passkeys.never_offer(idp, owner, now=visit.now)
            return onward()
        if "credential" not in visit.form:
            return onward()
        match added(Entered(arrival, owner), face):
            case Added():
                return onward()
            case NotAdded(fault):
                return page({"page": fault})
            case NotFresh():
                return visit.go("/account/confirm", to=doors.PASSKEY_ADD.name)

    return door
