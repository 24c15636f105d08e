"""What travels between the main program and the sandbox's process: pickled values, each with its length in front."""

import pickle
from dataclasses import dataclass

from core.errors import DovecoteError
from core.sandbox.control import Change

HEAD = 4


@dataclass(frozen=True, slots=True)
class Ready:
    """The server listens; `library` is to be loaded by clients."""

    library: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The server cannot start."""

    error: DovecoteError


@dataclass(frozen=True, slots=True)
class Call:
    id: int
    name: str
    arguments: dict[str, object]


@dataclass(frozen=True, slots=True)
class Answer:
    id: int
    value: object = None
    error: DovecoteError | None = None


@dataclass(frozen=True, slots=True)
class News:
    changes: tuple[Change, ...]


Letter = Ready | Failed | Call | Answer | News


def pack(letter: Letter) -> bytes:
    # Both ends are the same program and nobody else can reach the pipe, so pickle is safe here.
    data = pickle.dumps(letter)
    return len(data).to_bytes(HEAD, 'big') + data


def unpack(data: bytes) -> Letter:
    letter: Letter = pickle.loads(data)
    return letter
