"""Where everything WhatsApp tells us comes in."""

import logging
from collections.abc import Callable
from datetime import timedelta

from data.chats import Chat
from data.database import after_commit
from data.messages import ABOUT, Message, message_at
from data.receipts import add_receipts
from data.traffic import Line, add_message, session_name

from .addresses import STATUS, STATUS_GROUP, parse_jid
from .again import Again
from .blocklist import Blocklist
from .bodies import Body, message_body, time_text
from .calls import Calls
from .contents import Kept, chosen, kept
from .errors import Invalid
from .events import (
    BlocklistChanged,
    CallEnded,
    CallReceived,
    Connected,
    Event,
    GroupChanged,
    GroupSeen,
    HistoryReceived,
    MessageDamaged,
    MessageReceived,
    PresenceChanged,
    ReceiptReceived,
    RemoteFile,
    TypingChanged,
    Vote,
)
from .groups import Groups
from .history import History
from .identities import Identities
from .marks import Marks
from .news import NewsDesk
from .presence import Presence
from .proofs import Proofs
from .sessions import Sessions
from .world import World

log = logging.getLogger(__name__)

Route = Callable[[str, str], object]
Want = Callable[[str, str, RemoteFile, bool], object]
# Told to the router; everything else (edits, reactions, …) is kept but starts nothing.
SPOKEN = {'text', 'image', 'video', 'audio', 'voice', 'document', 'sticker', 'location', 'contact'}
# A clock that is wrong on a phone must not put a message at the end of the chat for ever.
FUTURE = timedelta(minutes=5)


class Inbox:
    """`route(message id, chat id)` is nudged for each message that automation may answer.

    `want(message id, session id, file, history)` sees to the file that a message brings, inside its write.
    """

    def __init__(
        self,
        world: World,
        identities: Identities,
        sessions: Sessions,
        desk: NewsDesk,
        route: Route,
        *,
        again: Again,
        groups: Groups,
        calls: Calls,
        presence: Presence,
        blocklist: Blocklist,
        want: Want | None = None,
    ) -> None:
        self.world, self.identities, self.sessions, self.desk, self.route = world, identities, sessions, desk, route
        self.again, self.groups, self.calls, self.want = again, groups, calls, want
        self.presence, self.blocklist = presence, blocklist
        self.marks = Marks(identities, desk)
        self.proofs = Proofs(desk, self.marks)
        self.history = History(
            identities,
            desk,
            make=self._line,
            whose=self._whose,
            mark=self.marks.take,
            file=self._file,
            proofs=self.proofs,
        )

    def receive(self, event: Event, stored: Callable[[], object]) -> None:
        """Keep what happened, in the order in which it is told; `stored` is called once it cannot be lost any more."""
        self.again.write(lambda: self._keep(event), lambda problem: _settle(problem, event, stored))

    def _keep(self, event: Event) -> None:  # noqa: PLR0912  (the index of the program: one line for each fact)
        match event:
            case MessageReceived():
                self._message(event)
            case HistoryReceived() if session_name(event.session) is not None:
                self.history.take(event)
            case ReceiptReceived():
                self._receipt(event)
            case TypingChanged():
                self._typing(event)
            case PresenceChanged():
                self.presence.take(event)
            case GroupSeen():
                self.groups.facts.seen(event)
            case GroupChanged():
                self.groups.facts.changed(event)
            case CallReceived():
                self.calls.take(event)
            case CallEnded():
                self.calls.ended(event)
            case BlocklistChanged():
                self.blocklist.take(event)
            case MessageDamaged():  # the library asks the sender again; the message follows under the same id
                log.info('session %s: a message could not be decrypted, asked for it again', event.session)
            case Connected():
                self.sessions.handle(event)
                self.presence.connected(event)
                self.blocklist.connected(event.session)
            case _:
                self.sessions.handle(event)

    def _message(self, event: MessageReceived) -> None:
        if session_name(event.session) is None or not (_is_chat(event.chat) or event.chat == STATUS):
            return  # a channel, or a session deleted meanwhile
        chat_id, sender_id = self._whose(event)
        line = self._line(event, chat_id, sender_id)
        quiet = event.kind in ABOUT or event.chat == STATUS
        if not add_message(line, unread=0 if event.from_me or quiet else 1, on_top=event.kind not in ABOUT):
            return  # WhatsApp repeats itself after a reconnect
        if event.kind in ABOUT:
            self.marks.take(line)
        else:
            self._tell(line, event, chat_id)
        self._file(line, event)
        if line.routed == 0:
            after_commit(lambda: self.route(line.id, chat_id))

    def _file(self, line: Line, event: MessageReceived, *, history: bool = False) -> None:
        if self.want is not None and isinstance(event.content, RemoteFile):
            self.want(line.id, line.session_id, event.content, history)

    def _tell(self, line: Line, event: MessageReceived, chat_id: str) -> None:
        card = self.identities.card(chat_id)
        sender: Body | None = dict(self.identities.person(line.sender_id)) if line.sender_id else None
        body = message_body(line, session=card.session, peer=dict(self.identities.peer(chat_id)), sender=sender)
        kind = 'message.sent' if event.from_me else 'message.received'
        self.desk.tell(kind, body, session=event.session, chat=chat_id)
        if card.group and not card.name:
            after_commit(lambda: self.groups.learn(event.session))

    def _whose(self, event: MessageReceived) -> tuple[str, str | None]:
        """(chat id, contact id of the sender, None for our own)."""
        if event.chat == STATUS:
            chat_id = self.identities.chat(event.session, group=STATUS_GROUP, name='Status updates')
            return chat_id, None if event.from_me else self._sender(event)
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
            routed=0 if not event.from_me and event.kind in SPOKEN and event.chat != STATUS else None,
            at=min(event.at, now + FUTURE),
            created_at=now,
            sent_at=event.at if event.from_me else None,
            proto=event.raw,
            content=self._content(event, chat_id),
            target=event.target or None,
            forwarded=event.forwarded,
        )

    def _content(self, event: MessageReceived, chat_id: str) -> Kept | None:
        if not isinstance(event.content, Vote):
            return kept(event.content)
        poll = message_at(event.session, chat_id, event.target)
        options = poll.content['options'] if poll is not None and poll.kind == 'poll' and poll.content else []
        return {'options': chosen(event.content.hashes, options)}

    def _receipt(self, event: ReceiptReceived) -> None:
        if session_name(event.session) is None or not _is_chat(event.chat):
            return
        if event.by_me:
            self._read_on_the_phone(event)
            return
        if event.sender_alt and _is_chat(event.sender):
            self.identities.contact(event.sender, event.sender_alt)
        self.proofs.receipt(event, self._chat_of(event))
        moved = add_receipts(event.session, event.whatsapp_ids, event.sender, event.kind, event.at)
        for id, chat_id, caused_by in moved:
            body = {
                'id': id, 'chat': chat_id, 'status': event.kind, 'at': time_text(event.at), 'caused_by': caused_by,
            }  # fmt: skip
            self.desk.tell(f'message.{event.kind}', body, session=event.session, chat=chat_id)

    def _chat_of(self, event: ReceiptReceived) -> str:
        parsed = parse_jid(event.chat)
        if parsed.kind == 'group':
            return self.identities.chat(event.session, group=parsed.digits)
        return self.identities.chat(event.session, contact_id=self.identities.contact(event.chat))

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
                self.presence.typing(event)
            after_commit(
                lambda: self.desk.whisper(
                    'chat.typing', {'chat': chat_id, 'state': event.state}, session=event.session, chat=chat_id
                )
            )


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
