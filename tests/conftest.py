"""The order of the files, which is the order in which workers fetch them (`--no-loadscope-reorder`)."""

from itertools import groupby
from operator import itemgetter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
WAITING, WORKING = ('stories', 'host'), ('ui',)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, so that no worker is left alone with one in the end; those that mostly wait take turns
    with those that keep the machine busy."""
    files = [(folder, list(those)) for folder, those in groupby(items, key=lambda item: item.path)]
    waiting = [file for name in WAITING for file in files if _folder(file[0]) == name]
    working = [file for name in WORKING for file in files if _folder(file[0]) == name]
    long = sorted([*_spread(waiting), *_spread(working)], key=itemgetter(0))
    short = [file for file in files if _folder(file[0]) not in WAITING + WORKING]
    items[:] = [item for _, those in [*(file for _, file in long), *short] for item in those]


def _folder(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


def _spread(files: list[tuple[Path, list[pytest.Item]]]) -> list[tuple[float, tuple[Path, list[pytest.Item]]]]:
    """Each with its place between 0 and 1."""
    return [((place + 0.5) / len(files), file) for place, file in enumerate(files)]
