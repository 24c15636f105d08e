"""Fills templates like “Hi {{ contact.name }}” with values, in the one sandbox.

Most templates only show values. Those that can do nothing else (an allow-list of what they are made of, few parts,
small values; `filling/reading.py`) are filled at once by whoever asks: they cannot loop, call, keep or repeat anything,
so what they cost is bounded by the length of the values. All others are filled in a process of their own
(`filling/fillers.py`) that has little memory and is killed after a second. There is no third way: without that process
a costly template is not filled.
"""

import logging
from collections.abc import Mapping
from typing import Any, cast

from .errors import NoFiller, Unfillable
from .filling.fillers import Fillers
from .filling.filters import CAPTION_MOST, TEXT_MOST
from .filling.lint import Finding, findings, mistake, names
from .filling.plain import VALUES_MOST, Plain, Prepared, too_many
from .filling.reading import Reading, read
from .filling.rendering import Kept, Wanted, text, value

__all__ = [
    'CAPTION_MOST', 'TEXT_MOST', 'Finding', 'Plain', 'Prepared', 'close', 'compiled', 'evaluate', 'fill', 'lint',
    'names', 'prepared',
]  # fmt: skip

log = logging.getLogger(__name__)

HARMLESS_WEIGHT = 16_384  # characters of values; some hundred passes over them take milliseconds

_kept = Kept()
_fillers = Fillers()  # starts nothing before it is needed


def fill(source: str, values: Mapping[str, Any]) -> str:
    """The text of `source` with plain `values`: dicts, lists, strings, numbers, times; never rows.

    Raises Unfillable (an Invalid) with the line and the template's own complaint: a syntax error, an unknown name, too
    much of something; and NoFiller when the process for costly templates cannot be had.
    """
    return cast(str, _filled('text', source, values))


def evaluate(source: str, values: Mapping[str, Any]) -> Plain:
    """What `{{ expression }}` comes to, as it is: true, a number, a list …; with text around it the filled text.

    A text stays a text: '0155' does not become a number. Raises like `fill`.
    """
    return _filled('value' if compiled(source).alone else 'text', source, values)


def prepared(values: Mapping[str, Any]) -> Prepared:
    """The same values for many templates: looked at once, instead of by each. Raises Unfillable if one is not plain."""
    return Prepared(values)


def compiled(source: str) -> Reading:
    """Checks the source; costs nothing the second time, and never needs another process. Raises Unfillable."""
    return read(source)


def lint(source: str, known: Mapping[str, object], *, most: int = TEXT_MOST) -> list[Finding]:
    """Everything to tell the writer, in the order of the source; raises nothing.

    `known`: what there will be, like sample values. In it a mapping has these keys and no others, None is a value that
    may be empty, `...` one that may be missing and may hold anything; all else is always there. `most`: TEXT_MOST or
    CAPTION_MOST.
    """
    found = findings(source, known, most)
    try:
        reading = compiled(source)
        if reading.harmless:
            _kept.of('text', source)
        else:
            _fillers.ask('text', source, None)
    except Unfillable as error:  # some mistakes show only when it is compiled
        return [mistake(error), *(each for each in found if each.kind != 'mistake')]
    except NoFiller as error:
        log.warning('a template was not checked to the end: %s', error)
    return found


def close() -> None:
    """Ends the processes. They end by themselves when this one does; filling again starts them again."""
    _fillers.close()


def _filled(wanted: Wanted, source: str, values: Mapping[str, Any]) -> Plain:
    reading = compiled(source)
    wanted_names = [name for name in reading.reads if name in values]
    given = values if isinstance(values, Prepared) else Prepared({name: values[name] for name in wanted_names})
    known, weight = {name: given[name] for name in wanted_names}, sum(given.weights[name] for name in wanted_names)
    if weight > VALUES_MOST:
        raise too_many()
    if not reading.harmless or weight > HARMLESS_WEIGHT:
        return _fillers.ask(wanted, source, known)
    template = _kept.of(wanted, source)
    return text(template, known) if wanted == 'text' else value(template, known)
