"""What an incoming message starts, what it does not, and that both are written down."""

import threading
import time
from typing import Any

import pytest

from core.events import Disconnected
from data.chats import Chat
from data.database import database, write
from data.flows import Flow
from data.messages import Message
from data.runs import Run, runs_of_message
from tests.core.house import ANNA, House, message, until


def flow(key: str = 'hours', **more: Any) -> dict[str, Any]:
    return {
        'schema': 'dovecote.flow/1', 'key': key, 'name': key.title(), 'priority': 100,
        'triggers': [{'id': 'kw', 'type': 'message', 'match': {'op': 'keyword', 'values': ['hours', 'offen']}}],
        'steps': [{'id': 'a', 'do': 'send', 'text': 'Hi {{ contact.name }}, from 7 to 18.'}],
        **more,
    }  # fmt: skip


def trace(house: House) -> list[tuple[str | None, str]]:
    house.settle()
    return [(run.flow, run.state) for run in Run.select().order_by(Run.id)]


def test_a_keyword_is_answered_by_name_and_traced(house: House) -> None:
    house.working()
    house.library.save(flow())
    house.says('What are your hours?', id='A1')
    assert house.hosts.sent == [(f'{ANNA}@s.whatsapp.net', 'Hi Anna, from 7 to 18.')]
    answer = Message.get(Message.direction == 'out')
    asked = Message.get(Message.direction == 'in')
    assert (answer.author, answer.author_name, answer.caused_by) == ('flow:hours', 'Flow Hours', asked.id)
    (run,) = runs_of_message(asked.id)
    assert (run.state, run.steps[0]['text']) == ('finished', 'The word “hours” was found')
    assert 'flow.run.finished' in house.kinds()


def test_a_repeated_message_is_answered_once(house: House) -> None:
    house.working()
    house.library.save(flow())
    for _ in range(3):
        house.says('hours', id='A1')
    assert len(house.hosts.sent) == 1


def test_a_message_no_flow_knows_is_traced_too(house: House) -> None:
    house.working()
    house.library.save(flow())
    house.says('good morning')
    assert trace(house) == [(None, 'not_triggered')]
    assert Run.get().steps[0]['result'] == 'no word of: hours, offen'


def test_the_first_flow_by_priority_answers_alone(house: House) -> None:
    house.working()
    house.library.save(flow('later', priority=200))
    house.library.save(flow('first', priority=10))
    house.says('hours')
    assert trace(house) == [('first', 'finished')]


def test_the_backlog_is_never_answered(house: House) -> None:
    house.working()
    house.library.save(flow())
    house.says('hours', id='1', origin='offline')
    old = house.clock.at
    house.clock.later(minutes=6)
    house.says('hours', id='2', at=old)
    assert [state for _, state in trace(house)] == ['suppressed_stale', 'suppressed_stale']
    assert house.hosts.sent == []


def test_our_own_messages_start_nothing(house: House) -> None:
    house.working()
    house.library.save(flow())
    house.says('hours', from_me=True)
    assert trace(house) == []


def test_a_chat_with_a_person_is_left_alone_until_the_time_is_over(house: House) -> None:
    house.working()
    house.library.save(flow())
    house.says('hello', id='1')
    Chat.update(automation='human', human_until=house.clock.at.replace(hour=13)).execute()
    house.says('hours', id='2')
    assert trace(house)[-1] == (None, 'suppressed_human')
    house.clock.later(hours=1)
    house.says('hours', id='3', at=house.clock.at)
    assert trace(house)[-1] == ('hours', 'finished')


def test_groups_are_only_answered_when_asked_for(house: House) -> None:
    house.working()
    house.library.save(flow())
    house.says('hours', id='1', chat='120363@g.us', is_group=True)
    assert trace(house) == [(None, 'not_triggered')]
    group = flow('group')
    group['triggers'][0]['chat'] = 'group'
    house.library.save(group)
    house.says('hours', id='2', chat='120363@g.us', is_group=True)
    assert house.hosts.sent == [('120363@g.us', 'Hi Anna, from 7 to 18.')]


def test_two_sessions_of_ours_do_not_answer_each_other(house: House) -> None:
    house.working()
    house.working('stall', '15550000002')
    house.library.save(flow(triggers=[{'id': 'any', 'type': 'message', 'match': {'op': 'any'}}]))
    shop, stall = '15550000001@s.whatsapp.net', '15550000002@s.whatsapp.net'
    house.says('a person wrote this', id='1', chat=stall, sender=stall)
    (said,) = house.hosts.sent
    assert said == (stall, 'Hi Anna, from 7 to 18.')
    house.tell(message(house.session('stall').id, said[1], id='2', chat=shop, sender=shop))
    assert [state for _, state in trace(house)] == ['finished', 'suppressed_loop']
    assert len(house.hosts.sent) == 1


def test_an_answer_waits_until_the_session_is_back(house: House) -> None:
    shop = house.working()
    house.library.save(flow())
    house.tell(Disconnected(session=shop, because='gone'))
    house.says('hours')
    assert house.statuses() == [('hours', 'received'), ('Hi Anna, from 7 to 18.', 'queued')]


def test_what_a_full_disk_kept_from_being_answered_is_answered_once_there_is_room(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    shop = house.working()
    house.library.save(flow(steps=[{'do': 'send', 'text': 'long ' * 3_000}]))
    house.inbox.receive(message(shop, 'hours'), lambda: None)
    pages = write(lambda: database.execute_sql('PRAGMA page_count').fetchone()[0])
    write(lambda: database.execute_sql(f'PRAGMA max_page_count = {pages}'))
    house.workers.start()
    house.router.start()
    try:
        until(lambda: 'routing message' in caplog.text)
        write(lambda: database.execute_sql('PRAGMA max_page_count = 1000000'))
        house.router.sweep()  # too early: it may still be on its way
        assert house.hosts.sent == []
        house.clock.later(seconds=6)
        house.router.sweep()
        until(lambda: len(house.hosts.sent) == 1)
        house.clock.later(seconds=60)
        house.router.sweep()
    finally:
        house.workers.stop()
    assert trace(house) == [('hours', 'finished')]
    assert len(house.hosts.sent) == 1


def test_a_template_that_breaks_is_an_error_in_the_trace(house: House) -> None:
    house.working()
    broken = flow()
    broken['steps'][0]['text'] = 'Hi {{ contact.nickname.upper() }}'
    house.library.save(broken)
    house.says('hours')
    assert trace(house) == [('hours', 'error')]
    assert 'nickname' in Run.get().detail
    assert 'flow.run.failed' in house.kinds()


def test_a_flow_that_makes_no_sense_stays_listed_with_its_sentence(house: House) -> None:
    house.working()
    row = house.library.save(flow('odd', steps=[{'do': 'fly'}]))
    assert not row.enabled
    assert 'steps/0' in row.problem
    house.says('hours')
    assert trace(house) == [(None, 'not_triggered')]


def test_a_flow_can_be_switched_off_and_on(house: House) -> None:
    house.working()
    house.library.save(flow())
    house.library.switch('hours', on=False)
    house.says('hours', id='1')
    house.library.switch('hours', on=True)
    house.says('hours', id='2')
    assert [state for _, state in trace(house)] == ['not_triggered', 'finished']
    assert Flow.get().version == 1


@pytest.mark.parametrize(
    ('op', 'value', 'text', 'hit'),
    [
        ('keyword', 'öffnungszeiten', 'Eure OFFNUNGSZEITEN bitte!', True), ('keyword', 'open', 'opening', False),
        ('keyword', 'open now', 'are you open, now?', True), ('contains', 'open', 'opening', True),
        ('equals', 'stop it', ' Stop it ', True), ('starts_with', 'order', 'Order 12', True),
        ('starts_with', 'order', 'my order', False), ('any', '', 'whatever', True),
    ],
)  # fmt: skip
def test_words_are_found_as_people_write_them(house: House, op: str, value: str, text: str, hit: bool) -> None:
    house.working()
    document = flow()
    document['triggers'][0]['match'] = {'op': op, 'values': [value] if value else []}
    house.library.save(document)
    house.says(text)
    assert (trace(house)[0][1] == 'finished') is hit


def test_a_flow_that_was_switched_off_stays_off_for_those_who_were_just_reading(house: House) -> None:
    for n in range(100):
        house.library.save(flow(f'f{n:03}'))
    over = threading.Event()

    def read_on() -> None:
        while not over.wait(0.001):
            house.library.live()
        database.close()

    reader = threading.Thread(target=read_on)
    reader.start()
    known = []
    for _ in range(10):
        for on in (True, False):
            house.library.switch('f000', on)
        time.sleep(0.05)  # whoever was reading has read
        known.append(len(house.library.live()))
    over.set()
    reader.join()
    assert known == [99] * 10
