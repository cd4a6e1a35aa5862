"""``/dev/inbox``: what would have been sent. It exists in development mode only, on http://localhost."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, jsonify, request

from idp.web.people.visit import Face, Visit

Messages = Callable[[], Sequence[Mapping[str, Any]]]
"""Gives the messages, newest first."""


def blueprint(face: Face, messages: Messages) -> Blueprint:
    """The inbox as a page, and as JSON for programs."""
    door = Blueprint("inbox", __name__)

    @door.get("/dev/inbox")
    def inbox() -> Response:
        if request.args.get("format") == "json":
            return jsonify(list(messages()))
        return Visit(face, request).page("dev-inbox", messages=list(messages()))

    return door
