"""The shapes of what the API answers, one module a resource; here those that many share."""

from pydantic import BaseModel, Field

TIME = Field(description='RFC 3339, UTC.', examples=['2026-11-22T12:00:00.000Z'])


class PersonOut(BaseModel):
    """Somebody on WhatsApp, with whatever is known of them."""

    id: str | None = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'], description='The contact’s id.')
    phone: str | None = Field(examples=['+15551230001'])
    lid: str | None = Field(examples=['20000000000001'], description='WhatsApp’s own number for them.')
    name: str | None = Field(examples=['Anna'])
    group: str | None = Field(default=None, description='Only for groups: its address.')


class StatusOut(BaseModel):
    status: str = Field(examples=['ok'])
