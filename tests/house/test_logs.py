"""What the log shows and what it never shows."""

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from io import StringIO

import pytest

from core.logs import UNMASKED, masked, start_logging

from .commands import ROOT

log = logging.getLogger('core.sessions')


@pytest.fixture
def out() -> Iterator[StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    hooks = sys.excepthook, threading.excepthook
    stream = StringIO()
    start_logging('text', 'info', stream=stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(False)
    sys.excepthook, threading.excepthook = hooks


def test_a_fact_is_one_line_in_utc(out: StringIO) -> None:
    log.info('session %s is working', 'shop')
    assert out.getvalue().endswith('Z INFO core.sessions: session shop is working\n')


def test_a_name_cannot_forge_a_line(out: StringIO) -> None:
    log.info('session %s', 'shop\n2026-01-01T00:00:00Z INFO core.people: owner signed in\x1b[2J')
    assert out.getvalue().count('\n') == 1
    assert '\x1b' not in out.getvalue()


def test_a_traceback_is_indented_below_its_line_and_masked(out: StringIO) -> None:
    try:
        raise ValueError('password=hunter2')
    except ValueError:
        log.exception('could not open %s', 'shop')
    first, *rest = out.getvalue().splitlines()
    assert first.endswith('ERROR core.sessions: could not open shop')
    assert all(line.startswith('    ') for line in rest)
    assert 'hunter2' not in out.getvalue()


@pytest.mark.parametrize(
    'text',
    [
        'key dvc_ab12cd34_SECRET-secret refused',
        'Authorization: Bearer SECRET',
        'X-Api-Key: SECRET',
        "{'password': 'SECRET', 'email': 'a'}",
        '"client_secret": "SECRET"',
        'cookie: login=SECRET; other=SECRET',
        'https://example.org/?token=SECRET&x=1',
        'postgresql://me:SECRET@db/x',
        'whsec_SECRETSECRET',
        'sk-SECRETSECRET',
        'DOVECOTE_SECRET_KEY=SECRET',
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str) -> None:
    assert 'SECRET' not in masked(text).replace('SECRET_KEY', '')
    assert '***' in masked(text)


def test_plain_facts_are_left_as_they_are() -> None:
    fact = (
        'session shop: linked to +15550000001 at 2026-11-22T19:50:00Z, 3 tokens left, key ci made by anna@example.org'
    )
    assert masked(fact) == fact


def test_the_one_secret_a_person_must_see_is_shown_on_demand(out: StringIO) -> None:
    log.warning('open http://127.0.0.1:8080/setup?token=%s', 'abc', extra=UNMASKED)
    assert 'token=abc' in out.getvalue()


def test_requests_are_logged_at_debug_only_and_without_their_query() -> None:
    lines = run_and_log('debug') + run_and_log('info')
    access = [line for line in lines if 'uvicorn.access' in line]
    assert len(access) == 1
    assert '"GET /socket.io/ HTTP/1.1" 200' in access[0]
    assert not any('client' in line for line in lines)


def test_what_other_libraries_whisper_stays_unheard_even_at_debug() -> None:
    assert not any('hello Anna' in line for line in run_and_log('debug'))


def test_json_lines_are_one_object_each_and_no_thread_dies_unheard() -> None:
    facts = [json.loads(line) for line in run_and_log('info', 'json')]
    assert {'at', 'level', 'logger', 'message'} <= facts[0].keys()
    died = [fact for fact in facts if 'trace' in fact]
    assert [fact['message'] for fact in died] == ['worker ended by an unexpected error']


def run_and_log(level: str, form: str = 'text') -> list[str]:
    """The lines of a process of its own, so that its loggers are not ours."""
    program = f"""
import logging, threading
from core.logs import start_logging
start_logging({form!r}, {level!r})
logging.getLogger('uvicorn.access').info(
    '%s - "%s %s HTTP/%s" %d', '127.0.0.1:1', 'GET', '/socket.io/?client_id=abc&x=1', '1.1', 200)
logging.getLogger('uvicorn.error').info('"WebSocket /socket.io/?client_id=abc" [accepted]')
logging.getLogger('peewee').debug('INSERT %s', ['hello Anna'])
thread = threading.Thread(target=lambda: 1 / 0, name='worker')
thread.start()
thread.join()
"""
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, cwd=ROOT, check=True)
    return done.stderr.splitlines()
