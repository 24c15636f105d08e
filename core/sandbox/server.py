"""The sandbox server whole: what it is made of, how it starts, saves and ends."""

import asyncio
import fcntl
import logging
import os
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

from core.errors import Conflict
from core.sandbox import certificates, patch, rows, tokens
from core.sandbox.control import Change
from core.sandbox.keys import KeyPair
from core.sandbox.library import original
from core.sandbox.mailbox import Letter
from core.sandbox.media import MediaStore
from core.sandbox.noise import Authority
from core.sandbox.people import Account, People
from core.sandbox.phone import Phone, PhoneState
from core.sandbox.relay import Relay
from core.sandbox.session import Session
from core.sandbox.store import Store
from core.sandbox.wire import Codec

log = logging.getLogger(__name__)
RETRY = 1.0
FLUSH = 0.05  # often, because collecting what changed makes everyone wait
NEWS = 0.05


class Server:
    """`library` is the patched library that talks to `port`. Made, used and closed inside one event loop."""

    def __init__(self, folder: Path) -> None:
        """Open *folder*; nothing listens yet. Raises Conflict when another sandbox uses it."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder
        self._lock = _locked(folder / 'lock')
        self.store = Store(folder / 'sandbox.db')
        self._trusted = self.store.was_clean
        self._meta = dict(self.store.text('meta'))
        self._root = KeyPair.of(bytes.fromhex(self._remembered('root', KeyPair.new().private.hex)))
        codec = Codec(tokens.load(original(), folder / 'tokens.json'))
        self.relay = Relay(codec=codec, authority=Authority(self._root), people=People(), store=self.store)
        self.port = 0
        self.library = folder / 'neonize-sandbox.so'
        self._short = patch.short_folder(folder)
        self._listener: asyncio.Server | None = None
        self._work: list[asyncio.Task[None]] = []
        self._ending = False

    async def start(self, port: int, watcher: Callable[[tuple[Change, ...]], None]) -> None:
        """Listen at *port*, or at the one of last time, or at any."""
        self._open_media()
        self._restore()
        await self._listen_somewhere(port or int(self._meta.get('port', '0')))
        self._remember('port', str(self.port))
        patch.build(self.library, root_public=self._root.public, port=self.port, ca_file=self._short / 'ca.pem')
        self.store.flush()
        self._work = [asyncio.create_task(self._flush_often()), asyncio.create_task(self._tell_often(watcher))]

    async def close(self) -> None:
        self._ending = True  # not cancelled: a write in its thread must be over before the last one
        self.hang_up()
        self.relay.settle()
        await asyncio.gather(*self._work)
        self.media.close()
        self.store.close()
        (self._short / 'ca.pem').unlink(missing_ok=True)
        if not any(self._short.iterdir()):
            self._short.rmdir()
        os.close(self._lock)

    # ---- listening

    async def listen(self) -> None:
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: Session(self.relay), '127.0.0.1', self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    def hang_up(self) -> None:
        """Stop listening and cut every connection."""
        if self._listener:
            self._listener.close()
            self._listener = None
        for session in list(self.relay.sessions):
            session.drop()

    def outage(self, seconds: float) -> None:
        self.hang_up()
        loop = asyncio.get_running_loop()
        loop.call_later(seconds, lambda: self.relay.later(self._come_back()))

    async def _come_back(self) -> None:
        if self._listener is None:
            await self.listen()

    async def _listen_somewhere(self, port: int) -> None:
        self.port = port
        try:
            await self.listen()
        except OSError:
            self.port = 0
            await self.listen()

    def _open_media(self) -> None:
        ca_file, server_file = self.folder / 'ca.pem', self.folder / 'tls.pem'
        certificates.ensure(ca_file, server_file)
        (self._short / 'ca.pem').write_bytes(ca_file.read_bytes())
        port = int(self._meta.get('media_port', '0'))
        self.media = MediaStore(self.folder / 'media', server_file, port, self.relay.faults)
        self._remember('media_port', str(self.media.port))
        self.relay.media = self.media

    # ---- people

    def add_account(self, number: str, name: str, aliases: Iterable[str] = ()) -> Account:
        account = self.relay.people.add(number, name)
        account.aliases.update(aliases)
        Phone(account.devices[0], self.relay).mark()
        self.relay.keep.account(account)
        self.relay.keep.device(account.devices[0])
        self.store.flush()
        return account

    def _restore(self) -> None:
        people = self.relay.people
        self.relay.keep.restore(people)
        states = {number: rows.load(PhoneState, text) for number, text in self.store.text('phone')}
        for account in people.accounts.values():
            phone = Phone(account.devices[0], self.relay, states.get(account.number))
            phone.seals.restore(trusted=self._trusted)
        for key, text in self.store.text('letter'):
            number, _, turn = key.partition('/')
            owner = people.accounts[number].devices[0].phone
            if owner:
                owner.mailbox.restore(int(turn), rows.load(Letter, text))
        for account in people.accounts.values():
            found = account.devices[0].phone
            if found and not found.state.offline:
                found.catch_up()

    # ---- saving

    def _remembered(self, name: str, first: Callable[[], str]) -> str:
        if name not in self._meta:
            self._remember(name, first())
        return self._meta[name]

    def _remember(self, name: str, value: str) -> None:
        self._meta[name] = value
        self.store.mark('meta', name, lambda: value)

    async def _flush_often(self) -> None:
        while not self._ending:
            await asyncio.sleep(FLUSH)
            self.store.collect()
            try:
                await asyncio.to_thread(self.store.write)
            except sqlite3.Error as error:
                log.error('the sandbox cannot save: %s', error)
                await asyncio.sleep(RETRY)

    async def _tell_often(self, watcher: Callable[[tuple[Change, ...]], None]) -> None:
        while not self._ending:
            await asyncio.sleep(NEWS)
            if self.relay.news:
                news, self.relay.news = self.relay.news, set()
                watcher(tuple(news))


def _locked(file: Path) -> int:
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise Conflict(f'Another sandbox already uses {file.parent}.', code='sandbox_running') from error
    return handle
