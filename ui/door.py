"""The card that people meet before they are inside: sign-in, first set-up, and a page that is not there."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, Template
from markupsafe import Markup
from starlette.types import Scope

from .frame import LOOK, MARK, style_links


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One line of the form. `least`: the fewest characters the browser lets through, 0 for any."""

    name: str
    label: str = ''
    type: str = 'text'
    value: str = ''
    autocomplete: str = 'off'
    hint: str = ''
    least: int = 0


def card(
    request: Request, title: str, *, sentence: str = '', fields: Sequence[Field] = (), button: str = '',
    problem: str = '', foot: str = '', way: tuple[str, str] | None = None, status: int = 200,
) -> Response:  # fmt: skip
    """A plain page with one card, in the look this browser wore last; it needs no script and no socket.

    `problem` is shown above the button; `way` is a path and its words.
    """
    look = request.cookies.get('dovecote_look')
    shown = [field for field in fields if field.type != 'hidden']
    body = _template().render(
        title=title, sentence=sentence, fields=fields, button=button, problem=problem, foot=foot, way=way,
        action=request.url.path, look=look if look in ('light', 'dark') else 'normal', mark=Markup(MARK),
        links=Markup(style_links()),
        focus=next((field.name for field in shown if not field.value), ''),
    )  # fmt: skip
    return HTMLResponse(body, status)


def nothing_here(scope: Scope) -> Response:
    sentence = 'The address may be mistyped, or what it showed is gone.'
    return card(Request(scope), 'There is nothing here', sentence=sentence, way=('/', 'Go to the start'), status=404)


@cache
def _template() -> Template:
    return Environment(
        loader=FileSystemLoader(LOOK), autoescape=True, trim_blocks=True, lstrip_blocks=True
    ).get_template('door.html')
