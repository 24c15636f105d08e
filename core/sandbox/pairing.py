"""How a device is linked: the server's part, and the part of the phone that scans or types a code."""

import base64
import hashlib
import hmac
import os
import secrets
import time
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import Conflict, Invalid
from core.sandbox.cipher import ctr, hkdf
from core.sandbox.keys import KeyPair
from core.sandbox.node import LID, SERVER, USER, Attrs, Node, Value
from core.sandbox.people import Account, Device
from core.sandbox.protos import adv

ACCOUNT_PREFIX = b'\x06\x00'
CODE_ROUNDS = 2 << 16


@dataclass(frozen=True, slots=True)
class QrCode:
    """What a linked-device QR code says."""

    ref: str
    noise: bytes
    identity: bytes
    secret: bytes

    @classmethod
    def parse(cls, text: str) -> 'QrCode':
        """Raises Invalid."""
        try:
            ref, noise, identity, secret = text.rpartition('#')[2].split(',')[:4]
            return cls(ref, *(base64.b64decode(key, validate=True) for key in (noise, identity, secret)))
        except ValueError as error:
            raise Invalid('This is not a QR code for linking a device.', field='qr') from error


def pair_device(refs: list[str]) -> Node:
    """The server's offer of QR references to an unlinked client."""
    offers = [Node('ref', content=ref.encode()) for ref in refs]
    return Node('iq', _head(), [Node('pair-device', content=offers)])


def pair_success(device: Device, statement: bytes) -> Node:
    children = [
        Node('device-identity', content=statement),
        Node('platform', {'name': 'android'}),
        Node('device', {'jid': device.jid(USER), 'lid': device.jid(LID)}),
    ]
    if device.account.business:
        children.append(Node('biz', {'name': device.account.business}))
    return Node('iq', {**_head(), 't': int(time.time())}, [Node('pair-success', content=children)])


def _head() -> dict[str, Value]:
    return {'id': secrets.token_hex(4), 'from': SERVER, 'type': 'set', 'xmlns': 'md'}


def device_identity(account: Account, identity: bytes, secret: bytes, key_index: int) -> bytes:
    """The phone's signed statement that the device with key *identity* is its own."""
    details = adv.ADVDeviceIdentity(
        rawID=account.raw_id,
        timestamp=int(time.time()),
        keyIndex=key_index,
        accountType=adv.E2EE,
        deviceType=adv.E2EE,
    ).SerializeToString()
    signed = adv.ADVSignedDeviceIdentity(
        details=details,
        accountSignatureKey=account.identity.public,
        accountSignature=account.identity.sign(ACCOUNT_PREFIX + details + identity),
    ).SerializeToString()
    statement: bytes = adv.ADVSignedDeviceIdentityHMAC(
        details=signed, HMAC=hmac.digest(secret, signed, 'sha256'), accountType=adv.E2EE
    ).SerializeToString()
    return statement


class CodePairing:
    """One "link with phone number" attempt, seen from server and phone."""

    def __init__(self, account: Account, hello: Node) -> None:
        self.account, self.ref = account, secrets.token_urlsafe(24).encode()
        self.wrapped = hello.child('link_code_pairing_wrapped_companion_ephemeral_pub').data
        self.ephemeral = KeyPair.new()
        self.code = ''

    def accept(self) -> Node:
        """The answer to companion_hello."""
        ref = Node('link_code_pairing_ref', content=self.ref)
        return Node('link_code_companion_reg', {'stage': 'companion_hello'}, [ref])

    def typed(self, code: str) -> Node:
        """The user typed *code* on the phone: the notification for the new device."""
        self.code = code.replace('-', '').upper()
        salt, iv = os.urandom(32), os.urandom(16)
        wrapped = salt + iv + ctr(_code_key(self.code, salt), iv, self.ephemeral.public)
        children = [
            Node('link_code_pairing_ref', content=self.ref),
            Node('link_code_pairing_wrapped_primary_ephemeral_pub', content=wrapped),
            Node('primary_identity_pub', content=self.account.identity.public),
        ]
        head: Attrs = {
            'from': SERVER,
            'type': 'link_code_companion_reg',
            'id': secrets.token_hex(8),
            't': int(time.time()),
        }
        return Node('notification', head, [Node('link_code_companion_reg', {'stage': 'primary_hello'}, children)])

    def finish(self, final: Node) -> tuple[bytes, bytes]:
        """From companion_finish: the new device's identity key and the ADV secret. Raises Conflict (wrong code)."""
        salt, iv, sealed = self.wrapped[:32], self.wrapped[32:48], self.wrapped[48:]
        shared = self.ephemeral.agree(ctr(_code_key(self.code, salt), iv, sealed))
        bundle = final.child('link_code_pairing_wrapped_key_bundle').data
        key = hkdf(shared, b'link_code_pairing_key_bundle_encryption_key', 32, bundle[:32])
        try:
            plain = AESGCM(key).decrypt(bundle[32:44], bundle[44:], None)
        except InvalidTag as error:
            raise Conflict('This is not the code that the device shows.', code='code_wrong') from error
        identity, random = plain[:32], plain[64:96]
        secret = hkdf(shared + self.account.identity.agree(identity) + random, b'adv_secret', 32)
        return identity, secret


def _code_key(code: str, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac('sha256', code.encode(), salt, CODE_ROUNDS, 32)
