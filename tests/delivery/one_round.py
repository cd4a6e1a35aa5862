"""One round of delivery in a process of its own, to be killed: URL, key folder, gateway, time."""

import sys
from pathlib import Path

from idp.adapters.sms_webhook import SmsWebhookCourier
from idp.flows.deliver import deliver_due
from idp.settings import Settings
from idp.store.outbox import Channel
from tests.delivery.conftest import MovableClock, built, opened


def main(url: str, key_folder: str, gateway: str, now: str) -> None:
    """Send what is due at ``now``."""
    settings = Settings.model_validate(
        {
            "delivery": {"sms": "webhook"},
            "sms": {"url": gateway, "secret": "a secret of a gateway", "timeout": 20},
        }
    )
    with opened(url) as database:
        idp = built(database, Path(key_folder), MovableClock(int(now)), settings)
        deliver_due(idp, {Channel.SMS: SmsWebhookCourier(settings)}, int(now))


if __name__ == "__main__":
    main(*sys.argv[1:])
