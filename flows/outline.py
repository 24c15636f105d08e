"""A flow document as cards of sentences, also while it is not right yet."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from .beginnings import kinds_of, steps_in, walk
from .changes import split
from .flow import Document, Problem, examine
from .parts import Kind, chip, lasting
from .steps import StepKind
from .steps.ask import AskStep
from .steps.choose import Branch
from .steps.http import HttpStep
from .steps.random import Share

TREES = {'all': 'all of these are true', 'any': 'one of these is true', 'not': 'this is not true'}
ALWAYS = ('contact.first_name', 'contact.name', 'contact.phone', 'message.text')


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`field` of the card's form, '' for the card as a whole."""

    field: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way out of a card. `list` is the place of what stands below it, which is of the kind `holds`.

    `edits` is the place of its own form, '' when it has none; `judged` are the conditions of a branch, whose place
    is `judges` ('' when the branch is an expression).
    """

    word: str
    says: str
    list: str
    holds: str
    cards: tuple['Card', ...]
    edits: str = ''
    judges: str = ''
    judged: tuple['Card', ...] = ()
    goes: str = ''
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """`part`: trigger, condition or step. `says`: what stands between bars is a value. `form`: the place it edits."""

    place: str
    part: str
    kind: str
    label: str
    says: str
    note: str = ''
    number: int = 0
    form: str = ''
    faults: tuple[Fault, ...] = ()
    ways: tuple[Way, ...] = ()
    grows: bool = False  # more ways can be added


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """`gathers` is the place to which another condition is added, '' when there is no list yet; `joins`: all or any."""

    triggers: tuple[Card, ...]
    conditions: tuple[Card, ...]
    steps: tuple[Card, ...]
    gathers: str
    joins: str
    faults: tuple[Fault, ...]  # what no card shows
    numbers: Mapping[str, int]
    made: Document | None

    def cards(self) -> Iterator[Card]:
        for card in (*self.triggers, *self.conditions, *self.steps):
            yield from _all(card)


def outline(document: Mapping[str, Any]) -> Outline:
    made, problems = examine(document)
    return _Drawing(document, problems).outline(made)


def model_at(document: Any, place: str) -> type[BaseModel] | None:
    """What is edited there: the kind, a way of a choice, or the document itself for ''."""
    if not place:
        return Document
    part, above = _value(document, place), split(place)
    if not isinstance(part, dict):
        return None
    if len(above) > 1 and above[-2] == 'branches':
        return Share if _value(document, place.rsplit('/branches/', 1)[0]).get('do') == 'random' else Branch
    if 'do' in part:
        return kinds_of('step').get(str(part['do']))
    return kinds_of('trigger' if above[0] == 'triggers' else 'condition').get(str(part.get('type')))


def variables(document: Mapping[str, Any], place: str) -> tuple[str, ...]:
    """Names that templates at this place may use."""
    names = dict.fromkeys(ALWAYS)
    triggers = [each for each in _list(document.get('triggers')) if isinstance(each, dict)]
    if any(each.get('type') == 'webhook' for each in triggers):
        names['trigger.payload'] = None
    if any(each.get('type') == 'message' for each in triggers):
        names['trigger.word'] = None
    set_here = document.get('variables')
    names |= dict.fromkeys(f'run.{name}' for name in (set_here if isinstance(set_here, dict) else ()))
    for step in steps_in(document, before=place if place.startswith('steps') else 'steps/0'):
        if step.get('do') == 'ask':
            names['run.answer'] = None
        if step.get('do') == 'foreach' and place.startswith('steps'):
            names[f'run.{step.get("as") or "item"}'] = None
        for name in (step.get('save_as'), step.get('name') if step.get('do') == 'set' else None):
            if isinstance(name, str) and name.count('.'):
                names[name] = None
    return tuple(names)


class _Drawing:
    def __init__(self, document: Mapping[str, Any], problems: list[Problem]) -> None:
        self.document = document
        self.open = _telling([(_real(document, each.place), each.sentence) for each in problems])
        self.numbers: dict[str, int] = {}
        self.named: dict[str, int] = {}
        for number, (place, step) in enumerate(walk(document.get('steps'), 'steps'), 1):
            self.numbers[place] = number
            self.named.setdefault(str(step.get('id', '')), number)

    def outline(self, made: Document | None) -> Outline:
        steps = self._steps('steps')
        conditions, gathers, joins = self._conditions()
        triggers = tuple(self._leaf('trigger', each, f'triggers/{number}')
                         for number, each in enumerate(_list(self.document.get('triggers'))))  # fmt: skip
        return Outline(
            triggers=triggers, conditions=conditions, steps=steps, gathers=gathers, joins=joins,
            faults=tuple(Fault(field=place, sentence=sentence) for place, sentence in self.open),
            numbers=self.numbers, made=made,
        )  # fmt: skip

    # ---- conditions

    def _conditions(self) -> tuple[tuple[Card, ...], str, str]:
        said = self.document.get('conditions')
        if isinstance(said, list):
            return self._judged(said, 'conditions'), 'conditions', 'all'
        for joins in ('all', 'any'):
            if isinstance(said, dict) and isinstance(said.get(joins), list):
                return self._judged(said[joins], f'conditions/{joins}'), f'conditions/{joins}', joins
        return ((self._condition(said, 'conditions'),) if said else ()), '', 'all'

    def _judged(self, said: Any, place: str) -> tuple[Card, ...]:
        return tuple(self._condition(each, f'{place}/{number}') for number, each in enumerate(_list(said)))

    def _condition(self, said: Any, place: str) -> Card:
        tree = next((name for name in TREES if isinstance(said, dict) and name in said), '')
        if tree == 'not' and isinstance(said['not'], dict) and not any(name in said['not'] for name in TREES):
            inner = self._leaf('condition', said['not'], f'{place}/not')
            return Card(place=place, part='condition', kind=inner.kind, label=inner.label, form=inner.place,
                        says=f'not so: {inner.says}', faults=(*inner.faults, *self._faults(place)))  # fmt: skip
        if not tree:
            return self._leaf('condition', said, place)
        below = f'{place}/{tree}'
        cards = (self._condition(said[tree], below),) if tree == 'not' else self._judged(said[tree], below)
        way = Way(word='', says='', list='' if tree == 'not' else below, holds='condition', cards=cards)
        return Card(place=place, part='condition', kind=tree, label=TREES[tree].capitalize(), says=TREES[tree],
                    ways=(way,), faults=self._faults(place))  # fmt: skip

    # ---- steps

    def _steps(self, place: str) -> tuple[Card, ...]:
        steps = _list(_value(self.document, place))
        return tuple(self._step(step, f'{place}/{number}') for number, step in enumerate(steps))

    def _step(self, said: Any, place: str) -> Card:
        kind = str(said.get('do', '')) if isinstance(said, dict) else ''
        ways = tuple(self._ways(said, place)) if isinstance(said, dict) else ()
        return self._leaf('step', said, place, ways=ways, grows=kind in ('choose', 'random'))

    def _ways(self, said: Mapping[str, Any], place: str) -> Iterator[Way]:
        kind, branches = said.get('do'), _list(said.get('branches'))
        for number, branch in enumerate(branches if kind in ('choose', 'random') else ()):
            yield self._way(str(kind), branch if isinstance(branch, dict) else {}, f'{place}/branches/{number}', number)
        if kind == 'choose':
            other = said.get('else')
            goes = self._goes(other) if isinstance(other, str) else ''
            yield Way(word='No' if len(branches) == 1 else 'Otherwise', says='', list=f'{place}/else', holds='step',
                      cards=self._steps(f'{place}/else'), goes=goes,
                      faults=self._faults(f'{place}/else'))  # fmt: skip
        if kind == 'foreach':
            yield Way(word='Do', says='', list=f'{place}/steps', holds='step', cards=self._steps(f'{place}/steps'),
                      faults=self._faults(f'{place}/steps'))  # fmt: skip

    def _way(self, kind: str, branch: Mapping[str, Any], place: str, number: int) -> Way:
        asked = branch.get('if')
        word = f'Way {number + 1}' if kind == 'random' else 'If'
        says = chip(f'{branch.get("weight", 1)} of the shares') if kind == 'random' else ''
        if isinstance(asked, str):
            says = chip(asked or '…')
        judges = f'{place}/if' if kind == 'choose' and isinstance(asked, list) else ''
        cards = self._steps(f'{place}/steps')
        return Way(
            word=word, says=says, list=f'{place}/steps', holds='step', cards=cards, edits=place, judges=judges,
            judged=self._judged(asked, judges) if judges else (), goes=self._goes(branch.get('goto')),
            faults=self._faults(place),
        )  # fmt: skip

    def _goes(self, name: Any) -> str:
        if not name:
            return ''
        number = self.named.get(str(name))
        return f'go to |{number} {name}|' if number else f'go to |{name}|'

    # ---- one card

    def _leaf(self, part: str, said: Any, place: str, **more: Any) -> Card:
        told = said if isinstance(said, dict) else {}
        word = str(told.get('do' if part == 'step' else 'type', ''))
        kind = kinds_of(part).get(word)
        read = _read(kind, told) if kind else None
        label = kind.LABEL if kind else f'Unknown: {word}'
        says = read.says() if read else label[:1].lower() + label[1:]
        return Card(
            place=place, part=part, kind=word, label=label, says=says, note=_note(read) if read else '',
            number=self.numbers.get(place, 0), form=place if kind else '', faults=self._faults(place), **more,
        )  # fmt: skip

    def _faults(self, place: str) -> tuple[Fault, ...]:
        """Those of this place that no part below it has taken yet."""
        mine = [each for each in self.open if each[0] == place or each[0].startswith(f'{place}/')]
        self.open = [each for each in self.open if each not in mine]
        return tuple(Fault(field=where[len(place) + 1 :], sentence=sentence) for where, sentence in mine)


def _all(card: Card) -> Iterator[Card]:
    yield card
    for way in card.ways:
        for below in (*way.judged, *way.cards):
            yield from _all(below)


def _read(kind: type[Kind], said: Mapping[str, Any]) -> Kind | None:
    """Without what stands below it: that has sentences of its own."""
    plain = dict(said)
    if isinstance(plain.get('branches'), list):
        plain['branches'] = [{name: each[name] for name in ('if', 'weight') if name in each}
                             for each in plain['branches'] if isinstance(each, dict)]  # fmt: skip
    plain.pop('else', None)
    if plain.get('do') == 'foreach':
        plain['steps'] = [{'do': 'mark_read'}]
    try:
        return kind.model_validate(plain)
    except ValidationError:
        return None


def _note(part: Kind) -> str:
    said = []
    if isinstance(part, AskStep):
        said = [f'Waits {lasting(part.timeout)} for an answer']
        said += [f'offers {", ".join(part.options)}'] if part.options else []
    if isinstance(part, HttpStep) and part.retry.tries > 1:
        said.append(f'{part.retry.tries} tries')
    if isinstance(part, AskStep) and part.save_as:
        said.append(f'keeps it as {part.save_as}')
    if isinstance(part, StepKind) and part.on_error:
        said.append('goes on if it fails' if part.on_error == 'continue' else f'goes to {part.on_error} if it fails')
    line = ', '.join(said)
    return line[:1].upper() + line[1:]


# ---- problems


def _real(document: Any, place: str) -> str:
    """The place without words that are not in the document: kinds, and what stands twice."""
    found: list[str] = []
    holder = document
    parts = place.split('/') if place else []
    for number, part in enumerate(parts):
        if isinstance(holder, list):
            if part.isdecimal():
                found.append(part)
                holder = holder[int(part)] if int(part) < len(holder) else None
            continue
        if isinstance(holder, dict):
            if part in holder:
                found.append(part)
                holder = holder[part]
            elif part not in (holder.get('do'), holder.get('type')):
                found.append(part)
                holder = None
            continue
        found += [part] if number == len(parts) - 1 and found[-1:] != [part] else []
    return '/'.join(found)


_VAGUE = ('Tuple should have', 'Input should be a valid', 'there is no such kind', 'Value should have')
_WORDS = (
    (r'Field required|it is missing|(String|Value) should have at least 1 (character|item).*', 'this is needed'),
    (r'Tuple should have at least (\d+) items?.*', r'at least \1 is needed'),
    (r"String should match pattern '\^\[A-Za-z_\].*", 'letters, digits and _ only'),
    (r"String should match pattern '\^\(run.*", 'a name like run.order or contact.vars.plan'),
    (r"String should match pattern '\^\[a-z0-9\].*", 'small letters, digits and “-” only'),
    (r"String should match pattern '\^\$.*", 'a time like 09:30'),
    (r'Input should be a valid tuple', 'this is a list'),
)


def _telling(faults: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Without what only says that something below is wrong, and in words for people."""
    places = [place for place, _ in faults]
    kept: list[tuple[str, str]] = []
    for place, sentence in faults:
        vague = sentence.startswith(_VAGUE)
        if vague and any(other != place and (not place or other.startswith(f'{place}/')) for other in places):
            continue
        said = next((re.sub(f'^{was}$', now, sentence) for was, now in _WORDS if re.match(was, sentence)), sentence)
        if not any(place == there for there, _ in kept):
            kept.append((place, said))
    return kept


def _value(document: Any, place: str) -> Any:
    for part in split(place):
        if isinstance(part, int) and isinstance(document, list) and part < len(document):
            document = document[part]
        elif isinstance(document, dict):
            document = document.get(str(part))
        else:
            return None
    return document


def _list(said: Any) -> list[Any]:
    return said if isinstance(said, list) else []
