"""The couriers and the logout sender that the settings ask for."""

from collections.abc import Mapping

from idp.adapters.backchannel import BackchannelLogout
from idp.adapters.egress import Egress
from idp.adapters.inbox import Inbox
from idp.adapters.sms_webhook import Breaker, SmsWebhook
from idp.adapters.smtp import SmtpCourier
from idp.ports import Clock, Courier
from idp.settings import Settings
from idp.store.outbox import Channel


class InboxOutsideDevelopment(Exception):
    """Codes would be kept in a file that ``/dev/inbox`` shows: only development mode may."""


def couriers_of(settings: Settings, clock: Clock) -> Mapping[str, Courier]:
    """A courier for each channel (``email``, ``sms``).

    Raises ``InboxOutsideDevelopment``, and ``ValueError`` for a mail server that would be told in clear.
    """
    delivery = settings.delivery
    if not settings.service.development and "inbox" in (delivery.email, delivery.sms):
        raise InboxOutsideDevelopment
    inbox = Inbox(delivery.inbox_path)
    return {
        Channel.EMAIL: inbox if delivery.email == "inbox" else _smtp(settings),
        Channel.SMS: inbox if delivery.sms == "inbox" else _webhook(settings, clock),
    }


def logout_sender_of(settings: Settings) -> BackchannelLogout:
    """What tells relying parties of a logout."""
    return BackchannelLogout(
        Egress(
            allow_loopback=settings.logout.allow_loopback_callbacks,
            extra_ca_file=settings.service.extra_ca_file,
            seconds=settings.logout.backchannel_timeout,
        )
    )


def _smtp(settings: Settings) -> SmtpCourier:
    smtp = settings.smtp
    return SmtpCourier(
        host=smtp.host,
        port=smtp.port,
        starttls=smtp.starttls,
        sender_email=settings.delivery.sender_email,
        sender_name=settings.delivery.sender_name or settings.brand.name,
        username=smtp.username,
        password="" if smtp.password is None else smtp.password.get_secret_value(),
        timeout=smtp.timeout,
        ca_file=smtp.ca_file or settings.service.extra_ca_file,
    )


def _webhook(settings: Settings, clock: Clock) -> SmsWebhook:
    sms = settings.sms
    return SmsWebhook(
        Egress(anywhere=True, extra_ca_file=settings.service.extra_ca_file, seconds=sms.timeout),
        Breaker(clock, failures=sms.breaker_failures, seconds=sms.breaker_seconds),
        url=sms.url,
        secret="" if sms.secret is None else sms.secret.get_secret_value(),
        sender=settings.delivery.sms_sender,
    )
