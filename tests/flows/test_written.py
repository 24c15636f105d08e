"""Texts of flows: what is taken, what is refused, and in which line."""

import time

import pytest

from core.errors import Invalid
from flows.matching import Match, matches
from flows.written import dump, parse

BOMB = 'a: &a [x, x]\n' + ''.join(
    f'{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n' for n in range(20)
)


@pytest.mark.parametrize(
    ('text', 'why'),
    [
        (BOMB, 'Anchors'),
        ('key: x\nname: &n y\n', 'line 2'),
        ('key: x\nsteps:\n  - {do: send\n', 'line'),
        ('- just\n- a list\n', 'names and values'),
        ('key: ' + '[' * 200, 'too many parts|not YAML'),
        ('key: "' + 'x' * 5_000_000 + '"', '256 kB'),
        ('key: !!python/object/apply:os.system ["true"]\n', 'not YAML'),
        ('x: ' + '{a: 1}\n' * 3, 'not YAML'),
    ],
)
def test_what_is_no_flow_is_refused_at_once(text: str, why: str) -> None:
    began = time.monotonic()
    with pytest.raises(Invalid) as refused:
        parse(text)
    assert any(each in str(refused.value) for each in why.split('|')), refused.value
    assert time.monotonic() - began < 2


def test_json_is_yaml_and_words_stay_words() -> None:
    assert parse('{"key": "x", "enabled": true}') == {'key': 'x', 'enabled': True}
    assert parse('key: x\nwhen: no\nis: on\nat: 09:00\n') == {'key': 'x', 'when': 'no', 'is': 'on', 'at': '09:00'}
    assert parse(dump({'key': 'x', 'text': 'a: b\n"c" ✓', 'steps': [{'do': 'send'}]})) == {
        'key': 'x', 'text': 'a: b\n"c" ✓', 'steps': [{'do': 'send'}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ('op', 'values', 'text', 'found'),
    [
        ('keyword', ('order',), 'My ORDER, please', 'order'),
        ('keyword', ('order',), 'reordering', None),
        ('keyword', ('café',), 'un CAFE!', 'café'),
        ('keyword', ('ΚΑΛΗΜΕΡΑ',), 'καλημέρα σας', 'ΚΑΛΗΜΕΡΑ'),
        ('keyword', ('straße',), 'STRASSE 7', 'straße'),
        ('equals', ('yes',), ' Yes ', 'yes'),
        ('equals', ('yes',), 'yes please', None),
        ('contains', ('der',), 'reordering', 'der'),
        ('starts_with', ('re',), '  Reorder', 're'),
        ('regex', (r'^#(\d+)$',), '#42', r'^#(\d+)$'),
        ('fuzzy', ('opening hours',), 'openning hour', 'opening hours'),
        ('fuzzy', ('opening hours',), 'closing time', None),
        ('any', (), '', ''),
    ],
)
def test_texts_are_compared(op: str, values: tuple[str, ...], text: str, found: str | None) -> None:
    assert matches(Match(op=op, values=values), text) == found  # type: ignore[arg-type]


def test_a_pattern_that_goes_wild_finds_nothing_and_holds_nobody_up() -> None:
    began = time.monotonic()
    assert matches(Match(op='regex', values=(r'^(a+)+$', r'(x+x+)+y')), 'a' * 3_000 + '!') is None
    assert time.monotonic() - began < 1
