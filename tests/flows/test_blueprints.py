"""What each blueprint says, asks and traces once its inputs are given."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from core.bus import News
from core.errors import Invalid, NotFound
from data.chats import Chat
from data.database import read
from data.notes import Note
from data.runs import Run
from data.tags import tags_of
from flows.blueprint import blueprint, blueprints
from flows.flow import examine
from flows.occasion import Occasion
from flows.written import dump, parse
from tests.core.house import ANNA, House, until
from tests.core.web import Line, Web, web

from .test_runs import heard, later, said

MONDAY, SUNDAY = datetime(2026, 11, 23, 10, tzinfo=UTC), datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _working(house: House) -> None:
    house.working()


@pytest.fixture
def shop() -> Iterator[Web]:
    with web() as running:
        yield running


def live(house: House, key: str, **inputs: Any) -> None:
    house.library.save(blueprint(key).flow(inputs))
    assert house.library.flow(key)


def runs(house: House) -> list[Run]:
    house.settle()
    with read():
        return list(Run.select().where(Run.flow.is_null(False), Run.state != 'resumed').order_by(Run.id))


def states(house: House) -> list[tuple[str, str]]:
    return [(str(run.flow), str(run.state)) for run in runs(house)]


def trace(house: House) -> list[str]:
    """What the latest run did, by the names of its steps."""
    return [str(step['id']) for step in runs(house)[-1].steps if 'id' in step]


def told(house: House, name: str) -> dict[str, Any]:
    """With what webhooks were told of it."""
    found: list[News] = [each for each in house.news if each.kind == 'flow.event' and each.body['name'] == name]
    values: dict[str, Any] = found[-1].body['values']
    return values


def notes() -> list[str]:
    with read():
        return [note.text for note in Note.select().order_by(Note.id)]


def automation() -> str:
    with read():
        return str(Chat.get().automation)


def tags(house: House) -> list[str]:
    return tags_of(str(runs(house)[-1].contact))


# ---- all of them


def test_each_becomes_a_flow_that_can_run_and_comes_back_from_its_text() -> None:
    assert len(blueprints()) >= 10
    for each in blueprints():
        needed = {name: 'https://example.com/' for name, asked in each.inputs.items() if asked.default is None}
        document = each.flow(needed, key='mine', name='Mine')
        assert examine(document)[1] == [], each.key
        assert (document['key'], document['name']) == ('mine', 'Mine')
        assert '$input' not in dump(document)
        assert parse(dump(document)) == document


def test_each_input_is_used_and_says_what_it_is() -> None:
    for each in blueprints():
        text = json.dumps(each.document)
        for name, asked in each.inputs.items():
            assert asked.title, (each.key, name)
            assert f'{{"$input": "{name}"}}' in text, (each.key, name)


@pytest.mark.parametrize(
    ('key', 'inputs', 'field', 'why'),
    [
        ('forward', {}, 'url', 'is needed'),
        ('forward', {'url': 'ftp://x'}, 'url', 'begins with https'),
        ('forward', {'url': 'https://x', 'chat': 'moon'}, 'chat', 'one of private, group, any'),
        ('forward', {'url': 'https://x', 'answer': 'perhaps'}, 'answer', 'true or false'),
        ('away', {'hours': {'someday': '9-5'}}, 'hours', 'no day'),
        ('away', {'zone': 'Mars/Olympus'}, 'zone', 'no time zone'),
        ('away', {'every': 'soon'}, 'every', 'written as 30s'),
        ('away', {'text': '{{ contact.'}, 'text', 'template'),
        ('feedback', {'low': 9}, 'low', 'from 1 to 4'),
        ('feedback', {'low': 'three'}, 'low', 'no number'),
        ('welcome', {'tag': 'x' * 65}, 'tag', '1 to 64'),
        ('person', {'assign': 'nobody'}, 'assign', 'e-mail'),
        ('menu', {'words': 'menu'}, 'words', 'list of words'),
        ('menu', {'colour': 'red'}, 'colour', 'no input'),
    ],
)
def test_a_wrong_input_is_named(key: str, inputs: dict[str, Any], field: str, why: str) -> None:
    with pytest.raises(Invalid, match=why) as caught:
        blueprint(key).flow(inputs)
    assert caught.value.field == f'inputs.{field}'


def test_an_input_is_never_read_as_a_part_of_the_document() -> None:
    evil = 'hi"\nsteps: []\n- {do: stop} # {$input: words}'
    made = blueprint('answer').flow({'text': evil})
    assert made['steps'] == [{'id': 'answer', 'do': 'send', 'text': evil}]
    assert parse(dump(made)) == made
    with pytest.raises(NotFound):
        blueprint('nothing')


# ---- one by one


def test_answer(house: House) -> None:
    live(house, 'answer', words=['hours'], text='From 7 to 18, {{ contact.first_name }}.')
    heard(house, 'Your HOURS please')
    heard(house, 'something else')
    assert said(house) == ['From 7 to 18, Anna.']


def test_welcome_greets_once_and_leaves_the_message_to_others(house: House) -> None:
    live(house, 'welcome', text='Welcome, {{ contact.first_name }}!', silence='7d')
    live(house, 'answer', words=['hours'], text='7 to 18')
    heard(house, 'hours?')
    heard(house, 'hours!')
    assert said(house) == ['Welcome, Anna!', '7 to 18', '7 to 18']
    assert tags(house) == ['greeted']
    house.clock.later(days=8)
    heard(house, 'hello again')
    assert said(house)[-1] == 'Welcome, Anna!'
    assert states(house)[:2] == [('welcome', 'finished'), ('answer', 'finished')]


def test_menu_answers_by_number_and_by_word_and_asks_again(house: House) -> None:
    live(house, 'menu', second='The way', second_answer='Second left.')
    for text in ('menu', '2', 'menu', 'the WAY!', 'menu', 'bread', '1'):
        heard(house, text)
    menu = 'What would you like to know? Answer with a number.\n\n1. Opening hours\n2. The way\n3. Prices\n4. Talk to a person'  # fmt: skip  # noqa: E501
    hours = 'We are open from 9 to 18, Monday to Friday.'
    unclear = 'Please answer with one of the numbers.'
    assert said(house) == [menu, 'Second left.', menu, 'Second left.', menu, unclear, hours]
    assert trace(house) == ['choice', 'choice', 'choice', 'which', 'first', 'done']


@pytest.mark.parametrize('answers', [['4'], ['what?', 'eh?', 'no!']])
def test_menu_leads_to_a_person(house: House, answers: list[str]) -> None:
    live(house, 'menu')
    for text in ('menu', *answers):
        heard(house, text)
    assert said(house)[-1] == 'Somebody will answer you here soon.'
    assert automation() == 'human'
    heard(house, 'menu')
    assert said(house)[-1] == 'Somebody will answer you here soon.'


def test_away_tells_when_you_are_closed_once_in_a_while(house: House) -> None:
    live(house, 'away', text='Closed, back on Monday.', every='4h', hours={'mon-fri': '09:00-18:00'})
    house.clock.at = SUNDAY
    heard(house, 'anybody?')
    heard(house, 'hello?')
    assert said(house) == ['Closed, back on Monday.']
    house.clock.later(hours=5)
    heard(house, 'and now?')
    assert len(said(house)) == 2
    house.clock.at = MONDAY
    heard(house, 'good morning')
    assert len(said(house)) == 2
    assert [run.state for run in runs(house)] == ['finished', 'suppressed_cooldown', 'finished', 'failed_conditions']
    live(house, 'away', closed=['11-23'], hours={'mon-fri': '09:00-18:00'})
    house.clock.later(hours=5)
    heard(house, 'is today a holiday?')
    assert len(said(house)) == 3


def test_order_status_asks_the_shop_with_a_secret(house: House, shop: Web) -> None:
    house.secrets.put('shop', 'open sesame')
    answer = {'status': 'in the oven', 'asked_with': 'Bearer open sesame'}
    shop.answers['/orders/A-4711'] = lambda line: line.says(json.dumps(answer).encode(), 'application/json')
    url, header = shop.url('/orders/{{ run.order }}'), 'Bearer {{ secret.shop }}'
    live(house, 'order-status', words=['order'], url=url, authorization=header)
    for text in ('order', 'I do not know!', 'A-4711'):
        heard(house, text)
    until(lambda: states(house)[-1][1] == 'stopped')
    assert said(house) == [
        'What is the number of your order?',
        'That is no order number. It stands at the top of your confirmation.',
        'Order A-4711 is in the oven.',
    ]
    assert shop.asked[0].headers['authorization'] == 'Bearer open sesame'
    run = runs(house)[-1]
    assert 'sesame' not in json.dumps([run.steps, run.variables, run.loops])
    assert run.variables['answer']['asked_with'] == 'Bearer ••••'


def test_order_status_tells_an_unknown_order_from_a_silent_shop(house: House, shop: Web) -> None:
    shop.answers['/1234'] = lambda line: line.says(b'{}', status='404 Not Found')
    shop.answers['/5678'] = lambda line: line.says(b'{}', status='503 Service Unavailable')
    live(house, 'order-status', url=shop.url('/{{ run.order }}'))
    for text in ('order', '1234'):
        heard(house, text)
    until(lambda: states(house)[-1][1] == 'stopped')
    assert said(house)[-1] == 'We do not find an order 1234. Please look at the number again.'
    assert 'authorization' not in shop.asked[0].headers  # an empty header is none
    for text in ('order', '5678'):
        heard(house, text)
    until(lambda: states(house)[-1][1] == 'waiting')
    later(house, seconds=6)  # it is tried once more
    until(lambda: states(house)[-1][1] == 'finished')
    assert said(house)[-1] == 'We cannot look that up right now. A colleague will answer you.'
    assert len(shop.asked) == 3
    assert 'How does order 5678 stand?' in notes()[0]


def test_lead_asks_three_questions_and_tells_everybody(house: House) -> None:
    live(house, 'lead')
    for text in ('a quote please', 'Anna Rye', 'anna at example', 'Anna@Example.com', 'Ten loaves a week'):
        heard(house, text)
    assert said(house) == [
        'Happy to help! What is your name?',
        'Thanks, Anna Rye. At which e-mail address do we reach you?',
        'That does not look like an e-mail address. Please try again.',
        'What do you need? A sentence is enough.',
        'Thank you! We will get back to you within a day.',
    ]
    assert told(house, 'lead') == {
        'name': 'Anna Rye', 'email': 'anna@example.com', 'need': 'Ten loaves a week', 'phone': f'+{ANNA}',
    }  # fmt: skip
    assert tags(house) == ['lead']
    assert (automation(), notes()) == ('human', ['Anna Rye (anna@example.com) needs: Ten loaves a week'])


def test_lead_stays_with_automation_if_you_like_and_reminds_who_falls_silent(house: House) -> None:
    live(house, 'lead', hand_over=False, patience='30m')
    for text in ('price?', 'Anna', 'a@b.example', 'rolls'):
        heard(house, text)
    assert (automation(), states(house)[-1]) == ('bot', ('lead', 'stopped'))
    heard(house, 'price?')
    later(house, minutes=31)
    assert said(house)[-1] == 'Are you still there? Write “price” again whenever you like.'


def test_feedback_asks_why_only_when_it_is_low(house: House) -> None:
    live(house, 'feedback')
    for text in ('feedback', 'great', '5'):
        heard(house, text)
    assert said(house)[1:] == ['Please answer with a number from 1 to 5.', 'Thank you! That makes our day.']
    assert (told(house, 'feedback'), automation()) == ({'score': 5, 'comment': ''}, 'bot')
    for text in ('feedback', '2', 'The rye was hard.'):
        heard(house, text)
    assert said(house)[-2:] == [
        'We are sorry. What should we do better?', 'Thank you for telling us. Somebody will look into it.',
    ]  # fmt: skip
    assert told(house, 'feedback') == {'score': 2, 'comment': 'The rye was hard.'}
    assert (automation(), tags(house), notes()) == ('human', ['unhappy'], ['Feedback 2 of 5: The rye was hard.'])


def test_feedback_is_started_by_a_program_and_a_silent_low_score_is_seen(house: House) -> None:
    live(house, 'feedback')
    heard(house, 'thanks for the delivery')
    with read():
        chat = Chat.get()
    occasion = Occasion(
        kind='api', at=house.clock.at, session_id=house.session().id, session='shop', chat_id=chat.id,
        contact_id=chat.contact_id, facts={'by': 'the shop'},
    )  # fmt: skip
    live(house, 'menu')
    assert len(house.router.happen(occasion, only=house.library.flow('menu'))) == 0
    assert len(house.router.happen(occasion, only=house.library.flow('feedback'))) == 1
    heard(house, '1')
    later(house, hours=25)
    assert told(house, 'feedback') == {'score': 1, 'comment': ''}
    assert notes() == ['Feedback 1 of 5: they did not say why']


def test_fallback_speaks_when_nothing_else_does_and_hands_over_the_second_time(house: House) -> None:
    live(house, 'fallback')
    live(house, 'answer', words=['hours'], text='7 to 18')
    for text in ('abracadabra', 'hours', 'hokus', 'pokus', 'hours'):
        heard(house, text)
    once = 'I did not understand that. Write “menu” to see what I can help with.'
    assert said(house) == [once, '7 to 18', once, 'I still do not understand, so a person will answer you here.']
    assert (automation(), notes()) == ('human', ['Nothing understood this: pokus'])


def test_person_is_told_to_the_team_in_and_out_of_hours(house: House) -> None:
    live(house, 'person', pause='2h')
    house.clock.at = SUNDAY
    heard(house, 'I want to talk to somebody')
    assert said(house) == ['We are closed right now. A colleague answers you here when we are back.']
    assert 'handoff.requested' in house.kinds()
    heard(house, 'human!')
    house.clock.at = MONDAY
    heard(house, 'a human, please')  # two hours are over
    assert said(house)[1:] == ['A colleague takes over and answers you here.']
    assert notes() == [
        'They asked for a person while we are closed: I want to talk to somebody',
        'They asked for a person: a human, please',
    ]
    assert trace(house) == ['now', 'open']


def test_forward_tells_a_program_and_says_what_it_replies(house: House, shop: Web) -> None:
    got: list[dict[str, Any]] = []

    def answered(line: Line) -> None:
        got.append(dict(line.headers))
        line.says(json.dumps({'reply': 'Noted.'}).encode(), 'application/json')

    shop.answers['/in'] = answered
    live(house, 'forward', url=shop.url('/in'))
    live(house, 'answer', words=['hours'], text='7 to 18')
    heard(house, 'hours')
    until(lambda: len(said(house)) == 2)
    assert sorted(said(house)) == ['7 to 18', 'Noted.']
    assert got[0]['content-type'] == 'application/json'
    assert got[0]['idempotency-key']
    live(house, 'forward', url=shop.url('/in'), answer=False)
    heard(house, 'anything')
    until(lambda: len(got) == 2 and states(house)[-1] == ('forward', 'finished'))
    assert len(said(house)) == 2


def test_appointment_is_repeated_until_it_is_right(house: House) -> None:
    live(house, 'appointment')
    for text in ('a table please', '1', 'Friday', '8', 'no', 'a table', 'Saturday', '7 pm', 'yes'):
        heard(house, text)
    assert 'A table, Friday at 8. Is that right? (yes or no)' in said(house)
    assert said(house)[-2:] == [
        'A table, Saturday at 7 pm. Is that right? (yes or no)', 'Thank you! We confirm it as soon as we can.',
    ]  # fmt: skip
    assert told(house, 'appointment') == {'what': 'A table', 'day': 'Saturday', 'time': '7 pm', 'name': 'Anna'}
    assert (automation(), notes()) == ('human', ['Wants A table: Saturday, 7 pm'])


def test_appointment_reminds_who_falls_silent(house: House) -> None:
    live(house, 'appointment', patience='30m')
    for text in ('booking', '2'):
        heard(house, text)
    later(house, minutes=31)
    assert said(house)[-1] == 'Shall we still find a time for you? Just write “booking” again.'
    assert states(house)[-1] == ('appointment', 'finished')
