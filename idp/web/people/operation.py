"""Confirming an operation (journey F): the branch of ``/step-up`` where it is shown whole.

Opening the page sends nothing; the button does.
"""

from typing import Any

from flask import Blueprint, Response, request

from idp.flows import operations
from idp.flows.authorize import interactions
from idp.flows.authorize.answering import Lost
from idp.flows.operations import Approved, Unknown, Wanted
from idp.flows.own_passkey import NotAccepted
from idp.flows.proving import Limited, NotYet, Refused, Sent
from idp.values import ProofKind
from idp.web.people import step_up
from idp.web.people.account.passkeys import json_answer
from idp.web.people.forms import SixDigitsForm
from idp.web.people.second_proof import code_facts
from idp.web.people.visit import Face, Visit, later
from idp.web.people.words import again_in

PATH = "/step-up"
PASSKEY = "/step-up/passkey"
"""Gives a browser what a passkey is asked for this operation."""


def blueprint(face: Face) -> Blueprint:
    """``/step-up`` and ``/step-up/passkey``."""
    door = Blueprint("operation", __name__)
    idp = face.idp

    def is_plain(visit: Visit) -> bool:
        """Whether a stronger confirmation is wanted, and no operation."""
        named = visit.query.get("interaction")
        waiting = interactions.waiting(idp, named, visit.browser, now=visit.now)
        return waiting is not None and waiting.request.operation is None

    def enter(visit: Visit) -> tuple[Visit, Wanted] | Response:
        named = visit.query.get("interaction")
        if named is None:
            newest = interactions.waiting(idp, None, visit.browser, now=visit.now)
            if newest is not None:
                # Neither shown nor answered without its name: another may come meanwhile.
                return visit.go(PATH, interaction=newest.id)
        found = operations.wanted(idp, named or "", visit.browser, now=visit.now, now_ms=visit.now_ms)
        if found is None:
            return visit.page("no-interaction", status=400)
        if not isinstance(found, Wanted):
            return visit.go("/authorize/resume", interaction=found.id)
        visit.belongs_to(found.interaction)
        visit.speaks(found.owner.account.language)
        return visit, found

    @door.route(PATH, methods=["GET", "POST"])
    def operation() -> Response:
        visit = Visit(face, request)
        visit.must_be_ours()
        if is_plain(visit):
            return step_up.serve(visit)
        entered = enter(visit)
        if isinstance(entered, Response):
            return entered
        _, wanted = entered
        if not visit.pressed:
            return _page(visit, wanted, {})
        onward = visit.go("/authorize/resume", interaction=wanted.interaction.id)
        if "cancel" in visit.form or not wanted.ways.open:
            end = operations.decline if "cancel" in visit.form else operations.give_up
            answered = end(idp, wanted, visit.browser, now=visit.now)
            if isinstance(answered, Lost):
                return visit.page("no-interaction", status=400)
            return visit.answer(answered, client_name=wanted.client_name)
        if "credential" in visit.form:
            taken = operations.by_passkey(
                idp, wanted, visit.form["credential"], visit.browser, now=visit.now, now_ms=visit.now_ms
            )
            if isinstance(taken, NotAccepted):
                return _page(visit, wanted, {"page": "passkey_refused"})
            return onward
        if "code" in visit.form and "resend" not in visit.form:
            return _by_code(visit, wanted, onward)
        return _send(visit, wanted)

    @door.post(PASSKEY)
    def passkey() -> Response:
        visit = Visit(face, request)
        visit.must_be_ours()
        if is_plain(visit):
            return step_up.options(visit)
        entered = enter(visit)
        if isinstance(entered, Response):
            return json_answer(None)
        _, wanted = entered
        return json_answer(operations.passkey_options(idp, wanted, now=visit.now))

    def _by_code(visit: Visit, wanted: Wanted, onward: Response) -> Response:
        form = SixDigitsForm.read(visit.form)
        if faults := form.faults():
            return _page(visit, wanted, faults)
        outcome = operations.by_code(
            idp, wanted, form.code.data or "", visit.browser, now=visit.now, now_ms=visit.now_ms
        )
        match outcome:
            case Approved():
                return onward
            case Limited(retry_after):
                return later(
                    _page(visit, wanted, {"page": again_in("throttled", retry_after)}, status=429),
                    retry_after,
                )
            case Refused(fault, tries_left):
                return _page(visit, wanted, {"code": fault}, tries_left=tries_left)

    def _send(visit: Visit, wanted: Wanted) -> Response:
        handle = visit.form.get("contact")
        if handle is None and wanted.sent is not None:
            handle = wanted.sent.way.handle
        if not handle:
            return _page(visit, wanted, {"contact": "required"}, choosing=True)
        asked = operations.send(idp, wanted, handle, source=visit.browser.source, now=visit.now)
        match asked:
            case Unknown():
                return _page(visit, wanted, {"contact": "unknown"}, choosing=True)
            case NotYet(wait) if (
                wanted.sent is None or "resend" in visit.form or handle != wanted.sent.way.handle
            ):
                return later(
                    _page(visit, wanted, {"page": again_in("resend_too_early", wait)}, status=429), wait
                )
            case Limited(retry_after):
                return later(
                    _page(visit, wanted, {"page": again_in("resend_limit", retry_after)}, status=429),
                    retry_after,
                )
            case Sent() | NotYet():
                again = "again" if "resend" in visit.form else None
                return visit.go(PATH, interaction=wanted.interaction.id, sent=again)

    return door


def _page(
    visit: Visit,
    wanted: Wanted,
    faults: dict[str, str],
    *,
    status: int = 200,
    tries_left: int | None = None,
    choosing: bool = False,
) -> Response:
    choosing = choosing or "choose" in visit.query
    facts: dict[str, Any] = {
        "client_name": wanted.client_name,
        "title": wanted.type.called(visit.language),
        "rows": wanted.type.rows(wanted.operation.details, visit.language),
        "passkey_url": f"{PASSKEY}?interaction={wanted.interaction.id}" if wanted.by_passkey else None,
        "held": [
            {
                "kind": "passkey" if way.kind is ProofKind.PASSKEY else "sms",
                "mask": None if way.contact is None else way.contact.masked,
                "until": way.held_until,
            }
            for way in wanted.ways.held
        ],
        "faults": faults,
    }
    codes = wanted.codes
    if "code" in faults and (wanted.sent is None or not codes):
        # The field it would stand beside is not on the page.
        facts["faults"] = {"page": faults["code"]}
    if not wanted.ways.open or not codes:
        stage = "passkey" if wanted.by_passkey else "none"
        return visit.page("operation", status=status, stage=stage, **facts)
    if wanted.sent is None or choosing:
        options = [
            {"handle": way.handle, "kind": way.contact.kind, "mask": way.contact.masked}
            for way in codes
            if way.contact is not None
        ]
        return visit.page("operation", status=status, stage="send", options=options, values={}, **facts)
    way, challenge = wanted.sent.way, wanted.sent.challenge
    return visit.page(
        "operation",
        status=status,
        stage="code",
        **code_facts(visit, challenge, way.contact, faults, tries_left),
        several=len(codes) > 1,
        choose_url=f"{PATH}?interaction={wanted.interaction.id}&choose=again",
        **facts,
    )
