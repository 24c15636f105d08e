"""Which of the messages that wait may leave now, and until when and why the others wait."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from data.database import EPOCH, after_commit, write
from data.departures import Head, claim_next, head, let_due_go, let_go, put_off, take
from data.messages import claim
from data.pacing import Minute, PaceNow, count_sent, keep_pace, minutes_of, pace_of, recount
from data.sessions import Session, keep_extra
from data.traffic import Line, chat_of
from data.urgency import BULK, REPLY, URGENCIES

from .identities import Identities
from .limits import Limit, Limits, ban_of
from .news import NewsDesk
from .numbers import Numbers
from .opt_outs import OptOuts, is_automatic
from .pace import NEW, Wait, after_one, typing_lasts, waits_for_gap, waits_for_morning, waits_for_numbers
from .protection import Preset, Protection, changes_of, protection_of
from .world import World

log = logging.getLogger(__name__)

OPTED_OUT = 'They have opted out of automatic and bulk messages. A person may still answer them in the inbox.'
LOOKS = 25  # messages one claim may put off, so that no claim takes long


class Hosts(Protocol):
    """What is asked of WhatsApp on the way (core/host/hosts.py); the futures fail like those of its other calls."""

    def typing(self, session: str, *, chat: str, state: Literal['typing', 'recording', 'paused']) -> 'Future[None]': ...
    def on_whatsapp(self, session: str, phones: tuple[str, ...]) -> 'Future[dict[str, str]]': ...


@dataclass(slots=True, kw_only=True)
class Claimed:
    """What a claim decided: `lines` are in 'sending' and leave now; `over` as well, but will never leave: (row, status,
    why, code); `waiting` are queued still and say why since now.
    """

    lines: list[Line] = field(default_factory=list)
    over: list[tuple[Line, str, str, str]] = field(default_factory=list)
    waiting: list[Line] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """What holds for one session; read from its rows, kept until one of them changes."""

    protection: Protection
    linked_at: datetime | None
    phone: str
    limits: tuple[Limit, ...]

    def open(self, now: datetime) -> bool:
        return self.protection.off and not any(limit.until and limit.until > now for limit in self.limits)

    def limited(self, urgency: int, now: datetime) -> Wait | None:
        waits = [
            Wait(until=limit.until, why=limit.sentence)
            for limit in self.limits
            if limit.until and limit.until > now and (limit.scope == 'all' or urgency in (*NEW, BULK))
        ]
        return max(waits, key=lambda wait: wait.until, default=None)


@dataclass(slots=True, kw_only=True)
class _Clock:
    """Of one session: when its next put-off chat is due, until when nothing at all may leave, whether rows may say
    that something is held, when it is woken, and which message it shows typing for, until when.
    """

    due: datetime | None = EPOCH
    closed: datetime = EPOCH
    held: bool = True
    alarm: datetime = EPOCH
    typing: tuple[str, datetime] = ('', EPOCH)


class Pacing:
    """`default`: the preset of sessions for which nobody chose one. `chance(low, high)` draws seconds.

    `wake(seconds, work)` does something later; without it the sweep of the outbox finds what is due. `nudge` is the
    outbox's. What claims or settles belongs inside a write.
    """

    def __init__(
        self,
        world: World,
        identities: Identities,
        desk: NewsDesk,
        hosts: Hosts,
        *,
        default: Preset,
        chance: Callable[[float, float], float],
        wake: Callable[[float, Callable[[], object]], object] = lambda seconds, work: None,
    ) -> None:
        self.world, self.identities, self.desk, self.hosts = world, identities, desk, hosts
        self.default, self.chance, self.wake = default, chance, wake
        self.nudge: Callable[[str], object] = lambda session_id: None
        self.limits = Limits(world, desk, self._changed)
        self.opt_outs = OptOuts(world, identities, desk)
        self.numbers = Numbers(world, identities, hosts.on_whatsapp)
        self._rules: dict[str, _Rule] = {}
        self._clocks: dict[str, _Clock] = {}
        self._counted: dict[str, tuple[datetime, int]] = {}  # message on its way -> when and as what it was counted

    def claim(self, session_id: str, free: int, *, away: int) -> Claimed:
        """Decide about what waits: at most `free` messages may go while `away` are on their way."""
        now, clock = self.world.now(), self._clock(session_id)
        self._let_due_go(session_id, clock, now)
        rule = self._rule(session_id)
        if rule.open(now):
            self._nothing_holds(session_id, clock)
            return self._sorted_out(claim_next(session_id, free, now, turn=self.world.new_id()), now)
        if away and rule.protection.gap[1]:
            return Claimed()  # what comes back nudges
        opens = max(clock.closed, clock.typing[1])
        if opens > now:
            self._wake_at(session_id, opens)
            return Claimed()
        return self._one_by_one(session_id, rule, free, now)

    def _nothing_holds(self, session_id: str, clock: _Clock) -> None:
        """Whoever looks at a message that waits must not be told of what is over."""
        if clock.held:
            clock.held = False
            pace = pace_of(session_id)
            if pace.holds:
                keep_pace(session_id, replace(pace, holds={}))
                self._says_held(session_id)

    def _says_held(self, session_id: str) -> None:
        """A whole class of messages waits, or waits no more: whoever looks at one of them sees another reason."""
        after_commit(lambda: self.desk.whisper('session.held', {}, session=session_id))

    def _sorted_out(self, lines: list[Line], now: datetime) -> Claimed:
        """Where nothing is limited: without those who opted out, and without numbers WhatsApp has to be asked for."""
        claimed, waiting = Claimed(), set[str]()
        for line in lines:
            if is_automatic(line.author, line.priority) and self.opt_outs.include_chat(line.chat_id):
                claimed.over.append((line, 'blocked', OPTED_OUT, 'opted_out'))
                continue
            missing = None if line.chat_id in waiting else self._missing(line, *self.numbers.stranger(line.chat_id))
            if isinstance(missing, tuple):
                claimed.over.append((line, *missing))
            elif missing is None and line.chat_id not in waiting:
                claimed.lines.append(line)
            else:
                claim(line.id, ('sending',), 'queued', attempts=line.attempts - 1, sending_at=None)
                if missing is not None:
                    waiting.add(line.chat_id)
                    self.put_off(line, missing.until, missing.why)
                    claimed.waiting.append(line)
        return claimed

    def _missing(self, line: Line, phone: str, lid: str, *, always: bool = False) -> Wait | tuple[str, str, str] | None:
        return self.numbers.missing(line.session_id, phone, lid, always=always, told=lambda: self._answered(line))

    def _one_by_one(self, session_id: str, rule: _Rule, free: int, now: datetime) -> Claimed:
        claimed, pace = Claimed(), pace_of(session_id)
        holds = self._holds(session_id, rule, pace, now)
        for _ in range(LOOKS):
            if len(claimed.lines) >= free or (next_one := self._next(session_id, holds)) is None:
                break
            verdict = self._verdict(session_id, rule, next_one, now)
            if verdict == 'go' and self._types(session_id, rule, next_one.line, now):
                break
            self._carry_out(session_id, next_one, verdict, claimed, now)
            if verdict == 'go' and not rule.protection.off:
                self._count(session_id, next_one, now)
                pace = after_one(rule.protection, pace, now, self.chance)
                holds = self._holds(session_id, rule, pace, now)
        else:
            after_commit(lambda: self.nudge(session_id))
        self._keep(session_id, pace, holds)
        return claimed

    def _holds(self, session_id: str, rule: _Rule, pace: PaceNow, now: datetime) -> dict[int, Wait]:
        """The urgencies of which nothing may leave now."""
        minutes: Sequence[Minute] = () if rule.protection.off else minutes_of(session_id, now)
        holds: dict[int, Wait] = {}
        for urgency in URGENCIES:
            waits = (
                rule.limited(urgency, now),
                waits_for_numbers(rule.protection, urgency, minutes, linked_at=rule.linked_at, now=now),
                waits_for_gap(rule.protection, urgency, pace, now),
            )
            longest = max((wait for wait in waits if wait), key=lambda wait: wait.until, default=None)
            if longest is not None:
                holds[urgency] = longest
        return holds

    def _next(self, session_id: str, holds: dict[int, Wait]) -> Head | None:
        for urgency in URGENCIES:
            if urgency not in holds and (found := head(session_id, urgency)) is not None:
                return found
        return None

    def _verdict(
        self, session_id: str, rule: _Rule, next_one: Head, now: datetime
    ) -> Wait | tuple[str, str, str] | Literal['go']:
        """A Wait of its own, or (status, why, code) when it will never go."""
        line, phone, urgency = next_one.line, next_one.phone, next_one.urgency
        if is_automatic(line.author, line.priority) and self.opt_outs.include_chat(line.chat_id):
            return 'blocked', OPTED_OUT, 'opted_out'
        if urgency in NEW:
            missing = self._missing(line, phone, next_one.lid, always=rule.protection.check_numbers)
            if missing is not None:
                return missing
        if not phone and not next_one.lid:
            return 'go'  # a group sleeps at no particular time
        return waits_for_morning(rule.protection, urgency, phone, rule.phone, now) or 'go'

    def _carry_out(
        self, session_id: str, next_one: Head, verdict: Wait | tuple[str, str, str] | str, claimed: Claimed,
        now: datetime,
    ) -> None:  # fmt: skip
        line = next_one.line
        if isinstance(verdict, Wait):
            self.put_off(line, verdict.until, verdict.why)
            claimed.waiting.append(line)
            return
        take(line, now, turn=self.world.new_id())
        line.attempts += 1
        if isinstance(verdict, tuple):
            claimed.over.append((line, *verdict))
        else:
            claimed.lines.append(line)

    def _answered(self, line: Line) -> None:
        let_go(chat_of(line.id))  # it may be another one by now
        after_commit(lambda: self.nudge(line.session_id))

    def _types(self, session_id: str, rule: _Rule, line: Line, now: datetime) -> bool:
        """Show that somebody types, if that should be and was not: the message follows when it is over."""
        clock = self._clock(session_id)
        typed, _ = clock.typing
        clock.typing = ('', EPOCH)
        if typed == line.id or not rule.protection.typing or not is_automatic(line.author, line.priority):
            return False
        until = now + timedelta(seconds=typing_lasts(line.text))
        clock.typing = (line.id, until)
        chat = self.identities.address(line.chat_id)
        after_commit(lambda: self.hosts.typing(session_id, chat=chat, state='typing').add_done_callback(_typed))
        self._wake_at(session_id, until)
        return True

    def _keep(self, session_id: str, pace: PaceNow, holds: dict[int, Wait]) -> None:
        """So that a start of the program finds it, and whoever looks at a message that waits."""
        pace = replace(pace, holds={urgency: (wait.until, wait.why) for urgency, wait in holds.items()})
        before = pace_of(session_id)
        if pace != before:
            keep_pace(session_id, pace)
        if pace.holds != before.holds:
            self._says_held(session_id)
        self._clock(session_id).held = True
        if holds:
            opens = min(wait.until for wait in holds.values())
            self._wake_at(session_id, opens)
            if len(holds) == len(URGENCIES):
                self._clock(session_id).closed = opens

    # ---- counting

    def _count(self, session_id: str, sent: Head, now: datetime) -> None:
        self._counted[sent.line.id] = (now, sent.urgency)
        count_sent(session_id, now, total=1, unasked=int(sent.urgency != REPLY), fresh=int(sent.urgency in NEW))

    def settled(self, line: Line, *, left: bool) -> None:
        """What was claimed has come back. One that did not leave is not counted."""
        at, urgency = self._counted.pop(line.id, (None, REPLY))
        if at is not None and not left:
            self._clock(line.session_id).closed = EPOCH
            count_sent(line.session_id, at, total=-1, unasked=-int(urgency != REPLY), fresh=-int(urgency in NEW))

    # ---- waking

    def put_off(self, line: Line, until: datetime, why: str) -> None:
        """A queued message waits, and its chat with it."""
        put_off(line, until, why)
        clock = self._clock(line.session_id)
        clock.due = until if clock.due is None else min(clock.due, until)
        self._wake_at(line.session_id, until)

    def _let_due_go(self, session_id: str, clock: _Clock, now: datetime) -> None:
        if clock.due is not None and clock.due <= now:
            clock.due = let_due_go(session_id, now)
        if clock.due is not None:
            self._wake_at(session_id, clock.due)

    def _wake_at(self, session_id: str, at: datetime) -> None:
        """One alarm at a time, the earliest: what it finds closed still asks for the next."""
        now, clock = self.world.now(), self._clock(session_id)
        if at > now and not now < clock.alarm <= at:
            clock.alarm = at
            self.wake((at - now).total_seconds(), lambda: self._woken(session_id))

    def _woken(self, session_id: str) -> None:
        self._clock(session_id).alarm = EPOCH  # the two clocks may differ by a hair: then it asks for another
        self.nudge(session_id)

    def _clock(self, session_id: str) -> _Clock:
        return self._clocks.setdefault(session_id, _Clock())

    # ---- what people choose

    def protection(self, row: Session) -> Protection:
        return protection_of(row.extra.get('protection') or {}, self.default)

    def protect(self, session_id: str, given: dict[str, Any] | None) -> None:
        """Choose a preset, and what is different from it; None for the default. Raises Invalid."""
        chosen = protection_of(given or {}, self.default)

        def keep() -> None:
            before = self.protection(Session.get_by_id(session_id))
            keep_extra(session_id, 'protection', None if given is None else changes_of(chosen))
            if before.off and not chosen.off:
                recount(session_id, self.world.now())
            pace = pace_of(session_id)  # what was drawn by other rules need not be waited for
            keep_pace(session_id, replace(pace, next_at=pace.last_at + timedelta(seconds=chosen.gap[0]), holds={}))
            self._changed(session_id)

        write(keep)

    def limits_of(self, row: Session) -> list[Limit]:
        """What WhatsApp limits a session in now, a ban first."""
        ban = ban_of(row)
        return [*([ban] if ban else []), *self.limits.of(row.id)]

    def forget(self, session_id: str) -> None:
        """Its rows have changed: it was linked, limited, or protected otherwise."""
        self._rules.pop(session_id, None)
        self._clocks.pop(session_id, None)

    def _changed(self, session_id: str) -> None:
        def forget() -> None:  # also what was read since then, which may have been undone
            self.forget(session_id)
            self.nudge(session_id)

        self.forget(session_id)
        after_commit(forget)

    def _rule(self, session_id: str) -> _Rule:
        rule = self._rules.get(session_id)
        if rule is None:
            row: Session = Session.get_by_id(session_id)
            limits = tuple(self.limits.of(session_id))
            rule = _Rule(protection=self.protection(row), linked_at=row.linked_at, phone=row.phone, limits=limits)
            self._rules[session_id] = rule
        return rule


def _typed(done: 'Future[None]') -> None:
    if done.exception() is not None:  # a courtesy: the message goes without it
        log.info('typing could not be shown: %s', done.exception())
