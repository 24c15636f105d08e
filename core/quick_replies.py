"""Texts that people here write again and again: kept by a key, filled in for whom they are written to."""

import re

from data.chats import Chat
from data.database import after_commit, write
from data.quick_replies import delete_quick_reply, put_quick_reply, quick_replies, quick_reply

from .errors import DovecoteError, Invalid, NotFound
from .fill import Prepared, compiled, fill, prepared
from .news import NewsDesk
from .world import World

KEY = re.compile(r'[a-z0-9][a-z0-9-]{0,31}')
LONGEST = 4_096
MOST = 500


class QuickReplies:
    def __init__(self, world: World, desk: NewsDesk) -> None:
        self.world, self.desk = world, desk

    def put(self, key: str, text: str) -> bool:
        """Keep it, instead of the one with this key; True when it is new. Raises Invalid."""
        _check(key, text)

        def keep() -> bool:
            if quick_reply(key) is None and len(quick_replies(MOST)) == MOST:
                raise Invalid(f'There are {MOST} quick replies already; delete one that nobody uses.', field='key')
            self._tell()
            return put_quick_reply(key, text.strip(), self.world.now())

        return write(keep)

    def rename(self, key: str, new_key: str, text: str) -> None:
        """Keep it under another key. Raises Invalid, also when that one is taken, and NotFound."""

        def move() -> None:
            if new_key != key:
                if quick_reply(new_key) is not None:
                    raise Invalid(f'There is a quick reply “{new_key}” already.', field='key')
                self.delete(key)
            self.put(new_key, text)

        write(move)

    def delete(self, key: str) -> None:
        """Raises NotFound."""

        def remove() -> None:
            if not delete_quick_reply(key):
                raise NotFound(f'There is no quick reply “{key[:40]}”.')
            self._tell()

        write(remove)

    def _tell(self) -> None:
        after_commit(lambda: self.desk.whisper('quick_replies.changed', {}))


def filled_for(chat: Chat, writer: str) -> list[tuple[str, str, str]]:
    """(key, text, problem) of all, for this chat (contact and session joined), as `writer` would write them.

    Reads the database. `text` is as it was written where it cannot be filled, and `problem` says why.
    """
    contact = chat.contact if chat.contact_id else None
    name = str(contact.shown_name if contact else chat.name)
    values = prepared({
        'contact': {
            'name': name,
            'first_name': name.partition(' ')[0],
            'phone': f'+{contact.phone}' if contact and contact.phone else '',
        },
        'session': {'name': str(chat.session.name)},
        'me': {'name': writer},
    })  # fmt: skip
    return [(str(row.key), *_filled(str(row.text), values)) for row in quick_replies()]


def _filled(text: str, values: Prepared) -> tuple[str, str]:
    try:
        return fill(text, values), ''
    except DovecoteError as error:
        return text, str(error)


def _check(key: str, text: str) -> None:
    if not KEY.fullmatch(key):
        raise Invalid('A key is a short word of small letters, digits and “-”, like “opening-hours”.', field='key')
    if not text.strip():
        raise Invalid('There is nothing in this quick reply: the text is empty.', field='text')
    if len(text) > LONGEST:
        raise Invalid(f'A quick reply may have {LONGEST} characters, this one has {len(text)}.', field='text')
    try:
        compiled(text)
    except Invalid as error:
        raise Invalid(str(error), field='text') from error
