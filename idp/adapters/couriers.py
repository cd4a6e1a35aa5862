"""The couriers and the logout sender that the settings ask for."""

from collections.abc import Mapping

from idp.adapters.backchannel import BackchannelLogout
from idp.adapters.inbox import Inbox
from idp.adapters.sms_webhook import SmsWebhookCourier
from idp.adapters.smtp import SmtpCourier
from idp.ports import Clock, Courier
from idp.settings import Settings
from idp.store.outbox import Channel


class InboxOutsideDevelopment(Exception):
    """Codes would be kept in a file that ``/dev/inbox`` shows: only development mode may."""


def couriers_of(settings: Settings, clock: Clock) -> Mapping[Channel, Courier]:
    """A courier for each channel.

    Raises ``InboxOutsideDevelopment``, and ``ValueError`` for a mail server that would be told in clear.
    """
    delivery = settings.delivery
    if not settings.service.development and "inbox" in (delivery.email, delivery.sms):
        raise InboxOutsideDevelopment
    inbox = Inbox(delivery.inbox_path)
    return {
        Channel.EMAIL: inbox if delivery.email == "inbox" else SmtpCourier(settings),
        Channel.SMS: inbox if delivery.sms == "inbox" else SmsWebhookCourier(settings, clock.monotonic),
    }


def logout_sender_of(settings: Settings) -> BackchannelLogout:
    """What tells relying parties of a logout."""
    return BackchannelLogout(settings)
