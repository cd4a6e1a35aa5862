"""Makes parcels for the outbox: words composed and sealed before the transaction that will write them opens.

A parcel without recipient costs the same work and writes the same row: a registration that did not match must
not be told from one that did (journey C1).
"""

from collections.abc import Mapping
from typing import Protocol

from idp.flows.compose import Composer, Purpose
from idp.flows.spending import parts_of
from idp.ports import Entropy, KeyRing
from idp.store.outbox import LOGOUT, MESSAGE, Channel, Parcel, sealing_place
from idp.store.sealing import Sealer
from idp.values import Contact, ContactKind

__all__ = ["PostRoom", "Purpose", "SealingRoom", "prepare", "prepare_logout", "sealer"]

_DAY = 24 * 3600


class SealingRoom(Protocol):
    """What of the ``Idp`` is needed to seal a parcel and to open it again."""

    @property
    def entropy(self) -> Entropy: ...

    @property
    def keyring(self) -> KeyRing: ...


class PostRoom(SealingRoom, Protocol):
    """What of the ``Idp`` is needed to make a message."""

    @property
    def composer(self) -> Composer: ...


def sealer(idp: SealingRoom) -> Sealer:
    """Seals and opens parcels, with a key of their own; built in microseconds, so kept by nobody."""
    return Sealer(idp.keyring, idp.entropy, purpose="outbox")


def prepare(
    idp: PostRoom,
    *,
    to: Contact | None,
    purpose: Purpose,
    language: str,
    now: int,
    expires_at: int,
    facts: Mapping[str, str | int | None] | None = None,
    code: str | None = None,
    link: str | None = None,
    kind: ContactKind = ContactKind.EMAIL,
    about: str | None = None,
) -> Parcel:
    """A message, composed and sealed, to be given to ``outbox.add`` inside the transaction.

    ``to=None``: nobody gets it; ``kind`` is then the kind of contact it would have gone to. After
    ``expires_at`` (epoch seconds) it is not sent any more; the minutes a code is good for are counted up to
    there. ``about`` is the account that a notice is about: it is not sent once its customer has died
    (journey L). Set ``idp.post_waiting`` after the commit, so that it leaves at once.
    """
    row_id = idp.entropy.identifier()
    channel = Channel.of(kind) if to is None else Channel.to(to)
    minutes = max(1, (expires_at - now) // 60)
    known = {"at": now, "minutes": minutes, **(facts or {}), "code": code, "link": link}
    draft = idp.composer.compose(purpose, language, channel, known)
    content = {
        "to": None if to is None else [to.kind, to.text],
        "subject": draft.subject,
        "text": draft.text,
        "html": draft.html,
        "language": language,
        "code": code,
        "link": link,
        "about": about,
    }
    return Parcel(
        id=row_id,
        kind=MESSAGE,
        channel=channel,
        purpose=purpose,
        sealed=sealer(idp).seal(content, sealing_place(row_id)),
        addressed=to is not None,
        due_at=now,
        expires_at=expires_at,
        created_at=now,
        parts=parts_of(draft.text),
    )


def prepare_logout(idp: SealingRoom, client_id: str, uri: str, sub: str, sid: str | None, now: int) -> Parcel:
    """A back-channel logout call to ``uri``, the client's ``backchannel_logout_uri``; tried for 24 hours.

    Its token is signed when it is sent, since it lives for two minutes (OpenID Connect Back-Channel Logout
    1.0 §2.4) and the relying party may have been down for longer.
    """
    row_id = idp.entropy.identifier()
    content = {"client_id": client_id, "uri": uri, "sub": sub, "sid": sid}
    return Parcel(
        id=row_id,
        kind=LOGOUT,
        channel=LOGOUT,
        purpose=LOGOUT,
        sealed=sealer(idp).seal(content, sealing_place(row_id)),
        addressed=True,
        due_at=now,
        expires_at=now + _DAY,
        created_at=now,
    )
