"""Whether a call really comes from the system it claims to come from: one small function for each way to prove it.

Every comparison takes the same time, however much of it is right. Sources: Standard Webhooks 1.0, and what GitHub,
Stripe, Shopify, WooCommerce, Slack, Meta, Twilio and Grafana document of their signatures.
"""

import base64
import binascii
import hashlib
import hmac
import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, get_args
from urllib.parse import parse_qsl

from ..errors import Invalid
from .call import FORM, Call

AuthKind = Literal[
    'standard_webhooks', 'github', 'stripe', 'shopify', 'woocommerce', 'slack', 'meta', 'twilio', 'grafana', 'hmac',
    'header', 'basic', 'query', 'key', 'none',
]  # fmt: skip
Options = Mapping[str, Any]
Proof = Callable[[Call, Options, str], bool]

TOLERANCE = 300  # seconds that a signed time may be off
ALGORITHMS = ('sha256', 'sha512', 'sha1')
ENCODINGS = ('hex', 'base64', 'base64url')


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`proves`: None when the address alone is believed. `options`: what may be set, with what it is otherwise.

    `brings`: a sentence for whoever makes the calls, with the names of the options; '' where their system knows.
    """

    label: str
    proves: Proof | None
    options: Options = field(default_factory=dict)
    brings: str = ''


def is_from(call: Call, kind: AuthKind, options: Options, secrets: Sequence[str]) -> bool:
    """Whether one of the secrets proves the call; all of them are tried, whichever fits."""
    proves = KINDS[kind].proves
    if proves is None:
        return True
    told = {**KINDS[kind].options, **options}
    return any([proves(call, told, secret) for secret in secrets])  # noqa: C419  (any() alone would stop at the first)


def told_callers(kind: AuthKind, options: Options) -> str:
    """What a call has to bring, in a sentence; '' where the other system knows."""
    told = {**KINDS[kind].options, **options}
    timed = f' The time is in the header {told["ts_header"]}.' if told.get('ts_header') else ''
    return KINDS[kind].brings.format_map(told) + timed


def may_call(ip: str, networks: Iterable[str]) -> bool:
    """Whether the address is in one of these networks; everybody is in none."""
    among = [ipaddress.ip_network(each) for each in networks]
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return not among
    mapped = getattr(address, 'ipv4_mapped', None) or address
    return not among or any(mapped in network for network in among)


def checked_auth(kind: str, options: Mapping[str, Any]) -> tuple[AuthKind, dict[str, Any]]:
    """Raises Invalid for a kind there is not, or a setting that the kind does not have or understand."""
    if kind not in get_args(AuthKind):
        raise Invalid(f'There is no kind “{kind[:40]}”. Kinds are {", ".join(get_args(AuthKind))}.', field='auth.kind')
    known: AuthKind = kind  # type: ignore[assignment]
    said = {name: value for name, value in options.items() if value not in ('', None)}
    for name in said:
        if name not in KINDS[known].options:
            raise Invalid(f'{KINDS[known].label} has no setting “{name}”.', field=f'auth.{name}')
    told = {**KINDS[known].options, **said}
    if told.get('algorithm', 'sha256') not in ALGORITHMS:
        raise Invalid(f'An algorithm is one of {", ".join(ALGORITHMS)}.', field='auth.algorithm')
    if told.get('encoding', 'hex') not in ENCODINGS:
        raise Invalid(f'An encoding is one of {", ".join(ENCODINGS)}.', field='auth.encoding')
    if '{body}' not in told.get('signed', '{body}'):
        raise Invalid('What is signed has to hold {body}.', field='auth.signed')
    if '{ts}' in told.get('signed', '') and not told.get('ts_header'):
        raise Invalid('What is signed holds {ts}: name the header that brings it.', field='auth.ts_header')
    if not 0 < int(told.get('tolerance', TOLERANCE)) <= 86_400:
        raise Invalid('A tolerance is 1 to 86400 seconds.', field='auth.tolerance')
    return known, said


# ---- the ways


def _standard_webhooks(call: Call, options: Options, secret: str) -> bool:
    name = 'webhook' if call.header('webhook-id') else 'svix'
    id, at, said = (call.header(f'{name}-{each}') for each in ('id', 'timestamp', 'signature'))
    try:
        key = base64.b64decode(secret.removeprefix('whsec_'), validate=True)
    except binascii.Error:
        return False
    right = _mac(key, f'{id}.{at}.'.encode() + call.body, 'sha256', 'base64')
    given = [each.partition(',') for each in said.split(' ')]
    return bool(id) & _in_time(call, at) & _among(right, [mark for version, _, mark in given if version == 'v1'])


def _github(call: Call, options: Options, secret: str) -> bool:
    right = 'sha256=' + _mac(secret, call.body, 'sha256', 'hex')
    return same(right, call.header('x-hub-signature-256'))


def _stripe(call: Call, options: Options, secret: str) -> bool:
    said = [each.strip().partition('=') for each in call.header('stripe-signature').split(',')]
    at = next((value for name, _, value in said if name == 't'), '')
    right = _mac(secret, f'{at}.'.encode() + call.body, 'sha256', 'hex')
    return _in_time(call, at) & _among(right, [value for name, _, value in said if name == 'v1'])


def _shopify(call: Call, options: Options, secret: str) -> bool:
    return same(_mac(secret, call.body, 'sha256', 'base64'), call.header('x-shopify-hmac-sha256'))


def _woocommerce(call: Call, options: Options, secret: str) -> bool:
    return same(_mac(secret, call.body, 'sha256', 'base64'), call.header('x-wc-webhook-signature'))


def _slack(call: Call, options: Options, secret: str) -> bool:
    at = call.header('x-slack-request-timestamp')
    right = 'v0=' + _mac(secret, f'v0:{at}:'.encode() + call.body, 'sha256', 'hex')
    return _in_time(call, at) & same(right, call.header('x-slack-signature'))


def _twilio(call: Call, options: Options, secret: str) -> bool:
    """A form is signed with its fields, sorted; anything else by a hash of it in the address."""
    said = call.header('x-twilio-signature')
    if call.content_type == FORM:
        fields = ''.join(f'{name}{value}' for name, value in sorted(set(call.form)))
        fits = True
    else:
        fields, told = '', dict(parse_qsl(call.query)).get('bodySHA256', '')
        fits = same(hashlib.sha256(call.body).hexdigest(), told)
    found = [same(_mac(secret, f'{url}{fields}'.encode(), 'sha1', 'base64'), said) for url in call.urls]
    return fits & any(found)


def _grafana(call: Call, options: Options, secret: str) -> bool:
    """A signature where Grafana makes one; Alertmanager, and older ones, can only bring the secret itself."""
    said = call.header('x-grafana-alerting-signature')
    if not said:
        return _bearer(call, secret) | _password(call, secret)
    at = call.header('x-grafana-alerting-timestamp')
    before = f'{at}:'.encode() if at else b''
    return (not at or _in_time(call, at)) & same(_mac(secret, before + call.body, 'sha256', 'hex'), said)


def _hmac(call: Call, options: Options, secret: str) -> bool:
    at = call.header(options['ts_header']) if options['ts_header'] else ''
    signed = options['signed'].replace('{ts}', at).replace('{url}', call.urls[0]).encode()
    before, _, after = signed.partition(b'{body}')
    right = options['prefix'] + _mac(
        secret, before + call.body + after, options['algorithm'], options['encoding']
    )  # fmt: skip
    in_time = not options['ts_header'] or _in_time(call, at, int(options['tolerance']))
    return in_time & same(right, call.header(options['header']))


def _header(call: Call, options: Options, secret: str) -> bool:
    said = call.header(options['header'])
    return same(secret, said) | (said[:7].lower() == 'bearer ' and same(secret, said[7:].strip()))


def _basic(call: Call, options: Options, secret: str) -> bool:
    return _password(call, secret, options['user'])


def _query(call: Call, options: Options, secret: str) -> bool:
    return same(secret, dict(call.asked).get(options['parameter'], ''))


SIGNED: Options = {
    'header': 'x-signature', 'algorithm': 'sha256', 'encoding': 'hex', 'prefix': '', 'signed': '{body}',
    'ts_header': '', 'tolerance': TOLERANCE,
}  # fmt: skip
TABLE: dict[AuthKind, Kind] = {
    'standard_webhooks': Kind(
        label='Standard Webhooks', proves=_standard_webhooks,
        brings='Sign the calls by Standard Webhooks: webhook-id, webhook-timestamp and webhook-signature.',
    ),
    'github': Kind(label='GitHub', proves=_github),
    'stripe': Kind(label='Stripe', proves=_stripe),
    'shopify': Kind(label='Shopify', proves=_shopify),
    'woocommerce': Kind(label='WooCommerce', proves=_woocommerce),
    'slack': Kind(label='Slack', proves=_slack),
    'meta': Kind(label='Meta', proves=_github),  # the same header, made the same way
    'twilio': Kind(label='Twilio', proves=_twilio),
    'grafana': Kind(label='Grafana or Alertmanager', proves=_grafana),
    'hmac': Kind(
        label='An HMAC signature', proves=_hmac, options=SIGNED,
        brings='Send the header {header}: {prefix}HMAC of {signed} with the secret, {algorithm}, as {encoding}.',
    ),
    'header': Kind(
        label='A token in a header', proves=_header, options={'header': 'authorization'},
        brings='Send the header {header} with the secret, alone or after “Bearer”.',
    ),
    'basic': Kind(
        label='A name and a password', proves=_basic, options={'user': 'dovecote'},
        brings='Send the name {user} with the secret as its password (HTTP Basic).',
    ),
    'query': Kind(
        label='A token in the address', proves=_query, options={'parameter': 'token'},
        brings='Add ?{parameter}= and the secret to the address.',
    ),
    'key': Kind(label='The address alone', proves=None),
    'none': Kind(label='Nothing', proves=None),
}  # fmt: skip
KINDS: Mapping[AuthKind, Kind] = MappingProxyType(TABLE)


# ---- what they are made of


def _mac(key: str | bytes, content: bytes, algorithm: str, encoding: str) -> str:
    made = hmac.digest(key.encode() if isinstance(key, str) else key, content, algorithm)
    if encoding == 'hex':
        return made.hex()
    return (base64.urlsafe_b64encode(made) if encoding == 'base64url' else base64.b64encode(made)).decode()


def same(right: str, said: str) -> bool:
    """Compared in a time that tells nothing."""
    return hmac.compare_digest(right.encode(), said.encode('utf-8', 'replace'))


def _among(right: str, said: Sequence[str]) -> bool:
    return any([same(right, each) for each in said[:20]])  # noqa: C419


def _in_time(call: Call, at: str, tolerance: int = TOLERANCE) -> bool:
    if not (at.isascii() and at.isdigit() and len(at) <= 13):
        return False
    seconds = int(at) / 1000 if len(at) == 13 else int(at)
    return abs(call.at.timestamp() - seconds) <= tolerance


def _bearer(call: Call, secret: str) -> bool:
    scheme, _, token = call.header('authorization').partition(' ')
    return scheme.lower() == 'bearer' and same(secret, token.strip())


def _password(call: Call, secret: str, user: str | None = None) -> bool:
    """`user` None: whatever name."""
    scheme, _, said = call.header('authorization').partition(' ')
    if scheme.lower() != 'basic':
        return False
    try:
        name, _, password = base64.b64decode(said.strip(), validate=True).decode('utf-8', 'replace').partition(':')
    except binascii.Error:
        return False
    return same(secret, password) & (user is None or same(user, name))
