"""What happened in one's own account, in plain words."""

from flask import Blueprint, Response

from idp.flows import activity
from idp.web.people.account.doors import ACTIVITY
from idp.web.people.account.entering import signed_in
from idp.web.people.visit import Face


def install(door: Blueprint, face: Face) -> None:
    """``/account/activity``."""

    @door.get(ACTIVITY.path)
    def account_activity() -> Response:
        here = signed_in(face, ACTIVITY)
        if isinstance(here, Response):
            return here
        visit = here.visit
        cursor = visit.query.get("from")
        found = activity.of(face.idp, here.owner, cursor, now=visit.now)
        return here.page(
            "account-activity",
            lines=[
                {"at": line.at, "sentence": line.sentence, "app": line.app, "device": line.device}
                for line in found.lines
            ],
            older_url=None
            if found.older is None
            else here.arrival.address(ACTIVITY.path, **{"from": found.older}),
            first=cursor is None,
            back_url="/account",
            faults={},
        )
