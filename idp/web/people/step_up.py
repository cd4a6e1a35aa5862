"""More than was proven so far, for a request that demands it (journey F): the branch of ``/step-up`` where no
operation is shown."""

from flask import Response

from idp.flows import second_proof
from idp.flows.authorize import refusing, step_up
from idp.flows.authorize.answering import Lost
from idp.flows.second_proof import AT_STEP_UP
from idp.flows.sessions import Begun
from idp.web.people import second_proof as pages
from idp.web.people.account.passkeys import json_answer
from idp.web.people.second_proof import Place
from idp.web.people.visit import Visit

PATH = "/step-up"
PASSKEY = "/step-up/passkey"
"""Gives a browser what a passkey is asked."""


def serve(visit: Visit) -> Response:
    """``/step-up`` for a request that waits for it."""
    idp = visit.idp
    named = visit.query.get("interaction")
    asked = step_up.asked(idp, named, visit.browser, now=visit.now)
    if asked is None:
        return visit.page("no-interaction", status=400)
    interaction = asked.interaction
    if named is None:
        # Neither shown nor answered without its name: another may come meanwhile.
        return visit.go(PATH, interaction=interaction.id)
    visit.belongs_to(interaction)
    known = second_proof.owner(idp, visit.browser, AT_STEP_UP, now=visit.now)
    if known is None:
        return visit.go("/authorize/resume", interaction=interaction.id)
    visit.speaks(known.account.language)

    def onward(_begun: Begun | None) -> Response:
        return visit.go("/authorize/resume", interaction=interaction.id)

    place = Place(
        name="step-up",
        path=PATH,
        query={"interaction": interaction.id},
        want=AT_STEP_UP,
        waiting=interaction.id,
        passkey_url=pages.with_query(PASSKEY, {"interaction": interaction.id}),
        onward=onward,
        least=asked.wanted,
    )
    if visit.pressed and "cancel" in visit.form:
        declined = refusing.decline(idp, interaction.id, visit.browser, now=visit.now)
    elif visit.pressed and "give_up" in visit.form:
        found = second_proof.standing(idp, known, AT_STEP_UP, None, least=asked.wanted, now=visit.now)
        if found.way is not None:
            return pages.answer(visit, known, place, client_name=asked.client_name)
        declined = refusing.not_met(
            idp,
            interaction.id,
            visit.browser,
            wanted=asked.wanted,
            held=bool(found.ways.held),
            now=visit.now,
        )
    else:
        return pages.answer(visit, known, place, client_name=asked.client_name)
    if isinstance(declined, Lost):
        return visit.page("no-interaction", status=400)
    return visit.answer(declined, client_name=asked.client_name)


def options(visit: Visit) -> Response:
    """What a passkey is asked there."""
    idp = visit.idp
    waiting = visit.query.get("interaction")
    known = second_proof.owner(idp, visit.browser, AT_STEP_UP, now=visit.now)
    if known is None or waiting is None:
        return json_answer(None)
    return json_answer(second_proof.passkey_options(idp, known, AT_STEP_UP, waiting, now=visit.now))
