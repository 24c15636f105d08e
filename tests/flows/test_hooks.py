"""What other systems tell starts flows, and wakes runs that wait for it."""

from typing import Any

import pytest

from core.hooks.hooks import Known
from core.hooks.mapping import Map
from data.database import read
from data.hooks import HookEvent
from data.runs import Run
from tests.core.house import ANNA
from tests.core.test_hooks import Porch, porch
from tests.flows.test_occasions import flow, told
from tests.flows.test_runs import heard, said, say

__all__ = ['porch']


@pytest.fixture
def shop(porch: Porch) -> Known:
    return porch.hook(map=Map(action='none'))


def test_a_call_starts_the_flows_that_wait_for_the_hook(porch: Porch, shop: Known) -> None:
    house = porch.house
    house.library.save(
        flow({'type': 'webhook', 'endpoint': 'Orders', 'when': "{{ payload.event == 'shipped' }}"},
             {'do': 'send', 'session': 'shop', 'to': '{{ payload.phone }}',
              'text': 'Order {{ payload.id }} is on its way'})
    )  # fmt: skip
    porch.done(shop, {'event': 'packed', 'phone': f'+{ANNA}', 'id': 1})
    row = porch.done(shop, {'event': 'shipped', 'phone': f'+{ANNA}', 'id': 2})
    assert row.state == 'done'
    assert told(house) == ['Order 2 is on its way']
    porch.errands.replay(str(row.id), shop.id)
    assert told(house) == ['Order 2 is on its way'] * 2


def test_a_run_waits_for_the_call_that_names_it(porch: Porch, shop: Known) -> None:
    house = porch.house
    wait = {'do': 'wait', 'event': {'correlation': 'order {{ message.text|replace("pay ", "") }}'}, 'timeout': '2h'}
    house.library.save(
        flow({'type': 'message', 'match': {'op': 'starts_with', 'values': ['pay']}}, wait,
             say('Paid {{ event.payload.sum }}'))
    )  # fmt: skip
    heard(house, 'pay 17')
    porch.done(shop, {'correlation': 'order 18', 'sum': 1})
    assert told(house) == []
    porch.done(shop, {'correlation': 'order 17', 'sum': 30})
    assert told(house) == ['Paid 30']


def test_a_hook_starts_one_flow_about_a_contact(porch: Porch) -> None:
    house = porch.house
    house.library.save(flow({'type': 'manual'}, say('Hello {{ contact.phone }}, {{ payload.text }}'), key='greet'))
    porch.house.library.live()
    hook = porch.hook(map=Map(action='flow', flow='greet', session='shop', to='{{ payload.phone }}'))
    porch.hooks.start_flow = house.runner.by_hook
    row = porch.done(hook, {'phone': f'+{ANNA}', 'text': 'x'})
    assert said(house) == [f'Hello +{ANNA}, x']
    with read():
        run = Run.get(Run.flow == 'greet')
    results: Any = row.results
    assert (run.state, results[0]['run']) == ('finished', run.id)


def test_a_hook_that_starts_a_flow_anew_ends_the_one_that_waits(porch: Porch) -> None:
    house = porch.house
    porch.hooks.start_flow = house.runner.by_hook
    ask = {'id': 'q', 'do': 'ask', 'text': 'How was order {{ payload.id }}?'}
    for type in ('restart', 'single', 'queued'):
        house.library.save(flow({'type': 'manual'}, ask, key=type, mode={'type': type}))
        hook = porch.hook(map=Map(action='flow', flow=type, session='shop', to='{{ payload.phone }}'))
        for id in (1, 2):
            porch.done(hook, {'phone': f'+{ANNA}', 'id': id})
            told(house)
    with read():
        found = [(run.flow, run.state) for run in Run.select().where(Run.flow.is_null(False)).order_by(Run.id)]
        results = [row.results[0] for row in HookEvent.select().order_by(HookEvent.id)]
    assert found == [
        ('restart', 'cancelled'), ('restart', 'waiting'), ('single', 'waiting'), ('queued', 'waiting'),
        ('queued', 'queued'),
    ]  # fmt: skip
    assert results[3]['error'] == 'The flow single was not started: It still runs.'
