"""The portal's sessions: they live in this process, the browser holds an opaque handle.

nobody --sign in--> signed in --logout, back-channel logout, 30 min idle, 12 h--> gone
   |                    ^
   +-- keeps state, nonce and PKCE verifier of sign-ins under way; its handle is
       replaced at sign-in, so that one planted before is worth nothing (ASVS 7.2.4)
"""

import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SessionInterface, SessionMixin

from clients.clock import Clock
from clients.portal.payout_form import Order, Typed

IDLE = 30 * 60
ABSOLUTE = 12 * 3600
MOST_SESSIONS = 20_000
"""Sessions kept at once; beyond it the oldest of those nobody signed in to make room."""

MOST_SIGN_INS = 12
"""Sign-ins under way in one browser; beyond it the oldest is forgotten."""


@dataclass(frozen=True)
class Tokens:
    """What the provider gave us for one session; `expires_at` is in epoch seconds."""

    access: str = field(repr=False)
    expires_at: int
    refresh: str | None = field(repr=False)
    id_token: str = field(repr=False)


@dataclass(frozen=True)
class SignedIn:
    """Who is signed in, since when, and under which session of the provider's."""

    subject: str
    provider_session: str | None
    auth_time: int | None
    given_name: str | None
    name: str | None
    tokens: Tokens


@dataclass(frozen=True)
class Waiting:
    """A payout whose customer is at the provider to confirm it, with the form as it was typed."""

    order: Order
    typed: Typed


@dataclass(frozen=True)
class Draft:
    """A payout form to be shown again, filled as it was, with the reason why."""

    policy_number: str
    typed: Typed
    notice: str | None
    faults: tuple[str, ...] = ()
    # From then on it is shown again only in another language.
    shown: bool = False


class PortalSession(SessionMixin):
    """One browser's session. As a mapping it holds what Authlib keeps between redirect and callback."""

    def __init__(self, began_at: int) -> None:
        self.handle: str | None = None
        self.began_at = began_at
        self.used_at = began_at
        self.signed_in: SignedIn | None = None
        self.logout_state: str | None = None
        """The `state` we sent with a sign-out; who comes back with it has really signed out."""
        self.wanted_page: str | None = None
        """A page of ours that was asked for before anybody was signed in."""
        self.form_token: str = secrets.token_urlsafe(32)
        self.renewing = threading.Lock()
        """Held while the refresh token is used: it may be used once, and two pages may load at a time."""
        self.draft: Draft | None = None
        self.ended = False
        self.replace_handle = False
        self._kept: dict[str, Any] = {}
        self._payouts: dict[str, Waiting] = {}

    def __getitem__(self, key: str) -> Any:
        return self._kept[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._kept[key] = value
        while len(self._kept) > MOST_SIGN_INS:
            del self._kept[next(iter(self._kept))]

    def __delitem__(self, key: str) -> None:
        del self._kept[key]

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._kept))

    def __len__(self) -> int:
        return len(self._kept)

    def send_away(self, state: str, payout: Waiting) -> None:
        """Remember what is being confirmed under this `state`; of too many the oldest is forgotten."""
        self._payouts[state] = payout
        while len(self._payouts) > MOST_SIGN_INS:
            del self._payouts[next(iter(self._payouts))]

    def come_back(self, state: str | None) -> Waiting | None:
        """What was being confirmed under this `state`, taken out; None when it was nothing of the kind."""
        return self._payouts.pop(state, None) if state is not None else None

    def sign_in(self, who: SignedIn, now: int) -> None:
        """From `now` (epoch s) on the browser is `who`'s; the answer to this request replaces the handle."""
        self.signed_in = who
        self.began_at = now
        self.replace_handle = True
        self._forget()
        self.form_token = secrets.token_urlsafe(32)

    def sign_out(self) -> None:
        """Forget who was signed in, and every token; the answer to this request replaces the handle."""
        self.signed_in = None
        self.replace_handle = True
        self._forget()

    def _forget(self) -> None:
        """Drop what somebody had under way: it is nothing of whoever comes after."""
        self.draft = None
        self._kept.clear()
        self._payouts.clear()

    @property
    def is_worth_keeping(self) -> bool:
        """Whether there is anything in it that a later request needs."""
        return bool(self._kept) or any((self.signed_in, self.logout_state, self.wanted_page))


class SessionStore:
    """Every session of this process, by handle. Safe to use from several threads."""

    def __init__(self, now: Clock) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._sessions: dict[str, PortalSession] = {}

    def new(self) -> PortalSession:
        """A session that nobody holds a handle of yet."""
        return PortalSession(self._now())

    def find(self, handle: str) -> PortalSession | None:
        """The living session of this handle; it counts as used now."""
        with self._lock:
            session = self._sessions.get(handle)
            if session is None:
                return None
            if self._is_over(session):
                self._drop(session)
                return None
            session.used_at = self._now()
            return session

    def keep(self, session: PortalSession) -> str:
        """Put the session in the store, under a new handle where it has none or asked for one."""
        with self._lock:
            if session.handle is not None and session.replace_handle:
                self._sessions.pop(session.handle, None)
                session.handle = None
            if session.handle is None:
                self._make_room()
                session.handle = secrets.token_urlsafe(32)
            session.replace_handle = False
            self._sessions[session.handle] = session
            return session.handle

    def drop(self, session: PortalSession) -> None:
        """Take the session out of the store; its handle opens nothing any more."""
        with self._lock:
            self._drop(session)

    def end_by_provider(self, *, subject: str | None, provider_session: str | None) -> int:
        """End every session the provider speaks of; returns how many (Back-Channel Logout 1.0 §2.7).

        With a `provider_session` only those that came from it; with a `subject` alone all of the subject's.
        """
        with self._lock:
            meant = [
                session
                for session in self._sessions.values()
                if session.signed_in is not None
                and (provider_session is None or session.signed_in.provider_session == provider_session)
                and (subject is None or session.signed_in.subject == subject)
            ]
            for session in meant:
                session.sign_out()
                self._drop(session)
            return len(meant)

    def _is_over(self, session: PortalSession) -> bool:
        now = self._now()
        return now - session.used_at >= IDLE or now - session.began_at >= ABSOLUTE

    def _drop(self, session: PortalSession) -> None:
        session.ended = True
        if session.handle is not None:
            self._sessions.pop(session.handle, None)

    def _make_room(self) -> None:
        if len(self._sessions) < MOST_SESSIONS:
            return
        for session in [one for one in self._sessions.values() if self._is_over(one)]:
            self._drop(session)
        if len(self._sessions) < MOST_SESSIONS:
            return
        # Dictionaries keep the order of arrival: the first nobody signed in to is the oldest of its kind.
        unclaimed = (one for one in self._sessions.values() if one.signed_in is None)
        self._drop(next(unclaimed, None) or next(iter(self._sessions.values())))


@dataclass(frozen=True)
class CookieSessions(SessionInterface):
    """Flask's `session` is the stored one of the browser's handle; the cookie carries nothing else."""

    store: SessionStore
    cookie: str
    is_https: bool

    def open_session(self, app: Flask, request: Request) -> PortalSession:
        """The browser's session, or a new one that is not stored before something is put in it."""
        handle = request.cookies.get(self.cookie)
        found = self.store.find(handle) if handle else None
        # Not `or`: as a mapping, a session that keeps nothing for Authlib counts as false.
        return self.store.new() if found is None else found

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Store what is worth it and tell the browser a new handle; take back the cookie of a dead one."""
        if not isinstance(session, PortalSession):
            raise TypeError("another session interface is in use")
        if session.ended or not session.is_worth_keeping:
            if session.handle is not None:
                self.store.drop(session)
                # Only a handle that dies now is taken back: an unknown one may have been replaced a moment
                # ago by an answer that runs beside this one.
                response.delete_cookie(self.cookie, **self._flags())
            return
        before = session.handle
        handle = self.store.keep(session)
        if handle != before:
            response.set_cookie(self.cookie, handle, **self._flags())

    def _flags(self) -> dict[str, Any]:
        return {"path": "/", "httponly": True, "secure": self.is_https, "samesite": "Lax"}
