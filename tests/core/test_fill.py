"""Templates say what users expect, and what is wrong with them in words."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from core.errors import Unfillable
from core.fill import CAPTION_MOST, Finding, compiled, evaluate, fill, lint, names, prepared

ORDER: dict[str, Any] = {
    'order': {'items': ['bread', 'rolls'], 'n': 2, 'lines': [{'id': 7}, {'id': 9}]},
    'contact': {'name': 'Ana'},
}


def refused(source: str, values: Mapping[str, object] | None = None) -> Unfillable:
    with pytest.raises(Unfillable) as caught:
        fill(source, values or {})
    return caught.value


def test_keys_win_over_methods_and_missing_paths_may_have_a_default() -> None:
    assert fill('{{ order.items[0] }} {{ order.n * 2 }}', ORDER) == 'bread 4'
    assert fill("{{ order['items'] | join(' and ') }}", ORDER) == 'bread and rolls'
    assert fill("{{ contact.vars.plan | default('none') }}", ORDER) == 'none'
    assert fill("{{ contact.items | default('none') }}", ORDER) == 'none'
    assert fill('{% for key, value in contact.items() %}{{ key }}: {{ value }}{% endfor %}', ORDER) == 'name: Ana'
    assert fill("{{ contact.get('x', 'y') }}", ORDER) == 'y'


def test_what_is_missing_is_said_with_its_line() -> None:
    error = refused('Hi {{ contact.name }},\n\n{{ contact.plan.price }}', {'contact': {'name': 'Ana'}})
    assert (str(error), error.line) == ('Line 3 of the template: there is no “plan”.', 3)
    assert str(refused('{{ contact.items }}', {'contact': {}})) == 'Line 1 of the template: there is no “items”.'
    assert refused('a\n{% for x in order.items %}\n{{ x.y }}{% endfor %}', ORDER).line == 3
    assert refused('a\n{{ missing * 2 }}').why == 'there is no “missing”.'
    assert refused('{{ [contact.x, 1] }}', ORDER).why == 'there is no “x”.'


@pytest.mark.parametrize(
    ('source', 'line', 'why'),
    [
        ('\n{{ broken', 2, 'end of'),
        ('\n\n{% if x %}', 3, 'endif'),
        ('a\n{{ 1 | nothing }}', 2, 'no filter “nothing”'),
        ('a\n{{ 1 is nothing }}', 2, 'no test “nothing”'),
        ("\n{% include 'x' %}", 2, '“{% include %}” is not allowed'),
        ('x\n\n{{ 1 / 0 }}', 3, 'divides by zero'),
        ('{{ contact.name.upper }}', 1, 'a function cannot be shown'),
        ("{{ order.lines | map(attribute='id') }}", 1, '“| list”'),
        ('{{ ' + '(' * 500, 0, 'nested too deeply'),
        ('{{ 1' + '+1' * 500 + ' }}', 1, 'nested too deeply'),
        ('{% for a in [] %}' * 12 + '{% endfor %}' * 12, 1, 'nested too deeply'),
        ('{{ ' + '9' * 9_000 + ' }}', 0, 'a number'),
        ('x' * 16_385, 0, '16384 characters'),
        ("{{ 'a' | money }}", 1, '“a” is not an amount'),
        ("{{ 'a' | dt }}", 1, '“a” is not a time'),
        ("{{ 5 | dt('Europe/Nowhere') }}", 1, 'no time zone “Europe/Nowhere”'),
        ("{{ 5 | dt('../../etc/passwd') }}", 1, 'no time zone'),
    ],
)
def test_a_mistake_is_said_with_its_line(source: str, line: int, why: str) -> None:
    error = refused(source, ORDER)
    assert why in error.why
    assert error.line == line


def test_the_same_mistake_is_said_again() -> None:
    for _ in range(2):
        with pytest.raises(Unfillable, match='Line 2'):
            compiled('\n{{ broken')


def test_only_plain_values_are_let_in() -> None:
    class Row:
        name = 'secret'

    deep: list[object] = []
    deep.append(deep)
    unfit: list[object] = [Row(), deep, {1: 'x'}, {'\0at': 'x'}, {1}, b'x', len, 'x' * 2**20, ['x' * 1000] * 2000]
    for each in unfit:
        assert refused('{{ contact.row }}', {'contact': {'row': each}})
    assert str(refused('{{ a.b }}', {'a': {'b': Row()}})).endswith(
        '“a.b” is a Row: a template knows plain values only.'
    )
    assert fill('{{ a }}', {'a': 1, 'unused': Row()}) == '1'  # nobody looks at what is not asked for


def test_values_may_be_looked_at_once_for_many_templates() -> None:
    values = prepared({**ORDER, 'long': ['x' * 500_000], 'longer': ['y' * 600_000]})
    assert fill('{{ contact.name }}', values) == 'Ana'
    assert evaluate('{{ order.lines }}', values) == ORDER['order']['lines']
    assert fill('{{ long[0] | length }} {{ longer[0] | length }}', prepared({'long': ['x'], 'longer': ['y']})) == '1 1'
    assert 'longer than' in refused('{{ long | length }} {{ longer | length }}', values).why
    with pytest.raises(Unfillable, match='plain values only'):
        prepared({'row': object()})


def test_expressions_keep_their_kind() -> None:
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    values = {**ORDER, 'at': at, 'to': '0155', 'none': None}
    assert evaluate('{{ to }}', values) == '0155'
    assert evaluate(' {{ order.n > 1 }}\n', values) is True
    assert evaluate('{{ order.n * 1.5 }}', values) == 3.0
    assert evaluate('{{ order }}', values) == ORDER['order']
    assert evaluate("{{ order.lines | map(attribute='id') }}", values) == [7, 9]
    assert evaluate('{{ range(3) }}', values) == [0, 1, 2]
    assert evaluate("{{ {'a': (1, none)} }}", values) == {'a': [1, None]}
    assert evaluate('{{ at }}', values) == at
    assert evaluate('{{ [at] | list }}', values) == [at]
    assert evaluate('{{ none }}', values) is None
    assert evaluate('n: {{ order.n }}', values) == 'n: 2'
    assert evaluate('{% if order.n %}yes{% endif %}', values) == 'yes'
    assert evaluate('plain', values) == 'plain'
    assert evaluate('', values) == ''


@pytest.mark.parametrize(
    'source', ['{{ missing }}', '{{ [missing] }}', '{{ order.x.y == 1 }}', '{{ dict }}', '{{ {1: 2} }}']
)
def test_an_expression_that_is_no_plain_value_is_refused(source: str) -> None:
    with pytest.raises(Unfillable):
        evaluate(source, ORDER)


def test_phone_numbers_are_written_as_people_write_them() -> None:
    assert fill("{{ '+15551230001' | phone }}", {}) == '+1 555-123-0001'
    assert fill('{{ 4930123456 | phone }}', {}) == '+49 30 123456'
    assert fill("{{ '030 123456' | phone('de') }}", {}) == '+49 30 123456'
    assert fill("{{ 'no number' | phone }} {{ '12' | phone }}", {}) == 'no number 12'


@pytest.mark.parametrize(
    ('source', 'written'),
    [
        ('{{ 1234.5 | money }}', '1,234.50'),
        ("{{ '1234567.891' | money('EUR') }}", '1,234,567.89 EUR'),
        ("{{ 1234.5 | money('€', '1.234,50') }}", '€1.234,50'),
        ("{{ -0.5 | money('$') }}", '-$0.50'),
        ("{{ -0.001 | money }}", '0.00'),
        ("{{ 0.125 | money }}", '0.13'),
        ("{{ 1999.5 | money('JPY') }}", '2,000 JPY'),
        ("{{ 1.2345 | money('KWD') }}", '1.235 KWD'),
        ("{{ 1234.5 | money(style='1 234') }}", '1 235'),
        ("{{ 1234.5 | money(style='1234.50') }}", '1234.50'),
    ],
)  # fmt: skip
def test_money_is_written_as_asked(source: str, written: str) -> None:
    assert fill(source, {}) == written


@pytest.mark.parametrize('amount', ['1e999999', 'nan', '-inf', '', 'x', '9' * 30])
def test_an_amount_that_is_none_is_refused(amount: str) -> None:
    assert 'money' in refused('{{ a | money }}', {'a': amount}).why
    assert 'style' in refused("{{ 1 | money('EUR', 'x') }}").why


def test_moments_are_shown_by_the_clock_of_a_place() -> None:
    at = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    assert fill('{{ at | dt }}', {'at': at}) == '2026-07-01 22:30'
    assert fill("{{ at | dt('Europe/Berlin', '%d.%m. %H:%M') }}", {'at': at}) == '02.07. 00:30'
    assert fill("{{ '2026-07-01T22:30:00Z' | dt('Asia/Kolkata') }}", {}) == '2026-07-02 04:00'
    assert fill("{{ '2026-07-01T22:30:00' | dt }}", {}) == '2026-07-01 22:30'
    assert fill('{{ a | dt }} {{ b | dt }}', {'a': 1782945000, 'b': '1782945000000'}) == ' '.join(
        ['2026-07-01 22:30'] * 2
    )
    odd = datetime(2026, 7, 1, tzinfo=timezone(timedelta(hours=5)))
    assert fill('{% for x in [at] %}{{ x | dt }}{% endfor %}', {'at': odd}) == '2026-06-30 19:00'
    assert '100 characters' in refused('{{ 5 | dt(format=f) }}', {'f': '%Y' * 60}).why


def test_bold_goes_to_the_words_of_each_line() -> None:
    assert fill('{{ a | wa_bold }}', {'a': ' Two *loaves* \n\nof bread'}) == ' *Two loaves* \n\n*of bread*'


def test_long_text_is_shortened_where_a_reader_would() -> None:
    assert fill('{{ a | truncate_wa(20) }}', {'a': 'short'}) == 'short'
    assert fill('{{ a | truncate_wa(20) }}', {'a': 'Fresh bread and rolls every day'}) == 'Fresh bread and…'
    assert fill('{{ a | truncate_wa(10) }}', {'a': 'x' * 30}) == 'x' * 9 + '…'
    assert fill('{{ a | truncate_wa(18) }}', {'a': 'Now *fresh bread and rolls* here'}) == 'Now fresh bread…'
    family = '👨\u200d👩\u200d👧'
    assert fill('{{ a | truncate_wa(8) }}', {'a': 'abcd' + family}) == 'abcd…'
    assert fill('{{ a | truncate_wa(5) }}', {'a': 'ab' + '🇩🇪' * 3}) == 'ab🇩🇪…'
    assert fill('{{ a | truncate_wa(4) }}', {'a': 'abe\u0301e\u0301'}) == 'ab…'
    assert len(fill('{{ a | truncate_wa }}', {'a': 'word ' * 2000})) <= 4096


def test_what_is_masked_never_shows_all() -> None:
    assert fill('{{ a | mask }}', {'a': '+1 555-123-0001'}) == '+• •••-•••-0001'
    assert fill('{{ a | mask(2) }}', {'a': 'DE89 3704'}) == '•••• ••04'
    assert fill('{{ a | mask }} {{ a | mask(0) }}', {'a': '1234'}) == '•••• ••••'


def test_the_filters_also_work_where_loops_are() -> None:
    shown = "{{ x | money('EUR') }} {{ 0 | dt('Europe/Berlin') }} {{ '+4930123456' | phone }};"
    assert fill('{% for x in [1.5, 2] %}' + shown + '{% endfor %}', {}) == ''.join(
        f'{x} EUR 1970-01-01 01:00 +49 30 123456;' for x in ('1.50', '2.00')
    )


def test_names_are_what_a_template_reads_from_outside() -> None:
    assert names('{{ contact.name }} {{ payload["a"][key].b | default(other) }}') == {
        'contact',
        'payload',
        'key',
        'other',
    }
    assert names('{% for x in lines %}{{ x.y }} {{ loop.index }} {{ range(2) }}{% endfor %}{{ x }}') == {'lines', 'x'}
    assert names('{{ a }}{% set a = b %}{{ a }}{% with c = d %}{{ c }}{% endwith %}') == {'a', 'b', 'd'}
    assert names('{% macro m(p, q=r) %}{{ p }}{{ q }}{{ s }}{% endmacro %}{{ m(t) }}') == {'r', 's', 't'}
    assert names('{% set a %}{{ b }}{% endset %}{{ a }}{% if c is defined %}{{ c }}{% endif %}') == {'b', 'c'}
    assert names('nothing') == set()
    with pytest.raises(Unfillable):
        names('{{ broken')


KNOWN = {
    'contact': {'name': 'Ana', 'phone': None, 'vars': ..., 'home': None},
    'message': {'text': 'hi'},
    'payload': ...,
}


def told(source: str) -> list[tuple[str, int, str]]:
    return [(each.kind, each.line, each.path) for each in lint(source, KNOWN)]


def test_lint_finds_unknown_names_with_their_line() -> None:
    (finding,) = lint('Hi\n{{ contact.nmae }}', KNOWN)
    sentence = 'There is no “contact.nmae”; do you mean “contact.name”?'
    assert finding == Finding(kind='unknown', line=2, path='contact.nmae', sentence=sentence)
    assert told("{{ contakt.name }}{{ contact['x'] | default('y') }}") == [
        ('unknown', 1, 'contakt'), ('unknown', 1, 'contact.x'),
    ]  # fmt: skip
    assert told('{{ contact.name.upper() }}{{ message.text | upper }}{% set x = 1 %}{{ x }}') == []


def test_lint_finds_what_may_be_missing_and_has_no_default() -> None:
    assert told('{{ contact.vars.plan }}\n{{ payload.a }}{{ contact.phone }}') == [
        ('no_default', 1, 'contact.vars.plan'), ('no_default', 2, 'payload.a'), ('no_default', 2, 'contact.phone'),
    ]  # fmt: skip
    assert told('{{ contact.phone | default("x") }}') == [('no_default', 1, 'contact.phone')]  # None is not missing
    assert told('{% if payload.a %}x{% endif %}') == [('no_default', 1, 'payload.a')]  # asking fails already
    assert told('{{ contact.home.city | default("x") }}{{ contact.phone | default("x", true) }}') == []
    assert told('{{ contact.phone or "x" }}{{ "x" if contact.phone == "1" }}') == []
    assert told('{{ payload.a | default("x") | upper }}{% if payload.b is defined %}{{ payload.b.c }}{% endif %}') == []
    assert told('{% if contact.phone %}{{ contact.phone }}{% endif %}{{ contact.phone if contact.phone }}') == []
    assert told('{% for x in payload.lines | default([]) %}{{ x.name }}{% endfor %}') == []


def test_lint_finds_mistakes_and_texts_that_are_too_long() -> None:
    assert told('\n{{ broken') == [('mistake', 2, '')]
    assert told('{{ contact.name(a=1, a=2) }}') == [('mistake', 0, '')]  # only compiling shows it
    assert told('x' * 4096) == []
    assert told('x' * 4097) == [('too_long', 0, '')]
    assert [each.kind for each in lint('x' * 1025, KNOWN, most=CAPTION_MOST)] == ['too_long']
    either = '{% if contact.name %}' + 'x' * 3000 + '{% else %}' + 'y' * 3000 + '{% endif %}'
    assert told(either) == []
    assert told(either + 'z' * 1500) == [('too_long', 0, '')]
