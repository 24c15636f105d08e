"""Who asks, and what their role may do."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

from .errors import Forbidden, Invalid

Role = Literal['owner', 'admin', 'agent', 'viewer']
Right = Literal[
    'sessions.see', 'sessions.manage', 'messages.see', 'messages.send', 'chats.manage', 'groups.manage', 'flows.see',
    'flows.edit', 'templates.see', 'templates.edit', 'hooks.see', 'hooks.edit', 'webhooks.manage', 'sandbox.use',
    'hosts.manage', 'keys.manage', 'people.manage', 'settings.manage', 'owners.manage',
]  # fmt: skip
Look = Literal['light', 'dark', 'auto']

_SEE: frozenset[Right] = frozenset({'sessions.see', 'messages.see', 'flows.see', 'templates.see', 'hooks.see'})
_ANSWER: frozenset[Right] = frozenset(
    {'messages.send', 'chats.manage', 'groups.manage', 'templates.edit', 'sandbox.use'}
)
_EVERYTHING: frozenset[Right] = frozenset(get_args(Right))

# The one table of rights. Each role holds all rights of the one below it.
RIGHTS: Mapping[Role, frozenset[Right]] = MappingProxyType(
    {
        'owner': _EVERYTHING,
        'admin': _EVERYTHING - {'owners.manage'},
        'agent': _SEE | _ANSWER,
        'viewer': _SEE,
    }
)

SENTENCES: Mapping[Right, str] = MappingProxyType(
    {
        'sessions.see': 'see sessions',
        'sessions.manage': 'create, start, stop or change sessions',
        'messages.see': 'read messages',
        'messages.send': 'send messages',
        'chats.manage': 'take over or hand back chats',
        'groups.manage': 'make groups, change them or block people',
        'flows.see': 'see flows',
        'flows.edit': 'change flows',
        'templates.see': 'see templates',
        'templates.edit': 'make, change or delete templates',
        'hooks.see': 'see hooks and what they were told',
        'hooks.edit': 'make, change or replay hooks',
        'webhooks.manage': 'see or change webhooks',
        'sandbox.use': 'use the phones of the sandbox',
        'hosts.manage': 'restart session hosts',
        'keys.manage': 'manage keys',
        'people.manage': 'manage people',
        'settings.manage': 'see or change settings',
        'owners.manage': 'add, change or remove owners',
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """A person, a key or the program itself, at the moment of asking.

    `id` is the row id of the user or key, '' for the system. `sessions`: ids of the only sessions it may touch;
    None means all, also those still to come.
    """

    kind: Literal['user', 'key', 'system']
    id: str
    name: str
    role: Role
    sessions: frozenset[str] | None = None

    def may(self, right: Right) -> bool:
        return right in RIGHTS[self.role]

    def must(self, right: Right) -> None:
        """Raise Forbidden, with a sentence, unless the role holds `right`."""
        if not self.may(right):
            raise Forbidden(f'The role {self.role} may not {SENTENCES[right]}.')

    def may_session(self, session_id: str) -> bool:
        return self.sessions is None or session_id in self.sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Somebody signed in with a browser. `id` names the login row, `look` is their light or dark."""

    id: str
    asker: Asker
    email: str = ''
    look: Look = 'auto'


SYSTEM = Asker(kind='system', id='', name='Dovecote', role='owner')


def role_of(word: str) -> Role:
    """A role by its name; raises Invalid for any other word."""
    for role in RIGHTS:
        if role == word:
            return role
    raise Invalid(f'There is no role “{word[:40]}”. Roles are {", ".join(RIGHTS)}.', field='role')


def look_of(word: str) -> Look:
    """Light, dark or auto by its name; raises Invalid for any other word."""
    for look in get_args(Look):
        if look == word:
            return look  # type: ignore[no-any-return]
    raise Invalid('A look is light, dark or auto.', field='look')


def holds_all_of(stronger: Role, weaker: Role) -> bool:
    return RIGHTS[stronger] >= RIGHTS[weaker]
