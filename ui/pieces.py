"""The few things every page is made of."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Literal

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

Tone = Literal['good', 'wait', 'bad', 'accent', 'idle']

# state -> tone and word; the sentence beside it comes from core, the same one REST gives.
STATES: dict[str, tuple[Tone, str]] = {
    'new': ('idle', 'New'), 'starting': ('wait', 'Starting'), 'pairing': ('wait', 'Waiting for a phone'),
    'passkey': ('wait', 'Waiting for a passkey'), 'working': ('good', 'Working'),
    'reconnecting': ('wait', 'Reconnecting'), 'resting': ('idle', 'Resting'), 'logged_out': ('bad', 'Logged out'),
    'banned': ('bad', 'Banned'), 'failed': ('bad', 'Failed'),
    'scheduled': ('idle', 'Scheduled'), 'queued': ('idle', 'Queued'), 'sending': ('wait', 'Sending'),
    'sent': ('idle', 'Sent'), 'delivered': ('idle', 'Delivered'), 'read': ('accent', 'Read'),
    'played': ('accent', 'Played'), 'uncertain': ('wait', 'Uncertain'), 'cancelled': ('idle', 'Cancelled'),
    'blocked': ('bad', 'Blocked'), 'running': ('accent', 'Running'), 'paused': ('wait', 'Paused'),
    'skipped': ('idle', 'Skipped'), 'replied': ('accent', 'Replied'), 'planned': ('idle', 'Planned'),
    'draft': ('idle', 'Draft'), 'live': ('accent', 'Live'), 'retrying': ('wait', 'Retrying'),
    'dead': ('bad', 'Gave up'),
}  # fmt: skip
MOVING = {'starting', 'pairing', 'reconnecting', 'sending', 'running', 'retrying'}
TICKS = {'queued': 'schedule', 'sending': 'schedule', 'sent': 'check', 'delivered': 'done_all', 'read': 'done_all',
         'played': 'done_all', 'failed': 'error', 'uncertain': 'help', 'scheduled': 'event', 'cancelled': 'block',
         'blocked': 'block'}  # fmt: skip


class Words(TextElement):
    """Text in a tag of your choice; ui.label is always a <div>."""


def words(text: str, classes: str = '', tag: str = 'span') -> Words:
    return Words(tag=tag, text=text).classes(classes)


def box(classes: str = '', tag: str = 'div') -> ui.element:
    return ui.element(tag).classes(classes)


def icon(name: str, classes: str = '') -> ui.icon:
    return ui.icon(f'sym_o_{name}').classes('icon').classes(classes)


def drawing(svg: str) -> ui.html:
    """Our own markup, never a user's: it is not sanitized."""
    return ui.html(svg, sanitize=False)


# ---- telling how things are


def when(at: datetime | None, never: str = '', *, as_: Literal['auto', 'second'] = 'auto', classes: str = '') -> Words:
    """A moment in the reader's own time, which frame.js writes: "14:03", "yesterday 14:03", "12 Nov, 14:03".

    'second' adds the seconds. `never` is what stands there for None. Until the script has run it is in UTC.
    """
    if at is None:
        return words(never, f'faint {classes}')
    made = words(f'{at.astimezone(UTC):%Y-%m-%d %H:%M}', f'when {classes}', 'time')
    made.props['datetime'], made.props['data-as'] = at.isoformat(timespec='milliseconds'), as_
    return made


def badge(word: str, tone: Tone = 'idle', *, live: bool = False) -> Words:
    return words(word, f'badge {tone} live' if live else f'badge {tone}')


def state_badge(state: str) -> Words:
    tone, word = STATES[state]
    return badge(word, tone, live=state in MOVING)


def show_state(mark: Words, state: str) -> None:
    """Turn a state badge into another one, in place."""
    tone, word = STATES[state]
    mark.set_text(word)
    mark.classes(remove='good wait bad accent idle live', add=f'{tone} live' if state in MOVING else tone)


def ticks(state: str) -> ui.icon:
    mark = icon(TICKS[state], 'read' if state in {'read', 'played'} else 'failed' if state == 'failed' else '')
    return mark.props(f'role=img aria-hidden=false aria-label={STATES.get(state, ("", "Failed"))[1]}')


def figure(label: str, value: str, *, unit: str = '', note: str = '', values: Sequence[float] = ()) -> None:
    with box('figure'):
        words(label, 'label')
        with box('beside'):
            words(value, 'value')
            if unit:
                words(unit, 'unit')
        if note:
            words(note, 'note')
        if len(values) > 1:
            sparkline(values)


def sparkline(values: Sequence[float], *, width: int = 120, height: int = 28) -> None:
    """Two values or more, as a line over its own range."""
    low, high = min(values), max(values)
    step, rise = width / (len(values) - 1), (height - 4) / ((high - low) or 1)
    points = [f'{i * step:.1f} {height - 2 - (v - low) * rise:.1f}' for i, v in enumerate(values)]
    line = 'M' + ' L'.join(points)
    drawing(
        f'<svg class="spark" viewBox="0 0 {width} {height}" preserveAspectRatio="none" aria-hidden="true">'
        f'<path d="{line} L{width} {height} L0 {height}Z" fill="currentColor" opacity=".09"/>'
        f'<path d="{line}" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round"/></svg>'
    )


def meter(parts: Iterable[tuple[str, float]], label: str, classes: str = '') -> None:
    """Shares of one whole; the label says in words what the colours show."""
    with box(f'meter {classes}') as bar:
        bar.props['role'], bar.props['aria-label'] = 'img', label
        for tone, share in parts:
            box(tone, 'i').style(f'flex: {share}')


# ---- people


def face(name: str, size: str = '') -> Words:
    return words(letters_of(name), f'face {tint_of(name)} {size}').props('aria-hidden=true')


def letters_of(name: str) -> str:
    letters = [part[0] for part in name.split() if part[0].isalnum()]
    return ''.join(letters[:2]).upper() if name[:1].isalpha() else '#'


def tint_of(name: str) -> str:
    """The class that gives a person the same colour everywhere."""
    return f'tint-{sum(map(ord, name)) % 5 + 1}'


def person(name: str, detail: str = '', size: str = '') -> ui.element:
    with box('person') as row:
        face(name, size)
        with box('names'):
            words(name, 'cut strong')
            if detail:
                words(detail, 'cut small faint')
    return row


# ---- containers


@contextmanager
def heading(title: str, sentence: str = '', *, trail: str = '', state: str = '') -> Iterator[None]:
    """The top of a page; what is drawn inside are its actions, on the right."""
    with box('head', 'div'):
        with box('titles'):
            with box('beside'):
                with box('cut', 'h1'):
                    if trail:
                        ui.link(trail, f'/{trail.lower()}').classes('trail desk')
                    words(title)
                if state:
                    state_badge(state)
            if sentence:
                words(sentence, 'sentence cut', 'p')
        with box('beside'):
            yield


@contextmanager
def panel(title: str, note: str = '', *, tight: bool = False) -> Iterator[ui.element]:
    """A bordered group; yields the right end of its title bar, for a link or a button."""
    with box('panel', 'section') as section:
        section.props['aria-label'] = title
        with box('', 'header'):
            words(title, tag='h2')
            words(note, 'note cut')
            end = box('beside push')
        with box('inside tight' if tight else 'inside'):
            yield end


@contextmanager
def notice(text: str, tone: Tone = 'wait', symbol: str = 'info') -> Iterator[None]:
    """Something the reader should know before going on; its answer sits inside."""
    with box(f'notice {tone}').props('role=status'):
        icon(symbol).style('color: inherit')
        words(text, 'grow')
        yield


@contextmanager
def empty_state(title: str, sentence: str) -> Iterator[None]:
    """What this page will hold, why it is empty, and the next thing to do (inside)."""
    with box('empty'):
        drawing(PIGEONHOLES)
        words(title, tag='h2')
        words(sentence, 'quiet', 'p')
        with box('beside'):
            yield


def facts(pairs: Iterable[tuple[str, str | datetime]]) -> None:
    with box('facts', 'dl'):
        for name, value in pairs:
            words(name, tag='dt')
            with box('cut', 'dd'):
                words(value) if isinstance(value, str) else when(value)


# ---- what happened


@dataclass(frozen=True, slots=True, kw_only=True)
class Knot:
    """One line of a trace or history. `at`: a moment, or words like "1.2 s". `link`: where its words lead."""

    text: str
    at: datetime | str = ''
    tone: str = 'idle'  # a Tone, 'done' for what went through, 'skip' for what was not needed
    detail: str = ''
    data: str = ''
    link: str = ''


def trace(knots: Iterable[Knot]) -> None:
    with box('trace', 'ol'):
        for knot in knots:
            with box(knot.tone, 'li'):
                box('knot', 'span')
                ui.link(knot.text, knot.link) if knot.link else words(knot.text)
                words(knot.at, 'at') if isinstance(knot.at, str) else when(knot.at, as_='second', classes='at')
                if knot.detail:
                    words(knot.detail, 'detail')
                if knot.data:
                    words(knot.data, 'detail mono')


# ---- doing


def button(text: str, kind: str = 'plain', symbol: str | None = None, **more: object) -> ui.button:
    """kind: primary (one a page), plain, ghost, risky (asks first), danger (only inside the asking)."""
    made = ui.button(text, icon=f'sym_o_{symbol}' if symbol else None, **more)  # type: ignore[arg-type]
    return made.classes(kind)


def tool(symbol: str, label: str, **more: object) -> ui.button:
    """A button that is only an icon: the label is its tooltip and its name for screen readers."""
    made = button('', 'ghost square', symbol, **more)
    made.props['aria-label'] = label
    with made:
        ui.tooltip(label).props('delay=600')
    return made


async def ask(title: str, sentence: str, act: str, *, back: str = 'Leave it') -> bool:
    """Before anything that cannot be undone: what will be lost, and a button that names the act."""
    # In the page itself: where it was asked for may be drawn anew while somebody thinks about the answer.
    with ui.context.client.content, ui.dialog() as dialog, ui.card().classes('ask'):
        dialog.on('hide', dialog.delete)
        words(title, tag='h2')
        words(sentence, 'quiet', 'p')
        with box('beside'):
            button(back, on_click=lambda: dialog.submit(False)).props('autofocus')
            button(act, 'danger', on_click=lambda: dialog.submit(True))
    dialog.props['aria-label'] = title
    return bool(await dialog)


@contextmanager
def dialog(title: str, sentence: str = '') -> Iterator[ui.dialog]:
    """A small form over the page, open at once; draw the fields and, last, a `beside` with the buttons inside."""
    with ui.context.client.content, ui.dialog(value=True) as around, ui.card().classes('ask'):
        around.props['aria-label'] = title
        around.on('hide', around.delete)
        words(title, tag='h2')
        if sentence:
            words(sentence, 'quiet', 'p')
        yield around


@contextmanager
def field(label: str, hint: str = '') -> Iterator[None]:
    """A label above whatever control is drawn inside, and a sentence below it."""
    with box('field') as around:
        name = words(label, tag='label')
        yield
        control = around.default_slot.children[-1]
        name.props['for'] = control.props.setdefault('for', f'f{control.id}')
        if hint:
            words(hint, 'hint')


def json_text(text: str, label: str) -> ui.html:
    """JSON to be read: names and texts each in a colour of their own."""
    safe = escape(text, quote=False)
    coloured = JSON_PART.sub(lambda found: f'<b>{found[1]}</b>:' if found[1] else f'<em>{found[2]}</em>', safe)
    made = ui.html(coloured, sanitize=True, tag='pre').classes('raw mono').props('tabindex=0 role=group')
    made.props['aria-label'] = label
    return made


def code_editor(value: str, language: str, label: str) -> ui.codemirror:
    """CodeMirror in the page's colours, with a name for screen readers and a place in the tab order."""
    editor = ui.codemirror(value, language=language, theme='githubLight', line_wrapping=True)  # type: ignore[arg-type]

    async def fit() -> None:
        ui.run_javascript(NAME_EDITOR % (editor.id, json.dumps(label)))
        # The server cannot know what 'auto' became, and a busy browser takes its time to say.
        if await ui.run_javascript('Quasar.Dark.isActive', timeout=30):
            editor.theme = 'githubDark'
        ui.run_javascript(NAME_EDITOR % (editor.id, json.dumps(label)))

    ui.timer(0, fit, once=True)
    return editor


JSON_PART = re.compile(r'("(?:[^"\\]|\\.)*"):|("(?:[^"\\]|\\.)*")')

NAME_EDITOR = """
const name = () => {
  const content = getHtmlElement(%d)?.querySelector('.cm-content');
  if (!content) return setTimeout(name, 50);
  content.tabIndex = 0;
  content.setAttribute('aria-label', %s);
  for (const sheet of [...document.adoptedStyleSheets, ...document.styleSheets])
    for (const rule of sheet.cssRules)  // both themes write comments in a grey that is too faint
      if (rule.style?.color === 'rgb(106, 115, 125)') rule.style.color = 'var(--ink-3)';
};
name();
"""


PIGEONHOLES = (
    '<svg viewBox="0 0 72 72" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" '
    'aria-hidden="true"><path d="M10 30 36 8l26 22v34H10z"/>'
    '<path d="M21 44v-5a5 5 0 0 1 10 0v5zM41 44v-5a5 5 0 0 1 10 0v5zM31 30v-4a5 5 0 0 1 10 0v4z'
    'M21 58v-5a5 5 0 0 1 10 0v5zM41 58v-5a5 5 0 0 1 10 0v5z"/></svg>'
)
