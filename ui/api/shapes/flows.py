"""How flows and their runs are answered."""

from typing import Any

from pydantic import BaseModel, Field

from . import TIME


class FlowProblemOut(BaseModel):
    place: str = Field(description='Where in the document; empty for the whole of it.', examples=['steps/2/text'])
    sentence: str = Field(examples=['A question needs a text.'])


class DraftOut(BaseModel):
    key: str = Field(examples=['hello'])
    draft: int = Field(description='Counts the drafts that were kept.', examples=[2])
    version: int | None = Field(description='What runs; null before the first was published.', examples=[1])
    problems: list[FlowProblemOut] = Field(description='Why the draft cannot run; empty when it can.', examples=[[]])


class PublishedOut(BaseModel):
    key: str = Field(examples=['hello'])
    version: int = Field(examples=[2])


class FlowOut(BaseModel):
    key: str = Field(examples=['welcome'])
    name: str = Field(examples=['Welcome'])
    enabled: bool
    priority: int = Field(description='Lower is asked first.', examples=[100])
    draft: int = Field(description='Counts the drafts that were kept.', examples=[2])
    version: int | None = Field(description='What runs; null before the first was published.', examples=[1])
    changed: bool = Field(description='Whether the draft differs from what runs.')
    problem: str = Field(description='Why the draft cannot run; empty when it can.', examples=[''])
    created_at: str = TIME
    changed_at: str = TIME


class OneFlowOut(FlowOut):
    description: str = Field(examples=['Greets whoever says hello.'])
    source: str = Field(description='The draft as its author wrote it: YAML.', examples=['key: welcome\nname: …\n'])
    document: dict[str, Any] = Field(description='What that says.')
    problems: list[FlowProblemOut] = Field(description='Everything that keeps the draft from running.', examples=[[]])


class FlowVersionOut(BaseModel):
    version: int = Field(examples=[1])
    published_at: str = TIME
    published_by: str = Field(examples=['Ada'])
    current: bool = Field(description='Whether this is what runs.')


class FlowSecretOut(BaseModel):
    name: str = Field(examples=['shop'])
    created_at: str = TIME


class OptionOut(BaseModel):
    value: str = Field(examples=['private'])
    title: str = Field(examples=['Private chats'])


class InputOut(BaseModel):
    name: str = Field(examples=['words'])
    title: str = Field(examples=['Words that open it'])
    about: str = Field(examples=[''])
    type: str = Field(
        description='text, words, span, number, choice, switch, hours, zone, url, tag or email.', examples=['words']
    )
    default: Any = Field(description='null: it must be given.', examples=[['menu', 'help']])
    required: bool
    options: list[OptionOut] = Field(description='Of a choice.')


class BlueprintOut(BaseModel):
    key: str = Field(examples=['menu'])
    name: str = Field(examples=['Menu'])
    description: str = Field(examples=['Shows a numbered menu.'])
    inputs: list[InputOut]


class StartedOut(BaseModel):
    runs: list[str] = Field(description='Their ids.', examples=[['01KB3M5V6J8QW2H4E9T7XZ1C0A']])


class RunOut(BaseModel):
    id: str = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'])
    flow: str | None = Field(description='null: none matched.', examples=['welcome'])
    version: int = Field(examples=[1])
    trigger: str = Field(description='The type of the trigger; empty when none fitted.', examples=['message'])
    session: str | None = Field(examples=['shop'])
    message: str | None = Field(description='The message that started it.', examples=['01KB3M5V6J8QW2H4E9T7XZ1C0A'])
    chat: str | None = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0B'])
    contact: str | None = Field(examples=['01KB3M5V6J8QW2H4E9T7XZ1C0C'])
    state: str = Field(description='queued, running, waiting, finished, error, …, or why it was kept from running.')
    detail: str = Field(examples=['Answered.'])
    started_at: str = TIME
    finished_at: str | None = Field(description='null while it is under way.', examples=['2026-11-22T12:00:00.000Z'])


class WaitOut(BaseModel):
    for_: str = Field(alias='for', description='time, answer, event or run.', examples=['answer'])
    until: str | None = TIME


class OneRunOut(RunOut):
    steps: list[dict[str, Any]] = Field(description='The trace: {path, text, at, result?, changed?, error?}.')
    variables: dict[str, Any] = Field(description='What the flow knows as `run.*`.')
    facts: dict[str, Any] = Field(description='What the trigger brought: `trigger.*`.')
    correlation: str = Field(description='The same for all that one occasion brought about.')
    parent: str | None = Field(description='The run that started this one.')
    depth: int = Field(description='How many flows led here.', examples=[0])
    position: str = Field(description='The step that is next; empty when none is.', examples=['steps/1'])
    waits: WaitOut | None = Field(description='Only while it waits.')
    expires_at: str | None = Field(description='RFC 3339, UTC.')
    children: list[RunOut] = Field(description='The runs it started.')


class FitOut(BaseModel):
    flow: str = Field(examples=['hello'])
    name: str = Field(examples=['Hello'])
    fits: bool
    why: str = Field(description='Why it matches, or why not.', examples=['The word “hello” was found'])


class VerdictOut(BaseModel):
    name: str = Field(examples=['happy'])
    wrong: str | None = Field(description='What did not come about; null when the test is green.')


class TriedOut(BaseModel):
    flow: str | None = Field(description='Which one was tried; null: none would run.', examples=['hello'])
    outcome: str = Field(description='How the run would end, or waiting.', examples=['finished'])
    detail: str = Field(examples=['Done.'])
    steps: list[dict[str, Any]] = Field(description='The trace.')
    sent: list[dict[str, Any]] = Field(description='What would be sent.', examples=[[{'kind': 'text', 'text': 'Hi'}]])
    effects: list[dict[str, Any]] = Field(description='What else would be done.')
    variables: dict[str, Any] = Field(description='What the flow would know as `run.*`.')
    waits: dict[str, Any] | None = Field(description='For what and until when, if it would wait.')
    now: str | None = Field(description='The time it would be then.')
    flows: list[FitOut] = Field(description='Every flow that runs and looks at such a thing.')
    tests: list[VerdictOut] = Field(description='The tests in the document.')
