"""A code of the authenticator app, or a recovery code, as the second proof of a recovery (journey H).

Asked only once the contact is proven, and only what confirms at that moment; wrong ones are counted as
everywhere else (``flows.authenticator``, ``flows.recovery_codes``).
"""

from dataclasses import replace

from idp.accounts.recovery import Account, Means, Stage, app_mark, codes_mark
from idp.flows import authenticator, recovery_codes
from idp.flows.authenticator import Replayed, Right, Throttled, Wrong
from idp.flows.idp import Idp
from idp.flows.recover.progress import Proven, UnderWay
from idp.store import recoveries


def asked(known: UnderWay) -> tuple[Means, ...]:
    """Which of the two would do now, the app first."""
    if known.account is None or known.stage is not Stage.SECOND:
        return ()
    return known.recovery.means_asked(known.account)


def confirm(
    idp: Idp, known: UnderWay, means: Means, typed: str, *, source: str, now: int
) -> Proven | Wrong | Replayed | Throttled:
    """Take the code, and use it up."""
    account = known.account
    if account is None or means not in asked(known):
        return Wrong()
    if means is Means.AUTHENTICATOR:
        verdict = authenticator.check(idp, account.sub, typed, source=source, now=now)
    else:
        verdict = recovery_codes.check(idp, account.sub, typed, source=source, now=now)
    match verdict:
        case Right(held=False):
            return _prove(idp, known, account, means, now=now)
        case Right():
            # It came to be held since it was asked for.
            return Wrong()
        case Wrong() | Replayed() | Throttled():
            return verdict


def _prove(idp: Idp, known: UnderWay, account: Account, means: Means, *, now: int) -> Proven | Wrong:
    mark = app_mark(account.app or 0) if means is Means.AUTHENTICATOR else codes_mark(account.codes or 0)
    proven = replace(known.recovery, second_by=mark)
    sealed = recoveries.seal(idp.sealer, proven)
    with idp.writing() as tx:
        noted = recoveries.prove_second_by(tx, proven, sealed_offer=sealed, now=now)
    return Proven() if noted else Wrong()
