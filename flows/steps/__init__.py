"""What a flow does: a kind a file, each a model that carries itself out."""

from typing import Annotated

from pydantic import Field

from .base import StepKind
from .choose import Branch, ChooseStep
from .send import SendStep
from .wait import WaitStep

STEPS: tuple[type[StepKind], ...] = (SendStep, ChooseStep, WaitStep)

Step = Annotated[SendStep | ChooseStep | WaitStep, Field(discriminator='do')]

for holder in (Branch, ChooseStep):
    holder.model_rebuild(_types_namespace={'Step': Step})

__all__ = ['STEPS', 'Step', 'StepKind']
