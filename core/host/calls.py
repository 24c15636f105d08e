"""What main asks about one session, carried out by the library."""

import logging
import time
from datetime import UTC, datetime
from typing import Any

from core.addresses import LID
from core.errors import Invalid
from core.events import Choice, Outgoing, PairingCodeShown, Sent, Target
from core.host import refusals, stores, translate
from core.host.client import Client
from core.host.groups import about_group, about_people
from core.host.library import Go, GoError
from core.host.outgoing import body_of, jid_of, poll_of
from core.host.session import Host, Session
from core.host.uploads import Uploads
from core.host.wire import (
    Answer,
    Answered,
    Ask,
    Begun,
    Call,
    Check,
    FindPhones,
    GroupAsk,
    ListGroups,
    LogOut,
    MarkRead,
    PairPhone,
    PeopleAsk,
    Refusal,
    Refused,
    Send,
    ShowAvailable,
    ShowTyping,
    ToMain,
)
from core.host.worker import Worker

log = logging.getLogger(__name__)

DOUBT = 600.0  # seconds between two questions to the same group
# WhatsApp lets this number open no conversations for now: what is in line must be looked at anew before it is tried.
STOPS = {463}


class Calls:
    """Sends of a session go one by one in the order they came; its questions likewise, beside them."""

    def __init__(self, host: Host, session: Session) -> None:
        self._host = host
        self._session = session
        self._sender = Worker(f'send-{session.id}')
        self._asker = Worker(f'ask-{session.id}')
        self._uploads = Uploads(host.go, host.gate)
        self._spoiled = 0  # the batch of which one send came back
        self._doubted: dict[str, float] = {}  # group -> until when it is not asked again

    def take(self, call: Call) -> None:
        worker = self._sender if isinstance(call.ask, Send) else self._asker
        worker.give(lambda: self._answer(call))

    def _answer(self, call: Call) -> None:
        try:
            said = self._carry_out(call)
        except Invalid as error:
            said = Refused(id=call.id, kind='refused', sentence=str(error))
        except Exception as error:  # whoever asks must hear something
            log.exception('a call for %s failed', self._session.id)
            kind: Refusal = 'uncertain' if isinstance(call.ask, Send) else 'failed'
            said = Refused(id=call.id, kind=kind, sentence=f'The session host failed: {type(error).__name__}.')
        self._host.line.say(said)

    def _carry_out(self, call: Call) -> ToMain:
        if isinstance(call.ask, PairPhone):
            return self._pair_phone(call, call.ask.phone)
        if isinstance(call.ask, Send):
            return self._send_in_turn(call, call.ask)
        return self._with_client(call)

    def _send_in_turn(self, call: Call, ask: Send) -> ToMain:
        if ask.batch and ask.batch == self._spoiled:
            return refusals.not_connected(call.id)
        said = self._with_client(call)
        if isinstance(said, Refused) and (said.retry or said.reason in STOPS):
            self._spoiled = ask.batch
        return said

    def _with_client(self, call: Call) -> ToMain:
        client = self._session.client
        if time.monotonic() > call.deadline or client is None or not client.hold():
            return refusals.not_connected(call.id)
        try:
            if client.phase != 'online':
                return refusals.not_connected(call.id)
            if isinstance(call.ask, Send):
                return self._send(call, client, call.ask)
            return self._ask(call, client)
        finally:
            client.release()

    def _send(self, call: Call, client: Client, ask: Send) -> ToMain:
        host = self._host
        try:
            to, body = jid_of(ask.message.to), self._body(client, ask.message)
        except GoError as error:
            of = refusals.of_sealing if ask.message.kind == 'poll_vote' else refusals.of_upload
            return of(call.id, str(error))
        host.line.say(Begun(call.id))
        try:
            with host.gate.call():
                sent = host.go.send(client.uuid, to, body)
        except GoError as error:
            refused = refusals.of_send(call.id, str(error))
            return refusals.not_in_group(call.id) if self._is_out(client, ask, refused) else refused
        return Answered(call.id, Sent(whatsapp_id=sent.ID, at=translate.moment(sent.Timestamp)))

    def _body(self, client: Client, message: Outgoing) -> bytes:
        def seal(target: Target, choice: Choice) -> Any:
            with self._host.gate.call():
                return self._host.go.build_vote(client.uuid, poll_of(message.to, target, client.own), choice.options)

        return body_of(message, lambda file: self._uploads.of(client, file), seal)

    def _is_out(self, client: Client, ask: Send, refused: Refused) -> bool:
        """WhatsApp forbids a message to a group with the same number to those who are out and to those who may only
        read; the group itself tells which.
        """
        group, now = ask.message.to, time.monotonic()
        if refused.reason != 403 or not group.endswith('@g.us') or now < self._doubted.get(group, 0.0):
            return False
        self._doubted[group] = now + DOUBT
        try:
            with self._host.gate.call():
                self._host.go.group(client.uuid, jid_of(group))
        except GoError as error:
            return refusals.of_denial(0, str(error)).code == refusals.NOT_IN[0]
        return False

    def _ask(self, call: Call, client: Client) -> ToMain:
        try:
            return Answered(call.id, self._question(client, call.ask))
        except GoError as error:
            of = refusals.of_denial if isinstance(call.ask, GroupAsk | PeopleAsk) else refusals.of_question
            return of(call.id, str(error))

    def _question(self, client: Client, ask: Ask) -> Answer:
        go, gate, uuid = self._host.go, self._host.gate, client.uuid
        if isinstance(ask, LogOut):
            self._log_out(client)
            return None
        with gate.call():
            if isinstance(ask, GroupAsk):
                return about_group(go, uuid, self._session.id, ask)
            if isinstance(ask, PeopleAsk):
                return about_people(go, uuid, ask)
            match ask:
                case MarkRead():
                    chat, sender = jid_of(ask.chat), jid_of(ask.sender)
                    go.mark_read(uuid, ask.whatsapp_ids, chat, sender, int(datetime.now(UTC).timestamp()))
                case ShowTyping():
                    recording = ask.state == 'recording'
                    go.show_typing(uuid, jid_of(ask.chat), paused=ask.state == 'paused', recording=recording)
                case ShowAvailable():
                    go.show_available(uuid, ask.on)
                case FindPhones():
                    return _found(go, uuid, ask.phones)
                case ListGroups():
                    return tuple(translate.group(self._session.id, each) for each in go.groups(uuid))
                case Check():
                    go.blocklist(uuid)
        return None

    def _log_out(self, client: Client) -> None:
        """The library empties its store on success: from then on no other call may look into it."""
        muted, client.muted = client.muted, True
        try:
            with self._host.gate.call():
                self._host.go.log_out(client.uuid)
        except GoError:
            client.muted = muted
            raise
        session, folder = self._session, self._host.folder
        self._host.keeper.do(lambda: session.logged_out_by_us(lambda: stores.forget(folder, session.id)))

    def _pair_phone(self, call: Call, phone: str) -> ToMain:
        """Waits until the library is ready to pair, which the first QR code shows."""
        client = self._ready_to_pair(call.deadline)
        if client is None:
            return Refused(id=call.id, kind='failed', sentence='WhatsApp offers no pairing just now.', retry=True)
        try:
            with self._host.gate.call():
                code = self._host.go.pair_phone(client.uuid, phone, 'Chrome (Linux)')
        except GoError as error:
            return refusals.of_question(call.id, str(error))
        finally:
            client.release()
        end = client.all_codes_end
        shown = PairingCodeShown(session=self._session.id, code=code, expires_at=end, phone=phone)
        self._host.line.tell(shown)
        return Answered(call.id, (code, end))

    def _ready_to_pair(self, deadline: float) -> Client | None:
        while time.monotonic() < deadline:
            client = self._session.client
            if client is not None and client.phase == 'pairing' and client.hold():
                return client
            if client is not None and client.phase in ('linking', 'online', 'offline'):
                return None
            time.sleep(0.02)
        return None


def _found(go: Go, uuid: bytes, asked: tuple[str, ...]) -> dict[str, str]:
    """WhatsApp answers with LIDs; which number is behind one comes with the answer, and the library keeps it."""
    found = {
        each.Query.lstrip('+'): _by_number(go, uuid, each.JID) for each in go.find_phones(uuid, asked) if each.IsIn
    }
    return {phone: found.get(phone, '') for phone in asked}


def _by_number(go: Go, uuid: bytes, there: Any) -> str:
    if there.Server != LID:
        return translate.address(there)
    return translate.address(go.number_behind(uuid, there.SerializeToString())) or translate.address(there)
