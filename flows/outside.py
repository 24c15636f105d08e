"""What flows reach outside the database: other systems through the guard, files, templates."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import from_json

from core.attaching import as_message, from_web
from core.errors import Invalid, TooLarge
from core.events import FileKind
from core.fetch import Guard, checked, translated
from core.media import MediaStore
from core.outbox import Saying
from core.templates import Templates, letter
from core.world import World

from .doors import HttpAnswer, HttpCall

ANSWER_MOST = 64 * 1024
FETCHING = 60.0  # seconds for a file


class Outside:
    """`secrets`: all there are, by name."""

    def __init__(
        self, world: World, guard: Guard, media: MediaStore | None = None, *, templates: Templates | None = None,
        secrets: Callable[[], Mapping[str, str]] = dict,
    ) -> None:  # fmt: skip
        self.world, self.guard, self.media, self.templates = world, guard, media, templates
        self.secrets = secrets

    def new_id(self) -> str:
        return self.world.new_id()

    def file(self, *, id: str, url: str, kind: FileKind | None, caption: str, filename: str) -> Saying:
        """Raises what the guard raises, Invalid, NotFound, TooLarge and Conflict (`ffmpeg_missing`)."""
        if self.media is None:
            raise Invalid('There are no files here.')
        store = self.media
        found = store.media(id) if id else from_web(store, self.guard, url, filename=filename, total=FETCHING)
        return as_message(store, found, kind, caption=caption, filename=filename)

    def template(self, key: str, language: str, values: Mapping[str, Any]) -> Saying:
        if self.templates is None or self.media is None:
            raise Invalid('There are no templates here.')
        return letter(self.media, self.templates.filled(key, values, language))

    def call(self, step: str, call: HttpCall) -> HttpAnswer:
        """Raises Invalid (`url_not_allowed`, `url_unreachable`, `url_too_slow`) and TooLarge."""
        with translated(call.url):
            url = checked(call.url)
            with (
                self.guard.client(total=call.seconds) as client,
                client.stream(call.method, url, headers=_headers(call), content=call.body or None) as answer,
            ):
                body = b''
                if answer.headers.get('content-encoding', 'identity').lower() not in ('', 'identity'):
                    # A few bytes can unfold into gigabytes; we said that we want none of that.
                    raise Invalid('The other system answered in a packed form that was not asked for.')
                for chunk in answer.iter_raw():
                    body += chunk
                    if len(body) > ANSWER_MOST:
                        raise TooLarge(f'The answer is larger than {ANSWER_MOST // 1024} kB.')
                text = _text(body, answer.encoding or 'utf-8')
                return HttpAnswer(status=answer.status_code, headers=dict(answer.headers), text=text, json=_json(text))


def _headers(call: HttpCall) -> list[tuple[bytes, bytes]]:
    for name, value in call.headers.items():
        if not value.isprintable():
            raise Invalid(f'The header {name} holds a line break or something else that cannot be sent.')
    return [(name.encode(), value.encode()) for name, value in call.headers.items()]


def _text(body: bytes, encoding: str) -> str:
    """Whatever they call it: some codecs are none for texts, others make halves of characters."""
    try:
        said = body.decode(encoding, 'replace')
    except (LookupError, ValueError):
        said = body.decode('utf-8', 'replace')
    return said.encode('utf-8', 'replace').decode()


def _json(text: str) -> object:
    """None for what is none, and for what could not be kept: endless depth, numbers that are none."""
    try:
        found: object = from_json(text, allow_inf_nan=False)
    except ValueError:
        return None
    return found
