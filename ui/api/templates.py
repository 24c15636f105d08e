"""Templates: texts kept by a key in several languages, filled in for whom they are sent to."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.responses import Response

from core.bodies import Body, time_text
from core.errors import Conflict, Invalid, NotFound, Unfillable
from core.fill import CAPTION_MOST, TEXT_MOST, Finding, fill
from core.rights import Asker
from core.templates import Wording, chosen, language_of, unknown, variables_of, warnings_of, with_bare
from core.whom import contact_values, session_values
from data.chats import chats_with, find_contacts
from data.database import write_soon
from data.templates import Template, template_texts, templates

from ..compose import Gateway
from .aside import aside, aside_slowly
from .asking import Route, asker_of, body_of, must_have_all, says, visible_ids
from .lists import Cursor, Limit, Page, cut, json_answer, json_bytes, list_answer, parts_of
from .once import carried_out, once_of
from .shapes.templates import FilledOut, TemplateOut, TemplateTextsOut

TEXT = (
    'Reads `contact` (id, phone, lid, name, first_name, vars, tags, language), `session` (name, phone) and `vars`, '
    'which are brought by whoever sends it: `{{ vars.order }}` or `{{ order }}`. The caption where there is a file.'
)
MEDIA = 'The id of a file from `POST /media`.'
LANGUAGE = 'Like en, de or pt-BR.'
# What a preview without a contact is filled with.
SOMEBODY: dict[str, object] = {
    'id': '01KB3M5V6J8QW2H4E9T7XZ1C0A', 'phone': '+15551230001', 'lid': None, 'name': 'Anna Baker',
    'first_name': 'Anna', 'vars': {}, 'tags': [], 'language': '',
}  # fmt: skip
SOME_SESSION = {'name': 'shop', 'phone': '+15550000001'}
InLanguage = Annotated[str, Query(max_length=40, description='Only in this language.')]


class TemplateText(BaseModel):
    model_config = ConfigDict(extra='forbid')

    language: Annotated[str, Field(max_length=40, description=LANGUAGE, examples=['en'])]
    text: Annotated[str, Field(description=TEXT, examples=['Hi {{ contact.first_name }}, {{ vars.order }} has left.'])]
    media: Annotated[str, Field(max_length=40, description=MEDIA)] = ''


class NewTemplate(TemplateText):
    key: Annotated[str, Field(description='Small letters, digits, “-” and “_”.', examples=['order-shipped'])]
    name: Annotated[str, Field(description='For people; left out: the key.', examples=['Order shipped'])] = ''


class TemplateTexts(BaseModel):
    model_config = ConfigDict(extra='forbid')

    key: Annotated[str, Field(description='Another key, if it shall be renamed.')] = ''
    name: Annotated[str, Field(description='For people; left out: as it is.', examples=['Order shipped'])] = ''
    texts: Annotated[list[TemplateText], Field(min_length=1, max_length=200)]


class NewPreview(BaseModel):
    model_config = ConfigDict(extra='forbid')

    contact: Annotated[str, Field(max_length=40, description='The id of one; left out: somebody made up.')] = ''
    language: Annotated[str, Field(max_length=40, description='Left out: theirs.')] = ''
    vars: Annotated[dict[str, JsonValue], Field(max_length=100, examples=[{'order': 'A-17'}])] = {}


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, prefix='/api/v1/templates', tags=['templates'])
    _seeing(api)
    _changing(api, gateway)
    return api


def _seeing(api: APIRouter) -> None:
    @api.get('', **says('List templates', 'templates.see', gives=Page[TemplateOut]))
    async def list_templates(limit: Limit = 50, cursor: Cursor = '') -> Response:
        """By key and language."""
        key, language = parts_of(cursor, 2) if cursor else ('', '')

        def read() -> tuple[list[Body], str | None]:
            rows = templates(limit + 1, after=(key, language))
            page, following = cut(rows, limit, lambda row: (str(row.key), str(row.language)))
            return _bodies(page), following

        return list_answer(*await aside_slowly(read))

    @api.get('/{key}', **says('One template', 'templates.see', gives=TemplateTextsOut, problems=(404,)))
    async def one(key: str, language: InLanguage = '') -> Response:
        """In all its languages, or one."""
        return json_answer(await aside_slowly(lambda: {'items': _bodies(_found(key, language))}))

    @api.post('/{key}/preview', **says('Fill in a template', 'templates.see', gives=FilledOut, takes=NewPreview,
              example={'vars': {'order': 'A-17'}}, problems=(404,)))  # fmt: skip
    async def preview(request: Request, key: str) -> Response:
        """As a message would be, for this contact by the session that wrote with them last. Nothing is sent."""
        asker, new = asker_of(request), await body_of(request, NewPreview)
        return json_answer(await aside_slowly(lambda: _preview(asker, key, new)))


def _changing(api: APIRouter, gateway: Gateway) -> None:
    kept = gateway.templates

    @api.post('', **says('Add a template', 'templates.edit', status=201, gives=TemplateOut, takes=NewTemplate,
              example={'key': 'order-shipped', 'language': 'en',
                       'text': 'Hi {{ contact.first_name }}, {{ vars.order }} is on its way.'},
              problems=(409,), once=True))  # fmt: skip
    async def add(request: Request) -> Response:
        """In one language; the same key takes others. 409 where the key has a text in this language already."""
        must_have_all(asker_of(request), 'add templates')
        new = await body_of(request, NewTemplate)
        once, language = once_of(request, new), language_of(new.language)
        found = await aside_slowly(lambda: warnings_of(new.text, caption=bool(new.media)))

        def keep() -> tuple[int, bytes]:
            if any(row.language == language for row in template_texts(new.key)):
                raise Conflict(f'There is a template “{new.key}” in “{language}” already.', code='already_exists')
            kept.put(new.key, _wording(new), name=new.name)
            return 201, json_bytes(_body(_found(new.key, language)[0], found))

        given = await asyncio.wrap_future(write_soon(lambda: carried_out(once, gateway.world, keep)))
        return given.answer()

    @api.put('/{key}', **says('Change a template', 'templates.edit', gives=TemplateTextsOut, takes=TemplateTexts,
             example={'name': 'Order shipped', 'texts': [{'language': 'en', 'text': '{{ vars.order }} has left.'}]},
             problems=(404,)))  # fmt: skip
    async def change(request: Request, key: str, language: InLanguage = '') -> Response:
        """It has these texts and no others afterwards; with `language` only that one is changed or added."""
        must_have_all(asker_of(request), 'change templates')
        new = await body_of(request, TemplateTexts)
        only = _only(new.texts, language) if language else None

        def work() -> str:
            _found(key)
            if new.key:
                kept.rename(key, new.key)
            name = new.key or key
            if only is not None:
                kept.put(name, only, name=new.name)
            else:
                kept.replace(name, [_wording(each) for each in new.texts], name=new.name)
            return name

        name = await asyncio.wrap_future(write_soon(work))
        return json_answer(await aside_slowly(lambda: {'items': _bodies(_found(name, language))}))

    @api.delete('/{key}', **says('Delete a template', 'templates.edit', status=204, problems=(404,)))
    async def delete(request: Request, key: str, language: InLanguage = '') -> Response:
        """In all its languages, or one. What was sent with it stays as it is."""
        must_have_all(asker_of(request), 'delete templates')
        await aside(lambda: kept.delete(key, language))
        return Response(status_code=204)


def _preview(asker: Asker, key: str, new: NewPreview) -> Body:
    values = {**_values(asker, new.contact), 'vars': new.vars}
    row = chosen(key, values, new.language)
    text, media, problems, filled = str(row.text), row.media_id, [], None
    found = warnings_of(text, caption=bool(media), values=values)
    try:
        filled = fill(text, with_bare(values))
    except Unfillable as error:
        problems = [Finding(kind='mistake', line=error.line, path='', sentence=str(error))]
    else:
        problems = _too_long(filled, CAPTION_MOST if media else TEXT_MOST)
    warnings = _warnings([*problems, *(each for each in found if each.kind != 'too_long')])
    return {'language': row.language, 'text': filled, 'media': media, 'warnings': warnings}


def _values(asker: Asker, contact: str) -> dict[str, Any]:
    """Reads the database. Raises NotFound for a contact that the asker may not see."""
    if not contact:
        return {'contact': SOMEBODY, 'session': SOME_SESSION}
    ids = visible_ids(asker)
    if not find_contacts(session_ids=ids, id=contact, limit=1):
        raise NotFound('There is no contact with this id.')
    chats = chats_with(contact, ids)
    session = session_values(str(chats[0].session.name)) if chats else SOME_SESSION
    return {'contact': contact_values(contact), 'session': session}


def _too_long(text: str, most: int) -> list[Finding]:
    if len(text) <= most:
        return []
    return [
        Finding(kind='too_long', line=0, path='', sentence=f'It has {len(text)} characters; WhatsApp takes {most}.')
    ]


def _only(texts: list[TemplateText], language: str) -> Wording:
    wanted = language_of(language)
    if len(texts) != 1 or language_of(texts[0].language, field='texts.0.language') != wanted:
        raise Invalid(f'Bring the text in “{wanted}” and no other, or leave `language` out.', field='texts')
    return _wording(texts[0])


def _wording(new: TemplateText) -> Wording:
    return Wording(language=new.language, text=new.text, media_id=new.media)


def _found(key: str, language: str = '') -> list[Template]:
    """Reads the database. Raises NotFound, and Invalid for what is no language."""
    wanted = language_of(language) if language else ''
    rows = [row for row in template_texts(key) if wanted in ('', row.language)]
    if not rows:
        raise unknown(key, language)
    return rows


def _bodies(rows: Iterable[Template]) -> list[Body]:
    return [_body(row, warnings_of(str(row.text), caption=row.media_id is not None)) for row in rows]


def _body(row: Template, found: Iterable[Finding]) -> Body:
    return {
        'key': row.key, 'language': row.language, 'name': row.name, 'text': row.text, 'media': row.media_id,
        'variables': variables_of(str(row.text)), 'warnings': _warnings(found),
        'created_at': time_text(row.created_at), 'changed_at': time_text(row.changed_at),
    }  # fmt: skip


def _warnings(found: Iterable[Finding]) -> list[Mapping[str, Any]]:
    return [
        {'kind': each.kind, 'line': each.line, 'path': each.path, 'detail': each.sentence} for each in found
    ]  # fmt: skip
