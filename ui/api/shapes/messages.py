"""How messages are answered, with all that they may bring."""

from typing import Literal

from pydantic import BaseModel, Field

from . import TIME, PersonOut
from .media import MediaPartOut

MESSAGE_STATES = (
    'received for incoming ones; else scheduled, queued, sending, sent, delivered, read, played, failed, uncertain '
    '(it may or may not have left), cancelled or blocked.'
)


class QueuedOut(BaseModel):
    id: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'])
    status: str = Field(description=MESSAGE_STATES, examples=['queued'])
    chat: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0B'])


class ForwardedOut(BaseModel):
    items: list[QueuedOut] = Field(description='One for each recipient, in their order; who was named twice has one.')


class ChangedOut(QueuedOut):
    by: str | None = Field(description='The message that asks WhatsApp for the change; null: nothing had to be asked.')


class WentWrongOut(BaseModel):
    code: str = Field(description='WhatsApp’s number, or a word.', examples=['463'])
    detail: str = Field(examples=['This number has never written to you (463). Ask them to write first.'])


class QuoteOut(BaseModel):
    whatsapp_id: str
    from_: str | None = Field(alias='from')
    text: str | None


class StepOut(BaseModel):
    status: str = Field(description=MESSAGE_STATES, examples=['delivered'])
    at: str = TIME
    detail: str | None = Field(default=None, description='Why, if it failed or is uncertain.', examples=[None])


class PlaceOut(BaseModel):
    latitude: float
    longitude: float
    name: str
    address: str
    live: bool = Field(description='It moved while it was shared; this is where it began.')


class CardOut(BaseModel):
    name: str
    phones: list[str]


class VoteOut(BaseModel):
    options: list[str]


class ChosenOut(VoteOut):
    by: PersonOut | None = Field(description='null: this account.')
    at: str = TIME


class PollOut(BaseModel):
    name: str
    options: list[str]
    multiple: bool
    votes: list[ChosenOut] | None = Field(default=None, description='What each chose last.')


class CallOut(BaseModel):
    video: bool
    state: Literal['ringing', 'rejected', 'over']


class GroupChangeOut(BaseModel):
    action: str = Field(description='created, joined, added, left, removed, promoted, renamed, …', examples=['added'])
    by: str | None = Field(description='The address of who did it.', examples=['15551230001@s.whatsapp.net'])
    people: list[str] = Field(description='Addresses of those it was done to.')
    name: str = Field(description='What the group is called since then.')


class PreviewOut(BaseModel):
    url: str
    title: str
    description: str


class ReactionOut(BaseModel):
    emoji: str = Field(examples=['👍'])
    by: PersonOut | None = Field(description='null: this account.')
    at: str = TIME


class WaitsOut(BaseModel):
    until: str | None = Field(description='RFC 3339, UTC; null: nobody knows.')
    reason: str = Field(examples=['The limit of 12 messages a minute is reached.'])


class MessageOut(BaseModel):
    id: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'])
    session: str = Field(examples=['shop'])
    chat: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0B'])
    direction: Literal['in', 'out']
    kind: str = Field(examples=['text'])
    text: str = Field(examples=['hello'])
    status: str = Field(description=MESSAGE_STATES, examples=['delivered'])
    whatsapp_id: str | None = Field(examples=['3EB0A9253FA64269E11C9D'])
    created_at: str = TIME
    at: str = Field(description='When it was written, by the sender’s clock.', examples=['2026-11-22T12:00:00.000Z'])
    origin: str = Field(description='live, or offline: it waited at WhatsApp.', examples=['live'])
    error: WentWrongOut | None = Field(description='Why it failed or is uncertain.')
    waits: WaitsOut | None = Field(default=None, description='Queued: why it has not left yet, and when it may.')
    to: PersonOut | None = Field(default=None, description='Outgoing: the other side of the chat.')
    caused_by: str | None = Field(default=None, description='The message that made a flow say this.', examples=[None])
    author: str | None = Field(default=None, description='Outgoing: user:…, key:…, flow:… or phone.')
    from_: PersonOut | None = Field(default=None, alias='from', description='Incoming: who wrote it.')
    group: PersonOut | None = Field(default=None, description='Incoming, in a group: which.')
    reply_to: QuoteOut | None = Field(default=None, description='The message it answers.')
    mentions: list[str] | None = None
    forwarded: bool | None = Field(default=None, description='It was forwarded by whoever sent it.')
    about: str | None = Field(
        default=None, description='Of a reaction, edit, revoke or poll_vote: WhatsApp’s id of the message it is about.'
    )
    media: MediaPartOut | None = Field(default=None, description='Of image, video, audio, voice, document, sticker.')
    location: PlaceOut | None = None
    contacts: list[CardOut] | None = None
    poll: PollOut | None = None
    vote: VoteOut | None = Field(default=None, description='Of a poll_vote: what was chosen.')
    call: CallOut | None = None
    group_change: GroupChangeOut | None = Field(default=None, description='What happened in a group; `text` says it.')
    preview: PreviewOut | None = Field(default=None, description='What is shown of a link in the text.')
    reactions: list[ReactionOut] | None = None
    edited_at: str | None = Field(default=None, description='When its author changed it.')
    revoked_at: str | None = Field(default=None, description='When its author deleted it for everybody.')


class OneMessageOut(MessageOut):
    history: list[StepOut] = Field(description='Every status it had, oldest first.')
