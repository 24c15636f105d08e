"""Flows that programs start."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.addresses import parse_recipient
from core.errors import Conflict, Forbidden, NotFound
from core.rights import Asker
from data.database import write
from data.scenes import chat_scene
from data.sessions import Session, session_by_name
from flows.library import LiveFlow
from flows.occasion import Occasion
from flows.parts import Name
from flows.router import fitting

from ..compose import Gateway
from .asking import visible_session


class NewStart(BaseModel):
    """One of `to` (with `session`), `chat`, and nothing but `session` for a flow that writes to nobody."""

    model_config = ConfigDict(extra='forbid')

    session: Annotated[str, Field(max_length=100, description='Not needed with `chat`.', examples=['shop'])] = ''
    to: Annotated[str, Field(max_length=200, description='A number, a JID or a contact’s id.', examples=['+15551230001'])] = ''  # fmt: skip  # noqa: E501
    chat: Annotated[str, Field(max_length=64, description='The id of a chat, instead of `to`.')] = ''
    values: Annotated[dict[Name, Any], Field(max_length=50, description='What the flow sees as `run.*`.')] = {}

    @model_validator(mode='after')
    def _one_place(self) -> 'NewStart':
        if self.to and self.chat:
            raise ValueError('A flow is started with `to` or in `chat`, not both.')
        if not self.session and not self.chat:
            raise ValueError('A flow is started with `session` and `to`, or in `chat`.')
        return self


def started(gateway: Gateway, asker: Asker, key: str, new: NewStart, keep: Callable[[list[str]], object]) -> list[str]:
    """The ids of its runs, which `keep` gets inside the write that keeps them.

    Raises NotFound for what the asker may not see, Forbidden and Conflict for what cannot be started.
    """
    flow = _live(gateway, key)
    _check_sessions(gateway, asker, flow)
    if all(trigger.type != 'api' for trigger in flow.document.triggers):
        sentence = f'The flow {key} has no trigger of the type “api”, so programs may not start it.'
        raise Conflict(sentence, code='no_api_trigger')
    occasion = _occasion(gateway, asker, new)
    why = fitting(flow, occasion)
    if isinstance(why, str):
        raise Conflict(f'The flow {key} is not started like this: {why}.', code='no_api_trigger')
    return gateway.router.happen(occasion, only=flow, also=keep)


def _check_sessions(gateway: Gateway, asker: Asker, flow: LiveFlow) -> None:
    """Raises Forbidden where the flow, or one that it starts, also writes from a session that is not the asker's."""
    if asker.sessions is None:
        return
    for name in sorted(gateway.library.writes_from(flow)):
        row = session_by_name(name)
        if row is None or not asker.may_session(str(row.id)):
            raise Forbidden(f'The flow {flow.document.key} also writes from a session that this key may not use.')


def _live(gateway: Gateway, key: str) -> LiveFlow:
    try:
        return gateway.library.flow(key)
    except NotFound as error:
        raise Conflict(str(error), code='flow_off') from error


def _occasion(gateway: Gateway, asker: Asker, new: NewStart) -> Occasion:
    facts = {'values': dict(new.values), 'by': asker.name}
    if not new.to and not new.chat:
        row = visible_session(asker, new.session)
        return Occasion(
            kind='api', at=gateway.world.now(), session_id=str(row.id), session=str(row.name), facts=facts
        )  # fmt: skip
    chat = chat_scene(new.chat or _chat(gateway, visible_session(asker, new.session), new.to))
    if chat is None or not asker.may_session(chat['session_id']) or new.session not in ('', chat['session']):
        raise NotFound('There is no such chat.')
    return Occasion(
        kind='api', at=gateway.world.now(), session_id=chat['session_id'], session=chat['session'], chat_id=chat['id'],
        group=chat['group'] or '', contact_id=chat['contact_id'], facts=facts,
    )  # fmt: skip


def _chat(gateway: Gateway, session: Session, to: str) -> str:
    address = parse_recipient(to, str(session.country or gateway.settings.default_country))
    return write(lambda: gateway.identities.chat_for(str(session.id), address))
