"""Texts that anybody may read: what to do when a customer has died, and examples of privacy notice, terms and
accessibility statement for an insurer that has set no addresses yet."""

from flask import Blueprint, Response, abort, request

from idp.web.people.visit import Face, Visit

_TEXTS = frozenset({"privacy", "terms", "accessibility", "heirs"})


def blueprint(face: Face) -> Blueprint:
    """``/legal/privacy``, ``/legal/terms``, ``/legal/accessibility``, ``/legal/heirs``."""
    door = Blueprint("legal", __name__)

    @door.get("/legal/<text>")
    def legal(text: str) -> Response:
        if text not in _TEXTS:
            abort(404)
        return Visit(face, request).page(f"legal-{text}")

    return door
