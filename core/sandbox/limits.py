"""What WhatsApp lets a number do: how many strangers it may write to, and bans.

Linked devices are held back, phones are not. The limits are kept with the account.
"""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.sandbox.control import Fault

if TYPE_CHECKING:
    from core.sandbox.people import Account

TIME_LOCKED = 463
BANNED, BAN_CODE = 402, 101


@dataclass(slots=True)
class Limits:
    """`strangers`: how many people who never wrote to it an account may write to, -1 without end; after that it may
    write to none of the others for `lock_seconds` (0: until cleared). `opened`: the numbers that count. Moments are
    Unix seconds; `banned_until` 0: not banned."""

    strangers: int = -1
    lock_seconds: float = 0
    locked_until: float = 0
    opened: set[str] = field(default_factory=set)
    banned_until: float = 0
    ban_code: int = 0


def refusal(sender: 'Account', to: 'Account') -> int:
    """The error code for a first message to *to*, or 0; counts the conversation when it may be opened."""
    limits = sender.limits
    if limits.strangers < 0 or to.number in sender.met or to.number in limits.opened:
        return 0
    if limits.locked_until and limits.lock_seconds and time.time() >= limits.locked_until:
        limits.locked_until = 0
        limits.opened.clear()
    if limits.locked_until or len(limits.opened) >= limits.strangers:
        limits.locked_until = limits.locked_until or time.time() + limits.lock_seconds
        return TIME_LOCKED
    limits.opened.add(to.number)
    return 0


def hold_back(account: 'Account', fault: Fault) -> None:
    """Begin the ban or the limit that *fault* describes."""
    limits = account.limits
    if fault.kind == 'ban':
        limits.banned_until, limits.ban_code = time.time() + fault.seconds, fault.code or BAN_CODE
    else:
        limits.strangers, limits.lock_seconds, limits.locked_until = fault.n, fault.seconds, 0
        limits.opened.clear()


def let_go(account: 'Account', kind: str | None) -> bool:
    """End it; False when there was nothing to end."""
    limits, before = account.limits, held_back(account)
    if kind in (None, 'ban'):
        limits.banned_until = 0
    if kind in (None, 'reachout'):
        limits.strangers, limits.locked_until = -1, 0
    return held_back(account) != before


def held_back(account: 'Account') -> list[Fault]:
    """The bans and limits of *account*; `seconds` of a ban are those that are left, rounded up."""
    limits, found = account.limits, []
    left = ban_left(account)
    if left:
        found.append(Fault(kind='ban', phone=account.number, code=limits.ban_code, seconds=left))
    if limits.strangers >= 0:
        found.append(Fault(kind='reachout', phone=account.number, n=limits.strangers, seconds=limits.lock_seconds))
    return found


def ban_left(account: 'Account') -> int:
    """Seconds until the ban of *account* ends; 0 when there is none."""
    return max(0, -int(-(account.limits.banned_until - time.time()) // 1))
