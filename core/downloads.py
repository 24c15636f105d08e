"""The files of received messages: fetched from WhatsApp, opened on the way, kept.

The rows are the truth. A worker claims one, and says in the same row what became of it; a nudge that is lost is found
by the sweep, a try that was interrupted is found at the next start.
"""

import base64
import hashlib
import hmac
import logging
import queue
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from data import media as rows
from data.database import StorageFailed, after_commit, database, read, write
from data.sessions import extra_of

from .bodies import Body, media_body
from .errors import Conflict, Invalid, NotFound
from .events import RemoteFile
from .fetch import Guard, Unreachable
from .media import MIB, Media, MediaStore
from .media_policy import Policy, policy_of
from .news import NewsDesk
from .world import World

log = logging.getLogger(__name__)

WHATSAPP = 'mmg.whatsapp.net'
PAGE = 'https://web.whatsapp.com'
WORKERS = 3
BACKOFF = (2.0, 15.0, 90.0, 600.0)  # seconds after each try that failed; after one more it is given up
TOTAL = 900.0  # seconds for one file
STOPS = 5.0

# What WhatsApp calls each kind when its keys are made, and when it is asked for.
LABELS: Mapping[str, tuple[str, str]] = {
    'image': ('Image', 'image'),
    'sticker': ('Image', 'image'),
    'video': ('Video', 'video'),
    'audio': ('Audio', 'audio'),
    'voice': ('Audio', 'audio'),
    'document': ('Document', 'document'),
}
MAC = 10  # bytes of it behind the file
GONE = (403, 404, 410)

NO_LONGER = (
    'WhatsApp no longer has this file. Only the sender’s phone could bring it back, and the library cannot ask it to: '
    'ask the sender to send it again.'
)
NOT_FOR_US = 'WhatsApp gives this file only to the phone, not to linked devices.'


class Downloads:
    """`host` is where WhatsApp keeps files; '' takes the one that each message names, which only the sandbox does."""

    def __init__(self, world: World, desk: NewsDesk, store: MediaStore, guard: Guard, *, host: str = WHATSAPP) -> None:
        self.world, self.desk, self.store, self.guard, self.host = world, desk, store, guard, host
        self._line: queue.SimpleQueue[bool] = queue.SimpleQueue()  # a nudge for one worker, False for its end
        self._over = threading.Event()
        self._workers: list[threading.Thread] = []

    # ---- life

    def recover(self) -> int:
        """What was being fetched when the program ended waits again; returns how many. Before start()."""
        freed: int = write(lambda: rows.release_running(self.world.now()))
        return freed

    def start(self) -> None:
        self._workers = [
            threading.Thread(target=self._work, name=f'download-{n}', daemon=True) for n in range(WORKERS)
        ]  # fmt: skip
        for each in self._workers:
            each.start()
        self.sweep()

    def sweep(self) -> None:
        """Every second: what is due and nobody was nudged for."""
        with read():
            due = rows.due_downloads(self.world.now())
        for _ in range(min(due, WORKERS - self._line.qsize())):
            self._nudge()

    def stop(self) -> None:
        """Whatever is half fetched is fetched anew after the next start."""
        self._over.set()
        for _ in self._workers:
            self._line.put(False)
        for each in self._workers:
            each.join(STOPS)

    # ---- asking

    def heard(self, message_id: str, session_id: str, file: RemoteFile, history: bool = False) -> None:
        """The same by the session's own policy. What is older than the link is fetched only when somebody asks."""
        policy = policy_of(extra_of(session_id))
        self.want(message_id, session_id, file, replace(policy, kinds=()) if history else policy)

    def want(self, message_id: str, session_id: str, file: RemoteFile, policy: Policy) -> None:
        """Inside the write that has stored the message: note its file, and fetch it if the policy says so."""
        why_not = policy.why_not(file)
        if file.size > self.store.most:
            why_not = f'This file is larger than {self.store.most // MIB} MiB, the most that is taken here.'
        state = 'skipped' if why_not else 'wanted'
        if len(file.key) != 32 or not (file.path or file.url):
            state, why_not = 'failed', NOT_FOR_US
        added = rows.want_download(
            message=message_id, session=session_id, kind=file.kind, mime=file.mime, size=file.size,
            filename=file.filename, width=file.width, height=file.height, seconds=file.seconds,
            animated=file.animated, view_once=file.view_once, path=file.path, url=file.url, key=file.key,
            sha256=file.sha256, sealed_sha256=file.sealed_sha256, thumbnail=file.thumbnail or None, state=state,
            next_at=self.world.now(), error=why_not,
        )  # fmt: skip
        if added:
            rows.note_in_message(message_id, None, state=state, detail=why_not)
        if added and state == 'wanted':
            after_commit(self._nudge)

    def again(self, message_id: str) -> rows.Download:
        """A person asks for a file that is not here. Raises NotFound, or Conflict when it is here or never will be."""
        return write(lambda: self._again(message_id))

    def _again(self, message_id: str) -> rows.Download:
        row = rows.download_of(message_id)
        if row is None:
            raise NotFound('This message brought no file.')
        if row.media is not None and not row.media.gone_at:
            raise Conflict('This file is here already.', code='media_here')
        if len(row.key) != 32:
            raise Conflict(NOT_FOR_US, code='media_not_for_us')
        before: tuple[rows.DownloadState, ...] = ('wanted', 'failed', 'gone', 'skipped', 'here')
        if rows.move_download(message_id, before, 'wanted', tries=0, next_at=self.world.now(), error=''):
            rows.note_in_message(message_id, None, state='wanted', detail='')
            after_commit(self._nudge)
        return rows.download_of(message_id) or row

    # ---- working

    def _nudge(self) -> None:
        self._line.put(True)

    def _work(self) -> None:
        try:
            while self._line.get():
                while not self._over.is_set() and self._next():
                    pass
        finally:
            database.close()

    def _next(self) -> bool:
        """Fetch one; False when nothing is due."""
        try:
            row: rows.Download | None = write(lambda: rows.claim_download(self.world.now()))
            if row is None:
                return False
            outcome = self._outcome(row)
        except _Stopped:
            return False
        except StorageFailed as problem:  # the sweep comes back to it
            log.warning('downloads wait for the disk: %s', problem)
            return False
        while not self._settled(row, outcome):
            if self._over.wait(1):
                return False
        return True

    def _settled(self, row: rows.Download, outcome: 'Media | _Failed') -> bool:
        """False while the disk cannot take it: nobody else would bring this row to its end."""
        try:
            self._settle(row, outcome)
        except StorageFailed as problem:
            log.warning('what became of a download cannot be written yet: %s', problem)
            return False
        return True

    def _outcome(self, row: rows.Download) -> 'Media | _Failed':
        try:
            return self._fetch(row)
        except Unreachable as problem:
            if problem.status in GONE:
                return _Failed('gone', NO_LONGER)
            return _Failed('wanted', f'WhatsApp’s file server could not be used: {problem}')
        except Invalid as problem:
            late = problem.code == 'url_too_slow'
            return _Failed('wanted' if late else 'failed', str(problem))
        except StorageFailed as problem:
            return _Failed('wanted', str(problem))
        except _Stopped:
            raise
        except Exception:  # one file that breaks something must not end the worker
            log.exception('the file of message %s could not be fetched', row.message_id)
            return _Failed('wanted', 'Something broke inside Dovecote while it was fetched; its log says what.')

    def _fetch(self, row: rows.Download) -> Media:
        url = _address(row, self.host)
        headers = {'origin': PAGE, 'referer': f'{PAGE}/'}
        with self.guard.fetch(url, most=self.store.most + 4096, total=TOTAL, headers=headers) as answer:
            chunks = unsealed(self._while_running(answer.chunks), row.kind, bytes(row.key), bytes(row.sealed_sha256))
            return self.store.keep(
                chunks, filename=row.filename, said_mime=row.mime, sha256=bytes(row.sha256).hex()
            )  # fmt: skip

    def _while_running(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            if self._over.is_set():
                raise _Stopped
            yield chunk

    def _settle(self, row: rows.Download, outcome: 'Media | _Failed') -> None:
        id = row.message_id
        if isinstance(outcome, Media):
            write(lambda: self._ended(id, 'here', media=outcome.id, filename=outcome.filename, error=''))
        elif outcome.state == 'wanted' and row.tries <= len(BACKOFF):
            at = self.world.now() + timedelta(seconds=BACKOFF[row.tries - 1])
            write(lambda: rows.move_download(id, ('running',), 'wanted', next_at=at, error=outcome.sentence))
        else:
            state: rows.DownloadState = 'failed' if outcome.state == 'wanted' else outcome.state
            log.info('the file of message %s is %s: %s', id, state, outcome.sentence)
            write(lambda: self._ended(id, state, error=outcome.sentence))

    def _ended(self, id: str, state: rows.DownloadState, **more: Any) -> None:
        """Inside a write. A message that was deleted meanwhile is nobody's any more."""
        if not rows.move_download(id, ('running',), state, **more):
            return
        row = rows.download_of(id)
        if row is not None:
            chat, file = row.message.chat_id, media_body(row)
            rows.note_in_message(id, **{'media_id': row.media_id, **_without(file, 'id', 'kind')})
            body = {'id': id, 'chat': chat, 'media': file}
            self.desk.tell('message.media', body, session=row.session_id, chat=chat)


def _without(body: Body, *names: str) -> Body:
    return {name: value for name, value in body.items() if name not in names}


class _Stopped(Exception):
    """The program ends."""


@dataclass(frozen=True, slots=True)
class _Failed:
    """`state` wanted: it may work another time."""

    state: rows.DownloadState
    sentence: str


def unsealed(chunks: Iterable[bytes], kind: str, key: bytes, sealed_sha256: bytes = b'') -> Iterator[bytes]:
    """The plain bytes of a file as WhatsApp keeps it: AES-256-CBC, and behind it 10 bytes of an HMAC-SHA256.

    Cipher and MAC keys are made from `key`, the 32 bytes of its message. What was changed on the way raises Invalid
    (`media_damaged`), but only at the end: nothing may be used before all of it was taken.
    """
    info = f'WhatsApp {LABELS[kind][0]} Keys'.encode()
    keys = HKDF(hashes.SHA256(), 112, None, info).derive(key)
    iv, cipher, mac_key = keys[:16], keys[16:48], keys[48:80]
    whole, mac = hashlib.sha256(), hmac.new(mac_key, iv, 'sha256')
    opened = Cipher(algorithms.AES(cipher), modes.CBC(iv)).decryptor()
    stripped = padding.PKCS7(128).unpadder()
    tail = b''
    for chunk in chunks:
        whole.update(chunk)
        data = tail + chunk
        sealed, tail = data[:-MAC], data[-MAC:]
        mac.update(sealed)
        yield stripped.update(opened.update(sealed))
    right = hmac.compare_digest(mac.digest()[:MAC], tail)
    if not right or (sealed_sha256 and whole.digest() != sealed_sha256):
        raise _damaged()
    try:
        yield stripped.update(opened.finalize()) + stripped.finalize()
    except ValueError:
        raise _damaged() from None


def _damaged() -> Invalid:
    return Invalid('The file is damaged: it is not what its sender sealed.', code='media_damaged')


def _address(row: rows.Download, host: str) -> str:
    """Where it lies. The path comes from whoever wrote the message, the host never does."""
    named = urlsplit(row.url)
    if not host:
        if named.hostname != '127.0.0.1':
            raise Invalid('The sandbox keeps its files on this machine only.', code='url_not_allowed')
        host = named.netloc
    path = row.path or f'{named.path}?{named.query}'
    if not path.startswith('/'):
        raise Invalid('This message names no place where its file could be.', code='url_not_allowed')
    joint = '&' if '?' in path else '?'
    sealed = base64.urlsafe_b64encode(bytes(row.sealed_sha256)).decode()
    return f'https://{host}{path}{joint}hash={sealed}&mms-type={LABELS[row.kind][1]}&__wa-mms='
