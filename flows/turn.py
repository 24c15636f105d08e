"""What a step sees and may do while it is its turn."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.errors import Invalid
from core.fill import evaluate, fill

from .conditions.base import Judge, Judged
from .effects import Effect, SetContact, TagContact
from .state import RunState

if TYPE_CHECKING:
    from .doors import Doors

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Turn:
    """`values` are what templates see: contact, message, chat, session, trigger, run, and `answer` after a question.

    `doors` lead to what is slow or outside (HTTP); whatever else happens is an effect.
    """

    def __init__(
        self, run: RunState, values: Mapping[str, Any], doors: 'Doors', path: str, now: datetime, home: str
    ) -> None:
        self.run, self.doors, self.path, self._now, self._home = run, doors, path, now, home
        self._values = values
        self.effects: list[Effect] = []
        self.text = ''
        self.result: dict[str, Any] = {}

    @property
    def now(self) -> datetime:
        return self._now

    @property
    def message_id(self) -> str:
        """Of the message that started the run, '' when none did."""
        return self.run.message_id or ''

    @property
    def values(self) -> dict[str, Any]:
        return {**self._values, 'run': {**self.run.variables, 'id': self.run.id}}

    def fill(self, template: str, more: Mapping[str, Any] = NOTHING) -> str:
        """`more`: values that only this template sees. Raises Invalid."""
        return fill(template, {**self.values, **more})

    def value(self, expression: str, more: Mapping[str, Any] = NOTHING) -> Any:
        """What the expression comes to, as a plain value. Raises Invalid."""
        return evaluate(expression, {**self.values, **more})

    def at(self, place: str) -> Any:
        """What is at `contact.vars.plan`, None when nothing is."""
        found: Any = self.values
        for name in place.split('.'):
            found = found.get(name) if isinstance(found, Mapping) else None
        return found

    def judge(self, what: 'str | Judge | tuple[Judge, ...]') -> Judged:
        """An expression, a condition, or several that must all be true."""
        if isinstance(what, str):
            found = self.value(what)
            return Judged(true=bool(found), text=f'{what} is {found!r:.100}')
        if isinstance(what, Judge):
            return what.judge(self)
        parts = tuple(each.judge(self) for each in what)
        failed = next((part for part in parts if not part.true), None)
        return Judged(true=failed is None, text=failed.text if failed else 'all conditions are true', parts=parts)

    def zone(self, name: str = '') -> ZoneInfo:
        """The zone by this name, else the contact's, else the house's. Raises Invalid."""
        return self.house_zone(name or self.at('contact.zone') or '')

    def since(self, what: str) -> timedelta | None:
        """How long ago they last wrote, we last wrote, … (`times` of the scene); None for never."""
        at = self.run.started_at if what == 'trigger' else self.at(f'times.{what}')
        return self._now - at if isinstance(at, datetime) else None

    def house_zone(self, name: str = '') -> ZoneInfo:
        """The zone by this name, else the house's. Raises Invalid."""
        said = name or self._home
        try:
            return ZoneInfo(said)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise Invalid(f'There is no time zone “{said[:60]}”.') from error

    def do(self, effect: Effect) -> None:
        """Have it carried out once this step is over."""
        self.effects.append(effect)

    def keep(self, name: str, value: Any) -> None:
        """Set `run.name`."""
        self.run.variables[name] = value

    def store(self, place: str, value: Any) -> None:
        """Set what is at `run.name` or `contact.vars.name`."""
        where, _, name = place.rpartition('.')
        if where == 'run':
            self.keep(name, value)
            return
        self.do(SetContact(name=name, value=value))
        contact = self._values.get('contact')
        if isinstance(contact, dict) and isinstance(contact.get('vars'), dict):
            contact['vars'][name] = value

    def tag(self, add: tuple[str, ...], remove: tuple[str, ...]) -> None:
        """Put tags on the contact and take others off; later steps see it."""
        self.do(TagContact(add=add, remove=remove))
        contact = self._values.get('contact')
        if isinstance(contact, dict):
            contact['tags'] = sorted((set(contact.get('tags', ())) | set(add)) - set(remove))

    def filled(self, what: Any, more: Mapping[str, Any] = NOTHING) -> Any:
        """A list or a mapping with everything in it worked out."""
        if isinstance(what, str):
            return self.value(what, more) if '{' in what else what
        if isinstance(what, Mapping):
            return {str(name): self.filled(each, more) for name, each in what.items()}
        return [self.filled(each, more) for each in what] if isinstance(what, list | tuple) else what

    def tell(self, text: str, **result: Any) -> None:
        """What the trace says of this step."""
        self.text, self.result = text, {**self.result, **result}
