"""What the parts of a flow document are made of: strict values, times as people write them, checked templates."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from core.errors import Invalid
from core.fill import compiled, names

UNITS = {'s': 1, 'm': 60, 'h': 3_600, 'd': 86_400, 'w': 604_800}
SPAN = re.compile(r'(\d+(?:\.\d+)?)\s*([smhdw])')
LONGEST_SPAN = timedelta(days=366)
TEXT_MOST = 4_096


class Part(BaseModel):
    """Unknown keys are refused: a misspelt one would silently do nothing."""

    model_config = ConfigDict(extra='forbid', frozen=True, populate_by_name=True)


class Kind(Part):
    """One kind of trigger, condition or step. `LABEL` names it in a list, `ABOUT` says in a sentence what it does.

    A field's `title` and `description` label it in the form; its `json_schema_extra['form']` chooses the control:
    line, text, template, expression, span, words, number, switch, choice, session, flow, tag, step, zone, rows.
    """

    LABEL: ClassVar[str]
    ABOUT: ClassVar[str]

    def says(self) -> str:
        """A clause of a card, for people to read: “answer |hello|”. What stands between bars is a value."""
        return self.LABEL[:1].lower() + self.LABEL[1:]


def listed(values: Iterable[str], most: int = 8) -> str:
    """|hi|, |hello| or |hey|"""
    given = list(values)
    chips = [chip(value) for value in given[:most]]
    if len(given) > most:
        chips.append(f'{len(given) - most} more')
    return ' or '.join(filter(None, (', '.join(chips[:-1]), chips[-1]))) if chips else '|anything|'


def chip(value: object) -> str:
    """A value between bars, on one line."""
    text = ' '.join(str(value).replace('|', '¦').split())
    return f'|{text if len(text) <= 120 else text[:119] + "…"}|'


def lasting(span: timedelta) -> str:
    """1 h 30 m"""
    left, said = int(span.total_seconds()), []
    for letter in ('w', 'd', 'h', 'm', 's'):
        count, left = divmod(left, UNITS[letter])
        if count:
            said.append(f'{count} {letter}')
    return ' '.join(said) or 'a moment'


def span_of(said: Any) -> timedelta:
    """'90s', '1h 30m', '2d' or a number of seconds; raises ValueError."""
    if isinstance(said, timedelta):
        return said
    if isinstance(said, bool) or not isinstance(said, int | float | str):
        raise ValueError('a time is written as 30s, 10m, 2h or 1d')
    text = str(said).strip().lower()
    if re.fullmatch(r'\d+(\.\d+)?', text):
        text += 's'
    if not re.fullmatch(rf'({SPAN.pattern}\s*)+', text):
        raise ValueError('a time is written as 30s, 10m, 2h or 1d')
    seconds = sum(float(number) * UNITS[unit] for number, unit in SPAN.findall(text))
    if not 0 < seconds <= LONGEST_SPAN.total_seconds():
        raise ValueError('a time is at least a moment and at most a year')
    return timedelta(seconds=seconds)


def _checked(source: str) -> str:
    _compiled(source)
    if has_secret(source):
        raise ValueError('a secret may only be in the address, the headers and the body of a request (http)')
    return source


def _compiled(source: str) -> str:
    try:
        compiled(source)
    except Invalid as error:
        raise ValueError(str(error).rstrip('.')) from error
    return source


def has_secret(what: Any) -> bool:
    """Whether a template, or one in a list or mapping, shows a secret. Raises Invalid for one that is not right."""
    if isinstance(what, str):
        return 'secret' in what and 'secret' in compiled(what).reads and 'secret' in names(what)
    if isinstance(what, Mapping):
        return any(map(has_secret, what.values()))
    return isinstance(what, list | tuple) and any(map(has_secret, what))


def _words(words: Iterable[str]) -> Any:
    found = tuple(words)
    if any(not word.strip() or len(word) > 200 for word in found):
        raise ValueError('a word to look for has 1 to 200 characters')
    return found


def _near(moment: datetime) -> datetime:
    if not 2000 <= moment.year < 2100:
        raise ValueError('a time to try out is in this century')
    return moment


Moment = Annotated[datetime, AfterValidator(_near)]
Span = Annotated[
    timedelta,
    BeforeValidator(span_of),
    WithJsonSchema({'type': ['string', 'number'], 'examples': ['30s', '10m', '2h', '1d'], 'form': 'span'}),
]
Template = Annotated[str, AfterValidator(_checked), Field(max_length=16_384, json_schema_extra={'form': 'template'})]
# The same where `{{ secret.name }}` is allowed.
Confidential = Annotated[
    str, AfterValidator(_compiled), Field(max_length=16_384, json_schema_extra={'form': 'template'})
]
# What is worked out rather than written: `{{ run.total > 100 }}`.
Expression = Annotated[
    str, AfterValidator(_checked), Field(min_length=1, max_length=4_096, json_schema_extra={'form': 'expression'})
]
Words = Annotated[tuple[str, ...], AfterValidator(_words), Field(max_length=50, json_schema_extra={'form': 'words'})]
# Of a step or trigger: what others go to, and what the trace calls it.
Name = Annotated[str, Field(pattern=r'^[A-Za-z_][A-Za-z0-9_-]{0,47}$', json_schema_extra={'form': 'line'})]
Goto = Annotated[str, Field(max_length=48, json_schema_extra={'form': 'step'})]
# `run.total`, `contact.vars.plan`
Place = Annotated[
    str, Field(pattern=r'^(run|contact\.vars)\.[A-Za-z_][A-Za-z0-9_]{0,47}$', json_schema_extra={'form': 'line'})
]
Tag = Annotated[str, Field(min_length=1, max_length=64, json_schema_extra={'form': 'tag'})]
Key = Annotated[str, Field(pattern=r'^[a-z0-9][a-z0-9-]{0,62}$')]
