"""A new password is taken: judged by what its owner must not put into it, counted, hashed.

Registration, the link, activation codes and recovery take one in this way. Who has proven nothing yet is
judged by what they typed; who has, by what is on file of them, too.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol

from idp.accounts.challenge import Purpose
from idp.accounts.enrolment import Typed
from idp.accounts.lockout import Throttled as Braked
from idp.accounts.password import PasswordFault, Personal, faults_of
from idp.flows import proving, throttle
from idp.flows.idp import Idp
from idp.flows.proving import Limited
from idp.values import Contact, ContactKind, ProfileKind, TaxCode

_OLDEST = 90
"""Years by which the oldest customer of those who register is older than the youngest."""


@dataclass(frozen=True, slots=True)
class PasswordRefused:
    """The password cannot be taken; ``fault`` is the first of what is wrong."""

    fault: PasswordFault


class OnFile(Protocol):
    """What a customer record and the profile of an account have in common."""

    @property
    def given_name(self) -> str: ...

    @property
    def family_name(self) -> str: ...

    @property
    def company_name(self) -> str: ...

    @property
    def birth_date(self) -> date | None: ...


def hashed(
    idp: Idp,
    password: str,
    personal: Personal,
    *,
    purpose: Purpose,
    subject: str,
    channel: ContactKind,
    source: str,
    now: int,
) -> str | PasswordRefused | Limited:
    """The hash of a password that may be used.

    ``subject`` is the enrolment or recovery it is for, under whose brake it counts; ``channel`` the kind of
    its contact, for the trail. Raises ``Overloaded`` when too many wait to be hashed.
    """
    refused = judge(idp, password, personal)
    if refused is not None:
        return refused
    # A hash is the dearest thing there is to ask for, and here everybody may.
    brakes = throttle.password_brakes(idp, subject)
    decision = throttle.spend(idp, brakes, now=now)
    if isinstance(decision, Braked):
        return proving.limited(idp, brakes, decision, source, purpose, channel, now=now)
    return idp.hasher.hash(password)


def judge(idp: Idp, password: str, personal: Personal) -> PasswordRefused | None:
    """Why a password cannot be taken, None when it can."""
    faults = faults_of(password, idp.settings.password, personal)
    return PasswordRefused(faults[0]) if faults else None


def personal_as_typed(idp: Idp, typed: Typed, *, now: int) -> Personal:
    """What of the typed data must not stand in a password, nor any year in which they may be born."""
    youngest = datetime.fromtimestamp(now, UTC).year - idp.settings.registration.minimum_age
    return Personal(
        names=typed.names,
        username=typed.username if typed.identifier is None else None,
        birth_years=() if typed.profile is ProfileKind.COMPANY else range(youngest - _OLDEST, youngest + 1),
        tax_code=None if typed.identifier is None else typed.identifier.tax_code,
        house_words=house_words(idp),
    )


def personal_on_file(
    idp: Idp, whose: OnFile, *, username: Contact, tax_code: TaxCode | None, also: Iterable[str] = ()
) -> Personal:
    """The same of what is on file; ``also``: names that were typed besides."""
    names = (whose.given_name, whose.family_name, whose.company_name, *also)
    return Personal(
        names=tuple(name for name in names if name),
        username=username,
        birth_years=() if whose.birth_date is None else (whose.birth_date.year,),
        tax_code=tax_code,
        house_words=house_words(idp),
    )


def house_words(idp: Idp) -> tuple[str, ...]:
    """The words of the house, which anybody would try."""
    return (idp.settings.brand.name, idp.settings.brand.insurer_name)
