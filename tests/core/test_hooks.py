"""Hooks inside the house: what time does to them, how much they take, and that each thing is done once."""

import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from core.errors import Conflict, DovecoteError, Invalid, TooMany
from core.events import Connected
from core.fetch import Guard
from core.hooks.call import Call
from core.hooks.doing import Doing
from core.hooks.errands import Errands
from core.hooks.hooks import Hooks, Known, Settings
from core.hooks.mapping import Map, MediaMap
from core.hooks.reception import Reception, Taken
from core.hooks.verifying import told_callers
from core.housekeeping import Housekeeping
from core.media import MediaStore
from core.seal import Seal
from core.templates import Templates, Wording
from data.database import read
from data.hooks import HookEvent, HookOnce, event_by_id, events_of

from .files import picture
from .house import ANNA, House, full_disk, until
from .web import web

MAP = Map(session='shop', to='{{ payload.phone }}', text='{{ payload.text }}')


@dataclass
class Porch:
    """`flows`: what was started, as (key, payload, contact)."""

    house: House
    hooks: Hooks
    reception: Reception
    errands: Errands
    flows: list[tuple[str, Any, str]]
    templates: Templates

    def hook(self, map: Map = MAP, **more: Any) -> Known:
        return self.hooks.create(Settings(name='Orders', map=map, **{'per_minute': 0, **more}))[0]

    def told(self, hook: Known, payload: Any, **headers: str) -> Taken:
        call = self.call(payload, **headers)
        return self.reception.take(self.reception.hook(hook.key, call.ip), call).result()

    def call(self, payload: Any, **headers: str) -> Call:
        told = {
            'content-type': 'application/json',
            **{name.replace('_', '-'): value for name, value in headers.items()},
        }
        return Call(urls=('http://here/hooks/x',), headers=told, query='', body=json.dumps(payload).encode(),
                    ip='203.0.113.7', at=self.house.clock.now())  # fmt: skip

    def done(self, hook: Known, payload: Any, **headers: str) -> HookEvent:
        return self.settled(self.told(hook, payload, **headers).id)

    def settled(self, id: str) -> HookEvent:
        self.errands.run(id)
        self.house.settle()
        return self.event(id)

    def event(self, id: str) -> HookEvent:
        with read():
            row = event_by_id(id)
        assert row is not None
        return row

    def texts(self) -> list[str]:
        return [text for _, text in self.house.hosts.sent]


@pytest.fixture
def porch(house: House, tmp_path: Path) -> Iterator[Porch]:
    """Nobody works by themselves here: `settled` does it."""
    world, desk = house.outbox.world, house.outbox.desk
    started: list[tuple[str, Any, str]] = []

    def start(key: str, payload: Any, contact: str, session: str) -> str:
        started.append((key, payload, contact))
        return f'run of {key}'

    store = MediaStore(tmp_path / 'media', world, max_mb=5)
    templates = Templates(world, house.outbox.identities, desk, store)
    hooks = Hooks(world, Seal(b'k' * 32), desk, start_flow=start, fill_template=templates.written)
    store.start()
    guard = Guard((ip_network('127.0.0.0/8'),))
    errands = Errands(world, hooks, Doing(house.outbox.identities, house.outbox, hooks), desk, media=store, guard=guard)
    house.working()
    yield Porch(house, hooks, Reception(world, hooks, errands, desk), errands, started, templates)
    store.close()


def test_ten_thousand_calls_in_a_minute_meet_the_limit(porch: Porch) -> None:
    hook, other = porch.hook(per_minute=60), porch.hook(per_minute=60)
    taken, refused, longest = 0, 0, 0.0
    call = porch.call({'phone': ANNA, 'text': 'x'})
    for n in range(10_000):
        porch.house.clock.later(seconds=0.006)
        try:
            porch.reception.hook(hook.key, call.ip)
            porch.reception.take(hook, porch.call({'phone': ANNA, 'text': 'x', 'n': n}))
            taken += 1
        except TooMany as error:
            refused, longest = refused + 1, max(longest, error.after)
    assert (taken, refused) == (60, 9_940)
    assert 59 < longest <= 60
    assert porch.told(other, {'phone': ANNA, 'text': 'another'}).id
    porch.house.clock.later(seconds=61)
    assert porch.told(hook, {'phone': ANNA, 'text': 'the next minute'}).id
    with read():
        assert len(events_of(hook.id, limit=200)) == 61


def test_what_proves_nothing_takes_no_room(porch: Porch) -> None:
    hook = porch.hook(kind='header', auth={}, secret='tok', per_minute=2)
    for _ in range(20):
        with pytest.raises(DovecoteError, match='not accepted'):
            porch.told(hook, {}, authorization='guess')
    assert porch.told(hook, {'phone': ANNA, 'text': 'right'}, authorization='tok').id
    turned = porch.reception.turned_away(hook.id)
    assert turned is not None
    assert (turned.times, turned.ip) == (20, '203.0.113.7')


def test_the_same_call_is_the_same_for_seven_days_or_ten_minutes(porch: Porch) -> None:
    hook = porch.hook()
    body = {'phone': ANNA, 'text': 'again'}
    first = porch.told(hook, body, idempotency_key='k')
    plain = porch.told(hook, body)
    porch.house.clock.later(minutes=9)
    assert porch.told(hook, body).duplicate
    porch.house.clock.later(minutes=2)
    late = porch.told(hook, body)
    assert not late.duplicate
    assert late.id != plain.id
    porch.house.clock.later(days=6)
    assert porch.told(hook, body, idempotency_key='k') == Taken(id=first.id, duplicate=True)
    porch.house.clock.later(days=1)
    assert not porch.told(hook, body, idempotency_key='k').duplicate


def test_the_old_secret_is_good_for_a_day(porch: Porch) -> None:
    hook = porch.hook(kind='header', secret='old')
    fresh = porch.hooks.rotate(hook.id)[1]
    porch.house.clock.later(hours=23)
    assert porch.told(hook, {'n': 1}, authorization='old').id
    porch.house.clock.later(hours=2)
    with pytest.raises(DovecoteError, match='not accepted'):
        porch.told(hook, {'n': 2}, authorization='old')
    assert porch.told(hook, {'n': 3}, authorization=fresh).id


def test_who_calls_as_they_are_told_to_is_believed(porch: Porch) -> None:
    token = porch.hook(kind='header', secret='tok')
    assert told_callers(token.settings.kind, token.settings.auth) == (
        'Send the header authorization with the secret, alone or after “Bearer”.'
    )
    assert porch.told(token, {'n': 1}, authorization='Bearer tok').id
    signed = porch.hook(kind='hmac', secret='sec', auth={'prefix': 'v1=', 'signed': '{ts}.{body}', 'ts_header': 'x-at'})
    assert told_callers(signed.settings.kind, signed.settings.auth) == (
        'Send the header x-signature: v1=HMAC of {ts}.{body} with the secret, sha256, as hex. '
        'The time is in the header x-at.'
    )
    at = str(int(porch.house.clock.now().timestamp()))
    mark = hmac.new(b'sec', at.encode() + b'.{"n": 1}', 'sha256').hexdigest()
    assert porch.told(signed, {'n': 1}, x_signature=f'v1={mark}', x_at=at).id
    assert told_callers('basic', {'user': 'shop'}).startswith('Send the name shop ')
    assert told_callers('query', {}) == 'Add ?token= and the secret to the address.'
    assert told_callers('github', {}) == ''


def test_a_hook_sealed_with_another_key_is_off_until_it_is_saved_again(porch: Porch) -> None:
    hook = porch.hook(kind='header', secret='old')
    others = Hooks(porch.hooks.world, Seal(b'z' * 32), porch.hooks.desk)
    assert others.at(hook.key) is not None
    (found,) = others.all()
    assert (found.settings.name, found.settings.enabled, found.key) == ('Orders', False, '')
    with pytest.raises(Invalid, match='needs a secret'):
        others.change(hook.id, replace(found.settings, enabled=True))
    made, _ = others.change(hook.id, replace(found.settings, enabled=True, secret='new'))
    assert made.key not in ('', hook.key)
    again = others.at(made.key)
    assert again is not None
    assert again.secrets(porch.house.clock.now()) == ['new']


def test_a_delay_is_settled_when_it_is_over_whatever_the_hook_says_by_then(porch: Porch) -> None:
    several = Map(session='shop', to=ANNA, text='{{ item }}', for_each='{{ payload.all }}', delay='{{ item }}m')
    hook = porch.hook(several)
    event = porch.done(hook, {'all': [0, 10, 60]})
    assert [each['number'] for each in event.results] == [0]
    porch.hooks.change(hook.id, Settings(name='Orders', map=MAP))
    for minutes, texts in ((9, ['0']), (2, ['0', '10']), (50, ['0', '10', '60'])):
        porch.house.clock.later(minutes=minutes)
        event = porch.settled(event.id)
        assert porch.texts() == texts
    assert (event.state, event.due_at, event.wishes) == ('done', None, None)
    assert [each['state'] for each in event.results] == ['done'] * 3


def test_an_event_is_done_once_however_many_do_it(porch: Porch) -> None:
    hook = porch.hook()
    id = porch.told(hook, {'phone': ANNA, 'text': 'once'}).id
    for _ in range(3):  # all read the row before any has written
        porch.errands.run(id)
    porch.house.settle()
    assert porch.texts() == ['once']
    assert porch.event(id).state == 'done'


def test_what_was_left_undone_is_found_by_the_sweep_in_its_order(porch: Porch) -> None:
    hook = porch.hook()
    ids = [porch.told(hook, {'phone': ANNA, 'text': f'left {n}'}).id for n in range(20)]
    # The program ended before any of it was done: these are others, with nothing in their queues.
    world, desk = porch.errands.world, porch.errands.desk
    errands = Errands(world, porch.hooks, porch.errands.doing, desk, media=porch.errands.media, guard=Guard())
    errands.start()
    until(lambda: porch.event(ids[-1]).state == 'done')
    errands.stop()
    porch.house.settle()
    assert porch.texts() == [f'left {n}' for n in range(20)]


def test_a_full_disk_keeps_nothing_by_halves(porch: Porch) -> None:
    hook = porch.hook()
    id = porch.told(hook, {'phone': ANNA, 'text': 'y' * 60_000}).id
    with full_disk():
        porch.errands.run(id)
        porch.house.settle()
        assert porch.event(id).state == 'received'
    assert porch.settled(id).state == 'done'
    assert porch.texts() == ['y' * 60_000]


def test_a_stopped_session_is_said_and_the_replay_goes(porch: Porch) -> None:
    hook = porch.hook()
    porch.house.sessions.stop('shop')
    porch.house.settle()
    event = porch.done(hook, {'phone': ANNA, 'text': 'for later'})
    assert (event.state, event.results[0]['code']) == ('failed', 'session_not_working')
    porch.house.sessions.start('shop')
    porch.house.tell(Connected(session=porch.house.session().id, phone='15550000001', lid='9', push_name='Shop'))
    again = porch.errands.replay(event.id, hook.id)
    with pytest.raises(Conflict):
        porch.errands.replay(again, hook.id)
    assert porch.settled(again).state == 'done'
    assert porch.texts() == ['for later']


def test_a_file_at_an_address_is_sent_with_its_caption(porch: Porch) -> None:
    file = MediaMap(url='{{ payload.url }}', caption='A {{ payload.what }}', filename='loaf.png')
    hook = porch.hook(Map(session='shop', to=ANNA, media=file))
    with web() as shop:
        shop.answers['/loaf'] = lambda line: line.says(picture(), 'image/png')
        shop.answers['/gone'] = lambda line: line.says(b'', status='404 Not Found')
        event = porch.done(hook, {'url': shop.url('/loaf'), 'what': 'loaf'})
        assert event.state == 'done', event.error
        message = porch.house.message(event.results[0]['message'])
        assert (message.kind, message.text, message.content['mime']) == ('image', 'A loaf', 'image/png')
        failed = porch.done(hook, {'url': shop.url('/gone'), 'what': 'crumb'})
        assert (failed.state, failed.results[0]['code']) == ('failed', 'url_unreachable')


def test_a_flow_is_started(porch: Porch) -> None:
    flow = porch.hook(Map(action='flow', flow='welcome', session='shop', to='{{ payload.phone }}', name='Cara'))
    event = porch.done(flow, {'phone': '+15559990001', 'n': 1})
    assert event.results[0]['run'] == 'run of welcome'
    assert porch.flows == [('welcome', {'phone': '+15559990001', 'n': 1}, event.results[0]['contact'])]


def test_a_template_is_filled_for_whom_it_goes_to(porch: Porch) -> None:
    porch.house.says('hello')  # and so Anna has a name
    porch.templates.put(
        'order', Wording(language='en', text='Hi {{ contact.name }}, {{ vars.item }} by {{ session.name }}')
    )
    porch.templates.put(
        'pic', Wording(language='en', text='A {{ item }}', media_id=porch.errands.media.keep([picture()]).id)
    )
    map = Map(session='shop', to='{{ payload.to }}', template='{{ payload.t }}', vars={'item': '{{ payload.n }}'})
    hook = porch.hook(map)
    assert porch.done(hook, {'t': 'order', 'n': 'rye', 'to': ANNA}).state == 'done'
    stranger = '+15559990009'
    event = porch.done(hook, {'t': 'order', 'n': 'spelt', 'to': stranger})
    assert porch.texts() == ['Hi Anna, rye by shop', f'Hi {stranger}, spelt by shop']
    assert event.results[0]['text'] == f'Hi {stranger}, spelt by shop'
    message = porch.house.message(porch.done(hook, {'t': 'pic', 'n': 'loaf', 'to': ANNA}).results[0]['message'])
    assert (message.kind, message.text) == ('image', 'A loaf')
    failed = porch.done(hook, {'t': 'bye', 'n': 'rye', 'to': ANNA})
    assert (failed.state, failed.results[0]['field']) == ('failed', 'map.template')
    assert 'no template “bye”' in failed.error
    rehearsed = porch.errands.doing.rehearse(map, {'payload': {'t': 'order', 'n': 'fennel', 'to': ANNA}})
    assert rehearsed[0]['text'] == 'Hi Anna, fennel by shop'


def test_old_events_and_keys_are_forgotten(porch: Porch) -> None:
    hook = porch.hook()
    porch.done(hook, {'phone': ANNA, 'text': 'old'})
    waiting = porch.hook(Map(session='shop', to=ANNA, text='x', delay='30d'))
    porch.done(waiting, {})
    clean = Housekeeping(porch.errands.world, retention_days=0).clean
    porch.house.clock.later(days=29)
    clean()
    with read():
        assert (HookEvent.select().count(), HookOnce.select().count()) == (2, 0)
    porch.house.clock.at += timedelta(days=2)
    clean()
    with read():
        assert [row.hook_id for row in HookEvent.select()] == [waiting.id]  # it still has something to do
    porch.hooks.delete(waiting.id)
    with read():
        assert HookEvent.select().count() == 0
