"""Which events a webhook can ask for."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ..errors import Invalid

MOST = 50
PATTERN = re.compile(r'\*|[a-z_]+(?:\.[a-z_]+)*(?:\.\*)?')

# kind -> when it happens. Kinds of one group stand together, as people choose them.
KINDS: Mapping[str, str] = MappingProxyType(
    {
        'message.received': 'Somebody wrote',
        'message.sent': 'A message left for WhatsApp',
        'message.delivered': 'It reached the phone',
        'message.read': 'It was read',
        'message.played': 'A voice message was heard',
        'message.failed': 'It could not be sent',
        'message.uncertain': 'Nobody knows whether it was sent',
        'message.cancelled': 'It was taken back before it left',
        'message.edited': 'A message was changed',
        'message.revoked': 'A message was deleted for everybody',
        'message.reaction': 'Somebody reacted to a message',
        'message.media': 'The file of a message is here, or will not come',
        'poll.vote': 'Somebody voted',
        'call.received': 'Somebody called',
        'session.state': 'A session connected, broke off or wants a phone',
        'session.limited': 'WhatsApp limits a session, or no longer does',
        'contact.created': 'Somebody new',
        'contact.updated': 'A name, or whether they are blocked, changed',
        'contact.resolved': 'A phone number and a LID turned out to be one person',
        'group.updated': 'A group or its members changed',
        'flow.run.finished': 'A flow answered',
        'flow.run.failed': 'A flow failed',
        'flow.event': 'A flow says something of its own',
        'handoff.requested': 'A chat wants a person',
        'chat.paused': 'A chat looks like two machines talking, and is left alone for an hour',
        'chat.resumed': 'Somebody let a paused chat be answered again',
        'campaign.state': 'A campaign began, paused or ended',
        'webhook.failing': 'A webhook has failed for a day',
        'webhook.disabled': 'A webhook was switched off because it only failed',
        'node.joined': 'A node joined',
        'node.lost': 'A node was lost',
    }
)
TEST = 'webhook.test'


def checked_events(events: Sequence[str]) -> list[str]:
    """Kinds of above, `message.*` or `*`, each once. Raises Invalid."""
    if not events:
        raise Invalid('A webhook needs at least one kind of event, like “message.received”, or “*”.', field='events')
    if len(events) > MOST:
        raise Invalid(f'{MOST} kinds of event are enough; “*” means all.', field='events')
    for number, each in enumerate(events):
        if not PATTERN.fullmatch(each) or not any(hears([each], kind) for kind in KINDS):
            raise Invalid(f'There is no event “{each[:40]}”.', field=f'events.{number}')
    return list(dict.fromkeys(events))


def hears(events: Sequence[str], kind: str) -> bool:
    return any(each in (kind, '*') or (each.endswith('.*') and kind.startswith(each[:-1])) for each in events)
