"""Everything main may ask of WhatsApp, session by session."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from core.errors import CallFailed, NotConnected
from core.events import (
    GroupMade,
    GroupSeen,
    MemberOutcome,
    Outgoing,
    Picture,
    Sent,
)
from core.host import stores
from core.host.linked import is_linked
from core.host.processes import Processes
from core.host.retelling import Listen
from core.host.slots import HostReport
from core.host.wire import (
    Ask,
    Block,
    ChangeGroup,
    ChangeMembers,
    Check,
    CreateGroup,
    FindGroup,
    FindPhones,
    FindPicture,
    InviteLink,
    JoinGroup,
    LeaveGroup,
    ListBlocked,
    ListGroups,
    LogOut,
    MarkRead,
    MemberAction,
    PairPhone,
    RejectCall,
    Send,
    SetPhoto,
    SetUp,
    ShowAvailable,
    ShowTyping,
    WatchPresence,
)
from core.world import World

SEND_WAITS = 60.0  # seconds a send may wait in the host for its turn


class Hosts:
    """`listen` is called on a thread per host, in order per session; `stored` may be called on any thread. The futures
    of calls fail with NotConnected (certainly not sent), SendRefused, SendUncertain or CallFailed; their callbacks
    run on the host's reading thread and must be quick.
    """

    def __init__(
        self,
        *,
        folder: Path,
        world: World,
        listen: Listen,
        on_hosts: Callable[[], None],
        sessions_per_host: int = 20,
        library: Path | None = None,
        server: tuple[str, int] = ('web.whatsapp.com', 443),
        log_level: str = 'INFO',
    ) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        setup = SetUp(folder=str(folder), library=str(library or ''), server=server, log_level=log_level.upper())
        self.processes = Processes(setup, world=world, listen=listen, on_hosts=on_hosts, per_host=sessions_per_host)

    # ---- wishes: all return at once

    def open(self, session: str) -> None:
        """Be connected from now on; pairs when the session is not linked."""
        self.processes.open(session)

    def close(self, session: str) -> None:
        """Stop; the store is kept. Closed follows."""
        self.processes.close(session)

    def reconnect(self, session: str) -> None:
        """Stop and connect anew now."""
        self.processes.reconnect(session)

    # ---- calls

    def logout(self, session: str, *, timeout: float = 20) -> None:
        """Unlink at WhatsApp, then stop and delete the store. NotConnected, CallFailed: nothing was changed."""
        self._wait(self._ask(session, LogOut(), timeout), timeout)
        self.processes.drop(session)

    def forget(self, session: str) -> None:
        """Delete the store of a closed session."""
        stores.forget(self._folder, session)
        (self._folder / f'{session}.lock').unlink(missing_ok=True)
        self.processes.forget(session)

    def online(self) -> set[str]:
        """Who was connected when the hosts were last asked, which they are every few seconds."""
        return self.processes.online()

    def is_linked(self, session: str) -> bool:
        return is_linked(self._folder, session)

    def pairing_code(self, session: str, phone: str, *, timeout: float = 20) -> tuple[str, datetime]:
        """The code to type on that phone, and until when. `phone`: digits. The session must be open."""
        code: tuple[str, datetime] = self._wait(self._ask(session, PairPhone(phone=phone), timeout), timeout + 1)
        return code

    def send(self, session: str, message: Outgoing, *, batch: int = 0) -> Future[Sent]:
        """Sends of a session leave in the order of the calls.

        Once one of a `batch` fails with an error worth trying again, the rest of that batch is not sent either.
        """
        return self._ask(session, Send(message=message, batch=batch), SEND_WAITS)

    def mark_read(self, session: str, *, chat: str, sender: str, whatsapp_ids: tuple[str, ...]) -> Future[None]:
        return self._ask(session, MarkRead(chat=chat, sender=sender, whatsapp_ids=whatsapp_ids))

    def typing(self, session: str, *, chat: str, state: Literal['typing', 'recording', 'paused']) -> Future[None]:
        return self._ask(session, ShowTyping(chat=chat, state=state))

    def available(self, session: str, on: bool) -> Future[None]:
        return self._ask(session, ShowAvailable(on=on))

    def on_whatsapp(self, session: str, phones: tuple[str, ...]) -> Future[dict[str, str]]:
        """Digits -> address, '' when that number is not on WhatsApp."""
        return self._ask(session, FindPhones(phones=phones))

    def groups(self, session: str) -> Future[tuple[GroupSeen, ...]]:
        return self._ask(session, ListGroups())

    def group(self, session: str, group: str) -> Future[GroupSeen]:
        """By its address. The futures of all that is about groups can also fail with CallDenied."""
        return self._ask(session, FindGroup(group=group))

    def group_behind(self, session: str, link: str) -> Future[GroupSeen]:
        """What an invite link shows, before one joins."""
        return self._ask(session, FindGroup(link=link))

    def create_group(self, session: str, name: str, people: tuple[str, ...]) -> Future[GroupMade]:
        return self._ask(session, CreateGroup(name=name, people=people))

    def change_group(
        self,
        session: str,
        group: str,
        *,
        name: str | None = None,
        description: str | None = None,
        announce: bool | None = None,
        locked: bool | None = None,
    ) -> Future[None]:
        ask = ChangeGroup(group=group, name=name, description=description, announce=announce, locked=locked)
        return self._ask(session, ask)

    def change_members(
        self, session: str, group: str, people: tuple[str, ...], action: MemberAction
    ) -> Future[tuple[MemberOutcome, ...]]:
        return self._ask(session, ChangeMembers(group=group, people=people, action=action))

    def set_group_photo(self, session: str, group: str, jpeg: bytes) -> Future[str]:
        """The id of the new photo; b'' takes it away."""
        return self._ask(session, SetPhoto(group=group, jpeg=jpeg))

    def invite_link(self, session: str, group: str, *, fresh: bool = False) -> Future[str]:
        """`fresh`: the old link ends and a new one is made."""
        return self._ask(session, InviteLink(group=group, fresh=fresh))

    def join_group(self, session: str, link: str) -> Future[str]:
        """The address of the group."""
        return self._ask(session, JoinGroup(link=link))

    def leave_group(self, session: str, group: str) -> Future[None]:
        return self._ask(session, LeaveGroup(group=group))

    def picture(self, session: str, whose: str, *, small: bool = True) -> Future[Picture | None]:
        """Of a person or group; None: they have none, or do not show it to us."""
        return self._ask(session, FindPicture(whose=whose, small=small))

    def watch_presence(self, session: str, whom: str) -> Future[None]:
        """PresenceChanged follows, now and whenever they come or go, until the connection ends."""
        return self._ask(session, WatchPresence(whom=whom))

    def reject_call(self, session: str, caller: str, id: str) -> Future[None]:
        return self._ask(session, RejectCall(caller=caller, id=id))

    def blocked(self, session: str) -> Future[tuple[str, ...]]:
        """The addresses of everybody this account has blocked."""
        return self._ask(session, ListBlocked())

    def block(self, session: str, whom: str, on: bool) -> Future[tuple[str, ...]]:
        """The block list as it is afterwards."""
        return self._ask(session, Block(whom=whom, on=on))

    def check(self, session: str, *, timeout: float = 10) -> Future[None]:
        """Does WhatsApp answer this session? CallFailed after `timeout` seconds."""
        future: Future[None] = self._ask(session, Check(), timeout)
        return _within(future, timeout)

    # ---- the hosts themselves

    def hosts(self) -> list[HostReport]:
        return self.processes.reports()

    def restart_host(self, id: str) -> bool:
        """End this host's process; its sessions come back in a new one. False: there is none with this id."""
        return self.processes.restart(id)

    def stop(self, *, timeout: float = 8) -> None:
        """Sends in flight finish, clients close, processes end; what does not in time is killed."""
        self.processes.stop(timeout)

    # ---- inside

    def _ask(self, session: str, ask: Ask, seconds: float = 30.0) -> Future[Any]:
        link = self.processes.link_of(session)
        if link is None:
            failed: Future[Any] = Future()
            failed.set_exception(NotConnected('The session is not running.'))
            return failed
        return link.ask(session, ask, seconds=seconds)

    def _wait(self, future: Future[Any], timeout: float) -> Any:
        try:
            return future.result(timeout)
        except FutureTimeout:
            raise CallFailed('WhatsApp did not answer in time.') from None


def _within(future: Future[Any], seconds: float) -> Future[Any]:
    """The same, but failing after `seconds`."""
    result: Future[Any] = Future()
    result.set_running_or_notify_cancel()
    once = threading.Lock()

    def settle(late: bool) -> None:
        if not once.acquire(blocking=False):
            return
        timer.cancel()
        error = CallFailed('WhatsApp did not answer in time.') if late else future.exception()
        if error is not None:
            result.set_exception(error)
        else:
            result.set_result(future.result())

    timer = threading.Timer(seconds, lambda: settle(True))
    timer.daemon = True
    timer.start()
    future.add_done_callback(lambda _: settle(False))
    return result
