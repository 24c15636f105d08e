"""How flows and their runs are answered."""

from typing import Any

from pydantic import BaseModel, Field

from . import TIME


class FlowOut(BaseModel):
    key: str = Field(examples=['welcome'])
    name: str = Field(examples=['Welcome'])
    enabled: bool
    priority: int = Field(description='Lower is asked first.', examples=[100])
    version: int = Field(examples=[1])
    problem: str = Field(description='Why it cannot run; empty when it can.', examples=[''])
    document: dict[str, Any] = Field(description='The flow as its author wrote it.')
    created_at: str = TIME
    changed_at: str = TIME


class RunOut(BaseModel):
    id: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'])
    flow: str | None = Field(description='null: none matched.', examples=['welcome'])
    version: int = Field(examples=[1])
    message: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'])
    chat: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0B'])
    state: str = Field(description='finished, error, not_triggered, or why it was kept from running.')
    detail: str = Field(examples=['Answered.'])
    started_at: str = TIME
    finished_at: str = TIME


class OneRunOut(RunOut):
    steps: list[dict[str, Any]] = Field(description='The trace: {path, text, result}.')
