"""Start another flow."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from core.errors import Conflict

from ..effects import StartFlow
from ..parts import Goto, Key, Name, Place, chip
from .base import GoTo, Next, Outcome, StepKind, Wait, Woken

if TYPE_CHECKING:
    from ..turn import Turn


class CallFlowStep(StepKind):
    """It runs on its own, in the same chat, with `values` as `run.*`. `wait`: go on only when it is over.

    `save_as` keeps its variables then.
    """

    LABEL: ClassVar[str] = 'Start a flow'
    ABOUT: ClassVar[str] = 'Starts another flow in this chat, and waits for its end or not.'

    do: Literal['call_flow'] = 'call_flow'
    flow: Key = Field(title='Flow', json_schema_extra={'form': 'flow'})
    values: dict[Name, Any] = Field(default_factory=dict, title='With', json_schema_extra={'form': 'rows'})
    wait: bool = Field(default=True, title='Wait until it is over')
    save_as: Place | None = Field(default=None, title='Keep its variables as')
    on_failure: Goto = Field(default='', title='If it fails, go to')

    def says(self) -> str:
        return f'start the flow {chip(self.flow)}'

    def goes_to(self) -> tuple[str, ...]:
        return (self.on_failure,) if self.on_failure else ()

    def run(self, turn: 'Turn') -> Outcome:
        id = turn.doors.new_id()
        turn.do(StartFlow(key=self.flow, run=id, values=turn.filled(self.values)))
        turn.tell(f'Started {self.flow}', run=id)
        if not self.wait:
            return Next()
        return Wait(kind='run', key=id, about=f'the flow {self.flow}')

    def wake(self, turn: 'Turn', woken: Woken) -> Outcome:
        state = str(woken.facts.get('state', 'timeout'))
        if self.save_as and 'values' in woken.facts:
            turn.store(self.save_as, woken.facts['values'])
        turn.tell(f'It ended: {state}')
        if state in ('finished', 'stopped'):
            return Next()
        if self.on_failure:
            return GoTo(name=self.on_failure)
        raise Conflict(f'The flow {self.flow} did not come to its end: {state.replace("_", " ")}.')
