"""Add a webhook, or change one: the form over the page."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from nicegui import ui

from core.errors import Invalid
from core.webhooks.kinds import KINDS, hears
from core.webhooks.wish import Wish
from core.webhooks.written import FORMATS

from ...pieces import box, button, dialog, tool, words
from ...pieces import field as labelled

GROUPS = tuple(dict.fromkeys(kind.partition('.')[0] for kind in KINDS))
OPS = {'equals': 'is', 'not_equals': 'is not', 'contains': 'contains', 'starts_with': 'begins with',
       'exists': 'is there', 'missing': 'is not there'}  # fmt: skip
ORDERINGS = {'none': 'As fast as they come', 'per_chat': 'One at a time of each chat, in order'}
KEPT = 'unchanged'

Save = Callable[[Wish], Awaitable[None]]


@dataclass
class Rows:
    """Lines of a form that can be added and taken away; `read` is called for each of those that are there."""

    around: ui.element
    draw: Callable[..., Callable[[], object]]
    readers: dict[int, Callable[[], object]] = field(default_factory=dict)

    def add(self, *values: str) -> None:
        with self.around, box('beside') as row:
            self.readers[row.id] = self.draw(*values)
            tool('close', 'Take it away', on_click=lambda: self.remove(row))

    def add_empty(self) -> None:
        self.add()

    def remove(self, row: ui.element) -> None:
        del self.readers[row.id]
        row.delete()

    def values(self) -> list[object]:
        return [read() for read in self.readers.values()]


def open_form(title: str, act: str, sessions: dict[str, str], before: Wish, save: Save) -> None:
    """`sessions`: id -> name. Headers of `before` stay as they are where nothing else is written."""
    with dialog(title) as around:
        with labelled('Address', 'Where every event is posted to, as JSON.'):
            url = ui.input(value=before.url, placeholder='https://').props('autofocus maxlength=2048 type=url')
        with labelled('Name', 'Left empty: the host of the address.'):
            name = ui.input(value=before.name).props('maxlength=80')
        with labelled('Session'):
            session = ui.select({'': 'Every session', **sessions}, value=before.session or '')
        chosen = _events(before)
        filters, headers = _filters(before), _headers(before)
        with box('more', 'details'):
            words('More', tag='summary')
            with box('stack'):
                rest = _rest(before)

        async def keep() -> None:
            wish = replace(
                rest(), url=str(url.value or '').strip(), name=str(name.value or ''), session=session.value or None,
                events=chosen(), filters=_said(filters), headers=_kept(headers, before),
            )  # fmt: skip
            await save(wish)
            around.close()

        with box('beside'):
            button('Leave it', on_click=around.close)
            button(act, 'primary', on_click=_guarded(keep))


def _guarded(work: Callable[[], Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    from ...login import guarded  # noqa: PLC0415

    return guarded(work, 'webhooks.manage')


def _events(wish: Wish) -> Callable[[], list[str]]:
    """Boxes by group; what is read is `*`, `message.*` or single kinds."""
    boxes: dict[str, ui.checkbox] = {}
    with box('choose', 'fieldset'):
        words('Events', tag='legend')
        everything = ui.checkbox('Everything, also what comes later', value='*' in wish.events)
        with box('stack') as single:
            for group in GROUPS:
                with box('kinds'):
                    for kind in (each for each in KINDS if each.partition('.')[0] == group):
                        boxes[kind] = ui.checkbox(kind, value=hears(wish.events, kind)).tooltip(KINDS[kind])
        single.bind_visibility_from(everything, 'value', backward=lambda on: not on)
    stars = [each for each in wish.events if each.endswith('.*')]

    def read() -> list[str]:
        if everything.value:
            return ['*']
        ticked = [kind for kind, each in boxes.items() if each.value]
        whole = [star for star in stars if all(boxes[kind].value for kind in KINDS if hears([star], kind))]
        return [*whole, *(kind for kind in ticked if not hears(whole, kind))]

    return read


def _filters(wish: Wish) -> Rows:
    def draw(path: str = '$.data.', op: str = 'equals', value: str = '') -> Callable[[], object]:
        what = ui.input(value=path).props('aria-label="Path into the event"').classes('grow')
        how = ui.select(OPS, value=op if op in OPS else 'equals').props('aria-label="How it is compared"')
        said = ui.input(value=value).props('aria-label="Compared with"').classes('grow')
        said.bind_visibility_from(how, 'value', backward=lambda op: op not in ('exists', 'missing'))
        return lambda: {'path': str(what.value or ''), 'op': how.value, 'value': str(said.value or '')}

    return _rows('Only when', 'Add a condition', draw,
                 [(str(each['path']), str(each['op']), str(each['value'] or '')) for each in wish.filters])  # fmt: skip


def _headers(wish: Wish) -> Rows:
    def draw(name: str = '') -> Callable[[], object]:
        called = ui.input(value=name, placeholder='X-Name').props('aria-label="Name of the header"').classes('grow')
        said = ui.input(placeholder=KEPT if name else '').props('aria-label="Its value" type=password').classes('grow')
        return lambda: (str(called.value or '').strip(), str(said.value or ''))

    return _rows('Headers', 'Add a header', draw, [(name,) for name in wish.headers or {}])


def _rows(legend: str, act: str, draw: Callable[..., Callable[[], object]], first: list[tuple[str, ...]]) -> Rows:
    with box('choose', 'fieldset'):
        words(legend, tag='legend')
        rows = Rows(box('stack'), draw)
        for values in first:
            rows.add(*values)
        button(act, 'ghost small', 'add', on_click=rows.add_empty)
    return rows


def _rest(wish: Wish) -> Callable[[], Wish]:
    with labelled('Format'):
        format = ui.select(dict(FORMATS), value=wish.format)
    with labelled('Order'):
        ordering = ui.select(ORDERINGS, value=wish.ordering)
    with labelled('Seconds to wait for an answer'):
        timeout = ui.number(value=wish.timeout, min=1, max=30, precision=0)
    with labelled('Deliveries at a time'):
        concurrency = ui.number(value=wish.concurrency, min=1, max=20, precision=0)
    with labelled('Deliveries a second, at most'):
        rate = ui.number(value=wish.rate, min=0.1, max=1000)
    hub = ui.checkbox('Send X-Hub-Signature-256 too, as Meta does', value=wish.hub)
    with labelled(
        'Its secret', 'Left empty: the secret of this webhook.' if not wish.hub_secret else 'Kept when empty.'
    ):
        secret = ui.input().props('type=password autocomplete=off')

    def read() -> Wish:
        return replace(
            wish, format=format.value or 'standard', ordering=ordering.value or 'none',
            timeout=_whole(timeout.value, 'timeout'), concurrency=_whole(concurrency.value, 'concurrency'),
            rate=float(rate.value or 0), hub=bool(hub.value), hub_secret=str(secret.value or '') or wish.hub_secret,
        )  # fmt: skip

    return read


def _whole(value: float | None, name: str) -> int:
    if value is None:
        raise Invalid(f'“{name}” needs a number.', field=name)
    return int(value)


def _said(rows: Rows) -> list[dict[str, object]]:
    return [dict(each) for each in rows.values() if isinstance(each, dict)]


def _kept(rows: Rows, wish: Wish) -> dict[str, str]:
    """The headers, those whose value was left empty as they were."""
    known = {name.lower(): value for name, value in (wish.headers or {}).items()}
    said = [each for each in rows.values() if isinstance(each, tuple)]
    return {str(name): str(value) or known.get(str(name).lower(), '') for name, value in said if name}
