"""One hook: what called it, what came of each call, the builder, and its settings."""

import json
from typing import TYPE_CHECKING, Any

from nicegui import ui

from core.bus import News
from core.hooks.hooks import Known
from core.hooks.verifying import KINDS
from core.rights import Login

from ...aside import aside, reading
from ...login import guarded
from ...part import Part
from ...pieces import Knot, badge, box, button, facts, heading, notice, trace, when, words
from .adding import address_of, copy
from .builder import Builder
from .settings import SettingsTab
from .views import ORIGINS, OUTCOMES, CallLine, Detail, calls, detail

if TYPE_CHECKING:
    from ...compose import Gateway

SIEVES = {'': 'All', 'failed': 'Failed', 'received': 'Waiting', 'tested': 'Tests'}
TABS = {'build': 'Build', 'request': 'Request', 'result': 'Result', 'settings': 'Settings'}


class HookPage:
    def __init__(self, gateway: 'Gateway', login: Login, hook: Known) -> None:
        self.gateway, self.login, self.hook = gateway, login, hook
        self.may = login.asker.may('hooks.edit')
        self.sieve, self.chosen, self.follows = '', '', True
        self.tab = 'build' if self.may else 'result'
        self.builder = Builder(gateway, login, hook)
        self.settings = SettingsTab(gateway, hook, self.renamed)

    async def draw(self) -> None:
        self.head: Part[tuple[str, str, bool]] = Part(self._draw_head)
        with box('panes hook'):
            with box('', 'section').props('aria-label=Calls'):
                with box('bar'), box('switch').props('role=group aria-label=Show'):
                    self._sieves = {value: self._sieve(value, word) for value, word in SIEVES.items()}
                with box('scrolls grow').props('tabindex=0 role=group aria-label="Latest calls"'):
                    self.list: Part[tuple[str, tuple[CallLine, ...]]] = Part(lambda told: self._draw_list(*told))
            with box('', 'section').props('aria-label="One call"'):
                with box('bar'):
                    self.title: Part[tuple[Any, str, str] | None] = Part(self._draw_title, 'beside')
                    self.again = button('Do it again', 'plain small push', 'replay',
                                        on_click=guarded(self.replay, 'hooks.edit'))  # fmt: skip
                with box('bar'), box('switch').props('role=group aria-label="What is shown"'):
                    self._tabs = {name: self._tab(name, word) for name, word in TABS.items() if self._shows(name)}
                with box('scrolls grow inset-wide').props('tabindex=0 role=group aria-label="The call in full"'):
                    self.turned: Part[tuple[str, ...]] = Part(self._draw_turned, 'stack')
                    await self._draw_tabs()
        await self.refresh()

    async def _draw_tabs(self) -> None:
        self.around = {name: box('stack wide') for name in self._tabs}
        with self.around['request']:
            self.request: Part[Detail | None] = Part(_draw_request, 'stack wide')
        with self.around['result']:
            self.result: Part[Detail | None] = Part(_draw_result, 'stack wide')
        if self.may:
            with self.around['build']:
                self.waiting: Part[bool] = Part(self._draw_waiting)
                await self.builder.draw()
            with self.around['settings']:
                self.settings.draw()
        self._open(self.tab)

    def _shows(self, tab: str) -> bool:
        return self.may or tab in ('request', 'result')

    # ---- keeping it right

    async def hear(self, news: list[News]) -> None:
        about = {str(each.body.get('hook', '')) for each in news if each.kind == 'hook.event'}
        if self.hook.id in about or any(each.kind == 'hooks.changed' for each in news):
            await self.refresh()

    async def refresh(self) -> None:
        found = await reading(calls, self.hook.id, self.sieve)
        ids = [each.id for each in found]
        if self.follows or self.chosen not in ids:
            self.chosen = ids[0] if ids else ''
        self.list.show((self.chosen, found))
        told = self.hook.settings
        self.head.show((told.name, self._sentence(), told.enabled))
        turned = self.gateway.reception.turned_away(self.hook.id)
        self.turned.show((f'Turned away {turned.times} times, last from {turned.ip}: {turned.why}.',) if turned else ())
        await self.show(await reading(detail, self.hook.id, self.chosen) if self.chosen else None)

    async def show(self, found: Detail | None) -> None:
        self.title.show((found.at, found.state, found.origin) if found else None)
        self.again.set_visibility(self.may and found is not None and found.due_at is None and found.origin != 'sample')
        self.again.set_text('Do it for real' if found is not None and found.origin == 'test' else 'Do it again')
        self.request.show(found)
        self.result.show(found)
        if self.may:
            self.waiting.show(found is None)
            await self.builder.show(found)

    async def choose(self, id: str) -> None:
        self.chosen, self.follows = id, False
        await self.refresh()

    async def renamed(self, hook: Known) -> None:
        self.hook = self.builder.hook = hook
        await self.refresh()

    async def replay(self) -> None:
        await aside(self.gateway.errands.replay, self.chosen, self.hook.id)
        self.follows = True
        self._open('result')
        ui.notify('It is done again, as a new call.')

    # ---- drawing

    def _sentence(self) -> str:
        told = self.hook.settings
        if not told.enabled:
            return 'Off: whoever calls it is told that there is nothing here.'
        return f'Proof: {KINDS[told.kind].label}. At most {told.per_minute or "any number of"} calls a minute.'

    def _draw_head(self, told: tuple[str, str, bool]) -> None:
        name, sentence, _ = told
        with heading(name, sentence, trail='Hooks'):
            if self.may:
                address = address_of(self.gateway, self.hook)
                button('Copy the address', 'plain', 'content_copy', on_click=lambda: copy(address)).classes('desk')

    def _draw_list(self, chosen: str, found: tuple[CallLine, ...]) -> None:
        if not found:
            words('Nothing here.' if self.sieve else 'Nothing has called yet.', 'nothing small quiet', 'p')
        for line in found:
            with box('delivery three', 'button').props('type=button') as row:
                if line.id == chosen:
                    row.props('aria-current=true')
                row.on('click', guarded(lambda id=line.id: self.choose(id), 'hooks.see'))
                tone, word = OUTCOMES[line.state]
                words('', f'dot {tone}').props('role=img').props['aria-label'] = word
                with box('grow', 'span'):
                    words(line.title, 'cut block')
                    words(f'{word} · {line.about}', 'small faint cut block')
                when(line.at, classes='small faint nowrap')

    def _draw_title(self, told: tuple[Any, str, str] | None) -> None:
        if told is None:
            words('No call yet', 'strong', 'h2')
            return
        at, state, origin = told
        words(ORIGINS[origin], 'strong', 'h2')
        when(at, as_='second', classes='small faint')
        tone, word = OUTCOMES[state]
        badge(word, tone)

    def _draw_turned(self, told: tuple[str, ...]) -> None:
        for sentence in told:
            with notice(sentence, 'wait', 'gpp_maybe'):
                pass

    def _draw_waiting(self, waits: bool) -> None:
        if not waits:
            return
        example = f"curl {address_of(self.gateway, self.hook)}/test \\\n  -H 'Content-Type: application/json' -d '{{}}'"
        with notice('Listening. Let the other side call now; a call to /test is shown and does nothing.', 'accent',
                    'hearing'):  # fmt: skip
            button('Copy as curl', 'plain small', 'content_copy', on_click=lambda: copy(example))

    def _sieve(self, value: str, word: str) -> ui.element:
        made = words(word, tag='button').props('type=button')
        made.props['aria-pressed'] = 'true' if value == self.sieve else 'false'
        return made.on('click', guarded(lambda: self._turn(value), 'hooks.see'))

    async def _turn(self, value: str) -> None:
        self.sieve = value
        for each, made in self._sieves.items():
            made.props['aria-pressed'] = 'true' if each == value else 'false'
        await self.refresh()

    def _tab(self, name: str, word: str) -> ui.element:
        return words(word, tag='button').props('type=button').on('click', lambda: self._open(name))

    def _open(self, tab: str) -> None:
        self.tab = tab
        for name, around in self.around.items():
            around.set_visibility(name == tab)
            self._tabs[name].props['aria-pressed'] = 'true' if name == tab else 'false'


def _draw_request(found: Detail | None) -> None:
    if found is None:
        words('Nothing has come yet.', 'small quiet', 'p')
        return
    head = [f'{name}: {value}' for name, value in found.headers] or [f'content-type: {found.content_type}']
    if found.query:
        head.insert(0, '?' + '&'.join(f'{name}={value}' for name, value in found.query))
    words('\n'.join(head), 'raw mono', 'pre').props('tabindex=0 role=group aria-label="Request headers"')
    words(_pretty(found), 'raw mono', 'pre').props('tabindex=0 role=group aria-label="Request body"')


def _pretty(found: Detail) -> str:
    if found.payload is None or isinstance(found.payload, str):
        return found.body[:20_000]
    return json.dumps(found.payload, indent=2, ensure_ascii=False)[:20_000]


def _draw_result(found: Detail | None) -> None:
    if found is None:
        words('Nothing has come yet.', 'small quiet', 'p')
        return
    if found.error:
        with notice(found.error, 'bad', 'error'):
            pass
    if found.due_at is not None and found.state == 'received':
        facts([('Goes on', found.due_at)])
    if not found.results:
        words(_nothing(found.state), 'small quiet', 'p')
    trace(Knot(text=_said(each), tone=TONES[each['state']], at=found.settled_at or found.at,
               detail=str(each.get('error') or each.get('why') or ''), data=str(each.get('text') or ''))
          for each in found.results)  # fmt: skip
    for each in found.results:
        if each.get('chat'):
            ui.link('Open the chat', f'/inbox?chat={each["chat"]}').classes('small')
            break


TONES = {'done': 'done', 'failed': 'bad', 'ignored': 'skip', 'duplicate': 'skip'}


def _nothing(state: str) -> str:
    return {
        'tested': 'This was only shown: nothing was done.',
        'skipped': 'There was nothing to do: “Only when” said no, or there was nothing to go through.',
        'received': 'Nothing has been done about it yet.',
    }.get(state, 'Nothing was done.')


def _said(result: Any) -> str:
    to = result.get('to') or 'nobody'
    match result['state']:
        case 'done' if result.get('run'):
            return f'A flow was started for {to}'
        case 'done' if result.get('message'):
            return f'A message to {to}'
        case 'done':
            return f'{to} is a contact'
        case 'duplicate':
            return f'To {to}, but that was done before'
        case 'ignored':
            return f'Not to {to}'
    return f'Not done for {to}'
