"""Where calls to hooks come in: believed or not, new or told before, and kept before anybody is thanked."""

import json
import logging
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from data.database import after_commit, write, write_soon
from data.hooks import add_event, came_again, hook_exists, remember, was_seen

from ..errors import DovecoteError, Invalid, NotFound
from ..fill import fill
from ..news import NewsDesk
from ..tries import Tries, network_of
from ..world import World
from .call import Call
from .errands import CALLED, Errands
from .hooks import Hooks, Known
from .mapping import values_of
from .reading import is_taken, masked, once_key, payload_of
from .verifying import is_from, may_call, same
from .window import Windows

log = logging.getLogger(__name__)

WRONG_AT_ONCE, WRONG_EVERY = 30, 2.0  # calls that prove nothing, from one place; then one each so many seconds


class NotBelieved(DovecoteError):
    """It does not prove where it comes from; the caller is told nothing more."""

    code = 'unauthorized'


class NotTaken(DovecoteError):
    """It is neither JSON nor a form nor text."""

    code = 'unsupported_media_type'


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """`id` of the event, the first one's if it is a `duplicate`. `says`: what the caller wants to hear instead."""

    id: str = ''
    duplicate: bool = False
    says: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """A call that was turned away; kept in memory only."""

    at: datetime
    ip: str
    why: str
    times: int


class Reception:
    """Every call raises NotFound, TooMany, NotTaken, NotBelieved or Invalid when it goes no further."""

    def __init__(self, world: World, hooks: Hooks, errands: Errands, desk: NewsDesk) -> None:
        self.world, self.hooks, self.errands, self.desk = world, hooks, errands, desk
        self._windows = Windows(world.ticks)
        self._wrong = Tries(world.ticks, most=WRONG_AT_ONCE, every=WRONG_EVERY)
        self._turned: OrderedDict[str, Turned] = OrderedDict()

    def hook(self, key: str, ip: str) -> Known:
        """Whom a call is for, before anything of it is read."""
        found = self.hooks.at(key)
        if found is None or not found.settings.enabled:
            self._wrong.take(network_of(ip))
            raise NotFound('There is no hook at this address.')
        self._windows.check(found.id, found.settings.per_minute)
        return found

    def check_type(self, call: Call) -> None:
        """Before its body is read."""
        if call.header('content-encoding').lower() not in ('', 'identity'):
            raise NotTaken('A body comes as it is, not compressed.')
        if not is_taken(call.content_type):
            raise NotTaken('The body must be JSON, a form (application/x-www-form-urlencoded) or text.')

    def answers(self, hook: Known, call: Call) -> str:
        """What Meta wants to hear when it asks whether we are there."""
        told, settings = dict(call.asked), hook.settings
        token = told.get('hub.verify_token', '')
        if settings.kind != 'meta' or told.get('hub.mode') != 'subscribe':
            raise NotFound('There is no hook at this address.')
        if not settings.verify_token or not same(settings.verify_token, token):
            self._turn_away(hook, call, 'the verify token does not fit')
        return told.get('hub.challenge', '')[:500]

    def take(self, hook: Known, call: Call, *, test: bool = False) -> 'Future[Taken]':
        """Believe it, read it, keep it. A `test` is shown and does nothing."""
        settings, now = hook.settings, call.at
        if not may_call(call.ip, settings.allow_from):
            self._turn_away(hook, call, f'{call.ip} is not in its networks')
        if not self._proved(hook, call):
            self._turn_away(hook, call, 'it does not prove where it comes from')
        self._windows.take(hook.id, settings.per_minute)
        payload = payload_of(call.content_type, call.body)
        if said := _challenge(settings.kind, payload):
            return _now(Taken(says=said))
        hidden = (str(settings.auth.get('header', '')).lower(), str(settings.auth.get('parameter', '')).lower())
        headers = masked(list(call.headers.items()), *hidden)
        query = masked(call.asked, *hidden)
        told = ''
        if settings.once:
            values = values_of(payload, headers, query, id=hook.id, name=settings.name, now=now)
            told = fill(settings.once, values).strip()
        key, lasts = once_key(call, settings.kind, payload, told)
        id = self.world.new_id()

        def keep() -> Taken:
            if not hook_exists(hook.id):
                raise NotFound('There is no hook at this address.')
            if not test:
                if earlier := was_seen(hook.id, key, now):
                    came_again(earlier)
                    self._tell(hook.id, earlier)
                    return Taken(id=earlier, duplicate=True)
                remember(hook.id, key, id, now + lasts)
            add_event(
                id, hook.id, origin='test' if test else 'live', state='tested' if test else 'received', at=now,
                due_at=None if test else now, ip=call.ip, content_type=call.content_type, headers=headers,
                query=query, body=call.body,
            )  # fmt: skip
            self._tell(hook.id, id)
            if not test:
                self.desk.tell(CALLED, {'hook': hook.id, 'event': id})
                after_commit(lambda: self.errands.nudge(id, hook.id))
            return Taken(id=id)

        return write_soon(keep)

    def show(self, hook_id: str, sample: Any) -> str:
        """Keep an example as if it had been told, to build on until the first call comes. Returns its id."""
        id, now = self.world.new_id(), self.world.now()
        body = json.dumps(sample, indent=2, ensure_ascii=False).encode()

        def keep() -> None:
            add_event(
                id, hook_id, origin='sample', state='tested', at=now, due_at=None, ip='', headers=[], query=[],
                content_type='application/json', body=body,
            )  # fmt: skip
            self._tell(hook_id, id)

        write(keep)
        return id

    def turned_away(self, hook_id: str) -> Turned | None:
        """The last call of it that was, since the program started."""
        return self._turned.get(hook_id)

    def _proved(self, hook: Known, call: Call) -> bool:
        try:
            return is_from(call, hook.settings.kind, hook.settings.auth, hook.secrets(call.at))
        except Invalid:  # a form that cannot be read proves nothing
            return False

    def _turn_away(self, hook: Known, call: Call, why: str) -> None:
        before = self._turned.get(hook.id)
        times = before.times + 1 if before else 1
        self._turned[hook.id] = Turned(at=call.at, ip=call.ip, why=why, times=times)
        log.info('hook %s: a call from %s was turned away: %s', hook.id, call.ip, why)
        self._wrong.take(network_of(call.ip))
        raise NotBelieved('This was not accepted.')

    def _tell(self, hook_id: str, event_id: str) -> None:
        after_commit(lambda: self.desk.whisper('hook.event', {'hook': hook_id, 'id': event_id}))


def _challenge(kind: str, payload: Any) -> str:
    """Slack asks once whether we are there, signed like everything else."""
    if kind == 'slack' and isinstance(payload, Mapping) and payload.get('type') == 'url_verification':
        return str(payload.get('challenge', ''))[:500]
    return ''


def _now(taken: Taken) -> 'Future[Taken]':
    done: Future[Taken] = Future()
    done.set_result(taken)
    return done
