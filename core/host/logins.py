"""Why WhatsApp did not let a session in, in words."""

from datetime import UTC, datetime, timedelta
from typing import Any

from core.events import Banned, LoggedOut, LoginFailed

LOGGED_OUT = {
    401: 'The session was removed from the linked devices on the phone.',
    403: 'WhatsApp has closed this account’s access: its phone is gone or the account is blocked.',
    406: 'WhatsApp logged this session out without saying why.',
}
# The library counts its reasons; WhatsApp's numbers for those that log a session out.
REASONS = {2: 401, 4: 403, 5: 406}
BANS = {
    101: 'Messages went to too many people who do not have this number in their contacts.',
    102: 'Too many people blocked this number.',
    103: 'Too many groups were created with people who do not have this number in their contacts.',
    104: 'The same message was sent to too many people.',
    106: 'Too many messages went to a broadcast list.',
}
FAILED = {
    400: 'WhatsApp could not make sense of our login.',
    405: 'WhatsApp says this version of the library is outdated; Dovecote needs an update.',
    409: 'WhatsApp does not accept how we introduce ourselves.',
    415: 'WhatsApp does not accept this kind of login.',
    500: 'WhatsApp has a fault of its own.',
    501: 'WhatsApp is trying something new on this account.',
    503: 'WhatsApp is not available just now.',
}


def failed(session: str, reason: int, *, again: bool) -> LoginFailed:
    because = FAILED.get(reason, f'WhatsApp refused the login (error {reason or "unknown"}).')
    return LoginFailed(session=session, reason=reason, because=because, again=again)


def logged_out(session: str, event: Any, failure: int) -> LoggedOut:
    reason = failure or REASONS.get(event.Reason, 401)
    return LoggedOut(session=session, reason=reason, because=LOGGED_OUT.get(reason, LOGGED_OUT[406]))


def banned(session: str, event: Any) -> Banned:
    code = 101 + {1: 0, 2: 1, 3: 2, 4: 3, 5: 5}.get(event.Code, 0)
    until = datetime.now(UTC) + timedelta(seconds=_seconds(event.Expire)) if event.Expire else None
    return Banned(session=session, code=code, because=BANS[code], until=until)


def banned_for_unknown_reason(session: str) -> Banned:
    return Banned(session=session, code=0, because='WhatsApp gave no reason.', until=None)


def _seconds(expire: int) -> float:
    """A Go duration (nanoseconds) or plain seconds, by size: nobody is banned for 30 years."""
    return expire / 1e9 if expire > 1e9 else float(expire)
