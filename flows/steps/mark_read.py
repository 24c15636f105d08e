"""Mark the chat as read."""

from typing import TYPE_CHECKING, ClassVar, Literal

from ..effects import MarkRead
from .base import Next, Outcome, StepKind

if TYPE_CHECKING:
    from ..turn import Turn


class MarkReadStep(StepKind):
    LABEL: ClassVar[str] = 'Mark as read'
    ABOUT: ClassVar[str] = 'The chat is not unread any more, and the other side sees blue ticks.'

    do: Literal['mark_read'] = 'mark_read'

    def says(self) -> str:
        return 'mark the chat as read'

    def run(self, turn: 'Turn') -> Outcome:
        turn.do(MarkRead())
        turn.tell('Marked as read')
        return Next()
