"""Hooks, what they were told, and what they would do."""

from typing import Any

from pydantic import BaseModel, Field

from . import TIME


class HookOut(BaseModel):
    id: str
    name: str = Field(examples=['Orders'])
    url: str | None = Field(
        description='Where it is called; null for those who may not change it.',
        examples=['https://chat.example.org/hooks/kW3yQm0sVd4Zr8Tn1pXa2g'],
    )
    auth: dict[str, Any] = Field(description='Its kind and settings, without secrets.', examples=[{'kind': 'github'}])
    map: dict[str, Any] = Field(
        description='What is done.', examples=[{'session': 'shop', 'to': '{{ payload.phone }}', 'text': 'Hello'}]
    )
    enabled: bool
    respond: str = Field(examples=['now'])
    per_minute: int = Field(examples=[60])
    allow_from: list[str] = Field(examples=[[]])
    once: str = Field(examples=[''])
    previous_until: str | None = Field(description='Until when the secret before is still good.', examples=[None])
    created_at: str | None = TIME
    changed_at: str | None = TIME
    last_at: str | None = Field(default=None, description='When it was called last.')


class HookMadeOut(HookOut):
    key: str = Field(description='What its address ends with.', examples=['kW3yQm0sVd4Zr8Tn1pXa2g'])
    secret: str | None = Field(description='Only when it was made here; never told again.', examples=[None])


class HookEventOut(BaseModel):
    id: str
    origin: str = Field(
        description='live, test, replay or sample (an example that came with the hook).', examples=['live']
    )
    state: str = Field(description='received, done, skipped, duplicate, failed or tested.', examples=['done'])
    at: str | None = TIME
    due_at: str | None = Field(description='When something is still to be done about it.', examples=[None])
    settled_at: str | None = TIME
    ip: str = Field(examples=['203.0.113.7'])
    content_type: str = Field(examples=['application/json'])
    results: list[dict[str, Any]] = Field(
        description='{number, state: done, failed, ignored or duplicate, to, text, message, contact, run, error, …}.'
    )
    error: str | None = Field(examples=[None])
    repeats: int = Field(description='How often the same came again.', examples=[0])
    replay_of: str | None = Field(examples=[None])


class OneHookEventOut(HookEventOut):
    headers: list[list[str]] = Field(examples=[[['content-type', 'application/json']]])
    query: list[list[str]] = Field(examples=[[]])
    body: str = Field(examples=['{"phone": "+15551230001"}'])


class RehearsalOut(BaseModel):
    skipped: bool = Field(description='`when` says no, or there is nothing to go through.')
    items: list[dict[str, Any]] = Field(
        description='{number, action, session, to, text, media, delay, name, note, problem, field, …}.'
    )


class ReplayOut(BaseModel):
    id: str = Field(description='Of the new event.')
    replay_of: str
