"""Where everything WhatsApp tells us comes in."""

import logging
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta

from data.chats import Chat
from data.database import after_commit
from data.messages import Message
from data.traffic import Line, add_message, add_receipts, session_name

from .addresses import parse_jid
from .again import Again
from .bodies import Body, message_body, time_text
from .errors import Invalid
from .events import Event, GroupSeen, MessageDamaged, MessageReceived, ReceiptReceived, TypingChanged
from .identities import Identities
from .news import NewsDesk
from .sessions import Sessions
from .world import World

log = logging.getLogger(__name__)

Route = Callable[[str, str], object]
AskGroups = Callable[[str], 'Future[tuple[GroupSeen, ...]]']
# Told to the router; everything else (edits, reactions, …) is kept but starts nothing.
SPOKEN = {'text', 'image', 'video', 'audio', 'voice', 'document', 'sticker', 'location', 'contact'}
# A clock that is wrong on a phone must not put a message at the end of the chat for ever.
FUTURE = timedelta(minutes=5)
ASK_AGAIN = 600.0  # seconds between two questions for the groups of a session


class Inbox:
    """`route(message id, chat id)` is nudged for each message that automation may answer; `groups` asks WhatsApp."""

    def __init__(
        self,
        world: World,
        identities: Identities,
        sessions: Sessions,
        desk: NewsDesk,
        route: Route,
        *,
        again: Again,
        groups: AskGroups,
    ) -> None:
        self.world, self.identities, self.sessions, self.desk, self.route = world, identities, sessions, desk, route
        self.again, self.groups = again, groups
        self._asked: dict[str, float] = {}  # session id -> when its groups were asked for

    def receive(self, event: Event, stored: Callable[[], object]) -> None:
        """Keep what happened, in the order in which it is told; `stored` is called once it cannot be lost any more."""
        self.again.write(lambda: self._keep(event), lambda problem: _settle(problem, event, stored))

    def _keep(self, event: Event) -> None:
        match event:
            case MessageReceived():
                self._message(event)
            case ReceiptReceived():
                self._receipt(event)
            case TypingChanged():
                self._typing(event)
            case GroupSeen():
                self._group(event)
            case MessageDamaged():  # the library asks the sender again; the message follows under the same id
                log.info('session %s: a message could not be decrypted, asked for it again', event.session)
            case _:
                self.sessions.handle(event)

    def _message(self, event: MessageReceived) -> None:
        if session_name(event.session) is None or not _is_chat(event.chat):
            return  # a status, a channel, or a session deleted meanwhile
        chat_id, sender_id = self._whose(event)
        line = self._line(event, chat_id, sender_id)
        if not add_message(line, unread=0 if event.from_me else 1):
            return  # WhatsApp repeats itself after a reconnect
        card = self.identities.card(chat_id)
        sender: Body | None = dict(self.identities.person(sender_id)) if sender_id else None
        body = message_body(line, session=card.session, peer=dict(self.identities.peer(chat_id)), sender=sender)
        kind = 'message.sent' if event.from_me else 'message.received'
        self.desk.tell(kind, body, session=event.session, chat=chat_id)
        if line.routed == 0:
            after_commit(lambda: self.route(line.id, chat_id))
        if card.group and not card.name:
            after_commit(lambda: self._ask_groups(event.session))

    def _ask_groups(self, session_id: str) -> None:
        """A group nobody has told us the name of, as we were in it before we were linked."""
        now = self.world.ticks()
        if now - self._asked.get(session_id, -ASK_AGAIN) < ASK_AGAIN:
            return
        self._asked[session_id] = now
        self.groups(session_id).add_done_callback(self._groups_told)

    def _groups_told(self, done: 'Future[tuple[GroupSeen, ...]]') -> None:
        if done.exception() is not None:
            log.info('the groups of a session could not be asked for: %s', done.exception())
            return
        for group in done.result():
            self.receive(group, lambda: None)

    def _whose(self, event: MessageReceived) -> tuple[str, str | None]:
        """(chat id, contact id of the sender, None for our own)."""
        if event.is_group:
            chat_id = self.identities.chat(event.session, group=parse_jid(event.chat).digits)
            return chat_id, None if event.from_me else self._sender(event)
        if event.from_me:
            other = self.identities.contact(event.chat, event.chat_alt)
            return self.identities.chat(event.session, contact_id=other), None
        sender = self._sender(event)
        return self.identities.chat(event.session, contact_id=sender), sender

    def _sender(self, event: MessageReceived) -> str:
        return self.identities.contact(event.sender, event.sender_alt, event.push_name)

    def _line(self, event: MessageReceived, chat_id: str, sender_id: str | None) -> Line:
        now, quote = self.world.now(), event.quote
        return Line(
            id=self.world.new_id(),
            session_id=event.session,
            chat_id=chat_id,
            direction='out' if event.from_me else 'in',
            kind=event.kind,
            text=event.text,
            status='sent' if event.from_me else 'received',
            whatsapp_id=event.whatsapp_id,
            sender_id=sender_id,
            heard_from=None if event.from_me else event.sender,
            quote_id=quote.whatsapp_id if quote else None,
            quote_sender=quote.sender if quote else None,
            quote_text=quote.text if quote else None,
            mentions=list(event.mentions) or None,
            author='phone' if event.from_me else '',
            author_name='Phone' if event.from_me else '',
            origin=event.origin,
            routed=0 if not event.from_me and event.kind in SPOKEN else None,
            at=min(event.at, now + FUTURE),
            created_at=now,
            sent_at=event.at if event.from_me else None,
            proto=event.raw,
        )

    def _receipt(self, event: ReceiptReceived) -> None:
        if session_name(event.session) is None or not _is_chat(event.chat):
            return
        if event.by_me:
            self._read_on_the_phone(event)
            return
        if event.sender_alt and _is_chat(event.sender):
            self.identities.contact(event.sender, event.sender_alt)
        moved = add_receipts(event.session, event.whatsapp_ids, event.sender, event.kind, event.at)
        for id, chat_id, caused_by in moved:
            body = {
                'id': id, 'chat': chat_id, 'status': event.kind, 'at': time_text(event.at), 'caused_by': caused_by,
            }  # fmt: skip
            self.desk.tell(f'message.{event.kind}', body, session=event.session, chat=chat_id)

    def _read_on_the_phone(self, event: ReceiptReceived) -> None:
        if event.kind != 'read':
            return
        message: Message | None = Message.get_or_none(
            Message.session == event.session, Message.whatsapp_id << list(event.whatsapp_ids)
        )
        if message is not None:
            Chat.update(unread=0).where(Chat.id == message.chat_id).execute()
            chat_id = message.chat_id
            after_commit(lambda: self.desk.whisper('chat.read', {'chat': chat_id}, session=event.session, chat=chat_id))

    def _typing(self, event: TypingChanged) -> None:
        if _is_chat(event.chat):
            parsed = parse_jid(event.chat)
            if parsed.kind == 'group':
                chat_id = self.identities.chat(event.session, group=parsed.digits)
            else:
                chat_id = self.identities.chat(event.session, contact_id=self.identities.contact(event.chat))
            after_commit(
                lambda: self.desk.whisper(
                    'chat.typing', {'chat': chat_id, 'state': event.state}, session=event.session, chat=chat_id
                )
            )

    def _group(self, event: GroupSeen) -> None:
        if session_name(event.session) is None:
            return
        group = parse_jid(event.group).digits
        self.identities.rename_group(event.session, group, event.name)
        for lid, phone in event.participants:
            self.identities.same_person(phone, lid)
        chat_id = self.identities.chat(event.session, group=group)
        body = {'chat': chat_id, 'group': event.group, 'name': event.name}
        self.desk.tell('group.updated', body, session=event.session, chat=chat_id)


def _is_chat(address: str) -> bool:
    try:
        parse_jid(address)
    except Invalid:
        return False
    return True


def _settle(problem: BaseException | None, event: Event, stored: Callable[[], object]) -> None:
    if problem is None:
        stored()
        return
    # Not acknowledged: the host keeps it and hands it over again after the next start.
    log.error('could not keep %s of session %s', type(event).__name__, event.session, exc_info=problem)
