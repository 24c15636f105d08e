"""How templates are answered."""

from pydantic import BaseModel, Field

from . import TIME


class WarningOut(BaseModel):
    kind: str = Field(
        description='mistake, unknown (no such value), no_default (it may be missing) or too_long.',
        examples=['no_default'],
    )
    line: int = Field(description='From 1; 0 for the whole.', examples=[1])
    path: str = Field(description='Which value, or empty.', examples=['vars.order'])
    detail: str = Field(examples=['“vars.order” may be missing; say what to put then.'])


class TemplateOut(BaseModel):
    """A template in one language."""

    key: str = Field(examples=['order-shipped'])
    language: str = Field(examples=['en'])
    name: str = Field(description='For people; all languages have the same.', examples=['Order shipped'])
    text: str = Field(examples=['Hi {{ contact.first_name }}, {{ vars.order }} is on its way.'])
    media: str | None = Field(description='Its file, whose caption the text is.')
    variables: list[str] = Field(description='What it reads.', examples=[['contact', 'vars']])
    warnings: list[WarningOut] = Field(description='What may go wrong with it.')
    created_at: str = TIME
    changed_at: str = TIME


class TemplateTextsOut(BaseModel):
    items: list[TemplateOut] = Field(description='One for each language, the first one made comes first.')


class FilledOut(BaseModel):
    language: str = Field(description='Which one was found.', examples=['en'])
    text: str | None = Field(
        description='null: it cannot be filled; `warnings` say why.', examples=['Hi Anna, A-17 is on its way.']
    )
    media: str | None = Field(description='Its file.')
    warnings: list[WarningOut]
