"""Carries out the tests of a flow document on the bench."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC

from .bench import Bench, Event, Report, Trial
from .comparing import compares
from .flow import Document
from .flow_tests import ExpectedOutcome, ExpectedText, FlowTest, Said
from .occasion import Occasion


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`wrong` is what did not come about, '' when the test is green."""

    name: str
    wrong: str


def judge(bench: Bench, document: Document) -> list[Verdict]:
    """All tests of the document."""
    return [Verdict(name=test.name, wrong=_wrong(bench.run(document, trial_of(test)), test.expect))
            for test in document.tests]  # fmt: skip


def trial_of(test: FlowTest) -> Trial:
    given = test.given
    said = given.message or Said()
    return Trial(
        occasion=Occasion(
            kind=given.occasion, at=given.now if given.now.tzinfo else given.now.replace(tzinfo=UTC),
            session=given.session, group='120363' if given.group else '', text=said.text, message_kind=said.kind,
            facts=given.facts,
        ),
        values={'contact': given.contact},
        then=tuple(Event(say=each.say, advance=each.advance, event=each.event) for each in test.then),
        mocks=test.mocks,
    )  # fmt: skip


def _wrong(report: Report, expect: ExpectedOutcome) -> str:
    if expect.outcome is not None and report.outcome != expect.outcome:
        return f'it came to {report.outcome} ({report.detail.rstrip(".")}), not {expect.outcome}'
    if expect.steps is not None:
        taken = iter(step.get('id') for step in report.steps)
        missing = next((name for name in expect.steps if name not in taken), None)
        if missing is not None:
            return f'the step “{missing}” was not taken, or not in this order ({report.detail or report.outcome})'
    if expect.sent is not None and (wrong := _wrong_texts([str(each['text']) for each in report.sent], expect.sent)):
        return wrong
    for name, value in expect.variables.items():
        if not compares(report.variables.get(name), 'eq', value):
            return f'run.{name} is {report.variables.get(name)!r:.80}, not {value!r:.80}'
    return ''


def _wrong_texts(sent: list[str], expected: Sequence[ExpectedText]) -> str:
    if len(sent) != len(expected):
        return f'{len(sent)} messages were sent, not {len(expected)}'
    for number, (text, wanted) in enumerate(zip(sent, expected, strict=True), 1):
        if wanted.equals is not None and text != wanted.equals:
            return f'message {number} is “{text:.80}”, not “{wanted.equals:.80}”'
        if wanted.contains is not None and wanted.contains not in text:
            return f'message {number} is “{text:.80}” and does not hold “{wanted.contains:.80}”'
    return ''


def failing(bench: Bench, document: Document) -> list[str]:
    """A sentence for each test that fails."""
    return [f'“{verdict.name}”: {verdict.wrong}' for verdict in judge(bench, document) if verdict.wrong]
