"""The devices on which one is signed in: ending one, or all of them."""

from flask import Blueprint, Response

from idp.flows import devices
from idp.web.people.account.doors import NEWS, SESSIONS
from idp.web.people.account.entering import signed_in
from idp.web.people.visit import Face


def install(door: Blueprint, face: Face) -> None:
    """``/account/sessions``."""
    idp = face.idp

    @door.route(SESSIONS.path, methods=["GET", "POST"])
    def account_sessions() -> Response:
        here = signed_in(face, SESSIONS)
        if isinstance(here, Response):
            return here
        visit, owner = here.visit, here.owner
        if visit.pressed:
            if "everywhere" in visit.form:
                devices.sign_out_everywhere(idp, owner, now=visit.now)
                return visit.forget(visit.go("/logout/done"), "session")
            ended = visit.form.get("end", "")
            if ended == owner.session_id:
                # This one ends as everywhere else: on the page that asks.
                return visit.go("/logout")
            devices.sign_out(idp, owner, ended, now=visit.now)
            return visit.go(SESSIONS.path, done="ended")
        said = visit.query.get("done")
        ended_now = said == "ended" and devices.was_signed_out(idp, owner, since=visit.now - NEWS)
        return here.page(
            "account-sessions",
            devices=[
                {
                    "id": one.session_id,
                    "device": one.device,
                    "began_at": one.began_at,
                    "used_at": one.last_seen_at,
                    "here": one.here,
                }
                for one in devices.of(idp, owner, now=visit.now)
            ],
            done="ended" if ended_now else None,
            back_url="/account",
            faults={},
        )
