"""What a caller may say: the parts of a body of `POST /messages`, and how they become something to send."""

from dataclasses import replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from core.contents import OPTIONS, checked_cards, checked_place, checked_poll, kept
from core.errors import Invalid
from core.events import Card, Choice, Place, Poll
from core.outbox import Saying

from .attaching import MediaPart

KINDS = ('text', 'location', 'contact', 'poll', 'reaction', 'vote', 'media', 'template')
FORWARDED = 20  # recipients at once
Recipient = Annotated[str, Field(min_length=1, max_length=80)]
Coordinate = Annotated[float, Field(allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra='forbid')


class LocationPart(_Part):
    latitude: Annotated[Coordinate, Field(examples=[52.52])]
    longitude: Annotated[Coordinate, Field(examples=[13.405])]
    name: Annotated[str, Field(max_length=200, examples=['The bakery'])] = ''
    address: Annotated[str, Field(max_length=500, examples=['Market street 1, Berlin'])] = ''


class CardPart(_Part):
    name: Annotated[str, Field(max_length=200, examples=['Ben Baker'])]
    phones: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=20, examples=[['+15551230002']])]


class PollPart(_Part):
    name: Annotated[str, Field(description='The question.', examples=['Which loaf?'])]
    options: Annotated[list[str], Field(description='2 to 12, each different.', examples=[['Rye', 'Fennel']])]
    multiple: Annotated[bool, Field(description='Whether several may be chosen.')] = False


class ReactionPart(_Part):
    message: Annotated[str, Field(max_length=80, description='The id of a message of this chat.')]
    emoji: Annotated[str, Field(description='Empty takes it back.', examples=['👍'])]


class VotePart(_Part):
    message: Annotated[str, Field(max_length=80, description='The id of a poll of this chat.')]
    options: Annotated[list[str], Field(
        max_length=OPTIONS[1],
        description='All that is chosen now, in the words of the poll; one at most where it is not `multiple`. Empty '
                    'takes the vote back.',
        examples=[['Rye']])]  # fmt: skip


class TemplatePart(_Part):
    key: Annotated[str, Field(max_length=63, examples=['order-shipped'])]
    language: Annotated[str, Field(
        max_length=40, description='Left out: theirs. Where it is not kept: its base (pt for pt-BR), theirs, English.',
    )] = ''  # fmt: skip
    vars: Annotated[dict[Annotated[str, Field(max_length=80)], JsonValue], Field(
        max_length=100, description='What it reads as `vars.order`, or as `order`.', examples=[{'order': 'A-17'}],
    )] = {}  # fmt: skip


class NewMessage(_Part):
    session: Annotated[str, Field(description='The name of the session that sends it.', examples=['shop'])]
    to: Annotated[str, Field(
        description='`+E.164`, digits, an address of WhatsApp (`…@s.whatsapp.net`, `…@lid`, `…@g.us`), '
                    '`status@broadcast` or the id of a contact. Numbers without a plus are read in the country of the '
                    'session.',
        examples=['+15551230001'])]  # fmt: skip
    text: Annotated[str | None, Field(description='What to say; up to 65,536 characters.', examples=['hello'])] = None
    reply_to: Annotated[str, Field(description='The id of the message in this chat that it answers.')] = ''
    mentions: Annotated[list[str], Field(max_length=1024, description='Whom it mentions, written like `to`.')] = []
    location: Annotated[LocationPart | None, Field(description='A place on the map.')] = None
    contact: Annotated[CardPart | list[CardPart] | None, Field(description='One contact card, or several.')] = None
    poll: Annotated[PollPart | None, Field(description='A question with options.')] = None
    reaction: Annotated[ReactionPart | None, Field(description='An emoji on a message of this chat.')] = None
    vote: Annotated[VotePart | None, Field(description='What is chosen in a poll of this chat.')] = None
    media: Annotated[MediaPart | None, Field(description='A file.')] = None
    preview: Annotated[bool | None, Field(
        description='Fetch what the first link of the text leads to and show it with the text. Left out: as the '
                    'session does by itself (`link_previews`).',
    )] = None  # fmt: skip
    template: Annotated[TemplatePart | None, Field(description='One of `/templates`, filled in for them.')] = None
    send_at: Annotated[Any, Field(description='Not supported yet.')] = None


class NewForwarding(_Part):
    to: Annotated[Recipient | list[Recipient], Field(
        description='Whom it is forwarded to, written like `to` of a message; up to 20.',
        min_length=1, max_length=FORWARDED, examples=[['+15551230002']])]  # fmt: skip
    session: Annotated[str, Field(description='The session that forwards it; left out: the one it is of.')] = ''


class NewWords(_Part):
    text: Annotated[str, Field(description='What it says from now on.', examples=['Your order is ready at noon.'])]


def checked(new: NewMessage) -> NewMessage:
    """Raises Invalid when it is nothing, or two things at once."""
    said = _said(new)
    if len(said) > 1:
        raise Invalid(f'A message is one thing: {" or ".join(said)}, not both.', field=said[1])
    if new.send_at is not None:
        sentence = 'Sending at a later time comes with a later version of Dovecote.'
        raise Invalid(sentence, field='send_at', code='kind_not_supported_yet')
    if new.preview and new.text is None and new.template is None:
        raise Invalid('Only a text has a preview.', field='preview')
    if not said:
        raise _nothing()
    return new


def _said(new: NewMessage) -> list[str]:
    return [kind for kind in KINDS if getattr(new, kind) is not None]


def saying_of(new: NewMessage, file: Saying | None = None) -> Saying:
    """`file`: what its file or its template makes of it. Raises Invalid for what the apps could not show."""
    said = _said(new)
    to = Saying(session=new.session, to=new.to, reply_to=new.reply_to, mentions=tuple(new.mentions))
    match said:
        case ['text']:
            return replace(to, text=new.text or '')
        case ['location'] if new.location is not None:
            place = checked_place(Place(**new.location.model_dump()))
            return replace(to, kind='location', text=place.name, content=kept(place))
        case ['contact'] if new.contact is not None:
            cards = _cards(new.contact)
            return replace(to, kind='contact', text=cards[0].name, content=kept(cards))
        case ['poll'] if new.poll is not None:
            poll = checked_poll(Poll(**{**new.poll.model_dump(), 'options': tuple(new.poll.options)}))
            return replace(to, kind='poll', text=poll.name, content=kept(poll))
        case ['media' | 'template'] if file is not None:
            return replace(to, kind=file.kind, text=file.text, content=file.content, media_id=file.media_id)
    return _about(new, to)


def _about(new: NewMessage, to: Saying) -> Saying:
    """What is about another message."""
    if new.reaction is not None:
        return replace(to, kind='reaction', text=new.reaction.emoji.strip(), target=new.reaction.message)
    if new.vote is not None:
        choice = Choice(options=tuple(new.vote.options))
        return replace(to, kind='poll_vote', target=new.vote.message, content=kept(choice))
    raise _nothing()


def _nothing() -> Invalid:
    return Invalid('There is nothing to say: “text” is missing.', field='text')


def _cards(new: CardPart | list[CardPart]) -> tuple[Card, ...]:
    several = new if isinstance(new, list) else [new]
    return checked_cards(tuple(Card(name=each.name.strip(), phones=tuple(each.phones)) for each in several))
