"""What travels on WhatsApp's wire: addresses and stanzas."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

USER, LID, GROUP, BROADCAST, LEGACY = 's.whatsapp.net', 'lid', 'g.us', 'broadcast', 'c.us'
DEVICE_SERVERS = (USER, LID, 'hosted', 'hosted.lid')


@dataclass(frozen=True, slots=True)
class Jid:
    """An address: `user[:device]@server`; `Jid('', server)` is the server itself."""

    user: str
    server: str = USER
    device: int = 0

    @classmethod
    def parse(cls, text: str) -> 'Jid':
        user, _, server = text.rpartition('@')
        user, _, device = user.partition(':')
        return cls(user.split('.')[0] if server in DEVICE_SERVERS else user, server, int(device or 0))

    @property
    def bare(self) -> 'Jid':
        return Jid(self.user, self.server) if self.device else self

    def __str__(self) -> str:
        if not self.user:
            return self.server
        return f'{self.user}:{self.device}@{self.server}' if self.device else f'{self.user}@{self.server}'


SERVER = Jid('')
STATUS = Jid('status', BROADCAST)
Value = str | int | Jid
Attrs = Mapping[str, Value | None]
Content = bytes | str | list['Node'] | None


@dataclass(slots=True)
class Node:
    """One stanza or element. Attributes that are None or '' are not sent."""

    tag: str
    attrs: Attrs = field(default_factory=dict)
    content: Content = None

    def __iter__(self) -> Iterator['Node']:
        return iter(self.children)

    @property
    def children(self) -> list['Node']:
        return self.content if isinstance(self.content, list) else []

    @property
    def first(self) -> 'Node | None':
        return next(iter(self.children), None)

    @property
    def data(self) -> bytes:
        if isinstance(self.content, str):
            return self.content.encode()
        return self.content if isinstance(self.content, bytes) else b''

    def find(self, tag: str) -> 'Node | None':
        return next((item for item in self.children if item.tag == tag), None)

    def child(self, tag: str) -> 'Node':
        """The first child *tag*; an empty one when there is none."""
        return self.find(tag) or Node(tag)

    def all(self, tag: str) -> list['Node']:
        return [item for item in self.children if item.tag == tag]

    def get(self, name: str) -> Value | None:
        return self.attrs.get(name)

    def text(self, name: str) -> str:
        value = self.attrs.get(name)
        return '' if value is None else str(value)

    def number(self, name: str) -> int:
        return int(self.text(name) or 0)

    def jid(self, name: str) -> Jid | None:
        value = self.attrs.get(name)
        if isinstance(value, Jid):
            return value
        return Jid.parse(str(value)) if value else None

    def __str__(self) -> str:
        attrs = ''.join(f' {key}="{value}"' for key, value in self.attrs.items() if value not in (None, ''))
        inner = self._inner()
        return f'<{self.tag}{attrs}>{inner}</{self.tag}>' if inner else f'<{self.tag}{attrs}/>'

    def _inner(self) -> str:
        if isinstance(self.content, bytes):
            return self.content.hex() if len(self.content) <= 32 else f'[{len(self.content)} bytes]'
        return ''.join(map(str, self.content or ()))
