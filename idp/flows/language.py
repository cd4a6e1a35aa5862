"""The language in which a customer is spoken and written to (journey I)."""

from idp.accounts.audit import Event
from idp.flows.fresh import Owner
from idp.flows.idp import Idp
from idp.store import audit, credentials


def choose(idp: Idp, known: Owner, language: str, *, now: int) -> bool:
    """Speak this language from now on, in pages and messages; False for one that is not offered."""
    if language not in idp.settings.languages.offered:
        return False
    sub = known.account.sub
    with idp.writing() as tx:
        if credentials.set_language(tx, sub, language, now=now):
            actor = idp.sealer.pseudonym(f"sub:{sub}")
            audit.add(tx, Event.LANGUAGE_CHANGED, at=now, actor=actor, details={"language": language})
    return True
