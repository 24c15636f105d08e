"""The builder: what came, as a tree to click on; the templates it is clicked into; and what would be sent."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nicegui import events, ui

from core.errors import DovecoteError
from core.hooks.hooks import Known
from core.hooks.mapping import Map, MediaMap
from core.outbox import Author
from core.rights import Login
from data.database import read
from data.sessions import all_sessions

from ...aside import aside, reading
from ...login import asker_now, guarded
from ...part import Part
from ...pieces import box, button, dialog, field, panel, words
from .tree import draw_tree, within
from .views import Detail, values

if TYPE_CHECKING:
    from ...compose import Gateway

SHOWN = 3
# Every call has them, and nobody builds on them.
EVERYBODY = {'accept', 'accept-encoding', 'connection', 'content-length', 'host', 'transfer-encoding', 'user-agent'}
ACTIONS = {
    'message': 'Send a message', 'contact': 'Add or name a contact', 'flow': 'Start a flow',
    'none': 'Only start flows that wait for it',
}  # fmt: skip
UNKNOWN = {'create': 'Make them a contact', 'ignore': 'Leave it', 'error': 'Count it as failed'}
CARET = '(event) => emit(event.target.selectionStart)'
# What a template may be put into: field, label, hint.
FIELDS = (
    ('to', 'To', ''),
    ('text', 'Text', ''),
    ('media', 'File', 'An address of a picture or another file; the text is its caption then.'),
    ('name', 'Name of the contact', ''),
)
MORE = (
    ('flow', 'Flow', 'The key of the one to start, where that is the action.'),
    ('when', 'Only when', 'Nothing is done where this gives nothing, false, no or 0.'),
    ('for_each', 'For each of', 'A list, like {{ payload.lines }}; each of them is called item.'),
    ('delay', 'After', 'Seconds, or like 10m, 2h, 1d.'),
    ('dedupe_key', 'Once for each', 'The same is done once in seven days.'),
)
Items = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What would be done, or the one `problem` that keeps all of it from being done."""

    items: Items = ()
    problem: str = ''


class Builder:
    def __init__(self, gateway: 'Gateway', login: Login, hook: Known) -> None:
        self.gateway, self.login, self.hook = gateway, login, hook
        self.fields: dict[str, ui.input | ui.textarea] = {}
        self.aim, self.caret = 'text', -1
        self.event = ''
        self._turn = 0

    async def draw(self) -> None:
        sessions = await reading(lambda: [str(row.name) for row in all_sessions()])
        map = self.hook.settings.map
        if map.session and map.session not in sessions:
            sessions.append(map.session)
        with box('build'):
            with box('stack wide'):
                with panel('What came', 'click to insert'):
                    self.tree: Part[Detail | None] = Part(self._draw_tree)
                with panel('What would be sent') as end:
                    self.preview: Part[Seen] = Part(self._draw_preview, 'stack')
                with end:
                    button('Dry run', 'plain small', on_click=guarded(self.dry_run, 'hooks.see'))
                    button('Send to me…', 'plain small', on_click=guarded(self.send_to_me, 'messages.send'))
            with panel('What is done') as end, box('stack wide'):
                self._draw_fields(map, sessions)
            with end:
                button('Save', 'primary small', on_click=guarded(self.save, 'hooks.edit'))

    async def show(self, detail: Detail | None) -> None:
        self.event = detail.id if detail is not None else ''
        self.tree.show(detail)
        await self.render()

    # ---- the payload

    def _draw_tree(self, detail: Detail | None) -> None:
        if detail is None:
            words('Nothing has come yet.', 'small quiet', 'p')
            return
        if detail.problem:
            words(detail.problem, 'problem small', 'p')
        roots = {'payload': detail.payload, 'query': dict(detail.query), 'headers': _telling(detail.headers)}
        draw_tree(roots, self.insert)

    def insert(self, path: str) -> None:
        """Into the field that was written in last, where its caret was."""
        target = self.fields[self.aim]
        path = path if self.aim == 'for_each' else within(path, str(self.fields['for_each'].value or ''))
        text = str(target.value or '')
        at = self.caret if 0 <= self.caret <= len(text) else len(text)
        name = f'{{{{ {path} }}}}'
        if self.aim == 'for_each':  # it is one expression
            text, at = '', 0
        self.caret = at + len(name)
        target.set_value(text[:at] + name + text[at:])

    # ---- the fields

    def _draw_fields(self, map: Map, sessions: list[str]) -> None:
        with box('form'):
            with field('Action'):
                self.action = ui.select(dict(ACTIONS), value=map.action if map.action in ACTIONS else 'message',
                                        on_change=self.render)  # fmt: skip
            with field('Session'):
                self.session = ui.select(sessions, value=map.session or None, on_change=self.render)
        kept = {**{name: getattr(map, name, '') for name, *_ in (*FIELDS, *MORE)}, 'media': ''}
        if map.media is not None:
            kept |= {'media': map.media.url, 'text': map.media.caption}
        for name, label, hint in FIELDS:
            self._draw_field(name, label, hint, kept[name])
        with box('form'):
            for name, label, hint in MORE:
                with box():
                    self._draw_field(name, label, hint, kept[name])
            with field('Somebody new'):
                self.unknown = ui.select(dict(UNKNOWN), value=map.unknown, on_change=self.render)
            with field('Country', 'Of numbers written without one, like DE.'):
                self.country = ui.input(value=map.country, on_change=self.render).props('maxlength=2 debounce=300')

    def _draw_field(self, name: str, label: str, hint: str, value: str) -> None:
        with field(label, hint):
            made = (ui.textarea if name == 'text' else ui.input)(value=value, on_change=self.render)
        made.props('debounce=300 autocomplete=off spellcheck=false')
        if name == 'text':
            made.props('autogrow')
        made.on('focus', lambda: self._aim_at(name))
        made.on('focusout', self._leave, js_handler=CARET)  # Quasar tells of a blur only after the click
        self.fields[name] = made

    def _aim_at(self, name: str) -> None:
        if self.aim != name:
            self.aim, self.caret = name, -1

    def _leave(self, event: events.GenericEventArguments) -> None:
        self.caret = event.args if isinstance(event.args, int) else -1

    def map(self) -> Map:
        """As the fields say now."""
        told: dict[str, Any] = {name: str(each.value or '').strip() for name, each in self.fields.items()}
        media, text = told.pop('media'), str(self.fields['text'].value or '')
        old = self.hook.settings.map
        file = MediaMap(url=media, caption=text, filename=old.media.filename if old.media else '',
                        as_=old.media.as_ if old.media else '') if media else None  # fmt: skip
        return replace(
            old, **{**told, 'text': '' if media else text}, media=file, action=self.action.value,
            session=str(self.session.value or ''), unknown=self.unknown.value,
            country=str(self.country.value or '').strip().upper(),
        )  # fmt: skip

    # ---- what would come of it

    async def render(self) -> None:
        self._turn += 1
        turn = self._turn
        seen = await aside(self._look, self.map(), self.event)
        if turn == self._turn:  # something else was written meanwhile
            self.preview.show(seen)

    def _look(self, map: Map, event: str) -> Seen:
        if not event:
            return Seen(problem='It shows here as soon as something has come.')
        try:
            return Seen(items=tuple(self._rehearsed(map, event)))
        except DovecoteError as error:
            return Seen(problem=str(error))

    def _rehearsed(self, map: Map, event: str) -> list[dict[str, Any]]:
        return self.gateway.errands.doing.rehearse(map, self._values(event))

    def _values(self, event: str) -> dict[str, Any]:
        with read():
            return values(self.hook.id, event)

    def _draw_preview(self, seen: Seen) -> None:
        if seen.problem:
            words(seen.problem, 'problem small', 'p').props('role=status')
        elif not seen.items:
            words('Nothing: “Only when” says no, or there is nothing to go through.', 'small quiet', 'p')
        for item in seen.items[:SHOWN]:
            draw_item(item)
        if len(seen.items) > SHOWN:
            words(f'and {len(seen.items) - SHOWN} more', 'small faint', 'p')

    # ---- doing

    async def save(self) -> None:
        new = replace(self.gateway.hooks.at(self.hook.key) or self.hook).settings
        self.hook, _ = await aside(self.gateway.hooks.change, self.hook.id, replace(new, map=self.map()))
        ui.notify('Saved.')

    async def dry_run(self) -> None:
        seen = await aside(self._look, self.map(), self.event)
        with dialog('Dry run', 'What this call would do. Nothing is sent.') as form:
            with box('stack scrolls story').props('tabindex=0 role=group aria-label="What would be sent"'):
                if seen.problem:
                    words(seen.problem, 'problem small', 'p')
                elif not seen.items:
                    words('Nothing would be done.', 'small quiet', 'p')
                for item in seen.items:
                    draw_item(item)
            with box('beside'):
                button('Close', 'primary', on_click=form.close)

    async def send_to_me(self) -> None:
        with dialog('Send it to me', 'The first message of this call goes to your number instead.') as form:
            with field('Your number', 'With a plus and the country code.'):
                number = ui.input().props('autofocus autocomplete=tel')

            async def send() -> None:
                asker = asker_now()
                author = Author(id=f'{asker.kind}:{asker.id}', name=asker.name)
                to = str(number.value or '').strip()
                await aside(self.gateway.errands.try_out, self.map(), await aside(self._values, self.event), to, author)
                form.close()
                ui.notify('It is on its way.')

            number.on('keydown.enter', guarded(send, 'messages.send'))
            with box('beside'):
                button('Leave it', on_click=form.close)
                button('Send', 'primary', on_click=guarded(send, 'messages.send'))


def _telling(headers: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return {name: value for name, value in headers if name not in EVERYBODY}


def draw_item(item: Mapping[str, Any]) -> None:
    with box('would'):
        with box('beside small'):
            words(str(item['to'] or 'nobody'), 'strong')
            words(f'by {item["session"]}' if item['session'] else '', 'faint')
            if item['delay']:
                words(f'after {item["delay"]:.0f} s', 'faint')
        if item['media']:
            words(str(item['media']), 'small mono cut', 'p')
        if item['text']:
            words(str(item['text']), 'whole small', 'p')
        if item['name'] and item['action'] == 'contact':
            words(f'is called {item["name"]}', 'small', 'p')
        if item['problem']:
            words(str(item['problem']), 'problem small', 'p').props('role=status')
        elif item['note']:
            words(str(item['note']), 'small faint', 'p')
