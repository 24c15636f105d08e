"""Ask a question and wait for the answer."""

import re
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import phonenumbers
import regex
from pydantic import Field, model_validator

from core.contents import checked_poll, kept
from core.events import Poll
from core.outbox import Saying

from ..effects import Say
from ..matching import fits_pattern, folded, words
from ..parts import Goto, Part, Place, Span, Template, chip
from .base import End, GoTo, Next, Outcome, StepKind, Wait, Woken

if TYPE_CHECKING:
    from ..turn import Turn

EMAIL = r'[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+'
YES = {'yes', 'y', 'yeah', 'ok', 'okay', 'sure', 'si', 'sim', 'ja', 'oui', 'da', 'ya', 'evet', 'tak', 'haan', '1', '👍'}
NO = {'no', 'n', 'nope', 'nao', 'nein', 'non', 'nee', 'net', 'tidak', 'hayir', 'nie', 'nahi', '0', '2', '👎'}


class Expect(Part):
    """What counts as an answer. `min` and `max`: of a number, or characters of a text."""

    type: Literal['text', 'number', 'email', 'phone', 'yes_no', 'choice', 'regex', 'media', 'any'] = Field(
        default='text', title='A'
    )
    pattern: str = Field(default='', max_length=500, title='Pattern', description='Only for “regex”.')
    min: float | None = Field(default=None, title='At least')
    max: float | None = Field(default=None, title='At most')

    @model_validator(mode='after')
    def _readable(self) -> 'Expect':
        if self.type == 'regex':
            if not self.pattern:
                raise ValueError('there is no pattern to compare with')
            try:
                regex.compile(self.pattern)
            except regex.error as error:
                raise ValueError(f'the pattern is not a regular expression: {error}') from error
        return self


class AskStep(StepKind):
    """With `options` the answer is one of them, by its number or its words; `poll`: they are shown as a poll."""

    LABEL: ClassVar[str] = 'Ask'
    ABOUT: ClassVar[str] = 'Asks a question and goes on with the answer.'

    do: Literal['ask'] = 'ask'
    text: Template = Field(min_length=1, title='Question')
    options: tuple[Template, ...] = Field(
        default=(), max_length=12, title='Choices', json_schema_extra={'form': 'words'}
    )
    poll: bool = Field(default=False, title='Show the choices as a poll')
    expect: Expect = Field(default=Expect(), title='The answer is')
    save_as: Place | None = Field(default=None, title='Keep it as', description='run.name or contact.vars.name')
    retries: int = Field(default=2, ge=0, le=10, title='Ask again, at most')
    invalid: Template = Field(default='', title='When it is no such answer, say')
    timeout: Span = Field(default='24h', validate_default=True, title='Wait at most')
    on_timeout: Goto = Field(default='', title='If nobody answers, go to')
    on_invalid: Goto = Field(default='', title='If it is never understood, go to')

    @model_validator(mode='after')
    def _choices(self) -> 'AskStep':
        if self.poll and len(self.options) < 2:
            raise ValueError('a poll has at least two choices')
        if self.expect.type == 'choice' and not self.options:
            raise ValueError('there is nothing to choose from: options are missing')
        return self

    def says(self) -> str:
        return f'ask {chip(self.text)}'

    def goes_to(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.on_timeout, self.on_invalid)))

    def run(self, turn: 'Turn') -> Outcome:
        turn.run.loops[turn.path] = {'tries': 0}
        options = [turn.fill(option).strip() for option in self.options]
        turn.do(Say(saying=self._question(turn.fill(self.text), options)))
        turn.tell('Asked', options=options) if options else turn.tell('Asked')
        return self._waits(turn)

    def _question(self, text: str, options: list[str]) -> Saying:
        if self.poll:
            poll = checked_poll(Poll(name=text, options=tuple(options), multiple=False))
            return Saying(kind='poll', text=text, content=kept(poll))
        lines = [f'{number}. {option}' for number, option in enumerate(options, 1)]
        return Saying(text='\n'.join([text, '', *lines]) if lines else text)

    def _waits(self, turn: 'Turn') -> Wait:
        return Wait(kind='answer', until=turn.now + self.timeout, about='an answer')

    def wake(self, turn: 'Turn', woken: Woken) -> Outcome:
        if woken.by == 'time':
            turn.tell('Nobody answered in time')
            return self._otherwise(self.on_timeout, 'Nobody answered in time.')
        value = self._value(turn, woken)
        if value is not None:
            if self.save_as:
                turn.store(self.save_as, value)
            turn.keep('answer', value)
            turn.tell('Got an answer', answer=value)
            return Next()
        state = turn.run.loops.setdefault(turn.path, {'tries': 0})
        state['tries'] += 1
        if state['tries'] > self.retries:
            turn.tell('Not understood, and not asked again', said=woken.facts.get('text', ''))
            return self._otherwise(self.on_invalid, 'The answer was not understood.')
        turn.do(Say(saying=Saying(text=turn.fill(self.invalid or self.text))))
        turn.tell('Not understood, asked again', said=woken.facts.get('text', ''))
        return self._waits(turn)

    def _otherwise(self, goto: str, reason: str) -> Outcome:
        return GoTo(name=goto) if goto else End(state='stopped', reason=reason)

    def _value(self, turn: 'Turn', woken: Woken) -> Any:
        """None: it is no such answer."""
        said = str(woken.facts.get('text', '')).strip()
        if self.options:
            options = [turn.fill(option).strip() for option in self.options]
            voted = woken.facts.get('options')
            return _chosen(voted[0] if voted else said, options)
        kind = woken.facts.get('kind', 'text')
        if self.expect.type == 'any':
            return said or kind
        if self.expect.type == 'media':
            return None if kind in ('text', 'contact', 'location') else str(woken.facts.get('message', ''))
        return read_answer(said, self.expect) if said else None


def _chosen(said: str, options: list[str]) -> str | None:
    number = said.strip(' .)')
    if number.isdecimal() and 1 <= int(number) <= len(options):
        return options[int(number) - 1]
    wanted = words(folded(said))
    return next((option for option in options if words(folded(option)) == wanted), None)


def read_answer(said: str, expect: Expect) -> Any:
    """What somebody meant, or None when that is no such answer."""
    match expect.type:
        case 'number':
            return _number(said, expect)
        case 'email':
            return said.lower() if re.fullmatch(EMAIL, said) else None
        case 'phone':
            return _phone(said)
        case 'yes_no':
            plain = words(folded(said)) or said
            return True if plain in YES else False if plain in NO else None
        case 'regex':
            return said if fits_pattern(expect.pattern, said) else None
        case _:
            return said if (expect.min or 0) <= len(said) <= (expect.max or 65_536) else None


def _number(said: str, expect: Expect) -> int | float | None:
    if not re.fullmatch(r'[+-]?\d{1,15}([.,]\d{1,6})?', said):
        return None
    value = float(said.replace(',', '.'))
    if value < (expect.min if expect.min is not None else value) or value > (
        expect.max if expect.max is not None else value
    ):
        return None
    return int(value) if value.is_integer() else value


def _phone(said: str) -> str | None:
    try:
        number = phonenumbers.parse(said if said.startswith('+') else f'+{said}')
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
