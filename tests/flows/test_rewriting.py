"""Editing a flow in a form changes that place of its YAML and loses nothing else."""

import random
from typing import Any

import pytest

from core.errors import Invalid, NotFound
from flows.changes import Add, Change, Drop, Move, Put, at, changed, places
from flows.rewriting import rewritten
from flows.written import dump, parse

SOURCE = """\
# Who wants to know where their order is
schema: dovecote.flow/1
key: order-status
name: "Order status"    # shown in the list
mode: {type: restart, scope: contact}

triggers:
  # from the shop
  - id: asked
    type: message
    session: [shop]   # only there
    match:
      op: keyword
      values: [order, pedido]

conditions:
  all:
    - {type: business_hours, is: open}
    - {type: contact, field: opted_out,
       op: eq, value: false}

steps:
  # first the number
  - id: ask
    do: ask
    text: "What is your order number?"
    expect: {type: regex, pattern: '^[0-9]{5}$'}   # five digits
    timeout: 30m

  # then the answer
  - id: found
    do: choose
    branches:
      - if: "{{ run.answer }}"
        steps:
          - do: send
            text: |
              Thank you.
              It is on its way.
              # no comment
          # last in the branch
      - {if: "{{ true }}", goto: human}
    else: human   # somebody knows
  - id: human   # the last resort
    do: handoff
# the end
"""


def test_one_field_changes_and_every_other_letter_stays() -> None:
    made = rewritten(SOURCE, [Put(place='steps/0/text', value='Which order?')])
    assert made == SOURCE.replace('"What is your order number?"', '"Which order?"')
    made = rewritten(SOURCE, [Put(place='steps/0/expect/pattern', value='^A')])
    assert made == SOURCE.replace("'^[0-9]{5}$'", '^A') or made == SOURCE.replace("'^[0-9]{5}$'", "'^A'")
    made = rewritten(SOURCE, [Put(place='name', value='Where is it')])
    assert 'name: "Where is it"    # shown in the list' in made


def test_new_fields_and_items_stand_where_they_belong() -> None:
    made = rewritten(SOURCE, [
        Put(place='steps/2/pause', value='12h'),
        Add(place='steps/2', value={'id': 'note', 'do': 'log', 'text': 'a: b'}),
        Put(place='limits/timeout', value='1h'), Add(place='steps/1/branches/0/steps/1', value={'do': 'mark_read'}),
        Add(place='triggers/0/match/values/1', value='Bestellung'),
    ])  # fmt: skip
    assert (
        '  - id: note\n    do: log\n    text: "a: b"' in made or "  - id: note\n    do: log\n    text: 'a: b'" in made
    )
    assert '    do: handoff\n    pause: 12h\n' in made
    assert '          # last in the branch\n          - do: mark_read\n' in made
    assert 'values: [order, Bestellung, pedido]' in made
    assert kept_comments(made)


def test_a_step_moves_with_the_comments_that_belong_to_it() -> None:
    made = rewritten(SOURCE, [Move(place='steps/0', to='steps/3')])
    assert [step['id'] for step in parse(made)['steps']] == ['found', 'human', 'ask']
    assert '  # first the number\n  - id: ask\n' in made
    assert '  # then the answer\n  - id: found\n' in made
    inside = rewritten(SOURCE, [Move(place='steps/0', to='steps/1/branches/0/steps/0')])
    assert '          # first the number\n          - id: ask\n            do: ask\n' in inside
    assert kept_comments(made)
    assert kept_comments(inside)
    with pytest.raises(Invalid, match='into itself'):
        rewritten(SOURCE, [Move(place='steps/1', to='steps/1/branches/0/steps/0')])


def test_what_is_taken_away_takes_only_its_own_lines() -> None:
    made = rewritten(SOURCE, [Drop(place='steps/0'), Drop(place='conditions/all/1'), Drop(place='triggers/0/session')])
    assert '# first the number' not in made
    assert '  # then the answer\n  - id: found' in made
    assert 'is: open' in made
    assert 'session' not in made
    last = rewritten('key: a\nsteps:\n  - do: stop\n# bye\n', [Drop(place='steps/0')])
    assert last == 'key: a\nsteps: []\n# bye\n'
    assert rewritten(last, [Add(place='steps/0', value={'do': 'stop'})]) == 'key: a\nsteps:\n  - do: stop\n# bye\n'
    assert rewritten(SOURCE, [Drop(place='steps/0/nothing')]) == SOURCE
    with pytest.raises(NotFound):
        rewritten(SOURCE, [Add(place='steps/9', value={})])


def test_texts_of_several_lines_are_blocks() -> None:
    made = rewritten(SOURCE, [Put(place='steps/0/text', value='Hello\nyou: # 1')])
    assert '    text: |-\n      Hello\n      you: # 1\n' in made
    back = rewritten(made, [Put(place='steps/0/text', value='no')])
    assert parse(back)['steps'][0]['text'] == 'no'
    assert back.count('\n') == SOURCE.count('\n')


TEXTS = ['plain', 'two\nlines', '', ' # not a comment', 'a: b', 'yes', '- dash', '{{ contact.name }}', "it's", '"',
         'ü 👍', 'ends\n', ' lead\n trail ', 'null', '12', '{', 'a\n\n\nb', 'tab\there', '|', '%']  # fmt: skip
STYLES = [SOURCE, dump(parse(SOURCE)), f'{SOURCE}\n\n',
          '{"key": "a", "steps": [{"do": "send", "text": "hi"}, {"do": "stop"}], "triggers": []}',
          'key: a\nsteps:\n- do: send\n  text: hi\n- # odd\n  do: stop\n-   do: log\n    text: >-\n'
          '      folded\n      text\n']  # fmt: skip


@pytest.mark.parametrize('number', range(12))
def test_any_change_gives_what_the_document_would_be(number: int) -> None:
    chance = random.Random(number)
    text = chance.choice(STYLES)
    for _ in range(5):
        document = parse(text)
        change = any_change(chance, document)
        wanted = changed(document, change)
        text = rewritten(text, [change])
        assert parse(text) == wanted, change
        assert rewritten(text, [change_nothing(chance, wanted)]) == text


def any_change(chance: random.Random, document: dict[str, Any]) -> Change:
    lists = [place for place in places(document) if isinstance(at(document, place), list)]
    items = [f'{place}/{n}' for place in lists for n in range(len(at(document, place)))]
    fields = [place for place in places(document) if place not in items and '/' in place]
    value: Any = chance.choice([*TEXTS, 3, True, None, ['a', 'b'], {'do': 'send', 'text': chance.choice(TEXTS)}])
    match chance.randrange(5):
        case 0 if fields:
            return Put(place=chance.choice(fields), value=value)
        case 1 if fields or items:
            return Drop(place=chance.choice(fields + items))
        case 2 if items:
            place = chance.choice(items)
            there = [one for one in lists if not f'{one}/'.startswith(f'{place}/')]
            to = chance.choice(there)
            return Move(place=place, to=f'{to}/{chance.randint(0, len(at(document, to)))}')
        case 3 if items:
            return Put(place=chance.choice(items), value=value)
    if not lists:
        return Add(place='more/0', value=value)
    place = chance.choice(lists)
    return Add(place=f'{place}/{chance.randint(0, len(at(document, place)))}', value=value)


def change_nothing(chance: random.Random, document: dict[str, Any]) -> Change:
    place = chance.choice(list(places(document)))
    return Put(place=place, value=at(document, place))


def kept_comments(text: str) -> bool:
    return all(comment in text for comment in ('# Who wants', '# shown in', '# from the shop', '# only there',
               '# first', '# five digits', '# then', '# last in', '# somebody', '# the last', '# the end'))  # fmt: skip
