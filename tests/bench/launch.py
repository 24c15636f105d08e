"""The product with the sandbox in somebody else's hands: `python -m tests.bench.launch STATE PORT LIBRARY SERVER-PORT`.

The same parts put together in the same order as `dovecote run --sandbox` does it. But the server and its phones
survive the product, as WhatsApp does, and what the phones are told to do costs the product nothing.
"""

import os
import sys
from pathlib import Path

from core.logs import start_logging
from core.sandbox.control import Watcher
from core.sandbox.process import Sandbox
from core.settings import Settings
from core.state_dir import check_database, hold_state_dir
from core.world import real_world
from data.database import close_database, open_database
from ui.compose import Gateway, compose

SAID = {'ALLOW_TARGETS': '127.0.0.0/8'}  # whoever is told what happens lives here too
PONG = {
    'schema': 'dovecote.flow/1',
    'key': 'pong',
    'name': 'Pong',
    'triggers': [{'id': 'ping', 'type': 'message', 'match': {'op': 'keyword', 'values': ['ping']}}],
    'steps': [{'id': 'answer', 'do': 'send', 'text': 'pong {{ message.text }}'}],
}


class Elsewhere(Sandbox):
    """Where a sandbox is that this process may not steer."""

    def __init__(self, library: Path, port: int) -> None:
        self._library, self._port = library, port

    @property
    def library(self) -> Path:
        return self._library

    @property
    def address(self) -> tuple[str, int]:
        return '127.0.0.1', self._port

    def watch(self, watcher: Watcher) -> None:
        """Nothing is ever told."""


def main() -> int:
    state_dir, port, library, server_port = sys.argv[1:]
    os.umask(0o077)
    settings = Settings.from_env({}, sandbox=True, options=SAID | {'STATE': state_dir, 'PORT': port})
    start_logging(settings.log_format, settings.log_level)
    with hold_state_dir(settings.state, sandbox=True) as state:
        check_database(state.db)
        # Its files are behind TLS: this is whom to believe.
        state.sandbox.mkdir(exist_ok=True)
        (state.sandbox / 'ca.pem').write_bytes((Path(library).parent / 'ca.pem').read_bytes())
        open_database(state.db)
        try:
            return serve(compose(settings, state, real_world(), sandbox=Elsewhere(Path(library), int(server_port))))
        finally:
            close_database()


def serve(gateway: Gateway) -> int:
    gateway.start()
    try:
        # As in ui/compose.py: only now, while the host loads the library.
        from ui.greeting import welcome_owner  # noqa: PLC0415
        from ui.server import run_server  # noqa: PLC0415

        welcome_owner(gateway)
        gateway.library.save(PONG)
        return run_server(gateway)
    finally:
        gateway.stop()


if __name__ == '__main__':
    sys.exit(main())
