"""What a phone tells a device that was just linked to its account."""

from typing import TYPE_CHECKING

from core.sandbox import history
from core.sandbox.appstate import PUSH_NAME
from core.sandbox.people import Device

if TYPE_CHECKING:
    from core.sandbox.phone import Phone


def greet(phone: 'Phone', device: Device) -> None:
    """The key of the app state, with the push name and the address book in it, and the history."""
    state = phone.account.app_state
    if not state.collection(PUSH_NAME).version:
        state.set_push_name(phone.account.name)
    phone.relay.keep.account(phone.account)
    phone.peer(device, state.key_share())
    history.share(phone, device)
