"""Tell webhooks that something happened."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from ..effects import Emit
from ..parts import Key, chip
from .base import Next, Outcome, StepKind

if TYPE_CHECKING:
    from ..turn import Turn


class WebhookStep(StepKind):
    """The event `flow.event`, which every webhook and stream that listens to it gets, with `values` worked out."""

    LABEL: ClassVar[str] = 'Tell webhooks'
    ABOUT: ClassVar[str] = 'Sends an event of its own to the webhooks that listen to flow.event.'

    do: Literal['webhook'] = 'webhook'
    name: Key = Field(title='Name of the event')
    values: dict[str, Any] = Field(
        default_factory=dict, max_length=50, title='With', json_schema_extra={'form': 'rows'}
    )

    def says(self) -> str:
        return f'tell webhooks of {chip(self.name)}'

    def run(self, turn: 'Turn') -> Outcome:
        values = turn.filled(self.values)
        turn.do(Emit(name=self.name, values=values))
        turn.tell(f'Told webhooks of {self.name}', values=values)
        return Next()
