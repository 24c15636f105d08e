"""What a hook can do: say something, make or name a contact, start a flow. And what it would do."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from data.chats import chat_with
from data.database import read
from data.traffic import session_facts

from ..addresses import Address, parse_recipient
from ..allowed import can_send
from ..errors import Conflict, DovecoteError, Invalid, NotFound
from ..fetch import checked
from ..identities import Identities
from ..outbox import LONGEST, Author, Outbox, Saying
from ..templates import Filled
from .hooks import Hooks
from .mapping import Map, Unknown, Wish, wishes_of

Done = dict[str, Any]


class Doing:
    def __init__(self, identities: Identities, outbox: Outbox, hooks: Hooks, *, country: str = '') -> None:
        self.identities, self.outbox, self.hooks, self.country = identities, outbox, hooks, country

    def do(
        self, wish: Wish, saying: Saying | None, author: Author, *, country: str, payload: Any, unknown: Unknown
    ) -> Done:
        """Inside a write: {state: done or ignored, message?, contact?, run?}. `saying`: what its file or its template
        makes of it.

        Raises Invalid, NotFound or Conflict; then nothing of it was done.
        """
        address = self._address(wish, country)
        if wish.action == 'message':
            saying = replace(saying or Saying(text=wish.text), session=wish.session, to=str(address))
        stranger = not self._is_known(address, wish)
        if stranger and unknown == 'error':
            raise NotFound(f'{wish.to} is no contact.')
        if stranger and unknown == 'ignore':
            return {'state': 'ignored', 'why': f'{wish.to} is no contact.'}
        done: Done = {'state': 'done'}
        if wish.action == 'message' and saying is not None:
            line = self.outbox.post(saying, author)
            done |= {'message': line.id, 'chat': line.chat_id}
            if stranger and wish.name and address.kind != 'group':
                self.identities.call(self.identities.someone(address), wish.name)
            return done
        if address.kind == 'group':
            raise Invalid('A group is no contact.', field='map.to')
        contact = self.identities.someone(address)
        if wish.name and (stranger or wish.action == 'contact'):
            self.identities.call(contact, wish.name[:200])
        done['contact'] = contact
        if wish.action == 'flow':
            done['run'] = self._started(wish, payload, contact)
        return done

    def letter(self, wish: Wish, country: str) -> Filled:
        """What its template says. Raises Invalid, NotFound, Conflict and NoFiller; may take a second."""
        with read():
            return self._filled(wish, self._address(wish, country))

    def rehearse(self, map: Map, values: Mapping[str, Any]) -> list[Done]:
        """What would be done, and what would go wrong with it: nothing is. Reads the database. Raises Invalid."""
        return [self._rehearsed(map, wish) for wish in wishes_of(self.hooks.checked(map), values)]

    def _rehearsed(self, map: Map, wish: Wish) -> Done:
        told: Done = {
            'number': wish.number, 'action': wish.action, 'session': wish.session, 'to': wish.to, 'text': wish.text,
            'media': wish.url or None, 'template': wish.template or None, 'flow': wish.flow or None,
            'name': wish.name or None, 'vars': dict(wish.vars), 'delay': wish.delay,
            'dedupe_key': wish.dedupe_key or None, 'problem': wish.problem or None, 'field': wish.field or None,
            'note': None,
        }  # fmt: skip
        if wish.problem:
            return told
        try:
            with read():
                return {**told, **self._looked(map, wish)}
        except DovecoteError as error:
            return {**told, 'problem': str(error), 'field': getattr(error, 'field', '') or None}

    def _looked(self, map: Map, wish: Wish) -> Done:
        address = self._address(wish, map.country)
        said = {'text': self._filled(wish, address).text} if wish.template and wish.action == 'message' else {}
        if wish.action == 'message' and not wish.url and not wish.template:
            if not wish.text.strip():
                raise Invalid('There is nothing to say: the text is empty.', field='map.text')
            if len(wish.text) > LONGEST:
                raise Invalid(f'A text may have {LONGEST} characters.', field='map.text')
        if wish.url:
            _checked_url(wish.url)
        note = None
        if not self._is_known(address, wish):
            if map.unknown == 'error':
                raise NotFound(f'{wish.to} is no contact.')
            note = 'Nothing would be done: this is no contact.' if map.unknown == 'ignore' else 'This is a new contact.'
        return {**said, 'to': f'+{address.digits}' if address.kind == 'phone' else str(address), 'note': note}

    def _address(self, wish: Wish, country: str) -> Address:
        """Raises Invalid, NotFound and Conflict for a session that is not there or cannot send."""
        of_session = self._country_of(wish) if wish.session or wish.action == 'message' else ''
        return parse_recipient(wish.to, country or of_session or self.country, field='map.to')

    def _country_of(self, wish: Wish) -> str:
        facts = session_facts(wish.session)
        if facts is None:
            raise NotFound(f'There is no session called “{wish.session[:48]}”.')
        _, state, detail, country, linked = facts
        if wish.action == 'message' and not can_send(state, linked=linked):
            how = state.replace('_', ' ') if linked else 'not linked to a phone yet'
            raise Conflict(f'{wish.session} cannot send: it is {how}. {detail}', code='session_not_working')
        return country

    def _is_known(self, address: Address, wish: Wish) -> bool:
        if address.kind != 'group':
            return self.identities.known(address) is not None
        facts = session_facts(wish.session)
        return facts is not None and chat_with(facts[0], group=address.digits) is not None

    def _filled(self, wish: Wish, to: Address) -> Filled:
        if self.hooks.fill_template is None:
            raise Invalid('There are no templates yet; write the text here instead.', field='map.template')
        try:
            return self.hooks.fill_template(wish.template, wish.vars, to=to, session=wish.session)
        except (Invalid, NotFound) as error:
            raise Invalid(str(error), field='map.template', code=error.code) from error

    def _started(self, wish: Wish, payload: Any, contact: str) -> str:
        if self.hooks.start_flow is None:
            raise Invalid('Flows cannot be started by hooks yet; send a message instead.', field='map.flow')
        return self.hooks.start_flow(wish.flow, payload, contact, wish.session)


def _checked_url(url: str) -> None:
    try:
        checked(url)
    except Invalid as error:
        raise Invalid(str(error), field='map.media.url', code=error.code) from error
