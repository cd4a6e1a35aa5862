"""The links of notices, by which one press undoes what somebody else did (journeys D, E, G, I).

A new number is cancelled, what was added is stopped, whoever signed in is thrown out. None of them signs
anybody in.
"""

from collections.abc import Callable
from typing import TypeAlias

from flask import Blueprint, Response, request

from idp.flows import additions, new_device
from idp.flows.idp import Idp
from idp.flows.mobile import cancelling
from idp.values import Handle
from idp.web.people.opened_link import OpenedLink
from idp.web.people.visit import Face, Visit

_Asks: TypeAlias = Callable[[Idp, Visit, Handle | None], Response]
_Undoes: TypeAlias = Callable[[Idp, Visit, Handle | None], Response | None]
_LIFE = 600


def install(door: Blueprint, face: Face) -> None:
    """``/account/cancel``, ``/account/stop`` and ``/account/not-me``, with a token behind them or without."""
    for path, page, cookie, asks, undoes in (
        (cancelling.CANCEL, "/account/cancel", "cancel", _cancel, _cancelled),
        (additions.CANCEL, "/account/stop", "stop", _stop, _stopped),
        (new_device.NOT_ME, "/account/not-me", "not_me", _not_me, _disavowed),
    ):
        _serve(door, face, path, OpenedLink(page, cookie, _LIFE), asks, undoes)


def _serve(door: Blueprint, face: Face, path: str, link: OpenedLink, asks: _Asks, undoes: _Undoes) -> None:
    """Two addresses: the notice's, to which its token is appended, and the page where one presses."""

    @door.get(f"{path}<token>", endpoint=f"open_{link.cookie}")
    def opened(token: str) -> Response:
        return link.open(face, token)

    @door.route(link.page, methods=["GET", "POST"], endpoint=link.cookie)
    def page() -> Response:
        visit = Visit(face, request)
        visit.must_be_ours()
        token = link.token(face)
        undone = undoes(face.idp, visit, token) if visit.pressed else None
        return asks(face.idp, visit, token) if undone is None else link.used(undone, visit)


def _cancel(idp: Idp, visit: Visit, token: Handle | None) -> Response:
    found = cancelling.cancellable(idp, token, now=visit.now)
    if found is None:
        return visit.page("mobile-cancel", status=410, waiting=False)
    return visit.page(
        "mobile-cancel",
        waiting=True,
        mobile=found.number.masked,
        asked_at=found.change.asked_at,
        usable_at=found.usable_at,
        faults={},
    )


def _cancelled(idp: Idp, visit: Visit, token: Handle | None) -> Response | None:
    if not cancelling.cancel_by_link(idp, token, now=visit.now):
        return None
    return visit.page("mobile-cancelled", recover_url="/recover")


def _stop(idp: Idp, visit: Visit, token: Handle | None) -> Response:
    found = additions.cancellable(idp, token, now=visit.now)
    if found is None:
        return visit.page("stop", status=410, waiting=False)
    return visit.page(
        "stop",
        waiting=True,
        kind=found.kind,
        device=found.name,
        added_at=found.added_at,
        faults={},
    )


def _stopped(idp: Idp, visit: Visit, token: Handle | None) -> Response | None:
    stopped = additions.cancel_by_link(idp, token, now=visit.now)
    return None if stopped is None else visit.page("stopped", kind=stopped.kind, recover_url="/recover")


def _not_me(idp: Idp, visit: Visit, token: Handle | None) -> Response:
    found = new_device.disavowable(idp, token, now=visit.now)
    if found is None:
        return visit.page("not-me", status=410, waiting=False)
    return visit.page("not-me", waiting=True, device=found.device, at=found.at, faults={})


def _disavowed(idp: Idp, visit: Visit, token: Handle | None) -> Response | None:
    if not new_device.disavow(idp, token, now=visit.now):
        return None
    return visit.page("not-me-done", recover_url="/recover")
