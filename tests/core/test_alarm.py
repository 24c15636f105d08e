"""What is to happen later happens in its order, and one that fails keeps nobody from waking."""

import threading
from collections.abc import Iterator

import pytest

from core.alarm import Alarm
from core.world import real_world


@pytest.fixture
def alarm() -> Iterator[Alarm]:
    world = real_world()
    made = Alarm(world)
    yield made
    made.stop()
    world.http.close()


def test_what_was_asked_for_last_may_come_first(alarm: Alarm) -> None:
    told: list[str] = []
    over = threading.Event()
    alarm.after(0.3, over.set)
    alarm.after(0.2, lambda: told.append('second'))
    alarm.after(0.1, lambda: told.append('first'))
    alarm.after(3_600, lambda: told.append('never'))
    assert over.wait(20)
    assert told == ['first', 'second']


def test_one_that_fails_is_logged_and_the_next_comes(alarm: Alarm, caplog: pytest.LogCaptureFixture) -> None:
    over = threading.Event()

    def fail() -> None:
        raise ValueError('no')

    alarm.after(0.0, fail)
    alarm.after(0.01, over.set)
    assert over.wait(20)
    assert 'what was to happen now failed' in caplog.text


def test_after_its_end_nothing_happens(alarm: Alarm) -> None:
    told: list[str] = []
    alarm.stop()
    alarm.after(0.0, lambda: told.append('too late'))
    alarm.thread.join(20)
    assert not alarm.thread.is_alive()
    assert told == []
