"""Templates say what users expect and cannot be turned against us."""

import time

import pytest

from core.errors import Invalid
from core.fill import fill


def test_keys_win_over_methods_and_missing_paths_may_have_a_default() -> None:
    values = {'order': {'items': ['bread'], 'n': 2}, 'contact': {}}
    assert fill('{{ order.items[0] }} {{ order.n * 2 }}', values) == 'bread 4'
    assert fill("{{ contact.vars.plan | default('none') }}", values) == 'none'


@pytest.mark.parametrize(
    'source',
    [
        "{{ '%999999999d' % 1 }}", "{{ 'x' * 999999999 }}", '{{ 9 ** 9 ** 9 }}', '{{ [0] * 999999999 }}',
        "{{ 'x'.ljust(999999999) }}", "{{ 'x' | center(999999999) }}", '{% for i in range(10 ** 9) %}x{% endfor %}',
        "{{ ''.__class__.__mro__ }}", "{{ '{0.__class__}'.format(1) }}", '{{ lipsum(9999) }}', '{{ missing }}',
        '{{ 1 / 0 }}', '{{ broken', "{{ 'a' | indent(99999999) }}",
        '{% for i in range(1000) %}{% for j in range(1000) %}xxxxxxxxxx{% endfor %}{% endfor %}',
    ],
)  # fmt: skip
def test_a_greedy_or_curious_template_is_refused_at_once(source: str) -> None:
    started = time.perf_counter()
    with pytest.raises(Invalid):
        fill(source, {})
    assert time.perf_counter() - started < 1
