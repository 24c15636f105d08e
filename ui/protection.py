"""How a session's number is protected: what limits it now, how much of its day is used, and which preset it has."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from nicegui import ui

from core.limits import Limit
from core.protection import PRESETS, Preset, Protection, in_words
from core.rights import Login
from data.pacing import Minute, minutes_of
from data.sessions import Session

from .aside import aside
from .login import guarded
from .part import Part
from .pieces import ask, box, button, field, meter, notice, panel, when, words
from .written import grouped

if TYPE_CHECKING:
    from .compose import Gateway

NAMES: dict[Preset, str] = {'careful': 'Careful', 'standard': 'Standard', 'off': 'Off'}
# What the sentence of a preset calls them: the fields a person may change on the page.
FIGURES = (
    ('per_minute', 'Messages a minute'), ('per_hour', 'Messages an hour'), ('per_day', 'Messages a day'),
    ('new_per_hour', 'An hour to people who never wrote'), ('new_per_day', 'A day to people who never wrote'),
)  # fmt: skip
Shown = tuple['Use', ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """How much of one limit is used. `most` is never 0."""

    name: str
    used: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Protected:
    """What the page shows of it. `changed`: it differs from its preset."""

    protection: Protection
    limits: tuple[Limit, ...]
    use: Shown


def look(gateway: 'Gateway', row: Session, now: datetime) -> Protected:
    """Reads the database."""
    protection = gateway.pacing.protection(row)
    limits = tuple(limit for limit in gateway.pacing.limits_of(row) if limit.kind != 'banned')
    use = () if protection.off else uses(protection, minutes_of(row.id, now), row.linked_at, now)
    return Protected(protection=protection, limits=limits, use=use)


def uses(protection: Protection, minutes: list[Minute], linked_at: datetime | None, now: datetime) -> Shown:
    """Of the limits of an hour and a day, in their own windows that end now."""
    hour = [each for each in minutes if (now - each.at).total_seconds() < 3_600]
    stair, _ = protection.warm_up_limit(linked_at, now)
    found = (
        Use(name='in the last hour', used=sum(each.total for each in hour), most=protection.per_hour),
        Use(name='in 24 hours', used=sum(each.total for each in minutes), most=protection.per_day),
        Use(name='to people who never wrote, in 24 hours', used=sum(each.fresh for each in minutes),
            most=protection.new_per_day),
        Use(name='that were no replies, in 24 hours (warm-up)', used=sum(each.unasked for each in minutes),
            most=stair),
    )  # fmt: skip
    return tuple(use for use in found if use.most)


class ProtectionPanel:
    """The notices go where the page has its other ones; `refresh` lets the page look again."""

    def __init__(
        self, gateway: 'Gateway', login: Login, *, id: str, name: str, refresh: Callable[[], Awaitable[None]]
    ) -> None:
        self.gateway, self.id, self.name, self.refresh = gateway, id, name, refresh
        self.may = login.asker.may('sessions.manage')
        self.protection = PRESETS['off']

    def draw_notices(self) -> None:
        self.notices = Part(self._draw_limits, 'stack')

    def draw(self) -> None:
        with panel('Number protection'), box('stack') as self.around:
            self.use = Part(_draw_use, 'stack')
            self.words = Part(self._draw_words, 'stack')

    def show(self, seen: Protected) -> None:
        self.protection = seen.protection
        self.notices.show(seen.limits)
        self.use.show(seen.use)
        self.words.show(seen.protection)

    # ---- drawing

    def _draw_limits(self, limits: tuple[Limit, ...]) -> None:
        for limit in limits:
            with notice(limit.sentence, 'wait', 'block'), box('beside'):
                words('Until', 'small')
                when(limit.until, 'nobody knows when', classes='small')
                if self.may:
                    button('Lift now…', 'plain small', on_click=guarded(self._lifter(limit), 'sessions.manage'))

    def _draw_words(self, protection: Protection) -> None:
        changed = protection != PRESETS[protection.preset]
        with box('beside'):
            words(f'Preset: {NAMES[protection.preset]}{", changed" if changed else ""}', 'strong')
            if self.may:
                button('Change…', 'plain small push', on_click=guarded(self.change, 'sessions.manage'))
        _draw_sentences(protection)

    # ---- doing

    def _lifter(self, limit: Limit) -> Callable[[], Awaitable[None]]:
        async def lift() -> None:
            sentence = (
                f'{limit.sentence} Going on against it may make WhatsApp limit {self.name} for longer, or ban the '
                'number. What waits is sent at once.'
            )
            with self.around:
                sure = await ask('Lift this limit now?', sentence, 'Lift it')
            if sure:
                await aside(self.gateway.pacing.limits.lift, self.id, limit.kind)
                await self.refresh()

        return lift

    async def change(self) -> None:
        """A dialog: the presets with their numbers in words, and fields for what should differ."""
        with self.around, ui.dialog(value=True) as around, ui.card().classes('ask'):
            around.props['aria-label'] = 'Number protection'
            around.on('hide', around.delete)
            words('Number protection', tag='h2')
            with field('Preset'):
                preset = ui.select(dict(NAMES), value=self.protection.preset)
            said = Part(_draw_sentences, 'stack')
            with box('stack') as figures:
                inputs = {name: self._figure(name, label) for name, label in FIGURES}
            words('Empty or 0 is no limit. The limits hold for pages, programs and flows together.', 'small faint', 'p')

            def choose() -> None:
                chosen = PRESETS[preset.value]
                said.show(chosen)
                for name, box_ in inputs.items():
                    box_.value = getattr(chosen, name)
                figures.set_visibility(not chosen.off)

            said.show(PRESETS[self.protection.preset])
            figures.set_visibility(not self.protection.off)
            preset.on_value_change(choose)
            with box('beside'):
                button('Leave it', on_click=around.close)
                button('Save', 'primary', on_click=guarded(lambda: self._save(preset.value, inputs, around),
                                                           'sessions.manage'))  # fmt: skip

    def _figure(self, name: str, label: str) -> ui.number:
        with field(label):
            return ui.number(value=getattr(self.protection, name), min=0, max=100_000, precision=0, format='%d')

    async def _save(self, preset: Preset, inputs: dict[str, ui.number], around: ui.dialog) -> None:
        kept = self.protection.as_json() if preset == self.protection.preset else PRESETS[preset].as_json()
        figures = {} if PRESETS[preset].off else {name: int(each.value or 0) for name, each in inputs.items()}
        await aside(self.gateway.pacing.protect, self.id, {**kept, **figures, 'preset': preset})
        around.close()
        await self.refresh()
        ui.notify('Saved.')


def _draw_sentences(protection: Protection) -> None:
    for sentence in in_words(protection):
        words(sentence, 'small quiet', 'p')


def _draw_use(use: Shown) -> None:
    for each in use:
        left = max(0, each.most - each.used)
        tone = 'bad' if not left else 'wait' if left * 5 < each.most else 'accent'
        told = f'{grouped(each.used)} of {grouped(each.most)} {each.name}'
        with box():
            words(told, 'small')
            meter([(tone, min(each.used, each.most)), ('rest', left)], told)
