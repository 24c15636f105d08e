"""What the server saw of each message, from outside the encryption."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from core.sandbox.control import Seen

KEPT = 2000


@dataclass(slots=True)
class Record:
    at: float
    sender: str
    to: str
    id: str
    kind: str
    targets: list[str]
    error: int
    receipts: list[tuple[str, str]] = field(default_factory=list)

    def seen(self) -> Seen:
        return Seen(
            at=datetime.fromtimestamp(self.at, UTC),
            id=self.id,
            sender=self.sender,
            to=self.to,
            kind=self.kind,
            targets=tuple(self.targets),
            error=self.error,
            receipts=tuple(self.receipts),
        )
