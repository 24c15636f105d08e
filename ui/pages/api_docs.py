"""The reference of the REST API, to be read by someone with nothing but curl."""

import re
from collections.abc import Callable
from functools import cache

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, Template
from markupsafe import Markup, escape
from nicegui import run, ui

from core.rights import Login

from ..api import origin_of, reference_of
from ..api.manual import Schema, manual_of
from ..compose import Gateway
from ..frame import LOOK, frame
from ..login import page
from ..pieces import box, heading


def register(gateway: Gateway) -> None:
    document = cache(lambda: reference_of(gateway))

    @page('/api/docs')
    async def api_docs(login: Login, request: Request) -> None:
        origin = gateway.settings.public_url or origin_of(request)
        ui.add_head_html(f'<style>{_file("api_docs.css")}</style>')
        ui.add_body_html(f'<script>{_file("api_docs.js")}</script>')
        with frame('API', here='/api/docs', login=login, sandbox=gateway.sandbox is not None):
            with heading('API', f'Everything Dovecote does, over plain HTTP at {origin}/api/v1.'):
                ui.link('OpenAPI 3.1', '/api/v1/openapi.json').classes('small nowrap')
            with box('body flush'):
                # Our own markup, filled by Jinja with autoescape.
                ui.html(await run.io_bound(_markup, document, origin) or '', sanitize=False).classes('manual')


def _markup(document: Callable[[], Schema], origin: str) -> str:
    return _template().render(sections=manual_of(document(), origin), origin=origin)


def prose(text: str) -> Markup:
    """Plain words, with `code` in them."""
    return Markup(re.sub(r'`([^`]+)`', r'<code>\1</code>', str(escape(text))))


@cache
def _template() -> Template:
    rooms = Environment(loader=FileSystemLoader(LOOK), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    rooms.filters['prose'] = prose
    return rooms.get_template('api_docs.html')


@cache
def _file(name: str) -> str:
    return (LOOK / name).read_text('utf-8')
