"""What a phone tells a device that was just linked to its account."""

import zlib
from typing import TYPE_CHECKING

from core.sandbox.appstate import PUSH_NAME
from core.sandbox.people import Device
from core.sandbox.protos import History, e2e, history

if TYPE_CHECKING:
    from core.sandbox.phone import Phone


def greet(phone: 'Phone', device: Device) -> None:
    """The key of the app state, the push name, and an empty history."""
    state = phone.account.app_state
    if not state.collection(PUSH_NAME).version:
        state.set_push_name(phone.account.name)
    phone.relay.keep.account(phone.account)
    phone.peer(device, state.key_share())
    for part in (history.HistorySync.INITIAL_BOOTSTRAP, history.HistorySync.RECENT):
        share_history(phone, device, history.HistorySync(syncType=part, chunkOrder=1, progress=100))


def share_history(phone: 'Phone', device: Device, content: History) -> None:
    """Send a history-sync blob, inline."""
    message = e2e.Message()
    message.protocolMessage.type = e2e.ProtocolMessage.HISTORY_SYNC_NOTIFICATION
    notice = message.protocolMessage.historySyncNotification
    name = history.HistorySync.HistorySyncType.Name(content.syncType)
    notice.syncType = e2e.HistorySyncType.Value(name)
    notice.initialHistBootstrapInlinePayload = zlib.compress(content.SerializeToString())
    phone.peer(device, message)
