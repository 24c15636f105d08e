"""What a person writes and does with a simulated phone, for scripts."""

import base64
import binascii
from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.bodies import Body, time_text
from core.errors import Invalid, NotFound
from core.sandbox.control import Item
from core.sandbox.process import Sandbox

from .aside import aside
from .asking import body_of, body_or_default, says
from .lists import Page, json_answer, list_answer
from .saying import CardPart, LocationPart, PollPart
from .shapes import StatusOut
from .shapes.sandbox import ReadCountOut, SaidOut, SeenOut

KINDS = ('text', 'media', 'location', 'contact', 'poll')
ID = Field(description='The id of a message of its conversations.', examples=['3EB0A9253FA64269E11C9D'])
SAFE_TO_SHOW = ('image/', 'audio/', 'video/', 'application/pdf')


class _New(BaseModel):
    model_config = ConfigDict(extra='forbid')


class NewAttachment(_New):
    data: Annotated[str, Field(description='The bytes in base64.')]
    mime: Annotated[str, Field(max_length=100, examples=['image/png'])]
    caption: Annotated[str, Field(max_length=4096)] = ''
    filename: Annotated[str, Field(max_length=200)] = ''
    voice: bool = False
    view_once: Annotated[bool, Field(description='To be looked at one time.')] = False


class NewSaying(_New):
    """One of `text`, `media`, `location`, `contact` and `poll`."""

    to: Annotated[str, Field(description='Digits, or the address of a group.', examples=['15550000001'])]
    text: Annotated[str | None, Field(max_length=65_536, examples=['hi'])] = None
    media: NewAttachment | None = None
    location: LocationPart | None = None
    contact: CardPart | None = None
    poll: PollPart | None = None
    mentions: Annotated[list[str], Field(max_length=256, description='Digits of those whom a text mentions.')] = []
    quote: Annotated[str, Field(description='The id of the message that it answers.')] = ''
    id: Annotated[str, Field(max_length=64, description='A message id; the same twice repeats the message.')] = ''


class NewReading(_New):
    ids: Annotated[list[str] | None, Field(description='Left out: everything unread.')] = None


class NewReaction(_New):
    message: Annotated[str, ID]
    emoji: Annotated[str, Field(max_length=40, description='Empty takes it back.', examples=['👍'])]


class NewVote(_New):
    message: Annotated[str, ID]
    options: Annotated[list[str], Field(max_length=12, description='Empty takes it back.', examples=[['Rye']])]


class NewEdit(_New):
    message: Annotated[str, ID]
    text: Annotated[str, Field(min_length=1, max_length=65_536, examples=['hi there'])]


class NewTarget(_New):
    message: Annotated[str, ID]


class NewForward(_New):
    message: Annotated[str, ID]
    to: Annotated[str, Field(description='Digits, or the address of a group.', examples=['15550000001'])]


class NewStatus(_New):
    text: Annotated[str, Field(max_length=700, examples=['Gone fishing'])] = ''
    media: NewAttachment | None = None


class NewCall(_New):
    to: Annotated[str, Field(description='Digits.', examples=['15550000001'])]
    video: bool = False


class NewBlock(_New):
    phone: Annotated[str, Field(description='Digits of the other one.', examples=['15550000001'])]
    blocked: bool = True


class NewPresence(_New):
    state: Annotated[
        Literal['available', 'unavailable', 'composing', 'paused', 'recording'],
        Field(description='The last three are about a chat.', examples=['available']),
    ]
    to: Annotated[str, Field(description='The chat: digits, or the address of a group.')] = ''


class NewContact(_New):
    phone: Annotated[str, Field(description='Digits.', examples=['15550000001'])]
    name: Annotated[str, Field(min_length=1, max_length=100, examples=['The bakery'])]


class NewMemory(_New):
    chat: Annotated[str, Field(description='Digits, or the address of a group.', examples=['15550000001'])]
    text: Annotated[str, Field(max_length=65_536, examples=['See you next year'])]
    at: Annotated[AwareDatetime, Field(examples=['2026-01-01T12:00:00Z'])]
    mine: Annotated[bool, Field(description='Whether its owner wrote it.')] = False


class NewHistory(_New):
    chats: Annotated[int, Field(ge=0, le=1000, examples=[20])]
    messages: Annotated[int, Field(ge=0, le=5000, description='Of each chat.', examples=[100])]


class NewPicture(_New):
    data: Annotated[str, Field(description='A JPEG in base64; empty removes the picture.', examples=[''])]


class PhonePlaceOut(BaseModel):
    latitude: float = Field(examples=[52.52])
    longitude: float = Field(examples=[13.405])
    name: str
    address: str


class OptionOut(BaseModel):
    option: str = Field(examples=['Rye'])
    votes: int = Field(examples=[1])
    chosen: bool = Field(description='By the owner of this phone.')


class HeartOut(BaseModel):
    from_: str = Field(alias='from', description='Digits.', examples=['15550000001'])
    emoji: str = Field(examples=['👍'])


class ItemOut(SeenOut):
    """A message as a phone shows it; what does not apply is left out."""

    mine: bool = Field(default=False, description='Whether its owner wrote it, here or on a linked device.')
    tick: str = Field(default='', description='Of an own one: sent, delivered, read, played or failed.')
    seen: bool = Field(default=False, description='Whether its owner has read it.')
    seconds: int | None = Field(default=None, description='Of sound and video.')
    location: PhonePlaceOut | None = None
    phones: list[str] | None = Field(default=None, description='The numbers on a contact card.')
    options: list[OptionOut] | None = Field(default=None, description='Of a poll.')
    voted: list[str] | None = Field(default=None, description='Of a vote: what was chosen.')
    reactions: list[HeartOut] | None = None
    forwarded: bool = False
    view_once: bool = False
    edited: bool = False
    revoked: bool = False
    video: bool = Field(default=False, description='Whether a call shows pictures.')


class BlockedOut(BaseModel):
    items: list[str] = Field(description='Digits.', examples=[['15550000001']])


class EndedOut(BaseModel):
    ended: int = Field(description='How many calls.', examples=[1])


class PictureOut(BaseModel):
    picture: str = Field(description='Its id; empty without one.', examples=['1659261234'])


def talking(api: APIRouter, sandbox: Sandbox) -> None:
    _writing(api, sandbox)
    _answering(api, sandbox)
    _being(api, sandbox)
    _reading(api, sandbox)


def _writing(api: APIRouter, sandbox: Sandbox) -> None:
    @api.post('/phones/{phone}/say', **says('Write a message', 'sandbox.use', status=201, gives=SaidOut,
              takes=NewSaying, example={'to': '15550000001', 'text': 'hi'}, problems=(404, 409)))  # fmt: skip
    async def say(request: Request, phone: str) -> Response:
        """Answers WhatsApp’s id of the message."""
        new = await body_of(request, NewSaying)
        said = [kind for kind in KINDS if getattr(new, kind) is not None]
        if len(said) != 1:
            raise Invalid(f'A phone says one thing: {", ".join(KINDS[:-1])} or {KINDS[-1]}.', field='text')
        return await _sent(lambda: _said(sandbox, phone, new))

    @api.post('/phones/{phone}/status', **says('Show a status', 'sandbox.use', status=201, gives=SaidOut,
              takes=NewStatus, example={'text': 'Gone fishing'}, problems=(404, 409)))  # fmt: skip
    async def status(request: Request, phone: str) -> Response:
        """To the people in its address book and its chats, for a day."""
        new = await body_of(request, NewStatus)
        if not new.text and new.media is None:
            raise Invalid('A status is a text, or media.', field='text')
        text, mime = new.text, new.media.mime if new.media else ''
        if new.media:
            text = text or new.media.caption
        data = bytes_of(new.media.data, 'media.data') if new.media else b''
        return await _sent(lambda: sandbox.status(phone, text, data=data, mime=mime))

    @api.post('/phones/{phone}/forward', **says('Forward a message from a phone', 'sandbox.use', status=201,
              gives=SaidOut, takes=NewForward, example={'message': '3EB0…', 'to': '15550000001'},
              problems=(404, 409)))  # fmt: skip
    async def forward(request: Request, phone: str) -> Response:
        new = await body_of(request, NewForward)
        return await _sent(lambda: sandbox.forward(phone, new.message, new.to))

    @api.post('/phones/{phone}/remember', **says('Remember an old message', 'sandbox.use', status=201, gives=SaidOut,
              takes=NewMemory, problems=(404,),
              example={'chat': '15550000001', 'text': 'See you', 'at': '2026-01-01T12:00:00Z'}))  # fmt: skip
    async def remember(request: Request, phone: str) -> Response:
        """Puts it into this phone’s past, for the history that a newly linked device gets."""
        new = await body_of(request, NewMemory)
        return await _sent(lambda: sandbox.remember(phone, new.chat, new.text, at=new.at, mine=new.mine))


def _answering(api: APIRouter, sandbox: Sandbox) -> None:
    @api.post('/phones/{phone}/react', **says('React to a message', 'sandbox.use', status=201, gives=SaidOut,
              takes=NewReaction, example={'message': '3EB0…', 'emoji': '👍'}, problems=(404, 409)))  # fmt: skip
    async def react(request: Request, phone: str) -> Response:
        new = await body_of(request, NewReaction)
        return await _sent(lambda: sandbox.react(phone, new.message, new.emoji))

    @api.post('/phones/{phone}/vote', **says('Vote in a poll', 'sandbox.use', status=201, gives=SaidOut,
              takes=NewVote, example={'message': '3EB0…', 'options': ['Rye']}, problems=(404, 409)))  # fmt: skip
    async def vote(request: Request, phone: str) -> Response:
        """Chooses these options and none else."""
        new = await body_of(request, NewVote)
        return await _sent(lambda: sandbox.vote(phone, new.message, tuple(new.options)))

    @api.post('/phones/{phone}/edit', **says('Edit a text', 'sandbox.use', status=201, gives=SaidOut,
              takes=NewEdit, example={'message': '3EB0…', 'text': 'hi there'}, problems=(404, 409)))  # fmt: skip
    async def edit(request: Request, phone: str) -> Response:
        """An own one, for 15 minutes."""
        new = await body_of(request, NewEdit)
        return await _sent(lambda: sandbox.edit(phone, new.message, new.text))

    @api.post('/phones/{phone}/revoke', **says('Delete a message for everyone', 'sandbox.use', status=201,
              gives=SaidOut, takes=NewTarget, example={'message': '3EB0…'}, problems=(404, 409)))  # fmt: skip
    async def revoke(request: Request, phone: str) -> Response:
        """An own one, or as an admin of the group anybody’s."""
        new = await body_of(request, NewTarget)
        return await _sent(lambda: sandbox.revoke(phone, new.message))

    @api.post('/phones/{phone}/read', **says('Read what came', 'sandbox.use', gives=ReadCountOut, takes=NewReading,
              optional=True, example={}, problems=(404, 409)))  # fmt: skip
    async def read(request: Request, phone: str) -> Response:
        """Sends read receipts."""
        new = await body_or_default(request, NewReading)
        ids = None if new.ids is None else tuple(new.ids)
        return json_answer({'read': await aside(lambda: sandbox.read(phone, ids))})


def _being(api: APIRouter, sandbox: Sandbox) -> None:
    @api.post('/phones/{phone}/call', **says('Call somebody', 'sandbox.use', status=201, gives=SaidOut,
              takes=NewCall, example={'to': '15550000001'}, problems=(404, 409)))  # fmt: skip
    async def call(request: Request, phone: str) -> Response:
        """It rings at the devices that are connected, until it is rejected or `hang-up`."""
        new = await body_of(request, NewCall)
        return await _sent(lambda: sandbox.call(phone, new.to, video=new.video))

    @api.post('/phones/{phone}/hang-up', **says('End its call', 'sandbox.use', gives=EndedOut, problems=(404,)))
    async def hang_up(request: Request, phone: str) -> Response:
        return json_answer({'ended': await aside(lambda: sandbox.hang_up(phone))})

    @api.post('/phones/{phone}/presence', **says('Open or close the app, or type', 'sandbox.use', gives=StatusOut,
              takes=NewPresence, example={'state': 'available'}, problems=(404, 409)))  # fmt: skip
    async def presence(request: Request, phone: str) -> Response:
        new = await body_of(request, NewPresence)
        await aside(lambda: _present(sandbox, phone, new))
        return json_answer({'status': new.state})

    @api.get('/phones/{phone}/block', **says('Whom it blocks', 'sandbox.use', gives=BlockedOut, problems=(404,)))
    async def blocked(request: Request, phone: str) -> Response:
        return json_answer({'items': list(await aside(lambda: sandbox.blocked(phone)))})

    @api.post('/phones/{phone}/block', **says('Block somebody, or let them in again', 'sandbox.use', gives=BlockedOut,
              takes=NewBlock, example={'phone': '15550000001', 'blocked': True}, problems=(404,)))  # fmt: skip
    async def block(request: Request, phone: str) -> Response:
        new = await body_of(request, NewBlock)

        def work() -> tuple[str, ...]:
            sandbox.block(phone, new.phone, new.blocked)
            return sandbox.blocked(phone)

        return json_answer({'items': list(await aside(work))})

    @api.post('/phones/{phone}/contacts', **says('Write into its address book', 'sandbox.use', gives=StatusOut,
              takes=NewContact, example={'phone': '15550000001', 'name': 'The bakery'}, problems=(404,)))  # fmt: skip
    async def contacts(request: Request, phone: str) -> Response:
        new = await body_of(request, NewContact)
        await aside(lambda: sandbox.save_contact(phone, new.phone, new.name))
        return json_answer({'status': 'saved'})

    @api.post('/phones/{phone}/picture', **says('Set its profile picture', 'sandbox.use', gives=PictureOut,
              takes=NewPicture, example={'data': ''}, problems=(404, 409)))  # fmt: skip
    async def picture(request: Request, phone: str) -> Response:
        new = await body_of(request, NewPicture)
        data = bytes_of(new.data, 'data')
        return json_answer({'picture': await aside(lambda: sandbox.picture(phone, data))})

    @api.post('/phones/{phone}/history', **says('How much it tells a new device', 'sandbox.use', gives=StatusOut,
              takes=NewHistory, example={'chats': 20, 'messages': 100}, problems=(404,)))  # fmt: skip
    async def history(request: Request, phone: str) -> Response:
        """Of its past, from the next link on; nothing until it is told to."""
        new = await body_of(request, NewHistory)
        await aside(lambda: sandbox.history(phone, new.chats, new.messages))
        return json_answer({'status': 'set'})


def _reading(api: APIRouter, sandbox: Sandbox) -> None:
    @api.get('/phones/{phone}/inbox', **says('What a phone received', 'sandbox.use', gives=Page[ItemOut],
                                             problems=(404,)))  # fmt: skip
    async def inbox(request: Request, phone: str) -> Response:
        """What it decrypted, oldest first; at most the last 5000."""
        return list_answer([item_body(each) for each in await aside(lambda: sandbox.inbox(phone))])

    @api.get('/phones/{phone}/conversation', **says('What a phone shows', 'sandbox.use', gives=Page[ItemOut],
                                                    problems=(404,)))  # fmt: skip
    async def conversation(
        request: Request,
        phone: str,
        chat: Annotated[str, Query(max_length=100, description='Only this one: digits or an address.')] = '',
        latest: Annotated[int, Query(ge=0, le=5000, description='Only so many; 0: all.')] = 0,
    ) -> Response:
        """Both directions, oldest first."""
        items = await aside(lambda: sandbox.conversation(phone, chat, latest))
        return list_answer([item_body(each) for each in items])

    @api.get('/phones/{phone}/media/{id}', **says('A file that it has', 'sandbox.use', problems=(404,),
             media={'application/octet-stream': {'schema': {'type': 'string', 'format': 'binary'}}}))  # fmt: skip
    async def media(request: Request, phone: str, id: str) -> Response:
        """The picture, sound, video or document of a message, decrypted."""
        item, data = await aside(lambda: _file(sandbox, phone, id))
        return file_answer(item, data)


async def _sent(work: Callable[[], str]) -> Response:
    return json_answer({'id': await aside(work)}, 201)


def _said(sandbox: Sandbox, phone: str, new: NewSaying) -> str:
    to, quote = new.to, new.quote
    if new.media:
        what, data = new.media.model_dump(exclude={'data'}), bytes_of(new.media.data, 'media.data')
        return sandbox.attach(phone, to, data, quote=quote, **what)
    if new.location:
        return sandbox.locate(phone, to, quote=quote, **new.location.model_dump())
    if new.contact:
        return sandbox.card(phone, to, new.contact.name, tuple(new.contact.phones), quote=quote)
    if new.poll:
        poll = new.poll
        return sandbox.poll(phone, to, poll.name, tuple(poll.options), multiple=poll.multiple, quote=quote)
    return sandbox.say(phone, to, new.text or '', quote=quote, mentions=tuple(new.mentions), id=new.id)


def _present(sandbox: Sandbox, phone: str, new: NewPresence) -> None:
    match new.state:
        case 'available' | 'unavailable':
            sandbox.presence(phone, new.state)
        case _:
            sandbox.typing(phone, new.to, new.state)


def bytes_of(text: str, field: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise Invalid('This is not base64.', field=field) from None


def _file(sandbox: Sandbox, phone: str, message: str) -> tuple[Item, bytes]:
    item = next((each for each in sandbox.conversation(phone) if each.id == message and each.mime), None)
    if item is None:
        raise NotFound('This phone has no such file.')
    return item, sandbox.media(phone, message)


def file_answer(item: Item, data: bytes) -> Response:
    """With headers that keep a browser from taking it for a page of ours."""
    kind = item.mime.partition(';')[0].strip()
    safe = kind.startswith(SAFE_TO_SHOW) and kind != 'image/svg+xml'
    headers = {
        'X-Content-Type-Options': 'nosniff',
        'Content-Disposition': 'inline' if safe else 'attachment',
        'Content-Security-Policy': "default-src 'none'; sandbox",
        'Cache-Control': 'private, max-age=3600',
    }
    return Response(data, media_type=kind if safe else 'application/octet-stream', headers=headers)


def item_body(each: Item) -> Body:
    body: Body = {
        'id': each.id, 'from': each.sender, 'chat': each.chat, 'kind': each.kind, 'text': each.text,
        'at': time_text(each.at), 'mine': each.mine, 'tick': each.tick, 'seen': each.seen,
    }  # fmt: skip
    if each.mime:
        body['media'] = {'mime': each.mime, 'size': each.size, 'filename': each.filename}
    for name in ('about', 'quotes', 'seconds', 'forwarded', 'view_once', 'edited', 'revoked', 'video'):
        if getattr(each, name):
            body[name] = getattr(each, name)
    if each.place:
        place = each.place
        body['location'] = {
            'latitude': place.latitude, 'longitude': place.longitude, 'name': place.name, 'address': place.address,
        }  # fmt: skip
    if each.phones:
        body['phones'] = list(each.phones)
    if each.kind == 'poll':
        body['options'] = [
            {'option': option, 'votes': votes, 'chosen': option in each.chosen}
            for option, votes in zip(each.options, each.votes, strict=True)
        ]
    if each.kind == 'vote':
        body['voted'] = list(each.options)
    if each.reactions:
        body['reactions'] = [{'from': who, 'emoji': emoji} for who, emoji in each.reactions]
    return body
