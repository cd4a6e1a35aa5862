"""Forgotten credentials (journey H): who it is, where a code goes, a second proof, what to keep.

Up to the right answer nothing differs between a customer, somebody who never registered, and nobody: the same
list as at registration (journey C3), the same pages, statements, writes and messages composed. What is wrong
is told to the contact that was chosen, and to nobody where that is a decoy.

Nobody is signed in by any of this. Each step reads where the recovery stands from the store
(``accounts.recovery``) and takes nothing of it from the page; how it ends stands in ``flows.recovered``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

from idp.accounts import enrolment as cases
from idp.accounts.audit import Event
from idp.accounts.challenge import Challenge, Purpose
from idp.accounts.lockout import Throttled as Braked
from idp.accounts.offers import Option
from idp.accounts.recovery import (
    Account,
    Means,
    Obstacle,
    Owner,
    ProvenWay,
    Recovery,
    Stage,
    app_mark,
    codes_mark,
    keepable,
    obstacle_of,
    passkey_mark,
)
from idp.flows import activation, offering, proving, throttle
from idp.flows import passkeys as passkey_flows
from idp.flows.activation import Wrong as WrongCode
from idp.flows.browser import Browser
from idp.flows.idp import Idp
from idp.flows.proving import Late, Limited, NotYet, Question, Refused, Sent
from idp.flows.wording import Purpose as Letter
from idp.store import (
    accounts,
    audit,
    authenticators,
    challenges,
    mobile_changes,
    passkeys,
    recoveries,
    recovery_codes,
)
from idp.store.accounts import AccountRow, ProvenContact
from idp.store.authenticators import AuthenticatorRow
from idp.store.database import Tx
from idp.store.passkeys import PasskeyRow
from idp.store.recovery_codes import CodeSet
from idp.values import Contact, ContactKind, Handle, Identifier, RecordState


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A recovery as its browser finds it; ``challenge`` is the newest that was sent.

    ``account`` and ``owner`` are there once the contact is proven, and not before.
    """

    recovery: Recovery
    stage: Stage
    challenge: Challenge | None
    account: Account | None = None
    owner: AccountRow | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Begun:
    """There is a list to choose from; ``handle`` is what the browser is to hold of a new recovery."""

    handle: Handle | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class NotRegistered:
    """The activation code is good, and its customer has no account yet: it registers them as well."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """No such option in this browser's list."""


@dataclass(frozen=True, slots=True)
class Proven:
    """This much is proven: on to what is asked next."""


@dataclass(frozen=True, slots=True)
class Kept:
    """It is noted which ways of confirming stay; the others go when the password is set."""


# --- who it is --------------------------------------------------------------------------------------------


def begin(
    idp: Idp,
    identifier: Identifier,
    browser: Browser,
    *,
    known: UnderWay | None,
    interaction_id: str | None,
    language: str,
    now: int,
    born: date | None = None,
) -> Begun | Limited:
    """Look up whose contacts to show; the same identifier in the same browser goes on where it stands.

    Raises ``RegistryDown``.
    """
    offer = offering.offer(idp, identifier, browser=browser, now=now, born=born)
    if isinstance(offer, Limited):
        return offer
    if known is not None and _goes_on(known, identifier, offer.options):
        return Begun(None)
    brakes = throttle.registration_brakes(idp, browser.source)
    decision = throttle.spend(idp, brakes, now=now)
    if isinstance(decision, Braked):
        kind = ContactKind.EMAIL
        return proving.limited(idp, brakes, decision, browser.source, Purpose.RECOVERY, kind, now=now)
    handle = idp.entropy.handle()
    recovery = replace(
        _fresh(idp, identifier, offer.options, interaction_id, language, now=now),
        obstacle=None if offer.reason is None else Obstacle(offer.reason),
    )
    _keep_new(idp, recovery, handle, browser, now=now)
    return Begun(handle)


def _fresh(
    idp: Idp,
    identifier: Identifier,
    options: tuple[Option, ...],
    interaction_id: str | None,
    language: str,
    *,
    now: int,
) -> Recovery:
    return Recovery(
        id=idp.entropy.identifier(),
        case_number=cases.case_number(idp.entropy.octets(cases.CASE_OCTETS)),
        language=language,
        created_at=now,
        expires_at=now + idp.settings.recovery.life,
        identifier=identifier,
        options=options,
        interaction_id=interaction_id,
    )


def _keep_new(idp: Idp, recovery: Recovery, handle: Handle, browser: Browser, *, now: int) -> None:
    """Store a recovery that begins, for this browser alone."""
    sealed = recoveries.seal(idp.sealer, recovery)
    number = next((o.customer_number for o in recovery.options if o.customer_number is not None), "")
    actor = idp.sealer.pseudonym(f"customer:{number}")
    with idp.writing() as tx:
        recoveries.insert_recovery(
            tx, recovery, handle_digest=digest_for(handle, browser), sealed_offer=sealed
        )
        audit.add(
            tx,
            Event.RECOVERY_BEGUN,
            at=now,
            actor=actor if number else None,
            source=throttle.pseudonym_of_source(idp, browser.source),
            details=_case(recovery),
        )


def digest_for(handle: Handle, browser: Browser) -> bytes:
    """What finds a recovery: its handle together with the browser's own, so that neither does elsewhere."""
    own = "" if browser.handle is None else browser.handle.secret
    return Handle(f"{handle.secret}.{own}").digest


def _goes_on(known: UnderWay, identifier: Identifier, options: tuple[Option, ...]) -> bool:
    recovery = known.recovery
    return (
        known.stage not in (Stage.OVER, Stage.COMPLETED, Stage.EXPIRED)
        and recovery.identifier == identifier
        and [(o.contact, o.customer_number) for o in recovery.options]
        == [(o.contact, o.customer_number) for o in options]
    )


def under_way(idp: Idp, handle: Handle, browser: Browser, *, now: int) -> UnderWay | None:
    """The recovery that this browser holds; None when there is none, or it ended."""
    with idp.reading() as tx:
        row = recoveries.find(tx, digest_for(handle, browser))
        if row is None or row.completed_at is not None or row.expires_at <= now:
            return None
        challenge = challenges.latest(tx, row.id)
        # Before it is proven nothing of an account is looked at: it would be there, or not.
        theirs = None if row.proven_at is None else owned(tx, row.sub or "")
    recovery = recoveries.opened(idp.sealer, row)
    account = None if theirs is None else account_of(idp, recovery, theirs, now=now)
    owner = None if theirs is None else theirs.account
    return UnderWay(recovery, recovery.stage(account, now), challenge, account, owner)


@dataclass(frozen=True, slots=True)
class Owned:
    """An account and all that it confirms with, as it stands in one transaction."""

    account: AccountRow | None = field(repr=False)
    ways: tuple[ProvenWay, ...]
    keys: tuple[PasskeyRow, ...]
    app: AuthenticatorRow | None
    codes: CodeSet | None


def owned(tx: Tx, sub: str) -> Owned:
    """What there is of an account."""
    return Owned(
        accounts.by_sub(tx, sub),
        recoveries.ways_of(tx, sub),
        passkeys.of_account(tx, sub),
        authenticators.of_account(tx, sub),
        recovery_codes.of_account(tx, sub),
    )


def account_of(idp: Idp, recovery: Recovery, theirs: Owned, *, now: int) -> Account | None:
    """What of the account decides where the recovery stands."""
    choice, owner, app, codes = recovery.choice, theirs.account, theirs.app, theirs.codes
    if owner is None or choice is None:
        return None
    means: tuple[Means, ...] = ()
    if app is not None and app.usable and app.held_until(now) is None:
        means += (Means.AUTHENTICATOR,)
    if codes is not None and codes.usable and codes.left and codes.held_until(now) is None:
        means += (Means.RECOVERY_CODE,)
    return Account(
        sub=owner.sub,
        active=owner.state == accounts.ACTIVE,
        password_changed_at=owner.password_changed_at,
        used_index=idp.sealer.contact_index(choice.contact),
        proven=theirs.ways,
        passkeys=tuple(row.passkey.id for row in theirs.keys),
        confirming=tuple(row.passkey.id for row in theirs.keys if row.passkey.confirms(now)),
        app=None if app is None else app.created_at,
        codes=None if codes is None else codes.created_at,
        means=means,
    )


def activate(
    idp: Idp,
    identifier: Identifier,
    typed: str,
    browser: Browser,
    *,
    interaction_id: str | None,
    language: str,
    now: int,
) -> Begun | NotRegistered | WrongCode | Limited:
    """Begin with an activation code, which stands for the contact and for the second proof (journey H).

    It is used up when the password is set. Raises ``Malformed`` for what is no code at all, and
    ``RegistryDown``.
    """
    found = activation.look_up(idp, identifier, typed, browser=browser, now=now)
    if isinstance(found, WrongCode | Limited):
        return found
    with idp.reading() as tx:
        account = accounts.find_by_customer(tx, found.record.customer_number)
    if account is None:
        return NotRegistered()
    # The registry may know of a death before the account does.
    if account.state != accounts.ACTIVE or found.record.state is RecordState.DECEASED:
        return WrongCode()
    username = accounts.open_profile(idp.sealer, account).username
    handle, chosen = idp.entropy.handle(), idp.entropy.identifier()
    options = (Option(chosen, username, account.customer_number),)
    recovery = replace(
        _fresh(idp, identifier, options, interaction_id, language, now=now),
        chosen=chosen,
        owner=Owner(account.sub, account.password_changed_at),
        activation=found.digest.hex(),
        proven_at=now,
        second_at=now,
    )
    _keep_new(idp, recovery, handle, browser, now=now)
    return Begun(handle)


# --- where the code goes ----------------------------------------------------------------------------------


def choose(
    idp: Idp, known: UnderWay, handle: str, *, source: str, now: int
) -> Sent | NotYet | Proven | Limited | Unknown:
    """Choose the contact that gets the code. Raises ``RegistryDown``."""
    recovery = known.recovery
    option = recovery.option(handle)
    if option is None:
        return Unknown()
    again = handle == recovery.chosen
    if again and recovery.proven_at is not None:
        return Proven()
    chosen = _judged(idp, recovery, option, now=now)
    # To another contact there is no gap; how many messages go to one is counted.
    asked = proving.ask(
        idp, _question(idp, chosen, option), known.challenge if again else None, source=source, now=now
    )
    if isinstance(asked, NotYet | Limited):
        return asked
    sealed = recoveries.seal(idp.sealer, chosen)
    with idp.writing() as tx:
        if recoveries.choose(tx, chosen, sealed_offer=sealed, now=now):
            proving.write(tx, asked, now=now)
            audit.add(
                tx,
                Event.RECOVERY_CONTACT_CHOSEN,
                at=now,
                source=throttle.pseudonym_of_source(idp, source),
                details=_case(chosen),
            )
    idp.post_waiting.set()
    return Sent()


def resend(idp: Idp, known: UnderWay, *, source: str, now: int) -> Sent | NotYet | Limited | Unknown:
    """Send another code to the chosen contact; the one before it ends."""
    option = known.recovery.choice
    if option is None:
        return Unknown()
    question = _question(idp, known.recovery, option)
    return proving.send(idp, question, known.challenge, source=source, now=now)


def answer(idp: Idp, known: UnderWay, code: str, *, source: str, now: int) -> Proven | Refused | Limited:
    """Take an answer to the code; every one costs a try before it is looked at. Raises ``RegistryDown``."""
    option = known.recovery.choice
    if option is None:
        return Refused("code_expired")
    return _answered(idp, known, code, option.contact, Purpose.RECOVERY, source=source, now=now)


def _answered(
    idp: Idp, known: UnderWay, code: str, contact: Contact, purpose: Purpose, *, source: str, now: int
) -> Proven | Refused | Limited:
    recovery, challenge = known.recovery, known.challenge
    if challenge is None or recovery.chosen is None:
        return Refused("code_expired")
    verdict = proving.judge(
        idp,
        challenge,
        code,
        contact,
        purpose=purpose,
        subject=recovery.id,
        source=source,
        now=now,
        chosen_for=recovery.identifier.canonical,
    )
    match verdict:
        case Refused() | Limited():
            return verdict
        case Late():
            return _late(idp, recovery, purpose)
    if purpose is Purpose.RECOVERY and not _still_good(idp, recovery, now=now):
        return Refused("code_expired")
    prove = recoveries.prove if purpose is Purpose.RECOVERY else recoveries.prove_second
    with idp.writing() as tx:
        proven = challenges.end(tx, challenge.id, now=now) and prove(
            tx, recovery.id, chosen=recovery.chosen, now=now
        )
        if proven:
            proving.answered(tx, challenge, now=now)
    return Proven() if proven else _late(idp, recovery, purpose)


def resend_wait(idp: Idp, known: UnderWay, *, now: int) -> int:
    """Seconds until another code can be asked for."""
    return proving.wait(idp, known.challenge, now=now)


def _judged(idp: Idp, recovery: Recovery, option: Option, *, now: int) -> Recovery:
    """The recovery with this option chosen: whose account it is, or why it recovers nothing."""
    # Asked anew: a contact may have changed since it was shown. Of a decoy, too: no customer is called so.
    number = option.customer_number or option.handle
    record = idp.registry.by_customer_number(number)
    with idp.reading() as tx:
        found = recoveries.owner_of(tx, number)
    owner, active = found or (None, False)
    days = () if record is None else record.contacts
    obstacle = recovery.obstacle
    if option.customer_number is not None:
        obstacle = obstacle_of(
            owner,
            max((one.changed_on for one in days if one.contact == option.contact), default=None),
            idp.settings.recovery.contact_age,
            now,
            active=active and record is not None and record.state is not RecordState.DECEASED,
        )
    return replace(
        recovery,
        chosen=option.handle,
        owner=owner if obstacle is None else None,
        obstacle=obstacle,
        activation=None,
        proven_at=None,
        second_at=None,
        second_by=None,
        kept=None,
    )


def _still_good(idp: Idp, recovery: Recovery, *, now: int) -> bool:
    """Whether the contact still recovers the account: what is on file may have changed since."""
    option = recovery.choice
    return option is not None and _judged(idp, recovery, option, now=now).obstacle is None


def _question(idp: Idp, recovery: Recovery, option: Option) -> Question:
    """Where the contact recovers nothing, no answer is right, and the message tells why or goes to nobody."""
    obstacle = recovery.obstacle
    truth = None if obstacle is None else _TRUTHS.get(obstacle)
    return Question(
        purpose=Purpose.RECOVERY,
        subject=recovery.id,
        contact=option.contact,
        letter=Letter.RECOVERY_CODE,
        language=recovery.language,
        life=idp.settings.codes.registration_life,
        right=obstacle is None,
        addressed=obstacle is None or truth is not None,
        truth=truth,
        chosen_for=recovery.identifier.canonical,
    )


_TRUTHS = {
    Obstacle.NO_ACCOUNT: Letter.RECOVERY_NO_ACCOUNT,
    Obstacle.FRESH_CONTACT: Letter.RECOVERY_FRESH_CONTACT,
}


def _late(idp: Idp, recovery: Recovery, purpose: Purpose) -> Proven | Refused:
    """What an answer that came too late finds: of a form sent twice, the second the first one's work."""
    # Written with, not read: on SQLite many share a commit, and the faster one's may be still to come.
    with idp.writing() as tx:
        row = recoveries.by_id(tx, recovery.id)
    if row is None or row.chosen != recovery.chosen:
        return Refused("code_expired")
    done = row.proven_at if purpose is Purpose.RECOVERY else row.second_at
    return Refused("code_expired") if done is None else Proven()


# --- a second proof ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SecondWay:
    """A way to confirm once more; ``handle`` means nothing in another recovery."""

    handle: str
    contact: Contact


def second_ways(idp: Idp, known: UnderWay) -> tuple[SecondWay, ...]:
    """The ways of which one is asked, the strongest first; none before the contact is proven."""
    if known.account is None:
        return ()
    return tuple(
        SecondWay(_handle_of(idp, known.recovery, way), opened(idp, known.account.sub, way))
        for way in known.recovery.ways(known.account)
    )


def second_under_way(idp: Idp, known: UnderWay) -> SecondWay | None:
    """The way whose code was sent last, if it is still one of those asked for."""
    challenge = known.challenge
    if challenge is None or challenge.purpose is not Purpose.RECOVERY_SECOND:
        return None
    contact = challenges.open_contact(idp.sealer, challenge.id, challenge.sealed_contact)
    return next((way for way in second_ways(idp, known) if way.contact == contact), None)


def send_second(
    idp: Idp, known: UnderWay, handle: str, *, source: str, now: int
) -> Sent | NotYet | Limited | Unknown:
    """Send a code to one of the second ways."""
    way = next((way for way in second_ways(idp, known) if way.handle == handle), None)
    if way is None:
        return Unknown()
    before = second_under_way(idp, known)
    latest = known.challenge if before == way else None
    question = _second_question(idp, known.recovery, way)
    return proving.send(idp, question, latest, source=source, now=now)


def answer_second(
    idp: Idp, known: UnderWay, code: str, *, source: str, now: int
) -> Proven | Refused | Limited:
    """Take an answer to the second code."""
    way = second_under_way(idp, known)
    if way is None:
        return Refused("code_expired")
    return _answered(idp, known, code, way.contact, Purpose.RECOVERY_SECOND, source=source, now=now)


def opened(idp: Idp, sub: str, way: ProvenWay) -> Contact:
    """The contact of a way; raises ``Unsealable``."""
    if way.pending is not None:
        return mobile_changes.open_number(idp.sealer, way.pending, way.sealed)
    proven = ProvenContact(way.contact_index, way.kind, way.sealed, way.added_at)
    return accounts.open_contact(idp.sealer, sub, proven)


def _second_question(idp: Idp, recovery: Recovery, way: SecondWay) -> Question:
    return Question(
        purpose=Purpose.RECOVERY_SECOND,
        subject=recovery.id,
        contact=way.contact,
        letter=Letter.RECOVERY_CODE,
        language=recovery.language,
        life=idp.settings.codes.registration_life,
        chosen_for=recovery.identifier.canonical,
    )


def _handle_of(idp: Idp, recovery: Recovery, way: ProvenWay) -> str:
    return idp.sealer.pseudonym(f"recovery:{recovery.id}:{way.contact_index.hex()}")


# --- what stays -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Factor:
    """A way of confirming that the customer keeps or removes; ``added_at`` in epoch seconds.

    ``name``: of a mobile its mask, of a passkey what its owner calls it, empty of all else.
    """

    handle: str
    kind: Literal["mobile", "passkey", "app", "codes"]
    name: str
    added_at: int
    just_used: bool


def factors(idp: Idp, known: UnderWay) -> tuple[Factor, ...]:
    """What there is to keep or to remove."""
    account = known.account
    if account is None:
        return ()
    used = _used(idp, known.recovery, account)
    mobiles = tuple(
        Factor(
            _handle_of(idp, known.recovery, way),
            "mobile",
            opened(idp, account.sub, way).masked,
            way.added_at,
            way.contact_index in used,
        )
        for way in keepable(account.proven)
    )
    keys = tuple(
        Factor(
            _handle_of_mark(idp, known.recovery, passkey_mark(shown.passkey.id)),
            "passkey",
            shown.name,
            shown.passkey.created_at,
            just_used=passkey_mark(shown.passkey.id) == known.recovery.second_by,
        )
        for shown in passkey_flows.of(idp, account.sub)
    )
    return (*mobiles, *keys, *_own_codes(idp, known.recovery, account))


def _own_codes(idp: Idp, recovery: Recovery, account: Account) -> Iterator[Factor]:
    if account.app is not None:
        mark = app_mark(account.app)
        handle = _handle_of_mark(idp, recovery, mark)
        yield Factor(handle, "app", "", account.app, mark == recovery.second_by)
    if account.codes is not None:
        mark = codes_mark(account.codes)
        handle = _handle_of_mark(idp, recovery, mark)
        yield Factor(handle, "codes", "", account.codes, mark == recovery.second_by)


def _used(idp: Idp, recovery: Recovery, account: Account) -> frozenset[bytes]:
    """The blind indexes of the contacts that were proven just now."""
    if recovery.activation is not None:
        return frozenset()
    by_code = recovery.second_at is not None and recovery.second_by is None
    with idp.reading() as tx:
        sent = recoveries.second_sent(tx, recovery.id) if by_code else None
    if sent is None:
        return frozenset({account.used_index})
    second = challenges.open_contact(idp.sealer, *sent)
    return frozenset({account.used_index, idp.sealer.contact_index(second)})


def keep(idp: Idp, known: UnderWay, handles: frozenset[str], *, now: int) -> Kept | Unknown:
    """Note what stays; handles of another recovery mean nothing."""
    account = known.account
    if account is None:
        return Unknown()
    kept = frozenset(
        way.contact_index.hex()
        for way in keepable(account.proven)
        if _handle_of(idp, known.recovery, way) in handles
    ) | frozenset(mark for mark in _marks(account) if _handle_of_mark(idp, known.recovery, mark) in handles)
    said = replace(known.recovery, kept=kept)
    sealed = recoveries.seal(idp.sealer, said)
    with idp.writing() as tx:
        noted = recoveries.keep(tx, said, sealed_offer=sealed, now=now)
    return Kept() if noted else Unknown()


def _marks(account: Account) -> Iterator[str]:
    yield from (passkey_mark(passkey_id) for passkey_id in account.passkeys)
    if account.app is not None:
        yield app_mark(account.app)
    if account.codes is not None:
        yield codes_mark(account.codes)


def _handle_of_mark(idp: Idp, recovery: Recovery, mark: str) -> str:
    return idp.sealer.pseudonym(f"recovery:{recovery.id}:{mark}")


def _case(recovery: Recovery) -> dict[str, str | int | bool | None]:
    return {"recovery": recovery.id, "case": recovery.case_number, "reason": recovery.obstacle}
