"""What flows show to other systems and nobody else may read."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.bodies import time_text

from ..compose import Gateway
from .aside import aside
from .asking import Route, asker_of, body_of, must_have_all, says
from .lists import Page, list_answer
from .shapes.flows import FlowSecretOut

Named = Annotated[str, Path(description='Letters, digits and “_”.')]


class NewFlowSecret(BaseModel):
    model_config = ConfigDict(extra='forbid')

    value: Annotated[str, Field(description='Kept sealed; nobody is ever shown it again.', examples=['s3cr3t'])]


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, prefix='/api/v1/flows/secrets', tags=['flows'])
    secrets = gateway.secrets

    @api.get('', **says('List secrets of flows', 'flows.see', gives=Page[FlowSecretOut]))
    async def list_secrets(request: Request) -> Response:
        """Their names. In a flow, `{{ secret.name }}` shows one in the address, the headers and the body of a step that
        asks another system (`http`), and nowhere else.
        """
        rows = await aside(secrets.listed)
        return list_answer([{'name': row.name, 'created_at': time_text(row.created_at)} for row in rows])

    @api.put('/{secret}', **says('Keep a secret of flows', 'flows.edit', status=204, takes=NewFlowSecret,
             example={'value': 's3cr3t'}, problems=(409,)))  # fmt: skip
    async def keep_secret(request: Request, secret: Named) -> Response:
        """Takes the place of one of the same name."""
        must_have_all(asker_of(request), 'change secrets of flows')
        new = await body_of(request, NewFlowSecret)
        await aside(lambda: secrets.put(secret, new.value))
        return Response(status_code=204)

    @api.delete('/{secret}', **says('Delete a secret of flows', 'flows.edit', status=204, problems=(404,)))
    async def delete_secret(request: Request, secret: Named) -> Response:
        """Steps that use it fail from then on."""
        must_have_all(asker_of(request), 'delete secrets of flows')
        await aside(lambda: secrets.delete(secret))
        return Response(status_code=204)

    return api
