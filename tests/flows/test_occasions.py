"""What starts flows beside messages: votes, reactions, ticks, people, sessions, silence and the clock."""

from datetime import UTC, datetime
from typing import Any

import pytest

from core.events import GroupChanged, LoggedOut, Poll, Vote
from data.clocks import FlowClock
from data.contacts import Contact
from data.database import StorageFailed, read, write
from data.messages import Message
from data.runs import Run
from data.tags import add_tags
from tests.core.house import ANNA, BEN, House, full_disk, message, receipt
from tests.flows.test_runs import heard, said, say, states


def flow(trigger: dict[str, Any], *steps: dict[str, Any], key: str = 'other', **more: Any) -> dict[str, Any]:
    return {
        'schema': 'dovecote.flow/1', 'key': key, 'name': key.title(), 'triggers': [{'id': 't', **trigger}],
        'steps': list(steps), **more,
    }  # fmt: skip


def told(house: House) -> list[str]:
    house.settle()
    while house.listener.read_on():
        pass
    return said(house)


@pytest.fixture(autouse=True)
def _working(house: House) -> None:
    house.working()


def vote(house: House, poll: Message, *options: str) -> None:
    from hashlib import sha256  # noqa: PLC0415

    hashes = tuple(sha256(option.encode()).hexdigest() for option in options)
    house.tell(
        message(house.session().id, '', id=f'V{len(options)}{house.clock.at}', kind='poll_vote',
                content=Vote(hashes=hashes), target=poll.whatsapp_id, at=house.clock.at)
    )  # fmt: skip


def test_a_vote_answers_the_question_that_was_asked_as_a_poll(house: House) -> None:
    ask = {'do': 'ask', 'text': 'Which loaf?', 'options': ['Rye', 'Fennel'], 'poll': True, 'save_as': 'run.loaf'}
    house.library.save(flow({'type': 'message'}, ask, say('{{ run.loaf }}, good choice')))
    heard(house, 'hello')
    with read():
        poll = Message.get(Message.kind == 'poll')
    assert poll.content == {'name': 'Which loaf?', 'options': ['Rye', 'Fennel'], 'multiple': False}
    vote(house, poll, 'Fennel')
    assert told(house)[-1] == 'Fennel, good choice'
    vote(house, poll, 'Rye')
    assert told(house)[-1] == 'Fennel, good choice'


def test_a_vote_in_a_poll_starts_a_flow(house: House) -> None:
    from core.contents import kept  # noqa: PLC0415
    from core.outbox import Saying  # noqa: PLC0415
    from tests.core.house import OWNER  # noqa: PLC0415

    house.library.save(flow({'type': 'answer', 'poll': 'how was it?', 'options': ['Bad']}, say('Sorry to hear that')))
    poll = Poll(name='How was it?', options=('Good', 'Bad'), multiple=False)
    row = house.outbox.post(Saying(session='shop', to=ANNA, kind='poll', text=poll.name, content=kept(poll)), OWNER)
    house.settle()
    vote(house, house.message(row.id), 'Good')
    assert told(house) == ['How was it?']
    house.clock.later(seconds=1)
    vote(house, house.message(row.id), 'Bad')
    assert told(house)[-1] == 'Sorry to hear that'


def test_a_reaction_starts_a_flow_once(house: House) -> None:
    house.library.save(flow({'type': 'reaction', 'emojis': ['👎']}, say('What was wrong?')))
    row = house.post('All fine?')
    sent = house.message(row.id)
    for emoji in ('👍', '👎'):
        house.tell(
            message(house.session().id, emoji, id=f'R{emoji}', kind='reaction', target=sent.whatsapp_id,
                    at=house.clock.at)
        )  # fmt: skip
    assert told(house) == ['All fine?', 'What was wrong?']
    house.listener._place = -1  # the program starts again
    assert told(house) == ['All fine?', 'What was wrong?']


def test_ticks_start_a_flow_but_not_those_of_its_own_messages(house: House) -> None:
    house.library.save(flow({'type': 'status', 'status': 'read'}, say('You read “{{ trigger.text }}”')))
    row = house.post('Look')
    house.tell(receipt(house.session().id, 'read', str(house.message(row.id).whatsapp_id), at=house.clock.at))
    assert told(house) == ['Look', 'You read “Look”']
    with read():
        own = Message.get(Message.text.startswith('You read'))
    house.tell(receipt(house.session().id, 'read', str(own.whatsapp_id), at=house.clock.at))
    assert len(told(house)) == 2


def test_whoever_joins_a_group_is_greeted(house: House) -> None:
    house.library.save(flow({'type': 'group_join', 'group': 'Regulars'}, say('Welcome {{ contact.name }}')))
    shop = house.session().id
    house.says('hi', id='G1', chat='120363@g.us', is_group=True)
    house.tell(GroupChanged(session=shop, group='120363@g.us', by='', at=house.clock.at, name='Regulars'))
    house.tell(
        GroupChanged(session=shop, group='120363@g.us', by='', at=house.clock.at, joined=(f'{BEN}@s.whatsapp.net',))
    )
    assert told(house)[-1:] == [f'Welcome +{BEN}']


def test_all_who_joined_are_greeted_although_the_disk_was_full_at_first(house: House) -> None:
    house.library.save(
        flow({'type': 'group_join', 'group': 'Regulars'}, say('Welcome {{ contact.name }}' + '!' * 6_000))
    )
    shop = house.session().id
    house.says('hi', id='G1', chat='120363@g.us', is_group=True)
    house.tell(GroupChanged(session=shop, group='120363@g.us', by='', at=house.clock.at, name='Regulars'))
    told(house)
    both = (f'{ANNA}@s.whatsapp.net', f'{BEN}@s.whatsapp.net')
    house.tell(GroupChanged(session=shop, group='120363@g.us', by='', at=house.clock.at, joined=both))
    with full_disk(), pytest.raises(StorageFailed):
        told(house)
    assert sorted(text.strip('!') for text in told(house)) == ['Welcome +15551230002', 'Welcome Anna']
    assert len(told(house)) == 2


def test_an_event_that_makes_no_sense_holds_up_no_other(house: House) -> None:
    house.library.save(flow({'type': 'session_state'}, say('{{ trigger.state }}', session='shop', to=f'+{BEN}')))
    write(lambda: house.outbox.desk.tell('session.state', {'name': 'shop'}))
    office = house.working('office', '15550000002')
    house.tell(LoggedOut(session=office, reason=401, because='removed'))
    assert told(house)[-1:] == ['logged_out']


def test_two_flows_that_start_each_other_by_ticks_end(house: House) -> None:
    for key in ('one', 'two'):
        house.library.save(flow({'type': 'status', 'status': 'read'}, say(f'{key} again'), key=key))
    house.library.save(flow({'type': 'message'}, say('hello'), key='hello'))
    heard(house, 'hi')
    seen: set[str] = set()
    for _ in range(20):
        with read():
            ours = [str(row.whatsapp_id) for row in Message.select().where(Message.direction == 'out')]
        for id in ours:
            if id not in seen:
                seen.add(id)
                house.tell(receipt(house.session().id, 'read', id, at=house.clock.at))
        told(house)
    assert len(said(house)) < 20
    assert [state for _, state in states(house)].count('suppressed_loop') == 1


def test_a_new_contact_is_only_greeted_where_they_have_a_chat(house: House) -> None:
    house.library.save(flow({'type': 'contact_created'}, say('Nice to meet you, {{ contact.first_name }}')))
    heard(house, 'hello')
    assert told(house) == ['Nice to meet you, Anna']


def test_a_session_that_is_logged_out_is_told_to_somebody(house: House) -> None:
    house.working('spare', '15550000002')
    house.library.save(
        flow({'type': 'session_state', 'states': ['logged_out']},
             {'do': 'log', 'text': '{{ session.name }} {{ trigger.state }}'})
    )  # fmt: skip
    house.tell(LoggedOut(session=house.session('spare').id, reason=401, because='removed'))
    told(house)
    with read():
        run = Run.get(Run.flow == 'other')
    assert run.steps[-1]['text'] == 'spare logged_out'


def test_a_flow_that_fails_starts_the_one_for_that(house: House) -> None:
    house.library.save(flow({'type': 'message'}, {'do': 'ai_reply'}, key='broken'))
    house.library.save(
        flow({'type': 'flow_error', 'flows': ['broken']}, say('{{ trigger.flow }}: {{ trigger.error }}'))
    )
    heard(house, 'hello')
    assert told(house) == ['broken: There is no AI profile, so nobody answered.']


def test_silence_is_told_once_until_they_write_again(house: House) -> None:
    house.library.save(flow({'type': 'inactivity', 'of': 'contact', 'after': '1h'}, say('Still there?')))
    house.post('What would you like?')
    told(house)
    for minutes in (59, 2, 120):
        house.clock.later(minutes=minutes)
        house.silences.tick()
        told(house)
    assert told(house) == ['What would you like?', 'Still there?']
    heard(house, 'yes')
    told(house)
    house.post('Then?')
    told(house)
    house.clock.later(minutes=61)
    house.silences.tick()
    assert told(house)[-2:] == ['Then?', 'Still there?']


def test_a_customer_whom_nobody_answers_is_noticed(house: House) -> None:
    house.library.save(flow({'type': 'inactivity', 'of': 'agent', 'after': '10m'}, say('A colleague comes soon.')))
    heard(house, 'hello?')
    told(house)
    house.clock.later(minutes=11)
    house.silences.tick()
    assert told(house) == ['A colleague comes soon.']


def test_every_morning_everybody_with_a_tag_gets_it_in_their_own_morning(house: House) -> None:
    house.says('hi', id='A')
    house.says('hi', id='B', chat=f'{BEN}@s.whatsapp.net', sender=f'{BEN}@s.whatsapp.net', push_name='Ben')
    with read():
        people = {str(row.push_name): str(row.id) for row in Contact.select()}
    write(lambda: [add_tags(id, ['vip']) for id in people.values()])
    for name, zone in (('Anna', 'Europe/Berlin'), ('Ben', 'America/New_York')):
        write(lambda n=name, z=zone: Contact.update(zone=z).where(Contact.id == people[n]).execute())  # type: ignore[misc]
    house.library.save(
        flow({'type': 'schedule', 'cron': '0 9 * * *', 'tz': 'contact', 'session': ['shop'],
              'audience': {'tag': 'vip'}}, say('Good morning {{ contact.first_name }}'))
    )  # fmt: skip
    house.clock.at = datetime(2026, 11, 23, 7, 59, tzinfo=UTC)
    house.clocks.tick()
    assert told(house) == []
    house.clock.later(minutes=1, seconds=1)
    for _ in range(3):
        house.clocks.tick()
    assert told(house) == ['Good morning Anna']
    house.clock.at = datetime(2026, 11, 23, 14, 0, 1, tzinfo=UTC)
    house.clocks.tick()
    assert told(house) == ['Good morning Anna', 'Good morning Ben']
    with read():
        assert {row.priority for row in Message.select().where(Message.direction == 'out')} == {2}


def test_a_moment_that_passed_while_the_program_was_off_is_let_go(house: House) -> None:
    house.library.save(flow({'type': 'schedule', 'cron': '0 9 * * *'}, {'do': 'log', 'text': 'morning'}))
    house.clocks.tick()
    house.clock.at = datetime(2026, 11, 23, 11, tzinfo=UTC)
    house.clocks.tick()
    house.clocks.tick()
    assert states(house) == []
    house.clock.at = datetime(2026, 11, 24, 9, 0, 2, tzinfo=UTC)
    house.clocks.tick()
    assert states(house) == [('other', 'finished')]


def test_an_audience_that_was_begun_is_gone_through_after_a_crash(house: House) -> None:
    house.says('hi', id='A')
    with read():
        anna = str(Contact.get().id)
    write(lambda: add_tags(anna, ['vip']))
    house.library.save(
        flow({'type': 'schedule', 'cron': '0 9 * * *', 'session': ['shop'], 'audience': {'tag': 'vip'}}, say('Morning'))
    )
    house.clocks.tick()
    write(lambda: FlowClock.update(working=FlowClock.next_at).execute())  # it began, and the program died
    house.clock.at = datetime(2026, 11, 23, 9, 20, tzinfo=UTC)
    for _ in range(2):
        house.clocks.tick()
    assert told(house) == ['Morning']
    write(lambda: FlowClock.update(working=FlowClock.next_at, done_to='').execute())
    house.clock.at = datetime(2026, 11, 24, 15, tzinfo=UTC)
    house.clocks.tick()
    assert told(house) == ['Morning']


def test_a_large_audience_lets_other_things_have_their_turn(house: House) -> None:
    people = [f'C{number:03}' for number in range(230)]
    at = house.clock.at
    write(lambda: [Contact.create(id=id, phone=f'1555200{id[1:]}', created_at=at) for id in people])
    write(lambda: [add_tags(id, ['vip']) for id in people])
    house.library.save(
        flow({'type': 'schedule', 'cron': '0 9 * * *', 'audience': {'tag': 'vip'}}, {'do': 'log', 'text': 'x'})
    )
    house.clocks.tick()
    house.clock.at = datetime(2026, 11, 23, 9, 0, 1, tzinfo=UTC)
    ran = []
    for _ in range(4):
        house.clocks.tick()
        house.clock.later(hours=1, minutes=1)  # however long it takes
        ran.append(len(states(house)))
    assert ran == [100, 200, 230, 230]


# ---- the router's fixed order


def test_stop_is_obeyed_and_confirmed_once_in_their_language(house: House) -> None:
    house.library.save(flow({'type': 'message'}, say('hello')))
    for text in ('hi', 'STOP.', 'stop', 'hi again'):
        heard(house, text)
    assert said(house)[:2] == [
        'hello',
        'You will get no more automatic messages from us. Write START to get them again.',
    ]
    assert len(said(house)) == 2
    heard(house, 'Start!')
    heard(house, 'Baja')
    assert said(house)[2:] == [
        'You will get our messages again. Write STOP to end them.',
        'No recibirá más mensajes automáticos nuestros. Escriba START para volver a recibirlos.',
    ]
    with read():
        assert [run.state for run in Run.select().where(Run.state.endswith('obeyed'))] == [
            'stop_obeyed', 'stop_obeyed', 'start_obeyed', 'stop_obeyed',
        ]  # fmt: skip


def test_cancel_is_an_ordinary_word_in_a_dialogue(house: House) -> None:
    ask = {'do': 'ask', 'text': 'Size?', 'save_as': 'run.size'}
    house.library.save(flow({'type': 'message', 'match': {'values': ['order']}}, ask))
    heard(house, 'order')
    heard(house, 'cancel')
    assert states(house)[0] == ('other', 'cancelled')
    heard(house, 'order')
    assert said(house) == ['Size?', 'Size?']


def test_who_asks_for_a_person_in_the_middle_gets_one(house: House) -> None:
    house.library.save(flow({'type': 'message', 'match': {'values': ['order']}}, {'do': 'ask', 'text': 'Size?'}))
    for text in ('order', 'Human', 'order'):
        heard(house, text)
    assert said(house) == ['Size?']
    assert 'handoff.requested' in house.kinds()


def test_what_nothing_answered_twice_goes_to_a_person(house: House) -> None:
    house.library.save(flow({'type': 'message', 'match': {'values': ['order']}}, say('Which?'), key='order'))
    house.library.save(flow({'type': 'unanswered', 'after': 2}, {'do': 'handoff', 'message': 'A person comes.'}))
    for text in ('what', 'order', 'what', 'how'):
        heard(house, text)
    assert said(house) == ['Which?', 'A person comes.']
