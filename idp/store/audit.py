"""The audit trail: rows are only ever added. Actors and sources are pseudonyms, details never personal
data."""

import json
from collections.abc import Mapping

from idp.accounts.audit import Detail, Event, checked_details
from idp.store.database import Tx
from idp.store.tables import audit_events


def add(
    tx: Tx,
    event: Event,
    *,
    at: int,
    actor: str | None = None,
    client_id: str | None = None,
    source: str | None = None,
    details: Mapping[str, Detail] | None = None,
) -> None:
    """Note that something happened, in the transaction in which it happens.

    Raises ``ValueError`` for a detail that the event does not have.
    """
    tx.execute(
        audit_events.insert(),
        {
            "at": at,
            "name": event,
            "actor": actor,
            "client_id": client_id,
            "source": source,
            "details": json.dumps(checked_details(event, details or {}), sort_keys=True),
        },
    )
