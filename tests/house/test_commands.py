"""The commands as a person types them."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from .commands import ROOT, clean_env, dovecote

COMMANDS = [
    ('run',),
    ('user', 'add'),
    ('user', 'password'),
    ('user', 'list'),
    ('key', 'add'),
    ('migrate',),
    ('backup',),
    ('restore',),
    ('doctor',),
    ('settings',),
    ('sandbox',),
]
PASSWORD = 'correct horse battery\n'


@pytest.mark.parametrize('words', [(), *COMMANDS], ids=' '.join)
def test_every_command_explains_itself(words: tuple[str, ...]) -> None:
    done = dovecote(*words, '--help')
    assert (done.returncode, done.stderr) == (0, '')
    assert done.stdout.startswith('usage: dovecote')


@pytest.mark.parametrize(
    'words',
    [
        (),
        ('fly',),
        ('run', '--prot', '8080'),
        ('run', '--port', 'eighty'),
        ('run', '--port', '70000'),
        ('run', '--host', 'not a host'),
        ('run', '--host', '203.0.113.1'),
        ('user',),
        ('user', 'add', 'a@example.org'),
        ('user', 'add', 'a@example.org', '--role', 'king'),
        ('key', 'add', 'ci', '--role', 'agent', '--session'),
        ('backup',),
        ('sandbox', '--port', '70000'),
    ],
    ids=' '.join,
)
def test_what_is_typed_wrongly_ends_with_2_and_one_sentence(words: tuple[str, ...]) -> None:
    done = dovecote(*words)
    assert (done.returncode, done.stdout) == (2, '')
    assert re.fullmatch(r'dovecote[^\n]*\.\n', done.stderr), done.stderr


def test_a_wrong_setting_ends_with_2_and_one_sentence() -> None:
    done = dovecote('run', DOVECOTE_PROT='8080')
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == 'dovecote: There is no setting DOVECOTE_PROT. Did you mean DOVECOTE_PORT?\n'


def test_a_port_in_use_is_named_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(('127.0.0.1', 0)) as other:
        port = other.getsockname()[1]
        done = dovecote('run', '--port', str(port), '--state', tmp_path / 'state')
    assert done.returncode == 2
    assert done.stderr == f'dovecote: Port {port} is in use by another program; choose another with --port.\n'
    assert not (tmp_path / 'state').exists()


def test_people_are_added_listed_and_given_new_passwords(tmp_path: Path) -> None:
    state = ('--state', tmp_path)
    added = dovecote('user', 'add', 'Anna@Example.org', '--role', 'owner', '--password-stdin', *state, given=PASSWORD)
    assert (added.returncode, added.stdout) == (0, 'anna@example.org may now sign in as owner.\n')
    again = dovecote('user', 'add', 'anna@example.org', '--role', 'owner', '--password-stdin', *state, given=PASSWORD)
    assert (again.returncode, again.stdout) == (1, '')
    assert dovecote('user', 'list', *state).stdout == 'anna@example.org\towner\tactive\n'
    changed = dovecote('user', 'password', 'anna@example.org', '--password-stdin', *state, given='another horse\n')
    assert changed.returncode == 0
    assert dovecote('user', 'password', 'nobody@example.org', '--password-stdin', *state, given='x').returncode == 1


def test_a_bad_password_adds_nobody(tmp_path: Path) -> None:
    add = ('user', 'add', 'anna@example.org', '--role', 'agent', '--state', tmp_path)
    short = dovecote(*add, '--password-stdin', given='short\n')
    assert (short.returncode, short.stderr) == (2, 'dovecote: A password has 10 to 512 characters.\n')
    unasked = dovecote(*add)
    assert unasked.returncode == 2
    assert '--password-stdin' in unasked.stderr
    assert dovecote('user', 'list', '--state', tmp_path).stdout == ''


def test_a_key_is_printed_alone(tmp_path: Path) -> None:
    done = dovecote('key', 'add', 'ci', '--role', 'agent', '--state', tmp_path)
    assert (done.returncode, done.stderr) == (0, '')
    assert re.fullmatch(r'dvc_[0-9a-f]+_[0-9a-f]+\n', done.stdout)


def test_a_key_for_an_unknown_session_is_refused(tmp_path: Path) -> None:
    done = dovecote('key', 'add', 'ci', '--role', 'agent', '--session', 'shop', '--state', tmp_path)
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == "dovecote: There is no session 'shop'.\n"


def test_the_sandbox_runs_alone_and_ends_in_order(tmp_path: Path) -> None:
    command = [sys.executable, '-m', 'ui', 'sandbox', '--state', str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=clean_env(), cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            said = ''.join(process.stdout.readline() for _ in range(4))
            assert re.search(r'^server: +ws://127\.0\.0\.1:\d+/$', said, re.M)
            assert re.search(r'^control: +http://127\.0\.0\.1:\d+/$', said, re.M)
            second = dovecote('migrate', '--state', tmp_path)
            assert (second.returncode, 'in use by another running instance' in second.stderr) == (2, True)
            process.terminate()
            assert process.wait(30) == 0
        finally:
            process.kill()


def test_migrate_makes_and_keeps_the_database(tmp_path: Path) -> None:
    assert dovecote('migrate', '--state', tmp_path).returncode == 0
    assert dovecote('migrate', '--state', tmp_path).returncode == 0
    assert (tmp_path / 'dovecote.db').exists()
