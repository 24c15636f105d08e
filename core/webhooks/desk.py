"""Everything about webhooks, put together."""

from collections.abc import Callable

from data.webhooks import Webhook

from ..fetch import Guard
from ..news import NewsDesk
from ..seal import Seal
from ..world import World
from .bodies import event_body
from .book import Book
from .circuit import Circuit
from .courier import Courier
from .endpoints import Endpoints
from .intake import Intake
from .replay import Replay


class Webhooks:
    """From now on every event that is told is also written down for whoever wants it, and brought to them."""

    def __init__(
        self, world: World, desk: NewsDesk, seal: Seal, guard: Guard, *, chance: Callable[[float, float], float]
    ) -> None:
        self.endpoints = Endpoints(seal)
        self.book = Book(world, desk, self.endpoints, guard)

        def tell(kind: str, row: Webhook) -> None:
            desk.tell(kind, event_body(row), session=row.session_id or '')

        circuit = Circuit(tell, self.book.told)
        self.courier = Courier(world, desk, self.endpoints, circuit, guard, chance=chance)
        self.intake = Intake(world, desk, self.endpoints, self.courier)
        self.replay = Replay(world, self.endpoints, self.intake, self.courier)
        desk.when_told(self.intake.hear)
