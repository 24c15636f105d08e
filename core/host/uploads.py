"""Files on their way to WhatsApp's media servers: each is uploaded once, however many people it is sent to."""

import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

from core.errors import Invalid
from core.events import LocalFile
from core.host import library
from core.host.client import Client
from core.host.gate import Gate
from core.host.library import Go

KINDS = {
    'image': library.IMAGE,
    'sticker': library.IMAGE,
    'video': library.VIDEO,
    'audio': library.AUDIO,
    'voice': library.AUDIO,
    'document': library.DOCUMENT,
}
KEPT = 500
LASTS = 12 * 3600.0  # seconds; WhatsApp keeps what was uploaded for weeks, but promises nothing


class Uploads:
    """Of one session. Used by its sending thread only."""

    def __init__(self, go: Go, gate: Gate) -> None:
        self._go = go
        self._gate = gate
        self._known: OrderedDict[tuple[str, int], tuple[Any, float]] = OrderedDict()

    def of(self, client: Client, file: LocalFile) -> Any:
        """The library's UploadResponse. Raises GoError, or Invalid when our own file is gone."""
        kind = KINDS[file.kind]
        known = self._known.get((file.sha256, kind))
        if known is not None and time.monotonic() - known[1] < LASTS:
            return known[0]
        try:
            data = Path(file.path).read_bytes()
        except OSError:
            raise Invalid('The file of this message is no longer there.', code='media_gone') from None
        with self._gate.call():
            stored = self._go.upload(client.uuid, data, kind)
        self._known[file.sha256, kind] = stored, time.monotonic()
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        return stored
