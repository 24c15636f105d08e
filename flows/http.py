"""The door of flows to other systems: one guarded request, bounded in time and size."""

import json
from collections.abc import Callable, Mapping

from core.errors import Invalid, TooLarge
from core.fetch import Guard, checked, translated
from core.world import World

from .doors import HttpAnswer, HttpCall

ANSWER_MOST = 64 * 1024


class Http:
    def __init__(
        self, world: World, guard: Guard, secrets: Callable[[], Mapping[str, str]] = dict
    ) -> None:  # fmt: skip
        self.world, self.guard, self.secrets = world, guard, secrets

    def new_id(self) -> str:
        return self.world.new_id()

    def call(self, step: str, call: HttpCall) -> HttpAnswer:
        """Raises Invalid (`url_not_allowed`, `url_unreachable`, `url_too_slow`) and TooLarge."""
        with translated(call.url):
            url = checked(call.url)
            with (
                self.guard.client(total=call.seconds) as client,
                client.stream(call.method, url, headers=_headers(call), content=call.body or None) as answer,
            ):
                body = b''
                for chunk in answer.iter_bytes():
                    body += chunk
                    if len(body) > ANSWER_MOST:
                        raise TooLarge(f'The answer is larger than {ANSWER_MOST // 1024} kB.')
                text = body.decode(answer.encoding or 'utf-8', 'replace')
                return HttpAnswer(status=answer.status_code, headers=dict(answer.headers), text=text, json=_json(text))


def _headers(call: HttpCall) -> list[tuple[bytes, bytes]]:
    for name, value in call.headers.items():
        if not value.isprintable():
            raise Invalid(f'The header {name} holds a line break or something else that cannot be sent.')
    return [(name.encode(), value.encode()) for name, value in call.headers.items()]


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None
