"""The library's protobuf in our own words: one function per kind of event, nothing decided here."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from core.events import (
    BlocklistChanged,
    CallEnded,
    CallReceived,
    GroupChanged,
    GroupRole,
    GroupSeen,
    MessageDamaged,
    MessageReceived,
    Origin,
    Participant,
    PresenceChanged,
    Quote,
    ReceiptKind,
    ReceiptReceived,
    TypingChanged,
)
from core.host.contents import content_of, is_forwarded, plain, target_of
from core.host.library import pb

# The first field that is set names the kind. Wrappers (view once, ephemeral, …) are taken off by the library.
KINDS = {
    'conversation': 'text',
    'extendedTextMessage': 'text',
    'imageMessage': 'image',
    'videoMessage': 'video',
    'ptvMessage': 'video',
    'audioMessage': 'audio',
    'documentMessage': 'document',
    'stickerMessage': 'sticker',
    'lottieStickerMessage': 'sticker',
    'locationMessage': 'location',
    'liveLocationMessage': 'location',
    'contactMessage': 'contact',
    'contactsArrayMessage': 'contact',
    'pollCreationMessage': 'poll',
    'pollCreationMessageV2': 'poll',
    'pollCreationMessageV3': 'poll',
    'pollCreationMessageV4': 'poll',
    'pollCreationMessageV5': 'poll',
    'pollCreationMessageV6': 'poll',
    'pollUpdateMessage': 'poll_vote',
    'reactionMessage': 'reaction',
    'encReactionMessage': 'reaction',
    'groupInviteMessage': 'group_invite',
    'buttonsMessage': 'buttons',
    'buttonsResponseMessage': 'button_reply',
    'templateButtonReplyMessage': 'button_reply',
    'listMessage': 'list',
    'listResponseMessage': 'list_reply',
    'templateMessage': 'template',
    'interactiveMessage': 'interactive',
    'interactiveResponseMessage': 'interactive_reply',
    'eventMessage': 'event',
    'albumMessage': 'album',
    'productMessage': 'product',
    'orderMessage': 'order',
    'pinInChatMessage': 'pin',
    'call': 'call',
}
# Traffic of the protocol itself: key distribution, keys of the app state, history notices, settings.
SILENT = {
    'senderKeyDistributionMessage',
    'fastRatchetKeySenderKeyDistributionMessage',
    'messageContextInfo',
    'protocolMessage',
    'keepInChatMessage',
    'messageHistoryBundle',
    'messageHistoryNotice',
    'stickerSyncRmrMessage',
    'groupRootKeyShare',
    'rootSecretDistributeMessage',
}
RECEIPTS: dict[int, ReceiptKind] = {
    pb.Receipt.DELIVERED: 'delivered',
    pb.Receipt.INACTIVE: 'delivered',
    pb.Receipt.READ: 'read',
    pb.Receipt.READ_SELF: 'read',
    pb.Receipt.PLAYED: 'played',
    pb.Receipt.PLAYED_SELF: 'played',
}


def message(session: str, event: Any, origin: Origin) -> MessageReceived | None:
    """None for what is not a message to anybody: protocol traffic, a group's key, an empty event."""
    info, body = event.Info, event.Message
    kind = kind_of(body)
    if not kind:
        return None
    source, context = info.MessageSource, context_of(body)
    return MessageReceived(
        session=session,
        whatsapp_id=info.ID,
        chat=address(source.Chat),
        chat_alt='' if source.IsGroup else address(source.RecipientAlt if source.IsFromMe else source.SenderAlt),
        sender=address(source.Sender),
        sender_alt=address(source.SenderAlt),
        push_name=info.Pushname,
        from_me=source.IsFromMe,
        is_group=source.IsGroup,
        kind=kind,
        text=text_of(body),
        quote=quote_of(body),
        mentions=tuple(plain(each) for each in getattr(context, 'mentionedJID', ())),
        at=moment(info.Timestamp),
        origin=origin,
        raw=body.SerializeToString(),
        content=content_of(body, view_once=event.IsViewOnce),
        target=target_of(body),
        forwarded=is_forwarded(context),
    )


def as_offline(message: MessageReceived) -> MessageReceived:
    return replace(message, origin='offline')


def damaged(session: str, event: Any) -> MessageDamaged:
    source = event.Info.MessageSource
    return MessageDamaged(
        session=session,
        whatsapp_id=event.Info.ID,
        chat=address(source.Chat),
        sender=address(source.Sender),
        at=moment(event.Info.Timestamp),
    )


def receipt(session: str, event: Any) -> ReceiptReceived | None:
    """None for receipts among our own devices and for requests to send again, which the library answers."""
    kind = RECEIPTS.get(event.Type)
    if kind is None:
        return None
    source = event.MessageSource
    return ReceiptReceived(
        session=session,
        whatsapp_ids=tuple(event.MessageIDs),
        chat=address(source.Chat),
        sender=address(source.Sender),
        sender_alt=address(source.SenderAlt),
        kind=kind,
        by_me=source.IsFromMe or event.Type in (pb.Receipt.READ_SELF, pb.Receipt.PLAYED_SELF),
        at=moment(event.Timestamp),
    )


def typing(session: str, event: Any) -> TypingChanged:
    source = event.MessageSource
    going = 'recording' if event.Media == pb.ChatPresence.AUDIO else 'typing'
    return TypingChanged(
        session=session,
        chat=address(source.Chat),
        sender=address(source.Sender),
        state='paused' if event.State == pb.ChatPresence.PAUSED else going,  # type: ignore[arg-type]
    )


def presence(session: str, event: Any) -> PresenceChanged:
    went = moment(event.LastSeen) if event.LastSeen > 0 else None
    return PresenceChanged(
        session=session,
        who=address(event.From),
        online=not event.Unavailable,
        last_seen=went if event.Unavailable else None,
    )


def call(session: str, event: Any) -> CallReceived:
    """From a CallOffer, or from the CallOfferNotice that announces a call in a group."""
    meta = event.basicCallMeta
    video = getattr(event, 'media', '') == 'video' or any(node.Tag == 'video' for node in event.data.Nodes)
    return CallReceived(
        session=session,
        id=meta.callID,
        caller=address(meta.callCreator),
        caller_alt=address(meta.callCreatorAlt),
        group=_group_called(event.data),
        video=video,
        at=moment(meta.timestamp),
    )


def call_ended(session: str, event: Any) -> CallEnded:
    meta = event.basicCallMeta
    return CallEnded(session=session, id=meta.callID, caller=address(meta.callCreator), at=moment(meta.timestamp))


def blocklist(session: str, event: Any) -> BlocklistChanged:
    """Without changes when WhatsApp only says that the list is another one."""
    blocks = pb.BlocklistChange.BLOCK
    changes = tuple((address(each.JID), each.BlockAction == blocks) for each in event.Changes)
    return BlocklistChanged(session=session, changes=changes)


def group(session: str, info: Any) -> GroupSeen:
    """From a GroupInfo: the whole group."""
    return GroupSeen(
        session=session,
        group=address(info.JID),
        name=info.GroupName.Name,
        participants=tuple(participant(each) for each in info.Participants if not each.Error),
        description=info.GroupTopic.Topic,
        announce=info.GroupAnnounce.IsAnnounce,
        locked=info.GroupLocked.isLocked,
        owner=address(info.OwnerPN) or address(info.OwnerJID),
        made_at=moment(int(info.GroupCreated)) if info.GroupCreated > 0 else None,
    )


def joined_group(session: str, event: Any) -> GroupSeen:
    by = address(event.Sender) or address(event.SenderPN)
    return replace(group(session, event.GroupInfo), joined=True, by=by)


def group_change(session: str, event: Any) -> GroupChanged:
    """From a GroupInfoEvent."""
    said = {name for name in ('Name', 'Topic', 'Announce', 'Locked', 'Delete') if event.HasField(name)}
    return GroupChanged(
        session=session,
        group=address(event.JID),
        by=address(event.Sender),
        by_name=event.Notify,
        at=moment(event.Timestamp),
        name=event.Name.Name if 'Name' in said else None,
        description=event.Topic.Topic if 'Topic' in said else None,
        announce=event.Announce.IsAnnounce if 'Announce' in said else None,
        locked=event.Locked.isLocked if 'Locked' in said else None,
        joined=tuple(map(address, event.Join)),
        left=tuple(map(address, event.Leave)),
        promoted=tuple(map(address, event.Promote)),
        demoted=tuple(map(address, event.Demote)),
        by_link=event.JoinReason == 'invite',
        new_link=bool(event.NewInviteLink),
        ended='Delete' in said and event.Delete.Deleted,
    )


# ---- parts of a message


def kind_of(body: Any) -> str:
    fields = [field.name for field, _ in body.ListFields()]
    if 'protocolMessage' in fields:
        return _protocol_kind(body.protocolMessage)
    if 'audioMessage' in fields:
        return 'voice' if body.audioMessage.PTT else 'audio'
    told = [name for name in fields if name not in SILENT]
    return KINDS.get(told[0], 'unknown') if told else ''


def _protocol_kind(protocol: Any) -> str:
    if protocol.type == protocol.MESSAGE_EDIT:
        return 'edit'
    if protocol.type == protocol.REVOKE and protocol.HasField('key'):
        return 'revoke'
    return ''


def text_of(body: Any) -> str:
    """Body, caption or label: what a person reads."""
    if body.HasField('protocolMessage'):
        return text_of(body.protocolMessage.editedMessage) if body.protocolMessage.HasField('editedMessage') else ''
    text: str = body.conversation or body.extendedTextMessage.text
    return text or next((found for found in map(str, _labels(body)) if found), '')


def _labels(body: Any) -> tuple[str, ...]:
    poll = next((getattr(body, field.name) for field, _ in body.ListFields() if 'pollCreation' in field.name), None)
    return (
        body.imageMessage.caption,
        body.videoMessage.caption,
        body.documentMessage.caption,
        body.reactionMessage.text,
        body.contactMessage.displayName,
        body.locationMessage.name,
        body.liveLocationMessage.caption,
        body.buttonsResponseMessage.selectedDisplayText,
        body.templateButtonReplyMessage.selectedDisplayText,
        body.listResponseMessage.title,
        getattr(poll, 'name', ''),
        body.groupInviteMessage.caption,
    )


def context_of(body: Any) -> Any:
    """The contextInfo of whichever part carries one, or None."""
    for field, part in body.ListFields():
        if field.name != 'messageContextInfo' and field.message_type is not None and 'contextInfo' in _names(field):
            return part.contextInfo if part.HasField('contextInfo') else None
    return None


def _names(field: Any) -> Any:
    return field.message_type.fields_by_name


def quote_of(body: Any) -> Quote | None:
    context = context_of(body)
    if context is None or not context.stanzaID:
        return None
    text = text_of(context.quotedMessage) if context.HasField('quotedMessage') else ''
    return Quote(whatsapp_id=context.stanzaID, sender=plain(context.participant), text=text)


# ---- small things


def address(jid: Any) -> str:
    """Without agent and device; '' for none."""
    if not jid.User:
        return str(jid.Server) if jid.Server == 'broadcast' else ''
    return f'{jid.User}@{jid.Server}'


def moment(seconds: int) -> datetime:
    """WhatsApp gives whole seconds; a few library events give milliseconds."""
    if seconds > 100_000_000_000:
        return datetime.fromtimestamp(seconds / 1000, UTC)
    return datetime.fromtimestamp(seconds, UTC)


def participant(each: Any) -> Participant:
    lid, phone = _lid_and_phone(each.JID)
    role: GroupRole = 'owner' if each.IsSuperAdmin else 'admin' if each.IsAdmin else 'member'
    return Participant(lid=each.LID.User or lid, phone=each.PhoneNumber.User or phone, role=role)


def _lid_and_phone(jid: Any) -> tuple[str, str]:
    return (jid.User, '') if jid.Server == 'lid' else ('', jid.User)


def _group_called(node: Any) -> str:
    """Where a call is one in a group, its offer names the group."""
    return next((address(each.jid) or each.text for each in node.Attrs if each.name == 'group-jid'), '')
