"""A disk without room: callers are told, nothing that was promised is lost, and it goes on by itself."""

from tests.core.house import full_disk

from .conftest import ANNA, SHOP, Door, until
from .test_bad_input import problem

LONG = 'x' * 60_000
ONCE = {'idempotency-key': 'full-disk'}


def test_a_full_disk_is_told_and_everything_goes_on_once_there_is_room(door: Door) -> None:
    taken: list[str] = []
    with full_disk():
        while (answer := door.sends(f'{len(taken):03} {LONG}')).status_code == 202:
            taken.append(answer.json()['id'])
            assert len(taken) < 200
        assert problem(answer, 507, 'storage_failed')['retry'] is True
        refused = door.api.post('/messages', json=_text(), headers=ONCE)
        problem(refused, 507, 'storage_failed')
        door.sandbox.say(ANNA, SHOP, f'heard on a full disk {LONG}')
        assert door.api.get(f'{door.url}/health').status_code == 200
        assert door.api.get('/chats').status_code == 200
    until(lambda: _heard(door), 30)
    answer = door.api.post('/messages', json=_text(), headers=ONCE)
    assert answer.status_code == 202, answer.text
    assert 'idempotent-replayed' not in answer.headers  # a refusal is not an answer to keep
    ids = {*taken, answer.json()['id']}
    until(lambda: {door.message(id)['status'] for id in ids} == {'delivered'}, 30)
    arrived = [item.text[:3] for item in door.sandbox.inbox(ANNA) if item.text.endswith(LONG)]
    assert arrived == [f'{n:03}' for n in range(len(taken))]


def _text() -> dict[str, str]:
    return {'session': 'shop', 'to': f'+{ANNA}', 'text': f'once there is room {LONG}'[:60_000]}


def _heard(door: Door) -> bool:
    found = door.api.get('/messages', params={'session': 'shop', 'direction': 'in'}).json()['items']
    return any(message['text'].startswith('heard on a full disk') for message in found)
