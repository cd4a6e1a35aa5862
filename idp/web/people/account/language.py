"""The language of pages and messages."""

from flask import Blueprint, Response

from idp.flows import language
from idp.web.people.account.doors import LANGUAGE
from idp.web.people.account.entering import signed_in
from idp.web.people.languages import OWN_NAMES
from idp.web.people.visit import Face


def install(door: Blueprint, face: Face) -> None:
    """``/account/language``."""
    idp = face.idp

    @door.route(LANGUAGE.path, methods=["GET", "POST"])
    def account_language() -> Response:
        here = signed_in(face, LANGUAGE)
        if isinstance(here, Response):
            return here
        visit, owner = here.visit, here.owner
        faults = {}
        if visit.pressed:
            chosen = visit.form.get("language", "")
            if language.choose(idp, owner, chosen, now=visit.now):
                # The browser may have been told another one on a page without a name.
                return visit.prefers(visit.go("/account"), chosen)
            faults = {"language": "required"}
        return here.page(
            "account-language",
            offered=[(tag, OWN_NAMES[tag]) for tag in idp.settings.languages.offered],
            values={"language": owner.account.language},
            back_url="/account",
            faults=faults,
        )
