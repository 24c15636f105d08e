"""How the phones of the sandbox are answered."""

from pydantic import BaseModel, Field

from . import TIME
from .sessions import SessionOut


class PhoneOut(BaseModel):
    phone: str = Field(examples=['15551230001'])
    name: str = Field(examples=['Anna'])
    lid: str = Field(examples=['20000000000001'])
    devices: list[int] = Field(description='Numbers of the linked devices.', examples=[[1]])
    offline: bool
    unread: int = Field(examples=[0])


class DeviceOut(BaseModel):
    device: int = Field(description='The number of the new device; 0 when linking stalls.', examples=[1])
    linked: bool


class LinkedOut(DeviceOut):
    session: SessionOut = Field(description='How the session is now.')


class SaidOut(BaseModel):
    id: str = Field(description='WhatsApp’s id of the message.', examples=['3EB0A9253FA64269E11C9D'])


class ReadCountOut(BaseModel):
    read: int = Field(description='How many messages are read now.', examples=[1])


class AttachedOut(BaseModel):
    mime: str = Field(examples=['image/png'])
    size: int = Field(examples=[2048])
    filename: str = Field(examples=[''])


class SeenOut(BaseModel):
    id: str = Field(examples=['3EB0A9253FA64269E11C9D'])
    from_: str = Field(alias='from', examples=['15550000001'])
    chat: str = Field(description='Digits of the other side, or the address of the group.', examples=['15550000001'])
    kind: str = Field(examples=['text'])
    text: str = Field(examples=['hello'])
    at: str = TIME
    media: AttachedOut | None = None
    about: str | None = Field(default=None, description='What is reacted to, edited or taken back.')
    quotes: str | None = Field(default=None, description='The message that it answers.')


class GroupMadeOut(BaseModel):
    id: str = Field(examples=['120363000000000001@g.us'])
    name: str = Field(examples=['Regulars'])
    owner: str = Field(examples=['15551230001'])
    members: list[str] = Field(examples=[['15551230001', '15551230002']])


class FaultOut(BaseModel):
    kind: str = Field(examples=['outage'])
    phone: str
    code: int
    times: int
    seconds: float
    ms: int
    reason: int
    expire: int
    refs: int
    xmlns: str
    conflict: str
