"""What a customer reads about their account: every event has its words, or a reason to have none."""

import inspect
import re

import pytest

from idp.accounts import activity
from idp.accounts.activity import TOLD, ByDetail, sentence_of
from idp.accounts.audit import _ALLOWED, Event
from idp.web.people.catalogues import catalogue

UNTOLD = frozenset(
    {
        # Steps of one thing whose end has a line; and what is renewed every few minutes.
        Event.REGISTRATION_MATCHED,
        Event.REGISTRATION_IDENTIFIED,
        Event.REGISTRATION_HELP_WANTED,
        Event.RECOVERY_CONTACT_CHOSEN,
        Event.TOKEN_REFRESHED,
        Event.OPERATION_EXCHANGED,
        # Of nobody in particular, or of the insurer.
        Event.IDENTIFICATION_THROTTLED,
        Event.ACTIVATION_CODE_REFUSED,
        Event.ACTIVATION_CODE_THROTTLED,
        Event.CHALLENGE_SENT,
        Event.CHALLENGE_FAILED,
        Event.CHALLENGE_ANSWERED,
        Event.SEND_THROTTLED,
        Event.OTP_BREAKER_TRIPPED,
        Event.SMS_CAP_REACHED,
        Event.SMS_PREFIX_TRIPPED,
        Event.CLIENT_ADDED,
        Event.CLIENT_CHANGED,
        Event.CLIENT_SECRET_ROTATED,
        Event.CLIENT_DISABLED,
        Event.CLIENT_ENABLED,
        Event.CLIENT_REMOVED,
        Event.KEY_CREATED,
        Event.KEY_ACTIVATED,
        Event.KEY_RETIRED,
        Event.REGISTRY_IMPORTED,
        Event.REGISTRY_LOOKED_UP,
        Event.PASSKEY_REFUSED,
        Event.ACCOUNT_LOOKED_UP,
        # Nobody is there to read it.
        Event.ACCOUNT_CLOSED,
    }
)
"""Events that no customer reads about."""


def test_every_event_is_told_or_said_to_be_untold_and_none_is_both() -> None:
    assert set(TOLD) | UNTOLD == set(Event)
    assert not set(TOLD) & UNTOLD


def test_no_event_has_two_lines_of_which_the_second_would_win() -> None:
    lines = [line.strip() for line in inspect.getsource(activity).splitlines()]
    told = [found[1] for line in lines if (found := re.match(r"Event\.([A-Z_]+):", line))]
    assert len(told) == len(set(told)) == len(TOLD)


def test_a_sentence_depends_on_nothing_that_its_event_does_not_have() -> None:
    for event, told in TOLD.items():
        if isinstance(told, ByDetail):
            assert told.detail in _ALLOWED[event], event


@pytest.mark.parametrize("language", ["it", "de"])
def test_every_sentence_is_translated_and_takes_no_other_fact_than_the_app(language: str) -> None:
    spoken = catalogue(language)
    for told in TOLD.values():
        keys = (*told.sentences.values(), told.otherwise) if isinstance(told, ByDetail) else (told,)
        for key in keys:
            words = spoken.gettext(key)
            assert words != key
            assert words % {"app": "Portale"}
            assert ("%(app)s" in words) is ("%(app)s" in key)


@pytest.mark.parametrize(
    ("event", "details", "words"),
    [
        (Event.SIGN_IN_SUCCEEDED, {"proof": "password"}, "Sign-in with the password"),
        (Event.SIGN_IN_SUCCEEDED, {"proof": "passkey"}, "Sign-in with fingerprint or face"),
        (Event.SIGN_IN_SUCCEEDED, {}, "Sign-in"),
        (Event.SESSIONS_ENDED, {"by": "admin"}, "We signed all your devices out"),
        (Event.PASSWORD_CHANGED, {"session": "s"}, "Password changed"),
        (Event.TOKEN_REFRESHED, {}, None),
        (Event.OPERATION_APPROVED, {"proof": "sms_code"}, "You confirmed an operation of %(app)s"),
        (Event.OPERATION_REFUSED, {"reason": "declined"}, "You did not confirm an operation of %(app)s"),
        (Event.OPERATION_REFUSED, {"reason": "unmet"}, "An operation of %(app)s could not be confirmed"),
    ],
)
def test_an_event_is_told_by_what_happened(event: Event, details: dict[str, str], words: str | None) -> None:
    assert sentence_of(event, details) == words
