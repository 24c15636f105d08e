"""How those who may use the gateway are answered: users and keys."""

from typing import Literal

from pydantic import BaseModel, Field

from . import TIME


class KeyOut(BaseModel):
    id: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'])
    name: str = Field(examples=['CRM'])
    prefix: str = Field(description='The beginning of the key, to recognise it.', examples=['dvc_1a2b3c4d'])
    role: Literal['owner', 'admin', 'agent', 'viewer']
    sessions: list[str] | None = Field(description='The only sessions it may touch; null: all.', examples=[['shop']])
    created_by: str = Field(examples=['Mia Brandt'])
    created_at: str = TIME
    expires_at: str | None = TIME
    last_used_at: str | None = TIME
    revoked_at: str | None = Field(examples=[None])


class NewKeyOut(KeyOut):
    key: str = Field(description='The key itself. It is shown only here.', examples=[f'dvc_1a2b3c4d_{"0" * 48}'])


class UserOut(BaseModel):
    id: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'])
    email: str = Field(examples=['mia@example.org'])
    name: str = Field(examples=['Mia Brandt'])
    role: Literal['owner', 'admin', 'agent', 'viewer']
    active: bool = Field(description='Whether they may sign in.')
    created_at: str = TIME
    last_seen_at: str | None = TIME


class MeOut(BaseModel):
    kind: Literal['user', 'key']
    id: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'])
    name: str = Field(examples=['CRM'])
    role: Literal['owner', 'admin', 'agent', 'viewer']
    rights: list[str] = Field(examples=[['messages.see', 'messages.send']])
    sessions: list[str] | None = Field(description='The only sessions it may touch; null: all.', examples=[None])
