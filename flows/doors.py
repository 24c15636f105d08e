"""What a run reaches outside the database: the network. The test bench has doors of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from core.events import FileKind
from core.outbox import Saying


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCall:
    """`seconds`: until it is given up."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """`json` is None where the body is none; `text` is at most 64 kB of it."""

    status: int
    headers: Mapping[str, str]
    text: str
    json: Any


class Doors(Protocol):
    def call(self, step: str, call: HttpCall) -> HttpAnswer:
        """Raises Invalid for an address that may not be reached, CallFailed when nobody answers.

        `step`: the name of the step that asks, by which the test bench finds its made-up answer.
        """
        ...

    def secrets(self) -> Mapping[str, str]:
        """What `{{ secret.name }}` shows, by name; only steps that ask another system look at it."""
        ...

    def file(self, *, id: str, url: str, kind: FileKind | None, caption: str, filename: str) -> Saying:
        """What a file makes of a message: one we have, by `id`, or one at an address. May take a minute."""
        ...

    def template(self, key: str, language: str, values: Mapping[str, Any]) -> Saying:
        """A template, filled, with its file. Raises NotFound and Invalid."""
        ...

    def new_id(self) -> str: ...
