"""The sandbox's process: it starts, remembers, and never outlives who started it."""

import base64
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from core.errors import CallFailed, Conflict, Invalid, NotFound
from core.sandbox import patch
from core.sandbox.control import Change, Fault
from core.sandbox.process import Sandbox, start_sandbox
from core.sandbox.standalone import controlled
from tests.sandbox.rig import ROOT, Rig, until

SHOP, ANNA, BEN = '15550000001', '15550000002', '15550000003'
PICTURE = Path(__file__).with_name('picture.jpg')
LEAVE = 'import sys; from pathlib import Path; from core.sandbox.process import start_sandbox as s;'


def heard(sandbox: Sandbox, text: str) -> Callable[[], bool]:
    return lambda: any(item.text == text for item in sandbox.inbox(ANNA))


def gone(pid: int) -> bool:
    try:
        return Path(f'/proc/{pid}/stat').read_text().split()[2] == 'Z'
    except FileNotFoundError:
        return True


def test_people_chats_and_linked_devices_are_known_after_a_restart(folder: Path, tmp_path: Path) -> None:
    first = start_sandbox(folder)
    first.add_phone(SHOP, 'Shop')
    first.add_phone(ANNA, 'Anna')
    group = first.add_group('Friends', ANNA, (SHOP,))
    rig = Rig(first, tmp_path)
    shop = rig.client('shop').pair(SHOP)
    first.say(ANNA, SHOP, 'before')
    shop.got('before')
    shop.send(ANNA, 'answer')
    until(heard(first, 'answer'))
    shop.stop()
    until(lambda: first.sessions() == ())
    waiting = first.say(ANNA, SHOP, 'for later')
    address, talk = first.address, first.conversation(ANNA)
    first.close()

    again = start_sandbox(folder)
    assert again.address == address
    assert [(each.phone, each.name, each.devices) for each in again.phones()] == [
        (SHOP, 'Shop', (1,)),
        (ANNA, 'Anna', ()),
    ]
    assert again.conversation(ANNA) == talk
    assert again.groups() == (group,)
    shop.start()
    assert shop.got('for later')['id'] == waiting
    assert len(shop.seen('qr')) == 1
    shop.send(ANNA, 'still here')
    until(heard(again, 'still here'))
    rig.close()
    again.close()


def test_what_became_of_messages_groups_and_people_is_known_after_a_restart(folder: Path) -> None:
    first = start_sandbox(folder)
    for phone in (SHOP, ANNA, BEN):
        first.add_phone(phone, aliases=(f'{phone}9',))
    group = first.add_group('Friends', ANNA, (SHOP, BEN)).jid
    for action in ('locked', 'announcement', 'revoke_invite'):
        first.group_change(ANNA, group, action)
    first.group_change(ANNA, group, 'description', text='All of us')
    first.group_change(ANNA, group, 'picture', data=PICTURE.read_bytes())
    poll = first.poll(ANNA, SHOP, 'Tea?', ('Yes', 'No'))
    first.vote(SHOP, poll, ('No',))
    text = first.say(ANNA, SHOP, 'one')
    first.edit(ANNA, text, 'two')
    first.react(SHOP, text, '👍')
    first.revoke(ANNA, first.say(ANNA, SHOP, 'oops'))
    first.locate(ANNA, SHOP, 1.5, 2.5, name='Here')
    first.card(ANNA, SHOP, 'Ben', (BEN,))
    first.status(ANNA, 'Hello all')
    first.call(ANNA, SHOP)
    first.hang_up(ANNA)
    first.remember(ANNA, BEN, 'long ago', at=datetime(2026, 1, 1, tzinfo=UTC))
    first.block(ANNA, BEN)
    first.set_fault(Fault(kind='reachout', phone=SHOP, n=2, seconds=60))
    first.set_fault(Fault(kind='ban', phone=BEN, seconds=3600))
    kept = [first.conversation(phone) for phone in (SHOP, ANNA, BEN)]
    groups, blocked, [reachout, ban] = first.groups(), first.blocked(ANNA), first.faults()
    first.close()

    again = start_sandbox(folder)
    assert [again.conversation(phone) for phone in (SHOP, ANNA, BEN)] == kept
    assert (again.groups(), again.blocked(ANNA)) == (groups, blocked)
    assert again.faults()[0] == reachout
    assert (again.faults()[1].phone, again.faults()[1].seconds <= ban.seconds) == (BEN, True)
    assert next(each for each in again.conversation(ANNA) if each.id == poll).votes == (0, 1)
    again.vote(SHOP, poll, ('Yes',))
    until(lambda: next(each for each in again.conversation(ANNA) if each.id == poll).votes == (1, 0))
    again.close()


def test_chats_go_on_after_the_sandbox_was_killed(folder: Path, tmp_path: Path) -> None:
    first = start_sandbox(folder)
    first.add_phone(SHOP, 'Shop')
    first.add_phone(ANNA, 'Anna')
    group = first.add_group('Friends', ANNA, (SHOP,))
    rig = Rig(first, tmp_path)
    shop = rig.client('shop').pair(SHOP)
    for number in range(3):
        first.say(ANNA, SHOP, f'ping {number}')
        first.say(ANNA, group.jid, f'all {number}')
        shop.got(f'ping {number}')
        shop.send(ANNA, f'pong {number}')
    os.kill(first.pid, signal.SIGKILL)
    with pytest.raises(CallFailed):
        until(lambda: first.phones() == ())
    first.close()

    again = start_sandbox(folder)
    shop.wait('Connected', 2)
    for number in range(3):
        again.say(ANNA, SHOP, f'after {number}')
        again.say(ANNA, group.jid, f'all after {number}')
        shop.got(f'after {number}')
        shop.got(f'all after {number}')
        shop.send(ANNA, f'back {number}')
        until(heard(again, f'back {number}'))
    rig.close()
    again.close()


def test_a_phone_whose_memory_went_back_in_time_can_be_written_to(folder: Path, tmp_path: Path) -> None:
    first = start_sandbox(folder)
    first.add_phone(SHOP, 'Shop')
    first.add_phone(ANNA, 'Anna')
    rig = Rig(first, tmp_path)
    shop = rig.client('shop').pair(SHOP)
    first.say(ANNA, SHOP, 'hello')
    shop.got('hello')
    shop.send(ANNA, 'hello anna')
    until(lambda: first.inbox(ANNA))
    first.close()
    kept = (folder / 'sandbox.db').read_bytes()
    second = start_sandbox(folder)
    shop.wait('Connected', 2)
    for number in range(3):
        second.say(ANNA, SHOP, f'forgotten {number}')
        shop.got(f'forgotten {number}')
        shop.send(ANNA, f'forgotten answer {number}')
        until(heard(second, f'forgotten answer {number}'))
    second.close()
    (folder / 'sandbox.db').write_bytes(kept)

    third = start_sandbox(folder)
    shop.wait('Connected', 3)
    shop.send(ANNA, 'can you read me?')
    until(heard(third, 'can you read me?'))
    rig.close()
    third.close()


def test_a_folder_serves_one_sandbox_at_a_time(folder: Path) -> None:
    first = start_sandbox(folder)
    with pytest.raises(Conflict, match='already uses'):
        start_sandbox(folder)
    first.close()
    start_sandbox(folder).close()


def test_another_port_is_taken_when_the_old_one_is_not_free(folder: Path) -> None:
    first = start_sandbox(folder)
    port, library = first.address[1], first.library.read_bytes()
    first.close()
    with socket.create_server(('127.0.0.1', port)):
        second = start_sandbox(folder)
        assert second.address[1] != port
        assert second.library.read_bytes() != library
        second.close()


def test_the_certificate_leaves_nothing_behind(folder: Path) -> None:
    sandbox = start_sandbox(folder)
    short = patch.short_folder(folder)
    assert (short / 'ca.pem').is_file()
    assert len(str(short / 'ca.pem')) <= len(patch.CA_BUNDLE)
    sandbox.close()
    assert not short.exists()


@pytest.mark.parametrize('how', [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_when_its_parent_dies(folder: Path, how: signal.Signals) -> None:
    code = f'{LEAVE} x = s(Path({str(folder)!r})); x.add_phone({ANNA!r}); print(x.pid, flush=True); sys.stdin.read()'
    parent = subprocess.Popen(
        [sys.executable, '-c', code], cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        parent.send_signal(how)
        parent.wait(15)
        until(lambda: gone(child), 15)
    sandbox = start_sandbox(folder)
    assert [each.phone for each in sandbox.phones()] == [ANNA]
    sandbox.close()


def test_ctrl_c_is_the_parents_business_and_sigterm_is_orderly(folder: Path) -> None:
    sandbox = start_sandbox(folder)
    os.kill(sandbox.pid, signal.SIGINT)
    sandbox.add_phone(ANNA)
    os.kill(sandbox.pid, signal.SIGTERM)
    until(lambda: not sandbox.alive, 15)
    with pytest.raises(CallFailed):
        sandbox.phones()
    sandbox.close()


def test_a_watcher_hears_of_changes(sandbox: Sandbox) -> None:
    news: list[Change] = []
    watcher: Callable[[tuple[Change, ...]], None] = news.extend
    sandbox.watch(watcher)
    sandbox.say(ANNA, SHOP, 'hi')
    until(lambda: Change(phone=SHOP, kind='message') in news and Change(phone=ANNA, kind='receipt') in news)
    sandbox.unwatch(watcher)


def test_calls_may_come_from_many_threads(sandbox: Sandbox) -> None:
    people = [f'1556000000{n}' for n in range(8)]

    def chatter(phone: str) -> None:
        sandbox.add_phone(phone)
        for number in range(20):
            sandbox.say(phone, SHOP, f'{number}')

    threads = [threading.Thread(target=chatter, args=(phone,)) for phone in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: sum(item.chat in people for item in sandbox.inbox(SHOP)) == 160)
    for phone in people:
        assert [item.text for item in sandbox.conversation(SHOP, phone)] == [str(n) for n in range(20)]


def test_wrong_orders_are_refused_with_a_sentence(sandbox: Sandbox) -> None:
    before = len(sandbox.phones())
    assert sandbox.add_phone(ANNA, 'Anna B.').name == 'Anna B.'
    assert len(sandbox.phones()) == before
    for wrong in ('', 'anna', '12', '1' * 20):
        with pytest.raises(Invalid):
            sandbox.add_phone(wrong)
    with pytest.raises(NotFound):
        sandbox.say(ANNA, '15559999999', 'hi')
    with pytest.raises(Invalid):
        sandbox.say(ANNA, ANNA, 'hi')
    with pytest.raises(NotFound):
        sandbox.say('15559999999', ANNA, 'hi')
    with pytest.raises(NotFound):
        sandbox.react(ANNA, 'NOSUCH', '👍')
    with pytest.raises(Invalid):
        sandbox.set_fault(Fault(kind='outage'))
    with pytest.raises(Conflict):
        sandbox.set_fault(Fault(kind='drop', phone=ANNA))


def test_the_sandbox_alone_is_controlled_by_http(sandbox: Sandbox) -> None:
    with (
        controlled(sandbox, 0, 'open sesame') as url,
        httpx.Client(base_url=url, trust_env=False, verify=False, timeout=30) as http,
    ):
        assert http.post('phones').status_code == 401
        http.headers['Authorization'] = 'Bearer open sesame'
        assert 'say' in http.get('').json()
        for phone in (SHOP, ANNA):
            assert http.post('add_phone', json={'phone': phone}).json()['phone'] == phone
        ident = http.post('say', json={'phone': ANNA, 'to': SHOP, 'text': 'hi'}).json()
        until(lambda: [item['id'] for item in http.post('inbox', json={'phone': SHOP}).json()][-1:] == [ident])
        data = base64.b64encode(b'a note').decode()
        what = {'phone': ANNA, 'to': SHOP, 'data': data, 'mime': 'text/plain', 'filename': 'note.txt'}
        sent = http.post('attach', json=what).json()
        until(lambda: http.post('media', json={'phone': SHOP, 'message': sent}).json() == data)
        assert http.post('set_fault', json={'fault': {'kind': 'latency', 'ms': 5}}).status_code == 200
        assert [each['kind'] for each in http.post('faults').json()] == ['latency']
        poll = http.post('poll', json={'phone': ANNA, 'to': SHOP, 'name': 'Tea?', 'options': ['Yes', 'No']}).json()
        vote = {'phone': SHOP, 'message': poll, 'options': ['Yes']}
        until(lambda: http.post('vote', json=vote).status_code == 200)
        until(lambda: http.post('conversation', json={'phone': ANNA, 'latest': 2}).json()[0]['votes'] == [1, 0])
        past = {'phone': ANNA, 'chat': SHOP, 'text': 'old', 'at': '2026-01-01T00:00:00Z'}
        assert http.post('remember', json=past).status_code == 200
        assert http.post('conversation', json={'phone': ANNA}).json()[0]['text'] == 'old'
        assert http.post('remember', json={**past, 'at': 'once'}).status_code == 422
        assert http.post('say', json={'phone': ANNA, 'to': '1555', 'text': 'hi'}).status_code == 404
        assert http.post('say', json={'phone': ANNA}).status_code == 422
        assert http.post('say', content=b'[').status_code == 422
        assert http.post('nonsense').status_code == 404


def test_the_sandbox_alone_ends_in_an_orderly_way(folder: Path) -> None:
    code = f'from pathlib import Path; from core.sandbox.standalone import serve; serve(Path({str(folder)!r}), 0, 0)'
    alone = subprocess.Popen([sys.executable, '-uc', code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with alone:
        assert alone.stdout
        said = dict(alone.stdout.readline().strip().split(':', 1) for _ in range(4))
        assert sorted(said) == ['control', 'library', 'secret', 'server']
        alone.send_signal(signal.SIGTERM)
        assert alone.wait(15) == 0
