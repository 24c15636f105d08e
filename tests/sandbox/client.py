"""A process that runs the real library and obeys lines of JSON: `python -m tests.sandbox.client LIBRARY FD`.

Go ends the whole process when it panics and cannot be unloaded, so it lives here and not in the tests. Orders come on
stdin, answers and events leave on the file descriptor FD, because Go prints to stdout.
"""

import json
import os
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from core.sandbox import patch

os.environ['NEONIZE_BOT_TAG'] = 'off'
patch.install(Path(sys.argv[1]))

from neonize import events as ev  # noqa: E402
from neonize.client import NewClient  # noqa: E402
from neonize.utils import build_jid  # noqa: E402
from neonize.utils.enum import Presence, ReceiptType  # noqa: E402

WAL = '?_journal_mode=WAL&_synchronous=NORMAL&_busy_timeout=10000&_foreign_keys=on&z='
STATES = (ev.ConnectedEv, ev.DisconnectedEv, ev.StreamReplacedEv, ev.JoinedGroupEv, ev.PairStatusEv, ev.LoggedOutEv)
PROBLEMS = (ev.UndecryptableMessageEv, ev.ConnectFailureEv, ev.TemporaryBanEv, ev.StreamErrorEv, ev.ClientOutdatedEv)

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

    for kind in (*STATES, *PROBLEMS):
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
        emit(event='Message', name=name, id=event.Info.ID, text=text, server=source.Sender.Server, kinds=kinds)

    threading.Thread(target=_run, args=(name, client), daemon=True).start()


def _report(client: Any, name: str, kind: Any) -> None:
    @client.event(kind)  # type: ignore[untyped-decorator]
    def _(_client: Any, _event: Any) -> None:
        emit(event=kind.DESCRIPTOR.name, name=name)


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
    user, _, server = to.partition('@')
    return str(clients[name].send_message(build_jid(user, server or 's.whatsapp.net'), text).ID)


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


ORDERS = {
    each.__name__: each
    for each in (
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
