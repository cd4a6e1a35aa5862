"""The apps and sites that a customer's account is used with, and taking their access away (journey I)."""

from collections.abc import Iterable
from dataclasses import dataclass

from idp.accounts.audit import Event
from idp.flows import sessions as session_flows
from idp.flows.fresh import Owner
from idp.flows.idp import Idp
from idp.store import access, audit, outbox


@dataclass(frozen=True, slots=True)
class App:
    """A client with what it may see; times are epoch seconds."""

    client_id: str
    name: str
    # By the names of scopes, in their order.
    scope: tuple[str, ...]
    since: int
    last_used_at: int
    # Whether it goes on when its customer is signed out (``offline_access``).
    offline: bool


def of(idp: Idp, known: Owner, *, now: int) -> tuple[App, ...]:
    """Who may still see something, the one used last first."""
    with idp.reading() as tx:
        rows = access.of_account(tx, known.account.sub, now=now)
    found: dict[str, list[access.AccessRow]] = {}
    for row in rows:
        found.setdefault(row.client_id, []).append(row)
    apps = (_app(idp, client_id, of_client) for client_id, of_client in found.items())
    return tuple(sorted(apps, key=lambda app: (-app.last_used_at, app.client_id)))


def revoke(idp: Idp, known: Owner, client_id: str, *, now: int) -> bool:
    """Take a client's access away: what it was allowed, and everything issued to it, ends.

    A confidential client is told for each session that was used with it (OpenID Connect Back-Channel Logout
    1.0). False where it has none. It may ask again, as anybody may.
    """
    sub = known.account.sub
    farewells = session_flows.farewells_to_client(idp, sub, client_id, now=now)
    with idp.writing() as tx:
        families = access.revoke(tx, sub, client_id, now=now)
        if not families:
            return False
        outbox.add(tx, *farewells)
        audit.add(
            tx,
            Event.ACCESS_REVOKED,
            at=now,
            actor=idp.sealer.pseudonym(f"sub:{sub}"),
            client_id=client_id,
            details={"families": families},
        )
    idp.post_waiting.set()
    return True


def name_of(idp: Idp, client_id: str) -> str:
    """What people know a client by; its id where it is registered no more."""
    client = idp.clients.get(client_id)
    return client_id if client is None else client.name or client_id


def _app(idp: Idp, client_id: str, rows: Iterable[access.AccessRow]) -> App:
    known = tuple(rows)
    scope = dict.fromkeys(name for row in known for name in row.scope)
    return App(
        client_id,
        name_of(idp, client_id),
        tuple(sorted(scope)),
        since=min(row.since for row in known),
        last_used_at=max(row.last_used_at for row in known),
        offline="offline_access" in scope,
    )
