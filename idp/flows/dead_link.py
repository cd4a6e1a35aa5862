"""A dead link's page sends a new message, in a browser that holds no registration (journey B6).

The contact that got the link gets the new one, while the link's challenge and its registration are kept (a
day). Whoever presses learns nothing of them and is handed nothing: the new link is opened as any other, and
asks in this browser for what only the customer knows (``flows.link``). The message says no code, since a code
works in the browser that began.

The browser that began must not notice, or whoever typed a customer's data there would see that they are
right. So its own challenge stays as it is, and this one has a subject of its own (``elsewhere_of``); a newer
message of the first browser voids it, and completing it drops the answers there.

A token that is nobody's, or whose registration is over, costs the same and shows the same: it has a gap and
counters of its own, and its message goes to nobody. What the contact got before, from whomever, refuses
nothing that could be seen, but withholds the message.
"""

from dataclasses import replace

from idp.accounts.challenge import Challenge, Purpose, elsewhere_of
from idp.accounts.enrolment import Enrolment
from idp.flows import link, proving, register, throttle
from idp.flows.idp import Idp
from idp.flows.proving import Asked, Limited, NotYet, Question, Sent
from idp.flows.wording import Purpose as Letter
from idp.values import EmailAddress, Handle


def send_anew(
    idp: Idp, token: Handle | None, *, language: str, source: str, now: int
) -> Sent | NotYet | Limited:
    """Send another link to the contact that the link of ``token`` went to; to nobody where there is none.

    ``language`` is the page's: nobody's message has no other.
    """
    digest = (idp.entropy.handle() if token is None else token).digest
    found = _sent_for(idp, digest, now=now)
    wanted = _nobodys(idp, digest, language) if found is None else register.question(idp, found[0])
    # Somebody who was just written to is not written to again.
    spared = throttle.gap_left(idp, wanted.contact, wanted.chosen_for, now=now) > 0
    question = replace(
        wanted,
        subject=idp.entropy.identifier() if found is None else elsewhere_of(found[0].id),
        letter=Letter.REGISTRATION_LINK,
        says_code=False,
        right=wanted.right and not spared,
        addressed=wanted.addressed and not spared,
        chosen_for=_counted_for(digest),
    )
    latest = None if found is None else found[1]
    asked = proving.ask(idp, question, latest, source=source, now=now)
    if not isinstance(asked, Asked):
        return asked
    # Of several links of one contact that are pressed at once, one begins the contact's own minute.
    late = throttle.begin_gap(idp, wanted.contact, wanted.chosen_for, now=now) > 0
    if late or not asked.parcel.addressed:
        asked = proving.withheld(asked)
        # What nobody gets voids nothing that somebody got.
        asked = replace(asked, challenge=replace(asked.challenge, subject=idp.entropy.identifier()))
    with idp.writing() as tx:
        proving.write(tx, asked, now=now)
    idp.post_waiting.set()
    return Sent()


def wait(idp: Idp, token: Handle | None, *, now: int) -> int:
    """Seconds until the page of this link sends another message, 0 when at once."""
    if token is None:
        return 0
    found = _sent_for(idp, token.digest, now=now)
    contact = _contact_of_nobody(token.digest) if found is None else found[0].typed.username
    return throttle.gap_left(idp, contact, _counted_for(token.digest), now=now)


def _sent_for(idp: Idp, digest: bytes, *, now: int) -> tuple[Enrolment, Challenge] | None:
    found = link.sent_for(idp, digest, now=now)
    return None if found is None or not register.has_link(found[0]) else found


def _nobodys(idp: Idp, digest: bytes, language: str) -> Question:
    return Question(
        purpose=Purpose.REGISTRATION,
        subject="",
        contact=_contact_of_nobody(digest),
        letter=Letter.REGISTRATION_LINK,
        language=language,
        life=idp.settings.codes.registration_life,
        right=False,
        addressed=False,
        link=register.LINK,
    )


def _contact_of_nobody(digest: bytes) -> EmailAddress:
    # RFC 2606 §2: nobody's, and never sent to.
    return EmailAddress(f"{digest.hex()[:32]}@link.invalid")


def _counted_for(digest: bytes) -> str:
    """What stands for the token in counters, where it is hashed with a key."""
    return f"link:{digest.hex()}"
