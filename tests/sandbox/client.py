"""A process that runs the real library and obeys lines of JSON: `python -m tests.sandbox.client LIBRARY FD`.

Go ends the whole process when it panics and cannot be unloaded, so it lives here and not in the tests. Orders come on
stdin, answers and events leave on the file descriptor FD, because Go prints to stdout.
"""

import base64
import json
import os
import ssl
import sys
import threading
import time
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from core.sandbox import patch

os.environ['NEONIZE_BOT_TAG'] = 'off'
patch.install(Path(sys.argv[1]))

from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped] # noqa: E402
from neonize import events as ev  # noqa: E402
from neonize._binder import gocode  # noqa: E402
from neonize.client import NewClient  # noqa: E402
from neonize.proto.Neonize_pb2 import ReturnFunctionWithError  # noqa: E402
from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import Message  # noqa: E402
from neonize.utils import build_jid  # noqa: E402
from neonize.utils.enum import (  # noqa: E402
    BlocklistAction,
    ParticipantChange,
    Presence,
    ReceiptType,
    VoteType,
)

WAL = '?_journal_mode=WAL&_synchronous=NORMAL&_busy_timeout=10000&_foreign_keys=on&z='
STATES = (ev.ConnectedEv, ev.DisconnectedEv, ev.StreamReplacedEv, ev.JoinedGroupEv, ev.PairStatusEv, ev.LoggedOutEv)
PROBLEMS = (ev.UndecryptableMessageEv, ev.ConnectFailureEv, ev.TemporaryBanEv, ev.StreamErrorEv, ev.ClientOutdatedEv)
CALLS = (ev.CallOfferEv, ev.CallTerminateEv)
CHANGES = (ev.GroupInfoEv, ev.PictureEv, ev.BlocklistEv, ev.BlocklistChangeEv, ev.PresenceEv, ev.ChatPresenceEv)
TOLD_WHOLE = (*CALLS, *CHANGES, ev.HistorySyncEv, ev.TemporaryBanEv, ev.JoinedGroupEv)

out = os.fdopen(int(sys.argv[2]), 'w', buffering=1)
lock = threading.Lock()
clients: dict[str, Any] = {}
messages: dict[str, Any] = {}
quiet: set[str] = set()


def emit(**fact: Any) -> None:
    with lock:
        out.write(json.dumps(fact) + '\n')


def start(name: str, file: str) -> None:
    client = clients[name] = NewClient(file + WAL, uuid=uuid.uuid4().hex)

    @client.qr  # type: ignore[untyped-decorator]
    def _(_client: Any, data: bytes) -> None:
        emit(event='qr', name=name, qr=data.decode())

    for kind in (*STATES, *PROBLEMS, *CALLS, *CHANGES, ev.HistorySyncEv):
        _report(client, name, kind)

    @client.event(ev.ReceiptEv)  # type: ignore[untyped-decorator]
    def _(_client: Any, event: Any) -> None:
        if name not in quiet:
            emit(event='Receipt', name=name, type=event.Type, ids=list(event.MessageIDs))

    @client.event(ev.MessageEv)  # type: ignore[untyped-decorator]
    def _(_client: Any, event: Any) -> None:
        if name in quiet:
            return
        messages[f'{name} {event.Info.ID}'] = event
        body, source = event.Message, event.Info.MessageSource
        text = body.conversation or body.extendedTextMessage.text
        kinds = [field.name for field, _ in body.ListFields()]
        chat = f'{source.Chat.User}@{source.Chat.Server}'
        body = MessageToDict(body)
        emit(event='Message', name=name, id=event.Info.ID, text=text, server=source.Sender.Server, kinds=kinds,
             chat=chat, sender=source.Sender.User, body=body, once=event.IsViewOnce, edit=event.IsEdit)  # fmt: skip

    threading.Thread(target=_run, args=(name, client), daemon=True).start()


def _report(client: Any, name: str, kind: Any) -> None:
    @client.event(kind)  # type: ignore[untyped-decorator]
    def _(_client: Any, event: Any) -> None:
        emit(event=kind.DESCRIPTOR.name, name=name, what=MessageToDict(event) if kind in TOLD_WHOLE else {})


def _run(name: str, client: Any) -> None:
    try:
        client.connect()
        emit(event='connect_returned', name=name)
    except Exception as error:
        emit(event='connect_raised', name=name, error=str(error))


def stop(name: str) -> None:
    clients[name].stop()


def pair_code(name: str, phone: str) -> str:
    return str(clients[name].PairPhone(phone, True))


def send(name: str, to: str, text: str) -> str:
    return str(clients[name].send_message(_jid(to), text).ID)


def burst(name: str, to: str, count: int) -> dict[str, float]:
    """Send one after another."""
    took = []
    began = time.perf_counter()
    jid = build_jid(to)
    for number in range(count):
        before = time.perf_counter()
        clients[name].send_message(jid, f'm{number}')
        took.append((time.perf_counter() - before) * 1000)
    seconds = time.perf_counter() - began
    took.sort()
    return {'rate': count / seconds, 'p50': took[count // 2], 'p99': took[int(count * 0.99)]}


def hush(name: str) -> None:
    quiet.add(name)


def image(name: str, to: str, file: str, caption: str) -> str:
    return str(clients[name].send_image(build_jid(to), Path(file).read_bytes(), caption=caption).ID)


def download(name: str, message: str, file: str) -> None:
    Path(file).write_bytes(clients[name].download_any(messages[f'{name} {message}'].Message))


def read(name: str, message: str) -> None:
    source = messages[f'{name} {message}'].Info.MessageSource
    clients[name].mark_read(message, chat=source.Chat, sender=source.Sender, receipt=ReceiptType.READ)


def present(name: str) -> None:
    clients[name].send_presence(Presence.AVAILABLE)


def push_name(name: str) -> str:
    return str(clients[name].get_me().PushName)


def on_whatsapp(name: str, phones: list[str]) -> list[bool]:
    return [bool(each.IsIn) for each in clients[name].is_on_whatsapp(*phones)]


def create_group(name: str, subject: str, members: list[str]) -> str:
    jid = clients[name].create_group(subject, [build_jid(each) for each in members]).JID
    return f'{jid.User}@{jid.Server}'


def send_raw(name: str, to: str, message: str) -> str:
    """Any waE2E.Message, serialized, in base64."""
    return str(clients[name].send_message(_jid(to), Message.FromString(base64.b64decode(message))).ID)


def ask_poll(name: str, to: str, question: str, options: list[str], many: bool) -> str:
    kind = VoteType.MULTIPLE if many else VoteType.SINGLE
    poll = clients[name].build_poll_vote_creation(question, options, kind)
    return str(clients[name].send_message(_jid(to), poll).ID)


def cast_vote(name: str, poll: str, options: list[str]) -> str:
    info = messages[f'{name} {poll}'].Info
    return str(clients[name].send_message(info.MessageSource.Chat, clients[name].build_poll_vote(info, options)).ID)


def open_vote(name: str, message: str) -> list[str]:
    """The hashes of the options that were chosen, in hex."""
    event, client = messages[f'{name} {message}'].SerializeToString(), clients[name]
    # Called by hand: neonize's own method forgets to take the bytes out of what Go gives it.
    answer = gocode.DecryptPollVote(client.uuid, event, len(event)).contents.get_bytes()
    opened = ReturnFunctionWithError.FromString(answer)
    if opened.Error:
        raise RuntimeError(opened.Error)
    return [each.hex() for each in opened.PollVoteMessage.selectedOptions]


def react(name: str, message: str, emoji: str) -> str:
    source = messages[f'{name} {message}'].Info.MessageSource
    built = clients[name].build_reaction(source.Chat, source.Sender, message, emoji)
    return str(clients[name].send_message(source.Chat, built).ID)


def edit(name: str, to: str, message: str, text: str) -> str:
    return str(clients[name].edit_message(_jid(to), message, Message(conversation=text)).ID)


def revoke(name: str, to: str, message: str) -> str:
    return str(clients[name].revoke_message(_jid(to), clients[name].get_me().JID, message).ID)


def document(name: str, to: str, file: str, filename: str) -> str:
    return str(clients[name].send_document(_jid(to), Path(file).read_bytes(), filename=filename).ID)


def contact(name: str, to: str, called: str, phone: str) -> str:
    return str(clients[name].send_contact(_jid(to), called, phone).ID)


def reject(name: str, caller: str, call: str) -> None:
    clients[name].reject_call(_jid(caller), call)


def block(name: str, phone: str, on: bool) -> list[str]:
    action = BlocklistAction.BLOCK if on else BlocklistAction.UNBLOCK
    return [each.User for each in clients[name].update_blocklist(build_jid(phone), action).JIDs]


def blocklist(name: str) -> list[str]:
    return [each.User for each in clients[name].get_blocklist().JIDs]


def found(name: str, phone: str) -> dict[str, Any]:
    [answer] = clients[name].is_on_whatsapp(phone)
    return {'in': answer.IsIn, 'user': answer.JID.User, 'server': answer.JID.Server, 'query': answer.Query}


def watch(name: str, phone: str) -> None:
    clients[name].subscribe_presence(build_jid(phone))


def contact_name(name: str, phone: str) -> str:
    return str(clients[name].contact.get_contact(build_jid(phone)).FullName)


def picture(name: str, of: str) -> dict[str, Any]:
    found: dict[str, Any] = MessageToDict(clients[name].get_profile_picture(_jid(of)))
    return found


def fetched(name: str, url: str) -> int:
    """The size of what lies there, asked without looking at certificates."""
    context = ssl._create_unverified_context()
    with urllib.request.urlopen(url, context=context, timeout=10) as answer:
        return len(answer.read())


def group(name: str, jid: str) -> dict[str, Any]:
    found: dict[str, Any] = MessageToDict(clients[name].get_group_info(_jid(jid)))
    return found


def group_do(name: str, jid: str, what: str, arguments: list[Any]) -> Any:
    """Call the library's *what* for a group."""
    answer = getattr(clients[name], what)(_jid(jid), *arguments)
    return answer if isinstance(answer, str) else None


def group_photo(name: str, jid: str, file: str) -> str:
    return str(clients[name].set_group_photo(_jid(jid), Path(file).read_bytes()))


def group_members(name: str, jid: str, phones: list[str], action: str) -> list[int]:
    """The error of each change, 0 for none."""
    people = [build_jid(each) for each in phones]
    done = clients[name].update_group_participants(_jid(jid), people, ParticipantChange[action.upper()])
    return [each.Error for each in done]


def join(name: str, code: str) -> str:
    jid = clients[name].join_group_with_link(code)
    return f'{jid.User}@{jid.Server}'


def _jid(text: str) -> Any:
    user, _, server = text.partition('@')
    return build_jid(user, server or 's.whatsapp.net')


ORDERS = {
    each.__name__: each
    for each in (
        send_raw,
        ask_poll,
        cast_vote,
        open_vote,
        react,
        edit,
        revoke,
        document,
        contact,
        reject,
        block,
        blocklist,
        found,
        watch,
        contact_name,
        picture,
        fetched,
        group,
        group_do,
        group_photo,
        group_members,
        join,
        start,
        stop,
        pair_code,
        send,
        burst,
        hush,
        image,
        download,
        read,
        present,
        push_name,
        on_whatsapp,
        create_group,
    )
}


def obey(order: dict[str, Any]) -> None:
    ident, name = order.pop('id'), order.pop('order')
    try:
        emit(event='answer', id=ident, value=ORDERS[name](**order))
    except Exception as error:
        emit(event='answer', id=ident, error=f'{type(error).__name__}: {error}')


def main() -> None:
    emit(event='imported')
    pool = ThreadPoolExecutor(8)
    for line in sys.stdin:
        pool.submit(obey, json.loads(line))
    os._exit(0)  # the library's own threads would keep the process alive


if __name__ == '__main__':
    main()
