"""What Dovecote did, as it happens."""

import json
from collections import deque
from dataclasses import replace
from datetime import datetime
from typing import Any

from nicegui import run

from core.bus import News
from data.database import read
from data.events import latest_events
from data.sessions import all_sessions

from ...compose import Gateway
from ...outcomes import outcome_of
from ...part import Part
from ...pieces import STATES, Knot, panel, state_badge, trace, words
from .lines import NAMED

REMEMBERED = 30
TONES = {'idle': 'done', 'accent': 'accent', 'good': 'good', 'wait': 'wait', 'bad': 'bad'}
KINDS = ('session.state', 'message.received', 'message.sent', 'message.delivered', 'message.read', 'message.played',
         'message.failed', 'message.uncertain', 'flow.run.finished', 'flow.run.failed')  # fmt: skip
CALLED = NAMED | {'reaction': 'reaction', 'edit': 'change', 'revoke': 'deletion', 'poll_vote': 'vote', 'call': 'call'}
OUTGOING = {
    'sent': ('Sent {text} to {to}', 'done'),
    'seen': ('Saw {text} to {to}, written on the phone', 'done'),
    'delivered': ('{to} has our message', 'done'),
    'read': ('{to} read our message', 'accent'),
    'played': ('{to} played our message', 'accent'),
    'failed': ('Not sent to {to}: {text}', 'bad'),
    'uncertain': ('Perhaps sent to {to}: {text}', 'wait'),
}


class Story:
    """The panel; newest first."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.teller = Teller({each.document.key: each.document.name for each in gateway.library.live()})
        with panel('What Dovecote did') as end:
            with end:
                self.states = Part(self.draw_states, 'beside desk')
            self.knots = Part(self.draw, 'story scrolls')
            self.knots.around.props('tabindex=0 role=region aria-label="What happened, newest first"')

    async def begin(self) -> None:
        """With what happened last."""

        def look() -> list[tuple[str, datetime, dict[str, Any]]]:
            with read():
                return [(each.kind, each.at, json.loads(each.body)) for each in latest_events(KINDS, REMEMBERED)]

        for kind, at, body in await run.io_bound(look) or ():
            self.teller.take(kind, at, body)
        await self.show()

    async def take(self, news: list[News]) -> None:
        for each in news:
            self.teller.take(each.kind, each.at, each.body)
        await self.show()

    async def show(self) -> None:
        self.knots.show(self.teller.knots)
        self.states.show(await run.io_bound(_states) or ())

    def draw(self, knots: tuple[Knot, ...]) -> None:
        if not knots:
            words('Nothing yet. Write something on one of the phones.', 'quiet', 'p')
        trace(knots)

    def draw_states(self, states: tuple[tuple[str, str], ...]) -> None:
        if len(states) > 1:
            working = sum(state == 'working' for _, state in states)
            words(f'{working} of {len(states)} sessions work', 'small faint nowrap')
            return
        for name, state in states:
            words(name, 'small faint')
            state_badge(state)


def _states() -> tuple[tuple[str, str], ...]:
    with read():
        return tuple((str(each.name), str(each.state)) for each in all_sessions())


class Teller:
    """Makes sentences of facts. `flows`: key -> name."""

    def __init__(self, flows: dict[str, str]) -> None:
        self.flows = flows
        self._told: deque[tuple[str, Knot]] = deque(maxlen=REMEMBERED)  # what it is about, newest first
        self._messages: dict[str, str] = {}  # id of a message of ours -> to whom it went

    @property
    def knots(self) -> tuple[Knot, ...]:
        return tuple(knot for _, knot in self._told)

    def take(self, kind: str, at: datetime, body: dict[str, Any]) -> None:
        knot = self._knot(kind, body)
        about = f'{kind} {body.get("name")} {body.get("state")}' if kind == 'session.state' else ''
        if about and self._told and self._told[0][0] == about:
            self._told.popleft()  # the same state with another sentence: fresh codes, further tries
        self._told.appendleft((about, replace(knot, at=at)))

    def _knot(self, kind: str, body: dict[str, Any]) -> Knot:
        topic, _, what = kind.partition('.')
        if topic == 'session':
            return _session(body)
        if topic == 'flow':
            return self._run(body)
        if what == 'received':
            return Knot(text=f'Received {_quoted(body)} from {_name(body.get("from"))}', tone='done')
        return self._outgoing(what, body)

    def _run(self, body: dict[str, Any]) -> Knot:
        name = self.flows.get(str(body.get('flow')), str(body.get('flow')))
        state, detail = str(body.get('state')), str(body.get('detail') or '')
        if state == 'finished':
            return Knot(text=f'Flow “{name}” answers', tone='accent')
        if state.startswith(('suppressed', 'failed')):
            return Knot(text=f'Flow “{name}” stays silent', tone='wait', detail=detail)
        outcome = outcome_of(state)
        return Knot(text=f'Flow “{name}”: {outcome.word.lower()}', tone=TONES[outcome.tone], detail=detail)

    def _outgoing(self, what: str, body: dict[str, Any]) -> Knot:
        if body.get('to'):
            self._remember(str(body['id']), _name(body['to']))
        to = self._messages.get(str(body.get('id')), '')
        if what == 'sent' and body.get('author') == 'phone':
            what = 'seen'
        said, tone = OUTGOING[what]
        detail = str((body.get('error') or {}).get('detail') or '')
        return Knot(text=said.format(to=to or 'Somebody', text=_quoted(body)), tone=tone, detail=detail)

    def _remember(self, id: str, to: str) -> None:
        self._messages[id] = to
        while len(self._messages) > 200:
            del self._messages[next(iter(self._messages))]


def _session(body: dict[str, Any]) -> Knot:
    tone, word = STATES.get(str(body.get('state')), ('idle', str(body.get('state'))))
    state = 'has failed' if body.get('state') == 'failed' else f'is {word.lower()}'
    return Knot(text=f'{body.get("name")} {state}', tone=TONES[tone], detail=str(body.get('detail') or ''))


def _name(peer: object) -> str:
    return str(peer.get('name') or peer.get('phone') or 'somebody') if isinstance(peer, dict) else 'somebody'


def _quoted(body: dict[str, Any]) -> str:
    kind = str(body.get('kind') or 'text')
    what = '' if kind == 'text' else f'a {CALLED.get(kind, "message").lower()}'
    text = ' '.join(str(body.get('text') or '').split())
    said = f'“{text}”' if len(text) <= 40 else f'“{text[:38]}…”'
    return ' '.join(filter(None, (what, text and said))) or 'a message'
