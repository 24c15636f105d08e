"""What a flow does: a kind a file, each a model that carries itself out."""

from typing import Annotated

from pydantic import Field

from .ai_reply import AiReplyStep
from .ask import AskStep
from .assign import AssignStep
from .base import StepKind
from .call_flow import CallFlowStep
from .choose import Branch, ChooseStep
from .foreach import ForeachStep
from .group import GroupStep
from .handoff import HandoffStep
from .http import HttpStep
from .log import LogStep
from .mark_read import MarkReadStep
from .opt_out import OptOutStep
from .random import RandomStep, Share
from .react import ReactStep
from .send import SendStep
from .set import SetStep
from .stop import StopStep
from .tag import TagStep
from .wait import WaitStep
from .webhook import WebhookStep

# In the order in which people are offered them.
STEPS: tuple[type[StepKind], ...] = (
    SendStep, AskStep, ChooseStep, WaitStep, HandoffStep, SetStep, TagStep, GroupStep, AssignStep, HttpStep,
    WebhookStep, CallFlowStep, ForeachStep, RandomStep, ReactStep, MarkReadStep, OptOutStep, AiReplyStep, LogStep,
    StopStep,
)  # fmt: skip

Step = Annotated[
    SendStep | AskStep | ChooseStep | WaitStep | HandoffStep | SetStep | TagStep | GroupStep | AssignStep | HttpStep
    | WebhookStep | CallFlowStep | ForeachStep | RandomStep | ReactStep | MarkReadStep | OptOutStep | AiReplyStep
    | LogStep | StopStep,
    Field(discriminator='do'),
]  # fmt: skip

for holder in (Branch, ChooseStep, Share, RandomStep, ForeachStep):
    holder.model_rebuild(_types_namespace={'Step': Step})

__all__ = ['STEPS', 'Step', 'StepKind']
