"""What must be true before a flow runs: a tree of all, any and not, whose leaves are a kind a file."""

from typing import Annotated, Any, Union

from pydantic import Discriminator, Field, Tag

from .base import ConditionKind, Judged
from .business_hours import BusinessHoursCondition
from .chat import ChatCondition
from .contact import ContactCondition
from .template import TemplateCondition
from .tree import AllOf, AnyOf, NotOf
from .variable import VariableCondition
from .window import WindowCondition

TREE = ('all', 'any', 'not')


def _which(value: Any) -> str:
    """Which of the union a part of a document means; pydantic's own error tells a name that is none of them."""
    if isinstance(value, dict):
        return next((name for name in TREE if name in value), str(value.get('type', '')))
    return next((name for name, kind in BRANCHES.items() if isinstance(value, kind)), getattr(value, 'type', ''))


BRANCHES: dict[str, type[Any]] = {'all': AllOf, 'any': AnyOf, 'not': NotOf}
CONDITIONS: tuple[type[ConditionKind], ...] = (
    ContactCondition, VariableCondition, WindowCondition, BusinessHoursCondition, ChatCondition, TemplateCondition,
)  # fmt: skip

Condition = Annotated[
    Union[  # noqa: UP007  (written once, read by pydantic)
        Annotated[AllOf, Tag('all')],
        Annotated[AnyOf, Tag('any')],
        Annotated[NotOf, Tag('not')],
        Annotated[ContactCondition, Tag('contact')],
        Annotated[VariableCondition, Tag('var')],
        Annotated[WindowCondition, Tag('window')],
        Annotated[BusinessHoursCondition, Tag('business_hours')],
        Annotated[ChatCondition, Tag('chat')],
        Annotated[TemplateCondition, Tag('template')],
    ],
    Discriminator(_which),
]
Conditions = Annotated[tuple[Condition, ...], Field(max_length=50)]

for branch in BRANCHES.values():
    branch.model_rebuild(_types_namespace={'Condition': Condition})

__all__ = ['CONDITIONS', 'Condition', 'Conditions', 'Judged']
