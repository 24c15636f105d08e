"""What a phone tells its linked devices of the past: at the beginning, and when they ask for more.

It travels in blobs. The first is small and comes inside its notice, the others are fetched from the media store.
"""

import zlib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from core.sandbox.attachments import seal
from core.sandbox.mailbox import Letter
from core.sandbox.message import ABOUT_ANOTHER
from core.sandbox.node import LID, STATUS, USER, Jid
from core.sandbox.people import Device
from core.sandbox.protos import Conversation, History, Message, Notice, e2e, history, web

if TYPE_CHECKING:
    from core.sandbox.phone import Phone

FIRST = 5  # messages of each chat that come at once
CHATS_IN_A_PART = 10
ON_DEMAND_MAX = 200
KIND = history.HistorySync
STATES = {
    'failed': web.WebMessageInfo.ERROR,
    'sent': web.WebMessageInfo.SERVER_ACK,
    'delivered': web.WebMessageInfo.DELIVERY_ACK,
    'read': web.WebMessageInfo.READ,
    'played': web.WebMessageInfo.PLAYED,
}


def share(phone: 'Phone', device: Device) -> None:
    """Tell a newly linked *device* as much as the phone is set to: newest chats first, then what is older in them."""
    most = phone.state.history_messages
    chats = list(islice(_chats(phone).items(), phone.state.history_chats))
    first = [_conversation(phone, chat, letters[-min(FIRST, most) :], letters) for chat, letters in chats if most]
    _send(phone, device, KIND(syncType=KIND.INITIAL_BOOTSTRAP, chunkOrder=1, progress=100, conversations=first))
    names = [history.Pushname(ID=jid, pushname=name) for jid, name in _push_names(phone, [chat for chat, _ in chats])]
    if names:
        _send(phone, device, KIND(syncType=KIND.PUSH_NAME, chunkOrder=1, progress=100, pushnames=names))
    rest = [(chat, letters[-most:-FIRST], letters) for chat, letters in chats if min(most, len(letters)) > FIRST]
    parts = [rest[at : at + CHATS_IN_A_PART] for at in range(0, len(rest), CHATS_IN_A_PART)] or [[]]
    for number, part in enumerate(parts, 1):
        older = [_conversation(phone, chat, some, letters) for chat, some, letters in part]
        progress = 100 * number // len(parts)
        _send(phone, device, KIND(syncType=KIND.RECENT, chunkOrder=number, progress=progress, conversations=older))


def asked(phone: 'Phone', device: Device, ident: str, message: Message) -> None:
    """*device* sent this: when it is one of ours and asks for older messages of a chat, it gets them."""
    request = message.protocolMessage.peerDataOperationRequestMessage
    wanted = request.historySyncOnDemandRequest
    if device.account is not phone.account or not wanted.chatJID:
        return
    jid = Jid.parse(wanted.chatJID)
    account = phone.relay.people.account(jid)
    chat = account.number if account else str(jid)
    letters = _chats(phone).get(chat, [])
    oldest = phone.mailbox.get(wanted.oldestMsgID)
    before = oldest.at if oldest else float(wanted.oldestMsgTimestampMS or 2**40)
    count = max(0, min(wanted.onDemandMsgCount, ON_DEMAND_MAX))
    older = [each for each in letters if each.at < before]
    part = _conversation(phone, chat, older[-count:] if count else [], letters)
    _send(phone, device, KIND(syncType=KIND.ON_DEMAND, chunkOrder=1, progress=100, conversations=[part]), ident)


def _chats(phone: 'Phone') -> dict[str, list[Letter]]:
    """What was said in each chat, oldest first; the chat with the newest message first."""
    found: dict[str, list[Letter]] = {}
    for each in sorted(phone.mailbox, key=lambda letter: letter.at):
        if each.chat != str(STATUS) and each.kind not in (*ABOUT_ANOTHER, 'call', 'other'):
            found.setdefault(each.chat, []).append(each)
    return dict(sorted(found.items(), key=lambda pair: -pair[1][-1].at))


def _conversation(phone: 'Phone', chat: str, some: Iterable[Letter], letters: list[Letter]) -> Conversation:
    account, people = phone.relay.people.accounts.get(chat), phone.relay.people
    group = None if account else people.group_of(Jid.parse(chat))
    jid = str(account.jid(phone.relay.addressing)) if account else chat
    made = history.Conversation(ID=jid, unreadCount=sum(not each.mine and not each.seen for each in letters))
    if letters:
        made.conversationTimestamp = made.lastMsgTimestamp = int(letters[-1].at)
    made.endOfHistoryTransfer = True
    if account:
        made.pnJID, made.lidJID = str(account.jid(USER)), str(account.jid(LID))
        made.name = phone.account.contacts.get(account.number, '')
    elif group:
        made.name = group.subject
    for order, each in enumerate(reversed(list(some)), 1):
        made.messages.add(msgOrderID=order).message.CopyFrom(_message(phone, jid, each, group.server if group else ''))
    return made


def _message(phone: 'Phone', chat: str, letter: Letter, server: str) -> Message:
    """*server*: how members of the group are named, '' outside groups."""
    made = web.WebMessageInfo(messageTimestamp=int(letter.at))
    made.key.remoteJID, made.key.fromMe, made.key.ID = chat, letter.mine, letter.id
    made.status = STATES.get(letter.tick, web.WebMessageInfo.READ if letter.seen else web.WebMessageInfo.DELIVERY_ACK)
    if letter.revoked or not letter.raw:
        made.messageStubType = web.WebMessageInfo.REVOKE
    else:
        made.message.ParseFromString(letter.raw)
        secret = made.message.messageContextInfo.messageSecret
        if secret:
            made.messageSecret = secret
    author = phone.relay.people.accounts.get(letter.sender)
    if author and not letter.mine:
        made.pushName = author.name
    if author and server and not letter.mine:
        made.key.participant = made.participant = str(author.jid(server))
    return made


def _push_names(phone: 'Phone', chats: Iterable[str]) -> Iterator[tuple[str, str]]:
    for chat in chats:
        account = phone.relay.people.accounts.get(chat)
        group = None if account else phone.relay.people.group_of(Jid.parse(chat))
        for each in [account] if account else group.people if group else []:
            if each is not None and each is not phone.account:
                yield str(each.jid(USER)), each.name


def _send(phone: 'Phone', device: Device, content: History, request: str = '') -> None:
    """*request*: the message that asked for it."""
    message = e2e.Message()
    message.protocolMessage.type = e2e.ProtocolMessage.HISTORY_SYNC_NOTIFICATION
    notice = message.protocolMessage.historySyncNotification
    notice.syncType = e2e.HistorySyncType.Value(KIND.HistorySyncType.Name(content.syncType))
    notice.chunkOrder, notice.progress = content.chunkOrder, content.progress
    blob = zlib.compress(content.SerializeToString())
    if content.syncType == KIND.INITIAL_BOOTSTRAP or not content.conversations:
        notice.initialHistBootstrapInlinePayload = blob
    else:
        _upload(phone, notice, blob)
    if request:
        notice.peerDataRequestSessionID = request
    phone.peer(device, message)


def _upload(phone: 'Phone', notice: Notice, blob: bytes) -> None:
    sealed = seal(phone.relay.media, 'history', b'WhatsApp History Keys', blob)
    notice.directPath, notice.mediaKey, notice.fileLength = sealed.path, sealed.key, len(blob)
    notice.fileSHA256, notice.fileEncSHA256 = sealed.sha256, sealed.sealed_sha256
