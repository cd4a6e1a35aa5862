"""Which courier carries each channel, by the settings."""

from collections.abc import Mapping

from idp.adapters.backchannel import BackchannelLogout
from idp.flows.idp import Idp
from idp.flows.worker import Worker
from idp.ports import Courier
from idp.settings import Settings
from idp.store.outbox import Channel


def couriers(settings: Settings) -> Mapping[Channel, Courier]:
    """A courier for email and one for SMS."""
    return {Channel.EMAIL: _email(settings), Channel.SMS: _sms(settings)}


def worker(idp: Idp) -> Worker:
    """The worker that empties the outbox and sweeps what has died."""
    return Worker(idp, couriers(idp.settings), BackchannelLogout(idp.settings))


def _email(settings: Settings) -> Courier:
    if settings.delivery.email == "inbox":
        return _inbox(settings)
    from idp.adapters.smtp import SmtpCourier

    return SmtpCourier(settings)


def _sms(settings: Settings) -> Courier:
    if settings.delivery.sms == "inbox":
        return _inbox(settings)
    from idp.adapters.sms_webhook import SmsWebhookCourier

    return SmsWebhookCourier(settings)


def _inbox(settings: Settings) -> Courier:
    from idp.adapters.inbox import InboxCourier

    return InboxCourier(settings.delivery.inbox_path)
