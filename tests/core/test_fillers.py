"""The processes that fill costly templates: who may see what, and who goes on when one of them is gone."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.errors import DovecoteError, NoFiller, Unfillable
from core.fill import close, fill

ROOT = Path(__file__).parents[2]
COSTLY = '{% for x in l %}{{ x }},{% endfor %}'
ENDLESS = '{% for a in range(1000) %}' * 3 + '{% endfor %}' * 3

pytestmark = pytest.mark.skipif(sys.platform != 'linux', reason='it looks into /proc')


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    close()
    yield
    close()


def test_nothing_is_started_for_what_is_harmless() -> None:
    assert fill('{{ l }}', {'l': [1]}) == '[1]'
    assert fillers() == []
    assert fill(COSTLY, {'l': [1]}) == '1,'
    assert len(fillers()) == 1


def test_big_values_go_there_and_back() -> None:
    word = 'ß\U0001f600\ud83d' * 20_000
    assert fill('{{ word | length }}', {'word': word}) == '60000'
    assert fill('{% for x in l %}{{ x }}{% endfor %}', {'l': [word], 'unused': object()}) == word
    with pytest.raises(Unfillable, match='longer than 65536'):
        fill('{% for x in l %}{{ x }}{% endfor %}', {'l': [word, word]})
    with pytest.raises(Unfillable, match='longer than 1048576'):
        fill(COSTLY, {'l': ['x' * 2**20]})


def test_one_that_is_killed_is_replaced() -> None:
    assert fill(COSTLY, {'l': [1]}) == '1,'
    (pid,) = fillers()
    os.kill(pid, signal.SIGKILL)
    assert fill(COSTLY, {'l': [2]}) == '2,'
    assert fillers() != [pid]


def test_one_that_is_killed_at_work_is_replaced() -> None:
    fill(COSTLY, {'l': []})
    (pid,) = fillers()
    killer = threading.Timer(0.3, os.kill, (pid, signal.SIGKILL))
    killer.start()
    with pytest.raises(Unfillable, match='longer than 1 second'):  # by the next one, which works on
        fill(ENDLESS + '{# killed #}', {})
    killer.join()
    assert fill(COSTLY, {'l': [1]}) == '1,'
    assert pid not in fillers()


def test_one_that_hangs_is_replaced() -> None:
    fill(COSTLY, {'l': []})
    (pid,) = fillers()
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(Unfillable, match='longer than 1 second'):
        fill('{% for x in l %}{{ x }}{% endfor %}{# stopped #}', {'l': ['x' * 200_000]})
    assert fill(COSTLY, {'l': [1]}) == '1,'
    assert pid not in fillers()


def test_many_threads_at_once() -> None:
    wrong: list[str] = []

    def work(number: int) -> None:
        for turn in range(40):
            try:
                filled = fill(COSTLY, {'l': [number, turn]})
            except DovecoteError as error:
                filled = str(error)
            if filled != f'{number},{turn},':
                wrong.append(filled)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert 1 <= len(fillers()) <= 2


def test_others_are_filled_while_one_takes_all_its_time() -> None:
    assert eventually(_both_are_there)
    slow = threading.Thread(target=_outcome, args=(ENDLESS + '{# beside #}', []))
    slow.start()
    count = 0
    while slow.is_alive():
        assert fill(COSTLY, {'l': [count]}) == f'{count},'
        count += 1
    assert count >= 3


def test_closing_ends_them_all_even_at_work() -> None:
    fill(COSTLY, {'l': []})
    (pid,) = fillers()
    said: list[object] = []
    before = _ticks(pid)
    slow = threading.Thread(target=_outcome, args=(ENDLESS + '{# closed #}', said))
    slow.start()
    assert eventually(lambda: _ticks(pid) > before + 2)
    close()
    slow.join()
    assert [type(error) for error in said] == [NoFiller]
    assert fillers() == []
    assert fill(COSTLY, {'l': [1]}) == '1,'


@pytest.mark.parametrize('busy', [True, False])
def test_they_end_with_the_program_even_when_it_is_killed(busy: bool) -> None:
    code = f'from core.fill import fill; print(fill({COSTLY!r}, {{"l": [1]}}), flush=True); '
    code += f'fill({ENDLESS!r}, {{}})' if busy else 'input()'
    with subprocess.Popen(
        [sys.executable, '-c', code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        stderr=subprocess.DEVNULL,
    ) as program:  # fmt: skip
        assert program.stdout is not None
        assert program.stdout.readline() == '1,\n'
        (pid,) = fillers(program.pid)
        before = _ticks(pid)
        assert eventually(lambda: not busy or _ticks(pid) > before + 2)
        program.kill()
        program.wait()
    assert eventually(lambda: _state(pid) in ('', 'Z'))


def test_they_have_neither_our_settings_nor_our_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('DOVECOTE_SECRET_KEY', 'very secret')
    fill(COSTLY, {'l': []})
    (pid,) = fillers()
    process = Path(f'/proc/{pid}')
    environment = process.joinpath('environ').read_bytes()
    assert b'very secret' not in environment
    assert b'DOVECOTE' not in environment
    open_files = {each.name: os.readlink(each) for each in process.joinpath('fd').iterdir()}
    assert sorted(open_files) == ['0', '1', '2']
    assert open_files['0'].startswith('pipe:')
    assert open_files['1'].startswith('pipe:')
    assert open_files['2'] == os.devnull
    limits = process.joinpath('limits').read_text('ascii')
    assert f'Max address space         {256 * 2**20}' in limits
    assert 'Max file size             0 ' in limits


def test_they_load_little() -> None:
    code = 'import sys, core.filling.child; print(*sys.modules)'
    done = subprocess.run([sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True, check=True)
    heavy = {'neonize', 'nicegui', 'peewee', 'huey', 'httpx', 'fastapi', 'pydantic', 'asyncio'}
    assert not heavy.intersection(done.stdout.split())


@pytest.mark.parametrize('how', ['no program', 'no library'])
def test_without_them_nothing_costly_is_filled(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if how == 'no program':
        monkeypatch.setattr(sys, 'executable', '/nowhere/python')
    else:
        monkeypatch.setenv('PYTHONHOME', '/nowhere')
    with pytest.raises(NoFiller, match='cannot be started') as caught:
        fill(COSTLY, {'l': [1]})
    assert caught.value.retry
    assert fill('{{ l }}', {'l': [1]}) == '[1]'
    monkeypatch.undo()
    assert fill(COSTLY, {'l': [1]}) == '1,'


def fillers(parent: int = 0) -> list[int]:
    found = []
    for process in Path('/proc').iterdir():
        if process.name.isdigit():
            try:
                command = process.joinpath('cmdline').read_bytes()
                ours = int(_stat(int(process.name))[1]) == (parent or os.getpid())
            except (OSError, IndexError):
                continue
            if ours and b'core.filling.child' in command:
                found.append(int(process.name))
    return found


def eventually(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + 10
    while not (found := true()) and time.monotonic() < end:
        time.sleep(0.01)
    return found


def _both_are_there() -> bool:
    threads = [threading.Thread(target=_outcome, args=('{% for i in range(999) %}{% endfor %}' * 20, [])) for _ in 'ab']
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(fillers()) == 2


def _outcome(source: str, said: list[object]) -> None:
    try:
        said.append(fill(source, {}))
    except DovecoteError as error:
        said.append(error)


def _ticks(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[11]) + int(fields[12]) if fields else 0


def _state(pid: int) -> str:
    fields = _stat(pid)
    return fields[0] if fields else ''


def _stat(pid: int) -> list[str]:
    try:
        return Path(f'/proc/{pid}/stat').read_text('ascii').rpartition(')')[2].split()
    except OSError:
        return []
