"""The flow in the documentation is a real one."""

import re
from pathlib import Path

from flows.flow import read_document
from flows.trials import judge
from flows.written import parse
from tests.core.house import House

TEXT = (Path(__file__).parents[2] / 'docs' / 'flows.md').read_text('utf-8')


def test_the_example_can_be_published_and_its_tests_pass(house: House) -> None:
    found = re.search(r'```yaml\n(.*?)```', TEXT, re.DOTALL)
    assert found is not None
    document = read_document(parse(found[1]))
    assert [verdict.wrong for verdict in judge(house.bench, document)] == ['']
    assert house.library.save(found[1]).published == 1


def test_what_templates_may_name_is_told(house: House) -> None:
    for name in ('contact', 'message', 'chat', 'session', 'trigger', 'payload', 'run', 'answer', 'event', 'now'):
        assert f'`{name}`' in TEXT
