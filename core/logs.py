"""What a person on call reads: one line per fact, UTC, no secrets."""

import json
import logging
import re
import sys
import threading
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO

# `log.info(..., extra=UNMASKED)` for the one line that must show a secret: the link that sets up the first owner.
UNMASKED = {'unmasked': True}

# Their debug lines hold what people write (SQL parameters, frames, requests), so no level of ours opens them.
_TALKATIVE = [
    'asyncio',
    'authlib',
    'engineio',
    'httpcore',
    'httpx',
    'huey',
    'multipart',
    'nicegui',
    'openai',
    'peewee',
    'PIL',
    'python_multipart',
    'socketio',
    'urllib3',
    'watchfiles',
    'websockets',
]

_SECRETS = (
    (re.compile(r'\b(dvc_[A-Za-z0-9]+_)[A-Za-z0-9_-]+'), r'\1***'),
    (re.compile(r'\b(whsec_|sk-)[A-Za-z0-9_-]{8,}'), r'\1***'),
    (re.compile(r'\b(Bearer|Basic)\s+[^\s"\',]+', re.I), r'\1 ***'),
    (re.compile(r'(\w+://[^/\s:@]*):[^@\s/]+@'), r'\1:***@'),
    (re.compile(r'\b((?:set-)?cookie["\']?\s*[:=]\s*).+', re.I), r'\1***'),
    (
        re.compile(
            r'\b([\w-]*(?:token|password|passwd|secret|api[_-]?key|secret[_-]?key|client_id)["\']?\s*[:=]\s*["\']?)'
            r'(?!\*\*\*)[^\s"\'&,;}]+',
            re.I,
        ),
        r'\1***',
    ),
)
_QUERY = re.compile(r'\?[^\s"\']*')
_CONTROL = re.compile(r'[\x00-\x08\x0a-\x1f\x7f\u2028\u2029]')


def start_logging(log_format: str = 'text', level: str = 'INFO', *, stream: TextIO | None = None) -> None:
    """Send everything this process logs to `stream` (stderr), as `text` or `json`. Call before neonize is imported.

    uvicorn must be told `log_config=None`, so that its lines come here; requests are logged at level debug only.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if log_format == 'json' else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.getLogger('uvicorn.access').setLevel(logging.DEBUG if root.level == logging.DEBUG else logging.WARNING)
    logging.captureWarnings(True)
    sys.excepthook = _unexpected
    threading.excepthook = _unexpected_in_thread


def masked(text: str) -> str:
    """The text without what looks like a key, token, password or cookie."""
    for pattern, shown in _SECRETS:
        text = pattern.sub(shown, text)
    return text


class TextLines(logging.Formatter):
    """`2026-11-22T19:50:00.123Z INFO core.sessions: shop is working`, a traceback indented below."""

    def format(self, record: logging.LogRecord) -> str:
        line = f'{_at(record)} {record.levelname} {record.name}: {_message(record)}'
        trace = _trace(record)
        return line + '\n' + '\n'.join(f'    {each}' for each in trace.splitlines()) if trace else line


class JsonLines(logging.Formatter):
    """`{"at", "level", "logger", "message", "trace"?}`, one object a line."""

    def format(self, record: logging.LogRecord) -> str:
        fact = {
            'at': _at(record),
            'level': record.levelname.lower(),
            'logger': record.name,
            'message': _message(record),
        }
        trace = _trace(record)
        return json.dumps({**fact, 'trace': trace} if trace else fact, ensure_ascii=False)


def _at(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec='milliseconds').replace('+00:00', 'Z')


def _message(record: logging.LogRecord) -> str:
    text = record.getMessage()
    if record.name.startswith('uvicorn'):
        text = _QUERY.sub('', text)  # NiceGUI's client_id travels there, and it opens that person's page
    if not getattr(record, 'unmasked', False):
        text = masked(text)
    # A line break in a name or a path must not look like a line of its own.
    return _CONTROL.sub(lambda found: repr(found.group())[1:-1], text)


def _trace(record: logging.LogRecord) -> str:
    if not record.exc_info or record.exc_info[0] is None:
        return ''
    return masked(logging.Formatter().formatException(record.exc_info))


def _unexpected(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger('dovecote').critical('stopped by an unexpected error', exc_info=(kind, error, trace))


def _unexpected_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is None or issubclass(args.exc_type, SystemExit):
        return
    name = args.thread.name if args.thread else 'a thread'
    logging.getLogger('dovecote').error(
        '%s ended by an unexpected error', name, exc_info=(args.exc_type, args.exc_value, args.exc_traceback)
    )
