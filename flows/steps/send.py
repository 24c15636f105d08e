"""Send a message of any kind."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from core.contents import checked_cards, checked_place, checked_poll, kept
from core.errors import Invalid
from core.events import Card, FileKind, Place, Poll
from core.outbox import Saying

from ..effects import Say
from ..parts import Part, Template, chip
from .base import Next, Outcome, StepKind

if TYPE_CHECKING:
    from ..turn import Turn

KINDS = ('text', 'media', 'poll', 'location', 'contact', 'template')


class MediaPart(Part):
    """A file we have, by its id, or one at an address."""

    id: str = Field(default='', max_length=40, title='File', description='The id of a file.')
    url: Template = Field(default='', title='Address')
    caption: Template = Field(default='', title='Caption')
    filename: Template = Field(default='', title='Name of the file')
    as_: FileKind | None = Field(default=None, alias='as', title='Show it as')

    @model_validator(mode='after')
    def _one(self) -> 'MediaPart':
        if bool(self.id) == bool(self.url):
            raise ValueError('a file is named by its id or its address')
        return self


class PollPart(Part):
    name: Template = Field(min_length=1, title='Question')
    options: tuple[Template, ...] = Field(
        min_length=2, max_length=12, title='Choices', json_schema_extra={'form': 'words'}
    )
    multiple: bool = Field(default=False, title='Several may be chosen')


class LocationPart(Part):
    latitude: float | Template = Field(title='Latitude')
    longitude: float | Template = Field(title='Longitude')
    name: Template = Field(default='', title='Name')
    address: Template = Field(default='', title='Address')


class CardPart(Part):
    name: Template = Field(min_length=1, title='Name')
    phones: tuple[Template, ...] = Field(
        min_length=1, max_length=20, title='Numbers', json_schema_extra={'form': 'words'}
    )


class SendStep(StepKind):
    """One of text, media, poll, location, contact and template. `{{ contact.name }}` and friends are filled in.

    Into the chat of the run; with `to` (and `session`, where the run has none) to somebody else. `reply`: quote what
    is answered.
    """

    LABEL: ClassVar[str] = 'Send a message'
    ABOUT: ClassVar[str] = 'A text, a file, a poll, a place or a template.'

    do: Literal['send'] = 'send'
    text: Template | None = Field(default=None, title='Text')
    media: MediaPart | None = Field(default=None, title='File')
    poll: PollPart | None = Field(default=None, title='Poll')
    location: LocationPart | None = Field(default=None, title='Place')
    contact: CardPart | None = Field(default=None, title='Contact card')
    template: str | None = Field(default=None, max_length=63, title='Template', json_schema_extra={'form': 'line'})
    language: str = Field(default='', max_length=20, title='Language', description='Of the template; empty: theirs.')
    vars: dict[str, Any] = Field(
        default_factory=dict, max_length=50, title='Values for the template', json_schema_extra={'form': 'rows'}
    )
    reply: bool = Field(default=False, title='Quote the message it answers')
    to: Template = Field(default='', title='To', description='Empty: whoever the flow is about.')
    session: str = Field(default='', max_length=48, title='From', json_schema_extra={'form': 'session'})

    @model_validator(mode='after')
    def _one_thing(self) -> 'SendStep':
        said = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(said) != 1:
            raise ValueError(f'a message is one of {", ".join(KINDS)}')
        if self.text is not None and not self.text.strip():
            raise ValueError('the text is empty')
        return self

    def says(self) -> str:
        to = f' to {chip(self.to)}' if self.to else ''
        quote = ' and quote what they wrote' if self.reply else ''
        return f'{"send" if self.to else "answer"} {self._what()}{to}{quote}'

    def _what(self) -> str:
        if self.text is not None:
            return chip(self.text)
        if self.media is not None:
            return f'with the file {chip(self.media.filename or self.media.url or self.media.id)}'
        if self.poll is not None:
            return f'with the poll {chip(self.poll.name)}'
        if self.template is not None:
            return f'with the template {chip(self.template)}'
        return 'with a place' if self.location is not None else 'with a contact card'

    def is_slow(self) -> bool:
        return self.media is not None

    def run(self, turn: 'Turn') -> Outcome:
        said = self._saying(turn)
        to = turn.fill(self.to).strip()
        turn.do(
            Say(
                saying=Saying(
                    kind=said.kind, text=said.text, content=said.content, media_id=said.media_id, to=to,
                    session=(self.session or str(turn.at('session.name') or '')) if to else '',
                    reply_to=turn.message_id if self.reply and not to else '',
                )
            )
        )  # fmt: skip
        turn.tell('Sent an answer' if said.kind == 'text' else f'Sent a {said.kind}', chars=len(said.text))
        return Next()

    def _saying(self, turn: 'Turn') -> Saying:
        if self.media is not None:
            media = self.media
            return turn.doors.file(
                id=media.id, url=turn.fill(media.url).strip(), kind=media.as_, caption=turn.fill(media.caption),
                filename=turn.fill(media.filename).strip(),
            )  # fmt: skip
        if self.poll is not None:
            options = tuple(turn.fill(option).strip() for option in self.poll.options)
            poll = checked_poll(Poll(name=turn.fill(self.poll.name), options=options, multiple=self.poll.multiple))
            return Saying(kind='poll', text=poll.name, content=kept(poll))
        if self.location is not None:
            return _place(turn, self.location)
        if self.contact is not None:
            phones = tuple(turn.fill(phone).strip() for phone in self.contact.phones)
            cards = checked_cards((Card(name=turn.fill(self.contact.name).strip(), phones=phones),))
            return Saying(kind='contact', text=cards[0].name, content=kept(cards))
        if self.template is not None:
            values = {**turn.values, 'vars': turn.filled(self.vars)}
            return turn.doors.template(self.template, self.language, values)
        return Saying(text=turn.fill(self.text or ''))


def _place(turn: 'Turn', part: LocationPart) -> Saying:
    try:
        latitude, longitude = (
            float(turn.fill(each) if isinstance(each, str) else each) for each in (part.latitude, part.longitude)
        )
    except ValueError:
        raise Invalid('A place is written in degrees, like 52.52 and 13.405.') from None
    place = Place(latitude=latitude, longitude=longitude, name=turn.fill(part.name), address=turn.fill(part.address))
    checked = checked_place(place)
    return Saying(kind='location', text=checked.name, content=kept(checked))
