"""What the builder shows of a document, whether it is right or not."""

from typing import Any

from flows.beginnings import beginning, free_name, kinds_of, offered, twin
from flows.changes import Add, at, changed
from flows.flow import examine
from flows.outline import Fault, model_at, outline, variables

MENU: dict[str, Any] = {
    'schema': 'dovecote.flow/1', 'key': 'menu', 'name': 'Menu',
    'triggers': [{'type': 'message', 'match': {'op': 'keyword', 'values': ['menu']}}],
    'conditions': {'any': [{'type': 'chat', 'kind': 'private'},
                           {'not': {'type': 'contact', 'field': 'vip', 'value': True}}]},
    'steps': [
        {'id': 'q', 'do': 'ask', 'text': 'What?', 'options': ['Bread', 'Cake'], 'save_as': 'run.what'},
        {'id': 'which', 'do': 'choose', 'branches': [
            {'if': [{'type': 'var', 'ref': 'run.what', 'value': 'Bread'}],
             'steps': [{'id': 'b', 'do': 'send', 'text': 'Rye'}]},
            {'if': '{{ run.what }}', 'goto': 'end'}], 'else': [{'do': 'log', 'text': 'odd'}]},
        {'id': 'end', 'do': 'send', 'text': 'Bye {{ contact.first_name }}'},
    ],
}  # fmt: skip


def test_a_flow_reads_as_sentences_with_numbers() -> None:
    seen = outline(MENU)
    assert (seen.faults, seen.gathers, seen.joins) == ((), 'conditions/any', 'any')
    assert [(card.number, card.says) for card in seen.cards()] == [
        (0, 'somebody writes |menu| in a private chat'), (0, 'it is a |private| chat'),
        (0, 'not so: the contact’s vip is |True|'), (1, 'ask |What?|'), (2, 'choose one of |2 ways|'),
        (0, '|run.what| is |Bread|'), (3, 'answer |Rye|'), (4, 'write down |odd|'),
        (5, 'answer |Bye {{ contact.first_name }}|'),
    ]  # fmt: skip
    assert seen.steps[0].note == 'Waits 1 d for an answer, offers Bread, Cake, keeps it as run.what'
    assert [(way.word, way.says, way.goes) for way in seen.steps[1].ways] == [
        ('If', '', ''), ('If', '|{{ run.what }}|', 'go to |5 end|'), ('Otherwise', '', ''),
    ]  # fmt: skip


def test_what_is_wrong_is_told_at_its_field() -> None:
    wrong = changed(MENU, Add(place='steps/1/branches/0/steps/1', value={'do': 'wait', 'for': 'soon'}))
    wrong['steps'][2]['text'] = ''
    wrong['conditions']['any'][0]['kind'] = 'huge'
    wrong['triggers'].append({'type': 'message', 'match': {'op': 'keyword'}})
    wrong['steps'].append({'do': 'dance'})
    seen = outline(wrong)
    told = {
        card.place: [(fault.field, fault.sentence) for fault in card.faults] for card in seen.cards() if card.faults
    }
    assert told.pop('steps/3')[0][1].startswith('there is no such kind')
    assert told.pop('conditions/any/0')[0][0] == 'kind'
    assert told == {
        'triggers/1': [('match', 'there is no word to look for')], 'steps/2': [('', 'the text is empty')],
        'steps/1/branches/0/steps/1': [('for', 'a time is written as 30s, 10m, 2h or 1d')],
    }  # fmt: skip
    assert seen.faults == ()
    assert [card.says for card in seen.cards()][:2] == ['somebody writes |menu| in a private chat', 'a message arrives']


def test_an_empty_flow_says_what_is_missing() -> None:
    seen = outline({'key': 'a', 'name': 'A', 'triggers': [], 'steps': []})
    assert seen.faults == (Fault(field='triggers', sentence='at least 1 is needed'),
                           Fault(field='steps', sentence='at least 1 is needed'))  # fmt: skip
    assert outline({'key': 3, 'triggers': 'x', 'steps': {'a': 1}, 'conditions': 7}).made is None


def test_everything_offered_can_be_added_and_edited() -> None:
    for part, where in (('trigger', 'triggers'), ('condition', 'conditions/any'), ('step', 'steps')):
        assert {word for _, group in offered(part) for word, _ in group} == set(kinds_of(part))
        for word, kind in kinds_of(part).items():
            new = beginning(MENU, part, word, f'{where}/0')
            document = changed(MENU, Add(place=f'{where}/0', value=new))
            assert model_at(document, f'{where}/0') is kind
            card = next(card for card in outline(document).cards() if card.place == f'{where}/0')
            assert card.label == kind.LABEL
            assert all(len(fault.sentence) < 200 for fault in card.faults)


def test_names_stay_unique_when_steps_are_doubled() -> None:
    copy = twin(MENU, 'steps/1')
    assert (copy['id'], copy['branches'][0]['steps'][0]['id']) == ('which2', 'b2')
    assert examine(changed(MENU, Add(place='steps/2', value=copy)))[1] == []
    assert free_name(MENU, 'end') == 'end2'
    assert at(MENU, 'steps/1/id') == 'which'


def test_only_what_is_known_by_then_is_offered_as_a_variable() -> None:
    assert 'run.what' not in variables(MENU, 'steps/0')
    assert 'run.what' in variables(MENU, 'steps/1/branches/0/steps/0')
    assert 'run.what' not in variables(MENU, 'conditions/any/0')
    looped = changed(MENU, Add(place='steps/3', value={'do': 'foreach', 'items': '', 'steps': []}))
    assert 'run.item' in variables(looped, 'steps/3/steps/0')
