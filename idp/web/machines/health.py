"""Is the process alive, and may it be sent requests? Two questions, two answers, no secrets."""

from collections.abc import Callable

from idp.flows.idp import Idp
from idp.ports import EphemeraDown
from idp.store.database import DatabaseDown
from idp.web.machines.answer import Answer, json_answer
from idp.web.machines.call import Call


def live(_idp: Idp, _call: Call) -> Answer:
    """The process answers; nothing else is asked of it, so that a database outage restarts nobody."""
    return json_answer({"status": "ok"})


def ready(idp: Idp, call: Call) -> Answer:
    """200 when database, keys and short-lived state are there; else 503 naming what is not."""
    checks: dict[str, Callable[[], bool]] = {
        "database": lambda: _database(idp),
        "keys": lambda: not idp.signers.missing(),
        "ephemera": lambda: idp.ephemera.count("ready", call.now) >= 0,
    }
    missing = [name for name, check in checks.items() if not _holds(check)]
    if missing:
        return json_answer({"status": "unavailable", "missing": missing}, 503)
    return json_answer({"status": "ok"})


def _database(idp: Idp) -> bool:
    with idp.reading() as tx:
        return bool(tx.exec_driver_sql("SELECT 1").scalar_one() == 1)


def _holds(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except (DatabaseDown, EphemeraDown):
        return False
