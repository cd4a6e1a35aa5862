"""Houses that count on each store of counters, also in other processes; and what callers there do."""

from pathlib import Path
from typing import Any

from idp.accounts.lockout import Allowed, Brake
from idp.flows import spending, throttle
from idp.settings.section import Rate
from idp.values import parse_contact
from tests.service.in_process import InProcess, open_in_process, settings_for

NOW = 1_800_000_000


def counting_house(folder: Path, url: str, ephemera_url: str = "", **limits: Any) -> InProcess:
    """The service over a prepared database, counting there or on a server, with other limits."""
    return open_in_process(
        settings_for(
            folder,
            url,
            database={"url": url, "pool_size": 16, "statement_timeout_ms": 20_000},
            service={"threads": 64},
            ephemera={"url": ephemera_url},
            limits=limits,
        )
    )


def sends(folder: Path, url: str, ephemera_url: str, contact: str, count: int) -> int:
    """How many of that many messages to one contact were let through in this process."""
    house = counting_house(folder, url, ephemera_url)
    to = parse_contact(contact)
    let = [
        spending.may_send(house.idp, to, f"198.51.100.{n}", now=NOW) == Allowed() for n in range(1, count + 1)
    ]
    house.idp.database.engine.dispose()
    return sum(let)


def asks(folder: Path, url: str, ephemera_url: str, names: list[str], most: int) -> list[str]:
    """Which identifiers were let through in this process, of those asked about."""
    house = counting_house(folder, url, ephemera_url)
    brakes = (Brake("identify-source:x", Rate(most, 3600)),)
    let = [name for name in names if throttle.spend_distinct(house.idp, brakes, name, now=NOW) == Allowed()]
    house.idp.database.engine.dispose()
    return let
