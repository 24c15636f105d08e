"""Blueprints: flows to begin with."""

from itertools import count
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.bodies import Body
from data.flows import flow_by_key
from flows.blueprint import Blueprint, blueprint, blueprints

from ..compose import Gateway
from .aside import aside_slowly
from .asking import Route, asker_of, body_of, must_have_all, says
from .flows import draft_body
from .lists import Page, json_bytes, list_answer
from .once import carried_out_once, once_of
from .shapes.flows import BlueprintOut, DraftOut


class NewFromBlueprint(BaseModel):
    model_config = ConfigDict(extra='forbid')

    inputs: Annotated[dict[str, Any], Field(description='By name; what is left out or empty is its default.')] = {}
    key: Annotated[str, Field(description='Of the new flow; empty: one that is free.', examples=['menu'])] = ''
    name: Annotated[str, Field(max_length=100, description='Empty: that of the blueprint.', examples=['Menu'])] = ''


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, prefix='/api/v1/flows/blueprints', tags=['flows'])

    @api.get('', **says('List blueprints', 'flows.see', gives=Page[BlueprintOut]))
    async def list_blueprints(request: Request) -> Response:
        """Each becomes a flow when its inputs are given."""
        return list_answer([_body(each) for each in blueprints()])

    @api.post('/{blueprint}', **says('Begin with a blueprint', 'flows.edit', status=201, gives=DraftOut,
              takes=NewFromBlueprint, example={'inputs': {'words': ['menu']}, 'name': 'Our menu'},
              problems=(404, 409), once=True))  # fmt: skip
    async def begin(
        request: Request, blueprint_key: Annotated[str, Path(alias='blueprint', description='Its key.')]
    ) -> Response:  # fmt: skip
        """Keeps a draft; publish it to let it run. 409 `already_exists` for a key that is taken."""
        must_have_all(asker_of(request), 'change flows')
        new = await body_of(request, NewFromBlueprint)
        once = once_of(request, new)

        def keep() -> tuple[int, bytes]:
            chosen = blueprint(blueprint_key)
            document = chosen.flow(new.inputs, key=new.key or _free(chosen.key), name=new.name)
            return 201, json_bytes(draft_body(gateway.library.draft(document, fresh=True)))

        given = await aside_slowly(lambda: carried_out_once(once, gateway.world, keep))
        return given.answer()

    return api


def _free(key: str) -> str:
    names = (f'{key}-{number}' if number > 1 else key for number in count(1))
    return next(each for each in names if flow_by_key(each) is None)


def _body(found: Blueprint) -> Body:
    return {
        'key': found.key, 'name': found.name, 'description': found.description,
        'inputs': [
            {
                'name': name, 'title': each.title, 'about': each.about, 'type': each.type, 'default': each.default,
                'required': each.default is None,
                'options': [{'value': value, 'title': title} for value, title in each.options.items()],
            }
            for name, each in found.inputs.items()
        ],
    }  # fmt: skip
