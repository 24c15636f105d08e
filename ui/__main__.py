"""The commands."""

import argparse
import errno
import getpass
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, get_args

from core.errors import DovecoteError, Invalid, NotFound, SettingWrong, StateDirWrong
from core.rights import SYSTEM, Role
from core.settings import Settings, settings_table

if TYPE_CHECKING:
    from core.people import People

# Imports of what a command needs stand inside it: --help answers at once, and children that re-import this stay small.
# ruff: noqa: PLC0415


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns 0, 1 for what could not be done, 2 for what was asked wrongly."""
    os.umask(0o077)
    said = _parser().parse_args(argv)
    try:
        code: int = said.work(said)
    except DovecoteError as error:
        print(f'dovecote: {error}', file=sys.stderr)
        return 2 if isinstance(error, SettingWrong | StateDirWrong | Invalid) else 1
    except KeyboardInterrupt:
        return 130
    return code


def run(said: argparse.Namespace) -> int:
    settings = _settings(said)
    _port_is_free(settings.host, settings.port)
    from core.logs import start_logging

    start_logging(settings.log_format, settings.log_level)
    from .compose import serve

    return serve(settings, sandbox=said.sandbox)


def user_add(said: argparse.Namespace) -> int:
    settings = _settings(said)
    password = _password(from_stdin=said.password_stdin)
    with _people(settings) as people:
        person = people.add_user(SYSTEM, said.email, said.name, said.role, password)
    print(f'{person.email} may now sign in as {person.role}.')
    return 0


def user_password(said: argparse.Namespace) -> int:
    settings = _settings(said)
    with _people(settings) as people:
        person = next((each for each in people.users() if each.email == said.email.strip().lower()), None)
        if person is None:
            raise NotFound(f'Nobody has the e-mail address {said.email}.')
        people.set_password(SYSTEM, person.id, _password(from_stdin=said.password_stdin))
    print(f'{person.email} has a new password and is signed out everywhere.')
    return 0


def user_list(said: argparse.Namespace) -> int:
    with _people(_settings(said)) as people:
        for person in people.users():
            print(f'{person.email}\t{person.role}\t{"active" if person.active else "deactivated"}')
    return 0


def key_add(said: argparse.Namespace) -> int:
    with _people(_settings(said)) as people:
        _, text = people.add_key(SYSTEM, said.name, said.role, sessions=_session_ids(said.session))
    print(text)
    return 0


def migrate(said: argparse.Namespace) -> int:
    from core.state_dir import check_database, hold_state_dir
    from data.database import close_database, open_database

    with hold_state_dir(_settings(said).state) as state:
        check_database(state.db)
        open_database(state.db)
        close_database()
    print(f'{state.db} has the newest form.')
    return 0


def backup(said: argparse.Namespace) -> int:
    from core.backup import make_backup
    from core.state_dir import StateDir
    from core.world import real_world

    make_backup(StateDir(root=_settings(said).state), said.file, real_world())
    print(f'Everything is in {said.file}. It opens every session it holds: keep it secret.')
    return 0


def restore(said: argparse.Namespace) -> int:
    from core.backup import restore_backup
    from core.state_dir import hold_state_dir
    from core.world import real_world

    with hold_state_dir(_settings(said).state) as state:
        kept = restore_backup(state, said.file, real_world(), force=said.force)
    print(f'{state.root} is as it was in {said.file}.' + (f' What it held before is in {kept}.' if kept else ''))
    return 0


def doctor(said: argparse.Namespace) -> int:
    from core.doctor import examine
    from core.world import real_world

    well = True
    for finding in examine(_settings(said), real_world()):
        print(f'{"ok     " if finding.well else "WRONG  "}{finding.sentence}.', flush=True)
        well = well and finding.well
    return 0 if well else 1


def settings(said: argparse.Namespace) -> int:
    print(settings_table())
    return 0


def sandbox(said: argparse.Namespace) -> int:
    from core.logs import start_logging
    from core.sandbox.standalone import serve
    from core.state_dir import hold_state_dir

    settings = _settings(said)
    start_logging(settings.log_format, settings.log_level)
    with hold_state_dir(settings.state, sandbox=True) as state:
        serve(state.sandbox, said.server_port, said.control_port, partial(print, flush=True))
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f'{self.prog}: {message}. See `{self.prog} --help`.\n')


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog='dovecote', description='A self-hosted WhatsApp gateway. Unofficial.')
    commands = parser.add_subparsers(metavar='COMMAND', required=True)

    each = _command(commands, 'run', run, 'start everything')
    each.add_argument('--host', metavar='ADDRESS', help='where to listen (127.0.0.1)')
    each.add_argument('--port', help='the port to listen on (8080)')
    each.add_argument('--sandbox', action='store_true', help='use the built-in WhatsApp sandbox, no phone needed')

    users = commands.add_parser('user', help='who may sign in').add_subparsers(metavar='COMMAND', required=True)
    each = _command(users, 'add', user_add, 'let somebody sign in')
    each.add_argument('email')
    each.add_argument('--name', default='', help='how others see them (the part before the @)')
    each.add_argument('--role', required=True, choices=get_args(Role))
    each.add_argument('--password-stdin', action='store_true', help='read the password from standard input')
    each = _command(users, 'password', user_password, 'give somebody a new password and sign them out')
    each.add_argument('email')
    each.add_argument('--password-stdin', action='store_true', help='read the password from standard input')
    _command(users, 'list', user_list, 'who may sign in')

    keys = commands.add_parser('key', help='which programs may use the API')
    each = _command(
        keys.add_subparsers(metavar='COMMAND', required=True), 'add', key_add, 'make a key; it is shown once'
    )
    each.add_argument('name')
    each.add_argument('--role', required=True, choices=get_args(Role))
    each.add_argument('--session', action='append', default=[], help='only for this session; may be repeated')

    _command(commands, 'migrate', migrate, 'bring the database to the newest form (a start does it too)')
    each = _command(commands, 'backup', backup, 'copy everything into one file, also while running')
    each.add_argument('file', type=Path, metavar='FILE')
    each = _command(commands, 'restore', restore, 'bring a backup back')
    each.add_argument('file', type=Path, metavar='FILE')
    each.add_argument('--force', action='store_true', help='replace what is there; it is kept in backups/')
    _command(commands, 'doctor', doctor, 'say what this machine lacks')
    _command(commands, 'settings', settings, 'list every setting')
    each = _command(commands, 'sandbox', sandbox, 'run the WhatsApp sandbox alone')
    each.add_argument('--port', dest='server_port', type=_port, default=0, help='of the sandbox (any free one)')
    each.add_argument('--control-port', type=_port, default=0, help='where it takes orders by HTTP (any free one)')
    return parser


def _command(
    among: 'argparse._SubParsersAction[_Parser]',
    name: str,
    work: Callable[[argparse.Namespace], int],
    sentence: str,
) -> argparse.ArgumentParser:
    parser = among.add_parser(name, help=sentence, description=sentence[0].upper() + sentence[1:] + '.')
    parser.set_defaults(work=work, sandbox=name == 'sandbox')
    if name != 'settings':
        parser.add_argument('--state', metavar='DIR', help='where everything is kept (./state)')
    return parser


def _settings(said: argparse.Namespace) -> Settings:
    options = {name: getattr(said, name.lower(), None) for name in ('STATE', 'HOST', 'PORT')}
    return Settings.from_env(
        os.environ,
        sandbox=said.sandbox,
        options={name: value for name, value in options.items() if value is not None},
    )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f'{text!r} is no port, which is a number from 0 to 65535')
    return int(text)


def _port_is_free(host: str, port: int) -> None:
    """Try before any child is started: the sentence then comes at once and leaves nothing behind."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, proto) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except PermissionError as error:
        raise SettingWrong(
            f'Port {port} may not be opened by this user; choose one from 1024 on with --port.'
        ) from error
    except socket.gaierror as error:
        raise SettingWrong(f'{host} is no address or name of this machine; set --host.') from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SettingWrong(f'Port {port} is in use by another program; choose another with --port.') from error
        raise SettingWrong(f'This machine cannot listen on {host}: {error.strerror}.') from error


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip('\r\n')
    if not sys.stdin.isatty():
        raise Invalid('There is no terminal to ask for the password; give it with --password-stdin.')
    password = getpass.getpass('Password: ')
    if getpass.getpass('Once more: ') != password:
        raise Invalid('The two passwords differ.')
    return password


@contextmanager
def _people(settings: Settings) -> 'Iterator[People]':
    """The people of a state directory, also while the program runs on it: SQLite lets both write in turn."""
    from core.people import People
    from core.state_dir import check_database, prepare_state_dir
    from core.world import real_world
    from data.database import close_database, open_database

    state = prepare_state_dir(settings.state)
    check_database(state.db)
    open_database(state.db)
    try:
        yield People(real_world(), state.secret_key(settings.secret_key).encode())
    finally:
        close_database()


def _session_ids(names: list[str]) -> list[str] | None:
    """None means every session, also those still to come."""
    from data.database import read
    from data.sessions import session_by_name

    with read():
        found = {name: session_by_name(name) for name in names}
    for name, session in found.items():
        if session is None:
            raise Invalid(f'There is no session {name!r}.')
    return [session.id for session in found.values() if session] or None


if __name__ == '__main__':
    sys.exit(main())
