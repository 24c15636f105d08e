"""What a sandbox holds when it is started for the first time: a few people, a linked session, live flows."""

import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.errors import Conflict, DovecoteError
from data.database import read
from data.flows import flows_in_order
from data.sessions import all_sessions
from flows.blueprint import blueprint

if TYPE_CHECKING:
    from core.sandbox.process import Sandbox

    from .compose import Gateway

log = logging.getLogger(__name__)

SHOP = '15550000001'
PEOPLE = {SHOP: 'Fennel & Rye', '15551230001': 'Anna', '15551230002': 'Ben'}
GROUP = 'Regulars'
LINKING_LASTS = 30.0

# The blueprint, the key, and what is put in.
FLOWS: tuple[tuple[str, str, Mapping[str, object]], ...] = (
    (
        'answer', 'welcome',
        {
            'words': ['hi', 'hello', 'hey', 'hours', 'open', 'order', 'ping'],
            'text': 'Hi {{ contact.name }}! We bake from 7 to 18, every day but Monday. A person answers you soon.',
        },
    ),
    (
        'menu', 'menu',
        {
            'words': ['menu'],
            'text': 'Fennel & Rye: what would you like to know? Answer with a number.',
            'first_answer': 'We bake from 7 to 18, every day but Monday.',
            'second_answer': 'At the old mill, Market Street 4.',
            'third_answer': 'A loaf of rye is 4.50, a fennel roll is 1.20.',
        },
    ),
    ('feedback', 'feedback', {'words': ['feedback'], 'question': 'How was your bread, from 1 (hard) to 5 (heavenly)?'}),
)  # fmt: skip


def sample_flow(key: str) -> dict[str, Any]:
    """The document of one of them."""
    made = next((kind, inputs) for kind, known, inputs in FLOWS if known == key)
    return blueprint(made[0]).flow(made[1], key=key, name=key.capitalize())


def new_phone(sandbox: 'Sandbox', session: str) -> str:
    """Add a simulated phone to link this session to; returns its number."""
    taken = {each.phone for each in sandbox.phones()}
    number = next(each for each in map(str, range(int(SHOP), int(SHOP) + 9_999)) if each not in taken)
    return sandbox.add_phone(number, session.replace('-', ' ').capitalize()).phone


def furnish(gateway: 'Gateway') -> None:
    """Only what is missing on a first start; a sandbox somebody has changed is left alone."""
    sandbox = gateway.sandbox
    if sandbox is None:
        return
    try:
        with read():
            fresh, flows = not all_sessions(), flows_in_order()
        if not flows:
            for _, key, _ in FLOWS:
                gateway.library.save(sample_flow(key))
        if fresh:
            _people(sandbox)
            _link(gateway, sandbox, 'shop', SHOP)
    except DovecoteError as error:  # the product works without its sample
        log.warning('the sandbox is not fully furnished: %s', error)


def _people(sandbox: 'Sandbox') -> None:
    for phone, name in PEOPLE.items():
        sandbox.add_phone(phone, name)
    if not sandbox.groups():
        sandbox.add_group(GROUP, '15551230001', ('15551230002', SHOP))


def _link(gateway: 'Gateway', sandbox: 'Sandbox', name: str, phone: str) -> None:
    gateway.sessions.create(name)
    gateway.sessions.start(name)
    deadline = gateway.world.ticks() + LINKING_LASTS
    while gateway.world.ticks() < deadline:
        try:
            sandbox.scan(phone, gateway.sessions.qr(name).code)
            return
        except Conflict:  # no code yet
            time.sleep(0.05)
    log.warning('the sample session was not linked within %d s', LINKING_LASTS)
