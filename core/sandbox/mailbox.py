"""What a phone remembers of its chats: both directions, with ticks, the newest few thousand."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from core.sandbox import rows
from core.sandbox.control import Item, Place, Tick
from core.sandbox.message import Said
from core.sandbox.store import Store

KEPT = 5000
RAW_MAX = 64 * 1024
RANK = {'failed': -1, '': 0, 'sent': 1, 'delivered': 2, 'read': 3, 'played': 4}


@dataclass(slots=True)
class Letter:
    """One message; see `control.Item` for the words.

    `raw`: its serialized protobuf; `from_jid`: the address it came from, with the device. `ballots`: what each voter
    chose in a poll until now, `hearts`: how each reacts, by number.
    """

    id: str
    chat: str
    sender: str
    mine: bool
    at: float
    kind: str
    text: str = ''
    about: str = ''
    quotes: str = ''
    mime: str = ''
    size: int = 0
    filename: str = ''
    tick: str = ''
    seen: bool = False
    from_jid: str = ''
    raw: bytes = b''
    seconds: int = 0
    place: Place | None = None
    phones: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    multiple: bool = False
    ballots: dict[str, list[str]] = field(default_factory=dict)
    hearts: dict[str, str] = field(default_factory=dict)
    forwarded: bool = False
    view_once: bool = False
    edited: bool = False
    revoked: bool = False
    video: bool = False

    def item(self, owner: str) -> Item:
        """As the phone of *owner* shows it."""
        return Item(
            id=self.id,
            chat=self.chat,
            sender=self.sender,
            mine=self.mine,
            kind=self.kind,
            text=self.text,
            at=datetime.fromtimestamp(self.at, UTC),
            tick=_tick(self.tick),
            seen=self.seen,
            about=self.about,
            quotes=self.quotes,
            mime=self.mime,
            size=self.size,
            filename=self.filename,
            seconds=self.seconds,
            place=self.place,
            phones=tuple(self.phones),
            options=tuple(self.options),
            multiple=self.multiple,
            votes=tuple(self._votes()),
            chosen=tuple(self.ballots.get(owner, ())),
            forwarded=self.forwarded,
            view_once=self.view_once,
            edited=self.edited,
            revoked=self.revoked,
            video=self.video,
            reactions=tuple(self.hearts.items()),
        )

    def _votes(self) -> Iterator[int]:
        """How many chose each option of this poll."""
        for option in self.options if self.kind == 'poll' else ():
            yield sum(option in chosen for chosen in self.ballots.values())


def letter(said: Said, *, id: str, chat: str, sender: str, mine: bool, at: float, raw: bytes) -> Letter:
    made = Letter(id, chat, sender, mine, at, said.kind, said.text, said.about, said.quotes)
    made.mime, made.size, made.filename, made.seconds = said.mime, said.size, said.filename, said.seconds
    made.place, made.phones, made.options, made.multiple = said.place, [*said.phones], [*said.options], said.multiple
    made.forwarded, made.view_once = said.forwarded, said.view_once
    made.raw = raw if len(raw) <= RAW_MAX else b''
    made.tick = 'sent' if mine else ''
    return made


class Mailbox:
    """Letters in the order they came; the oldest go when there are too many."""

    def __init__(self, store: Store, owner: str, kept: int = KEPT) -> None:
        self._store, self._owner, self._limit = store, owner, kept
        self._letters: dict[int, Letter] = {}
        self._numbers: dict[str, int] = {}  # message id -> number of the last letter with it
        self._next = 0

    def restore(self, number: int, kept: Letter) -> None:
        self._letters[number] = kept
        self._numbers[kept.id] = number
        self._next = number + 1

    def __iter__(self) -> Iterator[Letter]:
        return iter(self._letters.values())

    def get(self, ident: str) -> Letter | None:
        number = self._numbers.get(ident)
        return None if number is None else self._letters[number]

    def add(self, new: Letter) -> None:
        number, self._next = self._next, self._next + 1
        self._letters[number] = new
        self._numbers[new.id] = number
        self._mark(number, new)
        if len(self._letters) > self._limit:
            self._forget(next(iter(self._letters)))

    def changed(self, kept: Letter) -> None:
        """A letter of this mailbox is different now."""
        self._mark(self._numbers[kept.id], kept)

    def ticked(self, ident: str, tick: str) -> bool:
        """Raise the tick of an own message; False when there is nothing new in it."""
        found = self.get(ident)
        if found is None or not found.mine or RANK[tick] <= RANK[found.tick]:
            return False
        found.tick = tick
        self._mark(self._numbers[ident], found)
        return True

    def mark_seen(self, choose: Callable[[Letter], bool]) -> list[Letter]:
        """Mark the unseen letters that *choose* picks; returns them."""
        news = [(n, each) for n, each in self._letters.items() if not each.mine and not each.seen and choose(each)]
        for number, each in news:
            each.seen = True
            self._mark(number, each)
        return [each for _, each in news]

    @property
    def unread(self) -> int:
        return sum(not each.mine and not each.seen for each in self._letters.values())

    def _mark(self, number: int, changed: Letter) -> None:
        self._store.mark('letter', f'{self._owner}/{number:012d}', lambda: rows.dump(changed))

    def _forget(self, number: int) -> None:
        gone = self._letters.pop(number)
        if self._numbers.get(gone.id) == number:
            del self._numbers[gone.id]
        self._store.drop('letter', f'{self._owner}/{number:012d}')


def _tick(text: str) -> Tick:
    for known in ('sent', 'delivered', 'read', 'played', 'failed'):
        if text == known:
            return known
    return ''
