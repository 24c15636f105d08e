"""The Go library as typed functions: the one place that touches neonize.

Only neonize's binding is loaded, not its package: `neonize/__init__` brings PIL, requests, libmagic and a
`logging.basicConfig` with it (27 MB), and its client keeps a second, polling thread for each session.
"""

import ctypes
import importlib
import importlib.util
import re
import sys
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def _home() -> Path:
    found = importlib.util.find_spec('neonize')
    if found is None or not found.submodule_search_locations:
        raise ImportError('neonize is not installed')
    return Path(found.submodule_search_locations[0])


HOME = _home()
# The protobuf modules import each other as top-level names.
if str(HOME / 'proto') not in sys.path:
    sys.path.append(str(HOME / 'proto'))

import Neonize_pb2  # noqa: E402

pb: Any = Neonize_pb2
e2e: Any = importlib.import_module('waE2E.WAWebProtobufsE2E_pb2')

# The numbers of the events we ask for (neonize/events.py).
DEVICE, PAIRED, CONNECTED, KEEPALIVE_MISSED, LOGGED_OUT, REPLACED, BANNED = 0, 2, 3, 4, 6, 7, 8
CONNECT_FAILED, OUTDATED, DISCONNECTED, HISTORY = 9, 10, 12, 13
MESSAGE, RECEIPT, TYPING, PRESENCE, JOINED_GROUP, GROUP_CHANGED = 17, 18, 19, 20, 21, 22
BACKLOG_STARTS, BACKLOG_ENDS, BLOCKED, CALLED, GROUP_CALLED, CALL_ENDED, DAMAGED = 26, 27, 30, 36, 40, 42, 44
# The numbers of its kinds of upload (neonize/utils/enum.py).
IMAGE, VIDEO, AUDIO, DOCUMENT, LINK_THUMBNAIL = 0, 1, 2, 3, 6
WANTED = (
    PAIRED, CONNECTED, KEEPALIVE_MISSED, LOGGED_OUT, REPLACED, BANNED, CONNECT_FAILED, OUTDATED, DISCONNECTED,
    HISTORY, MESSAGE, RECEIPT, TYPING, PRESENCE, JOINED_GROUP, GROUP_CHANGED, BACKLOG_STARTS, BACKLOG_ENDS,
    BLOCKED, CALLED, GROUP_CALLED, CALL_ENDED, DAMAGED,
)  # fmt: skip


class GoError(Exception):
    """The library's own words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callbacks:
    """Called on the library's threads. `event` gets the number and the protobuf bytes of an event."""

    qr: Callable[[str], None]
    login: Callable[[str], None]
    event: Callable[[int, bytes], None]
    log: Callable[[bytes], None]


class Go:
    """Every function names its client by the uuid it was run with; unknown ones make some of them panic: see Gate."""

    def __init__(self, gocode: Any, binder: types.ModuleType) -> None:
        self._go = gocode
        self._binder = binder
        self._kept: list[object] = []

    def run(self, uuid: bytes, store: str, callbacks: Callbacks, *, level: str) -> str:
        """Connect, pair when the store holds no device, and stay until `stop`. Returns why it ended, '' after stop."""
        qr = self._binder.func_string(lambda _uuid, code: callbacks.qr(ctypes.string_at(code).decode()))
        login = self._binder.func_string(lambda _uuid, status: callbacks.login(ctypes.string_at(status).decode()))
        event = self._binder.func_callback_bytes(
            lambda _uuid, data, size, number: callbacks.event(number, ctypes.string_at(data, size) if size else b'')
        )
        log = self._binder.func_callback_bytes2(lambda data, size: callbacks.log(ctypes.string_at(data, size)))
        # For ever: threads of the library write log lines long after this has returned.
        self._kept.append((qr, login, event, log))
        wanted = (ctypes.c_char * len(WANTED)).from_buffer(bytearray(WANTED))
        props = _device_props()
        ended: bytes = self._go.Neonize(
            store.encode(), uuid, b'', 0, 0, level.encode(), qr, login, event, log,
            wanted, len(WANTED), props, len(props), b'', 0, None,
        )  # fmt: skip
        return ended.decode(errors='replace')

    def stop(self, uuid: bytes) -> None:
        self._go.Stop(uuid)

    def disconnect(self, uuid: bytes) -> None:
        """Cut the connection only: what already arrived is still told."""
        self._go.Disconnect(uuid)

    def send(self, uuid: bytes, to: bytes, message: bytes) -> Any:
        answer = pb.SendMessageReturnFunction.FromString(self._go.SendMessage(uuid, to, len(to), message, len(message)))
        if answer.Error:
            raise GoError(answer.Error)
        return answer.SendResponse

    def upload(self, uuid: bytes, data: bytes, kind: int) -> Any:
        """Encrypts and uploads; `kind` is one of IMAGE, VIDEO, AUDIO, DOCUMENT. Returns the UploadResponse."""
        answer = pb.UploadReturnFunction.FromString(self._go.Upload(uuid, data, len(data), kind))
        if answer.Error:
            raise GoError(answer.Error)
        return answer.UploadResponse

    def decrypt_vote(self, uuid: bytes, event: bytes) -> list[bytes]:
        """SHA-256 of each option chosen. `event`: the message event as it came. Panics for an unknown client."""
        given = self._go.DecryptPollVote(uuid, event, len(event))  # the binder forgot to turn this one into bytes
        try:
            answer = pb.ReturnFunctionWithError.FromString(given.contents.get_bytes())
        finally:
            self._go.FreeBytesStruct(given)
        if answer.Error:
            raise GoError(answer.Error)
        return list(answer.PollVoteMessage.selectedOptions)

    def build_vote(self, uuid: bytes, poll: bytes, options: Sequence[str]) -> Any:
        """The waE2E.Message of a vote, sealed with the secret of its poll, which the library has kept. `poll`: its
        MessageInfo. GoError where it has not.
        """
        names = pb.ArrayString(data=options).SerializeToString()
        said = self._go.BuildPollVote(uuid, poll, len(poll), names, len(names))
        return _found(pb.BuildPollVoteReturnFunction.FromString(said)).PollVote

    def pair_phone(self, uuid: bytes, phone: str, shown_as: str) -> str:
        chrome = 1
        asked = pb.PairPhoneParams(
            phone=phone, showPushNotification=True, clientType=chrome, clientDisplayName=shown_as
        ).SerializeToString()
        answer = pb.PairPhoneReturnFunction.FromString(self._go.PairPhone(uuid, asked, len(asked)))
        if answer.Error:
            raise GoError(answer.Error)
        code: str = answer.Code
        return code

    def log_out(self, uuid: bytes) -> None:
        _raise(self._go.Logout(uuid))

    def mark_read(self, uuid: bytes, ids: tuple[str, ...], chat: bytes, sender: bytes, at: int) -> None:
        _raise(self._go.MarkRead(uuid, ' '.join(ids).encode(), at, chat, len(chat), sender, len(sender), b'read'))

    def show_typing(self, uuid: bytes, chat: bytes, *, paused: bool, recording: bool) -> None:
        _raise(self._go.SendChatPresence(uuid, chat, len(chat), int(paused), int(recording)))

    def show_available(self, uuid: bytes, on: bool) -> None:
        _raise(self._go.SendPresence(uuid, b'available' if on else b'unavailable'))

    def find_phones(self, uuid: bytes, phones: tuple[str, ...]) -> list[Any]:
        asked = ' '.join(f'+{phone}' for phone in phones).encode()
        answer = pb.IsOnWhatsAppReturnFunction.FromString(self._go.IsOnWhatsApp(uuid, asked, len(asked)))
        if answer.Error:
            raise GoError(answer.Error)
        return list(answer.IsOnWhatsAppResponse)

    def number_behind(self, uuid: bytes, lid: bytes) -> Any:
        """The JID of the number, empty while the library has not heard of it. Panics for an unknown client."""
        return _found(pb.GetJIDFromStoreReturnFunction.FromString(self._go.GetPNFromLID(uuid, lid, len(lid)))).Jid

    def groups(self, uuid: bytes) -> list[Any]:
        answer = pb.GetJoinedGroupsReturnFunction.FromString(self._go.GetJoinedGroups(uuid))
        if answer.Error:
            raise GoError(answer.Error)
        return list(answer.Group)

    def group(self, uuid: bytes, group: bytes) -> Any:
        """The GroupInfo with everybody in it."""
        return _found(
            pb.GetGroupInfoReturnFunction.FromString(self._go.GetGroupInfo(uuid, group, len(group)))
        ).GroupInfo

    def group_behind(self, uuid: bytes, link: str) -> Any:
        """The GroupInfo that an invite link shows to whoever has it."""
        answer = pb.GetGroupInfoReturnFunction.FromString(self._go.GetGroupInfoFromLink(uuid, link.encode()))
        return _found(answer).GroupInfo

    def create_group(self, uuid: bytes, name: str, people: Sequence[bytes]) -> Any:
        """The GroupInfo; its participants carry an `Error` where somebody could not be added."""
        asked = pb.ReqCreateGroup(name=name, CreateKey='', Participants=[pb.JID.FromString(each) for each in people])
        data = asked.SerializeToString()
        return _found(pb.GetGroupInfoReturnFunction.FromString(self._go.CreateGroup(uuid, data, len(data)))).GroupInfo

    def change_members(self, uuid: bytes, group: bytes, people: Sequence[bytes], action: str) -> list[Any]:
        """`action`: add, remove, promote or demote. A GroupParticipant each, `Error` 0 where it was done."""
        data = pb.JIDArray(JIDS=[pb.JID.FromString(each) for each in people]).SerializeToString()
        said = self._go.UpdateGroupParticipants(uuid, group, len(group), data, len(data), action.encode())
        return list(_found(pb.UpdateGroupParticipantsReturnFunction.FromString(said)).participants)

    def name_group(self, uuid: bytes, group: bytes, name: str) -> None:
        _raise(self._go.SetGroupName(uuid, group, len(group), name.encode()))

    def describe_group(self, uuid: bytes, group: bytes, text: str) -> None:
        """The library finds out which description it replaces, and makes the id of the new one."""
        _raise(self._go.SetGroupTopic(uuid, group, len(group), b'', b'', text.encode()))

    def only_admins_write(self, uuid: bytes, group: bytes, on: bool) -> None:
        _raise(self._go.SetGroupAnnounce(uuid, group, len(group), on))

    def only_admins_change(self, uuid: bytes, group: bytes, on: bool) -> None:
        _raise(self._go.SetGroupLocked(uuid, group, len(group), on))

    def set_group_photo(self, uuid: bytes, group: bytes, jpeg: bytes) -> str:
        """The id of the new photo; no bytes take it away."""
        said = self._go.SetGroupPhoto(uuid, group, len(group), jpeg, len(jpeg))
        return str(_found(pb.SetGroupPhotoReturnFunction.FromString(said)).PictureID)

    def invite_link(self, uuid: bytes, group: bytes, *, fresh: bool) -> str:
        """`fresh`: the old one ends, a new one is made."""
        said = self._go.GetGroupInviteLink(uuid, group, len(group), fresh)
        return str(_found(pb.GetGroupInviteLinkReturnFunction.FromString(said)).InviteLink)

    def join_group(self, uuid: bytes, link: str) -> Any:
        """The JID of the group."""
        return _found(
            pb.JoinGroupWithLinkReturnFunction.FromString(self._go.JoinGroupWithLink(uuid, link.encode()))
        ).Jid

    def leave_group(self, uuid: bytes, group: bytes) -> None:
        _raise(self._go.LeaveGroup(uuid, group, len(group)))

    def picture(self, uuid: bytes, whose: bytes, *, small: bool) -> Any:
        """The ProfilePictureInfo of a person or a group."""
        asked = pb.GetProfilePictureParams(Preview=small, ExistingID='', IsCommunity=False).SerializeToString()
        said = self._go.GetProfilePicture(uuid, whose, len(whose), asked, len(asked))
        return _found(pb.GetProfilePictureReturnFunction.FromString(said)).Picture

    def watch_presence(self, uuid: bytes, whom: bytes) -> None:
        _raise(self._go.SubscribePresence(uuid, whom, len(whom)))

    def reject_call(self, uuid: bytes, caller: bytes, call: str) -> None:
        _raise(self._go.RejectCall(uuid, caller, len(caller), call.encode()))

    def blocklist(self, uuid: bytes) -> list[Any]:
        """The JIDs of everybody who is blocked.

        Also the cheapest question that WhatsApp itself has to answer, and that names no other person.
        """
        return list(_found(pb.GetBlocklistReturnFunction.FromString(self._go.GetBlocklist(uuid))).Blocklist.JIDs)

    def change_blocklist(self, uuid: bytes, whom: bytes, action: str) -> list[Any]:
        """`action`: block or unblock. The list as it is then. Panics for an unknown client."""
        said = self._go.UpdateBlocklist(uuid, whom, len(whom), action.encode())
        return list(_found(pb.GetBlocklistReturnFunction.FromString(said)).Blocklist.JIDs)

    def device(self, uuid: bytes) -> Any:
        """Who we are logged in as. Panics for an unknown client."""
        return pb.Device.FromString(self._go.GetMe(uuid))


def load(library: str = '') -> Go:
    """Load the shared library, `library` instead of neonize's own when given."""
    if 'neonize' in sys.modules:
        raise RuntimeError('neonize is already loaded')
    _pretend('neonize', HOME)
    _pretend('neonize.utils', HOME / 'utils')
    download = _pretend('neonize.download', None)
    download.__dict__['__GONEONIZE_VERSION__'] = version()
    download.__dict__['download'] = _no_download
    if library:
        platform = _pretend('neonize.utils.platform', None)
        # An absolute path wins in `Path(package) / generated_name()`.
        platform.__dict__['generated_name'] = lambda *_args: library
    binder = importlib.import_module('neonize._binder')
    return Go(binder.gocode, binder)


def _pretend(name: str, folder: Path | None) -> types.ModuleType:
    """Put a package in place that finds its modules in `folder` but has not run its own start."""
    module = types.ModuleType(name)
    if folder is not None:
        module.__path__ = [str(folder)]
    sys.modules[name] = module
    return module


def version() -> str:
    """Of the library neonize expects."""
    found = re.search(r'__GONEONIZE_VERSION__ = "(.+?)"', (HOME / 'download.py').read_text())
    return found.group(1) if found else ''


def _no_download() -> None:
    raise RuntimeError('the library of the installed neonize is missing or has another version')


def _device_props() -> bytes:
    props = importlib.import_module('waCompanionReg.WAWebProtobufsCompanionReg_pb2').DeviceProps
    data: bytes = props(os='Dovecote', platformType=props.CHROME).SerializeToString()
    return data


def _found(answer: Any) -> Any:
    if answer.Error:
        raise GoError(answer.Error)
    return answer


def _raise(answer: bytes) -> None:
    if answer:
        raise GoError(answer.decode(errors='replace'))
