"""Whether a text is what a flow waits for."""

import unicodedata
from functools import lru_cache
from typing import Any, Literal

import regex
from pydantic import Field, field_validator, model_validator
from rapidfuzz import fuzz

from .parts import Part, Words, listed

Op = Literal['any', 'equals', 'keyword', 'contains', 'starts_with', 'regex', 'fuzzy']
REGEX_LASTS = 0.05  # seconds; a pattern that needs longer for one message has gone wild
LOOKED_AT = 4_096  # characters of a text
SHORT = 200


class Match(Part):
    """How the text is compared. `fold`: capitals and accents do not matter. `ratio`: how alike is alike, of 100."""

    op: Op = Field(default='keyword', title='How to compare')
    values: Words = Field(default=(), title='Words', description='Any one of them is enough.')
    fold: bool = Field(default=True, title='Ignore capitals and accents')
    ratio: int = Field(default=85, ge=50, le=100, title='How alike, in %', description='Only for “fuzzy”.')

    @model_validator(mode='after')
    def _has_values(self) -> 'Match':
        if self.op != 'any' and not self.values:
            raise ValueError('there is no word to look for')
        return self

    @field_validator('values')
    @classmethod
    def _patterns(cls, values: tuple[str, ...], info: Any) -> tuple[str, ...]:
        if info.data.get('op') == 'regex':
            for value in values:
                try:
                    regex.compile(value)
                except regex.error as error:
                    raise ValueError(f'“{value[:60]}” is not a regular expression: {error}') from error
        return values


BEGIN = {
    'equals': 'exactly', 'contains': 'something with', 'starts_with': 'something that begins with',
    'regex': 'something like', 'fuzzy': 'about',
}  # fmt: skip


def match_says(match: Match) -> str:
    if match.op == 'any':
        return '|anything|'
    return f'{BEGIN.get(match.op, "")} {listed(match.values)}'.strip()


def matches(match: Match, text: str) -> str | None:
    """The word that was found ('' for op any), or None. A pattern that takes too long has found nothing."""
    if match.op == 'any':
        return ''
    text = text[:LOOKED_AT]
    if match.op == 'regex':
        return next((value for value in match.values if _regex(value, text, match.fold)), None)
    said = folded(text) if match.fold else text
    for value in match.values:
        if _found(match, folded(value) if match.fold else value, said):
            return value
    return None


def _found(match: Match, value: str, said: str) -> bool:
    match match.op:
        case 'equals':
            return said.strip() == value.strip()
        case 'contains':
            return value in said
        case 'starts_with':
            return said.lstrip().startswith(value)
        case 'fuzzy':
            return fuzz.ratio(words(value), words(said), score_cutoff=match.ratio) > 0
        case _:
            return f' {words(value)} ' in f' {words(said)} '


def _regex(pattern: str, text: str, fold: bool) -> bool:
    try:
        return _compiled(pattern, fold).search(text, timeout=REGEX_LASTS) is not None
    except TimeoutError:
        return False


@lru_cache(maxsize=2_000)
def _compiled(pattern: str, fold: bool) -> 'regex.Pattern[str]':
    return regex.compile(pattern, regex.IGNORECASE | regex.FULLCASE if fold else 0)


def fits_pattern(pattern: str, text: str) -> bool:
    """The whole of `text`, within the same time; raises nothing."""
    try:
        return _compiled(pattern, True).fullmatch(text[:LOOKED_AT], timeout=REGEX_LASTS) is not None
    except TimeoutError:
        return False


def words(text: str) -> str:
    return _words_of_short(text) if len(text) <= SHORT else _words(text)


def folded(text: str) -> str:
    """Without capitals and accents, in every script."""
    return _folded_short(text) if len(text) <= SHORT else _folded(text)


def _words(text: str) -> str:
    return ' '.join(''.join(c if c.isalnum() else ' ' for c in text).split())


def _folded(text: str) -> str:
    plain = unicodedata.normalize('NFKD', text.casefold())
    return ''.join(c for c in plain if not unicodedata.combining(c))


# What flows look for, and what most people write. Long texts hardly ever come twice, and thousands of them are heavy.
_words_of_short = lru_cache(maxsize=5_000)(_words)
_folded_short = lru_cache(maxsize=5_000)(_folded)
