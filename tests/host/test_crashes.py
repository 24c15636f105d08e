"""Processes that die: the host, the main process, both ends of the pipe."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from core.errors import NotConnected, SendUncertain
from core.events import Connected, Disconnected
from core.sandbox.process import Sandbox
from tests.host.stage import ANNA, Stage, eventually

pytestmark = pytest.mark.usefixtures('unscanned')  # whose twenty seconds pass meanwhile


def test_a_host_killed_among_200_sends_loses_and_doubles_nothing(stage: Stage) -> None:
    texts = [f'parcel {number}' for number in range(200)]
    waiting = [(text, stage.send(text)) for text in texts]
    eventually(lambda: sum(each.done() for _, each in waiting) >= 60)
    since = stage.mark()
    os.kill(stage.hosts.hosts()[0].pid, signal.SIGKILL)
    uncertain = []
    for text, future in waiting:
        try:
            future.result(20)
        except NotConnected:
            stage.send_surely(text)
        except SendUncertain:
            uncertain.append(text)
    assert len(uncertain) <= 1
    assert stage.until(Disconnected, 'shop', since)
    assert stage.until(Connected, 'shop', since)
    eventually(lambda: set(texts) - set(uncertain) <= set(stage.inbox()))
    arrived = Counter(text for text in stage.inbox() if text.startswith('parcel '))
    assert set(arrived.values()) == {1}
    assert stage.hosts.hosts()[0].crashes == 1


def test_a_host_that_hangs_is_not_waited_for(stage: Stage) -> None:
    """Calls return at once; what was not begun is certain, when the host is ended."""
    pid = stage.hosts.hosts()[0].pid
    os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    waiting = [stage.send(f'to nobody {number}') for number in range(20)]
    stage.hosts.open('shop')
    assert time.monotonic() - began < 5
    since = stage.mark()
    stage.hosts.restart_host(stage.hosts.hosts()[0].id)
    assert all(isinstance(each.exception(10), NotConnected) for each in waiting)
    stage.until(Connected, 'shop', since)


def test_storms_of_opening_and_closing_do_not_bring_go_down(sandbox: Sandbox, tmp_path: Path) -> None:
    stage = Stage(sandbox, tmp_path / 'sessions')
    names = [f'storm{number}' for number in range(6)]
    for number, name in enumerate(names):
        stage.linked(name, f'1555000300{number}')
    pid = stage.hosts.hosts()[0].pid
    end = time.monotonic() + 3

    def storm(seed: int) -> None:
        dice = random.Random(seed)
        while time.monotonic() < end:
            name = dice.choice(names)
            dice.choice((stage.hosts.open, stage.hosts.close, stage.hosts.reconnect))(name)
            stage.send('storm', session=dice.choice(names))
            time.sleep(dice.random() * 0.03)

    threads = [threading.Thread(target=storm, args=(seed,)) for seed in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    since = stage.mark()
    for name in names:
        stage.hosts.reconnect(name)
    for name in names:
        stage.until(Connected, name, since)
    assert [(each.pid, each.crashes) for each in stage.hosts.hosts()] == [(pid, 0)]
    stage.hosts.stop()


def test_a_stop_lets_the_sends_in_flight_finish(sandbox: Sandbox, tmp_path: Path) -> None:
    stage = Stage(sandbox, tmp_path / 'sessions')
    stage.linked('ender', '15550003100')
    waiting = [stage.send(f'last words {number}', session='ender') for number in range(50)]
    began = time.monotonic()
    pid = stage.hosts.hosts()[0].pid
    stage.hosts.stop()
    assert time.monotonic() - began < 6
    outcomes = Counter(type(each.exception(1)) for each in waiting)
    assert set(outcomes) <= {type(None), NotConnected}
    eventually(lambda: sum('last words' in text for text in stage.inbox()) == outcomes[type(None)])
    assert not Path(f'/proc/{pid}').exists()


def test_a_dead_main_process_ends_its_host_which_leaves_what_was_not_stored(sandbox: Sandbox, tmp_path: Path) -> None:
    folder = tmp_path / 'sessions'
    stage = Stage(sandbox, folder)
    stage.linked('heir', '15550003200')
    eventually(lambda: any(each.push_name for each in stage.of(Connected, 'heir')))  # nothing comes by itself any more
    stage.hosts.stop()
    host, port = sandbox.address
    arguments = [str(folder), str(sandbox.library), host, str(port), 'heir']
    with subprocess.Popen(
        [sys.executable, '-m', 'tests.host.orphan', *arguments], stdout=subprocess.PIPE, text=True
    ) as main:
        assert main.stdout is not None
        pid = int(main.stdout.readline())
        assert main.stdout.readline() == 'connected\n'
        for number in range(5):
            sandbox.say(ANNA, '15550003200', f'legacy {number}')
        assert [main.stdout.readline() for _ in range(5)] == ['heard\n'] * 5
        main.kill()
    eventually(lambda: not _alive(pid), timeout=10)
    assert (folder / 'heir.spool').stat().st_mode & 0o777 == 0o600
    stage = Stage(sandbox, folder)
    stage.hosts.open('heir')
    for number in range(5):
        stage.heard(f'legacy {number}')
    eventually(lambda: not (folder / 'heir.spool').exists())
    stage.until(Connected, 'heir')
    stage.hosts.stop()


def test_a_host_that_cannot_write_what_was_not_stored_says_so_and_ends(
    sandbox: Sandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage(sandbox, tmp_path / 'sessions', stores=False)
    stage.linked('widow', '15550003300')
    sandbox.say(ANNA, '15550003300', 'nobody keeps this')
    stage.heard('nobody keeps this')
    (tmp_path / 'sessions' / 'widow.spool').mkdir()  # a file system that takes nothing
    pid = stage.hosts.hosts()[0].pid
    stage.hosts.stop(timeout=4)
    eventually(lambda: not _alive(pid))
    assert '1 events of widow could not be kept' in caplog.text
    assert f'host {pid} ended with' not in caplog.text


def _alive(pid: int) -> bool:
    """A host whose parent is gone may stay as a zombie where nobody reaps."""
    try:
        return Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0] != 'Z'
    except FileNotFoundError:
        return False
