"""Everything that is held of a customer, as one JSON document (journey I; GDPR articles 15 and 20).

Its shape is told in docs/account.md. Times are RFC 3339 in UTC. What only serves to recognise a secret
(hashes, digests, keys, the secret of an authenticator app) is not in it: it says nothing about its owner, and
would be a burglar's prize.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from idp.accounts.audit import Event
from idp.accounts.device import names_of
from idp.accounts.records import CustomerRecord
from idp.flows import apps, authenticator, operations, passkeys, recovery_codes, telling, trail
from idp.flows.fresh import Needs, Owner, may_change
from idp.flows.idp import Idp
from idp.flows.mobile import numbers
from idp.flows.wording import Purpose as Letter
from idp.store import access, accounts, audit, holdings, outbox
from idp.store.accounts import AccountRow, ProvenContact
from idp.values import ContactKind

FORMAT = "account-export/1"
"""The name of the document's shape; another one gets another name."""


def download(idp: Idp, known: Owner, *, now: int, now_ms: int) -> bytes | None:
    """The document for whoever is signed in and has just proven it; None where they have not.

    Their contacts are told, since somebody else would want it, too. Raises ``RegistryDown``.
    """
    if not may_change(idp, known, Needs.ANY, now=now, now_ms=now_ms):
        return None
    account = known.account
    notices = telling.notices(
        idp, account, telling.own(idp, account).contacts, Letter.DATA_DOWNLOADED, now=now
    )
    document = of(idp, account, by="account", notices=notices, now=now)
    idp.post_waiting.set()
    return document


def of(idp: Idp, account: AccountRow, *, by: str, notices: tuple[Any, ...] = (), now: int) -> bytes:
    """The document of an account; that it was asked for is noted. Raises ``RegistryDown``."""
    record = idp.registry.by_customer_number(account.customer_number)
    with idp.writing() as tx:
        outbox.add(tx, *notices)
        actor = idp.sealer.pseudonym(f"sub:{account.sub}")
        audit.add(tx, Event.DATA_DOWNLOADED, at=now, actor=actor, details={"by": by})
    whole = _whole(idp, account, record, now=now)
    return json.dumps(whole, ensure_ascii=False, indent=2, sort_keys=False).encode()


def _whole(idp: Idp, account: AccountRow, record: CustomerRecord | None, *, now: int) -> dict[str, Any]:
    sub = account.sub
    profile = accounts.open_profile(idp.sealer, account)
    with idp.reading() as tx:
        held = holdings.of_account(tx, sub)
        events = audit.all_of(tx, trail.owned(idp, tx, account, profile))
        may = access.of_account(tx, sub, now=now)
        app, codes = authenticator.present(tx, sub), recovery_codes.present(tx, sub)
    return {
        "format": FORMAT,
        "made_at": _moment(now),
        "account": {
            "sub": sub,
            "customer_number": account.customer_number,
            "profile": account.profile,
            "state": account.state,
            "username": profile.username.text,
            "given_name": profile.given_name or None,
            "family_name": profile.family_name or None,
            "company_name": profile.company_name or None,
            "acting_name": profile.acting_name or None,
            "birth_date": None if profile.birth_date is None else profile.birth_date.isoformat(),
            "language": account.language,
            "born_by": account.born_by,
            "terms_version": account.terms_version,
            "terms_language": account.terms_language,
            "privacy_version": account.privacy_version,
            **_moments(
                {
                    "terms_accepted_at": account.terms_accepted_at,
                    "created_at": account.created_at,
                    "updated_at": account.updated_at,
                    "password_changed_at": account.password_changed_at,
                    "username_ends_at": account.username_ends_at,
                    "limited_until": account.limited_until,
                    "recovered_at": account.recovered_at,
                    "held_until": account.held_until,
                }
            ),
        },
        "contacts": [_contact(idp, sub, row) for row in held["contacts"]],
        "mobile_changes": [_mobile_change(idp, row) for row in held["mobile_changes"]],
        "passkeys": [
            {
                "name": shown.name or None,
                "kind": shown.passkey.kind,
                **_moments(
                    {
                        "created_at": shown.passkey.created_at,
                        "last_used_at": shown.passkey.last_used_at,
                        "pending_until": shown.passkey.pending_until,
                        "flagged_at": shown.passkey.flagged_at,
                        "suspended_at": shown.passkey.suspended_at,
                    }
                ),
            }
            for shown in passkeys.of(idp, sub)
        ],
        "authenticator": None
        if app is None
        else _moments({"created_at": app.created_at, "last_used_at": app.last_used_at}),
        "recovery_codes": None
        if codes is None
        else {"left": codes.left, **_moments({"created_at": codes.created_at})},
        "sessions": [
            {"device": _device(row), "proofs": json.loads(row["proofs"]), **_times(row)}
            for row in held["sessions"]
        ],
        "known_browsers": [{"device": _device(row), **_times(row)} for row in held["known_browsers"]],
        "trusted_browsers": [{"device": _device(row), **_times(row)} for row in held["trusted_browsers"]],
        "apps": [
            {
                "client_id": row.client_id,
                "name": apps.name_of(idp, row.client_id),
                "scope": " ".join(row.scope),
                **_moments({"since": row.since, "last_used_at": row.last_used_at}),
            }
            for row in may
        ],
        "activity": [
            {
                "at": _moment(row["at"]),
                "event": row["name"],
                "client_id": row["client_id"],
                "details": _details(idp, json.loads(row["details"])),
            }
            for row in events
        ],
        "agency_record": None if record is None else record.to_json(),
    }


def _details(idp: Idp, kept: dict[str, Any]) -> dict[str, Any]:
    """An event's details as its owner may read them: an operation as it was shown, no box, no digest."""
    if "sealed" not in kept:
        return kept
    details, operation = operations.opened_details(idp, kept)
    del details["digest"]
    return {**details, "operation": operation}


def _contact(idp: Idp, sub: str, row: Mapping[str, Any]) -> dict[str, Any]:
    sealed = ProvenContact(
        row["contact_index"], ContactKind(row["kind"]), row["sealed_contact"], row["proven_at"]
    )
    contact = accounts.open_contact(idp.sealer, sub, sealed)
    times = _moments({"proven_at": row["proven_at"], "lost_at": row["lost_at"]})
    return {"kind": contact.kind, "contact": contact.text, "source": row["source"], **times}


def _mobile_change(idp: Idp, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "mobile": numbers.opened(idp, row["id"], row["sealed_mobile"]).text,
        "state": row["state"],
        "old_lost": row["old_lost"],
        "confirmed_by": row["confirmed_by"],
        **_times(row),
    }


def _device(row: Mapping[str, Any]) -> str | None:
    names = names_of(row["device"])
    return None if names is None else ", ".join(names)


def _times(row: Mapping[str, Any]) -> dict[str, str | None]:
    """The columns of a row that are times."""
    return _moments({name: at for name, at in row.items() if name.endswith(("_at", "_until"))})


def _moments(times: Mapping[str, int | None]) -> dict[str, str | None]:
    return {name: _moment(at) for name, at in times.items()}


def _moment(at: int | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
