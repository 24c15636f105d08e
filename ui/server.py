"""The web server: which routes and pages there are, and how it ends."""

import gc
import importlib
import logging
import pkgutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socket import socket

import uvicorn
from fastapi import FastAPI
from nicegui import ui

from core.rights import Asker
from data.chats import unread_total
from data.database import read

from . import api, pages
from .compose import Gateway
from .frame import LOOK, dress
from .greeting import greeting
from .guard import Rules, guard
from .login import Entrance
from .media import MediaPages

log = logging.getLogger(__name__)
GRACE = 2  # seconds for requests under way when the program ends; streams and open pages do not count


def run_server(gateway: Gateway) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code."""
    settings = gateway.settings
    config = uvicorn.Config(
        build(gateway),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=settings.log_level == 'DEBUG',
        server_header=False,
        proxy_headers=False,  # ui/guard.py decides whom to believe
        timeout_graceful_shutdown=GRACE,
        ws_max_size=2**22,
    )
    server = _Server(config)
    server.greet = lambda port: print(greeting(gateway, port), flush=True)
    server.part = lambda: gateway.desk.whisper('dovecote.stopping', {})
    server.run()
    return 0 if server.started else 1


def build(gateway: Gateway) -> FastAPI:
    """Everything that answers HTTP. REST and sign-in are on the parent; NiceGUI gets what is left."""
    app = FastAPI(title='Dovecote', docs_url=None, redoc_url=None, openapi_url=None)
    settings = gateway.settings
    api.mount(app, gateway)
    dress(app, bus=gateway.bus, unread=_unread)
    MediaPages(gateway.media).open(app)
    Entrance(gateway.people, public_url=settings.public_url, sandbox=gateway.sandbox is not None).open(app)
    for module in pkgutil.iter_modules(pages.__path__):
        importlib.import_module(f'{pages.__name__}.{module.name}').register(gateway)
    limits = api.body_limits(settings)
    guard(app, Rules(public_url=settings.public_url, trusted_proxies=settings.trusted_proxies, body_limits=limits))
    api.count(app, gateway)
    ui.run_with(
        app, title='Dovecote', favicon=LOOK / 'mark.svg', dark=None, tailwind=False, language='en-US',
        show_welcome_message=False, reconnect_timeout=10,
    )  # fmt: skip
    return app


def _unread(asker: Asker) -> int:
    with read():
        return unread_total(None if asker.sessions is None else sorted(asker.sessions))


class _Server(uvicorn.Server):
    greet: Callable[[int], None]
    part: Callable[[], None]

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            # What was loaded at the start stays for ever: a collection that walks through it all stops everything for
            # tens of milliseconds, again and again.
            gc.collect()
            gc.freeze()
            self.greet(self.servers[0].sockets[0].getsockname()[1])  # the setting may say: any free one

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        self.part()  # streams would keep it waiting
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn does it, but the signal ends only the serving: what comes after still has to be done."""
        with super().capture_signals():
            try:
                yield
            finally:
                self._captured_signals.clear()
                # From here on a second signal must not cut the orderly end short.
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
