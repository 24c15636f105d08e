"""How chats are answered, with their notes and ready answers."""

from typing import Literal

from pydantic import BaseModel, Field

from . import TIME, PersonOut


class ChatOut(BaseModel):
    id: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0B'])
    session: str = Field(examples=['shop'])
    kind: Literal['private', 'group']
    name: str | None = Field(examples=['Anna'])
    with_: PersonOut = Field(alias='with')
    unread: int = Field(examples=[2])
    automation: Literal['bot', 'human'] = Field(description='Who answers: flows, or a person.')
    human_until: str | None = Field(description='When the bot takes over again; null: when somebody says so.')
    assigned_to: str | None = Field(description='The id of the colleague who answers.')
    last_message: str | None = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'])
    last_at: str | None = TIME
    closed: str | None = Field(
        description='Why nobody can write into it now.', examples=['You are no longer in this group.']
    )


class NoteOut(BaseModel):
    id: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'])
    chat: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0B'])
    text: str = Field(examples=['Pays by invoice.'])
    author: str = Field(description='user:… or key:….')
    author_name: str = Field(examples=['Mia Brandt'])
    at: str = TIME


class ReadOut(BaseModel):
    chat: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0B'])
    unread: int = Field(examples=[0])
    receipts: int = Field(description='Of how many messages WhatsApp is told; 0 while not connected.', examples=[2])


class QuickReplyOut(BaseModel):
    key: str = Field(examples=['opening-hours'])
    text: str = Field(examples=['Hi {{ contact.name }}, we bake from 7 to 18.'])
    created_at: str = TIME
    changed_at: str = TIME
