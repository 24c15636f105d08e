"""Finds, among many flows, the few that an occasion can start."""

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from .matching import folded, words
from .occasion import Occasion
from .triggers.message import MessageTrigger

if TYPE_CHECKING:
    from .flow import Document
    from .triggers import Trigger


class Holder(Protocol):
    @property
    def document(self) -> 'Document': ...


H = TypeVar('H', bound=Holder)


class Index(Generic[H]):
    """`flows` in the order in which they are asked.

    A flow that waits for certain words is looked up by the first word of each of them; whoever wants to know why the
    others did not match asks `all_for`.
    """

    def __init__(self, flows: tuple[H, ...]) -> None:
        self.flows = flows
        self._by_kind: dict[str, list[int]] = defaultdict(list)
        self._always: list[int] = []  # those for messages that cannot be found by a word
        self._by_word: dict[str, set[int]] = defaultdict(set)
        for number, flow in enumerate(flows):
            for kind in {trigger.type for trigger in flow.document.triggers}:
                self._by_kind[kind].append(number)
            self._sort_in(number, flow.document.triggers)

    def _sort_in(self, number: int, triggers: 'tuple[Trigger, ...]') -> None:
        for trigger in triggers:
            if not isinstance(trigger, MessageTrigger):
                continue
            if trigger.match.op in ('keyword', 'equals'):
                for value in trigger.match.values:
                    self._by_word[_first(value)].add(number)
            elif number not in self._always:
                self._always.append(number)

    def __iter__(self) -> Iterator[H]:
        return iter(self.flows)

    def __len__(self) -> int:
        return len(self.flows)

    def has(self, kind: str) -> bool:
        """Whether any flow looks at occasions of this kind."""
        return kind in self._by_kind

    def all_for(self, kind: str) -> list[H]:
        """Every flow with a trigger of this kind."""
        return [self.flows[number] for number in self._by_kind.get(kind, ())]

    def candidates(self, occasion: Occasion) -> list[H]:
        """Those that may match; the others certainly do not."""
        if occasion.kind != 'message':
            return self.all_for(occasion.kind)
        found = set(self._always)
        for word in set(words(folded(occasion.text[:4_096])).split()):
            found |= self._by_word.get(word, set())
        found |= self._by_word.get('', set())
        return [self.flows[number] for number in sorted(found)]


def _first(value: str) -> str:
    """The first word of what is looked for, without capitals and accents; '' when it holds no letter."""
    return next(iter(words(folded(value)).split()), '')
