"""Machines that answer each other, and whatever else would never end."""

from collections.abc import Callable
from datetime import UTC
from typing import Any

import pytest

from core.rights import SYSTEM
from data.database import read
from data.messages import Message
from data.runs import Run
from flows.guards import CAREFUL, SANDBOX, LoopGuard
from tests.core.house import ANNA, House, message
from tests.flows.test_router import flow, trace
from ui.overview import overview

ANY = [{'id': 'any', 'type': 'message', 'match': {'op': 'any'}}]


@pytest.fixture(autouse=True)
def _working(house: House) -> None:
    house.working()


def talks_with_a_machine(house: House, answer: Callable[[int], str], *, every: float, turns: int = 60) -> int:
    """The other side answers each message of ours after so many seconds; how often ours answered."""
    house.says('hello', id='M0', at=house.clock.at)
    for turn in range(1, turns):
        said = len(house.hosts.sent)
        if said < turn:
            break
        house.clock.later(seconds=every)
        house.says(answer(turn), id=f'M{turn}', at=house.clock.at)
    return len(house.hosts.sent)


@pytest.mark.parametrize(
    ('text', 'every', 'most'),
    [
        ('We are closed.', 1.0, 3),  # the same again and again
        ('It is 12:0{}.', 1.0, 8),
        ('It is 12:0{}.', 5.0, 8),  # a slow machine meets the limit of a minute
    ],
)
def test_two_gateways_that_answer_each_other_stop(house: House, text: str, every: float, most: int) -> None:
    house.library.save(flow(triggers=ANY))
    answered = talks_with_a_machine(house, text.format, every=every)
    assert 1 < answered <= most
    assert trace(house)[-1] == ('hours', 'suppressed_loop')


def test_a_machine_that_takes_its_time_stops_after_ten_turns(house: House) -> None:
    house.library.save(flow(triggers=ANY))
    assert talks_with_a_machine(house, 'It is 12:0{}.'.format, every=13) == 10
    house.clock.later(seconds=40)  # as a person may
    house.says('Is anybody there?', id='person', at=house.clock.at)
    assert trace(house)[-1] == ('hours', 'finished')


def test_a_machine_that_answers_our_question_is_not_asked_for_ever(house: House) -> None:
    ask = {'id': 'q', 'do': 'ask', 'text': 'Order number?', 'expect': {'type': 'number'}, 'retries': 10}
    house.library.save(flow(triggers=ANY, steps=[ask]))
    answered = talks_with_a_machine(house, 'Press {} for opening times.'.format, every=1.0)
    assert 1 < answered <= 8
    house.settle()
    assert trace(house)[-1] == ('hours', 'suppressed_loop')
    last, asked = Run.select().order_by(Run.id.desc()).get(), Run.get(Run.state == 'waiting')
    assert last.trigger == {'run': asked.id}


def test_a_machine_that_reacts_to_all_we_say_does_not_have_us_talk_for_ever(house: House) -> None:
    house.library.save(flow(triggers=[{'id': 'r', 'type': 'reaction'}]))
    house.post('All fine?')
    for turn in range(1, 60):
        if len(house.hosts.sent) < turn:
            break
        target = Message.select().where(Message.direction == 'out').order_by(Message.id.desc()).get().whatsapp_id
        house.clock.later(seconds=2)
        house.tell(message(house.session().id, '👍', id=f'R{turn}', kind='reaction', target=target, at=house.clock.at))
        while house.listener.read_on():
            pass
        house.settle()
    assert 2 < len(house.hosts.sent) <= 8
    assert trace(house)[-1] == ('hours', 'suppressed_loop')


def test_a_person_fills_in_a_form_as_fast_as_they_can(house: House) -> None:
    asks = [{'id': f'q{n}', 'do': 'ask', 'text': f'Question {n}?'} for n in range(9)]
    house.library.save(flow(steps=[*asks, {'id': 'end', 'do': 'send', 'text': 'Thank you.'}]))
    house.says('hours', id='F', at=house.clock.at)
    for n in range(9):
        house.clock.later(seconds=5)
        house.says(f'answer {n}', id=f'F{n}', at=house.clock.at)
    house.settle()
    assert house.hosts.sent[-1][1] == 'Thank you.'


def test_a_paused_chat_is_told_and_is_answered_after_an_hour_or_when_somebody_says_so(house: House) -> None:
    house.library.save(flow())

    def hours(number: int) -> int:
        house.clock.later(seconds=1)
        house.says('hours', id=f'L{number}', at=house.clock.at)
        return len(house.hosts.sent)

    assert [hours(n) for n in range(6)] == [1, 2, 2, 2, 2, 2]
    (chat_id,) = {str(run.chat) for run in Run.select()}
    assert list(house.router.paused()) == [chat_id]
    with read():
        seen = overview(SYSTEM, house.clock.at, UTC, house.router.paused())
    assert seen.needs[0].text == 'Anna answers like a machine. Nothing automatic answers there for an hour.'
    (told,) = [each for each in house.news if each.kind == 'chat.paused']
    assert (told.chat, told.body['chat']) == (chat_id, chat_id)
    assert house.router.resume(chat_id)
    assert not house.router.resume(chat_id)
    assert hours(10) == 3
    assert [hours(n) for n in range(11, 14)] == [4, 4, 4]
    house.clock.later(minutes=61)
    assert house.router.paused() == {}
    assert hours(20) == 5


def test_a_flow_does_not_answer_what_it_said_itself(house: House) -> None:
    """Written to the own number: what we say there comes back to us as ours."""
    house.library.save(flow(triggers=ANY))
    shop = house.session('shop')
    own = f'{shop.phone}@s.whatsapp.net'
    house.says('note to self', id='S0', chat=own, sender=own, from_me=True)
    assert house.hosts.sent == []
    house.says('hello', id='S1')
    for number, (to, text) in enumerate(list(house.hosts.sent)):
        house.tell(message(shop.id, text, id=f'echo{number}', chat=to, sender=own, from_me=True))
        house.tell(message(shop.id, text, id=f'back{number}', chat=own, sender=own))
    assert len(house.hosts.sent) == 1
    assert [state for _, state in trace(house)] == ['finished', 'suppressed_loop']


def test_five_hundred_old_messages_after_a_reconnect_start_nothing(house: House) -> None:
    house.library.save(flow(triggers=ANY))
    old = house.clock.at
    house.clock.later(hours=3)
    for number in range(500):
        more: dict[str, Any] = {'origin': 'offline'} if number % 2 else {'at': old}
        house.says(f'hours {number}', id=f'O{number}', chat=f'1555123{number % 50:04}@s.whatsapp.net',
                   sender=f'1555123{number % 50:04}@s.whatsapp.net', **more)  # fmt: skip
    assert house.hosts.sent == []
    assert {state for _, state in trace(house)} == {'suppressed_stale'}
    assert Run.select().count() == 500


def test_a_patient_chatterbox_meets_the_limit_of_the_minute(house: House) -> None:
    house.library.save(flow())
    for n in range(9):
        house.clock.later(seconds=4)
        house.says(f'hours {n}', id=f'L{n}', at=house.clock.at)
    assert len(house.hosts.sent) == 6


def test_a_sandbox_may_be_hammered() -> None:
    relaxed, careful = LoopGuard(SANDBOX), LoopGuard(CAREFUL)
    assert all(relaxed.objection(ANNA, 'hours', now=n / 10) is None for n in range(200))
    assert sum(careful.objection(ANNA, 'hours', now=n / 10) is None for n in range(200)) == 2
