"""How sessions are answered, with what they may send."""

from typing import Literal

from pydantic import BaseModel, Field

from . import TIME, PersonOut

SESSION_STATES = 'new, starting, pairing, passkey, working, reconnecting, resting, logged_out, banned or failed.'


class HistoryOut(BaseModel):
    progress: int = Field(
        description='How far the phone has come with telling its history, in percent.', examples=[100]
    )
    messages: int = Field(description='How many messages of it are kept.', examples=[1240])


class LimitOut(BaseModel):
    kind: str = Field(description='reach_out (463), refused (479), too_fast (429) or banned.', examples=['reach_out'])
    stops: Literal['new_conversations', 'everything']
    until: str | None = Field(description='RFC 3339, UTC; null: WhatsApp did not say.')
    since: str = TIME
    detail: str = Field(examples=['WhatsApp does not let this number open conversations for now (463).'])
    times: int = Field(description='How often in a row; each lasts longer.', examples=[1])


class ProtectionOut(BaseModel):
    """What a session may send. 0 means no limit."""

    preset: Literal['careful', 'standard', 'off']
    per_minute: int = Field(examples=[12])
    per_hour: int = Field(examples=[200])
    per_day: int = Field(examples=[1000])
    new_per_hour: int = Field(description='To people who have never written to this session.', examples=[15])
    new_per_day: int = Field(description='The same, a day.', examples=[60])
    warm_up: bool = Field(description='In the first month after linking: 20, 50, 100, 250 a day that are no replies.')
    gap: list[float] = Field(description='Seconds between two messages, from and to.', examples=[[3, 8]])
    pause_every: int = Field(examples=[40])
    pause: list[float] = Field(description='Seconds, instead of the gap, after so many.', examples=[[60, 180]])
    typing: bool = Field(description='Show typing before automatic messages.')
    check_numbers: bool = Field(description='Ask WhatsApp for a number before the first message to it.')
    write_from: str = Field(description='From when conversations are opened where the other lives.', examples=['08:00'])
    write_until: str = Field(examples=['21:00'])
    zone: str = Field(description='For numbers that do not say theirs; empty: that of the session.', examples=[''])
    words: list[str] = Field(description='The same for people.')


class WishOut(BaseModel):
    since: str = TIME
    source: str = Field(description='What made them, for people to read.', examples=['Wrote STOP'])


class OptOutOut(WishOut):
    contact: PersonOut | None = Field(description='null: they are no contact any more.')


class OptedOut(BaseModel):
    to: str = Field(examples=['+15551230001'])
    opted_out: bool
    since: str | None = TIME
    source: str | None = Field(description='What made them, for people to read.', examples=['Wrote STOP'])


class FetchingOut(BaseModel):
    fetch: list[str] = Field(
        description='The kinds of received files that are fetched by themselves.', examples=[['image', 'voice']]
    )
    up_to_mb: int = Field(description='Larger ones are fetched when somebody asks. MiB.', examples=[20])


class CallRulesOut(BaseModel):
    reject: bool = Field(description='Calls to this account are rejected by themselves.')
    text: str = Field(description='What is then written to the caller; empty: nothing.')


class SessionOut(BaseModel):
    name: str = Field(examples=['shop'])
    id: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'])
    state: str = Field(description=SESSION_STATES, examples=['working'])
    detail: str = Field(description='How it is, in a sentence.', examples=['Linked to +1 555-000-0001 as “Shop”.'])
    next_step: str = Field(description='What to do now.', examples=['Nothing to do.'])
    since: str = TIME
    until: str | None = Field(description='The end of a ban.', examples=[None])
    wanted: bool = Field(description='Whether it should be connected, also after a restart.')
    phone: str | None = Field(examples=['+15550000001'])
    lid: str | None = Field(examples=['20000000000009'])
    push_name: str | None = Field(examples=['Shop'])
    country: str | None = Field(description='In which numbers without a plus are read.', examples=['DE'])
    linked_at: str | None = TIME
    created_at: str = TIME
    limits: list[LimitOut] = Field(description='What WhatsApp limits this session in now.')
    protection: ProtectionOut
    history: HistoryOut | None = Field(
        description='What the phone told of the time before the link; null: nothing yet.'
    )
    calls: CallRulesOut
    presence: Literal['online', 'as_phone'] = Field(description='Whether it is shown as online all the time.')
    media: FetchingOut
    link_previews: bool = Field(description='Texts go with a preview of their first link, unless they say otherwise.')


class ChangeOut(BaseModel):
    state: str = Field(description=SESSION_STATES, examples=['working'])
    detail: str = Field(examples=['Linked to +1 555-000-0001 as “Shop”.'])
    at: str = TIME


class CodeOut(BaseModel):
    code: str = Field(description='The text of the QR code, or the code to type on the phone.', examples=['ABCD-EFGH'])
    expires_at: str = TIME
