"""The settings page: your own account for everybody, the instance for those who manage it."""

from core.rights import Login

from ...compose import Gateway
from ...frame import frame
from ...login import page
from ...pieces import box, heading
from .account import your_account
from .instance import this_instance


def register(gateway: Gateway) -> None:
    @page('/settings')
    async def settings(login: Login) -> None:
        rules = login.asker.may('settings.manage')
        sentence = 'Your account, and what this instance runs with.' if rules else 'Your account.'
        with frame('Settings', here='/settings', login=login, sandbox=gateway.sandbox is not None):
            with heading('Settings', sentence):
                pass
            with box('body'), box('measure stack wide'):
                await your_account(gateway, login)
                if rules:
                    await this_instance(gateway, login)
