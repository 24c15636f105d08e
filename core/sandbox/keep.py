"""Which parts of the server are written down, and how they are found again."""

from core.sandbox import rows
from core.sandbox.node import Node
from core.sandbox.people import Account, Device, Group, People
from core.sandbox.store import Store
from core.sandbox.wire import Codec

SEPARATOR = '\x1f'


class Keep:
    """Marks what changed; cheap, so it is called on every change."""

    def __init__(self, store: Store, codec: Codec) -> None:
        self._store, self._codec = store, codec
        self._turn = 0

    def account(self, account: Account) -> None:
        self._store.mark('account', account.number, lambda: rows.dump(account))

    def device(self, device: Device) -> None:
        self._store.mark('device', device.key, lambda: rows.dump(device))

    def removed(self, device: Device) -> None:
        self._store.drop('device', device.key)
        for key in device.waiting:
            self.not_waiting(device, key)

    def group(self, group: Group) -> None:
        group.note_members()
        self._store.mark('group', group.ident, lambda: rows.dump(group))

    def whole(self, device: Device) -> None:
        """After a client changed something about itself."""
        self.account(device.account)
        self.device(device)

    def waiting(self, device: Device, key: tuple[str, ...], node: Node) -> None:
        self._turn += 1
        turn = self._turn
        self._store.mark('waiting', _row(device, key), lambda: turn.to_bytes(8, 'big') + self._codec.encode(node))

    def not_waiting(self, device: Device, key: tuple[str, ...]) -> None:
        self._store.drop('waiting', _row(device, key))

    def restore(self, people: People) -> None:
        """Fill *people* with what an earlier run wrote down."""
        for _, text in self._store.text('account'):
            people.put(rows.load(Account, text))
        for key, text in self._store.text('device'):
            account = people.accounts[key.partition(':')[0]]
            device = rows.load(Device, text, account=account)
            account.devices[device.number] = device
        for _, text in self._store.text('group'):
            group = rows.load(Group, text)
            group.owner = people.accounts.get(group.owner_number)
            group.members = {people.accounts[number]: role for number, role in group.roles.items()}
            people.groups[group.ident] = group
        self._restore_waiting(people)

    def _restore_waiting(self, people: People) -> None:
        found = [(row, value) for row, value in self._store.all('waiting') if isinstance(value, bytes)]
        for row, value in sorted(found, key=lambda pair: pair[1][:8]):
            owner, *key = row.split(SEPARATOR)
            number, _, device = owner.partition(':')
            account = people.accounts.get(number)
            if account and int(device) in account.devices:
                account.devices[int(device)].waiting[tuple(key)] = self._codec.decode(value[8:])
            self._turn = int.from_bytes(value[:8], 'big')


def _row(device: Device, key: tuple[str, ...]) -> str:
    return SEPARATOR.join((device.key, *key))
