"""Groups: listed, made, changed, joined and left."""

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.addresses import Address, parse_jid, parse_recipient
from core.bodies import Body, time_text
from core.errors import Conflict, Invalid, NotFound
from core.events import GroupSeen
from core.group_bodies import group_bodies, group_body
from core.groups import Action, Outcome
from core.identities import person
from core.media import too_large
from core.rights import Asker
from data.chats import Chat, groups_of
from data.contacts import contacts_by_ids

from ..compose import Gateway
from ..guard import LARGER
from .aside import aside_slowly
from .asking import Route, asker_of, body_of, says, visible_ids, visible_session
from .attaching import FilePart, brought
from .lists import Cursor, Limit, OfSession, Page, cut, id_of, json_answer, json_bytes, list_answer
from .once import carried_out_once, once_of
from .problems import WrongType
from .shapes.groups import GroupOut, InviteOut, MembersOut, NewGroupOut, OneGroupOut, PreviewGroupOut

ACTIONS: tuple[Action, ...] = ('add', 'remove', 'promote', 'demote')
MISSING = (404, 409, 504)
MOST_PHOTO = LARGER['/api/v1/groups/']
PHOTO = {'schema': {'type': 'string', 'format': 'binary'}}
Person = Annotated[str, Field(max_length=80, examples=['+15551230001'])]
People = Annotated[list[Person], Field(max_length=256, description='Written like `to` of a message.')]


class NewGroup(BaseModel):
    model_config = ConfigDict(extra='forbid')

    session: Annotated[str, Field(description='The name of the session that makes it.', examples=['shop'])]
    name: Annotated[str, Field(description='1 to 100 characters.', examples=['Regulars'])]
    members: Annotated[People, Field(min_length=1, examples=[['+15551230001']])]


class GroupChanges(BaseModel):
    model_config = ConfigDict(extra='forbid')

    name: Annotated[str | None, Field(description='1 to 100 characters.', examples=['Early birds'])] = None
    description: Annotated[str | None, Field(description='Up to 2,048 characters; empty takes it away.')] = None
    announce: Annotated[bool | None, Field(description='Whether only admins may write.')] = None
    locked: Annotated[bool | None, Field(description='Whether only admins may change name, photo and description.')] = (
        None
    )


class NewPhoto(BaseModel):
    model_config = ConfigDict(extra='forbid')

    media: FilePart


class MemberChanges(BaseModel):
    model_config = ConfigDict(extra='forbid')

    add: People = []
    remove: People = []
    promote: Annotated[People, Field(description='To admins.')] = []
    demote: Annotated[People, Field(description='From admins.')] = []


class InviteUsed(BaseModel):
    model_config = ConfigDict(extra='forbid')

    session: Annotated[str, Field(description='The name of the session that joins.', examples=['shop'])]
    link: Annotated[str, Field(max_length=200, examples=['https://chat.whatsapp.com/AbCdEfGhIjKlMnOp'])]


def routes(gateway: Gateway) -> APIRouter:
    api = APIRouter(route_class=Route, prefix='/api/v1/groups', tags=['groups'])
    groups = gateway.groups

    @api.get('', **says('List groups', 'messages.see', gives=Page[GroupOut], problems=(404,)))
    async def list_groups(
        request: Request, session: OfSession = '', limit: Limit = 50, cursor: Cursor = ''
    ) -> Response:
        """The newest first. With `session`, WhatsApp is asked for all of its groups, at most once in ten minutes."""
        asker, before = asker_of(request), id_of(cursor)

        def read() -> tuple[list[Body], str | None]:
            ids = visible_ids(asker, session)
            if session and not before:
                groups.learn_now(visible_session(asker, session).id)
            page, following = cut(groups_of(ids, before=before, limit=limit + 1), limit, lambda row: (str(row.id),))
            return group_bodies(page), following

        return list_answer(*await aside_slowly(read))

    @api.post('', **says('Make a group', 'groups.manage', status=201, gives=NewGroupOut, takes=NewGroup, once=True,
              example={'session': 'shop', 'name': 'Regulars', 'members': ['+15551230001']},
              problems=MISSING))  # fmt: skip
    async def create(request: Request) -> Response:
        """`outcomes` says of each person whether they are in it; some can only be sent the invite link."""
        asker, new = asker_of(request), await body_of(request, NewGroup)
        once = once_of(request, new)

        def make() -> tuple[int, bytes]:
            row = visible_session(asker, new.session)
            people = _people(new.members, row.country, 'members')
            made = groups.create(row.id, new.name, people)
            return 201, json_bytes({**_one(made.chat_id), 'outcomes': _outcomes(made.outcomes)})

        given = await aside_slowly(lambda: carried_out_once(once, gateway.world, make))
        return given.answer()

    @api.post('/join', **says('Join a group', 'groups.manage', status=201, gives=OneGroupOut, takes=InviteUsed,
              example={'session': 'shop', 'link': 'https://chat.whatsapp.com/AbCdEfGhIjKlMnOp'},
              problems=MISSING, once=True))  # fmt: skip
    async def join(request: Request) -> Response:
        """By its invite link. 409 `link_invalid`, `link_revoked`, or `waits_for_admin` where an admin has to agree."""
        asker, new = asker_of(request), await body_of(request, InviteUsed)
        once = once_of(request, new)

        def work() -> tuple[int, bytes]:
            return 201, json_bytes(_one(groups.join(visible_session(asker, new.session).id, new.link)))

        given = await aside_slowly(lambda: carried_out_once(once, gateway.world, work))
        return given.answer()

    @api.get('/behind', **says('What is behind a link?', 'groups.manage', gives=PreviewGroupOut, problems=MISSING))
    async def behind(
        request: Request,
        session: Annotated[str, Query(max_length=100, description='The name of the session that asks.')],
        link: Annotated[str, Query(max_length=200, description='The invite link.')],
    ) -> Response:
        """The group that an invite link leads into, before anybody joins it."""
        asker = asker_of(request)
        seen = await aside_slowly(lambda: groups.behind(visible_session(asker, session).id, link))
        return json_answer(_preview(seen))

    _one_group(api, gateway)
    _its_people(api, gateway)
    return api


def _one_group(api: APIRouter, gateway: Gateway) -> None:
    groups = gateway.groups

    @api.get('/{id}', **says('One group', 'messages.see', gives=OneGroupOut, problems=(404,)))
    async def one(request: Request, id: str, session: OfSession = '') -> Response:
        """With everybody in it. `id`: of its chat, or its address; the latter with `session` where several are in it.

        WhatsApp is asked at most once in ten minutes; meanwhile what happens in the group is heard anyway.
        """
        return await _act(request, id, session, lambda chat: groups.refresh(str(chat.id)))

    @api.patch('/{id}', **says('Change a group', 'groups.manage', gives=OneGroupOut, takes=GroupChanges,
               example={'name': 'Early birds', 'announce': True}, problems=MISSING))  # fmt: skip
    async def change(request: Request, id: str, session: OfSession = '') -> Response:
        """409 `not_admin` where only admins may. What comes first is done even if WhatsApp refuses what follows."""
        new = await body_of(request, GroupChanges)
        given = {name: value for name, value in new.model_dump().items() if value is not None}
        return await _act(request, id, session, lambda chat: groups.change(str(chat.id), **given))

    photo_says = says('Set the photo', 'groups.manage', gives=OneGroupOut, takes=NewPhoto,
                      example={'media': {'url': 'https://example.org/logo.png'}}, problems=(*MISSING, 413))  # fmt: skip
    photo_says['openapi_extra']['requestBody']['content'] |= {'image/jpeg': PHOTO, 'image/png': PHOTO}

    @api.put('/{id}/photo', **photo_says)
    async def photo(request: Request, id: str, session: OfSession = '') -> Response:
        """A picture that is named as in a message, or the body itself, then a JPEG or PNG. At most 5 MB; its middle is
        shown, 640 pixels square.
        """
        kind = request.headers.get('content-type', '').partition(';')[0].strip().lower()
        if kind == 'application/json':
            asker, new = asker_of(request), await body_of(request, NewPhoto)
            return await _act(
                request, id, session, lambda chat: groups.set_photo(str(chat.id), _picture(gateway, asker, new.media))
            )
        if kind not in ('image/jpeg', 'image/png', 'application/octet-stream'):
            raise WrongType('The body must be the picture, with `Content-Type: image/jpeg` or `image/png`, or JSON.')
        data = await request.body()
        if not data:
            raise Invalid('There is no picture in the body.')
        return await _act(request, id, session, lambda chat: groups.set_photo(str(chat.id), data))

    @api.delete('/{id}/photo', **says('Take the photo away', 'groups.manage', gives=OneGroupOut, problems=MISSING))
    async def no_photo(request: Request, id: str, session: OfSession = '') -> Response:
        return await _act(request, id, session, lambda chat: groups.set_photo(str(chat.id), b''))

    @api.post('/{id}/leave', **says('Leave a group', 'groups.manage', gives=OneGroupOut, problems=MISSING))
    async def leave(request: Request, id: str, session: OfSession = '') -> Response:
        """Its chat stays, but nobody can write into it any more."""
        return await _act(request, id, session, lambda chat: groups.leave(str(chat.id)))

    @api.get('/{id}/invite', **says('The invite link', 'groups.manage', gives=InviteOut, problems=MISSING))
    async def invite(request: Request, id: str, session: OfSession = '') -> Response:
        """Whoever has it can join."""
        return await _link(request, id, session, fresh=False)

    @api.post('/{id}/invite/revoke', **says('A new invite link', 'groups.manage', gives=InviteOut, problems=MISSING))
    async def revoke(request: Request, id: str, session: OfSession = '') -> Response:
        """The old one ends at once."""
        return await _link(request, id, session, fresh=True)

    async def _link(request: Request, id: str, session: str, *, fresh: bool) -> Response:
        asker = asker_of(request)

        def work() -> Body:
            return {'link': groups.invite(str(visible_group(asker, id, session).id), fresh=fresh)}

        return json_answer(await aside_slowly(work))


def _its_people(api: APIRouter, gateway: Gateway) -> None:
    groups = gateway.groups

    @api.post('/{id}/members', **says('Change who is in it', 'groups.manage', gives=MembersOut, takes=MemberChanges,
              example={'add': ['+15551230002'], 'promote': ['+15551230001']}, problems=MISSING))  # fmt: skip
    async def members(request: Request, id: str, session: OfSession = '') -> Response:
        """Adds, removes, makes admins and takes that back, in this order. Each person has an outcome of their own."""
        asker, new = asker_of(request), await body_of(request, MemberChanges)

        def work() -> Body:
            chat = visible_group(asker, id, session)
            country = chat.session.country
            wanted = [(each, _people(getattr(new, each), country, each)) for each in ACTIONS if getattr(new, each)]
            if not wanted:
                raise Invalid('Name somebody to add, remove, promote or demote.', field='add')
            outcomes = [done for each, people in wanted for done in groups.members(str(chat.id), each, people)]
            return {'outcomes': _outcomes(outcomes), 'group': _one(str(chat.id))}

        return json_answer(await aside_slowly(work))


async def _act(request: Request, id: str, session: str, act: Callable[[Chat], object]) -> Response:
    asker = asker_of(request)

    def work() -> Body:
        chat = visible_group(asker, id, session)
        act(chat)
        return _one(str(chat.id))

    return json_answer(await aside_slowly(work))


def visible_group(asker: Asker, id: str, session: str = '') -> Chat:
    """By its chat's id or its address. Reads the database; raises NotFound, or Conflict where several sessions are in
    it and none is named.
    """
    ids = visible_ids(asker, session)
    if '@' not in id:
        found = groups_of(ids, id=id, limit=1)
    else:
        address = parse_jid(id, field='id')
        found = groups_of(ids, group=address.digits, limit=2) if address.kind == 'group' else []
    if not found:
        raise NotFound('There is no group with this id.')
    if len(found) > 1:
        raise Conflict('Several sessions are in this group: say which one, with `?session=`.', code='which_session')
    return found[0]


def _picture(gateway: Gateway, asker: Asker, part: FilePart) -> bytes:
    media = brought(gateway, asker, part)
    if not media.mime.startswith('image/'):
        raise Invalid(f'A photo is a picture; this is {media.mime}.', field='media', code='photo_invalid')
    if media.size > MOST_PHOTO:
        raise too_large(MOST_PHOTO)
    fits = gateway.media.adapt(media, 'image')
    return gateway.media.path_of(fits).read_bytes()


def _people(written: list[str], country: str, field: str) -> list[Address]:
    return [parse_recipient(text, country, field=f'{field}.{n}') for n, text in enumerate(written)]


def _one(chat_id: str) -> Body:
    return group_body(groups_of(id=chat_id, limit=1)[0])


def _outcomes(outcomes: Sequence[Outcome]) -> list[Body]:
    contacts = {str(row.id): row for row in contacts_by_ids({each.contact_id for each in outcomes})}
    return [
        {
            'action': each.action,
            'person': dict(person(contacts[each.contact_id])),
            'done': not each.error,
            'code': str(each.error) if each.error else None,
            'detail': each.problem or None,
        }
        for each in outcomes
    ]


def _preview(seen: GroupSeen) -> Body:
    return {
        'group': seen.group,
        'name': seen.name,
        'description': seen.description,
        'size': len(seen.participants) or None,
        'made_at': time_text(seen.made_at),
    }
