"""The examples of docs/ fit the product they are examples of."""

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from core.hooks.reading import ANYBODY
from core.webhooks.sign import new_secret, signed
from tests.needs import lacks

from .commands import ROOT

TEXT = (ROOT / 'docs' / 'examples' / 'node-red.json').read_text('utf-8')
FLOW: list[dict[str, Any]] = json.loads(TEXT)
NODES = {each['name']: each for each in FLOW if 'z' in each}
BODY = '{"type":"message.received","data":{"text":"Törtchen? 🎂"}}'.encode()
# What Node-RED gives a function node, around the code of ours; it prints a line for each call.
AROUND = """
const [code, secret, calls] = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const run = new Function('msg', 'env', 'node', 'crypto', code);
for (const { headers, body } of calls) {
    const msg = { req: { headers }, payload: Buffer.from(body, 'base64') };
    let out;
    try {
        out = run(msg, { get: name => ({ DOVECOTE_WEBHOOK_SECRET: secret })[name] }, { warn() {} }, require('crypto'));
    } catch (error) {
        out = String(error);
    }
    console.log(JSON.stringify(out));
}
"""


def test_the_flow_of_node_red_is_whole_and_holds_no_secret() -> None:
    ids = [each['id'] for each in FLOW]
    assert len(ids) == len(set(ids))
    assert {to for node in NODES.values() for output in node['wires'] for to in output} <= set(ids)
    (tab,) = (each for each in FLOW if each['type'] == 'tab')
    told = {each['name']: each['value'] for each in tab['env']}
    assert told == {
        'DOVECOTE_WEBHOOK_SECRET': '', 'DOVECOTE_HOOK_URL': 'https://chat.example.org/hooks/KEY',
        'DOVECOTE_HOOK_TOKEN': '',
    }  # fmt: skip
    assert set(re.findall(r'DOVECOTE_\w+', TEXT)) == set(told)


def test_the_flow_of_node_red_names_what_we_send_and_take() -> None:
    sent = signed(BODY, id='msg_1', at=datetime.now(UTC), secrets=[new_secret()])
    assert set(re.findall(r'webhook-\w+(?=\')', NODES['Verify the signature']['func'])) == set(sent)
    headers = NODES['For the hook']['rules'][0]['to']
    assert ANYBODY[0] in headers
    assert 'authorization' in headers
    assert NODES['Dovecote tells']['skipBodyParsing'] is True  # a body that was parsed cannot be verified
    guide = (ROOT / 'docs' / 'node-red.md').read_text('utf-8')
    assert f'`{NODES["Dovecote tells"]["url"]}`' in guide
    assert all(f'**{name}**' in guide for name in NODES)


def test_the_flow_of_node_red_believes_us_and_nobody_else() -> None:
    now, secret, other = datetime.now(UTC), new_secret(), new_secret()

    def call(body: bytes = BODY, late: float = 0, secrets: tuple[str, ...] = (secret,)) -> Mapping[str, str]:
        return signed(body, id='msg_1', at=now - timedelta(seconds=late), secrets=secrets)

    believed = [call(), call(secrets=(other, secret)), call(late=280)]
    refused = [
        {}, call(body=b'{}'), call(secrets=(other,)), call(late=330), call(late=-330),
        {**call(), 'webhook-id': 'msg_2'}, {**call(), 'webhook-timestamp': 'soon'},
        {**call(), 'webhook-signature': 'v1,'}, {**call(), 'webhook-signature': call()['webhook-signature'][:-4]},
        {**call(), 'webhook-signature': call()['webhook-signature'].replace('v1', 'v2')},
    ]  # fmt: skip
    answers = verified(secret, [*believed, *refused])
    for real, nobody in answers[: len(believed)]:
        assert nobody is None
        assert (real['delivery'], real['payload']) == ('msg_1', json.loads(BODY))
    for real, nobody in answers[len(believed) :]:
        assert real is None
        assert nobody['payload'] == ''
    empty = signed(BODY, id='msg_1', at=now, secrets=[''])  # anybody can sign with nothing
    assert verified('', [empty]) == ['Error: DOVECOTE_WEBHOOK_SECRET of this flow is empty.']


def verified(secret: str, calls: list[Mapping[str, str]]) -> list[Any]:
    """What the function node makes of each call: its two outputs, or the error it throws."""
    node = shutil.which('node')
    if node is None:
        lacks('there is no node to run the example with')
    body = base64.b64encode(BODY).decode()
    given = [NODES['Verify the signature']['func'], secret, [{'headers': each, 'body': body} for each in calls]]
    done = subprocess.run([node, '-e', AROUND], input=json.dumps(given), capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]
