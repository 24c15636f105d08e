"""What is printed once everything answers: where it is and how to get in."""

import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .compose import Gateway

SANDBOX_EMAIL = 'you@sandbox.example'


def greeting(gateway: 'Gateway', port: int) -> str:
    """A few lines for the terminal; the only place where a password or set-up token is ever printed."""
    address = address_of(gateway, port)
    lines = [f'Dovecote answers at {address}']
    if gateway.sandbox is not None:
        lines += [
            f'Sign in with {SANDBOX_EMAIL} and the password {sandbox_password(gateway)}',
            f'Play a customer at {address}/sandbox, read about the API at {address}/api/docs',
        ]
    elif token := gateway.people.setup_token():
        lines += [f'Nobody may sign in yet. Create the first owner at {address}/set-up with the token {token}']
    width = max(map(len, lines))
    frame = '─' * (width + 2)
    return '\n'.join([f'┌{frame}┐', *(f'│ {line:<{width}} │' for line in lines), f'└{frame}┘'])


def address_of(gateway: 'Gateway', port: int) -> str:
    settings = gateway.settings
    if settings.public_url:
        return settings.public_url.rstrip('/')
    host = {'0.0.0.0': '127.0.0.1', '::': '[::1]'}.get(settings.host, settings.host)
    return f'http://{f"[{host}]" if ":" in host and not host.startswith("[") else host}:{port}'


def welcome_owner(gateway: 'Gateway') -> None:
    """In a fresh sandbox: somebody who may sign in, so that a newcomer need not set anything up."""
    token = gateway.people.setup_token()
    if token:
        gateway.people.set_up(token, SANDBOX_EMAIL, 'You', sandbox_password(gateway))


def sandbox_password(gateway: 'Gateway') -> str:
    """The same at every start, different for every state directory."""
    key = gateway.state.secret_key(gateway.settings.secret_key).encode()
    return '-'.join(hmac.new(key, b'sandbox sign-in', 'sha256').hexdigest()[n : n + 4] for n in (0, 4, 8))
