"""How a customer can confirm now that it is them: the one answer for every page that asks (journeys D, F, I).

======================  ========  =================  ===============================  ======================
wanted for              passkey   authenticator app  SMS to a confirmed mobile        email
======================  ========  =================  ===============================  ======================
signing in              yes       yes                yes                              where no app and no SMS
step-up                 yes       yes                yes; of passkey owners by        never
                                                     ``assurance.sms_beside_passkey``
an operation            yes       no: it shows no    the same                         never
                                  amount
changing a way in       yes       yes                where no passkey confirms        the same
======================  ========  =================  ===============================  ======================

What was added on a weak proof waits (``idp.accounts.ledger``) and is told apart, so that a page can say
until when; so does a mobile that is new on file, whoever had it changed there (journey L). At sign-in such a
mobile serves, and where nothing else does an email that is new on file: to sign in, and for nothing more,
also where it was proven since. A recovery code stands in for a lost app or device at sign-in, after
everything else. An account that waits itself, or that was recovered without a second factor, confirms neither
step-up nor operation. Nothing here comes from the browser: a handle only names one of the ways found anew.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from idp.accounts import ledger
from idp.accounts.recovery import ProvenWay, day_start, old_enough
from idp.accounts.registry import RegistryDown
from idp.flows import authenticator, recovery_codes, telling
from idp.flows.fresh import Owner
from idp.flows.idp import Idp
from idp.store import accounts, mobile_changes, passkeys, recoveries
from idp.store.accounts import ProvenContact
from idp.values import Contact, ContactKind, ProofKind


class Use(StrEnum):
    """What a confirmation is wanted for."""

    SIGN_IN = "sign_in"
    STEP_UP = "step_up"
    # One operation, shown with its amount and target.
    OPERATION = "operation"
    # A change of the ways in.
    CREDENTIALS = "credentials"


@dataclass(frozen=True, slots=True)
class Way:
    """A way to confirm; ``handle`` means nothing in another session.

    ``contact``: where a code goes, None where none is sent. ``held_until``: until when it confirms nothing
    (epoch seconds), None where it does.
    """

    kind: ProofKind
    handle: str
    contact: Contact | None = field(default=None, repr=False)
    held_until: int | None = None
    # What its code proves, where that is less than its kind.
    worth: ProofKind | None = None
    # Its contact is new on file: what it proves changes a way in, and confirms nothing else.
    new: bool = False

    @property
    def proves(self) -> ProofKind:
        """What a right answer proves."""
        return self.worth or self.kind


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways of an account, the strongest first: ``open`` now, ``held`` until a moment the page names."""

    open: tuple[Way, ...]
    held: tuple[Way, ...]

    def named(self, handle: str) -> Way | None:
        """The open way with this handle."""
        return next((way for way in self.open if way.handle == handle), None)


def ways(idp: Idp, owner: Owner, use: Use, *, now: int) -> Ways:
    """How ``owner`` can confirm for this use. Raises ``RegistryDown`` where nothing else is open.

    Signing in never waits for the registry.
    """
    found = _own(idp, owner, use, now=now)
    passkey_confirms = any(way.kind is ProofKind.PASSKEY and way.held_until is None for way in found)
    by_contact = use is not Use.CREDENTIALS or not passkey_confirms
    if use is not Use.SIGN_IN and passkey_confirms and idp.settings.assurance.sms_beside_passkey == "refuse":
        by_contact = False
    if by_contact:
        try:
            found += _by_contact(idp, owner, use, found, now=now)
        except RegistryDown:
            if use is Use.SIGN_IN:
                found += _proven_here(idp, owner)
            elif not any(way.held_until is None for way in found):
                raise
    if use is Use.SIGN_IN:
        found += _printed(idp, owner)
    waits = owner.account.unconfirming_until(now)
    if waits is not None and use in (Use.STEP_UP, Use.OPERATION):
        found = tuple(replace(way, held_until=max(way.held_until or 0, waits)) for way in found)
    return Ways(
        open=tuple(way for way in found if way.held_until is None),
        held=tuple(way for way in found if way.held_until is not None),
    )


def without_contact(idp: Idp, owner: Owner, use: Use, *, now: int) -> tuple[Way, ...]:
    """Those of the open ways that need neither contact nor registry: passkey and authenticator app."""
    return tuple(way for way in _own(idp, owner, use, now=now) if way.held_until is None)


def _own(idp: Idp, owner: Owner, use: Use, *, now: int) -> tuple[Way, ...]:
    found = _passkey(idp, owner, now=now)
    if use is not Use.OPERATION:
        found += _app(idp, owner, use, now=now)
    waits = owner.account.unconfirming_until(now)
    if waits is None or use is not Use.CREDENTIALS:
        return found
    # What they prove changes nothing while the account waits; a code to a contact does (accounts.ledger).
    return tuple(replace(way, held_until=max(way.held_until or 0, waits)) for way in found)


def handle_of(idp: Idp, session_id: str, kind: ProofKind, what: str = "") -> str:
    """The name of a way in one session."""
    return idp.sealer.pseudonym(f"way:{session_id}:{kind}:{what}")


def _passkey(idp: Idp, owner: Owner, *, now: int) -> tuple[Way, ...]:
    """The passkeys of an account are one way: the browser lets its owner choose."""
    with idp.reading() as tx:
        rows = passkeys.of_account(tx, owner.account.sub)
    usable = [row.passkey for row in rows if row.passkey.flagged_at is None]
    usable = [one for one in usable if one.confirms(now) or (one.pending_until or 0) > now]
    if not usable:
        return ()
    handle = handle_of(idp, owner.session_id, ProofKind.PASSKEY)
    if any(one.confirms(now) for one in usable):
        return (Way(ProofKind.PASSKEY, handle),)
    return (Way(ProofKind.PASSKEY, handle, held_until=min(one.pending_until or 0 for one in usable)),)


def _app(idp: Idp, owner: Owner, use: Use, *, now: int) -> tuple[Way, ...]:
    """The authenticator app, which signs in also while it waits."""
    with idp.reading() as tx:
        row = authenticator.present(tx, owner.account.sub)
    if row is None:
        return ()
    until = None if use is Use.SIGN_IN else row.held_until(now)
    return (Way(ProofKind.TOTP, handle_of(idp, owner.session_id, ProofKind.TOTP), held_until=until),)


def _printed(idp: Idp, owner: Owner) -> tuple[Way, ...]:
    """The recovery codes that are left: the last resort of whoever lost the app."""
    with idp.reading() as tx:
        left = recovery_codes.left(tx, owner.account.sub)
    kind = ProofKind.RECOVERY_CODE
    return (Way(kind, handle_of(idp, owner.session_id, kind)),) if left else ()


def _by_contact(idp: Idp, owner: Owner, use: Use, stronger: tuple[Way, ...], *, now: int) -> tuple[Way, ...]:
    """SMS to mobiles that were confirmed, then those that wait; email where nothing is better.

    Raises ``RegistryDown``.
    """
    account = owner.account
    with idp.reading() as tx:
        known = recoveries.ways_of(tx, account.sub)
        change = mobile_changes.current(tx, account.sub)
    record = idp.registry.by_customer_number(account.customer_number)
    contacts = [
        accounts.open_contact(
            idp.sealer, account.sub, ProvenContact(way.contact_index, way.kind, way.sealed, way.added_at)
        )
        for way in known
        if way.pending is None
    ]
    age = idp.settings.recovery.contact_age
    on_file = () if record is None else record.contacts
    young = {one.contact: one.changed_on for one in on_file if not old_enough(one.changed_on, age, now)}
    contacts += [one.contact for one in on_file if one.contact.kind is ContactKind.EMAIL]
    lost = {way.contact_index for way in known if way.lost}
    own = telling.unshared(
        idp, dict.fromkeys(one for one in contacts if idp.sealer.contact_index(one) not in lost)
    )
    held = _held(idp, account.sub, known, young, now=now)
    mobiles = tuple(
        _new(_way(idp, owner, one), use, held.get(idp.sealer.contact_index(one)))
        for one in own
        if one.kind is ContactKind.MOBILE
    )
    waiting: tuple[Way, ...] = ()
    if change is not None and change.matures_at is not None and change.matures_at > now:
        number = mobile_changes.open_number(idp.sealer, change.id, change.sealed_mobile)
        waiting = (replace(_way(idp, owner, number), held_until=change.matures_at),)
    codes = (*mobiles, *(way for way in stronger if way.kind is ProofKind.TOTP and way.held_until is None))
    by_email = use is Use.CREDENTIALS or (use is Use.SIGN_IN and not codes)
    settled = {way.contact_index for way in known if way.contact_index not in held}
    emails = tuple(
        _way(idp, owner, one)
        for one in own
        if one.kind is ContactKind.EMAIL and (one not in young or idp.sealer.contact_index(one) in settled)
    )
    if use is Use.SIGN_IN and not codes and not emails and not stronger:
        # Who had their only email changed at the agency gets in, and proves no more by it.
        emails = tuple(
            replace(_way(idp, owner, one), worth=ProofKind.NEW_CONTACT)
            for one in own
            if one.kind is ContactKind.EMAIL
        )
    return (*mobiles, *waiting, *(emails if by_email else ()))


def _proven_here(idp: Idp, owner: Owner) -> tuple[Way, ...]:
    """While the registry is away: the contacts that were proven, to sign in with and for nothing more."""
    sub = owner.account.sub
    with idp.reading() as tx:
        known = recoveries.ways_of(tx, sub)
    ways = [
        _way(
            idp,
            owner,
            accounts.open_contact(
                idp.sealer, sub, ProvenContact(way.contact_index, way.kind, way.sealed, way.added_at)
            ),
        )
        for way in known
        if way.pending is None and not way.lost
    ]
    mobiles = tuple(way for way in ways if way.kind is ProofKind.SMS_CODE)
    return tuple(replace(way, worth=ProofKind.NEW_CONTACT) for way in mobiles or ways)


def _held(
    idp: Idp,
    sub: str,
    known: Iterable[ProvenWay],
    young: Mapping[Contact, date],
    *,
    now: int,
) -> dict[bytes, int]:
    """Until when contacts confirm nothing that are new on file, by blind index (``accounts.ledger``)."""
    hold, age = idp.settings.lifetimes.pending_hold, idp.settings.recovery.contact_age
    changed = {idp.sealer.contact_index(one): on for one, on in young.items()}
    found = {}
    for way in known:
        if way.typed or way.contact_index not in changed:
            continue
        with idp.reading() as tx:
            waited = mobile_changes.waited(tx, sub, way.contact_index)
        until = ledger.on_file_held_until(
            day_start(changed[way.contact_index]),
            way.added_at,
            waited=waited,
            contact_age=age,
            hold=hold,
            now=now,
        )
        if until is not None:
            found[way.contact_index] = until
    return found


def _new(way: Way, use: Use, until: int | None) -> Way:
    """The way as it serves while its contact is new on file."""
    if until is None:
        return way
    if use is Use.CREDENTIALS:
        return replace(way, new=True)
    if use is Use.SIGN_IN:
        return replace(way, worth=ProofKind.NEW_CONTACT)
    return replace(way, held_until=until)


def _way(idp: Idp, owner: Owner, contact: Contact) -> Way:
    kind = ProofKind.SMS_CODE if contact.kind is ContactKind.MOBILE else ProofKind.EMAIL_CODE
    index = idp.sealer.contact_index(contact).hex()
    return Way(kind, handle_of(idp, owner.session_id, kind, index), contact)
