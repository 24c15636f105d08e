"""How groups are answered, and what became of changing them."""

from typing import Literal

from pydantic import BaseModel, Field

from . import TIME, PersonOut


class MemberOut(PersonOut):
    role: Literal['member', 'admin', 'owner']


class GroupOut(BaseModel):
    id: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0B'], description='Of its chat.')
    session: str = Field(examples=['shop'])
    group: str = Field(examples=['120363000000000001@g.us'], description='Its address.')
    name: str = Field(examples=['Regulars'])
    description: str = Field(examples=['Early birds'])
    announce: bool = Field(description='Only admins may write.')
    locked: bool = Field(description='Only admins may change name, photo and description.')
    owner: str | None = Field(description='The address of who made it.', examples=['15551230001@s.whatsapp.net'])
    role: Literal['member', 'admin', 'owner', 'gone'] | None = Field(
        description='What this account is in it; gone: it is not in it any more; null: not known yet.'
    )
    size: int | None = Field(description='How many are in it; null: not known yet.', examples=[12])
    made_at: str | None = TIME
    closed: str | None = Field(description='Why nobody can write into it now.', examples=[None])


class OneGroupOut(GroupOut):
    members: list[MemberOut] = Field(description='Who made it first, then admins, then by name.')


class OutcomeOut(BaseModel):
    action: Literal['add', 'remove', 'promote', 'demote']
    person: PersonOut
    done: bool
    code: str | None = Field(description='WhatsApp’s number for what went wrong.', examples=['403'])
    detail: str | None = Field(description='The same in a sentence.', examples=['They may only be invited: …'])


class NewGroupOut(OneGroupOut):
    outcomes: list[OutcomeOut]


class MembersOut(BaseModel):
    outcomes: list[OutcomeOut]
    group: OneGroupOut


class PreviewGroupOut(BaseModel):
    group: str = Field(examples=['120363000000000001@g.us'])
    name: str = Field(examples=['Regulars'])
    description: str
    size: int | None
    made_at: str | None = TIME


class InviteOut(BaseModel):
    link: str = Field(examples=['https://chat.whatsapp.com/AbCdEfGhIjKlMnOp'])
