"""The test bench beside a flow: what it would do, without anybody noticing."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from nicegui import ui

from core.errors import DovecoteError, Invalid, NotFound
from core.rights import Asker, Login
from data.database import read
from data.hooks import events_of
from data.messages import find_messages
from data.traffic import heard
from flows.beginnings import steps_in
from flows.bench import Event, Report, Trial
from flows.flow import Document
from flows.occasion import Occasion
from flows.router import occasion_of
from flows.trials import Verdict, judge

from ...aside import aside, reading
from ...login import asker_now, guarded
from ...part import Part
from ...pieces import Knot, badge, box, button, dialog, field, notice, tool, trace, when, words
from ...written import counted
from ..hooks.views import values
from .draft import Draft

if TYPE_CHECKING:
    from ...compose import Gateway

PAST = 20
SAID = {
    'finished': 'Would run to its end', 'stopped': 'Would stop', 'waiting': 'Would wait', 'error': 'Would fail',
    'not_triggered': 'Would not start', 'failed_conditions': 'Would not run', 'timeout': 'Would take too long',
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What came of a try; `problem` when there was none."""

    report: Report | None = None
    problem: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    id: str
    text: str
    who: str
    at: datetime


class BenchPane:
    def __init__(self, gateway: 'Gateway', login: Login, draft: Draft) -> None:
        self.gateway, self.login, self.draft = gateway, login, draft
        self.then: list[Event] = []
        self.trial: Trial | None = None
        self.stored = ''
        self.mocks: dict[str, ui.textarea] = {}
        self.tested: tuple[Verdict, ...] = ()

    def draw(self) -> None:
        with box('stack wide'):
            with box() as self.kinds, field('What happens'):
                self.kind = ui.select({'message': 'Somebody writes'}, value='message', on_change=self._turn)
            with box() as self.writing, field('Anna writes'):
                self.text = ui.textarea().props('rows=2 autogrow')
            with box() as self.calling:
                with field('The other system says', 'As JSON.'):
                    self.payload = ui.textarea(value='{}').props('rows=3 autogrow spellcheck=false')
                button('The last call', 'plain small', on_click=guarded(self._last_call, 'hooks.see'))
            with box('beside'):
                button('Try', 'primary', 'play_arrow', on_click=guarded(self.try_it, 'flows.see'))
                if self.login.asker.may('messages.see'):
                    button('Past message…', 'plain', on_click=guarded(self.choose_past, 'messages.see'))
                self.skip = tool('fast_forward', 'Skip the waits', on_click=guarded(self.skip_wait, 'flows.see'))
                self.skip.classes('push')
            self.past: Part[Past | None] = Part(self._draw_past)
            self.outcome: Part[Told | None] = Part(self._draw_outcome, 'stack wide')
            with box('stack') as self.answering:
                with field('Reply as Anna'):
                    self.answer = ui.input().props('autocomplete=off')
                self.answer.on('keydown.enter', guarded(self.reply, 'flows.see'))
                button('Reply', 'plain', on_click=guarded(self.reply, 'flows.see'))
            with box('later', 'details'):
                words('Who writes', tag='summary')
                self._draw_who()
            with box('later', 'details') as self.systems:
                words('Other systems', tag='summary')
                self.asked: Part[tuple[str, ...]] = Part(self._draw_mocks, 'stack wide')
                self.really = ui.switch('Really ask them')
            button('Which flows would match?', 'ghost small', on_click=guarded(self.explain, 'flows.see'))
            self.matches: Part[tuple[tuple[str, bool, str], ...]] = Part(self._draw_matches)
        self.answering.set_visibility(False)
        self.skip.set_enabled(False)

    def _draw_who(self) -> None:
        with box('stack wide'):
            with field('Name'):
                self.name = ui.input(value='Anna Ames').props('autocomplete=off')
            with field('Tags', 'With commas between them.'):
                self.tags = ui.input().props('autocomplete=off')
            with field('Language', 'Like en or pt.'):
                self.language = ui.input().props('autocomplete=off maxlength=10')
            with field('Variables', 'One a line, like plan=pro.'):
                self.vars = ui.textarea().props('autogrow rows=1')
            self.group = ui.switch('In a group')

    async def show(self) -> None:
        """The draft changed: offer what it now needs, and carry out its tests."""
        document = self.draft.document
        triggers = [each for each in document.get('triggers') or () if isinstance(each, dict)]
        kinds = dict.fromkeys(str(each.get('type')) for each in triggers) or {'message': None}
        labels = {'message': 'Somebody writes', 'webhook': 'A hook is called'}
        options = {kind: labels.get(kind, kind.replace('_', ' ').capitalize()) for kind in kinds}
        if options != self.kind.options:
            self.kind.set_options(options, value=self.kind.value if self.kind.value in options else next(iter(options)))
        self.kinds.set_visibility(len(options) > 1 or 'message' not in options)
        self._turn()
        asked = tuple(str(each.get('id') or 'step') for each in steps_in(document) if each.get('do') == 'http')
        self.systems.set_visibility(bool(asked))
        self.asked.show(asked)
        self.tested = tuple(await aside(self._judged, self.draft.seen.made))

    def _judged(self, made: Document | None) -> list[Verdict]:
        return judge(self.gateway.bench, made) if made is not None and made.tests else []

    def _turn(self) -> None:
        self.writing.set_visibility(self.kind.value == 'message')
        self.calling.set_visibility(self.kind.value == 'webhook')

    # ---- trying

    async def try_it(self) -> None:
        self.then = []
        self.trial = await self._trial()
        await self._go()

    async def reply(self) -> None:
        said = str(self.answer.value or '').strip()
        if said:
            self.answer.set_value('')
            self.then.append(Event(say=said))
            await self._go()

    async def skip_wait(self) -> None:
        told = self._last
        if told is not None and told.waits:
            self.then.append(Event(advance=_left(told)))
            await self._go()

    async def _go(self) -> None:
        made = self.draft.seen.made
        if made is None or self.trial is None:
            self._told(Told(problem='The flow is not right yet: mend what is marked in red first.'))
            return
        trial = replace(self.trial, then=tuple(self.then), mocks=self._mocks(), call_http=bool(self.really.value))
        if trial.call_http:
            asker_now().must('flows.edit')
        self._told(Told(report=await aside(self.gateway.bench.run, made, trial)))

    def _told(self, told: Told) -> None:
        self._last = told.report
        waits = told.report.waits if told.report else None
        self.answering.set_visibility(bool(waits and waits['for'] == 'answer'))
        self.skip.set_enabled(bool(waits and waits['until']))
        self.outcome.show(told)

    async def _trial(self) -> Trial:
        if self.stored:
            return Trial(occasion=await aside(_occasion, self.stored, self.login.asker), stored=True)
        kind, now = self.kind.value, self.gateway.world.now()
        facts: Mapping[str, Any] = {}
        text = str(self.text.value or '')
        if kind == 'webhook':
            endpoint = next((each.get('endpoint', '') for each in self.draft.document.get('triggers') or ()
                             if each.get('type') == 'webhook'), '')  # fmt: skip
            payload = _json(str(self.payload.value or ''), 'What the other system says')
            facts = {'endpoint': endpoint, 'payload': payload, 'headers': {}, 'query': {}}
        says = kind == 'message'
        occasion = Occasion(
            kind=kind, at=now, session=self._session(), group='120363' if self.group.value else '', facts=facts,
            text=text if says else '', message_kind='text' if says else '',
        )  # fmt: skip
        return Trial(
            occasion=occasion, values={'contact': self._contact()}, ignore_trigger=kind not in ('message', 'webhook')
        )

    def _session(self) -> str:
        """One that the flow listens to."""
        for each in self.draft.document.get('triggers') or ():
            if isinstance(each, dict) and isinstance(each.get('session'), list) and each['session']:
                return str(each['session'][0])
        return ''

    def _contact(self) -> dict[str, Any]:
        name = str(self.name.value or '').strip()
        pairs = (line.partition('=') for line in str(self.vars.value or '').split('\n') if '=' in line)
        return {
            'name': name, 'first_name': name.partition(' ')[0], 'language': str(self.language.value or '').strip(),
            'tags': [each.strip() for each in str(self.tags.value or '').split(',') if each.strip()],
            'vars': {key.strip(): value.strip() for key, _, value in pairs},
        }  # fmt: skip

    def _mocks(self) -> dict[str, Any]:
        said = {name: str(each.value or '').strip() for name, each in self.mocks.items()}
        return {name: _json(text, f'What “{name}” gets') for name, text in said.items() if text}

    # ---- past messages, and calls

    async def choose_past(self) -> None:
        found = await reading(_past, self.login.asker)
        with dialog('Past message', 'What would this flow do about it?') as form:
            with box('scrolls choices long').props('tabindex=0 role=group aria-label="Latest messages"'):
                for each in found:
                    with box('choice tall', 'button').props('type=button') as row:
                        words(each.text, 'cut strong')
                        with box('beside small faint', 'span'):
                            words(each.who)
                            when(each.at)
                    row.on('click', guarded(lambda each=each: self._take(each, form), 'messages.see'))
                if not found:
                    words('Nobody has written yet.', 'small quiet', 'p')
            with box('beside'):
                button('Leave it', on_click=form.close)

    async def _take(self, past: Past, form: ui.dialog) -> None:
        form.close()
        self.stored = past.id
        self.text.set_value(past.text)
        self.past.show(past)
        await self.try_it()

    def _draw_past(self, past: Past | None) -> None:
        if past is None:
            return
        with box('beside small'):
            words(f'As {past.who} wrote it', 'quiet grow')
            button('Write another', 'ghost small', on_click=self._forget)

    def _forget(self) -> None:
        self.stored = ''
        self.past.show(None)

    async def _last_call(self) -> None:
        wanted = [each.get('endpoint') for each in self.draft.document.get('triggers') or () if isinstance(each, dict)]
        hook = next(
            (each for each in self.gateway.hooks.all() if each.settings.name in wanted or each.key in wanted), None
        )
        payload = await aside(_last_payload, hook.id) if hook else None
        if payload is None:
            ui.notify('This hook has not been called yet.')
            return
        self.payload.set_value(json.dumps(payload, ensure_ascii=False, indent=2))

    # ---- which flows

    async def explain(self) -> None:
        occasion = (await self._trial()).occasion
        told = await aside(self.gateway.bench.explain, occasion)
        self.matches.show(tuple((str(each['name']), bool(each['fits']), str(each['why'])) for each in told))
        if not told:
            ui.notify('No flow that is switched on looks at such a thing.')

    def _draw_matches(self, told: tuple[tuple[str, bool, str], ...]) -> None:
        trace(Knot(text=name, tone='accent' if fits else 'skip', detail=f'{why[:1].upper()}{why[1:]}')
              for name, fits, why in told)  # fmt: skip

    # ---- drawing

    def _draw_mocks(self, asked: tuple[str, ...]) -> None:
        self.mocks = {}
        for name in asked:
            with field(f'What “{name}” gets', 'As JSON: the answer, or {"status": 404, "json": {}}.'):
                self.mocks[name] = ui.textarea(value='{}').props('autogrow rows=1 spellcheck=false')

    def _draw_outcome(self, told: Told | None) -> None:
        if told is None:
            return
        if told.problem or told.report is None:
            with notice(told.problem, 'bad', 'error'):
                pass
            return
        report = told.report
        said = SAID.get(report.outcome, report.outcome.replace('_', ' ').capitalize())
        sentence = f'{said}: {counted(len(report.sent), "message")}.' if report.steps else f'{said}.'
        tone = {'error': 'bad', 'waiting': 'wait'}.get(report.outcome, 'accent')
        with notice(sentence, tone, 'error' if tone == 'bad' else 'check_circle'):  # type: ignore[arg-type]
            pass
        if report.detail:
            words(report.detail, 'small quiet', 'p')
        trace(map(self._knot, report.steps))
        for each in report.sent:
            words(str(each['text']), 'whole small would-say', 'p')
        for each in report.effects:
            more = ', '.join(f'{name} {value}' for name, value in each.items() if name != 'effect')
            words(f'Would {str(each["effect"]).replace("_", " ")}: {more}'.removesuffix(': '), 'small quiet', 'p')

    def _knot(self, step: Mapping[str, Any]) -> Knot:
        number = self.draft.seen.numbers.get(str(step['path']))
        result = step.get('result')
        tone = 'bad' if step.get('error') else 'accent' if isinstance(result, dict) and 'branch' in result else 'done'
        plain = (
            {name: value for name, value in result.items() if value not in ('', [], {}, None)}
            if isinstance(result, dict)
            else {}
        )
        return Knot(
            text=f'{number} {step["text"]}' if number else str(step['text']), tone=tone,
            detail=str(step.get('error') or ''),
            data=json.dumps(plain, ensure_ascii=False, default=str)[:300] if plain and 'true' not in plain else '',
        )  # fmt: skip


def draw_verdicts(told: tuple[Verdict, ...]) -> None:
    """All tests with what is wrong about them."""
    with dialog('Tests', 'Each is carried out after every change.') as form:
        with box('scrolls stack').props('tabindex=0 role=group aria-label="Tests of this flow"'):
            trace(Knot(text=each.name, tone='bad' if each.wrong else 'good', detail=each.wrong) for each in told)
        with box('beside'):
            button('Close', 'primary', on_click=form.close)


def tests_badge(told: tuple[Verdict, ...]) -> None:
    if not told:
        return
    failed = sum(bool(each.wrong) for each in told)
    text = f'Tests: {failed} fail' if failed else f'Tests: {len(told)} pass'
    with box('bare-button', 'button').props('type=button') as opens:
        badge(text.replace('1 fail', '1 fails') if failed == 1 else text, 'bad' if failed else 'good')
    opens.on('click', guarded(lambda: draw_verdicts(told), 'flows.see'))


def _left(report: Report) -> timedelta:
    until = datetime.fromisoformat(str((report.waits or {})['until'])).astimezone(UTC)
    return max(until - report.now, timedelta(0)) + timedelta(seconds=1)


def _json(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Invalid(f'{what} is not JSON: {error}.') from error


def _past(asker: Asker) -> tuple[Past, ...]:
    ids = None if asker.sessions is None else sorted(asker.sessions)
    rows = find_messages(session_ids=ids, direction='in', limit=PAST)
    return tuple(
        Past(id=str(row.id), text=str(row.text or row.kind)[:200], who=_who(row), at=row.created_at) for row in rows
    )


def _who(row: Any) -> str:
    contact = row.sender or row.chat.contact
    return str(
        (contact.name or contact.push_name or contact.phone) if contact is not None else row.chat.name or 'Somebody'
    )


def _occasion(id: str, asker: Asker) -> Occasion:
    with read():
        found = heard(id)
    if found is None or not (asker.sessions is None or found.session_id in asker.sessions):
        raise NotFound('This message is not kept any more.')
    return occasion_of(found)


def _last_payload(hook_id: str) -> Any:
    with read():
        rows = events_of(hook_id, limit=1)
        try:
            return values(hook_id, str(rows[0].id))['payload'] if rows else None
        except DovecoteError:
            return None
