"""How a row of ours becomes what the host sends."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

from data.messages import message_at
from data.traffic import Line

from .contents import as_said, file_kind
from .errors import NotFound
from .events import Card, Choice, FileKind, LocalFile, Outgoing, OutgoingKind, Place, Poll, Preview, Quote, Target
from .identities import Identities

Files = Callable[[str, FileKind], LocalFile]


class Packing:
    """`files` gives a file of our media folder by its id, as the host sends it; inside a write. Raises NotFound."""

    def __init__(self, identities: Identities, files: Files) -> None:
        self.identities, self.files = identities, files

    def outgoing(self, row: Line) -> Outgoing:
        """Raises NotFound when a file, or the message it is about, is not there any more."""
        quote = None
        if row.quote_id:
            quote = Quote(whatsapp_id=row.quote_id, sender=row.quote_sender or '', text=row.quote_text or '')
        return Outgoing(
            to=self.identities.address(row.chat_id),
            text=row.text,
            kind=cast(OutgoingKind, row.kind),
            quote=quote,
            mentions=tuple(row.mentions or ()),
            content=self._content(row),
            target=self._target(row) if row.target else None,
            forwarded=row.forwarded,
        )

    def _content(self, row: Line) -> 'LocalFile | Place | Poll | Choice | tuple[Card, ...] | Preview | None':
        if row.media_id:
            file = self.files(row.media_id, file_kind(row.kind))  # the same content may go by many names
            return replace(file, filename=str((row.content or {}).get('filename') or file.filename))
        return as_said(row.kind, row.content) if row.content else None

    def _target(self, row: Line) -> Target:
        about = message_at(row.session_id, row.chat_id, row.target or '')
        if about is None:
            raise NotFound('The message this was about is not there any more.')
        sender = about.heard_from or (self.identities.address_of(about.sender_id) if about.sender_id else '')
        return Target(whatsapp_id=row.target or '', sender=sender, from_me=about.direction == 'out')
