"""Whatever is told can be asked for."""

import ast
from pathlib import Path

from core.webhooks.kinds import KINDS, hears

ROOT = Path(__file__).parents[3]


def told() -> set[str]:
    """The kinds that are written out wherever something is told."""
    found = set()
    for file in [*ROOT.glob('core/**/*.py'), *ROOT.glob('flows/**/*.py')]:
        for node in ast.walk(ast.parse(file.read_text('utf-8'))):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Attribute(attr='desk'), attr='tell'),
                    args=[ast.Constant(value=str(kind)), *_],
                ):
                    found.add(kind)
    return found


def test_every_event_can_be_chosen() -> None:
    kinds = told()
    assert {'message.sent', 'session.state', 'contact.created'} <= kinds <= set(KINDS)


def test_a_star_stands_for_everything_behind_it() -> None:
    assert hears(['message.*'], 'message.read')
    assert hears(['*'], 'flow.run.failed')
    assert hears(['flow.*'], 'flow.run.failed')
    assert not hears(['flow.run'], 'flow.run.failed')
    assert not hears(['message.*', 'session.state'], 'contact.created')
