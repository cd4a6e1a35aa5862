"""What text messages cost, read where the service counts it."""

from idp.accounts.lockout import SMS_CAP, Brake
from idp.flows.idp import Idp
from idp.settings import Rate

DAY = 86400


def spent_today(idp: Idp, *, now: int) -> int:
    """What SMS cost in the day (UTC) around ``now``, in thousandths of a euro."""
    brake = Brake(SMS_CAP, Rate(idp.settings.limits.sms_daily_cap * 1000, DAY))
    return idp.ephemera.count(brake.key(now), now)
