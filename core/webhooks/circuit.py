"""When a webhook that only fails is spared, and when it is switched off."""

from collections.abc import Callable
from datetime import datetime, timedelta

from data import webhooks as rows
from data.deliveries import hurry, pause_open
from data.webhooks import Health, Webhook, webhook_by_id

OPENS_AFTER = 10  # failures in a row
PROBE_EVERY = timedelta(minutes=5)
WARN_AFTER = timedelta(hours=24)
DISABLE_AFTER = timedelta(hours=120)
GONE = 'The receiver said that it is gone (410).'
ONLY_FAILED = 'Nothing was accepted for five days.'

Tell = Callable[[str, Webhook], object]


class Circuit:
    """What each outcome means for the webhook's health. Everything here happens inside the write of the outcome.

    `tell(kind, row)` announces webhook.failing and webhook.disabled; `changed()` is called when a webhook is to be
    treated differently from now on.
    """

    def __init__(self, tell: Tell, changed: Callable[[], object]) -> None:
        self.tell, self.changed = tell, changed

    def succeeded(self, id: str, before: Health, now: datetime) -> None:
        if before.failures and rows.note_success(id) and before.open:
            hurry(id, now)  # what waited for the receiver waits no longer
            self.changed()

    def failed(self, id: str, now: datetime, *, status: int) -> None:
        rows.note_failure(id, now)
        row = webhook_by_id(id)
        if row is None or row.state != 'on':
            return
        failing = now - row.failing_since
        if status == 410:
            self.disable(row, GONE, now)
        elif failing >= DISABLE_AFTER:
            self.disable(row, ONLY_FAILED, now)
        elif row.failures >= OPENS_AFTER and rows.open_circuit(id, now, now + PROBE_EVERY):
            self.changed()
        if failing >= WARN_AFTER and row.state == 'on' and rows.note_warned(id, now):
            self.tell('webhook.failing', row)

    def disable(self, row: Webhook, reason: str, now: datetime) -> None:
        if rows.switch_webhook(row.id, 'on', 'disabled', reason=reason, at=now):
            pause_open(row.id)
            row.state, row.reason = 'disabled', reason
            self.tell('webhook.disabled', row)
            self.changed()
