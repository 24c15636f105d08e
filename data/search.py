"""Finding messages by the words in them.

The index (FTS5, table message_fts) is filled beside the busy path, some seconds late; a search reads the rest from the
messages themselves, so it misses nothing. Deleted and edited messages are taken out or changed by triggers.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import SQL

from .database import as_time, database, statement

AT_ONCE = 200
UNINDEXED_MOST = 2_000  # read one by one in a search; more than that is only after a big import
BEGIN, END = '\x02', '\x03'  # around what fits, in a snippet
COMMON = 5_000  # messages with the same words
AROUND = 60  # characters of a snippet before what fits


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A message that fits. `snippet`: some of its text, what fits between BEGIN and END."""

    id: str
    chat_id: str
    at: datetime
    snippet: str


def search_messages(
    q: str, *, session_ids: Sequence[str] | None = None, chat_id: str = '', limit: int = 50
) -> list[Hit]:
    """Messages with all words of `q`, the last of them perhaps unfinished; the newest first.

    `session_ids` None means every session. Deleted messages are not found.
    """
    if not is_searchable(q):
        return []
    where, values = _among(session_ids, chat_id)
    late = _unindexed(_words(q), where, values)
    rows = statement(
        "SELECT m.id, m.chat_id, m.at, snippet(message_fts, 0, ?, ?, '…', 16) FROM message_fts"
        ' JOIN message m ON m.indexed = message_fts.rowid AND m.indexed > 0'  # the second part names its index
        f' WHERE message_fts MATCH ? AND m.revoked_at IS NULL{where} ORDER BY message_fts.rowid DESC LIMIT ?',
        BEGIN, END, _match(q), *values, limit,
    )  # fmt: skip
    hits = [Hit(id=id, chat_id=chat, at=as_time(at), snippet=snippet) for id, chat, at, snippet in rows]
    return sorted({hit.id: hit for hit in (*hits, *late)}.values(), key=lambda hit: hit.id, reverse=True)[:limit]


@database.func('has_words', 2, deterministic=True)
def _has_words(text: str | None, q: str) -> bool:
    return bool(text) and _fits(_words(text or ''), _words(q))


def with_words(q: str, before: str = '') -> Any:
    """A condition for a query of messages, newest first: as `search_messages` finds them, and those deleted as well.

    `before`: only with a smaller id; where it is not in here, the whole session may be looked through for it.
    """
    earlier, values = (' AND {0}.id < ?', [before]) if before else ('', [])
    said = "{0}.kind NOT IN ('reaction', 'edit', 'revoke', 'poll_vote') AND has_words({0}.text, ?)" + earlier
    if _is_common(q):
        return SQL(f'({said.format("t1")})', (q, *values))
    return SQL(
        't1.id IN (SELECT m.id FROM message_fts JOIN message m ON m.indexed = message_fts.rowid AND m.indexed > 0'
        f' WHERE message_fts MATCH ?{earlier.format("m")} UNION ALL SELECT m.id FROM message m WHERE m.indexed IS NULL'
        f' AND {said.format("m")})',
        (_match(q), *values, q, *values),
    )


def _is_common(q: str) -> bool:
    """Then the newest with these words are sooner found by going back from the newest of all."""
    rows = statement(
        'SELECT count(*) FROM (SELECT 1 FROM message_fts WHERE message_fts MATCH ? LIMIT ?)', _match(q), COMMON
    )
    return int(rows[0][0]) >= COMMON


def index_words(most: int = AT_ONCE) -> int:
    """Inside a write: take the oldest messages that are not in the index into it; returns how many."""
    rows = statement(
        "SELECT id, CASE WHEN kind IN ('reaction', 'edit', 'revoke', 'poll_vote') THEN '' ELSE text END FROM message"
        ' WHERE indexed IS NULL ORDER BY id LIMIT ?',
        most,
    )
    if not rows:
        return 0
    (last,) = (*statement('SELECT rowid FROM message_fts ORDER BY rowid DESC LIMIT 1'), (0,))[0]
    worded = [(number, id, text) for number, (id, text) in enumerate((row for row in rows if row[1]), start=last + 1)]
    connection = database.connection()
    connection.executemany('INSERT INTO message_fts (rowid, text) VALUES (?, ?)', [(n, text) for n, _, text in worded])
    numbers = [(n, id) for n, id, _ in worded] + [(0, id) for id, text in rows if not text]
    connection.executemany('UPDATE message SET indexed = ? WHERE id = ?', numbers)
    return len(rows)


def something_unindexed() -> bool:
    return bool(statement('SELECT 1 FROM message WHERE indexed IS NULL LIMIT 1'))


def is_searchable(q: str) -> bool:
    """Whether there is a word in it to look for."""
    return any(c.isalnum() for c in q)


def parts_of(snippet: str) -> list[tuple[str, bool]]:
    """A snippet in parts: (text, whether it fits)."""
    parts: list[tuple[str, bool]] = []
    for part in snippet.split(BEGIN):
        fits, end, rest = part.partition(END)
        parts += [(fits, True), (rest, False)] if end else [(part, False)]
    return [part for part in parts if part[0]]


def _match(q: str) -> str:
    """Every word in quotes, where nothing in it is an operator; the index takes it apart as it does with texts."""
    words = [word.replace('"', ' ') for word in q.split() if is_searchable(word)]
    return ' '.join(f'"{word}"' for word in words) + '*'


def _among(session_ids: Sequence[str] | None, chat_id: str) -> tuple[str, list[str]]:
    where, values = '', []
    if session_ids is not None:
        where += f' AND m.session_id IN ({", ".join("?" * len(session_ids))})'
        values += list(session_ids)
    if chat_id:
        where += ' AND m.chat_id = ?'
        values.append(chat_id)
    return where, values


def _unindexed(words: Sequence[str], where: str, values: Sequence[str]) -> list[Hit]:
    rows = statement(
        'SELECT m.id, m.chat_id, m.at, m.text FROM message m WHERE m.indexed IS NULL AND m.revoked_at IS NULL'
        f" AND m.kind NOT IN ('reaction', 'edit', 'revoke', 'poll_vote'){where} ORDER BY m.id DESC LIMIT ?",
        *values, UNINDEXED_MOST,
    )  # fmt: skip
    return [
        Hit(id=id, chat_id=chat, at=as_time(at), snippet=_snippet(text, words[-1]))
        for id, chat, at, text in rows
        if _fits(_words(text), words)
    ]


def _fits(said: Sequence[str], words: Sequence[str]) -> bool:
    return set(words[:-1]) <= set(said) and any(word.startswith(words[-1]) for word in said)


def _snippet(text: str, word: str) -> str:
    at = _bare(text).find(word)
    if at < 0 or len(_bare(text)) != len(text):  # letters and their accents were written apart
        return text[: 2 * AROUND]
    begin = max(0, at - AROUND)
    end = at + len(word)
    return f'{"…" if begin else ""}{text[begin:at]}{BEGIN}{text[at:end]}{END}{text[end : end + AROUND]}'


def _words(text: str) -> list[str]:
    return ''.join(c if c.isalnum() else ' ' for c in _bare(text)).split()


def _bare(text: str) -> str:
    """Without accents and capitals."""
    apart = unicodedata.normalize('NFD', text.lower())
    return ''.join(c for c in apart if not unicodedata.combining(c))
