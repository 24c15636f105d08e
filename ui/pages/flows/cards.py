"""The flow in sentences: cards that open to forms, and can be added, moved, doubled and taken away."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from nicegui import ui

from flows.beginnings import beginning, kinds_of, new_way, offered, twin
from flows.changes import Add, Change, Drop, Move, Put, at, split
from flows.flow import Document
from flows.forms import Field, form_of
from flows.outline import Card, Fault, Outline, Way, model_at, variables

from ...login import guarded
from ...part import Part
from ...pieces import box, button, dialog, icon, tool, words
from .controls import Offers
from .draft import Draft
from .form import CardForm
from .sentences import draw_card_faults, draw_faults, draw_sentence, draw_way, sentence_words

ICONS = {
    'message': 'chat', 'answer': 'ballot', 'reaction': 'add_reaction', 'inactivity': 'hourglass_empty',
    'unanswered': 'help', 'schedule': 'schedule', 'webhook': 'webhook', 'status': 'done_all', 'group_join': 'group_add',
    'group_leave': 'group_remove', 'contact_created': 'person_add', 'contact_updated': 'manage_accounts',
    'session_state': 'phonelink_ring', 'flow_error': 'error', 'manual': 'touch_app', 'api': 'code',
    'contact': 'person', 'var': 'data_object', 'window': 'history', 'business_hours': 'schedule',
    'template': 'function', 'all': 'join_inner', 'any': 'join_full', 'not': 'block',
}  # fmt: skip
OVER = """(e) => { e.preventDefault(); e.stopPropagation(); const card = e.currentTarget;
  const at = card.getBoundingClientRect();
  card.classList.add('over'); card.classList.toggle('after', e.clientY > at.top + at.height / 2); }"""
OUT = "(e) => e.currentTarget.classList.remove('over', 'after')"
DROP = """(e) => { e.preventDefault(); e.stopPropagation(); const card = e.currentTarget;
  const after = card.classList.contains('after'); card.classList.remove('over', 'after'); emit(after); }"""
LIFT = """(e) => { e.stopPropagation(); e.dataTransfer.effectAllowed = 'move'; e.dataTransfer.setData('text/plain', '');
  e.dataTransfer.setDragImage(e.currentTarget.closest('.card'), 16, 16); emit(); }"""
ELSE = Field(name='else', label='Go to', hint='Or add steps of its own.', control='step')
NOT_HERE = ('schema', 'key', 'enabled')  # the key is the address of the page, the switch stands above it


@dataclass(slots=True)
class _Shown:
    """What is redrawn of a card while it stays where it is."""

    sentence: Part[tuple[str, str, bool]]
    faults: Part[tuple[Fault, ...]]


class CardsPane:
    def __init__(self, draft: Draft, offers: Callable[[], Offers], may: bool) -> None:
        self.draft, self.offers, self.may = draft, offers, may
        self.shown: dict[str, _Shown] = {}
        self.ways: dict[str, Part[tuple[str, tuple[Fault, ...]]]] = {}
        self.open = ''
        self.form: CardForm | None = None
        self.skeleton: Any = None
        self.lifted = ''
        self.holders: dict[str, ui.element] = {}
        self.cards: dict[str, ui.element] = {}

    def draw(self) -> None:
        self.faults: Part[tuple[Fault, ...]] = Part(draw_faults, 'stack')
        self.around = box('stack-of-cards')
        self.gone: Part[str] = Part(self._draw_gone)

    def show(self, by: object = None) -> None:
        """As the draft is now; the form that made the change is left alone."""
        seen = self.draft.seen
        self.faults.show(tuple(each for each in seen.faults if each.field in ('', 'key', 'triggers', 'steps')))
        skeleton = _skeleton(seen)
        if skeleton != self.skeleton:
            self.skeleton = skeleton
            self._draw_all(seen)
        for card in seen.cards():
            self._refresh(card)
        self._refresh_settings(seen)
        if self.form is not None:
            faults = self._faults_of(self.open)
            if by is self.form:
                self.form.show_faults(faults)
            else:
                self.form.show(self._values(self.open), faults)

    # ---- drawing

    def _draw_all(self, seen: Outline) -> None:
        opened = self.open
        self.shown, self.ways, self.holders, self.cards, self.open, self.form = {}, {}, {}, {}, '', None
        self.around.clear()
        with self.around:
            self._clause('When', 'one of these happens')
            self._list(seen.triggers, 'triggers', 'trigger')
            self._clause('Only if', 'one of these is true' if seen.joins == 'any' else 'all of these are true')
            self._list(seen.conditions, seen.gathers, 'condition')
            if len(seen.conditions) > 1 and self.may:
                other = 'all of them have to be' if seen.joins == 'any' else 'one of them is enough'
                button(f'Instead: {other}', 'ghost small', on_click=guarded(self._join, 'flows.edit'))
            self._clause('Then', 'one after the other')
            self._list(seen.steps, 'steps', 'step')
            self._clause('Settings', 'of the whole flow')
            self._settings_card()
        if opened in self.holders:
            self._open(opened)

    def _clause(self, word: str, note: str) -> None:
        with box('clause', 'h3'):
            words(word)
            words(note, 'faint note')

    def _list(self, cards: Sequence[Card], place: str, part: str) -> None:
        for number, card in enumerate(cards):
            self._card(card, joined=number > 0)
        if self.may:
            made = button(f'Add a {part}', 'ghost small adds', 'add',
                          on_click=guarded(lambda: self._offer(part, place, len(cards)), 'flows.edit'))  # fmt: skip
            if place.startswith('steps/'):
                made.props['aria-label'] = f'Add a {part} at {place}'
            if place:
                self._catches(made, f'{place}/{len(cards)}', part, ends=True)

    def _card(self, card: Card, *, joined: bool) -> None:
        with box(f'card {"joined" if joined else ""}') as around:
            self.cards[card.place] = around
            with box('grip', 'span') as grip:
                words(str(card.number), 'number') if card.number else icon(ICONS.get(card.kind, 'circle'))
            if self.may:
                grip.props('draggable=true')
                grip.on('dragstart', lambda: self._lift(card), js_handler=LIFT)
                self._catches(around, card.place, card.part)
            self._sentence(card)
            if self.may:
                more = tool('more_horiz', f'More for {card.label}{f" {card.number}" if card.number else ""}')
                more.on('click', guarded(lambda: self._menu(more, card), 'flows.edit'))
            for way in card.ways:
                self._way(card, way)
            if card.grows and self.may:
                button('Add a way', 'ghost small adds', 'add',
                       on_click=guarded(lambda: self._add_way(card), 'flows.edit')).classes('wide')  # fmt: skip
            self._holder(card.form)

    def _sentence(self, card: Card) -> None:
        opens = box('sentence', 'button' if card.form and self.may else 'div')
        if card.form and self.may:
            opens.props('type=button').props['aria-expanded'] = 'false'
            opens.on('click', guarded(lambda: self.toggle(card.form), 'flows.edit'))
        with opens:
            sentence: Part[tuple[str, str, bool]] = Part(draw_sentence, tag='span')
            faults: Part[tuple[Fault, ...]] = Part(draw_card_faults, tag='span')
        self.shown[card.place] = _Shown(sentence, faults)

    def _way(self, card: Card, way: Way) -> None:
        with box('way-out').props('role=group') as group:
            group.props['aria-label'] = f'{way.word or card.says} of {card.label}'
            with box('way'):
                words(way.word, 'strong')
                told: Part[tuple[str, tuple[Fault, ...]]] = Part(draw_way, tag='span')
                self.ways[way.list] = told
                if self.may and (way.edits or (way.list.endswith('/else') and not way.cards)):
                    more = tool('more_horiz', f'More for {way.word} of {card.label} {card.number or ""}'.strip())
                    more.classes('push').on('click', guarded(lambda: self._way_menu(more, card, way), 'flows.edit'))
            if way.edits:
                self._holder(way.edits)
            elif way.list.endswith('/else'):
                self._holder(way.list)
            if way.judges:
                self._list(way.judged, way.judges, 'condition')
            if way.list and not way.goes:
                if way.judges:
                    words('Then', 'small faint', 'p')
                self._list(way.cards, way.list, way.holds)
            elif not way.list:
                for number, below in enumerate(way.cards):
                    self._card(below, joined=number > 0)

    def _settings_card(self) -> None:
        with box('card'):
            icon('tune')
            opens = box('sentence', 'button' if self.may else 'div')
            if self.may:
                opens.props('type=button').props['aria-expanded'] = 'false'
                opens.on('click', guarded(lambda: self.toggle('.'), 'flows.edit'))
            with opens:
                self.settings: Part[str] = Part(sentence_words, tag='span')
                self.setting_faults: Part[tuple[Fault, ...]] = Part(draw_card_faults, tag='span')
            self._holder('.')

    def _refresh_settings(self, seen: Outline) -> None:
        said = self.draft.document
        self.settings.show(f'|{said.get("name") or "No name"}|, priority |{said.get("priority", 100)}|')
        self.setting_faults.show(self._faults_of('.'))

    def _holder(self, place: str) -> None:
        if place:
            self.holders[place] = box('wide').classes('hidden')

    def _refresh(self, card: Card) -> None:
        shown = self.shown.get(card.place)
        if shown is not None:
            shown.sentence.show((card.says, card.note, True))
            shown.faults.show(card.faults)
        for way in card.ways:
            if way.list in self.ways:
                always = 'always' if way.judges and not way.judged else ''
                self.ways[way.list].show((' '.join(filter(None, (always, way.says, way.goes))), way.faults))

    def _draw_gone(self, said: str) -> None:
        if said:
            with box('beside small').props('role=status'):
                words(said, 'quiet grow')
                button('Undo', 'ghost small', 'undo', on_click=guarded(self.undo, 'flows.edit'))

    # ---- the form of a card

    def toggle(self, place: str) -> None:
        if self.open == place:
            self._close()
        else:
            self._close()
            self._open(place)

    def _close(self) -> None:
        if self.open in self.holders:
            self.holders[self.open].clear()
            self.holders[self.open].classes('hidden')
            self._mark(self.open, chosen=False)
        self.open, self.form = '', None

    def _open(self, place: str) -> None:
        where = '' if place == '.' else place.removesuffix('/else')
        fields = self._fields(place)
        if not fields:
            return
        self.open = place
        names = variables(self.draft.document, where)
        form = self.form = CardForm(where, fields, self.offers(), names, self._change)
        with self.holders[place].classes(remove='hidden'):
            form.draw()
        form.show(self._values(place), self._faults_of(place))
        self._mark(place, chosen=True)

    def _mark(self, place: str, *, chosen: bool) -> None:
        card = next((around for each, around in self.cards.items() if place in (each, f'{each}/not')), None)
        if card is not None:
            card.classes(add='chosen') if chosen else card.classes(remove='chosen')
        holder = self.holders[place].parent_slot
        for each in holder.parent.default_slot.children if holder else ():
            if 'aria-expanded' in each.props:
                each.props['aria-expanded'] = 'true' if chosen else 'false'

    def _fields(self, place: str) -> tuple[Field, ...]:
        if place == '.':
            return tuple(replace(each, later=each.name not in ('name', 'description', 'priority'))
                         for each in form_of(Document) if each.name not in NOT_HERE)  # fmt: skip
        if place.endswith('/else'):
            return (ELSE,)
        model = model_at(self.draft.document, place)
        if model is None:
            return ()
        said = at(self.draft.document, place)
        return tuple(each for each in form_of(model) if not (each.name == 'if' and isinstance(said.get('if'), list)))

    def _values(self, place: str) -> dict[str, Any]:
        found = self.draft.document if place == '.' else at(self.draft.document, place.removesuffix('/else'))
        if place.endswith('/else'):
            return {'else': found.get('else') if isinstance(found.get('else'), str) else ''}
        return dict(found) if isinstance(found, dict) else {}

    def _faults_of(self, place: str) -> tuple[Fault, ...]:
        if place == '.':
            return tuple(each for each in self.draft.seen.faults if each.field not in ('', 'key', 'triggers', 'steps'))
        for card in self.draft.seen.cards():
            if card.form == place:
                return card.faults
            for way in card.ways:
                if way.edits == place:
                    return way.faults
        return ()

    # ---- what people do

    async def _change(self, *changes: Change, by: object = None) -> None:
        self.gone.show('')
        await self.draft.change(*changes, by=by)

    async def undo(self) -> None:
        self.gone.show('')
        await self.draft.undo()

    def _offer(self, part: str, place: str, number: int) -> None:
        with dialog(f'Add a {part}') as form:
            with box('scrolls choices long').props('tabindex=0 role=group aria-label="What there is"'):
                for use, kinds in offered(part):
                    words(use, 'small faint', 'h3')
                    for word, kind in kinds:
                        with box('choice tall', 'button').props('type=button') as row:
                            words(kind.LABEL, 'strong')
                            words(kind.ABOUT, 'small quiet')
                        row.on(
                            'click',
                            guarded(_closing(form, partial(self._add, part, word, place, number)), 'flows.edit'),
                        )
            with box('beside'):
                button('Leave it', on_click=form.close)

    async def _add(self, part: str, word: str, place: str, number: int) -> None:
        home = place or 'conditions'
        there = f'{home}/{number}'
        new = beginning(self.draft.document, part, word, there)
        said = self.draft.document.get('conditions')
        if place and (part != 'condition' or not isinstance(said, dict) or place != 'conditions'):
            if part == 'step' and place.endswith('/else') and isinstance(_there(self.draft.document, place), str):
                await self._change(Put(place=place, value=[new]))
            else:
                await self._change(Add(place=there, value=new))
        else:  # the one condition becomes the first of several
            await self._change(Put(place='conditions', value=[*([said] if said else []), new]))
        self._unfold(there)

    def _unfold(self, place: str) -> None:
        if place in self.holders and self.open != place:
            self._close()
            self._open(place)
            if self.form is not None:
                self.form.focus()

    async def _add_way(self, card: Card) -> None:
        number = sum(1 for way in card.ways if way.edits)
        new = {'weight': 1, 'steps': []} if card.kind == 'random' else new_way(self.draft.document, card.place)
        await self._change(Add(place=f'{card.place}/branches/{number}', value=new))

    def _menu(self, above: ui.element, card: Card) -> None:
        *_, number = split(card.place)
        home = card.place.rpartition('/')[0]
        count = len(_there(self.draft.document, home)) if isinstance(number, int) else 0
        with above, ui.menu(value=True).props('no-parent-event') as menu:
            menu.on('hide', menu.delete)
            if card.form:
                self._item('Edit', lambda: self._unfold(card.form))
            if isinstance(number, int):
                if number > 0:
                    self._item('Move up', lambda: self._change(Move(place=card.place, to=f'{home}/{number - 1}')))
                if number + 1 < count:
                    self._item('Move down', lambda: self._change(Move(place=card.place, to=f'{home}/{number + 2}')))
                self._item('Duplicate', lambda: self._double(card))
            if card.part == 'condition':
                self._item('Turn it round', lambda: self._turn_round(card))
                if card.kind not in ('all', 'any', 'not') and isinstance(number, int):
                    self._item('Or something else…', lambda: self._change(
                        Put(place=card.place, value={'any': [at(self.draft.document, card.place)]})))  # fmt: skip
            self._item('Delete', lambda: self._delete(card.place, card.says))

    def _way_menu(self, above: ui.element, card: Card, way: Way) -> None:
        with above, ui.menu(value=True).props('no-parent-event') as menu:
            menu.on('hide', menu.delete)
            if not way.edits:
                self._item('Go to another step…', lambda: self.toggle(way.list))
                if way.goes:
                    self._item('Go on instead', lambda: self._change(Drop(place=way.list)))
                return
            self._item('Edit', lambda: self._unfold(way.edits))
            if card.kind == 'choose' and way.judges:
                self._item('Write an expression instead', lambda: self._change(Put(place=way.judges, value='')))
            elif card.kind == 'choose':
                fresh = new_way(self.draft.document, card.place)['if']
                self._item('Use conditions instead', lambda: self._change(Put(place=f'{way.edits}/if', value=fresh)))
            self._item('Delete', lambda: self._delete(way.edits, f'the way “{way.word}”'))

    def _item(self, text: str, act: Callable[[], Any]) -> None:
        ui.menu_item(text, guarded(act, 'flows.edit'))

    async def _double(self, card: Card) -> None:
        home, _, number = card.place.rpartition('/')
        there = f'{home}/{int(number) + 1}'
        await self._change(Add(place=there, value=twin(self.draft.document, card.place)))
        self._unfold(there)

    async def _delete(self, place: str, says: str) -> None:
        if f'{self.open}/'.startswith(f'{place}/'):
            self._close()
        await self._change(Drop(place=place))
        self.gone.show(f'Deleted: {says.replace("|", "")}')

    async def _turn_round(self, card: Card) -> None:
        said = at(self.draft.document, card.place)
        turned = said['not'] if isinstance(said, dict) and 'not' in said else {'not': said}
        await self._change(Put(place=card.place, value=turned))

    async def _join(self) -> None:
        said = self.draft.document.get('conditions')
        if isinstance(said, list):
            await self._change(Put(place='conditions', value={'any': said}))
        elif isinstance(said, dict):
            name, other = ('any', 'all') if 'any' in said else ('all', 'any')
            await self._change(Put(place='conditions', value={other: said[name]}))

    # ---- dragging

    def _catches(self, element: ui.element, place: str, part: str, *, ends: bool = False) -> None:
        element.on('dragover', js_handler=OVER)
        element.on('dragleave', js_handler=OUT)
        element.on('drop', guarded(lambda event: self._drop(place, part, not ends and bool(event.args)), 'flows.edit'),
                   js_handler=DROP)  # fmt: skip

    def _lift(self, card: Card) -> None:
        self.lifted = f'{card.part} {card.place}'

    async def _drop(self, place: str, part: str, after: bool) -> None:
        kind, _, lifted = self.lifted.partition(' ')
        self.lifted = ''
        home, _, number = place.rpartition('/')
        if kind == part and lifted and number.isdecimal() and lifted != place:
            await self._change(Move(place=lifted, to=f'{home}/{int(number) + after}'))


def _skeleton(seen: Outline) -> Any:
    return (
        tuple(map(_bones, seen.triggers)), tuple(map(_bones, seen.conditions)), tuple(map(_bones, seen.steps)),
        seen.gathers, seen.joins,
    )  # fmt: skip


def _bones(card: Card) -> Any:
    ways = tuple(
        (
            way.word,
            way.list,
            bool(way.goes),
            way.judges,
            tuple(map(_bones, way.judged)),
            tuple(map(_bones, way.cards)),
        )
        for way in card.ways
    )
    return card.place, card.kind, card.form, card.number, ways


def _closing(form: ui.dialog, act: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    async def go() -> None:
        form.close()
        await act()

    return go


def _there(document: Any, place: str) -> Any:
    found = [document]
    for part in split(place):
        holder = found[-1]
        if isinstance(holder, list) and isinstance(part, int) and part < len(holder):
            found.append(holder[part])
        elif isinstance(holder, dict):
            found.append(holder.get(str(part)))
        else:
            return None
    return found[-1]


def step_names(seen: Outline, document: Any) -> Iterator[tuple[str, str]]:
    """What others may go to, with words."""
    for place, number in seen.numbers.items():
        step = _there(document, place)
        if isinstance(step.get('id'), str):
            kind = kinds_of('step').get(str(step.get('do')))
            yield step['id'], f'{number} {kind.LABEL if kind else step.get("do")} ({step["id"]})'
