"""Keeps automation from talking to itself, or to another machine, for ever."""

import itertools
import threading
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from statistics import median

REMEMBERED = 10_000  # chats; the one that was quiet longest is forgotten first
WINDOW = 120.0
ALTERNATIONS = 8
FAST = 3.0
SAME_TEXT = 4
PAUSE = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many automatic answers one chat may get. `watch_rhythm`: look for the even, fast rhythm of a machine."""

    per_minute: int = 6
    per_hour: int = 40
    watch_rhythm: bool = True


CAREFUL = Limits()
# A sandbox is there to be hammered; real numbers are not.
SANDBOX = Limits(per_minute=6_000, per_hour=100_000, watch_rhythm=False)


@dataclass(slots=True)
class _Chat:
    answers: deque[float] = field(default_factory=lambda: deque(maxlen=100_000))
    heard: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=16))
    paused_until: float = 0.0


class LoopGuard:
    """Seconds are monotonic ones. What it knows is forgotten at a restart: a loop shows itself again quickly."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._chats: OrderedDict[str, _Chat] = OrderedDict()
        self._lock = threading.Lock()

    def objection(self, chat_id: str, text: str, now: float) -> str:
        """Why this message must not be answered automatically; '' when it may be, and then it counts as answered."""
        with self._lock:
            chat = self._chat(chat_id)
            chat.heard.append((now, ' '.join(text.casefold().split())))
            if now < chat.paused_until:
                return 'This chat is paused for an hour: it looked like two machines talking to each other.'
            if self.limits.watch_rhythm and _like_a_machine(chat, now):
                chat.paused_until = now + PAUSE
                return 'The other side answers like a machine, so this chat is paused for an hour.'
            said = self._too_many(chat, now)
            if not said:
                chat.answers.append(now)
            return said

    def _too_many(self, chat: _Chat, now: float) -> str:
        while chat.answers and now - chat.answers[0] > 3_600:
            chat.answers.popleft()
        if len(chat.answers) >= self.limits.per_hour:
            return f'This chat already got {self.limits.per_hour} automatic answers within an hour.'
        if sum(now - at <= 60 for at in chat.answers) >= self.limits.per_minute:
            return f'This chat already got {self.limits.per_minute} automatic answers within a minute.'
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
