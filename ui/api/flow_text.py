"""Flow documents as requests bring them and answers give them: YAML or JSON."""

import json

from fastapi import Request
from starlette.responses import Response

from core.errors import Invalid
from flows.written import checked, dump

from .problems import WrongType

YAML = 'application/yaml'
YAMLS = (YAML, 'application/x-yaml', 'text/yaml', 'text/x-yaml')


async def flow_text(request: Request) -> str:
    """The document as YAML. Raises WrongType for another kind of body, Invalid for what is none."""
    kind = request.headers.get('content-type', '').partition(';')[0].strip().lower()
    body = await request.body()
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Invalid('The body is not text in UTF-8.', field='source') from None
    if kind in YAMLS:
        return text
    if kind == 'application/json' or (kind.startswith('application/') and kind.endswith('+json')):
        return _from_json(text)
    said = f'“{kind[:60]}”' if kind else 'nothing'
    raise WrongType(f'A flow is brought with `Content-Type: {YAML}` or `application/json`; this one says {said}.')


def _from_json(text: str) -> str:
    try:
        return dump(checked(json.loads(text)))
    except json.JSONDecodeError as error:
        raise Invalid(f'The body is not JSON in line {error.lineno}: {error.msg}.', field='source') from None
    except (ValueError, RecursionError) as error:
        raise Invalid(f'The body is not JSON: {error}.', field='source') from None


def wants_yaml(request: Request) -> bool:
    return any(kind in request.headers.get('accept', '') for kind in YAMLS)


def in_yaml(source: str, key: str) -> Response:
    headers = {'content-disposition': f'attachment; filename="{key}.yaml"'}
    return Response(source.encode(), media_type=YAML, headers=headers)
