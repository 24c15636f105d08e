"""What the server currently does wrong on purpose."""

import threading
from dataclasses import replace

from core.errors import Invalid
from core.sandbox.control import Fault, FaultKind
from core.sandbox.node import Node

STANDING: frozenset[FaultKind] = frozenset(
    {'latency', 'mute', 'http_status', 'hasty', 'passkey', 'qr_refs', 'media_slow'}
)
COUNTED: frozenset[FaultKind] = frozenset({'nack', 'lose_acks', 'corrupt', 'iq', 'media', 'media_cut', 'fail_login'})
LIMITS: frozenset[FaultKind] = frozenset({'ban', 'reachout'})  # kept with the account
AT_ONCE: frozenset[FaultKind] = frozenset({'drop', 'logout', 'stream_error', 'conflict', 'expire_qr', 'outage'})
NEEDS: dict[FaultKind, tuple[str, ...]] = {
    'drop': ('phone',),
    'logout': ('phone',),
    'stream_error': ('phone', 'code'),
    'conflict': ('phone',),
    'outage': ('seconds',),
    'latency': ('ms',),
    'http_status': ('code',),
    'qr_refs': ('refs',),
    'nack': ('code',),
    'iq': ('xmlns',),
    'media': ('code',),
    'fail_login': ('phone', 'reason'),
    'ban': ('phone', 'seconds'),
    'reachout': ('phone',),
    'media_slow': ('rate',),
}
QR_REFS = 6


def checked(fault: Fault) -> Fault:
    """Raises Invalid when the kind is unknown or lacks what it needs."""
    if fault.kind not in STANDING | COUNTED | LIMITS | AT_ONCE:
        raise Invalid(f'There is no fault called {fault.kind}.', field='kind')
    for name in NEEDS.get(fault.kind, ()):
        if not getattr(fault, name):
            raise Invalid(f'The fault {fault.kind} needs {name}.', field=name)
    if fault.kind == 'http_status' and not 400 <= fault.code <= 599:
        raise Invalid('An http_status must be from 400 to 599.', field='code')
    return fault


class Faults:
    """Standing faults are true until cleared; counted ones are used up."""

    def __init__(self) -> None:
        self._standing: dict[FaultKind, Fault] = {}
        self._counted: list[Fault] = []
        self._taking = threading.Lock()  # the media store asks from its own threads
        # Looked at for every stanza, so kept as plain attributes.
        self.latency = 0.0
        self.mute = False

    def set(self, fault: Fault) -> None:
        if fault.kind in STANDING:
            self._standing[fault.kind] = fault
        else:
            self._counted.append(fault)
        self._refresh()

    def clear(self, kind: FaultKind | None = None) -> None:
        self._standing = {} if kind is None else {k: f for k, f in self._standing.items() if k != kind}
        self._counted = [] if kind is None else [fault for fault in self._counted if fault.kind != kind]
        self._refresh()

    def all(self) -> tuple[Fault, ...]:
        return (*self._standing.values(), *self._counted)

    def has(self, kind: FaultKind) -> bool:
        return kind in self._standing

    @property
    def http_status(self) -> int:
        fault = self._standing.get('http_status')
        return fault.code if fault else 0

    @property
    def media_rate(self) -> int:
        """Bytes per second of a download; 0: as fast as it goes."""
        fault = self._standing.get('media_slow')
        return fault.rate if fault else 0

    @property
    def qr_refs(self) -> int:
        fault = self._standing.get('qr_refs')
        return fault.refs if fault else QR_REFS

    def take(self, kind: FaultKind, *, phone: str = '', xmlns: str = '') -> Fault | None:
        """Use up one of *kind* that applies to this phone and namespace."""
        if not self._counted:
            return None
        with self._taking:
            for at, fault in enumerate(self._counted):
                if fault.kind == kind and fault.phone in ('', phone) and fault.xmlns == xmlns:
                    self._use(at, fault)
                    return fault
        return None

    def _use(self, at: int, fault: Fault) -> None:
        if fault.times > 1:
            self._counted[at] = replace(fault, times=fault.times - 1)
        elif fault.times == 1:
            del self._counted[at]

    def corrupts(self, phone: str, *, linked: bool) -> bool:
        """Shall this ciphertext for *phone* be damaged? Phones themselves are only hit when named."""
        if not self._counted:
            return False
        if not linked and not any(fault.kind == 'corrupt' and fault.phone == phone for fault in self._counted):
            return False
        return self.take('corrupt', phone=phone) is not None

    def _refresh(self) -> None:
        latency = self._standing.get('latency')
        self.latency = latency.ms / 1000 if latency else 0.0
        self.mute = 'mute' in self._standing


def damaged(node: Node) -> Node:
    """A copy of a message whose last ciphertext cannot be decrypted."""
    children = list(node.children)
    at = max((i for i, item in enumerate(children) if item.tag == 'enc'), default=None)
    if at is None:
        return node
    raw = bytearray(children[at].data)
    raw[-2] ^= 0xFF  # of the authentication code or signature: what stands before is not all covered by it
    children[at] = Node('enc', children[at].attrs, bytes(raw))
    return Node(node.tag, node.attrs, children)
