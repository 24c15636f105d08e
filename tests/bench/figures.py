"""A measured figure beside what was promised, and how all of them are shown."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """`good`: whether the target is kept, None where there is none. `raw`: the numbers behind it."""

    name: str
    measured: str
    target: str = ''
    good: bool | None = None
    raw: Mapping[str, object] = field(default_factory=dict)


def table(figures: Sequence[Figure]) -> str:
    lines = ['| figure | target | measured | |', '|---|---|---|---|']
    for each in figures:
        verdict = {True: 'ok', False: '**missed**', None: ''}[each.good]
        lines.append(f'| {each.name} | {each.target} | {each.measured} | {verdict} |')
    return '\n'.join(lines)


def keep(figures: Sequence[Figure], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps([asdict(each) for each in figures], indent=1) + '\n')


def percentile(values: Sequence[float], part: float) -> float:
    """*part* between 0 and 1."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def ms(values: Sequence[float], part: float) -> float:
    """A percentile of seconds, in milliseconds."""
    return percentile(values, part) * 1000


def middle(values: Sequence[float]) -> float:
    return median(values)
