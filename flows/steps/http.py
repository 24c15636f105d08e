"""Ask another system."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from core.errors import Invalid

from ..doors import HttpAnswer, HttpCall
from ..parts import Confidential, Part, Place, Span, chip, has_secret
from ..secrets import masked
from .base import Next, Outcome, StepKind, Wait

if TYPE_CHECKING:
    from ..turn import Turn

FORBIDDEN = {'host', 'content-length', 'connection', 'transfer-encoding', 'upgrade', 'te', 'trailer', 'keep-alive'}
PASSES = {408, 425, 429}  # may be otherwise the next time, like everything from 500 on


class Retry(Part):
    """`backoff`: the same pause each time, or twice as long each time."""

    tries: int = Field(default=3, ge=1, le=10, title='Tries')
    pause: Span = Field(default='5s', validate_default=True, title='Pause')
    backoff: Literal['constant', 'exponential'] = Field(default='exponential', title='Pause grows')


class HttpStep(StepKind):
    """`json` or `body` is sent. The answer, read as JSON where it is some, is kept as `save_as`.

    Here, and nowhere else, `{{ secret.name }}` shows a secret; what comes back is kept with all of them hidden. A
    header that comes out empty is not sent.

    `idempotency`: an Idempotency-Key that stays the same over tries, and over a restart in the middle.
    """

    LABEL: ClassVar[str] = 'Ask another system'
    ABOUT: ClassVar[str] = 'Calls an address on the web and keeps the answer.'

    do: Literal['http'] = 'http'
    method: Literal['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] = Field(default='GET', title='Method')
    url: Confidential = Field(min_length=1, max_length=2_048, title='Address')
    headers: dict[str, Confidential] = Field(
        default_factory=dict, max_length=30, title='Headers', json_schema_extra={'form': 'rows'}
    )
    json_: Any = Field(default=None, alias='json', title='JSON', json_schema_extra={'form': 'text'})
    body: Confidential = Field(default='', title='Body')
    save_as: Place | None = Field(default=None, title='Keep the answer as')
    timeout: Span = Field(default='10s', validate_default=True, title='Wait at most')
    retry: Retry = Field(default=Retry(tries=1), title='Try again')
    accept: Literal['2xx', 'any'] = Field(default='2xx', title='Answers that are right')
    idempotency: bool = Field(default=True, title='Send an Idempotency-Key')

    @field_validator('headers')
    @classmethod
    def _sendable(cls, headers: dict[str, str]) -> dict[str, str]:
        for name in headers:
            if not name.replace('-', '').replace('_', '').isalnum() or name.lower() in FORBIDDEN:
                raise ValueError(f'the header “{name[:40]}” cannot be set')
        return headers

    @model_validator(mode='after')
    def _one_body(self) -> 'HttpStep':
        if self.json_ is not None and self.body:
            raise ValueError('it sends json or a body, not both')
        if self.timeout > timedelta(seconds=30):
            raise ValueError('an answer is waited for 30 seconds at most')
        return self

    def says(self) -> str:
        kept = f' and keep the answer as |{self.save_as}|' if self.save_as else ''
        return f'{self.method} {chip(self.url)}{kept}'

    def is_slow(self) -> bool:
        return True

    def run(self, turn: 'Turn') -> Outcome:
        state = turn.run.loops.setdefault(turn.path, {'tries': 0, 'key': f'{turn.run.id}-{turn.run.taken}'})
        state['tries'] += 1
        secrets = self._secrets(turn)
        try:
            answer = turn.doors.call(self.id, self._call(turn, state['key'], secrets))
            self._check(answer)
        except Invalid as said:
            error = Invalid(masked(str(said), secrets), code=said.code)
            if state['tries'] < self.retry.tries and _may_pass(error):
                turn.tell('Failed, tried again later', error=str(error))
                return Wait(kind='time', until=turn.now + self._pause(state['tries']), about='the next try')
            del turn.run.loops[turn.path]
            raise error from None  # the other one may hold a secret
        del turn.run.loops[turn.path]
        found = masked(answer.json if answer.json is not None else answer.text, secrets)
        if self.save_as:
            turn.store(self.save_as, found)
        turn.tell(f'Answered {answer.status}', status=answer.status, body=found)
        return Next()

    def _secrets(self, turn: 'Turn') -> Mapping[str, str]:
        said = (self.url, self.headers, self.body, self.json_)
        return turn.doors.secrets() if has_secret(said) else {}

    def _call(self, turn: 'Turn', key: str, secrets: Mapping[str, str]) -> HttpCall:
        more = {'secret': secrets} if secrets else {}
        headers = {name: turn.fill(value, more).strip() for name, value in self.headers.items()}
        headers = {name: value for name, value in headers.items() if value}
        body = turn.fill(self.body, more).encode()
        if self.json_ is not None:
            body = json.dumps(turn.filled(self.json_, more), default=str).encode()
            headers = {'content-type': 'application/json', **{name.lower(): each for name, each in headers.items()}}
        if self.idempotency and self.method != 'GET':
            headers.setdefault('idempotency-key', key)
        return HttpCall(
            method=self.method, url=turn.fill(self.url, more).strip(), headers=headers, body=body,
            seconds=self.timeout.total_seconds(),
        )  # fmt: skip

    def _check(self, answer: HttpAnswer) -> None:
        if self.accept == '2xx' and not 200 <= answer.status < 300:
            code = 'http_passes' if answer.status in PASSES or answer.status >= 500 else 'http_refused'
            raise Invalid(f'The other system answered {answer.status}.', code=code)

    def _pause(self, tries: int) -> timedelta:
        return self.retry.pause * (2 ** (tries - 1) if self.retry.backoff == 'exponential' else 1)


def _may_pass(error: Invalid) -> bool:
    return error.code in ('http_passes', 'url_unreachable', 'url_too_slow')
