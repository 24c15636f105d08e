"""The bare library, as anybody would use it: `python -m tests.bench.raw FD LIBRARY FOLDER`.

Reads one line of JSON, ["verb", ...], after another from its standard input and answers each with one on FD, in order;
codes to scan and connections are told there as well. It answers "ping …" with "pong ping …".
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.host.stores import source_of
from core.sandbox.patch import install

STAGGER = 0.01  # seconds between two starts; the library's own table of clients is not locked


class Bare:
    """Clients by name, each with a store like the product's."""

    def __init__(self, folder: Path, tell: Callable[..., None]) -> None:
        self._folder, self._tell = folder, tell
        self._clients: dict[str, Any] = {}

    def open(self, names: list[str]) -> float:
        """Connect these, pairing those that are not linked; returns when the first one was started."""
        began = time.time()
        for name in names:
            self._clients[name] = client = self._client(name)
            threading.Thread(target=client.connect, name=name, daemon=True).start()
            time.sleep(STAGGER)
        return began

    def send(self, name: str, people: list[str], texts: list[str]) -> list[tuple[float, float]]:
        """One after another, to these people in turn; returns when each call began and returned."""
        client, times = self._clients[name], []
        for number, text in enumerate(texts):
            began = time.time()
            client.send_message(people[number % len(people)], text)
            times.append((began, time.time()))
        return times

    def send_files(self, name: str, person: str, files: list[str], captions: list[str]) -> None:
        for file, caption in zip(files, captions, strict=True):
            self._clients[name].send_document(
                person, Path(file).read_bytes(), caption=caption, filename='x.pdf', mimetype='application/pdf'
            )

    def _client(self, name: str) -> Any:
        from neonize.client import NewClient  # noqa: PLC0415
        from neonize.events import ConnectedEv, MessageEv  # noqa: PLC0415

        client = NewClient(source_of(self._folder, name), uuid=name)
        client.qr(lambda _, code: self._tell('code', name, code.decode()))
        client.event(ConnectedEv)(lambda *_: self._tell('connected', name, time.time()))
        client.event(MessageEv)(_answer)
        return client


def _answer(client: Any, event: Any) -> None:
    text = event.Message.conversation or event.Message.extendedTextMessage.text
    if text.startswith('ping') and not event.Info.MessageSource.IsFromMe:
        client.send_message(event.Info.MessageSource.Chat, f'pong {text}')


def main() -> None:
    out, turn = os.fdopen(int(sys.argv[1]), 'w', buffering=1), threading.Lock()

    def tell(kind: str, *what: object) -> None:
        with turn:
            out.write(json.dumps([kind, *what]) + '\n')

    install(Path(sys.argv[2]))
    import neonize.client  # noqa: F401, PLC0415

    bare = Bare(Path(sys.argv[3]), tell)
    tell('ready')
    for line in sys.stdin:
        verb, *arguments = json.loads(line)
        tell('answer', getattr(bare, verb)(*arguments))
    os._exit(0)  # the library's threads would keep the process alive


if __name__ == '__main__':
    main()
