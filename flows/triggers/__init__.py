"""What may start a flow: a kind a file, each a model that says whether an occasion is the one it waits for."""

from typing import Annotated

from pydantic import Field

from .answer import AnswerTrigger
from .base import TriggerKind
from .by_hand import ApiTrigger, ManualTrigger
from .contact import ContactCreatedTrigger, ContactUpdatedTrigger
from .flow_error import FlowErrorTrigger
from .group_change import GroupJoinTrigger, GroupLeaveTrigger
from .inactivity import InactivityTrigger
from .message import MessageTrigger
from .reaction import ReactionTrigger
from .schedule import ScheduleTrigger
from .session_state import SessionStateTrigger
from .status import StatusTrigger
from .unanswered import UnansweredTrigger
from .webhook import WebhookTrigger

# In the order in which people are offered them.
TRIGGERS: tuple[type[TriggerKind], ...] = (
    MessageTrigger, AnswerTrigger, ReactionTrigger, InactivityTrigger, UnansweredTrigger, ScheduleTrigger,
    WebhookTrigger, StatusTrigger, GroupJoinTrigger, GroupLeaveTrigger, ContactCreatedTrigger, ContactUpdatedTrigger,
    SessionStateTrigger, FlowErrorTrigger, ManualTrigger, ApiTrigger,
)  # fmt: skip

Trigger = Annotated[
    MessageTrigger | AnswerTrigger | ReactionTrigger | InactivityTrigger | UnansweredTrigger | ScheduleTrigger
    | WebhookTrigger | StatusTrigger | GroupJoinTrigger | GroupLeaveTrigger | ContactCreatedTrigger
    | ContactUpdatedTrigger | SessionStateTrigger | FlowErrorTrigger | ManualTrigger | ApiTrigger,
    Field(discriminator='type'),
]  # fmt: skip

__all__ = ['TRIGGERS', 'Trigger', 'TriggerKind']
