"""How contacts are answered, and numbers that were looked up."""

from typing import Literal

from pydantic import BaseModel, Field

from . import TIME
from .sessions import WishOut


class PresenceOut(BaseModel):
    session: str = Field(description='The session that sees it.', examples=['shop'])
    online: bool | None = Field(description='null: nothing is known, or they do not show it.')
    last_seen: str | None = TIME
    typing: Literal['typing', 'recording'] | None = Field(description='What they do in our chat just now.')


class ContactOut(BaseModel):
    id: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'])
    phone: str | None = Field(examples=['+15551230001'])
    lid: str | None = Field(examples=['20000000000001'])
    name: str | None = Field(examples=['Anna'])
    push_name: str | None = Field(description='What they call themselves.', examples=['Anna'])
    created_at: str = TIME
    blocked: list[str] = Field(description='The sessions that have blocked them.', examples=[[]])
    opted_out: WishOut | None = Field(description='That they want no automatic and bulk messages, and since when.')


class CheckedOut(BaseModel):
    phone: str = Field(description='As it was asked for.', examples=['+15551230001'])
    on_whatsapp: bool
    number: str | None = Field(
        description='As WhatsApp writes it; null when it is not there.', examples=['+15551230001']
    )
    address: str | None = Field(examples=['15551230001@s.whatsapp.net'])


class CheckOut(BaseModel):
    items: list[CheckedOut]
