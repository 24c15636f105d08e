"""The part of a session's page about calls, and about being seen as online."""

from nicegui import ui

from core.bodies import CALLS
from core.calls import LONGEST
from core.presence import Own
from core.rights import Login
from data.database import read
from data.sessions import session_by_name

from .aside import aside, reading
from .compose import Gateway
from .login import guarded
from .pieces import box, button, field, panel, words

OWN: dict[Own, str] = {'as_phone': 'Only while the phone is', 'online': 'All the time'}
WHY = (
    'Shown as online, this account is also told who else is online and typing, and the phone rings and shows less. '
    'Otherwise the phone decides.'
)


def calls_and_presence(gateway: Gateway, login: Login, name: str, session_id: str) -> None:
    """Draws the panel; what is chosen is kept by its button. For those who may change sessions."""
    calls, presence = _settings_of(name)
    with panel('Calls and presence'), box('stack wide'):
        with box('stack'):
            reject = ui.switch('Reject calls by themselves', value=bool(calls['reject']))
            with field('What is written to the caller', 'Once a minute to the same person. Empty: nothing is written.'):
                text = ui.textarea(value=str(calls['text']), placeholder='We cannot take calls here. Write to us.')
                text.props(f'rows=2 autogrow maxlength={LONGEST}').bind_enabled_from(reject, 'value')
        with box('stack'):
            with field('Shown as online'):
                shown = ui.select(OWN, value=presence)
            words(WHY, 'small faint', 'p')

        async def save() -> None:
            rules = {'reject': bool(reject.value), 'text': str(text.value or '')}
            wish: Own = 'online' if shown.value == 'online' else 'as_phone'
            await aside(lambda: gateway.calls.set_rules(session_id, **rules))  # type: ignore[arg-type]
            await reading(gateway.presence.set_own, session_id, wish)
            ui.notify('Saved.')

        with box('beside'):
            button('Save', on_click=guarded(save, 'sessions.manage')).props('aria-label="Save calls and presence"')


def _settings_of(name: str) -> tuple[dict[str, object], Own]:
    with read():
        row = session_by_name(name)
    extra = row.extra if row is not None else {}
    return {**CALLS, **extra.get('calls', {})}, 'online' if extra.get('presence') == 'online' else 'as_phone'
