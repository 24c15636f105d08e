"""App state ("syncd"): encrypted, versioned settings shared by the devices of an account.

The server only stores patches; the phone holds the key and writes the push name, without which a linked device cannot
announce its presence.
"""

import hashlib
import hmac
import json
import os
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from core.sandbox.cipher import cbc_encrypt, hkdf
from core.sandbox.node import Attrs, Node
from core.sandbox.protos import Action, Message, Mutation, Patch, e2e, sync, sync_action

PUSH_NAME = 'critical_block'
CONTACTS = 'critical_unblock_low'
WORDS = '<64H'


@dataclass(slots=True)
class Collection:
    """The patches of one collection and the hash of the state they add up to."""

    name: str
    patches: list[bytes] = field(default_factory=list)
    hash: list[int] = field(default_factory=lambda: [0] * 64)
    values: dict[bytes, bytes] = field(default_factory=dict)  # index MAC -> value MAC

    @property
    def version(self) -> int:
        return len(self.patches)

    def apply(self, mutations: Iterable[Mutation]) -> None:
        for mutation in mutations:
            index, value = mutation.record.index.blob, mutation.record.value.blob[-32:]
            old = self.values.pop(index, None)
            if old:
                self._mix(old, -1)
            if mutation.operation == sync.SyncdMutation.SET:
                self.values[index] = value
                self._mix(value, 1)

    def _mix(self, value: bytes, sign: int) -> None:
        words = struct.unpack(WORDS, hkdf(value, b'WhatsApp Patch Integrity', 128))
        self.hash = [(a + sign * b) % 65536 for a, b in zip(self.hash, words, strict=True)]

    def add(self, patch: Patch) -> None:
        patch.version.version = self.version + 1
        self.patches.append(patch.SerializeToString())

    def node(self, since: int, error: Node | None = None) -> Node:
        patches = [Node('patch', content=data) for data in self.patches[since:]]
        head: Attrs = {'name': self.name, 'version': self.version, 'type': 'error' if error else None}
        return Node('collection', head, [Node('patches', content=patches), *([error] if error else [])])


@dataclass(slots=True)
class AppState:
    """All collections of one account and the key they are encrypted with."""

    key_id: bytes = field(default_factory=lambda: b'\0\0' + os.urandom(4))
    key: bytes = field(default_factory=lambda: os.urandom(32))
    collections: dict[str, Collection] = field(default_factory=dict)

    def collection(self, name: str) -> Collection:
        return self.collections.setdefault(name, Collection(name))

    def key_share(self) -> Message:
        """The peer message by which the phone gives a linked device the key."""
        message = e2e.Message()
        message.protocolMessage.type = e2e.ProtocolMessage.APP_STATE_SYNC_KEY_SHARE
        entry = message.protocolMessage.appStateSyncKeyShare.keys.add()
        entry.keyID.keyID = self.key_id
        entry.keyData.keyData, entry.keyData.timestamp = self.key, int(time.time() * 1000)
        entry.keyData.fingerprint.rawID = 1
        entry.keyData.fingerprint.currentIndex = 0
        return message

    def set_push_name(self, name: str) -> None:
        value = sync_action.SyncActionValue(timestamp=int(time.time() * 1000))
        value.pushNameSetting.name = name
        self.set(PUSH_NAME, ['setting_pushName'], value, version=1)

    def set_contact(self, jid: str, lid: str, name: str) -> None:
        value = sync_action.SyncActionValue(timestamp=int(time.time() * 1000))
        value.contactAction.fullName, value.contactAction.firstName = name, name.partition(' ')[0]
        value.contactAction.lidJID, value.contactAction.saveOnPrimaryAddressbook = lid, True
        self.set(CONTACTS, ['contact', jid], value, version=2)

    def set(self, name: str, index: list[str], value: Action, *, version: int) -> None:
        """Append a patch with one SET mutation to the collection *name*."""
        collection, raw_index = self.collection(name), json.dumps(index, separators=(',', ':')).encode()
        keys = _keys(self.key)
        action = sync_action.SyncActionData(index=raw_index, value=value, padding=b'', version=version)
        iv = os.urandom(16)
        sealed = iv + cbc_encrypt(keys.value, iv, action.SerializeToString())
        size = (len(self.key_id) + 1).to_bytes(8, 'big')
        tag = hmac.digest(keys.value_mac, b'\x01' + self.key_id + sealed + size, hashlib.sha512)[:32]
        patch = sync.SyncdPatch()
        mutation = patch.mutations.add(operation=sync.SyncdMutation.SET)
        mutation.record.index.blob = hmac.digest(keys.index, raw_index, 'sha256')
        mutation.record.value.blob = sealed + tag
        mutation.record.keyID.ID = patch.keyID.ID = self.key_id
        collection.apply(patch.mutations)
        where = (collection.version + 1).to_bytes(8, 'big') + name.encode()
        state = struct.pack(WORDS, *collection.hash)
        patch.snapshotMAC = hmac.digest(keys.snapshot_mac, state + where, 'sha256')
        patch.patchMAC = hmac.digest(keys.patch_mac, patch.snapshotMAC + tag + where, 'sha256')
        collection.add(patch)

    def exchange(self, request: Node) -> Node:
        """Answer one <collection> of a sync query: store its patches, return what is new."""
        collection, since = self.collection(request.text('name')), request.number('version')
        uploads = request.all('patch')
        if uploads and since != collection.version:
            return collection.node(since, Node('error', {'code': 409, 'text': 'conflict'}))
        for item in uploads:
            patch = sync.SyncdPatch.FromString(item.data)
            collection.apply(patch.mutations)
            collection.add(patch)
        return collection.node(collection.version if uploads else since)


@dataclass(frozen=True, slots=True)
class _Keys:
    index: bytes
    value: bytes
    value_mac: bytes
    snapshot_mac: bytes
    patch_mac: bytes


def _keys(key: bytes) -> _Keys:
    keys = hkdf(key, b'WhatsApp Mutation Keys', 160)
    return _Keys(*(keys[i : i + 32] for i in range(0, 160, 32)))
