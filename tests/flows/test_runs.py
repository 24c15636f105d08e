"""Runs that wait, ask, branch, call each other and come back after a crash."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.fetch import Guard
from core.media import MediaStore
from data.chats import Chat
from data.database import read, write
from data.messages import Message
from data.runs import Run
from data.tags import members_of_group, tags_of
from flows.outside import Outside
from flows.steps.base import Woken
from tests.core.files import picture
from tests.core.house import ANNA, BEN, LOOPBACK, House, message, until
from tests.core.web import web


def flow(*steps: dict[str, Any], key: str = 'talk', word: str = 'start', **more: Any) -> dict[str, Any]:
    return {
        'schema': 'dovecote.flow/1', 'key': key, 'name': key.title(),
        'triggers': [{'id': 'kw', 'type': 'message', 'match': {'op': 'keyword', 'values': [word]}}],
        'steps': list(steps), **more,
    }  # fmt: skip


def say(text: str, id: str = 'say', **more: Any) -> dict[str, Any]:
    return {'id': id, 'do': 'send', 'text': text, **more}


def heard(house: House, text: str) -> None:
    """Anna writes this now."""
    house.clock.later(seconds=20)
    house.says(text, id=f'{text}{house.clock.at}', at=house.clock.at)


def said(house: House) -> list[str]:
    house.settle()
    return [text for _, text in house.hosts.sent]


def later(house: House, **span: float) -> None:
    house.clock.later(**span)
    house.runner.sweep()
    house.settle()


def states(house: House) -> list[tuple[str | None, str]]:
    house.settle()
    with read():
        return [(run.flow, run.state) for run in Run.select().where(Run.flow.is_null(False)).order_by(Run.id)]


@pytest.fixture(autouse=True)
def _working(house: House) -> None:
    house.working()


def test_a_wait_lasts_as_long_as_it_says(house: House) -> None:
    house.library.save(flow(say('one'), {'do': 'wait', 'for': '10m'}, say('two', 'b')))
    heard(house, 'start')
    later(house, minutes=9)
    assert (said(house), states(house)) == (['one'], [('talk', 'waiting')])
    later(house, minutes=2)
    assert (said(house), states(house)) == (['one', 'two'], [('talk', 'finished')])
    later(house, minutes=20)
    assert len(said(house)) == 2


def test_a_question_is_asked_until_it_is_understood_and_the_answer_is_kept(house: House) -> None:
    ask = {
        'id': 'no', 'do': 'ask', 'text': 'Order number?', 'expect': {'type': 'regex', 'pattern': r'\d{5,}'},
        'save_as': 'run.order', 'invalid': 'Digits only.', 'retries': 2,
    }  # fmt: skip
    house.library.save(flow(ask, say('Order {{ run.order }}, {{ contact.first_name }}.')))
    house.library.save(flow(say('menu'), key='menu', word='12345'))  # an answer is no keyword
    for text in ('start', 'what?', '12345'):
        heard(house, text)
    assert said(house) == ['Order number?', 'Digits only.', 'Order 12345, Anna.']
    with read():
        answers = [run.state for run in Run.select().where(Run.state == 'resumed')]
        run = Run.get(Run.state == 'finished')
    assert len(answers) == 2
    assert run.variables['order'] == '12345'
    assert [step.get('changed', {}).get('order') for step in run.steps][-2] == '12345'


def test_choices_are_taken_by_number_or_word_and_lead_on(house: House) -> None:
    house.library.save(
        flow(
            {'id': 'a', 'do': 'ask', 'text': 'Which?', 'options': ['Rye', 'Fennel'], 'save_as': 'contact.vars.loaf'},
            {
                'id': 'b', 'do': 'choose',
                'branches': [
                    {'if': "{{ contact.vars.loaf == 'Rye' }}", 'steps': [say('Rye it is', 'rye')]},
                    {'if': "{{ contact.vars.loaf == 'Fennel' }}", 'goto': 'fennel'},
                ],
            },
            {'id': 'end', 'do': 'stop'},
            say('Fennel it is', 'fennel'),
        )
    )  # fmt: skip
    for text in ('start', '2', 'start', 'rye'):
        heard(house, text)
    assert said(house) == ['Which?\n\n1. Rye\n2. Fennel', 'Fennel it is', 'Which?\n\n1. Rye\n2. Fennel', 'Rye it is']
    assert states(house)[0] == ('talk', 'finished')
    assert ('talk', 'stopped') in states(house)


def test_nobody_answers_in_time(house: House) -> None:
    ask = {'id': 'q', 'do': 'ask', 'text': 'Still there?', 'timeout': '30m', 'on_timeout': 'bye'}
    house.library.save(flow(ask, {'do': 'stop'}, say('Bye.', 'bye')))
    heard(house, 'start')
    later(house, minutes=31)
    assert said(house) == ['Still there?', 'Bye.']
    heard(house, 'too late')
    assert said(house) == ['Still there?', 'Bye.']


def test_an_answer_that_is_here_already_beats_the_clock(house: House) -> None:
    ask = {'id': 'q', 'do': 'ask', 'text': 'Still there?', 'timeout': '30m', 'on_timeout': 'bye', 'save_as': 'run.a'}
    house.library.save(flow(ask, say('You said {{ run.a }}'), {'do': 'stop'}, say('Bye.', 'bye')))
    heard(house, 'start')
    house.clock.later(minutes=31)
    house.inbox.receive(message(house.session().id, 'yes', id='late', at=house.clock.at), lambda: None)
    write(lambda: None)  # it is stored, and waits for its turn
    house.runner.sweep()
    while house.later:
        house.later.pop(0)()
    write(lambda: None)
    assert house.statuses()[-1] == ('yes', 'received')
    assert said(house) == ['Still there?', 'You said yes']


def test_a_crash_in_the_middle_of_a_wait_or_an_answer_loses_nothing(house: House) -> None:
    ask = {'id': 'q', 'do': 'ask', 'text': 'Name?', 'save_as': 'run.name'}
    house.library.save(flow(ask, say('Hello {{ run.name }}')))
    heard(house, 'start')
    with read():
        row = Run.get(Run.state == 'waiting')
    # the program dies right after the answer was taken, before anything came of it
    write(lambda: house.runner.claim(row, Woken(by='answer', facts={'text': 'Ada', 'kind': 'text'})))
    assert said(house) == ['Name?']
    house.runner.start()
    assert said(house) == ['Name?', 'Hello Ada']
    house.runner.start()
    assert said(house) == ['Name?', 'Hello Ada']


def test_started_anew_ends_the_one_that_waits(house: House) -> None:
    house.library.save(flow(say('one'), {'do': 'wait', 'for': '10m'}, say('two', 'b')))
    heard(house, 'start')
    heard(house, 'start')
    later(house, minutes=11)
    assert said(house) == ['one', 'one', 'two']
    assert states(house) == [('talk', 'cancelled'), ('talk', 'finished')]


@pytest.mark.parametrize(
    ('mode', 'sent', 'ended'),
    [
        ({'type': 'single'}, ['one', 'two'], ['finished', 'failed_single', 'failed_single']),
        ({'type': 'parallel', 'max': 2}, ['one', 'one', 'two', 'two'], ['finished', 'finished', 'failed_max_runs']),
        ({'type': 'queued', 'max': 2}, ['one', 'two', 'one'], ['finished', 'waiting', 'failed_max_runs']),
        (
            {'type': 'parallel', 'max': 2, 'overflow': 'oldest'},
            ['one', 'one', 'one', 'two', 'two'],
            ['cancelled', 'finished', 'finished'],
        ),
    ],
)
def test_what_happens_while_it_still_runs(
    house: House, mode: dict[str, Any], sent: list[str], ended: list[str]
) -> None:
    house.library.save(flow(say('one'), {'do': 'wait', 'for': '10m'}, say('two', 'b'), mode=mode))
    for _ in range(3):
        heard(house, 'start')
    later(house, minutes=11)
    assert (said(house), [state for _, state in states(house)]) == (sent, ended)


def test_a_pause_between_runs_is_kept(house: House) -> None:
    house.library.save(flow(say('hi'), limits={'cooldown': {'per': 'contact', 'every': '10m'}}))
    house.library.save(flow(say('other'), key='other', priority=200))
    for _ in range(2):
        heard(house, 'start')
    assert said(house) == ['hi', 'other']  # the next flow is asked instead
    house.clock.later(minutes=11)
    heard(house, 'start')
    assert said(house) == ['hi', 'other', 'hi']


def test_at_most_so_often(house: House) -> None:
    house.library.save(flow(say('hi'), limits={'max_runs': {'count': 2, 'window': '1d'}}))
    for _ in range(3):
        heard(house, 'start')
    assert said(house) == ['hi', 'hi']
    assert states(house)[-1] == ('talk', 'suppressed_cooldown')


def test_conditions_are_traced_with_what_they_compared(house: House) -> None:
    house.library.save(
        flow(
            say('long'),
            conditions={'all': [{'not': {'type': 'template', 'value': '{{ message.text|length < 8 }}'}}]},
        )
    )
    heard(house, 'start')
    heard(house, 'start with more')
    assert said(house) == ['long']
    with read():
        run = Run.get(Run.state == 'failed_conditions')
    told = next(step for step in run.steps if step['path'] == 'conditions')['result']
    assert told['parts'][0]['parts'][0]['true'] is True


def test_a_circle_of_jumps_ends(house: House) -> None:
    house.library.save(flow({'id': 'a', 'do': 'log', 'text': 'again'}, {'do': 'choose', 'branches': [{'if': '{{ true }}', 'goto': 'a'}]}))  # fmt: skip  # noqa: E501
    heard(house, 'start')
    assert states(house) == [('talk', 'error')]
    with read():
        assert '200 steps' in Run.get().detail


def test_a_circle_of_calls_ends(house: House) -> None:
    for key, other in (('talk', 'back'), ('back', 'talk')):
        house.library.save(flow({'do': 'call_flow', 'flow': other}, key=key, word=f'start {key}', mode={'type': 'parallel'}))  # fmt: skip  # noqa: E501
    heard(house, 'start talk')
    assert len(states(house)) == 6
    assert {state for _, state in states(house)} == {'error'}


def test_a_called_flow_gives_back_what_it_learned(house: House) -> None:
    house.library.save(
        flow(
            {'do': 'call_flow', 'flow': 'name', 'values': {'what': 'name'}, 'save_as': 'run.got'},
            say('Hello {{ run.got.name }}'),
        )
    )
    ask = {'do': 'ask', 'text': 'Your {{ run.what }}?', 'save_as': 'run.name'}
    house.library.save(flow(ask, key='name', word='never said'))
    heard(house, 'start')
    heard(house, 'Ada')
    assert said(house) == ['Your name?', 'Hello Ada']
    assert states(house)[:2] == [('talk', 'finished'), ('name', 'finished')]


def test_each_of_a_list_gets_its_turn(house: House) -> None:
    house.library.save(
        flow(
            {'do': 'foreach', 'items': '{{ run.lines }}', 'steps': [say('{{ run.index + 1 }}. {{ run.item }}')]},
            say('{{ run.lines|length }} in all', 'all'),
            variables={'lines': ['rye', 'fennel']},
        )
    )
    heard(house, 'start')
    assert said(house) == ['1. rye', '2. fennel', '2 in all']


def test_what_fails_leads_where_the_flow_says(house: House) -> None:
    broken = say('{{ contact.nickname.upper() }}', 'broken')
    house.library.save(flow({**broken, 'on_error': 'sorry'}, say('never', 'n'), say('Sorry: {{ run.error.step }}', 'sorry')))  # fmt: skip  # noqa: E501
    heard(house, 'start')
    assert said(house) == ['Sorry: broken']
    house.library.save(flow(broken, say('go on', 'n'), on_error={'policy': 'continue'}))
    heard(house, 'start')
    assert said(house)[-1] == 'go on'


def test_what_cannot_be_sent_leads_there_too_and_undoes_what_came_after(house: House) -> None:
    poll = {'do': 'ask', 'id': 'q', 'text': 'Which?', 'poll': True, 'options': ['a', 'b']}
    too_long = say("{{ 'x' * 3 if false else run.long }}", 'long', on_error='sorry')
    house.library.save(
        flow(
            say('first', 'one'),
            {'do': 'assign', 'to': 'nobody@example.com', 'id': 'who', 'on_error': 'sorry'},
            {'do': 'set', 'name': 'run.after', 'to': 1},
            too_long,
            poll,
            say('Sorry, {{ run.error.step }}, {{ run.after|default("nothing after") }}', 'sorry'),
        )
    )
    heard(house, 'start')
    assert said(house) == ['first', 'Sorry, who, nothing after']


def test_a_hand_over_silences_automation_and_tells_the_team(house: House) -> None:
    house.library.save(flow({'do': 'handoff', 'message': 'A colleague will answer.', 'note': 'wants {{ message.text }}', 'pause': '2h'}))  # fmt: skip  # noqa: E501
    heard(house, 'start')
    heard(house, 'start')
    assert said(house) == ['A colleague will answer.']
    with read():
        chat = Chat.get()
    assert (chat.automation, chat.human_until) == ('human', house.clock.at - timedelta(seconds=20) + timedelta(hours=2))
    assert 'handoff.requested' in house.kinds()


def test_tags_groups_and_variables_stay_with_the_contact(house: House) -> None:
    house.library.save(
        flow(
            {'do': 'tag', 'add': ['vip', 'lead']},
            {'do': 'tag', 'remove': ['lead']},
            {'do': 'group', 'name': 'Bread lovers'},
            {'do': 'set', 'name': 'contact.vars.visits', 'to': '{{ (contact.vars.visits|default(0)) + 1 }}'},
            say('{{ contact.vars.visits }}'),
        )
    )
    for _ in range(2):
        heard(house, 'start')
    assert said(house) == ['1', '2']
    with read():
        anna = Run.select(Run.contact).first().contact
        assert tags_of(anna) == ['vip']
        assert members_of_group('Bread lovers') == [anna]


def test_what_is_kept_of_a_contact_stays_small(house: House) -> None:
    grow = {'do': 'set', 'name': 'contact.vars.a{n}', 'to': 'x' * 30_000, 'id': 'grow{n}', 'on_error': 'no'}
    steps = [{name: str(value).replace('{n}', str(n)) for name, value in grow.items()} for n in range(3)]
    house.library.save(flow(*steps, {'do': 'stop'}, say('{{ run.error.step }}: {{ run.error.text }}', 'no')))
    heard(house, 'start')
    assert said(house) == ['grow2: The variables of a contact may have 64 kB together.']


def test_a_flow_that_only_traces_does_nothing(house: House) -> None:
    house.library.save(flow(say('hi'), {'do': 'tag', 'add': ['vip']}, shadow=True))
    heard(house, 'start')
    assert said(house) == []
    assert states(house) == [('talk', 'finished')]


def test_whoever_opted_out_gets_the_confirmation_and_nothing_automatic_after_it(house: House) -> None:
    house.library.save(flow({'do': 'opt_out', 'message': 'Done.'}, say('never'), word='enough'))
    for _ in range(2):
        heard(house, 'enough')
    assert house.hosts.sent == [(f'{ANNA}@s.whatsapp.net', 'Done.'), (f'{ANNA}@s.whatsapp.net', 'Done.')]


def test_a_run_goes_on_with_the_version_it_began_with(house: House) -> None:
    house.library.save(flow(say('old one'), {'do': 'wait', 'for': '10m'}, say('old two', 'b')))
    heard(house, 'start')
    house.library.save(flow(say('new one')))
    later(house, minutes=11)
    assert said(house) == ['old one', 'old two']


def test_a_run_lasts_no_longer_than_its_flow_says(house: House) -> None:
    house.library.save(flow({'do': 'wait', 'for': '5h'}, say('late'), limits={'timeout': '1h'}))
    heard(house, 'start')
    later(house, hours=1, minutes=1)
    assert (said(house), states(house)) == ([], [('talk', 'timeout')])
    assert 'flow.run.failed' in house.kinds()


def test_every_kind_of_message_can_be_sent_also_to_somebody_else(house: House) -> None:
    house.library.save(
        flow(
            {'do': 'send', 'poll': {'name': 'Which, {{ contact.first_name }}?', 'options': ['Rye', 'Fennel']}},
            {'do': 'send', 'location': {'latitude': '{{ 52.5 }}', 'longitude': 13.4, 'name': 'The bakery'}},
            {'do': 'send', 'contact': {'name': 'Ben', 'phones': [f'+{BEN}']}},
            {'do': 'send', 'to': f'+{BEN}', 'text': '{{ contact.name }} asked'},
        )
    )
    heard(house, 'start')
    assert sorted(to for to, _ in house.hosts.sent) == [f'{ANNA}@s.whatsapp.net'] * 3 + [f'{BEN}@s.whatsapp.net']
    with read():
        rows = list(Message.select().where(Message.direction == 'out').order_by(Message.id))
    assert [row.kind for row in rows] == ['poll', 'location', 'contact', 'text']
    assert rows[0].content == {'name': 'Which, Anna?', 'options': ['Rye', 'Fennel'], 'multiple': False}
    assert (rows[1].content['latitude'], rows[2].content['cards'][0]['name']) == (52.5, 'Ben')


def test_a_file_from_the_web_is_fetched_aside_and_what_fails_is_told(house: House, tmp_path: Path) -> None:
    store = MediaStore(tmp_path / 'media', house.outbox.world, max_mb=5)
    store.start()
    house.runner.opening.doors = Outside(house.outbox.world, Guard(LOOPBACK), store)
    with web() as shop:
        shop.answers['/menu'] = lambda line: line.says(picture(), 'image/png')
        shop.answers['/gone'] = lambda line: line.says(b'', status='404 Not Found')
        file = {'do': 'send', 'media': {'url': shop.url('/{{ message.text }}'), 'caption': 'Our menu'}}
        house.library.save(flow(file, say('Enjoy'), word='menu', on_error={'policy': 'continue'}))
        house.library.save(flow(file, say('Sorry'), key='gone', word='gone', on_error={'policy': 'continue'}))
        for text in ('menu', 'gone'):
            heard(house, text)
            until(lambda: all(state == 'finished' for _, state in states(house)))
    assert [text for _, text in house.hosts.sent] == ['Our menu', 'Enjoy', 'Sorry']
    with read():
        failed = Run.get(Run.flow == 'gone')
    assert '404' in next(step['error'] for step in failed.steps if 'error' in step)
    store.close()
