"""The front page of one's own account: username, password, mobile, contacts, and a number that waits."""

from typing import Any

from flask import Blueprint, Response

from idp.accounts.mobile_change import ChangeState
from idp.accounts.registry import RegistryDown
from idp.flows import authenticator, passkeys, recovery_codes
from idp.flows.fresh import Owner
from idp.flows.idp import Idp
from idp.flows.mobile import cancelling, numbers
from idp.web.people.account.doors import ACCOUNT, NEWS
from idp.web.people.account.entering import signed_in
from idp.web.people.visit import Face


def install(door: Blueprint, face: Face) -> None:
    """``/account``."""
    idp = face.idp

    @door.route("/account", methods=["GET", "POST"])
    def account() -> Response:
        entered = signed_in(face, ACCOUNT)
        if isinstance(entered, Response):
            return entered
        visit, owner = entered.visit, entered.owner
        if visit.pressed:
            if "cancel" in visit.form and cancelling.cancel(idp, owner, now=visit.now):
                return visit.go("/account", done="mobile-cancelled")
            return visit.go("/account")
        present, waits = numbers.mobile_of(idp, owner.account), numbers.pending_of(idp, owner.account)
        with idp.reading() as tx:
            app = authenticator.present(tx, owner.account.sub)
            codes = recovery_codes.left(tx, owner.account.sub)
        return entered.page(
            "account",
            given_name=owner.profile.given_name or None,
            username=owner.profile.username.readable,
            username_ends_at=owner.account.username_ends_at,
            contacts=_on_file(owner),
            mobile=None if present is None else present.number.readable,
            mobile_lost=present is not None and present.lost,
            change=None if waits is None else {"mobile": waits.number.readable, "usable_at": waits.usable_at},
            authenticator=app is not None,
            recovery_codes=codes,
            passkeys=len(passkeys.of(idp, owner.account.sub)),
            limited_until=owner.limited_until(visit.now),
            new_until=owner.account.unconfirming_until(visit.now),
            done=_done(idp, visit.query.get("done"), owner, now=visit.now),
            faults={},
        )

    def _on_file(owner: Owner) -> list[dict[str, Any]] | None:
        try:
            record = idp.registry.by_customer_number(owner.account.customer_number)
        except RegistryDown:
            # The rest of the page is ours, and its button stops a thief.
            return None
        contacts = () if record is None else tuple(one.contact for one in record.contacts)
        return [{"kind": contact.kind, "text": contact.readable} for contact in contacts]


def _done(idp: Idp, said: str | None, owner: Owner, *, now: int) -> str | None:
    """What was just done, if the address says so and it is so: a link must not make the page lie."""
    account, since = owner.account, now - NEWS
    became = numbers.came_of_it(idp, account, since=since) if said in _BECAME else None
    true = {
        "password": (account.password_changed_at or 0) >= since,
        "username": account.updated_at >= since,
        **{name: became is state for name, state in _BECAME.items()},
    }
    return said if said is not None and true.get(said) else None


_BECAME = {
    "mobile-pending": ChangeState.PENDING,
    "mobile-confirmed": ChangeState.CONFIRMED,
    "mobile-cancelled": ChangeState.CANCELLED,
}
