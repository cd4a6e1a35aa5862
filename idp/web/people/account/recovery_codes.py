"""Recovery codes (journeys H and I): how many are left, and a new set, which is shown once."""

from flask import Blueprint, Response

from idp.flows import recovery_codes
from idp.flows.fresh import NotFresh
from idp.flows.recovery_codes import Made
from idp.web.people.account.doors import RECOVERY_CODES
from idp.web.people.account.entering import enter
from idp.web.people.visit import Face


def install(door: Blueprint, face: Face) -> None:
    """``/account/recovery-codes``."""
    idp = face.idp

    @door.route(RECOVERY_CODES.path, methods=["GET", "POST"])
    def recovery_codes_page() -> Response:
        here = enter(face, RECOVERY_CODES)
        if isinstance(here, Response):
            return here
        visit = here.visit
        if visit.pressed and "make" in visit.form:
            match recovery_codes.make(idp, here.owner, now=visit.now, now_ms=visit.now_ms):
                case Made(codes, made_at, pending_until):
                    # In the answer itself: they are kept nowhere in a form that could be read again.
                    return here.page(
                        "recovery-codes-made",
                        codes=codes,
                        made_at=made_at,
                        held_until=pending_until,
                        faults={},
                    )
                case NotFresh():
                    return here.arrival.go("/account/confirm", to=RECOVERY_CODES.name)
        if visit.pressed:
            return here.arrival.go("/account")
        with idp.reading() as tx:
            found = recovery_codes.present(tx, here.owner.account.sub)
        return here.page(
            "recovery-codes",
            kept=None
            if found is None
            else {
                "left": found.left,
                "made_at": found.created_at,
                "held_until": found.held_until(visit.now),
            },
            done="confirmed" if visit.query.get("done") == "confirmed" else None,
            back_url="/account",
            faults={},
        )
