"""Reads the log of what happened, in order and to the end, and starts the flows that wait for such things."""

import json
import logging
import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from core.bus import News
from core.hooks.errands import CALLED
from core.hooks.reading import payload_of
from core.world import World
from data.chats import Chat
from data.database import StorageFailed, after_commit, database, read, write
from data.events import LoggedEvent, events_after, last_seq, mark_place, place_in_log
from data.hooks import event_by_id
from data.messages import Message
from data.runs import depth_of, waiting_for
from data.scenes import chat_scene

from .library import Library
from .occasion import Occasion, OccasionKind
from .router import Overtaken, Router
from .runner import Runner
from .silences import Silences
from .steps.base import Woken

log = logging.getLogger(__name__)

READER = 'flows'  # whose place in the log it is
TOO_OLD = timedelta(minutes=5)  # what happened before that (the program was off) starts nothing
KINDS: dict[str, tuple[OccasionKind, ...]] = {
    'message.reaction': ('reaction',),
    'poll.vote': ('answer',),
    'message.delivered': ('status',),
    'message.read': ('status',),
    'message.played': ('status',),
    'message.failed': ('status',),
    'group.updated': ('group_join', 'group_leave'),
    'contact.created': ('contact_created',),
    'contact.updated': ('contact_updated',),
    'session.state': ('session_state',),
    'flow.run.failed': ('flow_error',),
    CALLED: ('webhook',),
    'message.received': ('inactivity',),
    'message.sent': ('inactivity',),
}
AWAITED = ('answer', 'webhook')  # runs may wait for these
SELDOM = (200, 10.0)  # events, and seconds, until the place in the log is written down though nothing started
LOOKS = 1.0  # seconds between two looks when nobody nudges


class Listener(threading.Thread):
    """One thread. Its place in the log moves in the same write that starts what an event brought about."""

    def __init__(
        self, world: World, library: Library, router: Router, runner: Runner, silences: Silences
    ) -> None:  # fmt: skip
        super().__init__(name='listener', daemon=True)
        self.world, self.library, self.router, self.runner, self.silences = world, library, router, runner, silences
        self._there = threading.Event()
        self._over = False
        self._place = -1
        self._kept, self._kept_at = 0, 0.0

    def hear(self, news: News) -> None:
        """For the bus: something was written into the log. What no flow waits for is read over at the next look."""
        if news.seq and any(kind in AWAITED or self.library.known().has(kind) for kind in KINDS.get(news.kind, ())):
            self._there.set()

    def run(self) -> None:
        try:
            while not self._over:
                self._there.wait(LOOKS)
                self._there.clear()
                try:
                    while not self._over and self.read_on():
                        pass
                except Exception:  # the next look is a new chance
                    log.exception('what happened could not be looked at')
        finally:
            database.close()

    def stop(self) -> None:
        self._over = True
        self._there.set()
        if self.is_alive():
            self.join(5)

    def read_on(self) -> bool:
        """Look at what is new; False when that was all."""
        with read():
            if self._place < 0:
                self._place = place_in_log(READER)
            rows = events_after(self._place, 200)
        for row in rows:
            if row.kind in KINDS:
                self._look_safely(row)
        if rows and rows[-1].seq > self._place:
            self._read_over(int(rows[-1].seq))
        return len(rows) == 200

    def _read_over(self, seq: int) -> None:
        """What started nothing costs a write only now and then: read again after a crash, it starts nothing again."""
        self._place, ticks = seq, self.world.ticks()
        if seq - self._kept >= SELDOM[0] or ticks - self._kept_at >= SELDOM[1]:
            self._kept, self._kept_at = seq, ticks
            self._move(seq)

    def _look_safely(self, row: LoggedEvent) -> None:
        try:
            self._look(row)
        except StorageFailed:  # the next look is a new chance
            raise
        except Exception:  # looked at again it would break again, and nothing after it would ever be looked at
            log.exception('event %s could not be looked at', row.seq)

    def _look(self, row: LoggedEvent) -> None:
        kinds = [kind for kind in KINDS[row.kind] if kind in AWAITED or self.library.live().has(kind)]
        if not kinds or row.at < self.world.now() - TOO_OLD:
            return
        body = json.loads(row.body)
        if kinds == ['inactivity']:
            write(partial(self._note_word, row, body))
            return
        occasions, seq = self._occasions(row, body, kinds), int(row.seq)
        if any(each.kind == 'answer' and self._answers(each, seq) for each in occasions):
            return
        self.router.happen_together(occasions, partial(self._moves_and_wakes, seq, occasions))

    def _moves(self, seq: int) -> bool:
        """Inside a write: False when this was looked at before."""
        if seq <= place_in_log(READER):
            return False
        mark_place(READER, seq)
        after_commit(lambda: self._moved(seq))
        return True

    def _moved(self, seq: int) -> None:
        self._place = max(self._place, seq)

    def _moves_and_wakes(self, seq: int, occasions: Sequence[Occasion]) -> bool:
        """Inside a write; with it runs are woken that wait for a call which names them by a correlation."""
        if not self._moves(seq):
            return False
        for occasion in occasions:
            named = correlation_in(occasion.facts) if occasion.kind == 'webhook' else ''
            if named:
                self.runner.event(named, occasion.facts)
        return True

    def _move(self, seq: int) -> None:
        write(lambda: self._moves(seq))

    def _answers(self, occasion: Occasion, seq: int) -> bool:
        """Whether a run waited for this vote."""
        with read():
            rows = waiting_for('answer', occasion.chat_id or '')
        run = next((row for row in rows if f'flow:{row.flow}' == occasion.facts.get('author')), None)
        if run is None or not occasion.facts.get('options'):
            return False

        facts = {'text': ', '.join(occasion.facts['options']), 'kind': 'poll_vote', **occasion.facts}

        def take() -> None:
            if not self.runner.wake(run, Woken(by='answer', facts=facts)) or not self._moves(seq):
                raise Overtaken

        try:
            write(take)
        except Overtaken:
            return False
        return True

    def _note_word(self, row: LoggedEvent, body: Mapping[str, Any]) -> None:
        """Inside a write: who wrote last in a chat."""
        chat = chat_scene(str(row.chat)) if row.chat else None
        if chat is None or not self._moves(int(row.seq)):
            return
        if row.kind == 'message.received':
            self.silences.heard(chat['id'], bool(chat['group']), row.at)
        else:
            self.silences.said(chat['id'], bool(chat['group']), row.at, str(body.get('author') or ''))

    # ---- what happened, as flows see it

    def _occasions(  # noqa: PLR0911  (the index of what may happen: one line for each)
        self, row: LoggedEvent, body: Mapping[str, Any], kinds: list[OccasionKind]
    ) -> list[Occasion]:  # fmt: skip
        with read():
            chat = chat_scene(str(row.chat)) if row.chat else None
            match row.kind:
                case 'message.reaction' | 'poll.vote':
                    return self._about_a_message(row, body, chat, kinds)
                case 'group.updated':
                    return self._in_a_group(row, body, chat, kinds)
                case 'contact.created' | 'contact.updated':
                    return [self._of_a_contact(row, body, kinds[0])]
                case 'dovecote.hook.called':
                    return self._called(row, body)
                case 'session.state':
                    facts, name = {'state': body['state'], 'detail': body['detail']}, str(body['name'])
                    return [_in_chat('session_state', row, {'session': name}, facts=facts)]
                case 'flow.run.failed':
                    return [self._failed(row, body, chat)]
                case _:
                    return [self._status(row, body, chat)]

    def _about_a_message(
        self, row: LoggedEvent, body: Mapping[str, Any], chat: dict[str, Any] | None, kinds: list[OccasionKind]
    ) -> list[Occasion]:
        if chat is None or body.get('by') is None:  # ours, done on the phone or here
            return []
        message: Message | None = Message.get_or_none(Message.id == body['id']) if body.get('id') else None
        facts = {name: body[name] for name in ('emoji', 'options') if name in body}
        facts |= {
            'message': body.get('id'),
            'ours': message is not None and message.direction == 'out',
            'author': message.author if message is not None else '',
            'poll': message.content['name'] if message is not None and message.kind == 'poll' else '',
        }
        return [_in_chat(kinds[0], row, chat, contact_id=body['by']['id'], message_id=body.get('id'), facts=facts)]

    def _status(self, row: LoggedEvent, body: Mapping[str, Any], chat: dict[str, Any] | None) -> Occasion:
        message: Message | None = Message.get_or_none(Message.id == body['id'])
        author = message.author if message is not None else ''
        facts = {
            'status': row.kind.removeprefix('message.'), 'message': body['id'],
            'text': message.text if message is not None else '', 'error': message.error if message is not None else '',
        }  # fmt: skip
        by_flow = author.removeprefix('flow:') if author.startswith('flow:') else ''
        depth = depth_of(by_flow, str(row.chat)) + 1 if by_flow else 0  # two flows may not go round in circles either
        return _in_chat('status', row, chat or {}, message_id=body['id'], facts=facts, by_flow=by_flow, depth=depth)

    def _in_a_group(
        self, row: LoggedEvent, body: Mapping[str, Any], chat: dict[str, Any] | None, kinds: list[OccasionKind]
    ) -> list[Occasion]:
        sides: dict[OccasionKind, str] = {'group_join': 'joined', 'group_leave': 'left'}
        facts = {'group_name': body.get('name', '')}
        return [
            _in_chat(kind, row, chat, contact_id=person['id'], facts=facts)
            for kind in kinds
            for person in body.get(sides[kind], [])
            if chat is not None
        ]

    def _called(self, row: LoggedEvent, body: Mapping[str, Any]) -> list[Occasion]:
        event = event_by_id(str(body['event']))
        if event is None:
            return []
        facts = {
            'endpoint': str(event.hook.name), 'event': str(event.id),
            'payload': payload_of(str(event.content_type), bytes(event.body)),
            'headers': {name.lower(): value for name, value in event.headers}, 'query': dict(event.query),
        }  # fmt: skip
        return [_in_chat('webhook', row, {}, facts=facts)]

    def _of_a_contact(self, row: LoggedEvent, body: Mapping[str, Any], kind: OccasionKind) -> Occasion:
        """In their latest chat, if they have one yet."""
        contact_id = str(body['contact']['id'])
        newest = (
            Chat.select(Chat.id).where(Chat.contact == contact_id).order_by(Chat.last_at.desc(nulls='last')).first()
        )
        chat = chat_scene(str(newest.id)) if newest is not None else None
        by_flow = str(body.get('by_flow', ''))
        return _in_chat(
            kind, row, chat or {}, contact_id=contact_id, facts={'contact': body['contact']}, by_flow=by_flow
        )

    def _failed(self, row: LoggedEvent, body: Mapping[str, Any], chat: dict[str, Any] | None) -> Occasion:
        facts = {'flow': body['flow'], 'run': body['run'], 'error': body['detail'], 'state': body['state']}
        return _in_chat(
            'flow_error', row, chat or {}, message_id=body.get('message'), facts=facts, by_flow=str(body['flow']),
            depth=int(body.get('depth', 0)) + 1,
        )  # fmt: skip


def from_now_on() -> None:
    """Inside a write, once: a log that nobody has read yet is read from its end."""
    if place_in_log(READER) < 0:
        mark_place(READER, last_seq())


def correlation_in(facts: Mapping[str, Any]) -> str:
    """What a call says to whom it belongs: in its payload, its address or a header; '' when nowhere."""
    payload = facts.get('payload')
    said = payload.get('correlation') if isinstance(payload, Mapping) else None
    said = said or facts.get('query', {}).get('correlation') or facts.get('headers', {}).get('x-correlation-id')
    return str(said)[:200] if isinstance(said, str | int) else ''


def _in_chat(
    kind: OccasionKind, row: LoggedEvent, chat: Mapping[str, Any], *, contact_id: str | None = None,
    message_id: str | None = None, facts: Mapping[str, Any], by_flow: str = '', depth: int = 0,
) -> Occasion:  # fmt: skip
    return Occasion(
        kind=kind, at=row.at, session_id=chat.get('session_id') or row.session or None,
        session=chat.get('session', ''), chat_id=chat.get('id'), group=chat.get('group') or '',
        contact_id=contact_id or chat.get('contact_id'), message_id=message_id, facts=facts, by_flow=by_flow,
        depth=depth, correlation=str(row.id),
    )  # fmt: skip
