"""Keeps automation from talking to itself, or to another machine, for ever."""

import itertools
import threading
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median

REMEMBERED = 10_000  # chats; the one that was quiet longest is forgotten first
WINDOW = 120.0
ALTERNATIONS = 8
FAST = 3.0
SAME_TEXT = 3
PAUSE = 3_600.0
HUMAN_GAP = 15.0  # who takes that long to write again may be a person


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many automatic answers one chat may get. `watch_rhythm`: look for the even, fast rhythm of a machine.

    `in_a_row`: answers while the other side never took as long as a person. Who answers our questions may do so
    `when_asked` times a minute: a form is filled in quickly.
    """

    per_minute: int = 6
    per_hour: int = 40
    when_asked: int = 12
    in_a_row: int = 10
    watch_rhythm: bool = True


CAREFUL = Limits()
# A sandbox is there to be hammered; real numbers are not.
SANDBOX = Limits(per_minute=6_000, per_hour=100_000, when_asked=6_000, in_a_row=100_000, watch_rhythm=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """Why a message must not be answered automatically. `pauses`: from now on the whole chat is left alone."""

    text: str
    pauses: bool = False


@dataclass(slots=True, kw_only=True)
class _Chat:
    answers: deque[float] = field(default_factory=lambda: deque(maxlen=100_000))
    heard: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=16))
    in_a_row: int = 0
    paused_until: float = 0.0


class LoopGuard:
    """Seconds are monotonic ones. What it knows is forgotten at a restart: a loop shows itself again quickly."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._chats: OrderedDict[str, _Chat] = OrderedDict()
        self._lock = threading.Lock()

    def objection(self, chat_id: str, text: str, now: float, *, asked: bool = False) -> Objection | None:
        """None when this message may be answered, and then it counts as answered. `asked`: a run waits for it."""
        with self._lock:
            chat = self._chat(chat_id)
            if not chat.heard or now - chat.heard[-1][0] >= HUMAN_GAP:
                chat.in_a_row = 0
            chat.heard.append((now, ' '.join(text.casefold().split())))
            if now < chat.paused_until:
                return Objection(text='This chat is paused for an hour: it looked like two machines talking.')
            if self.limits.watch_rhythm and _like_a_machine(chat, now):
                chat.paused_until = now + PAUSE
                text = 'The other side answers like a machine, so this chat is paused for an hour.'
                return Objection(text=text, pauses=True)
            said = self._too_many(chat, now, self.limits.when_asked if asked else self.limits.per_minute)
            if said:
                return Objection(text=said)
            chat.answers.append(now)
            chat.in_a_row += 1
            return None

    def paused(self, now: float) -> Mapping[str, float]:
        """The chats that are left alone, each with the seconds that are left."""
        with self._lock:
            return {id: chat.paused_until - now for id, chat in self._chats.items() if now < chat.paused_until}

    def let_go(self, chat_id: str) -> bool:
        """Somebody has looked: this chat is answered again. False when it was not paused."""
        with self._lock:
            chat = self._chats.get(chat_id)
            if chat is None or not chat.paused_until:
                return False
            del self._chats[chat_id]
            return True

    def _too_many(self, chat: _Chat, now: float, per_minute: int) -> str:
        while chat.answers and now - chat.answers[0] > 3_600:
            chat.answers.popleft()
        if len(chat.answers) >= self.limits.per_hour:
            return f'This chat already got {self.limits.per_hour} automatic answers within an hour.'
        if sum(now - at <= 60 for at in chat.answers) >= per_minute:
            return f'This chat already got {per_minute} automatic answers within a minute.'
        if chat.in_a_row >= self.limits.in_a_row:
            return f'This chat got {self.limits.in_a_row} automatic answers in a row, each written to at once.'
        return ''

    def _chat(self, chat_id: str) -> _Chat:
        chat = self._chats.setdefault(chat_id, _Chat())
        self._chats.move_to_end(chat_id)
        if len(self._chats) > REMEMBERED:
            self._chats.popitem(last=False)
        return chat


def _like_a_machine(chat: _Chat, now: float) -> bool:
    recent = [(at, text) for at, text in chat.heard if now - at <= WINDOW]
    gaps = [later - earlier for (earlier, _), (later, _) in itertools.pairwise(recent)]
    if not gaps or median(gaps) >= FAST:
        return False
    same = sum(text == recent[-1][1] for _, text in recent)
    return same >= SAME_TEXT or len(recent) >= ALTERNATIONS
