"""Tries a flow out: the same steps, but nothing is sent, nobody is asked, and the clock does what it is told."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from core.bodies import Body, time_text
from core.contents import shown
from core.errors import DovecoteError, Invalid
from core.events import FileKind
from core.outbox import Saying
from core.world import World

from .doors import Doors, HttpAnswer, HttpCall
from .effects import Effect, Say, SetContact, StartFlow, TagContact
from .flow import Document
from .library import Library, LiveFlow
from .occasion import Occasion
from .program import Program
from .router import fitting
from .scene import scene
from .secrets import MASK
from .state import RunState
from .steps.base import End, Wait, Woken
from .triggers.base import Found
from .turn import Turn
from .walk import Walk

EVENTS_MOST = 50
CONTACT: dict[str, Any] = {
    'id': '', 'phone': '+15551230001', 'lid': None, 'name': 'Anna Ames', 'first_name': 'Anna', 'vars': {}, 'tags': [],
    'language': '', 'zone': '', 'opted_out': False,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happens next: somebody says something, time passes, or what was waited for comes."""

    say: str | None = None
    advance: timedelta | None = None
    event: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """`occasion` starts it. `values` are what templates see of contact, chat, message and session, or what of it is
    to be otherwise than usual; `run` of a stored message has them read instead. `mocks` are what HTTP steps get, by
    their name: a value, or {status, json}. `call_http`: ask really where there is none.
    """

    occasion: Occasion
    values: Mapping[str, Any] = field(default_factory=dict)
    stored: bool = False
    then: tuple[Event, ...] = ()
    mocks: Mapping[str, Any] = field(default_factory=dict)
    call_http: bool = False
    ignore_trigger: bool = False


@dataclass(slots=True, kw_only=True)
class Report:
    """`outcome` is the state of the run, or `waiting`; `waits` says for what and until when then."""

    outcome: str
    detail: str
    steps: list[Body]
    sent: list[Body]
    effects: list[Body]
    variables: dict[str, Any]
    now: datetime
    waits: Body | None = None

    def body(self) -> Body:
        return {**asdict(self), 'now': time_text(self.now)}


class Bench:
    def __init__(self, world: World, library: Library, doors: Doors, *, home: str = 'UTC') -> None:
        self.world, self.library, self.doors, self.home = world, library, doors, home

    def explain(self, occasion: Occasion) -> list[Body]:
        """Each flow that looks at such a thing: whether it would match, and why or why not, in the order of asking."""
        told = []
        for flow in self.library.live().all_for(occasion.kind):
            fit = fitting(flow, occasion)
            why = fit if isinstance(fit, str) else fit[1].because
            told.append(
                {'flow': flow.document.key, 'name': flow.document.name, 'fits': not isinstance(fit, str), 'why': why}
            )
        return told

    def route(self, trial: Trial) -> tuple[str, Report] | None:
        """As the router would: the first flow that fits and may run; None when none does."""
        for flow in self.library.live().candidates(trial.occasion):
            if isinstance(fitting(flow, trial.occasion), str):
                continue
            report = self.run(flow.document, trial)
            if report.outcome != 'failed_conditions':
                return flow.document.key, report
        return None

    def run(self, document: Document, trial: Trial) -> Report:
        """Raises nothing for a flow that fails: that is what is to be found out."""
        flow = LiveFlow(document, 0, Program(document.steps))
        fit: Any = fitting(flow, trial.occasion)
        if isinstance(fit, str) and not trial.ignore_trigger:
            return _nothing('not_triggered', fit[:1].upper() + fit[1:] + '.', trial.occasion.at)
        if isinstance(fit, str):
            fit = (document.triggers[0], Found(because='Tried out'))
        attempt = _Attempt(self, trial, _Made(self.doors, trial, self.world))
        return attempt.go(document, fit[1], str(fit[0].id))


class _Attempt:
    """One run on the bench. Flows that it calls are attempts of their own, with what is left to happen."""

    def __init__(self, bench: Bench, trial: Trial, doors: Doors) -> None:
        self.bench, self.trial, self.doors = bench, trial, doors
        self.now, self.events = trial.occasion.at, list(trial.then)
        self.sent: list[Body] = []
        self.effects: list[Body] = []
        self.called: dict[str, tuple[str, dict[str, Any]]] = {}  # run id -> how it ended, and its variables
        self.depth = 0

    def go(self, document: Document, found: Found, trigger: str, preset: Mapping[str, Any] | None = None) -> Report:
        run = self._new(document, found, trigger, preset)
        values = self._values(run)
        at = time_text(self.now) or ''
        run.note(f'triggers/{trigger}', found.because, at)
        turn = Turn(run, values, self.doors, 'conditions', self.now, self.bench.home)
        try:
            judged = turn.judge(document.conditions) if document.conditions != () else None
            if judged is not None:
                run.note('conditions', 'All true' if judged.true else f'Not true: {judged.because}', at,
                         result=judged.told())  # fmt: skip
            if judged is not None and not judged.true:
                return self._report(run, End(state='failed_conditions', reason=f'Not true: {judged.because}.'))
            for name, said in document.variables.items():
                run.variables[name] = turn.filled(said)
            run.variables.update(preset or {})
        except DovecoteError as error:
            return self._report(run, End(state='error', reason=str(error)))
        return self._through(document, run, values)

    def _through(self, document: Document, run: RunState, values: dict[str, Any]) -> Report:
        program, woken = Program(document.steps), None
        run.position = program.first
        while True:
            walk = Walk(run, document, program, values, self.doors, self.now, self.bench.home)
            outcome = walk.go(woken, slow=True)
            trouble = self._record(walk)
            if trouble is not None:
                outcome, woken = trouble, None
                if not isinstance(outcome, End):
                    continue
            if outcome is None:  # a slow step is next, which nobody waits for here
                woken = None
                continue
            if isinstance(outcome, End):
                return self._report(run, outcome)
            woken = self._woken(outcome)
            if woken is None:
                return self._report(run, outcome)
            values = {**values, 'now': self.now, **({woken.by: dict(woken.facts)} if woken.by != 'time' else {})}

    def _record(self, walk: Walk) -> End | None:
        for number, effect in walk.effects:
            try:
                self._note(effect, walk.run)
            except DovecoteError as error:
                return walk.go_back(number, error)
        return None

    def _note(self, effect: Effect, run: RunState) -> None:
        match effect:
            case Say(saying=saying):
                content = shown(saying.kind, saying.content)
                self.sent.append({'kind': saying.kind, 'text': saying.text, **content, 'at': time_text(self.now)})
            case TagContact():
                self.effects.append({'effect': 'tag', 'add': list(effect.add), 'remove': list(effect.remove)})
            case StartFlow():
                self._call(effect, run)
            case SetContact(name=name, value=value):
                self.effects.append({'effect': 'set_contact', 'name': name, 'value': value})
            case _:
                told = {name: value for name, value in asdict(effect).items() if value not in (None, '', {}, ())}
                self.effects.append({'effect': _snake(type(effect).__name__), **_plain(told)})

    def _call(self, effect: StartFlow, run: RunState) -> None:
        self.depth += 1
        if self.depth > 5:
            raise Invalid('5 flows have started each other already; one more would be a circle.')
        flow = self.bench.library.flow(effect.key)
        report = self.go(flow.document, Found(because=f'Called by {run.flow}'), 'call', effect.values)
        self.called[effect.run] = report.outcome, report.variables
        self.effects.append({'effect': 'start_flow', 'flow': effect.key, 'outcome': report.outcome})
        self.depth -= 1

    def _woken(self, wait: Wait) -> Woken | None:
        """What ends the wait, of what is still to happen; None when nothing does."""
        if wait.kind == 'run' and wait.key in self.called:
            state, values = self.called.pop(wait.key)
            return None if state == 'waiting' else Woken(by='run', facts={'state': state, 'values': values})
        while self.events:
            event = self.events.pop(0)
            if event.advance is not None:
                self.now += event.advance
                if wait.until is not None and self.now >= wait.until:
                    return Woken(by='time', facts={})
            elif event.say is not None and wait.kind == 'answer':
                return Woken(by='answer', facts={'text': event.say, 'kind': 'text', 'message': None})
            elif event.event is not None and wait.kind == 'event':
                return Woken(by='event', facts=event.event)
        return None

    def _new(self, document: Document, found: Found, trigger: str, preset: Mapping[str, Any] | None) -> RunState:
        occasion = self.trial.occasion
        facts = {'values': dict(preset)} if preset is not None else {**occasion.facts, **found.facts}
        return RunState(
            id=self.doors.new_id(), flow=document.key, version=0,
            trigger={'id': trigger, 'type': occasion.kind if preset is None else 'call', **facts},
            session_id=occasion.session_id, session=occasion.session, chat_id=occasion.chat_id,
            contact_id=occasion.contact_id, message_id=occasion.message_id, correlation='', parent=None, depth=0,
            started_at=self.now, expires_at=self.now + document.limits.timeout,
        )  # fmt: skip

    def _values(self, run: RunState) -> dict[str, Any]:
        values = scene(run, self.now) if self.trial.stored else _made_up(self.trial.occasion, run, self.now)
        for name, said in self.trial.values.items():
            known = values.get(name)
            values[name] = {**known, **said} if isinstance(known, dict) and isinstance(said, Mapping) else said
        return values

    def _report(self, run: RunState, outcome: Wait | End) -> Report:
        waits = None
        if isinstance(outcome, Wait):
            waits = {'for': outcome.kind, 'until': time_text(outcome.until), 'key': outcome.key or None}
        return Report(
            outcome='waiting' if isinstance(outcome, Wait) else outcome.state,
            detail=f'Waits for {outcome.about}.' if isinstance(outcome, Wait) else outcome.reason,
            steps=run.steps, sent=self.sent, effects=self.effects, variables=run.variables, now=self.now, waits=waits,
        )  # fmt: skip


class _Made:
    """Doors that answer with what the trial made up."""

    def __init__(self, real: Doors, trial: Trial, world: World) -> None:
        self.real, self.trial, self.world = real, trial, world

    def new_id(self) -> str:
        return self.world.new_id()

    def secrets(self) -> Mapping[str, str]:
        known = self.real.secrets()
        return known if self.trial.call_http else dict.fromkeys(known, MASK)

    def file(self, *, id: str, url: str, kind: FileKind | None, caption: str, filename: str) -> Saying:
        """Not fetched: only told."""
        return Saying(kind=kind or 'document', text=caption, content={'filename': filename, 'from': url or id})

    def template(self, key: str, language: str, values: Mapping[str, Any]) -> Saying:
        return self.real.template(key, language, values)

    def call(self, step: str, call: HttpCall) -> HttpAnswer:
        if step in self.trial.mocks:
            return _answer(self.trial.mocks[step])
        if self.trial.call_http:
            return self.real.call(step, call)
        raise Invalid(
            f'Nothing is asked while trying out. Say what “{step}” gets, or let it ask really.', code='not_mocked'
        )


def _answer(mock: Any) -> HttpAnswer:
    status, found = 200, mock
    if isinstance(mock, Mapping) and 'status' in mock and set(mock) <= {'status', 'json', 'text'}:
        said, found = mock['status'], mock.get('json', mock.get('text', ''))
        if not isinstance(said, int) or not 100 <= said <= 599:
            raise Invalid('What is made up has a “status” from 100 to 599.', code='not_mocked')
        status = said
    text = found if isinstance(found, str) else json.dumps(found)
    return HttpAnswer(status=status, headers={}, text=text, json=None if isinstance(found, str) else found)


def _made_up(occasion: Occasion, run: RunState, now: datetime) -> dict[str, Any]:
    kind = 'group' if occasion.group else 'private'
    return {
        'contact': {**CONTACT, 'vars': {}, 'tags': []},
        'chat': {'id': '', 'kind': kind, 'name': CONTACT['name'], 'automation': 'bot', 'assigned_to': None},
        'session': {'name': occasion.session or 'shop', 'phone': '+15550000001'},
        'message': {
            'id': '', 'text': occasion.text, 'kind': occasion.message_kind or 'text', 'at': occasion.at, 'content': {},
            'quoted': '',
        },
        'trigger': run.trigger, 'payload': run.trigger.get('payload', {}),
        'flow': {'key': run.flow, 'version': 0},
        'times': {'last_inbound': None, 'last_outbound': None, 'first_contact': None}, 'now': now,
    }  # fmt: skip


def _nothing(outcome: str, detail: str, now: datetime) -> Report:
    return Report(outcome=outcome, detail=detail, steps=[], sent=[], effects=[], variables={}, now=now)


def _snake(name: str) -> str:
    return ''.join(f'_{letter.lower()}' if letter.isupper() else letter for letter in name).strip('_')


def _plain(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: time_text(each) if isinstance(each, datetime) else each for name, each in told.items()}
