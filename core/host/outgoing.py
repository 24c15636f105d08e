"""What we want to say, as the library takes it: addresses and message bodies in protobuf."""

import re
from typing import Any

from core.errors import Invalid
from core.events import Outgoing, Quote
from core.host.library import e2e, pb

# A group made before 2021 has its founder's number and a dash in its address.
ADDRESS = re.compile(r'([0-9]{1,24}(?:-[0-9]{1,16})?)@(s\.whatsapp\.net|lid|g\.us)', re.ASCII)


def jid_of(address: str) -> bytes:
    """The serialized JID. Invalid: the address is none of ours; nothing but digits ever reaches the library."""
    found = ADDRESS.fullmatch(address)
    if found is None:
        raise Invalid(f'“{address}” is not a WhatsApp address.', field='to', code='address_invalid')
    jid = pb.JID(User=found.group(1), Server=found.group(2), RawAgent=0, Device=0, Integrator=0, IsEmpty=False)
    data: bytes = jid.SerializeToString()
    return data


def body_of(message: Outgoing) -> bytes:
    """A plain text goes as `conversation`; one with a quote or mentions needs the extended form."""
    body = e2e.Message()
    if message.quote is None and not message.mentions:
        body.conversation = message.text
    else:
        body.extendedTextMessage.text = message.text
        context = body.extendedTextMessage.contextInfo
        context.mentionedJID.extend(message.mentions)
        if message.quote is not None:
            _quote(context, message.quote)
    data: bytes = body.SerializeToString()
    return data


def _quote(context: Any, quote: Quote) -> None:
    context.stanzaID = quote.whatsapp_id
    context.participant = quote.sender
    context.quotedMessage.conversation = quote.text
