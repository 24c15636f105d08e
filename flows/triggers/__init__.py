"""What may start a flow: a kind a file, each a model that says whether an occasion is the one it waits for."""

from typing import Annotated, Any

from pydantic import Field

from .message import MessageTrigger

Trigger = Annotated[MessageTrigger, Field()]
TRIGGERS: tuple[type[Any], ...] = (MessageTrigger,)
