"""A part of a page that is drawn anew only when what it shows has changed."""

from collections.abc import Callable
from typing import Generic, TypeVar

from .pieces import box

T = TypeVar('T')


class Part(Generic[T]):
    """`draw(value)` fills it; the same value again leaves it alone, and with it the reader's focus."""

    def __init__(self, draw: Callable[[T], object], classes: str = '', tag: str = 'div') -> None:
        self.draw = draw
        self.around = box(f'part {classes}', tag)
        self._shown: T | None = None

    def show(self, value: T) -> None:
        if value == self._shown:
            return
        self._shown = value
        self.around.clear()
        with self.around:
            self.draw(value)
