"""What the phone tells of the time before the link: the library's history sync in our own words, in small parts."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from core.events import HistoryReceived, MessageReceived, Standing
from core.host.contents import content_of, is_forwarded, plain, target_of
from core.host.translate import context_of, kind_of, quote_of, text_of

PART = 200  # messages in one event: enough to be quick, few enough that nobody waits for it
WRAPPERS = (
    'ephemeralMessage',
    'viewOnceMessage',
    'viewOnceMessageV2',
    'viewOnceMessageV2Extension',
    'documentWithCaptionMessage',
    'editedMessage',
    'deviceSentMessage',
)
STANDINGS: dict[int, Standing] = {2: 'sent', 3: 'delivered', 4: 'read', 5: 'played'}  # WebMessageInfo.Status
STATUS, GROUP = 'status@broadcast', '@g.us'


def parts(session: str, sync: Any) -> Iterator[HistoryReceived]:
    """The whole of one sync; the last part says how far the phone has come, in percent."""
    names = tuple((plain(each.ID), each.pushname) for each in sync.pushnames if each.pushname)
    people = tuple(_pair(each.lidJID, each.pnJID) for each in sync.phoneNumberToLidMappings)
    people += tuple(_pair(each.lidJID, each.pnJID) for each in sync.conversations if each.lidJID and each.pnJID)
    groups = tuple((each.ID, each.name) for each in sync.conversations if each.ID.endswith(GROUP) and each.name)
    yield HistoryReceived(session=session, names=names, people=people, groups=groups)
    messages = _messages(session, sync.conversations)
    while part := tuple(islice(messages, PART)):
        yield HistoryReceived(session=session, messages=part)
    yield HistoryReceived(session=session, progress=sync.progress)


def _messages(session: str, conversations: Iterable[Any]) -> Iterator[tuple[MessageReceived, Standing]]:
    """Oldest first within each conversation, as far as the phone keeps that order."""
    for conversation in conversations:
        told = sorted(conversation.messages, key=lambda each: (each.message.messageTimestamp, each.msgOrderID))
        for each in told:
            yield from _message(session, conversation, each.message)


def _message(session: str, conversation: Any, told: Any) -> Iterator[tuple[MessageReceived, Standing]]:
    body, once = _unwrapped(told.message)
    kind = kind_of(body)
    if not kind or not told.key.ID:
        return  # a notice, or something of the protocol
    chat, mine = plain(conversation.ID), bool(told.key.fromMe)
    group = chat.endswith(GROUP) or chat == STATUS
    context = context_of(body)
    received = MessageReceived(
        session=session,
        whatsapp_id=told.key.ID,
        chat=chat,
        chat_alt='' if group else _other_name(conversation, chat),
        sender=_sender(told, chat, group=group, mine=mine),
        sender_alt='' if group or mine else _other_name(conversation, chat),
        push_name='' if mine else told.pushName,
        from_me=mine,
        is_group=group,
        kind=kind,
        text=text_of(body),
        quote=quote_of(body),
        mentions=tuple(plain(each) for each in getattr(context, 'mentionedJID', ())),
        at=datetime.fromtimestamp(told.messageTimestamp, UTC),
        origin='history',
        raw=body.SerializeToString(),
        content=content_of(body, view_once=once),
        target=target_of(body),
        forwarded=is_forwarded(context),
    )
    if received.sender or mine:
        yield received, STANDINGS.get(told.status, 'sent') if mine else 'received'
        yield from _reactions(received, told.reactions)


def _reactions(on: MessageReceived, reactions: Iterable[Any]) -> Iterator[tuple[MessageReceived, Standing]]:
    for each in reactions:
        mine = bool(each.key.fromMe)
        sender = plain(each.key.participant) or ('' if on.is_group or mine else on.chat)
        if each.text and each.key.ID and (mine or sender):
            yield (
                MessageReceived(
                    session=on.session, whatsapp_id=each.key.ID, chat=on.chat, chat_alt=on.chat_alt, sender=sender,
                    sender_alt='', push_name='', from_me=mine, is_group=on.is_group, kind='reaction', text=each.text,
                    quote=None, mentions=(), at=_moment(each.senderTimestampMS, on.at), origin='history', raw=b'',
                    target=on.whatsapp_id,
                ),
                'sent' if mine else 'received',
            )  # fmt: skip


def _unwrapped(body: Any) -> tuple[Any, bool]:
    """(the message itself, whether it may be looked at only once)."""
    once = False
    while name := next((each for each in WRAPPERS if body.HasField(each)), ''):
        once = once or name.startswith('viewOnce')
        body = getattr(body, name).message
    return body, once


def _sender(told: Any, chat: str, *, group: bool, mine: bool) -> str:
    if mine:
        return ''
    return (plain(told.participant) or plain(told.key.participant)) if group else chat


def _other_name(conversation: Any, chat: str) -> str:
    other: str = conversation.pnJID if chat.endswith('@lid') else conversation.lidJID
    return plain(other)


def _pair(lid: str, phone: str) -> tuple[str, str]:
    return plain(lid).partition('@')[0], plain(phone).partition('@')[0]


def _moment(milliseconds: int, otherwise: datetime) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else otherwise
