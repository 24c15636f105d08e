"""Every part of a flow document can be edited in a form."""

from collections.abc import Iterator
from typing import get_args

import pytest
from pydantic import BaseModel, Field

from flows.conditions import CONDITIONS
from flows.flow import Document
from flows.forms import Control, form_of
from flows.forms import Field as FormField
from flows.parts import Kind, Part
from flows.steps import STEPS
from flows.steps.choose import Branch
from flows.steps.random import Share
from flows.triggers import TRIGGERS

KINDS: tuple[type[Kind], ...] = (*TRIGGERS, *CONDITIONS, *STEPS)


@pytest.mark.parametrize('kind', [*KINDS, Branch, Share], ids=lambda kind: kind.__name__)
def test_every_kind_has_a_form_whose_controls_are_known(kind: type[BaseModel]) -> None:
    fields = list(every(form_of(kind)))
    assert {field.control for field in fields} <= set(get_args(Control))
    assert all(field.label for field in fields)
    assert all(field.choices for field in fields if field.control in ('choice', 'choices'))
    names = {info.alias or name for name, info in kind.model_fields.items()} - {'type', 'do'}
    assert {field.name for field in form_of(kind)} == names


def test_forms_say_what_a_field_is() -> None:
    fields = {field.name: field for field in form_of(next(kind for kind in STEPS if kind.__name__ == 'AskStep'))}
    assert [fields[name].control for name in ('text', 'options', 'poll', 'expect', 'timeout', 'on_timeout')] == [
        'template', 'words', 'switch', 'part', 'span', 'step',
    ]  # fmt: skip
    assert (fields['timeout'].default, fields['retries'].default, fields['text'].required) == ('24h', 2, True)
    assert ('yes_no', 'Yes or no') in fields['expect'].part[0].choices
    message = {field.name: field for field in form_of(TRIGGERS[0])}
    assert (message['session'].control, message['message_types'].control) == ('session', 'choices')
    assert [field.control for field in message['match'].part] == ['choice', 'words', 'switch', 'number']


def test_the_settings_of_a_flow_have_one_too() -> None:
    fields = {field.name: field for field in every(form_of(Document)) if field.control != 'below'}
    assert (fields['name'].control, fields['priority'].control, fields['cooldown'].optional) == ('line', 'number', True)


def test_a_control_nobody_can_draw_is_noticed() -> None:
    class Odd(Part):
        colour: str = Field(default='', json_schema_extra={'form': 'rainbow'})

    with pytest.raises(TypeError, match='rainbow'):
        form_of(Odd)


def every(fields: tuple[FormField, ...]) -> Iterator[FormField]:
    for field in fields:
        yield field
        yield from every(field.part)
