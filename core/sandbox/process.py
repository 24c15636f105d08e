"""The main program's side of the sandbox: start it, ask it things, end it."""

import contextlib
import itertools
import logging
import os
import socket
import subprocess
import sys
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from datetime import datetime
from pathlib import Path
from typing import Literal, cast

from core.errors import CallFailed, Conflict
from core.sandbox.control import (
    Addressing,
    Calls,
    Change,
    DeviceOut,
    Fault,
    FaultKind,
    GroupAction,
    GroupOut,
    Item,
    PersonOut,
    Presence,
    Seen,
    Watcher,
)
from core.sandbox.pipe import HEAD, Answer, Call, Failed, Letter, News, Ready, pack, unpack

log = logging.getLogger(__name__)
START = 30.0
DEADLINE = 10.0
LINKING = 40.0
END = 5.0


def start_sandbox(folder: Path, *, port: int = 0) -> 'Sandbox':
    """Start the server's process on *folder* and wait until it is ready.

    *port* 0 takes the port of last time if it is free, else any. Raises Conflict when it cannot start.
    """
    ours, theirs = socket.socketpair()
    command = [sys.executable, '-m', 'core.sandbox.child', str(theirs.fileno()), str(folder.absolute()), str(port)]
    paths = [str(Path(__file__).parents[2]), *filter(None, sys.path)]
    with theirs:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            env={**os.environ, 'PYTHONPATH': os.pathsep.join(dict.fromkeys(paths))},
        )
    sandbox = Sandbox(process, ours)
    try:
        sandbox.wait_ready()
    except BaseException:
        sandbox.close()
        raise
    return sandbox


class Sandbox:
    """A running sandbox. Every call may be made from any thread and raises CallFailed when the process does not answer.

    `library` is the patched library clients must load, `address` where they will connect. What the calls do is said
    in `control.Calls`.
    """

    def __init__(self, process: 'subprocess.Popen[bytes]', pipe: socket.socket) -> None:
        self._process, self._pipe = process, pipe
        self._ids = itertools.count(1)
        self._waiting: dict[int, Future[object]] = {}
        self._writing = threading.Lock()
        self._watchers: list[Watcher] = []
        self._ready: Future[Ready] = Future()
        self._reader = threading.Thread(target=self._read, name='sandbox', daemon=True)
        self._reader.start()

    def wait_ready(self) -> None:
        try:
            self._ready.result(START)
        except Late:
            raise Conflict('The sandbox did not start in time.', code='sandbox_failed') from None

    @property
    def library(self) -> Path:
        return Path(self._ready.result(0).library)

    @property
    def address(self) -> tuple[str, int]:
        ready = self._ready.result(0)
        return ready.host, ready.port

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        """End it in an orderly way, its state saved. May be called twice."""
        with contextlib.suppress(OSError):  # it has ended by itself
            self._pipe.shutdown(socket.SHUT_WR)
        try:
            self._process.wait(END)
        except subprocess.TimeoutExpired:
            log.warning('the sandbox did not end in time and is killed')
            self._process.kill()
            self._process.wait()
        self._reader.join(END)
        self._pipe.close()

    def watch(self, watcher: Watcher) -> None:
        """*watcher* is told of changes, gathered over 50 ms, in the sandbox's reader thread; it must return quickly."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Watcher) -> None:
        self._watchers.remove(watcher)

    # ---- the calls

    def phones(self) -> tuple[PersonOut, ...]:
        return cast(tuple[PersonOut, ...], self._call('phones'))

    def add_phone(self, phone: str, name: str = '', aliases: tuple[str, ...] = ()) -> PersonOut:
        return cast(PersonOut, self._call('add_phone', phone=phone, name=name, aliases=aliases))

    def scan(self, phone: str, qr: str) -> int:
        return cast(int, self._call('scan', LINKING, phone=phone, qr=qr))

    def enter_code(self, phone: str, code: str) -> int:
        return cast(int, self._call('enter_code', LINKING, phone=phone, code=code))

    def say(
        self, phone: str, to: str, text: str, *, quote: str = '', mentions: tuple[str, ...] = (), id: str = ''
    ) -> str:
        return cast(str, self._call('say', phone=phone, to=to, text=text, quote=quote, mentions=mentions, id=id))

    def send(self, phone: str, to: str, message: bytes, *, id: str = '') -> str:
        return cast(str, self._call('send', phone=phone, to=to, message=message, id=id))

    def attach(
        self,
        phone: str,
        to: str,
        data: bytes,
        *,
        mime: str,
        caption: str = '',
        filename: str = '',
        voice: bool = False,
        view_once: bool = False,
        quote: str = '',
    ) -> str:
        what = {'caption': caption, 'filename': filename, 'voice': voice, 'view_once': view_once, 'quote': quote}
        return cast(str, self._call('attach', phone=phone, to=to, data=data, mime=mime, **what))

    def locate(
        self,
        phone: str,
        to: str,
        latitude: float,
        longitude: float,
        *,
        name: str = '',
        address: str = '',
        quote: str = '',
    ) -> str:
        what = {'latitude': latitude, 'longitude': longitude, 'name': name, 'address': address, 'quote': quote}
        return cast(str, self._call('locate', phone=phone, to=to, **what))

    def card(self, phone: str, to: str, name: str, phones: tuple[str, ...], *, quote: str = '') -> str:
        return cast(str, self._call('card', phone=phone, to=to, name=name, phones=phones, quote=quote))

    def poll(
        self, phone: str, to: str, name: str, options: tuple[str, ...], *, multiple: bool = False, quote: str = ''
    ) -> str:
        what = {'name': name, 'options': options, 'multiple': multiple, 'quote': quote}
        return cast(str, self._call('poll', phone=phone, to=to, **what))

    def vote(self, phone: str, message: str, options: tuple[str, ...]) -> str:
        return cast(str, self._call('vote', phone=phone, message=message, options=options))

    def edit(self, phone: str, message: str, text: str) -> str:
        return cast(str, self._call('edit', phone=phone, message=message, text=text))

    def revoke(self, phone: str, message: str) -> str:
        return cast(str, self._call('revoke', phone=phone, message=message))

    def forward(self, phone: str, message: str, to: str) -> str:
        return cast(str, self._call('forward', phone=phone, message=message, to=to))

    def status(self, phone: str, text: str = '', *, data: bytes = b'', mime: str = '') -> str:
        return cast(str, self._call('status', phone=phone, text=text, data=data, mime=mime))

    def read(self, phone: str, ids: tuple[str, ...] | None = None) -> int:
        return cast(int, self._call('read', phone=phone, ids=ids))

    def typing(self, phone: str, to: str, state: Literal['composing', 'paused', 'recording'] = 'composing') -> None:
        self._call('typing', phone=phone, to=to, state=state)

    def presence(self, phone: str, state: Presence) -> None:
        self._call('presence', phone=phone, state=state)

    def call(self, phone: str, to: str, *, video: bool = False) -> str:
        return cast(str, self._call('call', phone=phone, to=to, video=video))

    def hang_up(self, phone: str) -> int:
        return cast(int, self._call('hang_up', phone=phone))

    def block(self, phone: str, other: str, on: bool = True) -> None:
        self._call('block', phone=phone, other=other, on=on)

    def blocked(self, phone: str) -> tuple[str, ...]:
        return cast(tuple[str, ...], self._call('blocked', phone=phone))

    def save_contact(self, phone: str, other: str, name: str) -> None:
        self._call('save_contact', phone=phone, other=other, name=name)

    def picture(self, phone: str, data: bytes) -> str:
        return cast(str, self._call('picture', phone=phone, data=data))

    def remember(self, phone: str, chat: str, text: str, *, at: datetime, mine: bool = False) -> str:
        return cast(str, self._call('remember', phone=phone, chat=chat, text=text, at=at, mine=mine))

    def history(self, phone: str, chats: int, messages: int) -> None:
        self._call('history', phone=phone, chats=chats, messages=messages)

    def react(self, phone: str, message: str, emoji: str) -> str:
        return cast(str, self._call('react', phone=phone, message=message, emoji=emoji))

    def inbox(self, phone: str) -> tuple[Item, ...]:
        return cast(tuple[Item, ...], self._call('inbox', phone=phone))

    def conversation(self, phone: str, chat: str = '', latest: int = 0) -> tuple[Item, ...]:
        return cast(tuple[Item, ...], self._call('conversation', phone=phone, chat=chat, latest=latest))

    def media(self, phone: str, message: str) -> bytes:
        return cast(bytes, self._call('media', phone=phone, message=message))

    def offline(self, phone: str, off: bool) -> None:
        self._call('offline', phone=phone, off=off)

    def groups(self) -> tuple[GroupOut, ...]:
        return cast(tuple[GroupOut, ...], self._call('groups'))

    def add_group(self, name: str, owner: str, members: tuple[str, ...]) -> GroupOut:
        return cast(GroupOut, self._call('add_group', name=name, owner=owner, members=members))

    def group_change(
        self,
        phone: str,
        group: str,
        action: GroupAction,
        members: tuple[str, ...] = (),
        *,
        text: str = '',
        data: bytes = b'',
    ) -> GroupOut:
        what = {'action': action, 'members': members, 'text': text, 'data': data}
        return cast(GroupOut, self._call('group_change', phone=phone, group=group, **what))

    def set_addressing(self, direct: Addressing = 'pn', groups: Addressing = 'lid') -> None:
        self._call('set_addressing', direct=direct, groups=groups)

    def sessions(self) -> tuple[DeviceOut, ...]:
        return cast(tuple[DeviceOut, ...], self._call('sessions'))

    def faults(self) -> tuple[Fault, ...]:
        return cast(tuple[Fault, ...], self._call('faults'))

    def set_fault(self, fault: Fault) -> None:
        self._call('set_fault', fault=fault)

    def clear_fault(self, kind: FaultKind | None = None) -> None:
        self._call('clear_fault', kind=kind)

    def records(self) -> tuple[Seen, ...]:
        return cast(tuple[Seen, ...], self._call('records'))

    def unknown(self) -> tuple[str, ...]:
        return cast(tuple[str, ...], self._call('unknown'))

    # ---- the pipe

    def _call(self, name: str, deadline: float = DEADLINE, /, **arguments: object) -> object:
        ident, future = next(self._ids), Future[object]()
        self._waiting[ident] = future
        try:
            with self._writing:
                self._pipe.sendall(pack(Call(ident, name, arguments)))
            return future.result(deadline)
        except Late:
            raise CallFailed('The sandbox did not answer in time.') from None
        except OSError as error:
            raise CallFailed('The sandbox is not running.') from error
        finally:
            self._waiting.pop(ident, None)

    def _read(self) -> None:
        try:
            while (letter := self._next()) is not None:
                self._take(letter)
        except OSError as error:
            log.warning('the pipe to the sandbox broke: %s', error)
        self._ended()

    def _take(self, letter: Letter) -> None:
        if isinstance(letter, News):
            self._tell(letter.changes)
        elif isinstance(letter, Answer):
            future = self._waiting.get(letter.id)
            if future and letter.error:
                future.set_exception(letter.error)
            elif future:
                future.set_result(letter.value)
        elif isinstance(letter, Ready):
            self._ready.set_result(letter)
        elif isinstance(letter, Failed):
            self._ready.set_exception(letter.error)

    def _tell(self, changes: tuple[Change, ...]) -> None:
        for watcher in list(self._watchers):
            try:
                watcher(changes)
            except Exception:  # one page that fails must not make the others blind
                log.exception('a watcher of the sandbox failed')

    def _ended(self) -> None:
        if not self._ready.done():
            self._ready.set_exception(Conflict('The sandbox ended before it was ready.', code='sandbox_failed'))
        for future in list(self._waiting.values()):
            if not future.done():
                future.set_exception(CallFailed('The sandbox is not running.'))

    def _next(self) -> Letter | None:
        head = self._exactly(HEAD)
        body = self._exactly(int.from_bytes(head, 'big')) if head else b''
        return unpack(body) if body else None

    def _exactly(self, size: int) -> bytes:
        """*size* bytes, or b'' at the end."""
        data = bytearray()
        while len(data) < size:
            part = self._pipe.recv(size - len(data))
            if not part:
                return b''
            data += part
        return bytes(data)


def _same_calls(sandbox: Sandbox) -> Calls:
    """The type checker proves here that `Sandbox` has every call."""
    return sandbox
