"""Templates that want too much are refused or stopped, and the program does not notice."""

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import Unfillable
from core.fill import close, compiled, evaluate, fill, lint, names

VALUES = {'d': {'items': [1], 'n': 2}, 'l': [1, 2], 'at': datetime(2026, 1, 1, tzinfo=UTC), 'word': 'bread'}
GROW = "|replace('x','xxxxxxxxxx')"
LOOP = '{% for i in range(99) %}'
ALL_DAY = '{% for i in range(1000) %}{% for j in range(1000) %}'
DONE = '{% endfor %}{% endfor %}'
WORDY = "|map('replace', '', word)"

REFUSED = [
    "{{ '%999999999d' % 1 }}", "{{ 'x' * 10**9 }}", '{{ [0] * 10**9 }}', '{{ l * 10**9 }}', '{{ 9**9**9 }}',
    '{{ 1e308 ** 20 }}', '{{ -9**99 }}', "{{ '1'|int(base=36) ** 21 }}", '{{ word * 2 }}',
    "{{ 'x'.ljust(999999999) }}", "{{ 'x'.rjust(999999999) }}", "{{ 'x'.center(999999999) }}",
    "{{ 'x'.zfill(999999999) }}", "{{ '\\t'.expandtabs(999999999) }}", "{{ 'x'.translate({120: 'y'}) }}",
    "{{ '{0.__class__}'.format(1) }}", "{{ '{a.__class__}'.format_map(d) }}", "{{ ','.join(l) }}",
    "{{ 'x'|center(999999999) }}", "{{ 'x'|indent(999999999) }}", "{{ '%999999999d'|format(1) }}", "{{ l|pprint }}",
    "{{ d|xmlattr }}", "{{ 'x'|wordwrap(1) }}", "{{ 'www.a.b'|urlize }}", '{{ l|tojson(indent=99999999) }}',
    "{{ range(9)|map('pprint')|list }}", "{{ ['%d']|map('format', 1)|list }}",
    '{{ lipsum(n=99999) }}', '{% for i in range(10 ** 9) %}x{% endfor %}', '{{ range(999999999)|random }}',
    "{{ '%999999999d' is divisibleby(1) }}", "{{ '%999999999d' is even }}", "{{ ['%999999999d']|select('odd')|list }}",
    "{{ ['%999999999d']|reject('divisibleby', 1)|list }}",
    "{% include 'x' %}", "{% import 'x' as y %}", "{% from 'x' import y %}", "{% extends 'x' %}",
    '{% block a %}{{ self.a() }}{% endblock %}',
    # curious rather than greedy
    "{{ ''.__class__.__mro__ }}", "{{ ''|attr('__class__') }}", "{{ ''['__class__'] }}", "{{ d['__class__'] }}",
    "{{ ['']|map(attribute='__class__')|list }}", "{{ l|groupby('__class__') }}", "{{ l|sum(attribute='__class__') }}",
    '{{ (1).__class__.__base__.__subclasses__() }}', '{{ self.__init__.__globals__ }}',
    '{{ self._TemplateReference__context }}',
    '{{ cycler.__init__.__globals__.os }}', '{{ joiner.__class__ }}',
    '{{ namespace.__init__ }}', '{{ range.__self__ }}',
    '{{ caller.__globals__ }}', '{{ at.__reduce__() }}',
    "{{ word.encode.__self__ }}", '{{ word.upper }}', '{{ range }}',
    '{% macro a() %}{% endmacro %}{{ a.__globals__ }}', '{% for x in l %}{{ loop.__init__.__globals__ }}{% endfor %}',
    '{{ l.append(1) }}', '{{ l.sort() }}', '{{ d.update(n=3) }}', "{{ d.pop('n') }}", "{{ d.setdefault('q', 1) }}",
    '{% set d.n = 3 %}', '{{ missing }}', '{{ 1 / 0 }}', "{{ 'a'|phone(1) }}", '{{ 10.0 ** 20 * 10.0 ** 400 }}',
    # they call themselves
    '{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}',
    '{% macro a(n) %}x{{ a(n + 1) }}{{ a(n + 1) }}{% endmacro %}{{ a(0) }}',
    '{% for x in [1] recursive %}{{ loop([1, 1]) }}{% endfor %}', '{% call(x) caller() %}{% endcall %}',
    # more text than anybody reads
    ALL_DAY + 'xxxxxxxxxx' + DONE,
    '{% set c = cycler(*range(99)) %}' + ALL_DAY + '{{ c.next() }}' + DONE,
    "{% set j = joiner('xxxx') %}" + ALL_DAY + '{{ j() }}' + DONE,
    "{{ 'xxxxxxxxxx'" + GROW * 5 + ' }}', "{{ range(1000)|join('" + 'x' * 100 + "') }}",
    "{{ ('<a' ~ 'x')" + GROW * 5 + '|striptags }}', "{{ 'x'" + GROW * 5 + '|urlencode }}',
]  # fmt: skip

OUT_OF_MEMORY = [
    "{{ '{:999999999}'.format(1) }}", "{{ '{0:>{1}}'.format('x', 999999999) }}", "{{ [1]|batch(999999999, 'x')|list }}",
    "{% set ns = namespace(x='x') %}" + LOOP + '{% set ns.x = ns.x ~ ns.x %}{% endfor %}',
    '{% set ns = namespace(x=[1]) %}' + LOOP + '{% set ns.x = ns.x + ns.x %}{% endfor %}',
    "{% set x = 'xx' %}" + '{% set x = x ~ x %}' * 60, '{% set x = [1] %}' + '{% set x = x + x %}' * 60,
    '{{ (1).to_bytes(999999999, "big")|length }}',
    "{{ word.encode('utf-8').hex()" + ".replace('', word)" * 12 + '|length }}',
    "{{ range(1000)|map('string')" + "|map('replace', '', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxx')" * 4 + '|list|length }}',
    '{{ [word]' + WORDY * 12 + '|join|length }}',
    "{% filter replace('x', 'xxxxxxxxxxxxxxxxxxxx') %}" * 8 + 'xxx' + '{% endfilter %}' * 8,
]  # fmt: skip

OUT_OF_TIME = [
    ALL_DAY + '{% for c in range(1000) %}{% endfor %}' + DONE,
    '{% macro a(n) %}{% if n < 40 %}{{ a(n + 1) }}{{ a(n + 1) }}{% endif %}{% endmacro %}{{ a(0) }}',
    '{% set ns = namespace(x=2) %}' + LOOP + '{% set ns.x = ns.x * ns.x %}{% endfor %}',
    '{{ [1]|slice(999999999)|list|length }}',
    "{{ [1.5]|map('round', 999999999, 'ceil')|list }}",
    '{{ 1|round(-99999999) }}',
    ALL_DAY + "{{ range(1000)|groupby('real')|list and '' }}" + DONE,
]  # fmt: skip


@pytest.fixture(scope='module', autouse=True)
def _ended() -> Iterator[None]:
    yield
    close()


@pytest.mark.parametrize('source', [*REFUSED, *OUT_OF_MEMORY, *OUT_OF_TIME])
def test_a_greedy_or_curious_template_harms_nobody(source: str) -> None:
    assert fill('{% for x in l %}{{ x }}{% endfor %}', VALUES) == '12'  # somebody else's, and the process is there
    memory, started = _memory(), time.perf_counter()
    with pytest.raises(Unfillable):
        fill(source, VALUES)
    assert time.perf_counter() - started < 2  # a second, and what a busy machine needs to notice
    assert _memory() - memory < 4 * 2**20
    assert fill('{{ d.n }}', VALUES) == '2'
    assert fill('{% for x in l %}{{ x }}{% endfor %}', VALUES) == '12'


def test_those_that_are_stopped_say_why() -> None:
    with pytest.raises(Unfillable, match='too much memory'):
        fill(OUT_OF_MEMORY[0], VALUES)
    with pytest.raises(Unfillable, match='longer than 1 second'):
        evaluate('{{ ' + '[' + OUT_OF_TIME[3][3:-3] + '] }}', VALUES)


def test_one_that_took_too_long_does_not_hold_up_others_again_at_once() -> None:
    source = OUT_OF_TIME[0] + '{# again #}'
    with pytest.raises(Unfillable, match='takes longer'):
        fill(source, VALUES)
    started = time.perf_counter()
    with pytest.raises(Unfillable, match='took longer than 1 second lately'):
        fill(source, VALUES)
    assert time.perf_counter() - started < 0.8


@pytest.mark.parametrize(
    'source', ["{{ 'xxxxxxxxxx'" + GROW * 12 + ' }}', "{{ 'x'|default('y')" + GROW * 15 + '|length }}']
)
def test_looking_at_a_template_carries_nothing_out(source: str) -> None:
    """Jinja works out what is constant while it compiles, which is when a template is saved."""
    memory, started = _memory(), time.process_time()
    compiled(source)
    assert names(source) == set()
    lint(source, {})  # this compiles it, elsewhere
    assert time.process_time() - started < 0.3
    assert _memory() - memory < 4 * 2**20


@pytest.mark.parametrize(
    'source',
    [
        '{{' + '(' * 8000, '{{ ' + '-' * 16_000 + '1 }}',
        '{{ x' + '.a' * 8000 + ' }}', '{% if a %}' * 1600, '{#' * 8000,
        '{{ ' + "'" * 16_000, '{{ ' + 'a+' * 8000 + 'a }}', '{{ ' + '[' * 8000, '{{ ' + 'a ' * 8000, '{{ 1.' * 3000,
        '{{ ' + 'not ' * 4000, '{% set ' + 'a,' * 8000 + '=1 %}', '{% for a in b %}' * 1000, '{{ "' + '\\N{' * 4000,
    ],
)  # fmt: skip
def test_a_source_that_is_hard_to_read_is_refused(source: str) -> None:
    started = time.process_time()
    with pytest.raises(Unfillable):
        compiled(source)
    assert time.process_time() - started < 0.7


@pytest.mark.parametrize(
    'part',
    [
        'word|upper|length', 'word|title|length', 'word|string|wa_bold|length', 'word|mask|truncate_wa(9)',
        'l|string|length', 'word in word',
    ],
)  # fmt: skip
def test_what_is_filled_among_ourselves_costs_little_at_worst(part: str) -> None:
    sources = [('{{ ' + part + ' }}') * times for times in range(1, 50)]
    source = [each for each in sources if compiled(each).harmless][-1]
    values = {'word': 'ß' * 14_000, 'l': [1.5] * 200}
    started = time.process_time()
    fill(source, values)
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    'source',
    [
        '{% for x in l %}{% endfor %}', '{% set x = 1 %}',
        '{{ word.upper() }}', "{{ word|replace('a', 'b') }}", '{{ l|join }}',
        '{{ word ** 2 }}', '{% macro a() %}{% endmacro %}',
        '{{ l|map("upper") }}', '{{ self }}', '{{ l[1:2] }}', '{{ [1, 2] }}',
        '{{ word|truncate_wa(d.n) }}', '{{ word|upper(*l) }}',
        '{{ word|e }}', '{{ 1|round(2) }}', '{% filter upper %}{% endfilter %}',
    ],
)  # fmt: skip
def test_what_could_be_costly_goes_to_a_process_of_its_own(source: str) -> None:
    assert not compiled(source).harmless


def _memory() -> int:
    if sys.platform != 'linux':
        return 0
    return int(Path('/proc/self/statm').read_text('ascii').split()[1]) * 4096
