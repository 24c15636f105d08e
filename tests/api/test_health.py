"""Whether the program is alive, and whether it can serve, told to whoever watches it."""

import threading

from data.database import close_database, open_database, write_soon

from .conftest import Door, until
from .test_bad_input import problem


def test_a_disk_that_stalls_is_not_ready_and_everything_goes_on_afterwards(door: Door) -> None:
    gate = threading.Event()
    stalled = write_soon(lambda: gate.wait(30))
    try:
        problem(door.api.get(f'{door.url}/ready'), 503, 'not_ready')
        assert door.api.get(f'{door.url}/health').status_code == 200
    finally:
        gate.set()
    assert stalled.result(10)
    until(lambda: door.api.get(f'{door.url}/ready').status_code == 200)
    assert door.sends('after the stall').status_code == 202


def test_a_program_that_can_never_write_again_is_not_healthy(door: Door) -> None:
    def fatal() -> None:
        raise SystemExit

    try:
        assert write_soon(fatal).exception(10)
        problem(door.api.get(f'{door.url}/health'), 503, 'not_healthy')
        problem(door.sends('nowhere to keep it'), 507, 'storage_failed')
    finally:
        close_database()
        open_database(door.gateway.state.db)
    assert door.api.get(f'{door.url}/health').status_code == 200
    assert door.sends('kept again').status_code == 202
