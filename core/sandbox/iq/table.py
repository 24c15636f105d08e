"""Who answers which query."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from core.sandbox.node import Node
from core.sandbox.people import Device

if TYPE_CHECKING:
    from core.sandbox.relay import Relay


class Asker(Protocol):
    """A client's session, or a phone."""

    @property
    def relay(self) -> 'Relay': ...

    @property
    def device(self) -> Device | None: ...

    @property
    def known(self) -> Device:
        """The device that asks. Raises Refused when it is not logged in."""
        ...


# (who asks, the whole query, its first child or an empty node) -> the children of the result
Handler = Callable[[Asker, Node, Node], list[Node]]
HANDLERS: dict[tuple[str, str], Handler] = {}
NOT_FOUND = (404, 'item-not-found')


class Refused(Exception):
    """The query fails with WhatsApp's error *code*."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f'{code} {text}')
        self.code, self.text = code, text


def on(xmlns: str, *tags: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        HANDLERS.update({(xmlns, tag): handler for tag in tags or ('',)})
        return handler

    return register


def nothing(_asker: Asker, _node: Node, _first: Node) -> list[Node]:
    return []
